"""Ranking noise-contrastive estimation: alpha maximises the objective of ``objectives/ranking.py`` (Ma and Collins
2018).

Conventions
-----------
x, y    (n_data, n_dim), (n_data, k, n_dim)   noise points of each datum's own, or (k, n_dim), shared by all
theta   (n_params,)   c is not estimated: see ``estimators/contrastive.py``
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nce_ref.estimators.contrastive import fit_without_c
from nce_ref.estimators.fit import Fit
from nce_ref.models.base import Model
from nce_ref.noise import Noise
from nce_ref.objectives.ranking import RankingObjective
from nce_ref.objectives.ranking_shared import SharedRankingObjective
from nce_ref.trace import Callback

SHARED = (
    "all data share the same {k} noise points: with k fixed this estimate is not consistent, and"
    " with k = nu n_data it is importance sampling to first order, whose variance is infinite where"
    " int p_d^2/p_n is; draw noise of shape (n_data, k, n_dim), or use fit_nce"
)


def fit_ranking_nce(
    model: Model,
    noise: Noise,
    x: ArrayLike,
    y: ArrayLike,
    *,
    start: ArrayLike | None = None,
    n_starts: int | None = None,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
    max_evaluations: int | None = None,
) -> Fit:
    """Fit a model to data x by telling each datum from its k noise points, from ``start`` or from ``n_starts`` random
    ones.

    Parameters
    ----------
    model : Model
        With c as its last parameter.
    noise : Noise
    x : (n_data, n_dim)
    y : (n_data, k, n_dim) or (k, n_dim)
        Drawn from ``noise``: for each datum its own, or the same for all. The second is another estimator
        (``Fit.warnings`` says so).
    start : (n_params,) or (n_starts, n_params), optional
        c is ignored.
    n_starts, rng : int and numpy.random.Generator, optional
        In the place of ``start``.
    callback : callable, optional
        ``callback(theta)`` after each accepted step.
    max_evaluations : int, optional
        Of the objective, over all starts: then, as after Ctrl-C, the best so far, status "budget spent"
        ("interrupted").

    Returns
    -------
    Fit
        ``theta[-1]`` is -ln Z(alpha) where the model knows it, else 0: c is not identified, which ``warnings`` says.
        Maxima of noise of each datum's own are certified with a bound on rounding where the model is affine in theta
        between kinks (CONTRASTIVE.md).

    Raises
    ------
    ValueError
        For bad samples (shape, NaN, empty), a noise of another dimension, a model without c, or starts of the wrong
        length.

    Notes
    -----
    Source: Ma and Collins (2018). Consistent if the noise covers the data and the model is right;
    ``ranking_covariance`` is its covariance.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> model, noise = nr.Gaussian(1), nr.GaussianNoise([0.0], [[2.0]])
    >>> x = rng.standard_normal((1000, 1))
    >>> fit = nr.fit_ranking_nce(model, noise, x, noise.sample(5000, rng).reshape(1000, 5, 1), start=[0.5, 0.0])
    >>> fit.converged, bool(abs(fit.theta[0] - 1.0) < 0.3), fit.warnings[0][:20]
    (True, True, 'c is not identified,')
    """
    if np.ndim(y) == 2:
        shared = SharedRankingObjective(model, noise, x, y)
        words = (SHARED.format(k=shared.k),)
        return fit_without_c(
            shared, shared.y, start, n_starts, rng, callback, max_evaluations, words
        )
    own = RankingObjective(model, noise, x, y)
    points = own.y.reshape(-1, own.model.n_dim)
    return fit_without_c(own, points, start, n_starts, rng, callback, max_evaluations)
