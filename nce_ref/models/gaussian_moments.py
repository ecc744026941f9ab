r"""E[P_nu g g^T] and E[P_nu g] of the zero-mean Gaussian model under zero-mean Gaussian noise, exact up to rounding.

Conventions
-----------
precision  (n, n) Lambda, symmetric positive definite; data density Normal(0, Lambda^-1)
theta      (lower triangle of Lambda row by row, c): g = -u_a u_b (a > b), -u_a^2/2 (a = b), 1
V          (n, n): u = V z makes data and noise both diagonal, z ~ Normal(0, I) under the data, Normal(0, diag(tau^2)) under the noise
q          (n, n): E[P z_i^2 z_j^2], q_ii = E[P z_i^4]
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.models.moments import Complex, Moments, posterior_moments


def gaussian_moments(precision: Float, noise: Any, nu: float) -> Moments | None:
    r"""Return I_nu and m_nu, or None unless nu = inf or ``noise`` has ``normal_parameters`` of mean zero.

    z_i is distributed under p_d^(1-s) p_n^s as a (complex) Gaussian of precision p_i = 1 - s + s/tau_i^2, Re p_i > 0, so

        E[e^(-sG)] = prod_i tau_i^-s p_i^(-1/2),  and z_i^2, z_i^2 z_j^2, z_i^4 bring 1/p_i, 1/(p_i p_j), 3/p_i^2.

    Raises ValueError where the noise has another dimension than the model.
    """
    n = len(precision)
    L = np.linalg.cholesky(precision)
    if math.isinf(nu):
        V = np.linalg.inv(L).T
        versions, method = (
            [np.concatenate([np.ones(1 + n), (np.ones((n, n)) + 2.0 * np.eye(n)).ravel()])],
            "closed form (P = 1)",
        )
    elif hasattr(noise, "normal_parameters"):
        mean, cov = (np.asarray(a) for a in noise.normal_parameters)
        if cov.shape != (n, n):
            raise ValueError(f"noise: got dimension {len(cov)}; expected {n}, the model's")
        if mean.any():
            return None
        variances, U = np.linalg.eigh(L.T @ cov @ L)
        V = np.linalg.solve(L.T, U)
        value, others = posterior_moments(lambda s: _tilted(s, variances), nu)
        versions, method = (
            [value, *others],
            "contour integral over the sum of the log-ratios of the joint principal axes",
        )
    else:
        return None
    pairs = [_assemble(v, V) for v in versions]
    return Moments(*pairs[0], alternatives=tuple(pairs[1:]), random=False, floor=0.0, method=method)


def _tilted(s: Complex, variances: Float) -> Complex:
    """E[f e^(-sG)] for f = 1, z_i^2, z_i^2 z_j^2 (all i, j): (1 + n + n^2, n_nodes)."""
    n = len(variances)
    p = 1.0 - s + s / variances[:, None]
    # Re p > 0: the principal branch of every factor is the continuous one; the root of the product would not be.
    total = np.exp(-0.5 * (s * np.log(variances).sum() + np.log(p).sum(axis=0)))
    fourth = (1.0 + 2.0 * np.eye(n))[:, :, None] / (p[:, None] * p[None])
    return total * np.concatenate([np.ones((1, len(s))), 1.0 / p, fourth.reshape(n * n, len(s))])


def _assemble(moments: Float, V: Float) -> tuple[Float, Float]:
    """From the even moments of z to I_nu and m_nu in theta coordinates; odd ones vanish, P_nu being even in each z_i."""
    n = len(V)
    q = moments[1 + n :].reshape(n, n)
    a, b = np.tril_indices(n)
    weight = -np.where(a == b, 0.5, 1.0)[:, None]
    i, j = np.triu_indices(n, 1)
    squares = weight * V[a] * V[b]
    products = weight * (V[a][:, i] * V[b][:, j] + V[a][:, j] * V[b][:, i])
    k = len(a)
    information = np.empty((k + 1, k + 1))
    information[:k, :k] = squares @ q @ squares.T + (products * q[i, j]) @ products.T
    mean = np.concatenate([squares @ moments[1 : 1 + n], moments[:1]])
    information[k], information[:, k] = mean, mean
    return 0.5 * (information + information.T), mean
