"""The scales of J of masked and weighted rows: those of ``scales``, row by row, each with its nu and its weight.

Conventions
-----------
inputs   a vector's; where the mask is 0 nothing is read, and the scale is 0
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales


def masked_from_log_ratios(
    log_ratio_data: Float,
    log_ratio_noise: Float,
    mask: Float,
    weights: Float,
    nu: Float,
    want: Mapping[str, Float],
) -> Scales:
    """Scales from log-ratios that come exact."""
    noise = np.where(mask != 0, log_ratio_noise, 0.0)
    data, sizes = (log_ratio_data, np.abs(log_ratio_data)), (noise, np.abs(noise))
    return _masked("log_ratio", data, sizes, mask, weights, nu)


def masked_binary_nce(
    log_model_data: Float,
    log_model_noise: Float,
    log_noise_data: Float,
    log_noise_noise: Float,
    mask: Float,
    weights: Float,
    nu: Float,
    want: Mapping[str, Float],
) -> Scales:
    """Scales from log-densities that come exact."""
    model, noise = (np.where(mask != 0, rows, 0.0) for rows in (log_model_noise, log_noise_noise))
    data = log_model_data - log_noise_data, np.abs(log_model_data) + np.abs(log_noise_data)
    rows = model - noise, np.abs(model) + np.abs(noise)
    return _masked("log_model", data, rows, mask, weights, nu)


def _masked(
    name: str,
    data: tuple[Float, Float],
    noise: tuple[Float, Float],
    mask: Float,
    weights: Float,
    nu: Float,
) -> Scales:
    """``data``, ``noise``: G, and the size of what it is the difference of."""
    share, log_nu = weights / weights.sum(), np.log(nu)
    on_data = _terms(data[0] - log_nu, data[1] + np.abs(log_nu))
    on_noise = _terms(log_nu[:, None] - noise[0], noise[1] + np.abs(log_nu)[:, None])
    kept = mask * share[:, None]
    return {
        "value": float((share * on_data[0]).sum() + (kept * on_noise[0]).sum()),
        f"grad_{name}_data": share * on_data[1],
        f"grad_{name}_noise": kept * on_noise[1],
    }


def _terms(t: Float, outer: Float) -> tuple[Float, Float]:
    """Of every term, and of its slope."""
    return np.logaddexp(0.0, -t) + outer, 1.0 + outer
