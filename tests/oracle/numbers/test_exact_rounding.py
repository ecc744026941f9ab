"""What the exact files say of their own roundings: balls that hold the number, and digits that two runs must agree
on."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest

from nce_ref.oracle.numbers import balls
from nce_ref.oracle.numbers.balls import TINY, Ball, context, settled, sqrt
from nce_ref.oracle.numbers.logarithms import significant


def as_fraction(value: Decimal) -> Fraction:
    return Fraction(*value.as_integer_ratio())


@pytest.mark.parametrize("precision", [5, 20])
def test_a_ball_holds_the_number_and_is_a_point_where_nothing_is_rounded(precision):
    """One operation at a time, each after one that rounds: the flag of the last one does not stay."""
    third, quarter, seventh = Fraction(1, 3), Fraction(1, 4), Fraction(-2, 7)
    with decimal.localcontext(context(precision)):
        for number in (third, quarter, seventh, Fraction(10**9 + 1), -third):
            ball = balls.ball(number)
            off = abs(as_fraction(ball.value) - number)
            assert off <= as_fraction(ball.radius)
            # As many digits as the context has, and no more lost than a unit of the last one and its rounding up.
            assert as_fraction(ball.radius) <= abs(number) * Fraction(10) ** (2 - precision)
            assert bool(ball.radius) == bool(off)
        a, b = balls.ball(third), balls.ball(seventh)
        for found, exact in ((a + b, third + seventh), (a * b, third * seventh)):
            # The rounding of the operation comes on top of the operands' radii.
            assert abs(as_fraction(found.value) - exact) <= as_fraction(found.radius)
            assert found.radius > a.radius * min(1, abs(b.value)) + Decimal(10) ** -precision / 100
        one, two = Ball(Decimal("0.5")), Ball(Decimal("0.25"))
        balls.ball(third)
        assert (one + two) == Ball(Decimal("0.75")) and (one * two).radius == 0
        # Exact operands, a sum that is not.
        wide = Ball(Decimal(1)) + Ball(Decimal(3) * Decimal(10) ** -(precision + 3))
        assert wide.radius > 0 and wide.value == 1


def test_one_run_is_never_enough():
    """The first run may say anything: its digits count only where a second one, of twice the precision, has them
    again."""
    asked = []

    def run(precision):
        asked.append(precision)
        value = first if len(asked) == 1 else Decimal("0.625")
        return value, abs(value) + 1

    for first in map(Decimal, ("0", "1", "-1", "2", "0.625")):
        asked.clear()
        assert significant(run, 20) == Decimal("0.625")
        assert asked == [40, 80] if first == Decimal("0.625") else asked == [40, 80, 160]


def is_held(found, exact):
    """The ball holds the number, which is known to 60 digits and more."""
    off = abs(as_fraction(found.value) - as_fraction(exact))
    return off <= as_fraction(found.radius) + as_fraction(abs(exact)) / 10**60


@pytest.mark.parametrize("t", ["-2000", "-40", "-0.3", "0", "1e-30", "0.7", "3", "900"])
def test_roots_quotients_and_exponentials_are_held(t):
    """By a run of 80 digits, in which the operand is the middle of the ball or either end of it."""
    wide = context(80)
    with decimal.localcontext(context(20)):
        operand = Ball(Decimal(t), Decimal("1e-18"))
        power, more = operand.exp(), operand.exp().log_one_plus()
        divided, less = Ball(Decimal(1)) / power, power - Ball(Decimal(1))
    for end in (-1, 0, 1):
        with decimal.localcontext(wide):
            e = (Decimal(t) + end * Decimal("1e-18")).exp()
            inverse = 1 / e
        with decimal.localcontext(context(80 + 2 * max(0, -e.adjusted()))):
            log, gap = (1 + e).ln(), e - 1
        assert is_held(power, e) and is_held(divided, inverse) and is_held(less, gap)
        assert is_held(more, log)
    assert as_fraction(more.radius) < as_fraction(more.value) / 10**15


def test_roots_are_held_and_exact_where_they_are():
    with decimal.localcontext(context(20)):
        assert sqrt(Fraction(9, 4)) == Ball(Decimal("1.5"))
        for q in (Fraction(2), Fraction(1, 3), Fraction(10**40 + 1)):
            found = sqrt(q)
            low, high = (as_fraction(found.value) + k * as_fraction(found.radius) for k in (-1, 1))
            assert found.radius > 0 and low**2 <= q <= high**2


def test_a_divisor_that_may_be_0_is_refused():
    with pytest.raises(ArithmeticError, match="cannot be told from 0"):
        Ball(Decimal(1)) / Ball(Decimal("1e-20"), Decimal("1e-19"))


def test_what_cancels_is_0_if_that_is_allowed_and_what_is_small_is_not(monkeypatch):
    """e^a e^-a - 1 is 0, and e^-800 beside it, though no precision proves it; e^-700 e^-800 is a number below every
    float64."""

    def run():
        e = balls.ball(Fraction(7, 5)).exp()
        small = balls.ball(-700).exp() * balls.ball(-800).exp()
        return {"nothing": e / e - balls.ball(1), "small": [small, e - e + balls.ball(-800).exp()]}

    found = settled(run, 40, TINY)
    assert found["nothing"] == 0
    assert [one.adjusted() for one in found["small"]] == [-652, -348]
    monkeypatch.setattr(balls, "MAX_PRECISION", 1000)
    with pytest.raises(ArithmeticError, match="40 digits were not sure"):
        settled(run, 40)
