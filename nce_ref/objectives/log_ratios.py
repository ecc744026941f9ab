r"""The logistic objective of log-ratios alone, from which every model's is made; no model is known here.

    J = (1/n_data) [ sum_x ln sigma(G_x - ln nu) + sum_y ln sigma(ln nu - G_y) ]
    dJ/dG_x = (1 - h_x)/n_data,    dJ/dG_y = -h_y/n_data,    h = sigma(G - ln nu)

Conventions
-----------
log_ratio   (n_points,)   G = ln p_m - ln p_n
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_positive, as_vector
from nce_ref.special import softplus, softplus_sum_and_slope


def nce_from_log_ratios(
    log_ratio_data: ArrayLike, log_ratio_noise: ArrayLike, nu: float | None = None
) -> tuple[float, tuple[Float, Float]]:
    """Evaluate the NCE objective and its slopes from log-ratios alone: no model is needed.

        J = (1/n_data) [sum ln sigma(G_data - ln nu) + sum ln sigma(ln nu - G_noise)],   G = ln p_m - ln p_n

    Parameters
    ----------
    log_ratio_data : (n_data,)
        G on the data.
    log_ratio_noise : (n_noise,)
        G on the noise points.
    nu : float above 0, optional
        n_noise/n_data from the sizes unless given.

    Returns
    -------
    value : float
        J, to be maximised; a sum over both samples, divided by n_data.
    slopes : ((n_data,), (n_noise,))
        dJ/dG on the data, (1 - h)/n_data, and on the noise, -h/n_data, with h = sigma(G - ln nu).

    Raises
    ------
    ValueError
        For empty samples, NaN or inf, and nu not above 0.

    Notes
    -----
    Source: P10, equations (8) to (10), whose J_T is half of J; J12, equation (8), for any nu. Finite and exact for any
    finite G: each term is ln sigma, within 4 ulp for its argument t = G - ln nu, which is itself rounded: 4 + |t| + |ln
    nu| ulp of the term, hence 4 + 2|t| wherever |ln nu| <= |t| (THEORY.md, *Derivatives*; with nu = 1e4 and t near 0, 7
    ulp have been seen), and one more where the sizes' quotient had to be rounded. With thousands of points the sum of
    the terms has 5 eps of its own (``special.softplus_sum_and_slope``).

    Examples
    --------
    >>> import nce_ref as nr
    >>> value, (of_data, of_noise) = nr.nce_from_log_ratios([0.0], [0.0])  # p_m = p_n, nu = 1: h = 1/2
    >>> round(value, 6), of_data, of_noise  # 2 ln(1/2)
    (-1.386294, array([0.5]), array([-0.5]))
    """
    data = as_vector("log_ratio_data", log_ratio_data)
    noise = as_vector("log_ratio_noise", log_ratio_noise)
    value, slopes = value_and_slopes(
        np.concatenate([data, noise]), len(data), len(data), ratio(nu, len(data), len(noise))
    )
    slopes /= len(data)
    return value, (slopes[: len(data)], slopes[len(data) :])


def value_and_slopes(
    log_ratio: Float, of_data: int, n_data: int, nu: float, counts: Float | None = None
) -> tuple[float, Float]:
    """Return the terms' part of J, and n_data dJ/dG; the first ``of_data`` of ``log_ratio``, which is overwritten, are
    data, the rest noise.

    With ``counts`` each term of J counts so often; dJ/dG is that of one point each all the same.
    """
    # ln h = -softplus(z) with z = ln nu - G on the data, ln(1 - h) = -softplus(z) with z = G - ln nu on the noise:
    # never the logarithm of a computed 1 - h, which rounds to 0 from 36.8 upwards.
    z = log_ratio
    if nu != 1.0:
        z -= math.log(nu)
    np.negative(z[:of_data], z[:of_data])
    with np.errstate(all="ignore"):
        total, slopes = softplus_sum_and_slope(z)
        value = -total / n_data
        if counts is not None:
            value = -float(softplus(z) @ (counts / n_data))
        elif not math.isfinite(value):  # the sum may leave float64 where the mean does not
            value = -float((softplus(z) / n_data).sum())
    np.negative(slopes[of_data:], slopes[of_data:])
    return value, slopes


def ratio(nu: float | None, n_data: int, n_noise: int) -> float:
    """Return nu: as given, else n_noise/n_data. Raises ValueError where it is not above 0."""
    return n_noise / n_data if nu is None else as_positive("nu", nu)
