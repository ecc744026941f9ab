r"""The two kinds of number that NCE is made of, held exactly, and their decimals by arithmetic of growing precision.

    ExactLog     r + s sqrt(2) + 1/2 ln(q (2 pi)^k)     r, s, q fractions, k an integer: every log-density and log-ratio
    sums         sum_k a_k ln sigma(t_k)                a_k fractions, t_k ExactLogs: the objective
                 a_0 + sum_k a_k sigma(t_k)             the same, perhaps times sqrt(2): every derivative

Conventions
-----------
digits      significant decimal digits asked for; ``significant`` rounds to them, half to even
precision   working digits: doubled until two runs, the sum's own loss by cancellation paid for, round to the same
            digits
zero        0 is returned where the form says so (no terms are left after exact cancellation), and then only. Two runs
            that agree on 0 prove nothing: that is how a well-known table came to hold 0 for ln sigma(500) =
            -7.1246e-218
range       a result below 10^-10^18 in size (ln sigma(t) from t = 2.3e18) is beyond ``decimal``: ArithmeticError
"""

from __future__ import annotations

import decimal
import functools
import math
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_PRECISION = 20_000
_GUARD = 10  # digits for the roundings of a run: each summand is right to a few units, and there are less than 10^8
_SIGN_IS_CLEAR = Decimal("1e-20")

DIGITS = 40  # of a stored number
Outputs = dict[str, Any]
Run = Callable[[int], tuple[Decimal, Decimal]]  # precision -> (sum, sum of the absolute summands)


def significant(run: Run, digits: int) -> Decimal:
    """The sum to ``digits`` digits; ``run(precision)`` must have its summands right to ``precision`` digits.

    A sum far smaller than its summands has lost what separates them, so a run counts only where at least ``digits``
    digits are left. Raises ArithmeticError where that does not happen below MAX_PRECISION.
    """
    precision, previous = digits + 2 * _GUARD, Decimal(0)
    while precision <= MAX_PRECISION:
        value, size = run(precision)
        with working(digits):
            rounded = +value
            reliable = (
                value != 0 and size.adjusted() - precision + _GUARD < value.adjusted() - digits
            )
        if reliable and rounded == previous:
            return rounded
        precision, previous = 2 * precision, rounded
    raise ArithmeticError(
        f"{digits} digits did not agree below a working precision of {MAX_PRECISION}: 0 unproved, or out of range"
    )


@dataclass(frozen=True)
class ExactLog:
    """The number rational + sqrt2 * sqrt(2) + 1/2 ln(square * (2 pi)^two_pi), square > 0.

    It is 0 where rational = sqrt2 = two_pi = 0 and square = 1; with two_pi = 0 there only (ln of an algebraic number
    other than 1 is transcendental, and sqrt(2) is irrational).
    """

    rational: Fraction = Fraction(0)
    sqrt2: Fraction = Fraction(0)
    square: Fraction = Fraction(1)
    two_pi: int = 0

    def __add__(self, other: ExactLog) -> ExactLog:
        return ExactLog(
            self.rational + other.rational,
            self.sqrt2 + other.sqrt2,
            self.square * other.square,
            self.two_pi + other.two_pi,
        )

    def __neg__(self) -> ExactLog:
        return ExactLog(-self.rational, -self.sqrt2, 1 / self.square, -self.two_pi)

    def __sub__(self, other: ExactLog) -> ExactLog:
        return self + -other

    def decimal(self, digits: int) -> Decimal:
        """The number to ``digits`` significant digits."""
        return Decimal(0) if self == ExactLog() else significant(self.run, digits)

    def run(self, precision: int) -> tuple[Decimal, Decimal]:
        """(value, size), the error below size times 10^(a few - precision)."""
        with working(precision):
            half_ln_two_pi = _ln_two_pi(precision) / 2 if self.two_pi else Decimal(0)
            half_ln_square = _ln(self.square, precision) / 2
            parts = [
                as_decimal(self.rational),
                as_decimal(self.sqrt2) * Decimal(2).sqrt(),
                half_ln_square,
                self.two_pi * half_ln_two_pi,
            ]
            # Close to q = 1, ln q has an absolute error of 10^-precision and a worse relative one: hence the 1 in its
            # place.
            return sum(parts, Decimal(0)), sum(map(abs, parts), Decimal(self.square != 1))

    def to_places(self, precision: int) -> Decimal:
        """The number with an *absolute* error below 10^-precision, which is what an exponent needs."""
        size = self.run(_GUARD)[1]
        return self.run(precision + max(0, size.adjusted()) + _GUARD)[0]

    def exp_if_rational(self) -> Fraction | None:
        """The fraction e^t where t is ln of one, else None."""
        if self.rational or self.sqrt2 or self.two_pi:
            return None
        above, below = math.isqrt(self.square.numerator), math.isqrt(self.square.denominator)
        root = Fraction(above, below)
        return root if root * root == self.square else None

    def is_above_zero(self) -> bool:
        """The sign; where 20 places do not tell it, one of t and -t, always the same."""
        value = self.to_places(30)
        if abs(value) > _SIGN_IS_CLEAR:
            return value > 0
        return (self.rational, self.sqrt2, self.two_pi, self.square) > (0, 0, 0, 1)


