"""Score matching (Hyvarinen 2005): alpha maximises ``objectives/score_matching.py``; the normalising constant plays no part in it.

Conventions
-----------
x       (n_data, n_dim)
theta   (n_params,)   alpha by score matching; c = -ln Z(alpha) in closed form, put in afterwards: score matching cannot estimate it
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from nce_ref.estimators.fit import Fit, collect_starts, fit_from, normalized_or
from nce_ref.estimators.units import isotropic_units_for
from nce_ref.models.base import Model
from nce_ref.objectives.score_matching import ScoreMatchingObjective
from nce_ref.trace import Callback


def fit_score_matching(
    model: Model,
    x: ArrayLike,
    *,
    slope: float = 10.0,
    start: ArrayLike | None = None,
    n_starts: int | None = None,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
) -> Fit:
    """Return the score-matching fit to data x, from ``start`` (its c is ignored) or from ``n_starts`` random ones.

    ``slope`` is that of the tanh in place of the sign, for models with kinks: the estimate is biased by it (at 10, towards
    1.064 B* for orthogonal rows), the less the larger it is, while its variance grows. c is that of the model *without* smoothing.
    Status "infinite mass", not converged: a maximum whose ln Z is infinite (a singular B), its c set to 0. Data in a hyperplane
    have no maximum: B grows across it for ever, and the fit says that it has not converged.
    Raises ValueError for bad data, a slope not above 0, bad starts; NotImplementedError where the model offers no derivatives
    of its score or no closed normalising constant.
    """
    objective = ScoreMatchingObjective(model, x, slope)
    units = isotropic_units_for(model, x)
    starts = collect_starts(units, start, n_starts, rng)
    fit = fit_from(
        objective,
        starts[:, :-1],
        complete=lambda alpha: normalized_or(model, alpha, 0.0),
        callback=callback,
        units=units,
    )
    if fit.converged and not math.isfinite(model.log_normalizer(fit.theta)):
        message = "stationary, but its normalising constant is infinite, so there is no c; try other starts"
        fit = replace(fit, converged=False, status="infinite mass", message=message)
    return fit
