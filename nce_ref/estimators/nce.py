"""Noise-contrastive estimation: theta maximises the objective of ``objectives/nce.py`` (P10 eq. 8; J12 for any nu).

Conventions
-----------
x, y    (n_data, n_dim), (n_noise, n_dim)   nu = n_noise/n_data
theta   (n_params,)   c is estimated with the rest, freely: it estimates -ln Z
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float
from nce_ref.estimators.fit import Fit, collect_starts, fit_from
from nce_ref.estimators.inputs_check import Look, words_after, words_before
from nce_ref.estimators.parameter_units import units_with_noise
from nce_ref.estimators.runaway import SeparationJudge
from nce_ref.estimators.units import offers_units
from nce_ref.estimators.watched import INTERRUPTED
from nce_ref.models.base import Model
from nce_ref.models.from_functions import as_model
from nce_ref.noise import Noise
from nce_ref.objectives.nce import NCEObjective
from nce_ref.trace import Callback


def fit_nce(
    model: Model,
    noise: Noise,
    x: ArrayLike,
    y: ArrayLike,
    *,
    start: ArrayLike | None = None,
    n_starts: int | None = None,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
    checks: bool = True,
    max_evaluations: int | None = None,
    counts_x: ArrayLike | None = None,
    counts_y: ArrayLike | None = None,
) -> Fit:
    """Fit a model by noise-contrastive estimation: theta maximises J, and every end of the climb is certified.

        J = (1/n_data) [sum_x ln sigma(G - ln nu) + sum_y ln sigma(ln nu - G)],   G = ln p_m - ln p_n,
        nu = n_noise/n_data

    Parameters
    ----------
    model : Model
        Two functions are enough: ``log_density(theta, u)`` and ``jacobian(theta, u)`` (or ``pullback``), with ``n_dim``
        and ``n_params``.
    noise : Noise
    x : (n_data, n_dim)
        The data.
    y : (n_noise, n_dim)
        Drawn from ``noise``; n_noise/n_data is nu.
    start : (n_params,), optional
        Where to begin. A model that offers ``start_from(noise)`` begins at the noise itself where that lies in its
        family and neither ``start`` nor ``n_starts`` is given.
    n_starts : int, optional
        As many random starts, by ``model.random_start(rng)``; the highest end is returned, all are in ``starts``.
    rng : numpy.random.Generator, optional
        Required with ``n_starts``.
    callback : callable, optional
        ``callback(theta)`` after each accepted step: ``nr.Trace()`` keeps the time and theta of each.
    checks : bool, optional
        Look at the inputs, cheaply and without drawing, and put what is found into ``Fit.warnings``.
    max_evaluations : int, optional
        Of the objective, over all starts: then, as after Ctrl-C, the best so far, status "budget spent"
        ("interrupted").
    counts_x, counts_y : (n_data,), (n_noise,), optional
        How often each row was seen, where x and y hold distinct states: the same fit as of the repeated samples, to
        rounding; nu is the ratio of the counts' sums.

    Returns
    -------
    Fit
        Status "unbounded", not converged, where the model can separate x from y: then there is no maximum.

    Raises
    ------
    ValueError
        For bad samples (shape, NaN, empty, counts that are no whole numbers), a noise of another dimension, starts of
        the wrong length, a model without the two functions.

    Notes
    -----
    Source: P10, equation (8); J12, equation (8). The estimate is consistent if the noise covers the data (P10,
    Theorem 2) and the model is right; c then estimates -ln Z. Several local maxima are common for n_data below 1000, so
    use some starts.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> x = 1.5 * rng.standard_normal((4000, 1))
    >>> noise = nr.GaussianNoise([0.0], [[4.0]])
    >>> fit = nr.fit_nce(nr.Gaussian(1), noise, x, noise.sample(20_000, rng), start=[1.0, 0.0])
    >>> fit.status, fit.theta.round(2)  # precision 1/2.25 = 0.44, -ln Z = -1.32
    ('certified', array([ 0.44, -1.33]))
    """
    model = as_model(model, "fit_nce")
    objective = NCEObjective(model, noise, x, y, counts_x=counts_x, counts_y=counts_y)
    if objective.counts is None:
        units = units_with_noise(model, x, y)
    else:
        units = units_with_noise(model, *_samples(objective))
    start_from = getattr(model, "start_from", None)
    if start is None and n_starts is None and callable(start_from):
        start = start_from(noise)
    starts = collect_starts(units, start, n_starts, rng)
    words: tuple[str, ...] = ()
    stopped = False
    look = Look.at(objective) if checks else None
    try:
        if look is not None:
            words = words_before(objective, noise, units.back(starts[0]), look)
    except KeyboardInterrupt:
        stopped = True
    fit = fit_from(
        objective,
        starts,
        complete=lambda theta: theta,
        callback=callback,
        units=units,
        judge=SeparationJudge(),
        max_evaluations=max_evaluations,
        stopped=stopped,
    )
    try:
        if look is not None and fit.status != INTERRUPTED:
            words += words_after(objective, fit.theta, look)
    except KeyboardInterrupt:
        words += ("the checks of the inputs were stopped by hand",)
    return replace(fit, warnings=words) if words else fit


def _samples(objective: NCEObjective) -> tuple[Float, Float]:
    """The samples in which units are looked for: those that the counts stand for, where the model heeds units of the
    points."""
    if offers_units(objective.model):
        objective = objective.repeated()
    return objective.x, objective.y
