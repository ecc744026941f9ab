"""The kernels and their derivatives to 40 digits, in the standard library alone.

Conventions
-----------
inputs      floats (or ints, Fractions, Decimals) taken exactly, in plain sequences or NumPy float64 arrays
outputs     a dict from the names of the vectors to Decimal, [Decimal] or [[Decimal]], each to ``digits`` significant
            digits; their operators, unary minus included, round to the caller's context (28 digits): copy_negate, or a
            localcontext
ValueError  NaN or inf
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from nce_ref.oracle.numbers.linear_algebra import (
    Number,
    Numbers,
    as_fraction,
    as_fractions,
)
from nce_ref.oracle.numbers.logarithms import (
    DIGITS,
    ExactLog,
    Outputs,
    log_sigmoid_sum,
    sigmoid_slope,
    sigmoid_sum,
)

ONE = Fraction(1)


def log_sigmoid(t: Number | Numbers, *, digits: int = DIGITS) -> Outputs:
    """ln sigma(t) = -ln(1 + e^-t) and its derivative sigma(-t), for one t or elementwise."""
    return {
        "value": _each(t, lambda s: log_sigmoid_sum([(ONE, s)], digits)),
        "grad": _each(t, lambda s: sigmoid_sum([(ONE, -s)], digits)),
    }


def sigmoid(t: Number | Numbers, *, digits: int = DIGITS) -> Outputs:
    """sigma(t) = 1/(1 + e^-t) and its derivative sigma(t) sigma(-t), for one t or elementwise."""
    return {
        "value": _each(t, lambda s: sigmoid_sum([(ONE, s)], digits)),
        "grad": _each(t, lambda s: sigmoid_slope(s, digits)),
    }


def _each(t: Number | Numbers, function: Callable[[ExactLog], Decimal]) -> Decimal | list[Decimal]:
    if isinstance(t, int | float | Fraction | Decimal):
        return function(ExactLog(as_fraction("t", t)))
    return [function(ExactLog(s)) for s in as_fractions("t", t)]
