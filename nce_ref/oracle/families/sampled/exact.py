r"""Class NCE, negative sampling and sampled softmax with their derivatives, to 40 digits, from the standard library
and ``numbers`` alone.

    s_c = h_i . w_c + b_c, y the row's target, j its k negatives, drawn with replacement: a hit, j = y, counts as any
    other
    class NCE           r = k q_y e^(-s_y), r_j = e^(s_j)/(k q_j):     L_i = ln(1 + r) + sum_j ln(1 + r_j)
    negative sampling   the same with 1 in the place of k q
    by the scores       -r/(1 + r) for the target, r_j/(1 + r_j) for each negative
    sampled softmax     x_j = (q_y/q_j) e^(s_j - s_y), x = sum_j x_j:  L_i = ln(1 + x),    -x/(1 + x),    x_j/(1 + x)
    L = (1/n) sum_i L_i;   dL/dh_i = sum g w_c,   dL/dw_c = sum g h_i,   dL/db_c = sum g, a class counted as often as
    it occurs

No logarithm of q is taken. Where a mask leaves a row no negatives, k = 0: class NCE and sampled softmax have L_i = 0
there.

Conventions
-----------
hidden, class_vectors, biases   (n, n_dim), (n_classes, n_dim), (n_classes,)
targets, negatives        whole numbers from 0 to n_classes - 1, which may come as floats: (n,), and (n, k) or (k,),
                          shared by all rows
mask                      (n, k) or None: 1 where a negative counts, 0 where it does not; k of a row is the number
                          that counts
ValueError                a shape that does not fit, NaN or inf, a class that is none, a probability outside (0, 1]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from nce_ref.oracle.families.ranking.exact_embeddings import read_mask
from nce_ref.oracle.numbers.balls import TINY, ZERO, Ball, ball, settled, total
from nce_ref.oracle.numbers.linear_algebra import (
    Matrix,
    Numbers,
    Points,
    Vector,
    as_fractions,
    as_rows,
    dot,
)
from nce_ref.oracle.numbers.logarithms import DIGITS, Outputs

# (target, negatives) as (score, weight), the weight being q or k q -> the row's loss and its slopes in that order.
Row = Callable[
    [tuple[Fraction, Fraction], list[tuple[Fraction, Fraction]]], tuple[Ball, list[Ball]]
]


@dataclass(frozen=True)
class _Read:
    """The arguments; ``rows`` are each row's target and the negatives that count."""

    hidden: Matrix
    class_vectors: Matrix
    biases: Vector
    rows: list[tuple[int, list[int]]]

    def score(self, i: int, c: int) -> Fraction:
        """h_i . w_c + b_c."""
        return dot(self.hidden[i], self.class_vectors[c]) + self.biases[c]


