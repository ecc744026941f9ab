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

from nce_ref.estimators.fit import Fit, collect_starts, fit_from
from nce_ref.estimators.inputs_check import words_after, words_before
from nce_ref.estimators.runaway import SeparationJudge
from nce_ref.estimators.units import units_for
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
) -> Fit:
    """Fit a model by noise-contrastive estimation: theta maximises J, and every end of the climb is certified.

        J = (1/n_data) [sum_x ln sigma(G - ln nu) + sum_y ln sigma(ln nu - G)],   G = ln p_m - ln p_n,   nu = n_noise/n_data

    Parameters
    ----------
    model : Model
        Two functions are enough: ``log_density(theta, u)`` and ``jacobian(theta, u)`` (or ``pullback``), with ``n_dim`` and ``n_params``.
    noise : Noise
    x : (n_data, n_dim)
        The data.
    y : (n_noise, n_dim)
        Drawn from ``noise``; n_noise/n_data is nu.
    start : (n_params,), optional
        Where to begin. A model that offers ``start_from(noise)`` begins at the noise itself where that lies in its family and neither
        ``start`` nor ``n_starts`` is given.
    n_starts : int, optional
        As many random starts, by ``model.random_start(rng)``; the highest end is returned, all are in ``starts``.
    rng : numpy.random.Generator, optional
        Required with ``n_starts``.
    callback : callable, optional
        ``callback(theta)`` after each accepted step: ``nr.Trace()`` keeps the time and theta of each.
    checks : bool, optional
        Look at the inputs, cheaply and without drawing, and put what is found into ``Fit.warnings``.

    Returns
    -------
    Fit
        Status "unbounded", not converged, where the model can separate x from y: then there is no maximum.

    Raises
    ------
    ValueError
        For bad samples (shape, NaN, empty), a noise of another dimension, starts of the wrong length, a model without the two functions.

    Notes
    -----
    Source: P10, equation (8); J12, equation (8). The estimate is consistent if the noise covers the data (P10, Theorem 2) and the model is
    right; c then estimates -ln Z. Several local maxima are common for n_data below 1000, so use some starts.

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
    objective = NCEObjective(model, noise, x, y)
    units = units_for(model, x, y)
    start_from = getattr(model, "start_from", None)
    if start is None and n_starts is None and callable(start_from):
        start = start_from(noise)
    starts = collect_starts(units, start, n_starts, rng)
    words = words_before(objective, noise, units.back(starts[0])) if checks else ()
    fit = fit_from(
        objective,
        starts,
        complete=lambda theta: theta,
        callback=callback,
        units=units,
        judge=SeparationJudge(),
    )
    if checks:
        words += words_after(objective, fit.theta)
    return replace(fit, warnings=words) if words else fit
