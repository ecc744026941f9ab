r"""The row kernel of ranking NCE, InfoNCE and their kin: one datum against the k points of its row; no model is known
here.

    ln w_0 = s_0 - ln(e^{s_0} + sum_j e^{s_j}) = -softplus(z),     z = ln sum_j e^{s_j - s_0}
    d/ds_0 = 1 - w_0 = sigma(z),     d/ds_j = -w_j = -sigma(z) e^{s_j - s_0 - z}

w is the softmax of the row. As written nothing cancels: s_0 - lse(s_0 ... s_k) is 0 wherever the truth is below eps,
and 1 - w_0 with it; here both keep their digits down to 1e-308. All of it depends on differences within the row alone.

Conventions
-----------
log_ratio_data   (n_data,)     s_0 = ln p_m - ln p_n at the datum of each row; c, which is in every s, cancels
log_ratio_noise  (n_data, k)   s_1 ... s_k at the noise points of the row
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_array, as_vector
from nce_ref.special import sigmoid, softplus


def ranking_from_log_ratios(
    log_ratio_data: ArrayLike, log_ratio_noise: ArrayLike
) -> tuple[float, tuple[Float, Float]]:
    """Evaluate the ranking objective and its slopes from log-ratios alone: which of a row's k + 1 points is the datum?

        J = (1/n_data) sum_i [s_i0 - ln(e^{s_i0} + sum_j e^{s_ij})],   s = ln p_m - ln p_n, up to a constant a row

    Parameters
    ----------
    log_ratio_data : (n_data,)
        s_i0, at the data.
    log_ratio_noise : (n_data, k)
        s_ij, at the k noise points of each row.

    Returns
    -------
    value : float
        J, to be maximised; minus it is InfoNCE's loss. -ln(k + 1) where nothing is known, below 0 always.
    slopes : ((n_data,), (n_data, k))
        dJ/ds: (1 - w_i0)/n_data and -w_ij/n_data, w the softmax of a row. They add up to 0 in each row.

    Raises
    ------
    ValueError
        For an empty sample, rows without noise points, NaN or inf, and where a difference leaves float64.

    Notes
    -----
    Source: Ma and Collins (2018), ranking objective; the same formula is InfoNCE (van den Oord et al. 2018). With k = 1
    it is ln sigma(s_0 - s_1). With z = ln sum_j e^{s_j - s_0} the term is -softplus(z) and its slopes are sigma(z) and
    -sigma(z) e^{s_j - s_0 - z}: a relative error of some (k + |z|) ulp, whether the loss is 1000 or 1e-300.

    Examples
    --------
    >>> import nce_ref as nr
    >>> value, (of_data, of_noise) = nr.ranking_from_log_ratios([0.0], [[0.0, 0.0, 0.0]])
    >>> round(value, 6), of_data, of_noise  # -ln 4: one of four
    (-1.386294, array([0.75]), array([[-0.25, -0.25, -0.25]]))
    """
    data = as_vector("log_ratio_data", log_ratio_data)
    noise = as_array("log_ratio_noise", log_ratio_noise, 2, (len(data), None))
    with np.errstate(over="ignore"):
        differences = noise - data[:, None]
    if not np.isfinite(differences).all():
        raise ValueError(
            "log_ratio_noise: a difference from its row's log_ratio_data exceeds 1.8e308; expected"
            " log-ratios in float64"
        )
    losses, weights = row_losses(differences)
    n = len(data)
    # The sum may leave float64 where the mean does not.
    value = -math.fsum(losses / n)
    return value, (weights.sum(axis=1) / n, -weights / n)


def row_losses(differences: Float) -> tuple[Float, Float]:
    """Return softplus(z) of each row, (n,), and w_1 ... w_k, (n, k), from s_j - s_0, (n, k); -inf leaves a point out of
    its row."""
    with np.errstate(all="ignore"):
        top = differences.max(axis=1)
        top = np.where(top > -np.inf, top, 0.0)  # a row with nothing in it: loss 0, slopes 0
        weights = np.exp(differences - top[:, None])
        total = weights.sum(axis=1)
        z = top + np.log(total)
        weights *= (sigmoid(z) / np.where(total > 0.0, total, 1.0))[:, None]
    return np.atleast_1d(softplus(z)), weights
