"""What an objective must offer to whoever maximises it, and its second-order expansion between kinks.

    J(theta + d) = value + gradient.d + 1/2 d.hessian.d
                   - sum_k weights_k (|arguments_k + directions_k.d| - |arguments_k|)      ridges: J bends downwards
                   + sum_m valley_weights_m |valleys_m.d|                                  valleys: J bends upwards
                   + o(|d|^2) where no other kink is crossed (across a kink listed here, NCE's is O(|a.d||d|):
                   THEORY.md, 7.9)

Conventions
-----------
theta, d   (n,)     what is maximised over; J is a mean per data sample
gradient   (n,)     of the smooth part: the kinks listed beside it are left out
hessian    (n, n)   of the smooth part
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float
from nce_ref.models.base import Frame, Pass
from nce_ref.objectives.coarse_terms import CoarseTerms
from nce_ref.objectives.point_terms import ACTIVE as ACTIVE
from nce_ref.objectives.point_terms import PointTerms

# Points a block at most. One thread is fastest with half as many, which stay in the cache; two threads with more, since
# each hands the interpreter over some twenty times a block and sleeps 50 us where it has to wait for it.
_BLOCK = 26_000
_KEPT_NUMBERS = 3 * 2**20


@dataclass(frozen=True)
class LocalKinks:
    """The kinks at a point, by what they do to J.

    ``directions, arguments, weights``  ridges within the width asked for: (k, n), (k,), (k,), weights >= 0
    ``valleys, valley_weights``         *active* valleys: (m, n), (m,), weights >= 0; J rises along +d or -d across one,
                                        so no local maximum lies on it
    ``clearance``                       distance in theta to the nearest valley that is not active; inf where there is
                                        none
    ``zero_terms``                      rows b_i that are zero, so that all kinks of the row meet
    ``places``                          (terms, points) of the ridges, (k,) each, where they are known
    """

    directions: Float
    arguments: Float
    weights: Float
    valleys: Float
    valley_weights: Float
    clearance: float
    zero_terms: tuple[int, ...]
    places: tuple[NDArray[np.intp], NDArray[np.intp]] | None = None


@dataclass(frozen=True)
class Expansion:
    """J around theta; see the module's formula.

    ``curvature``  (n, n), positive semidefinite: -hessian where J is concave between kinks, else the concave part of it
    ``concave``    J is concave as long as no valley is crossed
    ``steepness``  the largest |g(u_t)|: a bound on how fast each log-ratio, hence the curvature h(1 - h), changes with
                   theta
    ``terms``      accurate -> J as a sum over points with its rounding, in twice the precision if ``accurate``; None
                   where the model offers no more than sums
    ``coarse``     bounds on the same sum that cost less; None where the objective offers none
    ``frame``      ln Z in coordinates without units, where J has it as its only curvature; else None
    """

    value: float
    gradient: Float
    hessian: Float
    curvature: Float
    kinks: LocalKinks
    concave: bool
    steepness: float
    terms: Callable[[bool], PointTerms] | None = None
    frame: Callable[[], Frame] | None = None
    coarse: Callable[[], CoarseTerms] | None = None


class Objective(Protocol):
    """A function to be maximised."""

    n_data: int

    @property
    def n_params(self) -> int: ...

    def __call__(self, theta: Float, /) -> tuple[float, Float]:
        """Return (value, gradient), with derivative 0 at a kink."""
        ...

    def second_order(self, theta: Float, /) -> tuple[float, Float, Float]:
        """Return (value, gradient, Hessian), the value -inf outside the domain."""
        ...

    def smoothed(self, epsilon: float) -> Objective:
        """The objective of the smoothed model on the same samples."""
        ...

    def thinned(self, n_points: int) -> Objective:
        """The objective of evenly spaced points, about ``n_points`` of the smaller sample; itself where there are not
        twice as many.

        Evenly spaced, not the first ones: data may come sorted.
        """
        ...

    def expand(self, theta: Float, /, width: float = ACTIVE) -> Expansion:
        """Return the expansion at theta with every ridge within ``width`` (|b_i.x_t| <= width |b_i||x_t|) kept
        apart."""
        ...


@functools.cache
def _keep_freed_pages() -> None:
    """Once, at the first evaluation, allocate 24 MB and give them back, untouched.

    glibc gives arrays above 128 KiB back to the system at once, and each evaluation then faults its pages in afresh:
    2.4 times the time at 10 000 points. It keeps what is smaller than the largest array ever given back.
    """
    np.empty(_KEPT_NUMBERS)


def blocks(n_points: int) -> Iterator[slice]:
    """Return slices of even length that cover ``n_points`` points: an evaluation's temporaries then stay in the cache
    and in pages it has.

    Fresh large arrays cost as much in page faults as the arithmetic on them (64 000 points in one piece: four times the
    time). The partition, hence every rounding, depends on the number of points alone.
    """
    _keep_freed_pages()
    count = -(-n_points // _BLOCK)
    return (slice(k * n_points // count, (k + 1) * n_points // count) for k in range(count))


def spacing(n_points: int, *sizes: int) -> int:
    """Return k such that every k-th point leaves ``n_points`` of the smallest sample, or a few more; 1 where it has not
    twice as many."""
    return max(1, min(sizes) // n_points)


def by_coordinate(points: Float) -> Float:
    """Return the points with each coordinate contiguous, as B u^T and every elementwise pass want it; same indices."""
    return np.asfortranarray(points)


def split_kinks(
    once: Pass, derivative: Float, n_data: int, width: float
) -> tuple[Pass, Pass, LocalKinks]:
    """Return the pass without its kinks near theta, the pass without its active kinks, and the kinks near theta.

    The first gives the gradient. The second gives the Hessian: at a kink that is near but not active, g has its jump
    already, and leaving it out would turn Newton's quadratic convergence on the active kinks into a linear one.
    ``derivative`` is dJ/d ln p_m at each point.

    On the first ``n_data`` points (the data) J grows with ln p_m, so the kinks of |.| with a negative slope are ridges;
    on the rest (the noise) it falls, and they are valleys.
    """
    kinks = once.kinks()
    active = near = kinks.met(min(width, ACTIVE))
    zero_terms = tuple(int(i) for i in np.flatnonzero(kinks.term_lengths == 0.0))
    if width > ACTIVE:
        near = active.copy()
        near[:, :n_data] = kinks.within(width)[:, :n_data]
    terms, points = np.divmod(np.flatnonzero(near), max(near.shape[1], 1))
    weights, ridge = kinks.slope * derivative[points], points < n_data
    directions = kinks.directions(terms, points)
    local = LocalKinks(
        directions=directions[ridge],
        arguments=kinks.arguments[terms[ridge], points[ridge]],
        weights=-weights[ridge],
        valleys=directions[~ridge],
        valley_weights=weights[~ridge],
        clearance=kinks.clearance(~active[:, n_data:], n_data),
        zero_terms=zero_terms,
        places=(terms[ridge], points[ridge]),
    )
    without_near = once.without(near)
    return without_near, without_near if near is active else once.without(active), local
