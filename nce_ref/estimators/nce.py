"""Noise-contrastive estimation: theta maximises the objective of ``objectives/nce.py`` (P10 eq. 8; J12 for any nu).

Conventions
-----------
x, y    (n_data, n_dim), (n_noise, n_dim)   nu = n_noise/n_data
theta   (n_params,)   c is estimated with the rest, freely: it estimates -ln Z
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nce_ref.estimators.fit import Fit, collect_starts, fit_from
from nce_ref.estimators.runaway import SeparationJudge
from nce_ref.estimators.units import units_for
from nce_ref.models.base import Model
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
) -> Fit:
    """Return the fit of ``model`` to data x with noise y drawn from ``noise``, from ``start`` or from ``n_starts`` random ones.

    The end of each start is certified (``Fit.is_local_maximum``). Where the model can separate x from y there is no maximum: status
    "unbounded", not converged (``estimators/runaway.py``). The estimate is consistent if the noise covers the data
    (P10 Theorem 2) and the model is right; several local maxima are common for n_data below 1000, so use some starts.
    ``callback(theta)`` is called after each accepted step: ``nr.Trace()`` keeps the time and theta of each.
    Raises ValueError for bad samples (shape, NaN, empty), a noise of another dimension, or starts of the wrong length.
    """
    objective = NCEObjective(model, noise, x, y)
    units = units_for(model, x, y)
    return fit_from(
        objective,
        collect_starts(units, start, n_starts, rng),
        complete=lambda theta: theta,
        callback=callback,
        units=units,
        judge=SeparationJudge(),
    )
