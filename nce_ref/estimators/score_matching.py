"""Score matching (Hyvarinen 2005): alpha maximises ``objectives/score_matching.py``; the normalising constant plays no
part in it.

Conventions
-----------
x       (n_data, n_dim)
theta   (n_params,)   alpha by score matching; c = -ln Z(alpha) in closed form, put in afterwards: score matching cannot estimate it
"""  # noqa: E501

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float
from nce_ref.estimators.fit import Fit, collect_starts, fit_from, normalized_or
from nce_ref.estimators.runaway import UNBOUNDED
from nce_ref.estimators.units import isotropic_units_for, offers_units, rank_of
from nce_ref.models.base import Model
from nce_ref.models.from_functions import FunctionModel, as_model
from nce_ref.objectives.base import ACTIVE, Objective
from nce_ref.objectives.score_matching import ScoreMatchingObjective
from nce_ref.optimize import Certificate, certify
from nce_ref.trace import Callback

# tanh(20) is 1 to the last bit.
_DOUBLINGS, _SATURATED = 10, 20.0
# As the certificate has it: a maximum known to be within less is called theta's own.
_NEAR = 1e-6


def fit_score_matching(
    model: Model,
    x: ArrayLike,
    *,
    slope: float = 10.0,
    start: ArrayLike | None = None,
    n_starts: int | None = None,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
    max_evaluations: int | None = None,
) -> Fit:
    """Fit a model by score matching, which needs no noise and no ln Z for alpha.

        J(alpha) = -(1/n_data) sum_x [1/2 |Psi|^2 + div Psi],   Psi = d ln p_m / d x

    Parameters
    ----------
    model : Model
        With ``score_matching``, the derivatives of its score, or with ``score`` alone: then they are differences
        (``models/score_by_differences.py``), and without ln Z c stays the start's, which score matching does not see.
    x : (n_data, n_dim)
    slope : float above 0, optional
        Of the tanh in the place of the sign, for models with kinks: the estimate is biased by it (at 10, towards 1.064
        B* for orthogonal rows), the less the larger it is, while its variance grows.
    start : (n_params,), optional
        Its c is ignored.
    n_starts : int, optional
        As many random starts instead, with ``rng``.
    rng : numpy.random.Generator, optional
    callback : callable, optional
        ``callback(theta)`` after each accepted step.
    max_evaluations : int, optional
        Of the objective, over all starts: then, as after Ctrl-C, the best so far, status "budget spent"
        ("interrupted").

    Returns
    -------
    Fit
        c is that of the model *without* smoothing. Status "infinite mass", not converged: a maximum whose ln Z is
        infinite (a singular B), its c set to 0. Status "unbounded": no maximum is proved where the climb ends, and J
        has no bound. For the Gaussian the end is the maximum by formula, S^{-1}, certified with its rounding
        (``models/gaussian_score_maximum.py``).

    Raises
    ------
    ValueError
        For bad data, a slope not above 0, bad starts.
    NotImplementedError
        Where the model offers no derivatives of its score or no closed normalising constant.

    Notes
    -----
    Source: Hyvarinen (JMLR 6, 2005); P10, section 3.1. J has no bound where data lie in a hyperplane, for Laplace ICA
    where more than 1/(1 + sqrt(2) slope) of them do (one point in 15 at slope 10: always for n_data < 15 (n - 1)),
    since a row b across it adds as much (``models/laplace_ica_score_bound.py``).

    Examples
    --------
    >>> import nce_ref as nr
    >>> fit = nr.fit_score_matching(nr.Gaussian(1), [[2.0], [-2.0]], start=[1.0, 0.0])
    >>> fit.status, fit.theta.round(4)  # for a Gaussian the same as maximum likelihood
    ('certified', array([ 0.25  , -1.6121]))
    """
    model = as_model(model, "fit_score_matching", (("score", "score_matching"),))
    objective = ScoreMatchingObjective(model, x, slope)
    units = isotropic_units_for(model, x)
    starts = collect_starts(units, start, n_starts, rng)
    fit = fit_from(
        objective,
        starts[:, :-1],
        complete=lambda alpha: _complete(model, alpha, float(units.back(starts[0])[-1])),
        callback=callback,
        units=units,
        max_evaluations=max_evaluations,
        judge=partial(_judge, whole=objective),
        closed=partial(_by_formula, objective),
    )
    if fit.converged and not _normalizable(model, fit.theta):
        message = "stationary, but its normalising constant is infinite, so there is no c; try other starts"
        fit = replace(fit, converged=False, status="infinite mass", message=message)
    return fit


