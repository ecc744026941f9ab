"""Any member of the weight family of Pihlaja, Gutmann & Hyvarinen (UAI 2010): ``weights.py`` derives it.

Conventions
-----------
x, y    (n_data, n_dim), (n_noise, n_dim)   the same samples as for NCE
theta   (n_params,)   c is estimated with the rest: it estimates -ln Z
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nce_ref.estimators.fit import Fit, collect_starts, fit_from
from nce_ref.estimators.units import units_for
from nce_ref.models.base import Model
from nce_ref.noise import Noise
from nce_ref.objectives.weighted import WeightedObjective
from nce_ref.trace import Callback
from nce_ref.weights import Weight


def fit_weighted(
    model: Model,
    noise: Noise,
    x: ArrayLike,
    y: ArrayLike,
    weight: Weight,
    *,
    start: ArrayLike | None = None,
    n_starts: int | None = None,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
) -> Fit:
    """Return the fit that solves mean_x[w g] = mean_y[q w g], from ``start`` or ``n_starts`` random ones, by maximising its objective.

    Consistent under NCE's conditions; ``weighted_covariance`` gives its covariance and says where there is none, which no sample shows.
    Where the weight is not concave (``PowerWeight`` outside of [-1, 0]) J may be flat far from the data's density: start at NCE's fit.
    Where some q is large, one point can carry the whole sum, and J may have no maximum: not converged, by the certificate.
    Raises ValueError for bad samples, a noise of another dimension, bad starts, a start where J leaves float64.
    """
    objective = WeightedObjective(model, noise, x, y, weight)
    units = units_for(model, x, y)
    return fit_from(
        objective,
        collect_starts(units, start, n_starts, rng),
        complete=lambda theta: theta,
        callback=callback,
        units=units,
    )
