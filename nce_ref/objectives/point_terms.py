r"""An objective near theta as a sum over points, with bounds on its rounding: what a proof of a maximum is made of.

    F(theta + d) = sum_t phi_t(G_t + g_t . d),
    g_t = d ln p_m(u_t)/d theta, the slope of an active ridge's |.| being its multiplier mu

For a model that is affine in theta between kinks, F is exact up to the kinks it replaces: every |a . theta| by its side
at theta, and at an active ridge by mu a . theta. As |v| >= mu v for |mu| <= 1, F is at least J until a kink of the
noise is crossed (THEORY.md, 7.6).

Conventions
-----------
points       (n_points,)   data first, then noise
multipliers  (k,)          of the active ridges of the expansion, in its order
root         (n, m)        coordinates z, theta + root z
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float
from nce_ref._compensated import UNIT, compensated_error, compensated_product
from nce_ref.models.base import AffinePass, Kinks, Model, Pass

# |b_i . x_t| <= ACTIVE |b_i||x_t| counts as lying on the kink: rounding of the dot product is below 1e-15 of that
# length.
ACTIVE = 1e-10
_CHUNK = 4096
# More than a slope loses where it underflows, yet a number that processors multiply at full speed.
TINY = 2.0**-1000


@dataclass(frozen=True)
class PointTerms:
    """The sum over points.

    ``slopes, errors``  dF/dG_t, and bounds on their rounding: both (n_points,)
    ``bends``           lower bounds on -d^2F/dG_t^2, rounding included: (n_points,), 0 or above
    ``jacobian``        (multipliers, sides) -> (points -> g of a run of points, one a column: (n, n_points)); ``sides``
                        are the slopes of
                        |.| at the active valleys, in the expansion's order, 0 if None
    ``rate``            along any d, the curvature changes by e^(rate max_t |g_t . d|) at most
    ``slope_rate``      a slope changes by e^(slope_rate |change of G_t|) at most
    ``ridge_points``    (k,): the point of each active ridge; ``valley_points`` that of each active valley
    ``kink_slope``      the factor in front of |.|, its size
    ``nearest``         (root, limit) -> (to a kink of the noise, to one of the data): distances in z to the nearest
                        kinks that are not active, inf where there is none within ``limit``
    ``rest``            like ``jacobian``: what rounding took from it; None where products are to be taken in float64
    ``size``            (n,) or None: the entries of g_t are differences of numbers that are at most this together, and
                        as much rounded
    ``loose``           minus F's curvature is at least that of the bends, and may be more: up to sum |slopes_t| (g_t .
                        d)^2
    ``row``             so many terms in a run share their points: ``ridge_points`` and ``valley_points`` then count
                        runs
    ``centre``          (n,) or None: g_t - centre in place of g_t where the slopes sum to 0, and the curvature is a
                        variance
    """

    slopes: Float
    errors: Float
    bends: Float
    jacobian: Callable[[Float, Float | None], Callable[[slice], Float]]
    rate: float
    slope_rate: float
    ridge_points: NDArray[np.intp]
    valley_points: NDArray[np.intp]
    kink_slope: float
    nearest: Callable[[Float, float], tuple[float, float]]
    centre: Float | None = None
    rest: Callable[[Float, Float | None], Callable[[slice], Float]] | None = None
    size: Float | None = None
    loose: bool = False
    row: int = 1


def point_terms(
    once: AffinePass,
    slopes: Float,
    relative_errors: Float,
    bends: Float,
    n_data: int,
    n_params: int,
    rate: float = 1.0,
    slope_rate: float = 1.0,
    centre: Float | None = None,
    width: float = ACTIVE,
    accurate: bool = False,
) -> PointTerms:
    """Return the terms of a pass over data and noise; ``relative_errors`` bound those of the slopes, ``n_params``
    leaves out c or not."""
    kinks = once.kinks()
    active = kinks.met(min(width, ACTIVE))
    terms, points = np.nonzero(active)
    ridge = points < n_data

    def chosen(multipliers: Float, sides: Float | None) -> AffinePass:
        values = np.zeros(len(terms))
        values[ridge] = multipliers
        if sides is not None:
            values[~ridge] = sides
        return once.with_slopes(terms, points, values) if len(terms) else once

    def jacobian(multipliers: Float, sides: Float | None = None) -> Callable[[slice], Float]:
        these = chosen(multipliers, sides)
        return lambda block: these.jacobian(block)[:n_params]

    def rest(multipliers: Float, sides: Float | None = None) -> Callable[[slice], Float]:
        these = chosen(multipliers, sides)
        return lambda block: these.jacobian_rest(block)[:n_params]

    return PointTerms(
        slopes,
        np.abs(slopes) * relative_errors + TINY,
        bends,
        jacobian,
        rate,
        slope_rate,
        points[ridge],
        points[~ridge],
        abs(kinks.slope),
        nearest_kinks(kinks, active, n_data),
        centre,
        rest if accurate else None,
    )


def nearest_kinks(
    kinks: Kinks, active: NDArray[np.bool_], n_data: int
) -> Callable[[Float, float], tuple[float, float]]:
    """Return ``PointTerms.nearest`` for a pass whose first ``n_data`` points are data and whose ``active`` kinks are
    met."""

    @functools.cache
    def far() -> tuple[NDArray[np.bool_], float, float]:
        """Which kinks are not met, and the distance in theta to the nearest of the noise and of the data."""
        others = ~active & (kinks.point_lengths > 0.0)
        distances = np.abs(kinks.arguments) / np.where(
            kinks.point_lengths > 0.0, kinks.point_lengths, 1.0
        )
        noise, data = others[:, n_data:], others[:, :n_data]
        return (
            others,
            float(distances[:, n_data:].min(where=noise, initial=math.inf)),
            float(distances[:, :n_data].min(where=data, initial=math.inf)),
        )

    def nearest(root: Float, limit: float) -> tuple[float, float]:
        others, of_noise, of_data = far()
        # |root^T a| is at most |root||a|: most often no kink needs its a.
        reach, found = limit * float(np.linalg.norm(root, 2)), [math.inf, math.inf]
        for k, distance in enumerate((of_noise, of_data)):
            if not distance > reach:
                marked = others.copy()
                marked[:, slice(0, n_data) if k == 0 else slice(n_data, None)] = False
                found[k] = _nearest(kinks, marked, root, limit)
        return found[0], found[1]

    return nearest


def relative_change(off: Float) -> Float:
    """By how much of itself a slope changes where its log-ratio is off by so much, at a rate of 1; inf from 1 on, where
    nothing is known."""
    return np.where(off < 1.0, 1.01 * np.expm1(np.minimum(off, 1.0)), np.inf)


def accurate_log_density(once: AffinePass, theta: Float) -> tuple[Float, Float]:
    """ln p_m = g . theta of a model that is homogeneous in theta between kinks, in twice the precision, and a bound on
    its error."""
    n_points, column = len(once.log_density), theta[:, None]
    log_density, errors = np.empty(n_points), np.empty(n_points)
    for start in range(0, n_points, _CHUNK):
        block = slice(start, min(start + _CHUNK, n_points))
        g = once.jacobian(block)
        log_density[block] = compensated_product(column, g, once.jacobian_rest(block))[0]
        sizes = np.abs(theta) @ np.abs(g)
        errors[block] = compensated_error(len(theta)) * sizes
    return log_density, errors + 2.0 * UNIT * np.abs(log_density)


def point_terms_of(
    once: Pass, model: Model, terms: Callable[[AffinePass, bool], PointTerms]
) -> Callable[[bool], PointTerms] | None:
    """``terms`` of the pass, to be computed when called, and whether with products in twice the precision; None for a
    model that is not affine between kinks, or offers sums only."""
    if not model.affine_between_kinks or not all(
        hasattr(once, name) for name in ("jacobian", "jacobian_rest", "with_slopes", "rounding")
    ):
        return None
    return lambda accurate: terms(cast(AffinePass, once), accurate)


def _nearest(kinks: Kinks, marked: NDArray[np.bool_], root: Float, limit: float) -> float:
    """The smallest |a . theta|/|root^T a| of the marked kinks, a point at the origin apart; inf where it is above
    ``limit``.

    |root^T a| is at most |root||a|, so that few kinks need their a where the coordinates have like units.
    """
    if not marked.any():
        return math.inf
    reach = limit * float(np.linalg.norm(root, 2))
    near = marked & (kinks.point_lengths > 0.0)
    near &= ~(np.abs(kinks.arguments) > reach * kinks.point_lengths)
    terms, points = np.nonzero(near)
    smallest = math.inf
    for start in range(0, len(terms), _CHUNK):
        i, t = terms[start : start + _CHUNK], points[start : start + _CHUNK]
        lengths = np.linalg.norm(kinks.directions(i, t)[:, : len(root)] @ root, axis=1)
        # From 1e-10 of their size on, arguments have their first five digits right; a bound wants the smaller.
        smallest = min(smallest, float((0.9999 * np.abs(kinks.arguments[i, t]) / lengths).min()))
    return smallest if smallest <= limit else math.inf
