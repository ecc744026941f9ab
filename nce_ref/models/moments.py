r"""Noise-weighted moments, and the contour integral that gives them where the log-ratio is a sum over coordinates.

    I_nu = E[P_nu g g^T],   m_nu = E[P_nu g],   P_nu = nu p_n / (p_d + nu p_n),   E under p_d.

They are all that the asymptotic covariance needs (J12, Theorem on the asymptotic distribution; P10, Theorem 3).

Conventions
-----------
nu             number of noise points per data point, above 0; inf means P_nu = 1 (maximum likelihood)
s              complex, (n_nodes,), with 0 < Re s < 1
tilted(s)      complex, (n_moments, n_nodes): E[f_r e^(-s G)], G = ln p_d - ln p_n; row 0 is f = 1
information    (n_params, n_params);   mean  (n_params,)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float

Complex = NDArray[np.complex128]
Tilted = Callable[
    [Any], Any
]  # Complex to Complex; NumPy's stubs lose the width of a complex number in arithmetic

# Neglected parts of the contour integral, relative: exp(-36) = 2e-16.
_DIGITS = 36.0
_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Moments:
    """I_nu and m_nu, with other evaluations of the same two, and a bound on what those share.

    ``alternatives``  pairs (information, mean). Where ``random`` is False they are other resolutions or other contours,
                      and their distance from the main pair is the error; where it is True they are independent
                      unbiased replicates, the main pair is their average, and their scatter is the error.
    ``error``         (n_params, n_params): bounds on the errors of the entries of ``information`` that the alternatives
                      cannot show
    ``change``        W, (n_params, n_params), or None: all of this may be told in coordinates eta in which it is well
                      conditioned, with d theta = W d eta, so that Sigma = W Sigma_eta W^T needs no inverse of W
    """

    information: Float
    mean: Float
    alternatives: tuple[tuple[Float, Float], ...]
    random: bool
    error: Float
    method: str
    change: Float | None = None

    def in_theta(self) -> tuple[Float, Float]:
        """I_nu and m_nu in the coordinates of theta, W^-T I W^-1 and W^-T m: as inaccurate as W is badly
        conditioned."""
        if self.change is None:
            return self.information, self.mean
        half = np.linalg.solve(self.change.T, self.information)
        information = np.linalg.solve(self.change.T, half.T)
        mean = np.linalg.solve(self.change.T, self.mean)
        return 0.5 * (information + information.T), np.asarray(mean, dtype=np.float64)


def posterior_moments(
    tilted: Tilted, nu: float, error_of_tilted: Callable[[Complex], Float]
) -> tuple[Float, list[Float], Float]:
    r"""Return E[P_nu f_r] for every row of ``tilted``, three other evaluations of the same numbers, and a bound on
    rounding.

    With P_nu = 1/(1 + e^z), z = G - ln nu, and the Mellin pair int e^(sz)/(1 + e^z) dz = pi/sin(pi s), 0 < Re s < 1,

        E[P_nu f] = (1/2 pi) int pi/sin(pi s) nu^s E[f e^(-s G)] dw,   s = a + i w.

    The integrand is analytic in the strip and falls like e^(-pi |w|), so the trapezoidal rule converges exponentially:
    by Poisson's formula its error with step h is exactly the sum over k != 0 of e^(2 pi a k/h) E[P(z + 2 pi k/h) f],
    below e^(-2 pi a/h) E|f| + e^(-2 pi (1-a)/h) nu E_noise|f| to first order; h is chosen from that. ``a`` minimises
    the integrand on the real axis (the saddle), so that nothing cancels; for nu -> inf it goes to 0, for nu -> 0 to 1,
    like 1/|ln nu|. The other evaluations: the two interleaved rules of twice the step, and another contour. All of them
    share the errors of ``tilted``, relative, which ``error_of_tilted(s)`` tells at each node, and the rounding of nu^s:
    the bound is their sum over the nodes, with the sizes of the terms.
    The number of nodes grows with |ln nu| (at least in proportion): 0.2 s at nu = 1e60, seconds at 1e300.

    Raises ValueError where the densities overlap so little that the integrand underflows.
    """
    log_nu = math.log(nu)
    reach = 4.0 + math.log1p(abs(log_nu))
    candidates = 1.0 / (1.0 + np.exp(-np.linspace(-reach, reach, 101)))
    with np.errstate(divide="ignore"):
        height = (
            log_nu * candidates
            - np.log(np.sin(np.pi * candidates))
            + np.log(tilted(candidates + 0j)[0].real)
        )
    # A height of -inf is an underflow: that contour carries no digits, so it may not be chosen.
    height[~np.isfinite(height)] = np.inf
    best = int(np.argmin(height))
    if not np.isfinite(height[best]):
        raise ValueError(
            "noise: E[(p_n/p_d)^a] underflows for every a in (0, 1); expected noise that overlaps the data"
        )
    a, log_scale = float(candidates[best]), min(0.0, float(height[best]))
    even, odd, rounding = _two_rules(tilted, log_nu, a, log_scale, error_of_tilted)
    other_a = 1.35 * a if a < 0.5 else 1.0 - 1.35 * (1.0 - a)
    other_even, other_odd, _ = _two_rules(tilted, log_nu, other_a, log_scale, error_of_tilted)
    return 0.5 * (even + odd), [even, odd, 0.5 * (other_even + other_odd)], rounding


def _two_rules(
    tilted: Tilted,
    log_nu: float,
    a: float,
    log_scale: float,
    error_of_tilted: Callable[[Complex], Float],
) -> tuple[Float, Float, Float]:
    """The trapezoidal sums over even and over odd multiples of h, each a rule of step 2h that is good by itself; their
    rounding."""
    left = (_DIGITS - log_scale) / a
    right = (_DIGITS + max(0.0, log_nu) - log_scale) / (1.0 - a)
    h = 0.5 * 2.0 * math.pi / max(left, right)
    count = int(math.ceil((_DIGITS + 4.0) / math.pi / h))
    k = np.arange(count + 1)
    s: Complex = np.asarray(a + 1j * h * k, dtype=np.complex128)
    # f and p_d are real, so the integrand at -w is the conjugate: half of the line is enough.
    complex_values = np.exp(s * log_nu) / np.sin(np.pi * s) * tilted(s)
    complex_values[:, 1:] *= 2.0
    size = np.abs(s)
    # exp(s ln nu) is off by eps |s ln nu|, sin(pi s) by eps |pi s|, the products and the sum by a few eps more.
    relative = error_of_tilted(s) + _EPS * (8.0 + size * (abs(log_nu) + math.pi))
    rounding = h * 0.5 * (np.abs(complex_values) @ relative)
    values = complex_values.real
    even, odd = h * values[:, ::2].sum(axis=1), h * values[:, 1::2].sum(axis=1)
    return even, odd, np.asarray(rounding, dtype=np.float64)
