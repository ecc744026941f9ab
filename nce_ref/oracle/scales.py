r"""The ``scale`` of every expected number: what the roundings of a right implementation are measured in (``tolerance.py``).

    scale = |want| + sum_s |d want/d s| |s|,   s every summand that a plain right implementation adds up on its way

Which summands: those of every form that textbooks and frameworks use, so that none of them is called wrong.

    ln sigma(t)     kernel: |want| + sigma(-t)|t|, so that the tail is asked for. Inside J it may be t - softplus(t) (BCE with logits)
                    or ln p_m - ln(p_m + nu p_n): |want| + |ln p_m| + |ln p_n| + |ln nu|, absolutely
    1 - sigma(t)    every derivative by t: 1 is a summand, and it may be exp(ln sigma(t) - t), so 1 + sigma(-t)|t| for the kernel and
                    1 + |ln p_m| + |ln p_n| + |ln nu| in J; of sigma (1 - sigma), sigma: so autodiff computes it
    ln p_m, ln p_n  what rounds inside them moves t, hence J by sigma(-t) and the gradient by sigma(t) sigma(-t) times that
    ICA             sqrt(2) sum_ij |B_ij u_j| + |c|
    Gaussian        1/2 |u|' |precision| |u| + |c| where the precision is given. Where cov is, with d = u - mean, P = cov^-1, L L' = cov:
                    1/2 kappa |d| |P d| + |P d|'(|u| + |mean|) + sum |ln L_ii| + 1/2 ||cov|| tr P + n/2 ln 2 pi. Cholesky, LU, an inverse
                    or an eigendecomposition, each backward stable (Higham 2002, chapters 9, 10 and 14), all move the
                    log-density by a small multiple of eps times this
    ln |det B|      sum |ln s_i| + sum_ij |B^-1|_ji r_i, s the singular values, r_i = max_j |B_ij| (LU with row pivoting)
    B^-T            |B^-1| R |B^-1|, R_ij = r_i
    networks        running sums of absolute summands: ``scales_network``; NCE's rivals and the leapfrog: ``scales_rivals``
    Sigma           sqrt(Sigma_ii Sigma_jj): an entry is 0 by symmetry where a quadrature has its error

Conventions
-----------
inputs   a vector's inputs; expected   the outputs as float64
out      the outputs' scales, of the same shape, in float64, rounded up to three digits; at least 1e-300
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.scales_network import NETWORK_RULES
from nce_ref.oracle.scales_rivals import RIVAL_RULES, of_importance_sampling

Scales = dict[str, Any]
Sample = tuple[
    Float, Float, Any
]  # G, the size of what it is the difference of, and what rounds inside that
FLOOR = 1e-300  # below, tiny decides
SQRT2 = math.sqrt(2.0)


def scales(objective: str, inputs: Mapping[str, Any], expected: Mapping[str, Float]) -> Scales:
    """The scale of every output, rounded up; |want| for an objective that has no rule of its own."""
    raw = (
        _RULES[objective](**inputs, want=expected)
        if objective in _RULES
        else {name: np.abs(want) for name, want in expected.items()}
    )
    return {
        name: _round_up(np.maximum(np.broadcast_to(scale, np.shape(expected[name])), FLOOR))
        for name, scale in raw.items()
    }


def _round_up(scale: Float) -> Float:
    """Up to three digits; a hair less first, so that 801 computed as 801.0000000001 stays 801 on every machine."""
    unit = 10.0 ** (np.floor(np.log10(scale)) - 2)
    return np.vectorize(lambda value: float(f"{value:.2e}"))(
        np.ceil(scale / unit * (1 - 1e-9)) * unit
    )


def _log_sigmoid(t: Float, want: Mapping[str, Float]) -> Scales:
    moved = _sigmoid(-t) * np.abs(t)
    return {"value": np.abs(want["value"]) + moved, "grad": 1 + moved}


def _sigmoid_kernel(t: Float, want: Mapping[str, Float]) -> Scales:
    value, other = _sigmoid(t), _sigmoid(-t)
    return {"value": value * (1 + other * np.abs(t)), "grad": value * (1 + other * np.abs(t))}


def _nce_from_log_ratios(
    log_ratio_data: Float, log_ratio_noise: Float, nu: float, want: Mapping[str, Float]
) -> Scales:
    data, noise = (
        (log_ratio, np.abs(log_ratio), 0.0) for log_ratio in (log_ratio_data, log_ratio_noise)
    )
    value, of_data, of_noise = _nce(data, noise, nu)
    return {"value": value, "grad_log_ratio_data": of_data, "grad_log_ratio_noise": of_noise}


def _binary_nce(
    log_model_data: Float,
    log_model_noise: Float,
    log_noise_data: Float,
    log_noise_noise: Float,
    nu: float,
    want: Mapping[str, Float],
) -> Scales:
    data, noise = (
        (log_model - log_noise, np.abs(log_model) + np.abs(log_noise), 0.0)
        for log_model, log_noise in (
            (log_model_data, log_noise_data),
            (log_model_noise, log_noise_noise),
        )
    )
    value, of_data, of_noise = _nce(data, noise, nu)
    return {"value": value, "grad_log_model_data": of_data, "grad_log_model_noise": of_noise}


def _gaussian_log_density(u: Float, mean: Float, cov: Float, want: Mapping[str, Float]) -> Scales:
    return {"value": _gaussian(u, mean, cov)[1]}


def _laplace_ica_log_density(B: Float, c: float, u: Float, want: Mapping[str, Float]) -> Scales:
    return {"value": _laplace(B, c, u)[1]}


def _laplace_ica_nce(
    B: Float,
    c: float,
    x: Float,
    y: Float,
    noise_mean: Float,
    noise_cov: Float,
    want: Mapping[str, Float],
) -> Scales:
    value, slope, points = _nce_of_model(lambda u: _laplace(B, c, u), x, y, noise_mean, noise_cov)
    return {
        "value": value,
        "grad_B": np.tile(SQRT2 * slope @ np.abs(points), (len(B), 1)),
        "grad_c": slope.sum(),
    }


def _laplace_ica_importance_sampling(
    B: Float, x: Float, y: Float, noise_mean: Float, noise_cov: Float, want: Mapping[str, Float]
) -> Scales:
    return of_importance_sampling(
        _laplace(B, 0.0, x), _laplace(B, 0.0, y), _gaussian(y, noise_mean, noise_cov), x, y
    )


def _gaussian_nce(
    precision: Float,
    c: float,
    x: Float,
    y: Float,
    noise_mean: Float,
    noise_cov: Float,
    want: Mapping[str, Float],
) -> Scales:
    def log_model(u: Float) -> tuple[Float, Float]:
        size = 0.5 * np.einsum("ti,ij,tj->t", np.abs(u), np.abs(precision), np.abs(u)) + abs(c)
        return -0.5 * np.einsum("ti,ij,tj->t", u, precision, u) + c, size

    value, slope, points = _nce_of_model(log_model, x, y, noise_mean, noise_cov)
    size = np.abs(points)
    return {
        "value": value,
        "grad_precision": 0.5 * np.einsum("t,ti,tj->ij", slope, size, size),
        "grad_c": slope.sum(),
    }


def _laplace_ica_mle(B: Float, x: Float, want: Mapping[str, Float]) -> Scales:
    n, inverse = len(B), np.abs(np.linalg.inv(B))
    row_max = np.abs(B).max(axis=1)
    log_det = np.abs(np.log(np.linalg.svd(B, compute_uv=False))).sum() + row_max @ inverse.sum(
        axis=0
    )
    value = _laplace(B, 0.0, x)[1].mean() + log_det + 0.5 * n * math.log(2.0)
    of_inverse = inverse @ np.tile(row_max[:, None], (1, n)) @ inverse
    return {
        "value": value,
        "grad_B": np.abs(want["grad_B"]) + SQRT2 * np.abs(x).mean(axis=0) + of_inverse.T,
    }


def _asymptotic_covariance(want: Mapping[str, Float], **inputs: Any) -> Scales:
    deviations = np.sqrt(np.diagonal(want["covariance"]))
    return {"covariance": np.outer(deviations, deviations)}


def _nce(data: Sample, noise: Sample, nu: float) -> tuple[float, Float, Float]:
    """Scales of J and of dJ/dG at every point of the data and of the noise."""
    value, slopes, log_nu, n_data = 0.0, [], math.log(nu), len(data[0])
    for (log_ratio, size, inside), sign in ((data, 1), (noise, -1)):
        t, outer = sign * (log_ratio - log_nu), size + abs(log_nu)
        slope = _sigmoid(-t)
        value += (np.logaddexp(0.0, -t) + outer + slope * inside).sum() / n_data
        slopes.append((1 + outer + slope * _sigmoid(t) * inside) / n_data)
    return float(value), slopes[0], slopes[1]


def _nce_of_model(
    log_model: Callable[[Float], tuple[Float, Float]],
    x: Float,
    y: Float,
    noise_mean: Float,
    noise_cov: Float,
) -> tuple[float, Float, Float]:
    """Scales of J and of dJ/dG at all points, data first, and the points."""

    def sample(u: Float) -> Sample:
        (model, inside_model), (noise, inside_noise) = (
            log_model(u),
            _gaussian(u, noise_mean, noise_cov),
        )
        return model - noise, np.abs(model) + np.abs(noise), inside_model + inside_noise

    value, of_data, of_noise = _nce(sample(x), sample(y), len(y) / len(x))
    return value, np.append(of_data, of_noise), np.concatenate([x, y])


def _laplace(B: Float, c: float, u: Float) -> tuple[Float, Float]:
    """ln p_m and the size of its summands."""
    return -SQRT2 * np.abs(u @ B.T).sum(axis=1) + c, SQRT2 * (np.abs(u) @ np.abs(B).T).sum(
        axis=1
    ) + abs(c)


def _gaussian(u: Float, mean: Float, cov: Float) -> tuple[Float, Float]:
    """ln N(u; mean, cov) and the size of its summands, the condition of cov included."""
    n, d, inverse = len(mean), u - mean, np.linalg.inv(cov)
    whitened = d @ inverse
    log_factor = np.log(np.diagonal(np.linalg.cholesky(cov)))
    log_density = (
        -0.5 * (d * whitened).sum(axis=1) - log_factor.sum() - 0.5 * n * math.log(2 * math.pi)
    )
    quadratic = (
        0.5 * np.linalg.cond(cov) * np.linalg.norm(whitened, axis=1) * np.linalg.norm(d, axis=1)
    )
    of_shift = (np.abs(whitened) * (np.abs(u) + np.abs(mean))).sum(axis=1)
    of_det = np.abs(log_factor).sum() + 0.5 * np.linalg.norm(cov, 2) * np.trace(inverse)
    return log_density, quadratic + of_shift + of_det + 0.5 * n * math.log(2 * math.pi)


def _sigmoid(t: Float) -> Float:
    return np.exp(-np.logaddexp(0.0, -t))


_RULES: dict[str, Callable[..., Scales]] = {
    "log_sigmoid": _log_sigmoid,
    "sigmoid": _sigmoid_kernel,
    "nce_from_log_ratios": _nce_from_log_ratios,
    "binary_nce": _binary_nce,
    "gaussian_log_density": _gaussian_log_density,
    "laplace_ica_log_density": _laplace_ica_log_density,
    "laplace_ica_nce": _laplace_ica_nce,
    "laplace_ica_mle": _laplace_ica_mle,
    "gaussian_nce": _gaussian_nce,
    "asymptotic_covariance": _asymptotic_covariance,
    **NETWORK_RULES,
    "laplace_ica_importance_sampling": _laplace_ica_importance_sampling,
    **RIVAL_RULES,
}
