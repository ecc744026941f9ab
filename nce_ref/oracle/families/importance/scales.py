r"""The scales of importance sampling.

    ln w            E = |ln p_m| + |ln p_n| + what rounds inside them + |ln w - top|, the argument of exp
    ln Z            |top| + |ln mean exp(ln w - top)| + ln n_noise + 1 + sum_t v_t E_t
    shares v_t      v_t (1 + E_t + the scale of ln Z): also as exp(ln w_t - ln Z - ln n_noise)

Conventions
-----------
inputs   a vector's; want: the outputs as float64; out: the outputs' scales in float64
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales
from nce_ref.oracle.families.densities.scales import SQRT2, gaussian, laplace

Inside = tuple[Float, Float]  # a log-density and the size of what rounds inside it


def importance_sampling_from_log_densities(
    log_model_data: Float, log_model_noise: Float, log_noise_noise: Float, want: Mapping[str, Float]
) -> Scales:
    """Scales from log-densities that come exact."""
    nothing = np.zeros_like(log_model_noise)
    of_log_Z, shares, _ = _normaliser((log_model_noise, nothing), (log_noise_noise, nothing))
    n_data = len(log_model_data)
    return {
        "value": np.abs(log_model_data).mean() + of_log_Z,
        "log_normalizer": of_log_Z,
        "grad_log_model_data": np.full(n_data, 1.0 / n_data),
        "grad_log_model_noise": shares,
    }


def laplace_ica_importance_sampling(
    B: Float, x: Float, y: Float, noise_mean: Float, noise_cov: Float, want: Mapping[str, Float]
) -> Scales:
    """Scales of value and grad_B, from ln p_m of both samples and ln p_n of the noise with what rounds inside them."""
    data, model, noise = laplace(B, 0.0, x), laplace(B, 0.0, y), gaussian(y, noise_mean, noise_cov)
    of_log_Z, shares, _ = _normaliser(model, noise)
    by_point = np.abs(x).mean(axis=0) + shares @ np.abs(y)
    return {
        "value": (np.abs(data[0]) + data[1]).mean() + of_log_Z,
        "grad_B": np.tile(SQRT2 * by_point, (x.shape[1], 1)),
    }


def _normaliser(model: Inside, noise: Inside) -> tuple[Any, Float, Float]:
    """The scale of ln Z, those of the shares, and the shares."""
    log_w = model[0] - noise[0]
    top = log_w.max()
    w = np.exp(log_w - top)
    shares = w / w.sum()
    inside = np.abs(model[0]) + model[1] + np.abs(noise[0]) + noise[1] + (top - log_w)
    of_log_Z = abs(top) + abs(np.log(w.mean())) + math.log(len(w)) + 1.0 + shares @ inside
    return of_log_Z, shares * (1.0 + inside + of_log_Z), shares