def class_nce(
    hidden: Points,
    class_vectors: Points,
    biases: Numbers,
    targets: Numbers,
    negatives: Any,
    noise_probabilities: Numbers,
    mask: Points | None = None,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """A sigmoid for every class that occurs, k q beside it."""
    read = _read(hidden, class_vectors, biases, targets, negatives, mask)
    q = _probabilities(noise_probabilities, len(read.class_vectors))
    return _outputs(read, lambda c, k: k * q[c], _points, digits)


def negative_sampling(
    hidden: Points,
    class_vectors: Points,
    biases: Numbers,
    targets: Numbers,
    negatives: Any,
    mask: Points | None = None,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """A sigmoid for every class that occurs, and nothing beside it."""
    read = _read(hidden, class_vectors, biases, targets, negatives, mask)
    return _outputs(read, lambda c, k: Fraction(1), _points, digits)


def sampled_softmax(
    hidden: Points,
    class_vectors: Points,
    biases: Numbers,
    targets: Numbers,
    negatives: Any,
    noise_probabilities: Numbers,
    mask: Points | None = None,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """A softmax over the target and the negatives, each by its q."""
    read = _read(hidden, class_vectors, biases, targets, negatives, mask)
    q = _probabilities(noise_probabilities, len(read.class_vectors))
    return _outputs(read, lambda c, k: q[c], _softmax, digits)


def _points(
    target: tuple[Fraction, Fraction], negatives: list[tuple[Fraction, Fraction]]
) -> tuple[Ball, list[Ball]]:
    score, weight = target
    odds = [ball(weight) * ball(-score).exp()] if weight else [Ball(ZERO)]
    odds += [ball(s).exp() / ball(of) for s, of in negatives]
    slopes = [r / (ball(1) + r) for r in odds]
    value = total(r.log_one_plus() for r in odds if r.value)
    return value, [-slopes[0], *slopes[1:]]


def _softmax(
    target: tuple[Fraction, Fraction], negatives: list[tuple[Fraction, Fraction]]
) -> tuple[Ball, list[Ball]]:
    score, weight = target
    powers = [ball(weight / of) * ball(s - score).exp() for s, of in negatives]
    x = total(powers)
    below = ball(1) + x
    value = x.log_one_plus() if powers else Ball(ZERO)
    return value, [-(x / below), *(power / below for power in powers)]


def _outputs(read: _Read, weight: Callable[[int, int], Fraction], row: Row, digits: int) -> Outputs:
    n, n_dim = len(read.hidden), len(read.hidden[0])
    share = Fraction(1, n)

    def run() -> dict[str, Any]:
        value = Ball(ZERO)
        of_hidden = [[Ball(ZERO)] * n_dim for _ in read.hidden]
        of_weights = [[Ball(ZERO)] * n_dim for _ in read.class_vectors]
        of_biases = [Ball(ZERO) for _ in read.class_vectors]
        for i, (own, others) in enumerate(read.rows):
            classes = [own, *others]
            pairs = [(read.score(i, c), weight(c, len(others))) for c in classes]
            loss, slopes = row(pairs[0], pairs[1:])
            value = value + ball(share) * loss
            for c, slope in zip(classes, slopes, strict=True):
                g = ball(share) * slope
                of_hidden[i] = _moved(of_hidden[i], g, read.class_vectors[c])
                of_weights[c] = _moved(of_weights[c], g, read.hidden[i])
                of_biases[c] = of_biases[c] + g
        return {
            "value": value,
            "grad_hidden": of_hidden,
            "grad_class_vectors": of_weights,
            "grad_biases": of_biases,
        }

    return settled(run, digits, TINY)


def _moved(to: list[Ball], factor: Ball, vector: Vector) -> list[Ball]:
    return [one + factor * ball(v) for one, v in zip(to, vector, strict=True)]


def _read(
    hidden: Points,
    class_vectors: Points,
    biases: Numbers,
    targets: Numbers,
    negatives: Any,
    mask: Points | None,
) -> _Read:
    n_dim = len(hidden[0])
    h, w = as_rows("hidden", hidden, n_dim), as_rows("class_vectors", class_vectors, n_dim)
    b = as_fractions("biases", biases, len(w))
    own = _classes("targets", targets, len(w))
    if len(own) != len(h):
        raise ValueError(f"targets: got {len(own)}; expected {len(h)}, one a row of hidden")
    every = [negatives] * len(h) if not _is_nested(negatives) else list(negatives)
    if len(every) != len(h):
        raise ValueError(f"negatives: got {len(every)} rows; expected {len(h)}")
    others = [_classes("negatives", row, len(w), len(every[0])) for row in every]
    if mask is not None:
        counted = read_mask(mask, len(h), len(every[0]))
        others = [
            [c for c, counts in zip(row, kept) if counts] for row, kept in zip(others, counted)
        ]
    return _Read(h, w, b, list(zip(own, others)))


def _is_nested(rows: Any) -> bool:
    return isinstance(rows[0], Sequence) or getattr(rows[0], "ndim", 0) > 0


def _classes(name: str, ids: Numbers, n_classes: int, size: int | None = None) -> list[int]:
    found = as_fractions(name, ids, len(ids) if size is None else size)
    for c in found:
        if c.denominator != 1 or not 0 <= c < n_classes:
            raise ValueError(f"{name}: got {float(c):g}; expected a class, 0 to {n_classes - 1}")
    return [int(c) for c in found]


def _probabilities(noise_probabilities: Numbers, n_classes: int) -> Vector:
    q = as_fractions("noise_probabilities", noise_probabilities, n_classes)
    if any(not 0 < one <= 1 for one in q):
        raise ValueError("noise_probabilities: got one outside (0, 1]; expected probabilities")
    return q
