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
from functools import cache
from typing import Any

import numpy as np
from scipy.special import wofz

from nce_ref._checks import Float
from nce_ref.models.laplace_ica_orthants import orthant_moments
from nce_ref.models.moments import Complex, Moments, posterior_moments
from nce_ref.special import SQRT_2

# |entries that should vanish| up to this are taken as rounding of B and cov, and counted in the stated error.
_ROUNDING = 1e-8
_EPS = float(np.finfo(float).eps)
_STEP = 1e-4  # of a derivative by ln tau of which the size is all that matters
# Relative error of J_m, hence of psi_m, apart from that of (pi tau^2)^(-z/2) and of the reflection
# (``_half_line_error``): twice the largest against 40 digits at some 2000 x with |x| from 0.01 to 40, on both sides of
# the changes of method at 1 and 8.
HALF_LINE_ERROR = 1e-14


def laplace_ica_moments(B: Float, noise: Any, nu: float) -> Moments | None:
    r"""Return I_nu and m_nu in theta coordinates, or None where ``noise`` has no structure to use.

    B must be invertible and c normalise (the caller has checked both). ``noise`` tells its law by ``laplace_demixing``
    or ``normal_parameters`` (see ``noise/``; plain ``B``, ``mean`` or ``cov`` promise no law and are not read); it is
    not looked at for nu = inf.

    With g_E_ij = -sqrt2 sign(s_i) s_j, g_c = 1, and P_nu even in every source, flipping the sign of one source kills
    all entries of I_nu but (a_i = E[P|s_i|], q_ij = E[P|s_i||s_j|], q_ii = E[P s_i^2])

        (E_ij, E_ij): 2 q_jj    (E_ij, E_ji), (E_ii, E_jj): 2 q_ij    (E_ii, c): -sqrt2 a_i    (c, c): E[P].

    That is the contour integral's case; for Gaussian noise that is not even in every source, and n = 2 or 3, see
    ``orthant_moments``.

    Raises ValueError where the noise has another dimension than the model, or underflows on all of the data.
    """
    n = len(B)
    # Laplace noise off by ``distance`` has another ln p_n, by sqrt2 distance |s|, n of them; E|s|^3 is 3/sqrt2 times E
    # s^2.
    distance, sensitivity = 0.0, 3.0 * n
    rounding = _EPS * _constant_weight(n, 1.0)
    if math.isinf(nu):
        versions, method = [_constant_weight(n, 1.0)], "closed form (P = 1)"
    elif hasattr(noise, "laplace_demixing"):
        other = np.asarray(noise.laplace_demixing)
        _refuse_other_dimension(other, n)
        distance = _distance_from_the_same_rows(other, B)
        if distance > _ROUNDING:
            return None
        versions, method = (
            [_constant_weight(n, nu / (1.0 + nu))],
            "closed form (noise density = data density)",
        )
    elif hasattr(noise, "normal_parameters"):
        mean_of_noise, cov_of_noise = (np.asarray(a) for a in noise.normal_parameters)
        _refuse_other_dimension(cov_of_noise, n)
        cov = _congruence(B, cov_of_noise)
        tau = np.sqrt(np.diag(cov))
        # In units of its standard deviation the noise must be centred and uncorrelated.
        distance = max(
            float(np.abs(cov / np.outer(tau, tau) - np.eye(n)).max()),
            float(np.abs(B @ mean_of_noise / tau).max()),
        )
        # B cov B^T and B mean are sums of terms that may cancel: each is rounded, their sum is not.
        terms = np.abs(B) @ np.abs(cov_of_noise) @ np.abs(B).T / np.outer(tau, tau)
        of_mean = n * (np.abs(B) @ np.abs(mean_of_noise) / tau).max()
        known = 2.0 * _EPS * max(terms.max(), of_mean)
        if distance > _ROUNDING:
            moments = orthant_moments(B @ mean_of_noise, 0.5 * (cov + cov.T), nu, float(known))
            return None if moments is None else dataclasses.replace(moments, change=_change(B))
        distance = max(distance, float(known))
        sizes = float(np.abs(np.log(math.pi * tau**2)).sum())

        def error_of_tilted(s: Complex) -> Float:
            of_sources = sum(_half_line_error(s, float(t)) for t in tau)
            return np.asarray(of_sources + _EPS * np.abs(s) * sizes)

        value, others, rounding = posterior_moments(lambda s: _tilted(s, tau), nu, error_of_tilted)
        versions = [value, *others]
        # A law off by ``distance`` has another ln p_n, by distance (s/tau)^2 at most, n of them. E[P(1-P) f (s/tau)^2]
        # is the moment's derivative by ln tau, and E[P(1-P) f], which is below the moment.
        moved = posterior_moments(lambda s: _tilted(s, tau * (1.0 + _STEP)), nu, error_of_tilted)[0]
        sensitivity = n * (n + float((np.abs(moved / value - 1.0)).max()) / _STEP)
        method = "contour integral over the sum of the sources' log-ratios"
    else:
        return None
    pairs = [_assemble(v, n) for v in versions]
    size = np.sqrt(np.diag(pairs[0][0]))
    return Moments(
        *pairs[0],
        alternatives=tuple(pairs[1:]),
        random=False,
        error=np.abs(_assemble(rounding, n)[0]) + sensitivity * distance * np.outer(size, size),
        method=method,
        change=_change(B),
    )


def _congruence(B: Float, cov: Float) -> Float:
    """B cov B^T, symmetric; the sums are exact, so that the error is 2 eps |B||cov||B|^T whatever n."""
    n = len(B)
    found = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            found[i, j] = found[j, i] = math.fsum((B[i][:, None] * cov * B[j]).ravel().tolist())
    return found


