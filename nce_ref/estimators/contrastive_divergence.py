r"""Contrastive divergence, CD-k (Hinton 2002), with Hamiltonian Monte Carlo started at the data (P10 section 3.1).

    D_t = mean_x g(x; alpha_t) - mean_x g(x'; alpha_t),     x' = x after k transitions of HMC for p_m(.; alpha_t),
    g = d ln p_m/d alpha
    alpha_{t+1} = alpha_t + learning_rate (K + 0.3 F)^{-1} D_t,       K = Cov(g(x) - g(x'))/2,  F = Cov(g(x))

K is minus the derivative of E D at the truth (``objectives/contrastive_divergence.py``); F, the larger, damps Newton's
step where the chains hardly move. Both are estimated anew at steps 0, 5, 10, 20, 40 ... Nothing is maximised.

**Average (Polyak).** Each D_t carries the noise of its chains, so alpha_t goes on moving at a fixed learning rate. The
estimate is the mean of alpha over the second half of the steps so far, a window of m.

**When to stop.** Both, in units of the size that |K^{-1/2} D| has at the truth by the sampling of data and chains,
sqrt(2 n_alpha/n_data):
(a) |K^{-1/2} mean D| over the window <= tolerance: it has stopped going anywhere (the sum of D over it is the way it
    has gone);
(b) the chains' share of that mean's error, sqrt(tr(K^{-1} Cov D)/m), <= tolerance. With the default 0.1 the chains add
    about 1 % to the squared error that the data cause.

**Step size.** Adapted after each step towards ``target_acceptance``, by all chains together, hence from the past only:
each transition is still in detailed balance. Below 5 % acceptance the proposals are refused, x' = x and D = 0 whatever
alpha is: "acceptance collapsed".

Conventions
-----------
x       (n_data, n_dim)   one chain a data point, started afresh at it for each D
theta   (n_params,)   c = -ln Z(alpha) put in afterwards where the model knows it, else the start's c: CD does not see c
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_count, as_generator, as_positive, as_vector
from nce_ref.estimators.fit import Fit, StartResult, normalized_or
from nce_ref.estimators.units import Units, units_for
from nce_ref.estimators.watched import INTERRUPTED
from nce_ref.hmc import adapt_step_size
from nce_ref.models.base import Model
from nce_ref.models.from_functions import as_model
from nce_ref.models.layers import ScoredModel
from nce_ref.objectives.contrastive_divergence import ContrastiveDivergence
from nce_ref.optimize.polyak import SecondHalf
from nce_ref.optimize.smoothing import positive_definite
from nce_ref.trace import Callback

LOWEST_ACCEPTANCE = 0.05
_CHECK_EVERY = 10
# With 0 or 0.1 one or two of 140 random starts (Laplace ICA, n = 3 and 4) were led to a nearly singular B; with 0.3
# none.
_DAMPING = 0.3


@dataclass(frozen=True, eq=False)
class ContrastiveDivergenceFit(Fit):
    """A ``Fit`` by contrastive divergence that proves nothing: ``is_local_maximum`` is False always.

    Attributes
    ----------
    converged : bool
        The stopping rule was met, with enough proposals accepted: status "settled". Others: "step limit", "degenerate",
        "diverged", "acceptance collapsed", "infinite mass". Settled is a root of the mean D, not the best one: of 500
        random starts up to four settled near a singular B, at too low an ``objective``: compare two starts.
    objective : float
        Mean ln p_m(x; theta): the mean log-likelihood where the model knows ln Z, else with the start's c in it.
    stationarity : float
        |mean D| over the window, in the coordinates of alpha.
    drift, chain_noise : float
        (a) and (b) of the stopping rule, in its units.
    step_size, acceptance : float
        Of HMC: the last one, and the mean over the window.
    n_steps : int
    last_alpha : (n_params - 1,)
        The last iterate, not averaged.
    """

    drift: float
    chain_noise: float
    step_size: float
    acceptance: float
    n_steps: int
    last_alpha: Float = field(repr=False)


def fit_contrastive_divergence(
    model: ScoredModel,
    x: ArrayLike,
    *,
    rng: np.random.Generator,
    start: ArrayLike | None = None,
    n_transitions: int = 1,
    n_leapfrog: int = 3,
    step_size: float = 0.5,
    target_acceptance: float = 0.9,
    scale: ArrayLike | None = None,
    jitter: float = 0.2,
    learning_rate: float = 0.5,
    tolerance: float = 0.1,
    min_steps: int = 40,
    max_steps: int = 3000,
    callback: Callback | None = None,
) -> ContrastiveDivergenceFit:
    """Fit a model by contrastive divergence with Hamiltonian Monte Carlo, which needs scores and no ln Z.

    Parameters
    ----------
    model : Model
        With ``score``.
    x : (n_data, n_dim)
    rng : numpy.random.Generator
    start : (n_params,), optional
        Its c is ignored; ``model.random_start(rng)`` by default.
    n_transitions : int, optional
        The k of CD-k.
    n_leapfrog : int, optional
        Leapfrog steps of each transition.
    step_size : float above 0, optional
        In z, where the search for the target begins.
    target_acceptance : float between 0 and 1, optional
    scale : (n_dim, n_dim), invertible, optional
        HMC takes its steps in z, u = scale z; the identity by default. The Cholesky factor of the data's covariance
        makes the method independent of the units of x, and better where these are far apart. Data whose units are not
        within 32 of their size are moved in units in which they are (``estimators/units.py``), ``scale`` with them
        where it is given.
    jitter : float, optional
        Spreads the step size over the chains.
    learning_rate : float in (0, 1], optional
    tolerance : float above 0, optional
    min_steps, max_steps : int, optional
    callback : callable, optional
        Gets the average over the second half so far, after each step.

    Returns
    -------
    ContrastiveDivergenceFit
        A chain or alpha that leaves the finite numbers: status "diverged", and the theta before. Ctrl-C: the average so
        far, "interrupted".

    Raises
    ------
    ValueError
        For bad data, an option out of range, a start at which ln p_m is not finite.

    Notes
    -----
    Source: Hinton (2002); P10, section 3.1, which states neither step size, acceptance nor learning rate: these are
    choices. To see whether a fit had steps enough, repeat it with ``min_steps=2 * fit.n_steps``.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((1000, 1))
    >>> fit = nr.fit_contrastive_divergence(nr.Gaussian(1), x, rng=rng, start=[2.0, 0.0])
    >>> fit.status, bool(abs(fit.theta[0] - 1.0) < 0.2)
    ('settled', True)
    """
    rng = as_generator("rng", rng)
    model = as_model(model, "fit_contrastive_divergence", ("score",))
    given = ContrastiveDivergence(
        model, x, n_transitions, n_leapfrog, np.eye(model.n_dim) if scale is None else scale, jitter
    )
    # In the data's own units throughout; only what is returned is in those of x.
    units = units_for(model, given.x)
    problem = (
        given.in_units(units.inverse, scale is not None) if units.inverse is not None else given
    )
    if start is None:
        begin = as_vector("start", model.random_start(rng), model.n_params)
    else:
        begin = units.into(as_vector("start", start, model.n_params))
    step_size, rate = (
        as_positive("step_size", step_size),
        as_positive("learning_rate", learning_rate),
    )
    tolerance, target = (
        as_positive("tolerance", tolerance),
        as_positive("target_acceptance", target_acceptance),
    )
    if rate > 1.0:
        raise ValueError(
            f"learning_rate: got {rate}; expected at most 1, the whole of Newton's step: from 2 on nothing settles"
        )
    if target >= 1.0:
        raise ValueError(f"target_acceptance: got {target}; expected a number between 0 and 1")
    min_steps, max_steps = as_count("min_steps", min_steps), as_count("max_steps", max_steps)

    unit = math.sqrt(2.0 * problem.n_params / problem.n_data)
    alpha, run, accepted = begin[:-1].copy(), SecondHalf(begin[:-1]), []
    step_size = problem.first_step_size(alpha, step_size, target, rng)
    metric = damped = np.eye(problem.n_params)
    degenerate = True
    status, message = (
        "step limit",
        f"{max_steps} steps did not settle; raise max_steps, or the tolerance",
    )
    for t in range(max_steps):
        try:
            if (
                t % 5 == 0 and (t // 5) & (t // 5 - 1) == 0
            ):  # 0, 5, 10, 20, 40 ...: it changes little once alpha does
                raw, information = problem.metrics(alpha, step_size, rng)
                metric = positive_definite(raw)
                # K alone would take whole steps where the chains hardly move, on little evidence: far away they lead
                # astray.
                damped = metric + _DAMPING * information
                # Where it had to be mended the chains do not move in some direction, and D says nothing about alpha
                # there.
                degenerate = not np.allclose(
                    metric, raw, rtol=0.0, atol=1e-9 * float(np.abs(raw).max())
                )
            direction, acceptance = problem.direction(alpha, step_size, rng)
        except KeyboardInterrupt:
            if t == 0:  # there is nothing to lose yet
                raise
            status, message = (
                INTERRUPTED,
                f"stopped by hand after {t} steps; go on with start=fit.theta",
            )
            break
        except (
            ValueError
        ) as error:  # the first step's is the start's fault; later ones are a divergence
            if t == 0:
                raise
            status, message = (
                "diverged",
                f"step {t}: {error}; lower the learning rate, or scale the data to unit variance",
            )
            break
        with np.errstate(over="ignore", invalid="ignore"):
            way = rate * np.linalg.solve(damped, direction)
            # Far away D says where to go and not how far: at most half of alpha's size plus 1/2, as in
            # optimize/smoothing.py.
            way *= min(
                1.0,
                0.5
                * (1.0 + float(np.linalg.norm(alpha)))
                / max(float(np.linalg.norm(way)), 1e-300),
            )
        if not np.isfinite(alpha + way).all():
            status, message = (
                "diverged",
                f"step {t} leaves the finite numbers; lower the learning rate, or scale the data to unit variance",
            )
            break
        alpha = alpha + way
        run.add(alpha, direction)
        accepted.append(acceptance)
        step_size = adapt_step_size(step_size, acceptance, target)
        if callback is not None:
            callback(_complete(units, run.average(), begin[-1]))
        if len(run) >= min_steps and len(run) % _CHECK_EVERY == 0:
            drift, noise = run.drift_and_noise(metric, unit)
            if drift <= tolerance and noise <= tolerance and not degenerate:
                # K may have changed since it was last estimated: settled is what is settled by K at the average, too.
                metric = positive_definite(problem.metrics(run.average(), step_size, rng)[0])
                drift, noise = run.drift_and_noise(metric, unit)
            if drift <= tolerance and noise <= tolerance and not degenerate:
                status, message = (
                    "settled",
                    f"drift {drift:.3g}, chain noise {noise:.3g}: within {tolerance:g} of the sampling error",
                )
                break
    window = accepted[len(accepted) // 2 :]
    acceptance = float(np.mean(window)) if window else 0.0
    if status not in ("diverged", INTERRUPTED) and acceptance < LOWEST_ACCEPTANCE:
        status = "acceptance collapsed"
        found = (
            f"{acceptance:.3g} of the proposals were accepted, at a step size of {step_size:.3g}"
        )
        message = f"{found}; lower the target, scale the data, or begin elsewhere"
    elif status == "step limit" and degenerate:
        status = "degenerate"
        where = (
            f"in some direction of alpha the chains do not move, at a step size of {step_size:.3g}"
        )
        message = (
            f"{where}; are the data in a hyperplane, is a scale= needed, or was step_size far too"
            " small to begin with?"
        )
    theta = _complete(units, run.average(), begin[-1])
    if status == "settled" and not _normalizable(model, theta):
        status, message = (
            "infinite mass",
            "settled where the normalising constant is infinite, so there is no c; try other starts",
        )
    drift, noise = run.drift_and_noise(metric, unit)
    value, stationarity = (
        float(model.log_density(theta, given.x).mean()),
        float(np.linalg.norm(run.mean_direction())),
    )
    return ContrastiveDivergenceFit(
        theta=theta,
        objective=value,
        stationarity=stationarity,
        is_local_maximum=False,
        converged=status == "settled",
        status=status,
        message=message,
        n_evaluations=len(run),
        starts=(StartResult(theta, value, stationarity, False, len(run), status, message),),
        problem=given,  # type: ignore[arg-type]  # no objective: see the class
        drift=drift,
        chain_noise=noise,
        step_size=step_size,
        acceptance=acceptance,
        n_steps=len(run),
        last_alpha=units.back(alpha),
    )


def _complete(units: Units, alpha: Float, c: float) -> Float:
    """theta in the units of x, with c = -ln Z where the model knows it."""
    theta = units.back(np.append(alpha, c))
    try:
        return normalized_or(units.model, theta[:-1], float(theta[-1]))
    except NotImplementedError:
        return theta


def _normalizable(model: Model, theta: Float) -> bool:
    try:
        return math.isfinite(model.log_normalizer(theta))
    except NotImplementedError:
        return True
