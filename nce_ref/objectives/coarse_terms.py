r"""Bounds on the sum over points that cost no pass over its Jacobian: largest entries, one sum of sizes, one worst
relative error.

With G_t, g_t as in ``point_terms.py``, N points and u = 2^-53, sums of any order and on any processor obey

    |error of sum_t slopes_t g_ti|       <= (relative + (N + 60) u) total largest_i,      total = sum_t |slopes_t|,
    largest_i = max_t |g_ti|
    |error of sum_t bends_t g_ti g_tj|   <= (N + 60) u sqrt(d_i d_j),                     d_i = sum_t bends_t g_ti^2

the second by Cauchy and Schwarz. They are larger than those of ``local_sums.py`` by the factor by which points differ,
which matters where points differ by orders of magnitude, and there only: THEORY.md, 7.6.

Conventions
-----------
multipliers (k,) of the active ridges; all in the coordinates of theta
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float
from nce_ref.models.base import AffinePass, Model, Pass


@dataclass(frozen=True)
class CoarseTerms:
    """What is known of all points together.

    ``gradient``    (n,): sum slopes_t g_t as computed, the slope of |.| at active ridges being 0
    ``largest``     (n,): bounds on |g_ti| over the points, whatever slopes in [-1, 1] the active |.| have
    ``total``       sum |slopes_t|
    ``relative``    a bound on the relative error of each slope, and of h and 1 - h
    ``kink_slope``  the factor in front of |.|, its size
    ``data_clearance``  () -> at most |a . theta|/|a| of any kink of the data that is not active; inf without any
    ``turned``      multipliers -> (what the curvature gains where active |.| have these slopes in place of 0, (n, n);
                    the sum of its positive terms' diagonal, (n,)); None where terms have no curvature
    """

    gradient: Float
    largest: Float
    total: float
    relative: float
    n_points: int
    kink_slope: float
    data_clearance: Callable[[], float]
    turned: Callable[[Float], tuple[Float, Float]] | None = None


def turned_ridges(
    once: AffinePass,
    n: int,
    places: tuple[NDArray[np.intp], NDArray[np.intp]],
    bends: Callable[[NDArray[np.intp]], Float],
) -> Callable[[Float], tuple[Float, Float]]:
    """Return ``turned``: sum over the points of active ridges of bends (g(mu) g(mu)^T - g(0) g(0)^T)."""

    def turned(multipliers: Float) -> tuple[Float, Float]:
        terms, points = places
        gain, positive = np.zeros((n, n)), np.zeros(n)
        if len(points):
            mine = np.unique(points)
            before = once.with_slopes(terms, points, np.zeros(len(points))).jacobian(mine)
            after = once.with_slopes(terms, points, multipliers).jacobian(mine)
            bend = bends(mine)
            gain = (after * bend) @ after.T - (before * bend) @ before.T
            positive = (after * after) @ bend
        return gain, positive

    return turned


def clearance_of_data(
    once: Pass, places: tuple[NDArray[np.intp], NDArray[np.intp]], n_data: int
) -> Callable[[], float]:
    """Return ``data_clearance``; ``places`` are (terms, points) of the active ridges."""

    def clearance() -> float:
        kinks = once.kinks()
        arguments = np.abs(kinks.arguments[:, :n_data])
        arguments[places] = np.inf
        longest = float(kinks.point_lengths[:n_data].max(initial=0.0))
        return float(arguments.min(initial=np.inf)) / longest if longest > 0.0 else np.inf

    return clearance


def coarse_terms_of(
    once: Pass, model: Model, terms: Callable[[AffinePass], CoarseTerms]
) -> Callable[[], CoarseTerms] | None:
    """``terms`` of the pass, to be computed when called; None for a model that is not affine between kinks, or offers
    less."""
    if not model.affine_between_kinks or not all(
        hasattr(once, name) for name in ("largest", "rounding", "jacobian", "with_slopes")
    ):
        return None
    return lambda: terms(cast(AffinePass, once))
