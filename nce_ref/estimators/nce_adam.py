r"""Noise-contrastive estimation by Adam: for networks, whose second derivatives nobody wants to hold.

The objective is that of ``objectives/nce.py``, in minibatches if wanted. A minibatch takes the same share of the data
and of the noise, keeps nu, and is scaled so that the mean over an epoch's batches, at one theta, is J itself.

**Fixed or redrawn noise.** Give ``y`` and the same noise sample serves in every epoch; a flexible model then learns
that very sample by heart, as it does the data. Give ``n_noise`` and every epoch draws as many afresh: noise costs
nothing, and only the data can be over-fitted. A test loss needs its own, fresh noise in either case.

Conventions
-----------
x, y      (n_data, n_dim), (n_noise, n_dim)   nu = n_noise/n_data
history   (epochs completed,)   J of the epoch's samples before each step, mean over the batches
held_out  (x, y), samples apart from the training's; their J is recorded after each epoch
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_count, as_generator, as_points, as_vector
from nce_ref.estimators.fit import Fit, StartResult
from nce_ref.models.base import Model
from nce_ref.noise import Noise
from nce_ref.objectives.nce import NCEObjective
from nce_ref.optimize.adam import Adam, AdamState, Batch, Indices, maximize_adam, minibatches


@dataclass(frozen=True, eq=False)
class AdamFit(Fit):
    """A ``Fit`` by Adam that proves nothing: ``is_local_maximum`` and ``converged`` are False, however long the run.

    Attributes
    ----------
    status, message : str
        "epochs done", "diverged" or "interrupted", and what to do.
    objective : float
        J at theta on ``problem``: the data with the noise of the last epoch.
    stationarity : float
        Norm of the gradient there.
    history : (n_epochs_completed,)
        J in training, see the module.
    held_out_history : (n_epochs_completed,)
        J on the held-out samples after each epoch; empty without them.
    best_theta, best_epoch
        theta after the epoch of the highest held-out J (theta and -1 without such samples). Chosen on them, so their J
        at it is flattered: report that of a third sample.
    state : AdamState
        Pass it back, with the same ``rng``, to go on as if the run had been longer.
    """

    history: Float = field(repr=False)
    held_out_history: Float = field(repr=False)
    best_theta: Float = field(repr=False)
    best_epoch: int
    state: AdamState = field(repr=False)


def fit_nce_adam(
    model: Model,
    noise: Noise,
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    n_noise: int | None = None,
    n_epochs: int,
    rng: np.random.Generator,
    learning_rate: float = 0.005,
    n_batches: int = 1,
    start: ArrayLike | None = None,
    state: AdamState | None = None,
    held_out: tuple[ArrayLike, ArrayLike] | None = None,
) -> AdamFit:
    """Fit a model by NCE with Adam, in epochs and minibatches, as networks are trained.

    Parameters
    ----------
    model : Model
        Any with gradients will do; for one with second derivatives ``fit_nce`` is far better, and certifies.
    noise : Noise
    x : (n_data, n_dim)
    y : (n_noise, n_dim), optional
        Fixed noise points. Exactly one of ``y`` and ``n_noise``.
    n_noise : int, optional
        Redraw as many each epoch from ``noise.sample``.
    n_epochs : int
    rng : numpy.random.Generator
        Draws the start, the noise and the batches; with one batch and fixed noise it draws neither of the latter.
    learning_rate : float above 0, optional
        There is no right value: 0.005 is for data of unit variance and networks of some thousand weights; watch
        ``history``.
    n_batches : int, optional
        Steps an epoch.
    start : (n_params,), optional
        ``model.random_start(rng)`` by default.
    state : AdamState, optional
        Of an earlier fit, to go on from.
    held_out : (x, y), optional
        Samples whose J is told after each epoch.

    Returns
    -------
    AdamFit
        After Ctrl-C the fit so far, status "interrupted". Divergence to inf is no error: status "diverged", and theta
        as it was before.

    Raises
    ------
    ValueError
        For bad samples, both or neither of y and n_noise, both start and state, a learning rate not above 0, more
        batches than points.

    Notes
    -----
    Source: Kingma & Ba, *Adam* (2015), algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> x, noise = rng.standard_normal((500, 2)), nr.GaussianNoise(np.zeros(2), 2.0 * np.eye(2))
    >>> fit = nr.fit_nce_adam(nr.MLP((2, 8, 1)), noise, x, n_noise=2500, n_epochs=20, rng=rng)
    >>> fit.status, bool(fit.history[-1] > fit.history[0])
    ('epochs done', True)
    """
    if (y is None) == (n_noise is None):
        raise ValueError(
            "y, n_noise: expected exactly one of them: y for fixed noise, n_noise=1000 for noise redrawn each epoch"
        )
    if start is not None and state is not None:
        raise ValueError(
            "start, state: got both; expected start to begin at, or state to go on from"
        )
    rule, rng, n_batches = (
        Adam(learning_rate),
        as_generator("rng", rng),
        as_count("n_batches", n_batches),
    )
    x = as_points("x", x, model.n_dim)

    def draw() -> NCEObjective:
        return NCEObjective(
            model, noise, x, noise.sample(as_count("n_noise", n_noise), rng) if y is None else y
        )

    if held_out is not None and (not hasattr(held_out, "__len__") or len(held_out) != 2):
        got = len(held_out) if hasattr(held_out, "__len__") else type(held_out).__name__
        raise ValueError(
            f"held_out: got {got}; expected a pair (x, y) of samples apart from the training's"
        )
    watched = None if held_out is None else NCEObjective(model, noise, *held_out)
    begin = _begin(model, start, state, rng)
    problem = draw()
    if n_batches > min(problem.n_data, problem.n_noise):
        raise ValueError(
            f"n_batches: got {n_batches}; expected at most the {problem.n_data} data and {problem.n_noise} noise points"
        )
    fresh = True  # the first epoch takes the noise drawn above

    def batches() -> Iterable[Batch]:
        nonlocal problem, fresh
        problem = problem if y is not None or fresh else draw()
        fresh = False
        if n_batches == 1:
            return [problem]
        pairs = minibatches(problem.n_data, problem.n_noise, n_batches, rng)
        return (_part(problem, data, noise, n_batches) for data, noise in pairs)

    run = maximize_adam(
        batches,
        begin,
        rule,
        n_epochs,
        None if watched is None else lambda theta: _at(watched, theta)[0],
    )
    state, status, message = run.state, run.status, run.message
    value, stationarity = _at(problem, state.theta)
    if not math.isfinite(value + stationarity):  # the last step led there: no batch has seen it
        told = (
            f"at the end the objective is {value}, its gradient's norm {stationarity}; theta is the"
            " one before the last step"
        )
        status, message = (
            "diverged",
            f"{told}; lower the learning rate, or scale the data to unit variance",
        )
        state = run.before
        value, stationarity = _at(problem, state.theta)
    theta, best_epoch = state.theta, run.best_epoch
    end = StartResult(theta, value, stationarity, False, run.n_evaluations, status, message)
    return AdamFit(
        theta=theta,
        objective=value,
        stationarity=stationarity,
        is_local_maximum=False,
        converged=False,
        status=status,
        message=message,
        n_evaluations=run.n_evaluations,
        starts=(end,),
        problem=problem,
        history=run.history,
        held_out_history=run.watched,
        best_theta=theta if best_epoch < 0 else run.best_theta,
        best_epoch=best_epoch,
        state=state,
    )


def _begin(
    model: Model, start: ArrayLike | None, state: AdamState | None, rng: np.random.Generator
) -> AdamState:
    if state is None:
        return AdamState.at(
            as_vector("start", model.random_start(rng) if start is None else start, model.n_params)
        )
    if not isinstance(state, AdamState):
        raise ValueError(
            f"state: got {type(state).__name__}; expected the state of an earlier fit, fit.state"
        )
    as_vector("state.theta", state.theta, model.n_params)
    return state


def _at(problem: NCEObjective, theta: Float) -> tuple[float, float]:
    """J and the norm of its gradient. Minibatches that were all finite may not be so together: -inf and inf then, never
    NaN."""
    with np.errstate(over="ignore", invalid="ignore"):
        value, gradient = problem(theta)
        norm = float(np.linalg.norm(gradient))
    return (-math.inf if math.isnan(value) else value), (math.inf if math.isnan(norm) else norm)


def _part(problem: NCEObjective, data: Indices, noise: Indices, n_batches: int) -> Batch:
    """One minibatch, n_batches/n_data times its terms of J: over the epoch these average to J, whatever the batches'
    sizes."""
    part = problem.subset(data, noise)
    factor = n_batches * part.n_data / problem.n_data

    def batch(theta: Float) -> tuple[float, Float]:
        value, gradient = part(theta)
        return factor * value, factor * gradient

    return batch
