r"""Objectives whose terms are differences G_ij = ln p_m(x_i) - ln p_m(y_ij) + a constant, as sums over pairs with
bounds on their rounding.

    F(theta + d) = (1/n_data) sum_i f(G_i1 ... G_ik),   dF/dG_ij = p_ij/n_data >= 0,
    -F'' along d >= (1/n_data) sum_ij b_ij (g_ij . d)^2

with g_ij = g(y_ij) - g(x_i). Ranking: f = -ln(1 + sum_j e^{-G_j}), p = w_j, and minus the curvature is the variance of
g under w, of which

    Var_w(g) >= w_0 sum_j w_j g_ij g_ij^T        by Cauchy and Schwarz, (sum_j w_j h_j)^2 <= (1 - w_0) sum_j w_j h_j^2,

so b_ij = w_i0 w_ij: nothing is subtracted. (It is at most sum_j w_j g_ij g_ij^T, ``PointTerms.loose``.) Conditional:
f = (2/k) sum_j ln sigma(G_j), p = 2 sigma(-G)/k and b = 2 sigma(G) sigma(-G)/k exactly. CONTRASTIVE.md, *Certificates*,
proves that the radius of THEORY.md, 7.6, holds with these, the largest |g_j - g_k| of a row standing for |g|.

Conventions
-----------
points   (n_data + n_data k,)   the data, then the noise row by row
pairs    (n_data k,)            row by row
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nce_ref._checks import Float
from nce_ref.models.base import AffinePass
from nce_ref.objectives.point_terms import ACTIVE, TINY, PointTerms, nearest_kinks, relative_change

_UNIT = 2.0**-53


def pair_terms(
    once: AffinePass,
    offsets: Float,
    pull: Float,
    bends: Float,
    n_params: int,
    reach: float,
    slope_rate: float,
    width: float,
) -> PointTerms:
    """Return the terms of a pass; ``pull`` and ``bends``, (n_data, k), are n_data dF/dG and b.

    ``reach``: the largest |g_j - g_k| of a row is at most so many times its largest |g_ij|; ``slope_rate``: ln p_ij and
    ln b_ij change by at most so many times the largest change of a G in the row.
    """
    n, k = pull.shape
    kinks = once.kinks()
    active = kinks.met(min(width, ACTIVE))
    terms, points = np.nonzero(active)
    ridge = points < n
    of_x, of_y = once.log_density[:n, None], once.log_density[n:].reshape(n, k)
    # Each ln p_m is off by its rounding, the constant by one of its own, and two more come by the sum.
    error = once.rounding()
    off = error[:n, None] + error[n:].reshape(n, k)
    off = off + 3.0 * _UNIT * (np.abs(of_x) + np.abs(of_y) + np.abs(offsets))
    # Exponents s_j - top and z are rounded once more: an ulp of the largest of them.
    exponent = 2.0 * _UNIT * np.abs(of_x - of_y + offsets).max(axis=1)
    relative = relative_change(slope_rate * off.max(axis=1) + exponent) + (k + 16.0) * _UNIT
    relative = np.repeat(relative, k)
    slopes = -pull.ravel() / n

    def jacobian(multipliers: Float, sides: Float | None = None) -> Callable[[slice], Float]:
        values = np.zeros(len(terms))
        values[ridge] = multipliers
        if sides is not None:
            values[~ridge] = sides
        these = once.with_slopes(terms, points, values) if len(terms) else once

        def of_pairs(block: slice) -> Float:
            rows = np.arange(block.start, block.stop) // k
            g = these.jacobian(slice(n + block.start, n + block.stop))[:n_params]
            return g - these.jacobian(rows)[:n_params]

        def of_block(block: slice) -> Float:
            start, stop, _ = block.indices(n * k)
            return of_pairs(slice(start, stop))

        return of_block

    return PointTerms(
        slopes,
        np.abs(slopes) * relative + TINY,
        bends.ravel() / n * np.maximum(1.0 - 2.0 * relative, 0.0),
        jacobian,
        reach,
        slope_rate,
        points[ridge],
        (points[~ridge] - n) // k,
        abs(kinks.slope),
        nearest_kinks(kinks, active, n),
        size=2.0 * once.largest()[:n_params],
        # A variance is at most its second moment about g(x), sum_j w_j (g_ij . d)^2.
        loose=reach > 1.0 and k > 1,
        row=k,
    )
