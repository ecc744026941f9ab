"""What the exact files say of their own roundings: balls that hold the number, and digits that two runs must agree on."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest

from nce_ref.oracle.families.networks.exact import Ball, _ball, _context
from nce_ref.oracle.numbers.logarithms import significant


def as_fraction(value: Decimal) -> Fraction:
    return Fraction(*value.as_integer_ratio())


@pytest.mark.parametrize("precision", [5, 20])
def test_a_ball_holds_the_number_and_is_a_point_where_nothing_is_rounded(precision):
    """One operation at a time, each after one that rounds: the flag of the last one does not stay."""
    third, quarter, seventh = Fraction(1, 3), Fraction(1, 4), Fraction(-2, 7)
    with decimal.localcontext(_context(precision)):
        for number in (third, quarter, seventh, Fraction(10**9 + 1), -third):
            ball = _ball(number)
            off = abs(as_fraction(ball.value) - number)
            assert off <= as_fraction(ball.radius)
            # As many digits as the context has, and no more lost than a unit of the last one and its rounding up.
            assert as_fraction(ball.radius) <= abs(number) * Fraction(10) ** (2 - precision)
            assert bool(ball.radius) == bool(off)
        a, b = _ball(third), _ball(seventh)
        for found, exact in ((a + b, third + seventh), (a * b, third * seventh)):
            # The rounding of the operation comes on top of the operands' radii.
            assert abs(as_fraction(found.value) - exact) <= as_fraction(found.radius)
            assert found.radius > a.radius * min(1, abs(b.value)) + Decimal(10) ** -precision / 100
        one, two = Ball(Decimal("0.5")), Ball(Decimal("0.25"))
        _ball(third)
        assert (one + two) == Ball(Decimal("0.75")) and (one * two).radius == 0
        # Exact operands, a sum that is not.
        wide = Ball(Decimal(1)) + Ball(Decimal(3) * Decimal(10) ** -(precision + 3))
        assert wide.radius > 0 and wide.value == 1


def test_one_run_is_never_enough():
    """The first run may say anything: its digits count only where a second one, of twice the precision, has them again."""
    asked = []

    def run(precision):
        asked.append(precision)
        value = first if len(asked) == 1 else Decimal("0.625")
        return value, abs(value) + 1

    for first in map(Decimal, ("0", "1", "-1", "2", "0.625")):
        asked.clear()
        assert significant(run, 20) == Decimal("0.625")
        assert asked == [40, 80] if first == Decimal("0.625") else asked == [40, 80, 160]
