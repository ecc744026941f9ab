r"""E[P_nu g g^T] and E[P_nu g] of the Laplace ICA model, exact up to rounding, for any number of sources.

Conventions
-----------
B              (n, n) demixing matrix at the truth;  s = B u are the sources: independent, Laplace, unit variance
A              (n, n) = B^-1;  theta = (B row by row, c), n^2 + 1 numbers
eta            the relative parameters: B -> (I + E) B, eta = (E row by row, c);  g_theta = blockdiag(A, .., A, 1) g_eta
tau            (n,)   standard deviations of Gaussian noise in source coordinates, B cov B^T = diag(tau^2)
psi            (3, n, n_nodes)   psi[m, i] = E[|s_i|^m exp(-z l_i(s_i))], l_i = ln Laplace - ln Normal(0, tau_i^2)

Three cases have a closed form or a one-dimensional one: P_nu = 1 (nu = inf); noise equal to the data's density
(P_nu = nu/(1+nu)); Gaussian noise of mean zero whose covariance is diagonal in source coordinates, above all the noise
with the data's own covariance. Any other Gaussian noise is integrated orthant by orthant for two and three sources
(``laplace_ica_orthants.py``). For anything else the answer is None, and the caller integrates over n dimensions.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from scipy.special import wofz

from nce_ref._checks import Float
from nce_ref.models.laplace_ica_orthants import orthant_moments
from nce_ref.models.moments import Complex, Moments, posterior_moments
from nce_ref.special import SQRT_2

# |entries that should vanish| up to this are taken as rounding of B and cov, and counted in the stated error.
_ROUNDING = 1e-8


def laplace_ica_moments(B: Float, noise: Any, nu: float) -> Moments | None:
    r"""Return I_nu and m_nu in theta coordinates, or None where ``noise`` has no structure to use.

    B must be invertible and c normalise (the caller has checked both). ``noise`` tells its law by ``laplace_demixing``
    or ``normal_parameters`` (see ``noise/``; plain ``B``, ``mean`` or ``cov`` promise no law and are not read); it is not
    looked at for nu = inf.

    With g_E_ij = -sqrt2 sign(s_i) s_j, g_c = 1, and P_nu even in every source, flipping the sign of one source kills
    all entries of I_nu but (a_i = E[P|s_i|], q_ij = E[P|s_i||s_j|], q_ii = E[P s_i^2])

        (E_ij, E_ij): 2 q_jj    (E_ij, E_ji), (E_ii, E_jj): 2 q_ij    (E_ii, c): -sqrt2 a_i    (c, c): E[P].

    That is the contour integral's case; for Gaussian noise that is not even in every source, and n = 2 or 3, see ``orthant_moments``.

    Raises ValueError where the noise has another dimension than the model, or underflows on all of the data.
    """
    n = len(B)
    floor = 0.0
    if math.isinf(nu):
        versions, method = [_constant_weight(n, 1.0)], "closed form (P = 1)"
    elif hasattr(noise, "laplace_demixing"):
        other = np.asarray(noise.laplace_demixing)
        _refuse_other_dimension(other, n)
        distance = _distance_from_signed_permutation(np.linalg.solve(B.T, other.T).T)
        if distance > _ROUNDING:
            return None
        floor = 10.0 * distance
        versions, method = (
            [_constant_weight(n, nu / (1.0 + nu))],
            "closed form (noise density = data density)",
        )
    elif hasattr(noise, "normal_parameters"):
        mean_of_noise, cov_of_noise = (np.asarray(a) for a in noise.normal_parameters)
        _refuse_other_dimension(cov_of_noise, n)
        cov = B @ cov_of_noise @ B.T
        tau = np.sqrt(np.diag(cov))
        # In units of its standard deviation the noise must be centred and uncorrelated.
        distance = max(
            float(np.abs(cov / np.outer(tau, tau) - np.eye(n)).max()),
            float(np.abs(B @ mean_of_noise / tau).max()),
        )
        if distance > _ROUNDING:
            return _by_orthants(B, mean_of_noise, cov, nu)
        floor = 10.0 * distance
        value, others = posterior_moments(lambda s: _tilted(s, tau), nu)
        versions, method = (
            [value, *others],
            "contour integral over the sum of the sources' log-ratios",
        )
    else:
        return None
    pairs = [_in_theta(_assemble(v, n), B) for v in versions]
    return Moments(
        *pairs[0], alternatives=tuple(pairs[1:]), random=False, floor=floor, method=method
    )


def _by_orthants(B: Float, mean_of_noise: Float, cov: Float, nu: float) -> Moments | None:
    found = orthant_moments(B @ mean_of_noise, 0.5 * (cov + cov.T), nu)
    if found is None:
        return None
    (information, mean), *others = (
        _in_theta(pair, B) for pair in ((found.information, found.mean), *found.alternatives)
    )
    return dataclasses.replace(
        found, information=information, mean=mean, alternatives=tuple(others)
    )


def half_line_moments(z: Complex, tau: float) -> Complex:
    r"""Return psi_m(z) = int_0^inf sqrt2 e^(-sqrt2 s) s^m e^(-z l(s)) ds for m = 0, 1, 2: shape (3, n_nodes); 0 < Re z < 1.

    l(s) = ln(pi tau^2)/2 - sqrt2 s + s^2/(2 tau^2), so with gamma = z/(2 tau^2) and x = sqrt2 (1-z) / (2 sqrt gamma)

        psi_m = sqrt2 (pi tau^2)^(-z/2) gamma^(-(m+1)/2) J_m(x),   J_m(x) = int_0^inf t^m e^(-t^2 - 2xt) dt.
    """
    root = np.sqrt(z) / (SQRT_2 * tau)
    front = SQRT_2 * np.exp(-0.5 * z * math.log(math.pi * tau**2)) / root
    J = _gaussian_tail_moments((1.0 - z) / (SQRT_2 * root))
    return np.stack([front * J[0], front / root * J[1], front / root**2 * J[2]])


def _gaussian_tail_moments(x: Complex) -> Complex:
    r"""J_m(x) = int_0^inf t^m e^(-t^2 - 2xt) dt, m = 0, 1, 2, for |arg x| < 3 pi/4; relative error about 1e-12.

    Where Re x < 0, the integral over the whole line minus the one with -x, so that below Re x >= 0.
    J_0 = sqrt(pi)/2 w(ix) with Faddeeva's w, J_1 = (1 - 2x J_0)/2, J_2 = (J_0 - 2x J_1)/2. Both subtractions cancel
    all but 1/x^2 of their terms, so beyond |x| = 7 the asymptotic series sum_k (-1)^k (m+2k)!/k! (2x)^-(m+2k+1) is
    used instead, whose twentieth term is below 1e-15 there.
    """
    flipped = x.real < 0.0
    y = np.where(flipped, -x, x)
    J = np.empty((3, *x.shape), dtype=np.complex128)
    far = np.abs(y) > 7.0
    v = y[~far]
    J[0, ~far] = 0.5 * math.sqrt(math.pi) * wofz(1j * v)
    J[1, ~far] = 0.5 - v * J[0, ~far]
    J[2, ~far] = 0.5 * J[0, ~far] - v * J[1, ~far]
    inverse = 0.5 / y[far]
    for m in range(3):
        term = math.factorial(m) * inverse ** (m + 1)
        total = term.copy()
        for k in range(20):
            term = term * (-(m + 2 * k + 1) * (m + 2 * k + 2) / (k + 1)) * inverse**2
            total += term
        J[m, far] = total
    # Re x < 0 means |arg x| in (pi/2, 3 pi/4) on the contour, where |e^(x^2)| <= 1: no overflow.
    xf = x[flipped]
    line = math.sqrt(math.pi) * np.exp(xf**2)
    for m, moment in enumerate((line, -xf * line, (xf**2 + 0.5) * line)):
        J[m, flipped] = moment - (-1) ** m * J[m, flipped]
    return J


def _tilted(s: Complex, tau: Float) -> Complex:
    """E[f e^(-sG)] for f = 1, |s_i|, s_i^2, |s_i||s_j| (i < j, row by row): (1 + 2n + n(n-1)/2, n_nodes)."""
    n = len(tau)
    # Equal noise scales, the usual case, cost one evaluation.
    scales, which = np.unique(tau, return_inverse=True)
    psi = np.stack([half_line_moments(s, float(t)) for t in scales], axis=1)[:, which]
    # psi_0 has zeros near the contour: products over the others, never quotients.
    before, after = (
        np.ones((n + 1, len(s)), dtype=np.complex128),
        np.ones((n + 1, len(s)), dtype=np.complex128),
    )
    for i in range(n):
        before[i + 1] = before[i] * psi[0, i]
        after[n - 1 - i] = after[n - i] * psi[0, n - 1 - i]
    others = before[:n] * after[1:]
    rows = [before[n][None], others * psi[1], others * psi[2]]
    for i in range(n - 1):
        between = before[i] * psi[1, i]
        for j in range(i + 1, n):
            rows.append((between * psi[1, j] * after[j + 1])[None])
            between = between * psi[0, j]
    return np.concatenate(rows)


def _constant_weight(n: int, weight: float) -> Float:
    """The same list of moments for constant P: E|s| = 1/sqrt2, E s^2 = 1, E|s_i||s_j| = 1/2."""
    return weight * np.concatenate(
        [[1.0], np.full(n, math.sqrt(0.5)), np.ones(n), np.full(n * (n - 1) // 2, 0.5)]
    )


def _assemble(moments: Float, n: int) -> tuple[Float, Float]:
    """I_nu and m_nu in eta coordinates from the list of moments, in the order of ``_tilted``."""
    q = np.diag(moments[1 + n : 1 + 2 * n])
    q[np.triu_indices(n, 1)] = moments[1 + 2 * n :]
    q = np.triu(q) + np.triu(q, 1).T
    row, column = np.divmod(np.arange(n * n), n)
    information = np.zeros((n * n + 1, n * n + 1))
    for p, (i, j) in enumerate(zip(row, column)):
        information[p, p] = 2.0 * q[j, j]
        if i == j:
            information[p, : n * n : n + 1] = 2.0 * q[i]
        else:
            information[p, j * n + i] = 2.0 * q[i, j]
    mean = np.zeros(n * n + 1)
    mean[: n * n : n + 1] = -SQRT_2 * moments[1 : 1 + n]
    mean[-1] = moments[0]
    information[-1], information[:, -1] = mean, mean
    return information, mean


def _in_theta(eta: tuple[Float, Float], B: Float) -> tuple[Float, Float]:
    """From eta to theta coordinates: dB = E B, hence the gradient's row i is A times E's row i."""
    n = len(B)
    change = np.eye(n * n + 1)
    change[:-1, :-1] = np.kron(np.eye(n), np.linalg.inv(B))
    information = change @ eta[0] @ change.T
    return 0.5 * (information + information.T), change @ eta[1]


def _refuse_other_dimension(matrix: Any, n: int) -> None:
    if np.shape(matrix) != (n, n):
        raise ValueError(f"noise: got dimension {len(matrix)}; expected {n}, the model's")


def _distance_from_signed_permutation(R: Float) -> float:
    """0 where the rows of noise.B are those of B up to order and sign, which leaves the Laplace density unchanged."""
    size = np.abs(R)
    nearest = np.zeros_like(size)
    nearest[np.arange(len(R)), size.argmax(axis=1)] = 1.0
    if (nearest.sum(axis=0) != 1.0).any():
        return math.inf
    return float(np.abs(size - nearest).max())
