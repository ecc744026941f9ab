r"""The scales of log-densities and of the likelihood: the summands of every form that textbooks and frameworks use.

    ICA             sqrt(2) sum_ij |B_ij u_j| + |c|
    Gaussian        1/2 |u|' |precision| |u| + |c| where the precision is given. Where cov is, with d = u - mean, P =
                    cov^-1, L L' = cov: 1/2 kappa |d| |P d| + |P d|'(|u| + |mean|) + sum |ln L_ii| + 1/2 ||cov|| tr P +
                    n/2 ln 2 pi. Cholesky, LU, an inverse or an eigendecomposition, each backward stable (Higham 2002,
                    chapters 9, 10 and 14), all move the log-density by a small multiple of eps times this
    ln |det B|     sum |ln s_i| + sum_ij |B^-1|_ji r_i, s the singular values, r_i = max_j |B_ij| (LU with row pivoting)
    B^-T            |B^-1| R |B^-1|, R_ij = r_i

Conventions
-----------
inputs   a vector's; want: the outputs as float64; out: the outputs' scales in float64
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales

SQRT2 = math.sqrt(2.0)


def laplace(B: Float, c: float, u: Float) -> tuple[Float, Float]:
    """ln p_m and the size of its summands."""
    return -SQRT2 * np.abs(u @ B.T).sum(axis=1) + c, SQRT2 * (np.abs(u) @ np.abs(B).T).sum(
        axis=1
    ) + abs(c)


def gaussian_of_precision(precision: Float, c: float, u: Float) -> tuple[Float, Float]:
    """-1/2 u' precision u + c and the size of its summands."""
    size = 0.5 * np.einsum("ti,ij,tj->t", np.abs(u), np.abs(precision), np.abs(u)) + abs(c)
    return -0.5 * np.einsum("ti,ij,tj->t", u, precision, u) + c, size


def gaussian(u: Float, mean: Float, cov: Float) -> tuple[Float, Float]:
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


def gaussian_log_density(u: Float, mean: Float, cov: Float, want: Mapping[str, Float]) -> Scales:
    """Scales of ln N(u; mean, cov)."""
    return {"value": gaussian(u, mean, cov)[1]}


def laplace_ica_log_density(B: Float, c: float, u: Float, want: Mapping[str, Float]) -> Scales:
    """Scales of ln p_m."""
    return {"value": laplace(B, c, u)[1]}


def laplace_ica_mle(B: Float, x: Float, want: Mapping[str, Float]) -> Scales:
    """Scales of the mean log-likelihood and of its derivative."""
    n, inverse = len(B), np.abs(np.linalg.inv(B))
    row_max = np.abs(B).max(axis=1)
    log_det = np.abs(np.log(np.linalg.svd(B, compute_uv=False))).sum() + row_max @ inverse.sum(
        axis=0
    )
    value = laplace(B, 0.0, x)[1].mean() + log_det + 0.5 * n * math.log(2.0)
    of_inverse = inverse @ np.tile(row_max[:, None], (1, n)) @ inverse
    return {
        "value": value,
        "grad_B": np.abs(want["grad_B"]) + SQRT2 * np.abs(x).mean(axis=0) + of_inverse.T,
    }
