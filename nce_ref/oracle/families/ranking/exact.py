r"""InfoNCE with its derivatives, to 40 digits, in the standard library alone.

    L = (1/n) sum_i ln(1 + x_i),    x_i = sum_j e^(s_ij - s_i)          s_i the positive logit of row i, s_ij the others
    dL/ds_i = -(1/n) x_i/(1 + x_i),     dL/ds_ij = (1/n) e^(s_ij - s_i)/(1 + x_i)

Every term is positive, so nothing cancels: a result has all the digits that its terms have.

Conventions
-----------
logit_positive, logits_negative   (n,), (n, m), m >= 1
ValueError                        a shape that does not fit, NaN or inf
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from nce_ref.oracle.numbers.linear_algebra import Numbers, as_fractions
from nce_ref.oracle.numbers.logarithms import DIGITS, ExactLog, significant, working


def info_nce_from_logits(
    logit_positive: Numbers, logits_negative: Sequence[Numbers], *, digits: int = DIGITS
) -> dict[str, Any]:
    """L and its derivatives by both kinds of logit."""
    positive = as_fractions("logit_positive", logit_positive)
    if len(logits_negative) != len(positive):
        raise ValueError(
            f"logits_negative: got {len(logits_negative)} rows; expected {len(positive)}, one a positive logit"
        )
    width = len(logits_negative[0])
    rows = [as_fractions("logits_negative", row, width) for row in logits_negative]
    differences = [tuple(s - own for s in row) for own, row in zip(positive, rows)]
    n = len(positive)

    def value(precision: int) -> tuple[Decimal, Decimal]:
        with working(precision):
            total = sum((_log_one_plus(row, precision) for row in differences), Decimal(0)) / n
        return total, total

    def share(row: tuple[Fraction, ...], j: int | None) -> Decimal:
        """x/(1 + x), or the part of it that e^(s_j - s) has; divided by n."""

        def run(precision: int) -> tuple[Decimal, Decimal]:
            powers = _powers(row, precision)
            with working(precision):
                whole = sum(powers, Decimal(0))
                part = (whole if j is None else powers[j]) / (1 + whole) / n
            return part, part

        return significant(run, digits)

    return {
        "value": significant(value, digits),
        "grad_logit_positive": [share(row, None).copy_negate() for row in differences],
        "grad_logits_negative": [[share(row, j) for j in range(width)] for row in differences],
    }


@functools.lru_cache(maxsize=64)
def _powers(exponents: tuple[Fraction, ...], precision: int) -> list[Decimal]:
    """e^t for each t, to ``precision`` digits."""
    with working(precision):
        return [ExactLog(t).to_places(precision + 2).exp() for t in exponents]


def _log_one_plus(exponents: tuple[Fraction, ...], precision: int) -> Decimal:
    """ln(1 + sum e^t), to ``precision`` digits: where the sum x is small, 1 + x is held with as many digits more as x
    is behind 1."""
    more = precision + max(0, -max(map(float, exponents)).__floor__())
    x = sum(_powers(exponents, more), Decimal(0))
    if x.adjusted() < -2 * precision:
        with working(precision):
            return +x  # ln(1 + x) = x (1 - x/2 + ...)
    with working(more):
        return (1 + x).ln()
