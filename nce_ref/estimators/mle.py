"""Maximum likelihood, for models whose normalising constant is known: the yardstick of P10 section 3.1.

Conventions
-----------
x       (n_data, n_dim)
theta   (n_params,)   alpha maximises the likelihood; c = -ln Z(alpha)
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nce_ref.estimators.fit import Fit, collect_starts, fit_from
from nce_ref.estimators.units import refuse_hyperplane, units_for
from nce_ref.models.base import Model
from nce_ref.objectives.likelihood import LikelihoodObjective
from nce_ref.trace import Callback


def fit_mle(
    model: Model,
    x: ArrayLike,
    *,
    start: ArrayLike | None = None,
    n_starts: int | None = None,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
) -> Fit:
    """Return the maximum-likelihood fit to data x, from ``start`` (its c is ignored) or from ``n_starts`` random ones.

    ``callback(theta)`` is called after each accepted step: ``nr.Trace()`` keeps the time and theta of each.
    Raises ValueError for bad data, for data in a hyperplane through the origin (fewer points than dimensions, a column of zeros), where
    the likelihood is unbounded (``estimators/units.py``), or a start whose normalising constant is infinite (a singular B);
    NotImplementedError where the model has no closed normalising constant.
    """
    objective = LikelihoodObjective(model, x)
    units = units_for(model, x)
    starts = collect_starts(units, start, n_starts, rng)
    for k, theta in enumerate(starts):
        if not math.isfinite(model.log_normalizer(theta)):
            raise ValueError(
                f"start: row {k} has an infinite normalising constant; expected an invertible B or a definite precision"
            )
    refuse_hyperplane(model, x)
    return fit_from(
        objective,
        starts[:, :-1],
        complete=lambda alpha: model.normalize(np.append(alpha, 0.0)),
        callback=callback,
        units=units,
    )