def _complete(model: Model, alpha: Float, c: float) -> Float:
    """theta with c = -ln Z(alpha); for a model of one's own without ln Z with ``c``, the first start's."""
    if not isinstance(model, FunctionModel):
        return normalized_or(model, alpha, 0.0)
    try:
        return normalized_or(model, alpha, 0.0)
    except NotImplementedError:
        return np.append(alpha, c)


def _normalizable(model: Model, theta: Float) -> bool:
    try:
        return math.isfinite(model.log_normalizer(theta))
    except NotImplementedError:
        return True


def _by_formula(objective: ScoreMatchingObjective) -> tuple[Float, Certificate] | None:
    """The maximum and its certificate, where the model has a formula that rounding leaves within ``_NEAR`` of it."""
    formula = getattr(objective.model, "score_matching_maximum", None)
    found = formula(objective.x) if callable(formula) else None
    if found is None:
        return None
    distance = found.distance(found.alpha)
    if not distance <= _NEAR:
        return None
    slope = float(np.linalg.norm(objective(found.alpha)[1]))
    reason = "the maximum by formula"
    return found.alpha, Certificate(slope, True, np.empty(0), "certified", reason, distance)


def _judge(objective: Objective, alpha: Float, whole: ScoreMatchingObjective) -> Certificate:
    """``certify``; and where it refuses, whether J, ``whole`` in the data's units, has no bound.

    It has none where the data lie in a hyperplane, v.x = 0, and the family can be ever narrower along v with a score
    that has no part along v on the plane, as those with ``rescaled`` can (a row tau v of the ICA model, a precision
    block tau^2 v v^T): |Psi|^2 stays, div Psi falls like -tau^2. Nor where it rises at each doubling along the ray
    through alpha up to where each b.x is either 0 to rounding or beyond all smoothing: from there on J is a polynomial
    in the length of alpha.
    """
    proof = certify(objective, alpha)
    if proof.is_local_maximum and hasattr(whole.model, "score_matching_maximum"):
        # The Hessian as computed has lost what the formula could not be certain of.
        reason = (
            "the data lie in a hyperplane to rounding, or nearly so: the maximum is not known to"
            " 1e-6; choose axes in which they do not"
        )
        proof = replace(proof, is_local_maximum=False, status="not proved", reason=reason)
    if proof.is_local_maximum or not isinstance(objective, ScoreMatchingObjective):
        return proof
    if offers_units(objective.model) and rank_of(objective.x) < objective.model.n_dim:
        reason = "the data lie in a hyperplane through the origin: J rises for ever as the density narrows across it"
        return replace(proof, status=UNBOUNDED, reason=f"{reason}; draw more data")
    unbounded = getattr(objective.model, "score_matching_unbounded", None)
    if callable(unbounded):
        # A multiple of the identity, which is all that units are here, leaves rows of B their directions.
        reason = unbounded(np.append(alpha, 0.0), whole.x, whole.slope)
        if reason is not None:
            words = f"{reason}; draw more data, or lower the slope"
            return replace(proof, status=UNBOUNDED, reason=words)
    with np.errstate(over="ignore", invalid="ignore"):
        values = [objective(2.0**k * alpha)[0] for k in range(_DOUBLINGS + 1)]
    if not all(b >= 1.9 * a > 0.0 for a, b in pairwise(values)):
        return proof
    kinks = objective.model.evaluate(np.append(alpha, 0.0), objective.x).kinks()
    saturated = np.abs(kinks.arguments) * (2.0**_DOUBLINGS * objective.slope) >= _SATURATED
    met = kinks.within(ACTIVE) | (kinks.point_lengths == 0.0)
    decided = kinks.arguments.size > 0 and bool((saturated | met).all())
    if not decided:
        return proof
    reason = (
        f"J rises from {values[0]:.3g} at alpha to {values[-1]:.3g} at {2**_DOUBLINGS} alpha, and"
        " on: too many points in a hyperplane"
    )
    return replace(proof, status=UNBOUNDED, reason=f"{reason}; draw more data, or lower the slope")
