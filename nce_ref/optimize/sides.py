r"""Which sides of several hyperplanes a point near theta can be on: the cells of their arrangement around it.

A row b = 0 lies on every hyperplane u_m . b = 0 of the noise at once. Of the 2^m choices of signs s_m few are those
of a
point, s_m = sign(u_m . d) for some d: 2 m lines' cells in the plane, m^2 - m + 2 of planes in space in general
position.
Every cell is a cone without lines in the span of the normals, so it has an extreme ray, on which n - 1 independent
hyperplanes meet; beside that ray the cells are those of the hyperplanes through it, in one dimension less. Rationals,
so
that no cell is lost to rounding.

Where theta is on a hyperplane to rounding only, three of them may leave a small triangle that is a cell as well: there
all choices count.

Conventions
-----------
normals (m, n), theta (n,)   sides (m,) of +-1; normals are not parallel to each other
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from nce_ref._checks import Float

Row = Sequence[Fraction]
Signs = tuple[int, ...]
# More choices, and more independent normals of one block, are not tried.
MOST = 200
_MOST_DIMENSIONS = 3


def sides_beside(normals: Float, theta: Float) -> list[Float] | None:
    """Return the sides of all cells that theta touches, or more; None where they are more than ``MOST``."""
    blocks = list(_blocks(normals))
    choices: list[list[Signs]] = []
    for block in blocks:
        mine = normals[block]
        columns = mine.any(axis=0)
        found = (
            None if columns.any() else [(1,) * len(block)]
        )  # a point at the origin bends nothing
        if found is None and not theta[columns].any():
            found = cells([[Fraction(float(v)) for v in row] for row in mine[:, columns]])
        if found is None:
            if 2 ** len(block) > MOST:
                return None
            found = list(itertools.product((-1, 1), repeat=len(block)))
        choices.append(found)
    if math.prod(map(len, choices)) > MOST:
        return None
    out = []
    for chosen in itertools.product(*choices):
        sides = np.empty(len(normals))
        for block, signs in zip(blocks, chosen, strict=True):
            sides[block] = signs
        out.append(sides)
    return out


def _blocks(normals: Float) -> Iterator[list[int]]:
    """Normals that share no coordinate with those of another block: the rows of B."""
    left = list(range(len(normals)))
    while left:
        block = [left.pop(0)]
        columns = normals[block[0]] != 0.0
        grown = True
        while grown:
            more = [k for k in left if (normals[k] != 0.0)[columns].any()]
            grown = bool(more)
            block += more
            left = [k for k in left if k not in more]
            columns = normals[block].any(axis=0)
        yield sorted(block)


def cells(rows: Sequence[Row]) -> list[Signs] | None:
    """The signs of rows . d over all d where none is 0, sorted; None in more than three dimensions or of too many
    rows."""
    pivots = _pivots(rows)
    if len(pivots) > _MOST_DIMENSIONS or len(rows) * 2 > MOST:
        return None
    return sorted(_cells([[row[p] for p in pivots] for row in rows]))


def _cells(rows: Sequence[Row]) -> set[Signs]:
    """The same of rows that span their space."""
    n = len(rows[0])
    if n == 1:
        one = tuple(_sign(row[0]) for row in rows)
        return {one, tuple(-s for s in one)}
    found = set()
    for chosen in itertools.combinations(rows, n - 1):
        ray = _ray(chosen)
        pivot = next((k for k, v in enumerate(ray) if v), None)
        if pivot is None:
            continue
        signs = [
            _sign(sum((a * b for a, b in zip(row, ray, strict=True)), Fraction(0))) for row in rows
        ]
        through = [k for k, s in enumerate(signs) if s == 0]
        beside = _cells([[v for k, v in enumerate(rows[t]) if k != pivot] for t in through])
        for way in (1, -1):
            for small in beside:
                cell = [way * s for s in signs]
                for k, s in zip(through, small, strict=True):
                    cell[k] = s
                found.add(tuple(cell))
    return found


def _ray(rows: Sequence[Row]) -> list[Fraction]:
    """What is orthogonal to one row in the plane, two in space; zeros where these are parallel."""
    if len(rows) == 1:
        ((a, b),) = rows
        return [-b, a]
    (a, b, c), (d, e, f) = rows
    return [b * f - c * e, c * d - a * f, a * e - b * d]


def _pivots(rows: Sequence[Row]) -> list[int]:
    """Columns on which the rows have their whole rank."""
    left = [list(row) for row in rows]
    pivots: list[int] = []
    for column in range(len(rows[0])):
        k = next((i for i in range(len(pivots), len(left)) if left[i][column]), None)
        if k is None:
            continue
        done = len(pivots)
        left[done], left[k] = left[k], left[done]
        for i in range(done + 1, len(left)):
            factor = left[i][column] / left[done][column]
            left[i] = [a - factor * b for a, b in zip(left[i], left[done], strict=True)]
        pivots.append(column)
    return pivots


def _sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)
