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
from nce_ref.estimators.parameter_units import units_with_noise
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
    max_evaluations: int | None = None,
) -> Fit:
    """Fit a model by an estimating equation with a weight of your own: mean_x[w g] = mean_y[q w g], q = p_m/p_n.

    Parameters
    ----------
    model : Model
    noise : Noise
    x : (n_data, n_dim)
    y : (n_noise, n_dim)
        Drawn from ``noise``.
    weight : Weight
        ``LogisticWeight(nu)`` is NCE, ``PowerWeight(0)`` importance sampling; see ``weights.py``.
    start : (n_params,), optional
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

    Raises
    ------
    ValueError
        For bad samples, a noise of another dimension, bad starts, a start where J leaves float64.

    Notes
    -----
    Source: Pihlaja, Gutmann & Hyvarinen (2010), as ``weights.py`` says. Consistent under NCE's conditions;
    ``weighted_covariance`` gives its covariance and says where there is none, which no sample shows. Where the weight
    is not concave (``PowerWeight`` outside of [-1, 0]) J may be flat far from the data's density: start at NCE's fit.
    Where some q is large, one point can carry the whole sum, and J may have no maximum: not converged, by the
    certificate.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> x, noise = rng.standard_normal((4000, 1)), nr.GaussianNoise([0.0], [[2.0]])
    >>> y = noise.sample(20_000, rng)
    >>> fit = nr.fit_weighted(nr.Gaussian(1), noise, x, y, nr.PowerWeight(-0.5), start=[1.0, 0.0])
    >>> fit.status, fit.theta.round(1)
    ('certified', array([ 1. , -0.9]))
    """
    objective = WeightedObjective(model, noise, x, y, weight)
    units = units_with_noise(model, x, y)
    return fit_from(
        objective,
        collect_starts(units, start, n_starts, rng),
        complete=lambda theta: theta,
        callback=callback,
        units=units,
        max_evaluations=max_evaluations,
    )
