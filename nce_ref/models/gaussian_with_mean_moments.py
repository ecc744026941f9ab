r"""E[P_nu g g^T] and E[P_nu g] of the Gaussian with a mean under any normal noise: contour integrals, exact up to
rounding.

z = M^T (u - mean) is Normal(0, I) under the data and Normal(m, diag(tau^2)) under the noise, both in independent
coordinates. Under p_d^(1-s) p_n^s each z_i is a (complex) Gaussian of variance v = 1/p and mean q = s m/(tau^2 p), p =
1 - s + s/tau^2, Re p > 0, and

    E[e^(-sG)] = prod_i tau_i^-s p_i^(-1/2) exp(-s (1 - s) m_i^2/(2 tau_i^2 p_i))

times the moments of products of up to four z, from 1, q, q^2 + v, q^3 + 3 q v and q^4 + 6 q^2 v + 3 v^2.

Conventions
-----------
theta      (eta, lower triangle of Lambda row by row, c) as in ``GaussianWithMean``
local      (d, lower triangle of D row by row, c'): ln p_m = d.z - 1/2 z^T D z + c', at the truth d = 0, D = I: well
           conditioned
monomials  products of at most four of z_1 .. z_n, as sorted tuples of indices
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.models.moments import Complex, Moments, posterior_moments

LARGEST = 12  # beyond, there are thousands of monomials of degree four
_EPS = float(np.finfo(float).eps)
_NORMAL = (1.0, 0.0, 1.0, 0.0, 3.0)


def gaussian_with_mean_moments(
    mean: Float, precision: Float, noise: Any, nu: float
) -> Moments | None:
    """Return I_nu and m_nu, or None above 12 dimensions, and unless nu = inf or ``noise`` has ``normal_parameters``.

    Raises ValueError where the noise has another dimension than the model.
    """
    n = len(precision)
    if n > LARGEST:
        return None
    L = np.linalg.cholesky(precision)
    monomials = [m for k in range(5) for m in itertools.combinations_with_replacement(range(n), k)]
    if math.isinf(nu):
        powers = np.array([[m.count(i) for i in range(n)] for m in monomials])
        versions = [np.asarray(_NORMAL)[powers].prod(axis=1)]
        root, rounding = L, np.zeros(len(monomials))
        method = "closed form (P = 1)"
    elif hasattr(noise, "normal_parameters"):
        noise_mean, cov = (np.asarray(a) for a in noise.normal_parameters)
        if cov.shape != (n, n):
            raise ValueError(f"noise: got dimension {len(cov)}; expected {n}, the model's")
        variances, U = np.linalg.eigh(L.T @ cov @ L)
        root = L @ U
        m = root.T @ (noise_mean - mean)
        condition = float(np.linalg.cond(cov / np.sqrt(np.outer(np.diag(cov), np.diag(cov)))))
        known = n * _EPS * (condition + float(np.linalg.cond(precision)))
        sizes = float(np.abs(np.log(variances)).sum() + (m * m / variances).sum())

        def error_of_tilted(s: Complex) -> Float:
            # Variances and means are known to ``known`` of themselves, and enter with the power s; the rest is
            # rounding.
            size = np.abs(s)
            return np.asarray(
                size * (_EPS * sizes + (n + sizes) * known)
                + _EPS * (16.0 + n * np.log1p(size + size * sizes))
            )

        value, others, bounds = posterior_moments(
            lambda s: _tilted(s, m, variances, monomials), nu, error_of_tilted
        )
        # The second half of the rows are sizes: what the first half's rounding is relative to.
        half = len(monomials)
        versions, rounding = [v[:half] for v in (value, *others)], bounds[half:]
        method = "contour integral over the sum of the log-ratios of the joint principal axes"
    else:
        return None
    places = {m: k for k, m in enumerate(monomials)}
    pairs = [_assemble(v, n, places) for v in versions]
    return Moments(
        *pairs[0],
        alternatives=tuple(pairs[1:]),
        random=False,
        error=np.abs(_assemble(rounding, n, places, sizes=True)[0]),
        method=method,
        change=_change(np.asarray(root, dtype=np.float64), mean),
    )


def _tilted(s: Complex, m: Float, variances: Float, monomials: list[tuple[int, ...]]) -> Complex:
    """E[f e^(-sG)] for each monomial f, and below them the same with the sizes of all terms: (2 n_monomials,
    n_nodes)."""
    n, tau2 = len(m), variances[:, None]
    p = 1.0 - s + s / tau2
    q, v = s * m[:, None] / (tau2 * p), 1.0 / p
    exponent = -0.5 * (
        s * np.log(tau2) + np.log(p) + s * (1.0 - s) * m[:, None] ** 2 / (tau2 * p)
    ).sum(axis=0)
    total, rows = np.exp(exponent), []
    for mean, variance in ((q, v), (np.abs(q), np.abs(v))):
        one = np.ones_like(mean)
        squared = mean * mean
        table = np.stack(
            [
                one,
                mean,
                squared + variance,
                mean * (squared + 3.0 * variance),
                squared * (squared + 6.0 * variance) + 3.0 * variance * variance,
            ]
        )
        for monomial in monomials:
            row = total if mean is q else np.abs(total).astype(complex)
            for i in set(monomial):
                row = row * table[monomial.count(i), i]
            rows.append(row)
    return np.stack(rows) if n else total[None]


def _assemble(
    moments: Float, n: int, places: dict[tuple[int, ...], int], sizes: bool = False
) -> tuple[Float, Float]:
    """From the monomials of z to I_nu and m_nu in the local coordinates; with ``sizes``, of the terms' sizes."""
    a, b = np.tril_indices(n)
    features: list[tuple[float, tuple[int, ...]]] = [(1.0, (i,)) for i in range(n)]
    features += [(-0.5 if i == j else -1.0, (int(i), int(j))) for i, j in zip(a, b)]
    features.append((1.0, ()))
    factors = np.array([factor for factor, _ in features])
    factors = np.abs(factors) if sizes else factors
    rows = np.array(
        [[places[tuple(sorted(one + other))] for _, other in features] for _, one in features]
    )
    information = np.outer(factors, factors) * moments[rows]
    return information, information[-1].copy()


def _change(root: Float, mean: Float) -> Float:
    """W from the local coordinates to theta: Lambda = M D M^T, eta = M d + Lambda mean, c = c' - d.t - 1/2 t^T D t, t =
    M^T mean."""
    n = len(root)
    a, b = np.tril_indices(n)
    E = np.zeros((len(a), n, n))
    E[np.arange(len(a)), a, b] = E[np.arange(len(a)), b, a] = 1.0
    moved, t = root @ E @ root.T, root.T @ mean
    change = np.eye(n + len(a) + 1)
    change[:n, :n] = root
    change[:n, n:-1] = (moved @ mean).T
    change[n:-1, n:-1] = moved[:, a, b].T
    change[-1, :n] = -t
    change[-1, n:-1] = -0.5 * np.einsum("kij,i,j->k", E, t, t)
    return change
