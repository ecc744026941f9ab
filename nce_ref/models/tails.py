r"""How a log-density falls far out, and which products of powers of two densities have finite mass: by analysis, never
by a sample.

    ln p(u) = -1/2 u^T Q u - sum_i |r_i . u| + lower order

with lower order meaning O(|u|) where Q is definite (a Gaussian's mean) and O(1) where Q = 0. Then

    int p_d^(1+s) p_n^(-s) du = E_d[(p_d/p_n)^s]

is finite for -1 <= s <= 0 whatever the densities (Hoelder), and for other s it is decided by M = (1+s) Q_d - s Q_n:
finite if M is positive definite, infinite if M has a direction along which it is not positive. Where both densities
have Q = 0 the exponent is homogeneous of degree 1, and finite means that it falls in *every* direction v:

    s > 0:    |R_n v|_1 / |R_d v|_1 < (1+s)/s          s < -1:    |R_d v|_1 / |R_n v|_1 < s/(1+s)

A convex function is largest over a polytope at a vertex, and the vertices of |R v|_1 <= 1 are the columns of +-R^-1: n
numbers decide for all directions. A polynomial factor, such as |g|^2, changes nothing: the integral converges
exponentially or not at all.

Conventions
-----------
quadratic  (n, n)   Q, symmetric positive semidefinite
rows       (k, n)   r_i; k = 0 where there are none, k = n and invertible where Q = 0
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nce_ref._checks import Float

# Relative rounding of Q and of R^-1. Within it of the boundary counts as on it, where the mass is infinite.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Tails:
    """The leading order of a log-density: see the module's formula."""

    quadratic: Float
    rows: Float


def gaussian_tails(precision: Float) -> Tails:
    """The tails of exp(-u^T precision u / 2), with any mean."""
    return Tails(precision, np.empty((0, len(precision))))


def absolute_tails(rows: Float) -> Tails:
    """The tails of exp(-sum_i |r_i . u|), r_i the rows."""
    return Tails(np.zeros((rows.shape[1], rows.shape[1])), rows)


def power_mass_is_finite(data: Tails, noise: Tails, s: float) -> bool:
    """Return whether int p_d^(1+s) p_n^(-s) du is finite.

    Raises ValueError where the two leading orders cancel along some direction, so that the lower ones decide (no pair
    of densities of this package: two Gaussians that cancel leave a straight line, which is infinite on one side).
    """
    if -1.0 <= s <= 0.0:
        return True
    M = (1.0 + s) * data.quadratic - s * noise.quadratic
    scale = abs(1.0 + s) * float(np.abs(data.quadratic).max()) + abs(s) * float(
        np.abs(noise.quadratic).max()
    )
    if scale > 0.0:
        lowest = float(np.linalg.eigvalsh(M)[0])
        if abs(lowest) > len(M) * _ROUNDING * scale:
            return lowest > 0.0
        if len(data.rows) == len(noise.rows) == 0:
            return False
        raise ValueError(
            f"tails: the quadratic parts cancel along a direction at s = {s:g}; expected tails"
            " whose leading order decides"
        )
    falling, rising = (data.rows, noise.rows) if s > 0.0 else (noise.rows, data.rows)
    ratio = float(np.abs(rising @ np.linalg.inv(falling)).sum(axis=0).max())
    limit = (1.0 + s) / s if s > 0.0 else s / (1.0 + s)
    return ratio < limit * (1.0 - _ROUNDING)
