r"""InfoNCE of embeddings with its derivatives, to 40 digits, from the standard library and ``numbers`` alone.

    u = z/|z|,  q_k = u_a . u_k,  s = kappa q,  kappa = 1/t or e^l
    a row (a; p; k_1 ... k_m) with a weight omega:  x = sum_j e^(s_j - s_p),  L = sum omega ln(1 + x)
    g_j = omega e^(s_j - s_p)/(1 + x),  g_p = -sum_j g_j;     dL/dkappa = sum_j g_j (q_j - q_p)
    dL/du_a = kappa sum_j g_j (u_j - u_p),  dL/du_k = kappa g_k u_a,     dL/dz = (D - u (u . D))/|z|, D = dL/du

Every objective whose rows are softmaxes is a list of such rows over one pool of vectors; which, its definition says.

Conventions
-----------
vectors      fractions, none of length 0; numbers, floats taken exactly
mask         1 where a negative counts, 0 where it does not; a row without negatives has loss 0
ValueError   a shape that does not fit, NaN or inf, a vector of length 0, t <= 0, a mask of other numbers
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from nce_ref.oracle.numbers.balls import TINY, ZERO, Ball, ball, dot, settled, sqrt, total
from nce_ref.oracle.numbers.linear_algebra import (
    Matrix,
    Number,
    Numbers,
    Points,
    as_fraction,
    as_fractions,
    as_rows,
)
from nce_ref.oracle.numbers.linear_algebra import dot as exact_dot
from nce_ref.oracle.numbers.logarithms import DIGITS, Outputs

Units = list[list[Ball]]


@dataclass(frozen=True)
class Row:
    """An anchor, its positive and its negatives by their places in the pool, and the row's weight."""

    anchor: int
    positive: int
    negatives: tuple[int, ...]
    weight: Fraction


@dataclass(frozen=True)
class Found:
    """L, dL/dz of every vector, and dL/dkappa."""

    value: Ball
    by_vectors: Units
    by_scale: Ball


def lengths(vectors: Matrix) -> list[Ball]:
    """|z| of each."""
    return [sqrt(exact_dot(z, z)) for z in vectors]


def units(vectors: Matrix, sizes: list[Ball]) -> Units:
    """z/|z| of each."""
    return [[ball(v) / size for v in z] for z, size in zip(vectors, sizes)]


def pulled_back(of_units: Units, u: Units, sizes: list[Ball]) -> Units:
    """dL/dz from dL/du."""
    found = []
    for a, own, size in zip(of_units, u, sizes):
        along = dot(own, a)
        found.append([(p - q * along) / size for p, q in zip(a, own)])
    return found


def contrast(vectors: Matrix, rows: Sequence[Row], scale: Ball) -> Found:
    """The rows' losses, weighed and added, in the caller's precision."""
    sizes = lengths(vectors)
    u = units(vectors, sizes)
    of_units = [[Ball(ZERO) for _ in z] for z in vectors]
    value = by_scale = Ball(ZERO)
    for row in rows:
        own, pulled, weight = u[row.anchor], u[row.positive], ball(row.weight)
        q = dot(own, pulled)
        gaps = [dot(own, u[k]) - q for k in row.negatives]
        powers = [(scale * gap).exp() for gap in gaps]
        x = total(powers)
        below = ball(1) + x
        g = [weight * power / below for power in powers]
        value = value + weight * x.log_one_plus()
        by_scale = by_scale + dot(g, gaps)
        push = [scale * one for one in g]
        pull = -total(push)
        for k, at in zip([*push, pull], [*row.negatives, row.positive]):
            _add(of_units[row.anchor], k, u[at])
            _add(of_units[at], k, own)
    return Found(value, pulled_back(of_units, u, sizes), by_scale)


def _add(to: list[Ball], factor: Ball, vector: list[Ball]) -> None:
    for j, v in enumerate(vector):
        to[j] = to[j] + factor * v


