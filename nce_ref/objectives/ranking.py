r"""Ranking noise-contrastive estimation (Ma and Collins 2018): which of k + 1 points is the datum, the others being
noise?

    J(alpha) = (1/n_data) sum_i ln w_i0,      w_i = softmax over the row of s = ln p_m - ln p_n

maximised. c is in every s of a row and cancels. Each datum has noise points of its own: the row's posterior is then w,
and the theory of CONTRASTIVE.md holds. Noise that all data share makes another estimator (``ranking_shared.py``).

Conventions
-----------
alpha   (n_params - 1,)   theta without c
x, y    (n_data, n_dim), (n_data, k, n_dim)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_vector
from nce_ref.models.base import Model
from nce_ref.noise import Noise, refuse_unfit_noise
from nce_ref.objectives.pairs import PairedObjective
from nce_ref.objectives.rows import row_losses


class RankingObjective(PairedObjective):
    """The ranking objective as a function of alpha, theta without c, for fixed samples; each datum has its own noise
    points.

        J(alpha) = (1/n_data) sum_i [s(x_i) - ln(e^{s(x_i)} + sum_j e^{s(y_ij)})],   s = ln p_m - ln p_n

    Parameters
    ----------
    model : Model
        With c as its last parameter, which J does not see.
    noise : Noise
    x : (n_data, n_dim)
    y : (n_data, k, n_dim)
        Drawn from ``noise``; y[i] belongs to x[i]. ln p_n of all points is computed once.

    Raises
    ------
    ValueError
        Where samples, model and noise differ in dimension, are empty, or hold NaN or inf, and for a model without c.

    Notes
    -----
    Source: Ma and Collins (2018). J is -ln(k + 1) where nothing is known. Kinks of the data are ridges, kinks of the
    noise valleys.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> model, noise = nr.Gaussian(1), nr.GaussianNoise([0.0], [[2.0]])
    >>> y = noise.sample(600, rng).reshape(200, 3, 1)
    >>> objective = nr.RankingObjective(model, noise, rng.standard_normal((200, 1)), y)
    >>> objective.n_params, nr.check_gradient(objective, [1.0]).ok
    (1, True)
    """

    is_variance = True
    reach = 2.0
    # ln(w_0 w_j) = -G_j - 2 ln(1 + sum e^-G): at most three times the largest change of a G.
    slope_rate = 3.0

    def __init__(self, model: Model, noise: Noise, x: ArrayLike, y: ArrayLike) -> None:
        if np.ndim(y) == 2:
            raise ValueError(
                f"y: got shape {np.shape(y)}; expected (n_data, k, n_dim), noise points of each"
                " datum's own: for noise that all data share see SharedRankingObjective"
            )
        super().__init__(model, x, y, "ranking noise-contrastive estimation")
        refuse_unfit_noise(noise, self.model.n_dim)
        log_noise = as_vector(
            "noise.log_density", noise.log_density(self._points), len(self._points)
        ).reshape(self.n_data, -1)
        self._offsets = log_noise[:, 1:] - log_noise[:, :1]

    def terms(self, G: Float) -> tuple[Float, Float, Float]:
        """ln w_0, w_j, and w_0 w_j, which bounds minus the curvature from below (``pair_terms.py``)."""
        losses, weights = row_losses(-G)
        return -losses, weights, weights * np.exp(-losses)[:, None]
