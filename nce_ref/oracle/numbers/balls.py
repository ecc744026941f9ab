r"""Decimals with a bound on their error, which every operation enlarges as it must: what roots, exponentials and
quotients need.

Conventions
-----------
Ball         within ``radius`` of ``value``; operations are those of the caller's ``decimal`` context, their rounding
             counted
settled      the working precision grows until both ends of every ball round to the same digits
zero         radius 0: what is 0 by exact arithmetic. Where ``tiny`` is given, a ball around 0 within it is 0, too:
             below 10^-400 no float64 tells it from 0
ArithmeticError   no precision is enough, or a divisor that cannot be told from 0
"""

from __future__ import annotations

import decimal
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from nce_ref.oracle.numbers.logarithms import MAX_PRECISION, Outputs
from nce_ref.oracle.numbers.spelling import each

ZERO, ONE = Decimal(0), Decimal(1)
_NO_TRAP_MISSED = [
    decimal.InvalidOperation,
    decimal.DivisionByZero,
    decimal.Overflow,
    decimal.Underflow,
]
_LIMITS: dict[str, Any] = {
    "Emin": decimal.MIN_EMIN,
    "Emax": decimal.MAX_EMAX,
    "traps": _NO_TRAP_MISSED,
}
# Radii are bounds: nine digits, every operation rounded up.
UP = decimal.Context(prec=9, rounding=decimal.ROUND_UP, **_LIMITS)
_DOWN = decimal.Context(prec=9, rounding=decimal.ROUND_DOWN, **_LIMITS)
TINY = Decimal("1e-400")
_FOR_TINY = 480  # digits at which it is asked


@dataclass(frozen=True)
class Ball:
    """A number within ``radius`` of ``value``."""

    value: Decimal
    radius: Decimal = ZERO

    def __add__(self, other: Ball) -> Ball:
        return rounded(lambda: self.value + other.value, UP.add(self.radius, other.radius))

    def __neg__(self) -> Ball:
        return Ball(self.value.copy_negate(), self.radius)

    def __sub__(self, other: Ball) -> Ball:
        return rounded(lambda: self.value - other.value, UP.add(self.radius, other.radius))

    def __mul__(self, other: Ball) -> Ball:
        mine, theirs = _size(self.value), _size(other.value)
        crossed = UP.add(UP.multiply(mine, other.radius), UP.multiply(theirs, self.radius))
        return rounded(
            lambda: self.value * other.value,
            UP.add(crossed, UP.multiply(self.radius, other.radius)),
        )

    def __truediv__(self, other: Ball) -> Ball:
        # |a/b - A/B| <= (|a - A| + |a/b| |b - B|)/|B|
        least = _DOWN.subtract(_DOWN.plus(other.value.copy_abs()), other.radius)
        if least <= 0:
            raise ArithmeticError(f"a divisor of {other.value:.3g} cannot be told from 0")
        quotient = UP.divide(_size(self.value), _DOWN.plus(other.value.copy_abs()))
        moved = UP.add(self.radius, UP.multiply(quotient, other.radius))
        return rounded(lambda: self.value / other.value, UP.divide(moved, least))

    def exp(self) -> Ball:
        """e^t."""
        found = rounded(self.value.exp, ZERO)
        # e^r - 1 <= 2 r up to r = 1; a wider ball says nothing yet.
        moved = UP.multiply(2, self.radius) if self.radius < ONE else Decimal("1e9")
        return Ball(found.value, UP.add(found.radius, UP.multiply(_size(found.value), moved)))

    def log_one_plus(self) -> Ball:
        """ln(1 + x) of x > 0, with all digits that x has, however small it is."""
        precision = decimal.getcontext().prec
        places = max(0, -self.value.adjusted())
        radius = UP.divide(
            self.radius, max(ONE, _DOWN.subtract(_DOWN.plus(self.value), self.radius))
        )
        if not self.value or places > precision:  # ln(1 + x) = x (1 - x/2 + ...)
            return Ball(self.value, UP.add(radius, UP.multiply(_size(self.value), self.value)))
        with decimal.localcontext(context(precision + places + 2)):
            exact = (ONE + self.value).ln()
        return rounded(lambda: +exact, UP.add(radius, _last_digit(exact, precision)))

    def decimal(self, digits: int) -> Decimal | None:
        """The number to ``digits`` digits; None where the radius leaves them open."""
        if not self.radius:
            return context(digits).plus(self.value)
        exact = context(MAX_PRECISION + 20)
        ends = {
            context(digits).plus(end(self.value, self.radius))
            for end in (exact.subtract, exact.add)
        }
        return ends.pop() if len(ends) == 1 else None

    def is_around_zero(self) -> bool:
        """Whether 0 is in the ball."""
        return self.value.copy_abs() <= self.radius


