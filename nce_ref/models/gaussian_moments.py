r"""E[P_nu g g^T] and E[P_nu g] of the zero-mean Gaussian model under zero-mean Gaussian noise, exact up to rounding.

Conventions
-----------
precision  (n, n) Lambda, symmetric positive definite; data density Normal(0, Lambda^-1)
theta      (lower triangle of Lambda row by row, c): g = -u_a u_b (a > b), -u_a^2/2 (a = b), 1
z          u = M^-T z makes data and noise both diagonal, z ~ Normal(0, I) under the data, Normal(0, diag(tau^2)) under
           the noise
D          (n, n): the precision of z, Lambda = M D M^T, at the truth I: in its coordinates I_nu is well conditioned
q          (n, n): E[P z_i^2 z_j^2], q_ii = E[P z_i^4]
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.models.moments import Complex, Moments, posterior_moments

_EPS = float(np.finfo(float).eps)


def gaussian_moments(precision: Float, noise: Any, nu: float) -> Moments | None:
    r"""Return I_nu and m_nu, or None unless nu = inf or ``noise`` has ``normal_parameters`` of mean zero.

    z_i is distributed under p_d^(1-s) p_n^s as a (complex) Gaussian of precision p_i = 1 - s + s/tau_i^2, Re p_i > 0,
    so

        E[e^(-sG)] = prod_i tau_i^-s p_i^(-1/2),  and z_i^2, z_i^2 z_j^2, z_i^4 bring 1/p_i, 1/(p_i p_j), 3/p_i^2.

    Raises ValueError where the noise has another dimension than the model.
    """
    n = len(precision)
    L = np.linalg.cholesky(precision)
    if math.isinf(nu):
        root = L
        value = np.concatenate([np.ones(1 + n), (np.ones((n, n)) + 2.0 * np.eye(n)).ravel()])
        versions, rounding, method = [value], np.zeros(len(value)), "closed form (P = 1)"
    elif hasattr(noise, "normal_parameters"):
        mean, cov = (np.asarray(a) for a in noise.normal_parameters)
        if cov.shape != (n, n):
            raise ValueError(f"noise: got dimension {len(cov)}; expected {n}, the model's")
        if mean.any():
            return None
        variances, U = np.linalg.eigh(L.T @ cov @ L)
        root = L @ U
        sizes = np.abs(np.log(variances)).sum()
        condition = float(np.linalg.cond(cov / np.sqrt(np.outer(np.diag(cov), np.diag(cov)))))

        def error_of_tilted(s: Complex) -> Float:
            size = np.abs(s)
            # Each variance is known to n eps times the condition number of what it comes from, and enters with the
            # power s; the logarithms and the roots of p, (n/2) ln p at most, are rounded.
            known = n * _EPS * (condition + np.linalg.cond(precision))
            return np.asarray(
                size * (_EPS * sizes + n * known) + _EPS * (8.0 + n * np.log1p(size + size * sizes))
            )

        value, others, rounding = posterior_moments(
            lambda s: _tilted(s, variances), nu, error_of_tilted
        )
        versions = [value, *others]
        method = "contour integral over the sum of the log-ratios of the joint principal axes"
    else:
        return None
    # In z the entries are a few moments, all positive: W = V's own action, no inverse of it.
    pairs = [_assemble(v, n) for v in versions]
    return Moments(
        *pairs[0],
        alternatives=tuple(pairs[1:]),
        random=False,
        error=np.abs(_assemble(rounding, n)[0]),
        method=method,
        change=_change(np.asarray(root, dtype=np.float64)),
    )


def _tilted(s: Complex, variances: Float) -> Complex:
    """E[f e^(-sG)] for f = 1, z_i^2, z_i^2 z_j^2 (all i, j): (1 + n + n^2, n_nodes)."""
    n = len(variances)
    p = 1.0 - s + s / variances[:, None]
    # Re p > 0: the principal branch of every factor is the continuous one; the root of the product would not be.
    total = np.exp(-0.5 * (s * np.log(variances).sum() + np.log(p).sum(axis=0)))
    fourth = (1.0 + 2.0 * np.eye(n))[:, :, None] / (p[:, None] * p[None])
    return total * np.concatenate([np.ones((1, len(s))), 1.0 / p, fourth.reshape(n * n, len(s))])


def _assemble(moments: Float, n: int) -> tuple[Float, Float]:
    """From the even moments of z to I_nu and m_nu in the coordinates (lower triangle of D, c); odd ones vanish, P_nu
    being even."""
    q = moments[1 + n :].reshape(n, n)
    a, b = np.tril_indices(n)
    diagonal = np.flatnonzero(a == b)
    information = np.diag(np.append(q[a, b], moments[0]))
    information[np.ix_(diagonal, diagonal)] = 0.25 * q
    mean = np.zeros(len(a) + 1)
    mean[diagonal], mean[-1] = -0.5 * moments[1 : 1 + n], moments[0]
    information[-1], information[:, -1] = mean, mean
    return information, mean


def _change(root: Float) -> Float:
    """W of Lambda = M D M^T, M = ``root``, from the lower triangle of D to that of Lambda; c is left alone."""
    a, b = np.tril_indices(len(root))
    pairs = root[a][:, a] * root[b][:, b] + np.where(a == b, 0.0, root[a][:, b] * root[b][:, a])
    change = np.eye(len(a) + 1)
    change[:-1, :-1] = pairs
    return change
