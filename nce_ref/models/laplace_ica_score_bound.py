r"""When has the score matching of Laplace ICA no bound? Decided for single rows, in rational arithmetic.

One row b = t v and zeros for the others leave, of every point x (``laplace_ica_score.py``, a the slope),

    loss = t^2 |v|^2 [tanh^2(a t v.x) - sqrt(2) a sech^2(a t v.x)],

which is -sqrt(2) a t^2 |v|^2 where v.x = 0 and at most t^2 |v|^2 elsewhere. *So where k of T points lie in a hyperplane
v.x = 0 through the origin, and k (1 + sqrt(2) a) > T,*

    J >= t^2 |v|^2 [sqrt(2) a k - (T - k)]/T  ->  infinity.

Any n - 1 points lie in one: J has no bound for T < (n - 1)(1 + sqrt(2) a), whatever the data, and at slope 10 that is
up to 15 (n - 1) points. The converse is not claimed: several rows whose scores cancel on the other points may do with
fewer points.

Conventions
-----------
u (n_points, n), B (n, n); v.x = 0 exactly, the numbers being the rationals that float64 holds
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from nce_ref._checks import Float
from nce_ref.special import SQRT_2

# Hyperplanes through points that are all tried; where there are more, the ones that rows of B are next to.
_MOST = 20_000
_NEAR, _MOST_EXACT = 1e-9, 20
# Rational arithmetic takes some 10 us a number.
_MOST_POINTS = 20_000

Ray = tuple[Fraction, ...]


def crowded_hyperplane(u: Float, slope: float, B: Float) -> int | None:
    """Return k, how many points lie in a hyperplane that leaves J without bound; None where none is found."""
    n_points, n = u.shape
    if n_points > _MOST_POINTS:
        return None
    enough = n_points / (1.0 + SQRT_2 * slope)
    rays = Counter(_ray(x) for x in u)
    at_origin = rays.pop((Fraction(0),) * n, 0)
    # The n - 1 rays with most points; those of n = 2 are all hyperplanes.
    most = at_origin + sum(count for _, count in rays.most_common(n - 1))
    if most > enough:
        return most
    if n <= 2 or len(rays) < n:
        return None
    directions = list(rays)
    units = np.array([[float(v) for v in ray] for ray in directions])
    units /= np.linalg.norm(units, axis=1)[:, None]
    counts = np.array([rays[ray] for ray in directions])
    found = []
    for chosen, normal in _normals(units, B):
        count = at_origin + int(counts[np.abs(units @ normal) <= _NEAR].sum())
        if count > enough:
            found.append((count, chosen))
    found.sort(key=lambda one: -one[0])
    for _, chosen in found[:_MOST_EXACT]:
        v = _normal([directions[k] for k in chosen])
        if v is None:
            continue
        near = np.flatnonzero(np.abs(units @ _unit(v)) <= _NEAR)
        on = [k for k in near if sum(a * b for a, b in zip(v, directions[k], strict=True)) == 0]
        count = at_origin + int(counts[on].sum())
        if count > enough:
            return count
    return None


def _normals(units: Float, B: Float) -> Iterator[tuple[tuple[int, ...], Float]]:
    """Sets of n - 1 rays, and the unit normal of the hyperplane through each."""
    n_rays, n = units.shape
    if math.comb(n_rays, n - 1) <= _MOST:
        sets = list(itertools.combinations(range(n_rays), n - 1))
    else:
        sets = [_next_to(units, row) for row in B if row.any()]
    for first in range(0, len(sets), 4096):
        some = sets[first : first + 4096]
        normals = np.linalg.svd(units[np.array(some)], full_matrices=True)[2][:, -1]
        yield from zip(some, normals, strict=True)


def _next_to(units: Float, row: Float) -> tuple[int, ...]:
    """n - 1 independent rays that are nearest to the hyperplane across this row of B."""
    order = np.argsort(np.abs(units @ row), kind="stable")
    chosen: list[int] = []
    for k in order:
        trial = [*chosen, int(k)]
        if np.linalg.svd(units[trial], compute_uv=False)[-1] > _NEAR:
            chosen = trial
        if len(chosen) == units.shape[1] - 1:
            break
    return tuple(chosen)


def _ray(x: Float) -> Ray:
    """x over the first of its largest entries, exactly: the same for all points of a line through the origin, and
    within float64."""
    largest = Fraction(float(x[np.argmax(np.abs(x))])) or Fraction(1)
    return tuple(Fraction(float(v)) / largest for v in x)


def _normal(rays: list[Ray]) -> list[Fraction] | None:
    """The v with v.x = 0 for n - 1 rays; None where they are dependent."""
    rows, n = [list(ray) for ray in rays], len(rays[0])
    pivots: list[int] = []
    for column in range(n):
        done = len(pivots)
        pivot = next((k for k in range(done, len(rows)) if rows[k][column]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        rows[done] = [v / rows[done][column] for v in rows[done]]
        for k in range(len(rows)):
            if k != done and rows[k][column]:
                factor = rows[k][column]
                rows[k] = [a - factor * b for a, b in zip(rows[k], rows[done], strict=True)]
        pivots.append(column)
    free = [column for column in range(n) if column not in pivots]
    if len(free) != 1:
        return None
    v = [Fraction(0)] * n
    v[free[0]] = Fraction(1)
    for k, column in enumerate(pivots):
        v[column] = -rows[k][free[0]]
    return v


def _unit(v: list[Fraction]) -> Float:
    largest = max(abs(a) for a in v)
    unit = np.array([float(a / largest) for a in v])
    return np.asarray(unit / np.linalg.norm(unit))
