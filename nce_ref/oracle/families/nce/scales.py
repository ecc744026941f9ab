r"""The scales of J: inside it ln sigma(t) may be t - softplus(t) (BCE with logits) or ln p_m - ln(p_m + nu p_n).

    value           |want| + |ln p_m| + |ln p_n| + |ln nu| a point, absolutely
    1 - sigma(t)    every derivative by t: 1 is a summand, so 1 + |ln p_m| + |ln p_n| + |ln nu|
    ln p_m, ln p_n  what rounds inside them moves t, hence J by sigma(-t) and the gradient by sigma(t) sigma(-t) times
                    that

Conventions
-----------
inputs   a vector's; want: the outputs as float64; out: the outputs' scales in float64
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales
from nce_ref.oracle.families.densities.scales import SQRT2, gaussian, gaussian_of_precision, laplace
from nce_ref.oracle.families.kernels.scales import plain_sigmoid

# G, the size of what it is the difference of, and what rounds inside that
Sample = tuple[Float, Float, Any]


def nce_from_log_ratios(
    log_ratio_data: Float,
    log_ratio_noise: Float,
    nu: float,
    want: Mapping[str, Float],
    at_one: bool = False,
) -> Scales:
    """Scales from log-ratios that come exact."""
    data, noise = (
        (log_ratio, np.abs(log_ratio), 0.0) for log_ratio in (log_ratio_data, log_ratio_noise)
    )
    value, of_data, of_noise = _nce(data, noise, nu, at_one)
    return {"value": value, "grad_log_ratio_data": of_data, "grad_log_ratio_noise": of_noise}


def binary_nce(
    log_model_data: Float,
    log_model_noise: Float,
    log_noise_data: Float,
    log_noise_noise: Float,
    nu: float,
    want: Mapping[str, Float],
    at_one: bool = False,
) -> Scales:
    """Scales from log-densities that come exact."""
    data, noise = (
        (log_model - log_noise, np.abs(log_model) + np.abs(log_noise), 0.0)
        for log_model, log_noise in (
            (log_model_data, log_noise_data),
            (log_model_noise, log_noise_noise),
        )
    )
    value, of_data, of_noise = _nce(data, noise, nu, at_one)
    return {"value": value, "grad_log_model_data": of_data, "grad_log_model_noise": of_noise}


def laplace_ica_nce(
    B: Float,
    c: float,
    x: Float,
    y: Float,
    noise_mean: Float,
    noise_cov: Float,
    want: Mapping[str, Float],
    at_one: bool = False,
) -> Scales:
    """Scales of value, grad_B and grad_c."""
    value, slope, points = _nce_of_model(
        lambda u: laplace(B, c, u), x, y, noise_mean, noise_cov, at_one
    )
    return {
        "value": value,
        "grad_B": np.tile(SQRT2 * slope @ np.abs(points), (len(B), 1)),
        "grad_c": slope.sum(),
    }


def gaussian_nce(
    precision: Float,
    c: float,
    x: Float,
    y: Float,
    noise_mean: Float,
    noise_cov: Float,
    want: Mapping[str, Float],
    at_one: bool = False,
) -> Scales:
    """Scales of value, grad_precision and grad_c."""
    value, slope, points = _nce_of_model(
        lambda u: gaussian_of_precision(precision, c, u), x, y, noise_mean, noise_cov, at_one
    )
    size = np.abs(points)
    return {
        "value": value,
        "grad_precision": 0.5 * np.einsum("t,ti,tj->ij", slope, size, size),
        "grad_c": slope.sum(),
    }


def _nce(data: Sample, noise: Sample, nu: float, at_one: bool) -> tuple[float, Float, Float]:
    """Scales of J and of dJ/dG at every point of the data and of the noise."""
    value, slopes, log_nu, n_data = 0.0, [], 0.0 if at_one else math.log(nu), len(data[0])
    n_noise = len(noise[0]) if at_one else n_data
    for (log_ratio, size, inside), sign, n in ((data, 1, n_data), (noise, -1, n_noise)):
        t, outer = sign * (log_ratio - log_nu), size + abs(log_nu)
        slope = plain_sigmoid(-t)
        value += (np.logaddexp(0.0, -t) + outer + slope * inside).sum() / n
        slopes.append((1 + outer + slope * plain_sigmoid(t) * inside) / n)
    return float(value), slopes[0], slopes[1]


def _nce_of_model(
    log_model: Callable[[Float], tuple[Float, Float]],
    x: Float,
    y: Float,
    noise_mean: Float,
    noise_cov: Float,
    at_one: bool,
) -> tuple[float, Float, Float]:
    """Scales of J and of dJ/dG at all points, data first, and the points."""

    def sample(u: Float) -> Sample:
        (model, inside_model), (noise, inside_noise) = (
            log_model(u),
            gaussian(u, noise_mean, noise_cov),
        )
        return model - noise, np.abs(model) + np.abs(noise), inside_model + inside_noise

    value, of_data, of_noise = _nce(sample(x), sample(y), len(y) / len(x), at_one)
    return value, np.append(of_data, of_noise), np.concatenate([x, y])
