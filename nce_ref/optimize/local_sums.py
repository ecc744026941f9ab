r"""Gradient and curvature of the smooth bound F >= J at theta, in coordinates theta + root z, with bounds on their
rounding.

    gradient = sum_t slopes_t g'_t,     gram = sum_t bends_t g'_t g'_t^T,     g'_t = root^T g_t

The slopes and bends come with bounds of their own (``objectives/point_terms.py``); products and sums add, with u =
2^-53:

    |error of g'_t| <= (k + 5) u |root|^T |g_t|,
    |error of a sum of N terms| <= (min(N, 768) + N/768 + 2) u  sum of sizes,

k the most entries in a column of root. Both are worst cases, to first order in u and then rounded up: bounds that hold
on any processor and in any order of the points.

Conventions
-----------
root (n, m), z (m,), multipliers (k,) of the active ridges
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nce_ref._checks import Float
from nce_ref._compensated import UNIT, compensated_error, compensated_product
from nce_ref.objectives.base import LocalKinks
from nce_ref.objectives.point_terms import PointTerms, relative_change

# Products of so many columns with some 17 rows stay below the size from which BLAS wakes its threads, which then spin.
_BLOCK = 768


@dataclass(frozen=True)
class LocalSums:
    """``gradient_error`` bounds a length, ``gram_error`` the largest eigenvalue; ``longest`` is the largest |g'_t|,
    rounded up."""

    gradient: Float
    gradient_error: float
    gram: Float
    gram_error: float
    longest: float


@dataclass(frozen=True)
class ActiveRidges:
    """The active ridges in z: ``lengths`` |root^T a_k|, ``off`` bounds on |a_k . theta|, ``slack`` is w_k (1 - |mu_k|);
    all (k,)."""

    pull: Float
    lengths: Float
    errors: Float
    off: Float
    slack: Float


@dataclass(frozen=True)
class Valleys:
    """One side of each active valley: ``slopes`` +-1 in place of those of |.|, ``off`` bounds on |a_m . theta|; both
    (m,)."""

    slopes: Float
    off: Float


def local_sums(
    terms: PointTerms, multipliers: Float, off: Float, root: Float, valleys: Valleys | None = None
) -> LocalSums:
    """Return the sums; ``off`` bounds how far theta is from each active ridge, |a_k . theta|, as if it were met."""
    n, n_points = len(root), len(terms.slopes)
    # A slope taken where the ridge's |a . theta| stands as mu a . theta: its log-ratio is off by 2 kink_slope |a .
    # theta| at most.
    moved = np.zeros(n_points // terms.row)
    np.add.at(moved, terms.ridge_points, 2.0 * terms.kink_slope * off)
    if valleys is not None:
        np.add.at(moved, terms.valley_points, 2.0 * terms.kink_slope * valleys.off)
    change = relative_change(terms.slope_rate * np.repeat(moved, terms.row))
    errors = terms.errors + np.abs(terms.slopes) * change
    bends = terms.bends * np.maximum(1.0 - change, 0.0)
    of_sum = 1.01 * (min(n_points, _BLOCK) + n_points / _BLOCK + 2.0) * UNIT
    jacobian = terms.jacobian(multipliers, None if valleys is None else valleys.slopes)
    rest = terms.rest and terms.rest(multipliers, None if valleys is None else valleys.slopes)
    size_of_root, m = np.abs(root), root.shape[1]
    gradient, gram = np.zeros(m), np.zeros((m, m))
    gradient_error = gram_error = longest = 0.0
    for start in range(0, n_points, _BLOCK):
        block = slice(start, min(start + _BLOCK, n_points))
        g = jacobian(block)
        if terms.centre is not None:
            g = g - terms.centre[:, None]
        if rest is None:
            # The largest of each coordinate stands for all: one product of matrices less, and a bound large enough to
            # ask for more digits where points differ by many orders of magnitude.
            largest = terms.size
            if largest is None:
                largest = np.abs(g).max(axis=1) + (
                    0.0 if terms.centre is None else np.abs(terms.centre)
                )
            off_g = product_error(root) * np.full(
                g.shape[1], np.linalg.norm(size_of_root.T @ largest)
            )
            g = root.T @ g
        else:
            sizes = _lengths(size_of_root.T @ np.abs(g))
            g = compensated_product(root, g, rest(block))
            off_g = 2.0 * UNIT * _lengths(g) + compensated_error(n) * sizes
        lengths = _lengths(g) + off_g
        slopes, bend = terms.slopes[block], bends[block]
        gradient += np.einsum("it,t->i", g, slopes)
        scaled = g * np.sqrt(bend)
        gram += scaled @ scaled.T
        gradient_error += float(
            errors[block] @ lengths + np.abs(slopes) @ (off_g + of_sum * lengths)
        )
        gram_error += float(bend @ (lengths * (2.0 * off_g + of_sum * lengths)))
        longest = max(longest, float(lengths.max()))
    if (
        terms.centre is not None
    ):  # a variance is the second moment less the square of what the centre is off by
        gram_error += gradient_error**2
    return LocalSums(gradient, gradient_error, gram, gram_error, longest)


def active_ridges(
    kinks: LocalKinks, multipliers: Float, theta: Float, root: Float, accurate: bool = False
) -> ActiveRidges:
    """Return the active ridges in coordinates z."""
    a = kinks.directions
    sizes = np.linalg.norm(np.abs(a) @ np.abs(root), axis=1)
    if accurate:
        pull = compensated_product(root, a.T).T
        errors = 2.0 * UNIT * np.linalg.norm(pull, axis=1) + compensated_error(len(root)) * sizes
    else:
        pull, errors = a @ root, product_error(root) * sizes
    off = distance_bound(a, theta, accurate)
    slack = kinks.weights * np.maximum(1.0 - np.abs(multipliers), 0.0)
    return ActiveRidges(pull, np.linalg.norm(pull, axis=1) + errors, errors, off, slack)


def distance_bound(directions: Float, theta: Float, accurate: bool = False) -> Float:
    """A bound on |a . theta| for each of the directions."""
    sizes = np.abs(directions) @ np.abs(theta)
    if accurate:
        found = np.abs(compensated_product(theta[:, None], directions.T)[0])
        return np.asarray(found * (1.0 + 2.0 * UNIT) + compensated_error(len(theta)) * sizes)
    used = np.count_nonzero(directions, axis=1)
    return np.asarray(np.abs(directions @ theta) + 2.1 * (used + 1) * UNIT * sizes)


def product_error(root: Float) -> float:
    """The error of root^T g, per unit of |root|^T |g|: as many roundings as a column has entries, and those of g
    (three) and of a centre."""
    return 1.01 * (int(np.count_nonzero(root, axis=0).max(initial=0)) + 5) * UNIT


def _lengths(columns: Float) -> Float:
    return np.asarray(np.sqrt(np.einsum("it,it->t", columns, columns)))