def info_nce(
    anchors: Points,
    positives: Points,
    negatives: Sequence[Points],
    mask: Points,
    temperature: Number,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """Negatives of each anchor's own."""
    a, p, n_dim = _pairs(anchors, positives)
    if len(negatives) != len(a):
        raise ValueError(f"negatives: got {len(negatives)} rows; expected {len(a)}")
    width = len(negatives[0])
    own = [read_vectors("negatives", rows, n_dim) for rows in negatives]
    if any(len(rows) != width for rows in own):
        raise ValueError("negatives: got rows of several lengths; expected one")
    counted, n = read_mask(mask, len(a), width), len(a)
    rows = [
        Row(
            i,
            n + i,
            tuple(2 * n + i * width + j for j in range(width) if counted[i][j]),
            Fraction(1, n),
        )
        for i in range(n)
    ]
    pool = a + p + [z for vectors in own for z in vectors]

    def negatives_of(found: Units) -> list[Units]:
        rest = found[2 * n :]
        return [rest[i * width : (i + 1) * width] for i in range(n)]

    return _tempered(pool, rows, temperature, digits, n, negatives_of)


def info_nce_unpaired(
    anchors: Points,
    positives: Points,
    negatives: Points,
    mask: Points,
    temperature: Number,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """The same negatives for every anchor."""
    a, p, n_dim = _pairs(anchors, positives)
    shared, n = read_vectors("negatives", negatives, n_dim), len(a)
    counted = read_mask(mask, n, len(shared))
    rows = [
        Row(i, n + i, tuple(2 * n + j for j in range(len(shared)) if counted[i][j]), Fraction(1, n))
        for i in range(n)
    ]
    return _tempered(a + p + shared, rows, temperature, digits, n, lambda found: found[2 * n :])


def info_nce_in_batch(
    anchors: Points, positives: Points, temperature: Number, *, digits: int = DIGITS
) -> Outputs:
    """The other anchors' positives are the negatives."""
    a, p, _ = _pairs(anchors, positives)
    n = len(a)
    rows = [
        Row(i, n + i, tuple(n + j for j in range(n) if j != i), Fraction(1, n)) for i in range(n)
    ]
    return _tempered(a + p, rows, temperature, digits, n, None)


def _tempered(
    pool: Matrix,
    rows: list[Row],
    temperature: Number,
    digits: int,
    n: int,
    negatives_of: Callable[[Units], Any] | None,
) -> Outputs:
    t = read_temperature(temperature)

    def run() -> dict[str, Any]:
        found = contrast(pool, rows, ball(1 / t))
        outputs = {
            "value": found.value,
            "grad_anchors": found.by_vectors[:n],
            "grad_positives": found.by_vectors[n : 2 * n],
            "grad_temperature": -(found.by_scale * ball(1 / t**2)),
        }
        return outputs | (
            {} if negatives_of is None else {"grad_negatives": negatives_of(found.by_vectors)}
        )

    return settled(run, digits, TINY)


def _pairs(anchors: Points, positives: Points) -> tuple[Matrix, Matrix, int]:
    n_dim = len(anchors[0])
    a, p = read_vectors("anchors", anchors, n_dim), read_vectors("positives", positives, n_dim)
    if len(a) != len(p):
        raise ValueError(f"positives: got {len(p)} rows; expected {len(a)}, one an anchor")
    return a, p, n_dim


def read_vectors(name: str, rows: Points, n_dim: int | None = None) -> Matrix:
    """Vectors, none of length 0."""
    found = as_rows(name, rows, len(rows[0]) if n_dim is None else n_dim)
    for k, z in enumerate(found):
        if not any(z):
            raise ValueError(
                f"{name}: got a row {k} of length 0; expected vectors with a direction"
            )
    return found


def read_temperature(temperature: Number) -> Fraction:
    """A number above 0."""
    t = as_fraction("temperature", temperature)
    if t <= 0:
        raise ValueError(f"temperature: got {temperature}; expected a number above 0")
    return t


def read_mask(mask: Points, n: int, width: int) -> list[list[bool]]:
    """1 and 0 as truth."""
    rows: list[Numbers] = list(mask)
    if len(rows) != n:
        raise ValueError(f"mask: got {len(rows)} rows; expected {n}")
    read = [as_fractions("mask", row, width) for row in rows]
    if any(v not in (0, 1) for row in read for v in row):
        raise ValueError("mask: got other numbers; expected 0 and 1")
    return [[v == 1 for v in row] for row in read]
