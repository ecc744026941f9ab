r"""ln sigma(t) and sigma(t) for many t at once, in decimals of one precision with an error bound: what 1e5 logits can
afford.

Conventions
-----------
t          Decimals with an absolute error of at most 10^-(P - 3), P the working precision: ``precision_for`` chooses it
e          exp(-|t|) has a relative error of at most 10^-(P - 4) then, libmpdec's exp and ln being correctly rounded
results    sigma, 1/(1 + e) or e/(1 + e), and ln sigma, min(t, 0) - ln(1 + e) with two terms of one sign: neither
           cancels, so that each is right to 10^-(P - 5) relatively. A sum of N results of one sign loses N 10^-P more,
           a product with a fraction one rounding. P = digits + ``_GUARD`` + (digits of the largest summand of t): with
           N <= 10^6 all results are right to 10^-(digits + 4), relatively
refused    a t beyond 10^17 in size, whose exp is beyond ``decimal``: ArithmeticError, from ``exp`` itself
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from nce_ref.oracle.numbers.logarithms import working

__all__ = ["log_one_plus", "log_sigmoids", "precision_for", "sigmoids", "tails", "working"]

_GUARD = 12
_ONE, _ZERO = Decimal(1), Decimal(0)


def precision_for(largest: float, digits: int) -> int:
    """The working precision P for t's made of summands up to ``largest`` in size."""
    return digits + _GUARD + max(0, Decimal(largest).adjusted() + 1 if largest else 0)


def tails(t: Iterable[Decimal]) -> list[Decimal]:
    """exp(-|t|) of each, in the caller's working precision."""
    return [v.copy_abs().copy_negate().exp() for v in t]


def log_sigmoids(
    t: Sequence[Decimal], e: Sequence[Decimal], precision: int
) -> tuple[list[Decimal], Decimal]:
    """ln sigma(t), e = exp(-|t|), and their sum."""
    found = [
        # Below 0, ln(1 + e) stands beside t, which is 1/2 of it in size or more: it needs no digits of its own.
        value - (_ONE + tail).ln() if value < 0 else log_one_plus(tail, precision).copy_negate()
        for value, tail in zip(t, e)
    ]
    return found, sum(found, _ZERO)


def log_one_plus(x: Decimal, precision: int) -> Decimal:
    """ln(1 + x), x > 0, with as many digits as x has, however small it is."""
    places = max(0, -x.adjusted())
    if places > precision:
        return x  # ln(1 + x) = x (1 - x/2 + ...)
    with working(precision + places):
        return (_ONE + x).ln()


def sigmoids(t: Sequence[Decimal], e: Sequence[Decimal]) -> list[Decimal]:
    """sigma(t), e = exp(-|t|)."""
    return [(tail if value < 0 else _ONE) / (_ONE + tail) for value, tail in zip(t, e)]
