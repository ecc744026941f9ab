"""What fits by differences of ln p_m have in common: alpha is fitted, and c is filled in and spoken of.

Conventions
-----------
alpha   (n_params - 1,)   what the objective sees
theta   (n_params,)       alpha and c: -ln Z(alpha) where the model knows it, else 0
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float
from nce_ref.estimators.fit import Fit, collect_starts, fit_from, normalized_or
from nce_ref.estimators.parameter_units import units_with_noise
from nce_ref.models.base import Model
from nce_ref.objectives.without_c import knows_normalizer
from nce_ref.trace import Callback

FILLED_IN = (
    "c is not identified, by differences of ln p_m within a row: theta[-1] is -ln Z(alpha), which"
    " the model knows"
)
UNKNOWN = (
    "c is not identified, by differences of ln p_m within a row, and the model does not know ln"
    " Z(alpha): theta[-1] is 0, a number without meaning; fit_nce estimates c"
)


def fit_without_c(
    objective: Any,
    points: Float,
    start: ArrayLike | None,
    n_starts: int | None,
    rng: np.random.Generator | None,
    callback: Callback | None,
    max_evaluations: int | None = None,
    words: tuple[str, ...] = (),
) -> Fit:
    """Return the fit of an objective of alpha; ``points`` are the noise points, (n_points, n_dim)."""
    model: Model = objective.model
    units = units_with_noise(model, objective.x, points)
    starts = collect_starts(units, start, n_starts, rng)[:, :-1]
    fit = fit_from(
        objective,
        starts,
        lambda alpha: _completed(model, alpha),
        callback,
        units,
        max_evaluations=max_evaluations,
    )
    word = FILLED_IN if knows_normalizer(model, fit.theta) else UNKNOWN
    return replace(fit, warnings=(word, *words))


def _completed(model: Model, alpha: Float) -> Float:
    if knows_normalizer(model, np.append(alpha, 0.0)):
        return normalized_or(model, alpha, 0.0)
    return np.append(alpha, 0.0)