def ball(q: Fraction | int) -> Ball:
    """A fraction, in the caller's precision."""
    return rounded(lambda: Decimal(q.numerator) / Decimal(q.denominator), ZERO)


def sqrt(q: Fraction) -> Ball:
    """The root of a fraction above 0."""
    below = ball(q)
    root = below.value.sqrt()
    # |sqrt a - sqrt b| <= |a - b|/sqrt a; the root is exact where its square is.
    radius = UP.divide(below.radius, _DOWN.plus(root)) if below.radius else ZERO
    return rounded(below.value.sqrt, radius)


def total(balls: Iterable[Ball]) -> Ball:
    """Their sum, exactly 0 of none."""
    return sum(balls, Ball(ZERO))


def dot(a: Sequence[Ball], b: Sequence[Ball]) -> Ball:
    """sum_i a_i b_i."""
    return total(p * q for p, q in zip(a, b, strict=True))


def settled(
    run: Callable[[], Mapping[str, Any]], digits: int, tiny: Decimal | None = None
) -> Outputs:
    """What ``run`` makes of balls in the context's precision, every number to ``digits`` digits."""
    precision = digits + 20
    while precision <= MAX_PRECISION:
        with decimal.localcontext(context(precision)):
            found = run()
        number = functools.partial(
            _number, digits=digits, tiny=tiny if precision >= _FOR_TINY else None
        )
        numbers = {name: each(number, nest) for name, nest in found.items()}
        if not any(one is None for nest in numbers.values() for one in _leaves(nest)):
            return numbers
        at_zero = tiny is not None and any(
            one.is_around_zero() for nest in found.values() for one in _leaves(nest)
        )
        precision = max(2 * precision, _FOR_TINY if at_zero else 0)
    raise ArithmeticError(
        f"{digits} digits were not sure below a working precision of {MAX_PRECISION}: 0 unproved, or out of range"
    )


def rounded(operation: Callable[[], Decimal], radius: Decimal) -> Ball:
    """The result with the radius of its operands', and that of its rounding, where there is one."""
    now = decimal.getcontext()
    now.clear_flags()
    value = operation()
    if now.flags[decimal.Inexact]:
        radius = UP.add(radius, _last_digit(value, now.prec))
    return Ball(value, radius)


def context(precision: int) -> decimal.Context:
    """The whole range of ``decimal``, in which nothing is lost silently."""
    return decimal.Context(prec=precision, rounding=decimal.ROUND_HALF_EVEN, **_LIMITS)


def _number(one: Ball, digits: int, tiny: Decimal | None) -> Decimal | None:
    found = one.decimal(digits)
    if found is None and tiny is not None and one.is_around_zero():
        return ZERO if UP.add(_size(one.value), one.radius) < tiny else None
    return found


def _size(value: Decimal) -> Decimal:
    return UP.plus(value.copy_abs())


def _last_digit(value: Decimal, precision: int) -> Decimal:
    """A unit of the last of so many digits, or more."""
    return _size(value).scaleb(1 - precision, UP)


def _leaves(nested: Any) -> list[Any]:
    return (
        [leaf for entry in nested for leaf in _leaves(entry)]
        if isinstance(nested, list)
        else [nested]
    )