def log_sigmoid_sum(terms: Iterable[tuple[Fraction, ExactLog]], digits: int) -> Decimal:
    """sum_k a_k ln sigma(t_k), all a_k of one sign and one at least not 0: never 0, and nothing cancels."""
    terms = list(terms)

    def run(precision: int) -> tuple[Decimal, Decimal]:
        with working(precision):
            parts = [as_decimal(a) * _log_sigmoid(t, precision) for a, t in terms]
            return sum(parts, Decimal(0)), sum(map(abs, parts), Decimal(0))

    return significant(run, digits)


def sigmoid_sum(
    terms: Iterable[tuple[Fraction, ExactLog]], digits: int, times_sqrt2: bool = False
) -> Decimal:
    """sum_k a_k sigma(t_k), perhaps times sqrt(2).

    First brought to one form, in which what cancels exactly is gone: sigma(t) = 1 - sigma(-t) makes every t_k negative,
    sigma(ln rho) = rho/(1 + rho) is a fraction, and equal t_k are collected. So all logits 0 give an exact 0, and with
    every point on the wrong side at 1e9 and n_data = n_noise the ones cancel exactly, and the tails of size e^-1e9 are
    seen.
    """
    constant, collected = Fraction(0), dict[ExactLog, Fraction]()
    for a, t in terms:
        rho = t.exp_if_rational()
        if rho is not None:
            constant += a * rho / (1 + rho)
            continue
        if t.is_above_zero():
            constant, a, t = constant + a, -a, -t
        collected[t] = collected.get(t, Fraction(0)) + a
    collected = {t: a for t, a in collected.items() if a}
    if not constant and not collected:
        return Decimal(0)

    def run(precision: int) -> tuple[Decimal, Decimal]:
        with working(precision):
            parts = [
                as_decimal(constant),
                *(as_decimal(a) * _sigmoid(t, precision) for t, a in collected.items()),
            ]
            scale = Decimal(2).sqrt() if times_sqrt2 else Decimal(1)
            return scale * sum(parts, Decimal(0)), scale * sum(map(abs, parts), Decimal(0))

    return significant(run, digits)


def sigmoid_slope(t: ExactLog, digits: int) -> Decimal:
    """sigma'(t) = sigma(t) sigma(-t), a product: nothing cancels."""

    def run(precision: int) -> tuple[Decimal, Decimal]:
        with working(precision):
            slope = _sigmoid(t, precision) * _sigmoid(-t, precision)
            return slope, slope

    return significant(run, digits)


@functools.lru_cache(maxsize=16)
def pi(precision: int) -> Decimal:
    """pi to ``precision`` digits by Machin's formula, 16 arctan(1/5) - 4 arctan(1/239), in integers."""
    unit = 10 ** (precision + _GUARD)

    def arctan_of_inverse(n: int) -> int:
        power, total, k = unit // n, 0, 0
        while power:
            total += (-1) ** k * power // (2 * k + 1)
            power, k = power // (n * n), k + 1
        return total

    with working(precision):
        return Decimal(16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)) / unit


@functools.lru_cache(maxsize=1 << 15)
def _log_sigmoid(t: ExactLog, precision: int) -> Decimal:
    """ln sigma(t) = min(t, 0) - ln(1 + e), e = exp(-|t|), both terms <= 0."""
    value, e = _tail(t, precision)
    # 1 + e must keep e's own digits: where e is below 10^-precision they are ln(1 + e)'s digits already.
    places = -e.adjusted()
    with working(precision + places + _GUARD if places <= precision else precision):
        log1p = (1 + e).ln() if places <= precision else e
    with working(precision):
        return min(value, Decimal(0)) - log1p


@functools.lru_cache(maxsize=1 << 15)
def _sigmoid(t: ExactLog, precision: int) -> Decimal:
    """sigma(t) = 1/(1 + e) for t >= 0 and e/(1 + e) below."""
    value, e = _tail(t, precision)
    with working(precision):
        return (1 if value >= 0 else e) / (1 + e)


@functools.lru_cache(maxsize=1 << 15)
def _tail(t: ExactLog, precision: int) -> tuple[Decimal, Decimal]:
    """(t, exp(-|t|)); the second is right to ``precision`` digits because the first is right to so many places."""
    value = t.to_places(precision + 2)
    with working(precision + 2):
        return value, value.copy_abs().copy_negate().exp()


@functools.lru_cache(maxsize=1024)
def _ln(q: Fraction, precision: int) -> Decimal:
    with working(precision):
        return as_decimal(q).ln()


@functools.lru_cache(maxsize=64)
def _ln_two_pi(precision: int) -> Decimal:
    with working(precision):
        return (2 * pi(precision)).ln()


def as_decimal(q: Fraction) -> Decimal:
    """To the working precision."""
    """The fraction, rounded once, in the caller's context."""
    return Decimal(q.numerator) / Decimal(q.denominator)


def working(precision: int) -> AbstractContextManager[decimal.Context]:
    """A context with the whole range of ``decimal``: what is too small becomes 0 (and is not believed), the rest
    raises."""
    traps = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
    context = decimal.Context(
        prec=precision,
        rounding=decimal.ROUND_HALF_EVEN,
        Emin=decimal.MIN_EMIN,
        Emax=decimal.MAX_EMAX,
        traps=traps,
    )
    return decimal.localcontext(context)