def half_line_moments(z: Complex, tau: float) -> Complex:
    r"""Return psi_m(z) = int_0^inf sqrt2 e^(-sqrt2 s) s^m e^(-z l(s)) ds for m = 0, 1, 2: shape (3, n_nodes); 0 < Re z
    < 1.

    l(s) = ln(pi tau^2)/2 - sqrt2 s + s^2/(2 tau^2), so with gamma = z/(2 tau^2) and x = sqrt2 (1-z) / (2 sqrt gamma)

        psi_m = sqrt2 (pi tau^2)^(-z/2) gamma^(-(m+1)/2) J_m(x),   J_m(x) = int_0^inf t^m e^(-t^2 - 2xt) dt.
    """
    root = np.sqrt(z) / (SQRT_2 * tau)
    front = SQRT_2 * np.exp(-0.5 * z * math.log(math.pi * tau**2)) / root
    J = _gaussian_tail_moments((1.0 - z) / (SQRT_2 * root))
    return np.stack([front * J[0], front / root * J[1], front / root**2 * J[2]])


def _half_line_error(z: Complex, tau: float) -> Float:
    """A bound on the relative error of psi_m: e^(x^2) is rounded by eps |x^2|, where Re x < 0 and it counts beside
    1/x^3."""
    x = tau * (1.0 - z) / np.sqrt(z)
    size, real = np.abs(x), (x * x).real
    with np.errstate(over="ignore"):
        share = np.minimum(1.0, 8.0 * size**5 * np.exp(np.minimum(real, 0.0)))
    return np.asarray(HALF_LINE_ERROR + np.where(x.real < 0.0, 4.0 * _EPS * size**2 * share, 0.0))


def _gaussian_tail_moments(x: Complex) -> Complex:
    r"""J_m(x) = int_0^inf t^m e^(-t^2 - 2xt) dt, m = 0, 1, 2, for |arg x| <= 3 pi/4; relative error below
    ``HALF_LINE_ERROR``/2.

    Where Re x < 0, the integral over the whole line minus the one with -x, so that below Re x >= 0.
    |x| <= 1:       J_0 = sqrt(pi)/2 w(ix) with Faddeeva's w, J_1 = (1 - 2x J_0)/2, J_2 = (J_0 - 2x J_1)/2.
    1 < |x| <= 8:   both subtractions cancel all but 1/x^2 of their terms, so here by Gauss-Legendre rules along the ray
                    t = e^(-i arg(x)/3) v/(2|x|): on it t^2 and 2xt are within pi/3 of the positive axis, and little
                    cancels.
    |x| > 8:    the asymptotic series sum_k (-1)^k (m+2k)!/k! (2x)^-(m+2k+1), whose twentieth term is below 1e-15 there.
    """
    flipped = x.real < 0.0
    y = np.where(flipped, -x, x)
    J = np.empty((3, *x.shape), dtype=np.complex128)
    far, near = np.abs(y) > 8.0, np.abs(y) <= 1.0
    v = y[near]
    J[0, near] = 0.5 * math.sqrt(math.pi) * wofz(1j * v)
    J[1, near] = 0.5 - v * J[0, near]
    J[2, near] = 0.5 * J[0, near] - v * J[1, near]
    between = ~(far | near)
    J[:, between] = _along_a_ray(y[between])
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


@cache
def _ray_rule() -> tuple[Float, Float]:
    """Nodes and weights in v = 2|x||t|, up to e^-(v cos(pi/3)) = e^-42; narrow boxes where t^2 may still turn fast."""
    node, weight = np.polynomial.legendre.leggauss(16)
    edges = np.array([*range(0, 22, 2), 25, 31, 38, 46, 56, 68, 84], dtype=np.float64)
    width = np.diff(edges)[:, None]
    nodes = edges[:-1, None] + width * (0.5 + 0.5 * node)
    return nodes.ravel(), (0.5 * width * weight).ravel()


def _along_a_ray(x: Complex) -> Complex:
    """J_m, m = 0, 1, 2, for 1 < |x| <= 8 and Re x >= 0."""
    v, weight = _ray_rule()
    step = np.exp(-1j / 3.0 * np.angle(x)) / (2.0 * np.abs(x))  # t = step v
    t = step[:, None] * v
    values = np.exp(-t * (t + 2.0 * x[:, None])) * weight
    return np.stack([step * (values * t**m).sum(axis=1) for m in range(3)])


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


def _change(B: Float) -> Float:
    """W of d theta = W d eta: dB = E B, so row i of dB is B^T times row i of E."""
    n = len(B)
    change = np.eye(n * n + 1)
    change[:-1, :-1] = np.kron(np.eye(n), B.T)
    return change


def _refuse_other_dimension(matrix: Any, n: int) -> None:
    if np.shape(matrix) != (n, n):
        raise ValueError(f"noise: got dimension {len(matrix)}; expected {n}, the model's")


def _distance_from_the_same_rows(other: Float, B: Float) -> float:
    """0 where the rows of ``other`` are those of B up to order and sign, which leaves the Laplace density unchanged.

    Else how far ``other`` B^-1 is from a signed permutation. The same rows are told without an inverse, exactly for any
    B.
    """

    def ordered(rows: Float) -> Float:
        leading = rows[np.arange(len(rows)), (rows != 0.0).argmax(axis=1)]
        rows = rows * np.sign(leading)[:, None]
        return rows[np.lexsort(rows.T)]

    if np.array_equal(ordered(other), ordered(B)):
        return 0.0
    R = np.linalg.solve(B.T, other.T).T
    size = np.abs(R)
    nearest = np.zeros_like(size)
    nearest[np.arange(len(R)), size.argmax(axis=1)] = 1.0
    if (nearest.sum(axis=0) != 1.0).any():
        return math.inf
    return float(np.abs(size - nearest).max())
