"""The arithmetic of growing precision: known constants, what cancels, what is 0 and what only looks like it.

The digits written here were printed by another library (mpmath 1.3 at 1200 digits, textbook formulas), not by this one.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from nce_ref.oracle.numbers import logarithms as exact_numbers
from nce_ref.oracle.numbers.logarithms import (
    ExactLog,
    log_sigmoid_sum,
    pi,
    sigmoid_slope,
    sigmoid_sum,
    significant,
)

ONE = Fraction(1)
CONSTANTS = {  # ExactLog, 40 digits
    "ln 2": (ExactLog(square=Fraction(4)), "0.6931471805599453094172321214581765680755"),
    "ln(2)/2": (ExactLog(square=Fraction(2)), "0.3465735902799726547086160607290882840378"),
    "ln(2 pi)/2": (ExactLog(two_pi=1), "0.9189385332046727417803297364056176398614"),
    "-ln(2 pi)/2": (ExactLog(two_pi=-1), "-0.9189385332046727417803297364056176398614"),
    "sqrt 2": (ExactLog(sqrt2=ONE), "1.414213562373095048801688724209698078570"),
}
LOG_SIGMOID = {  # t: ln sigma(t), sigma(-t)
    500.0: (
        "-7.124576406741285531549157377122755246928e-218",
        "7.124576406741285531549157377122755246928e-218",
    ),
    -500.0: ("-500", "1"),
    1.0: (
        "-0.3132616875182228340489954949678556419153",
        "0.2689414213699951207488407581781637256349",
    ),
    0.0: ("-0.6931471805599453094172321214581765680755", "0.5"),
    40.0: (
        "-4.248354255291588986304977843631582181878e-18",
        "4.248354255291588977280720904404506371435e-18",
    ),
    60.0: (
        "-8.756510762696520338488732762400925667947e-27",
        "8.756510762696520338488732724062685299337e-27",
    ),
    100.0: (
        "-3.720075976020835962959695803863118337359e-44",
        "3.720075976020835962959695803863118337359e-44",
    ),
    -40.0: (
        "-40.00000000000000000424835425529158898630",
        "0.9999999999999999957516457447084110227193",
    ),
    800.0: (
        "-3.667874584177687213455495654260798215470e-348",
        "3.667874584177687213455495654260798215470e-348",
    ),
    0.1: (
        "-0.6443966600735708921932038921305046452312",
        "0.4750208125210600125164917093358722085123",
    ),
}


def test_pi_to_any_precision():
    assert str(pi(60)).startswith("3.1415926535897932384626433832795028841971693993751058209749")
    with localcontext(prec=990):
        assert +pi(1000) == +pi(2000)


@pytest.mark.parametrize("name", CONSTANTS)
def test_known_constants(name):
    number, want = CONSTANTS[name]
    assert number.decimal(40) == Decimal(want)


@pytest.mark.parametrize("t", LOG_SIGMOID)
def test_known_values_of_the_logistic_function(t):
    value, slope = LOG_SIGMOID[t]
    number = ExactLog(Fraction(t))
    assert log_sigmoid_sum([(ONE, number)], 40) == Decimal(value)
    assert sigmoid_sum([(ONE, -number)], 40) == Decimal(slope)
    assert sigmoid_slope(number, 40) == sigmoid_slope(-number, 40)


def test_more_digits_continue_the_fewer():
    for digits in (15, 40, 300):
        value = sigmoid_sum([(ONE, ExactLog(Fraction(0.1)))], digits)
        with localcontext(prec=digits - 1):
            assert +value == +sigmoid_sum([(ONE, ExactLog(Fraction(0.1)))], 400)


def test_far_tails_keep_their_digits_and_do_not_take_their_digits_time():
    """ln sigma(1e9) = -e^-1e9 has 4e8 zeros behind the point."""
    assert log_sigmoid_sum([(ONE, ExactLog(Fraction(10**9)))], 40).adjusted() == math.floor(
        -1e9 / math.log(10)
    )
    assert log_sigmoid_sum([(ONE, ExactLog(Fraction(-(10**9))))], 40) == -(10**9)


def test_zero_by_underflow_is_not_believed():
    """e^-1e300 is below decimal's range: every run gives 0, and no number of them makes it an answer."""
    with pytest.raises(ArithmeticError, match="out of range"):
        log_sigmoid_sum([(ONE, ExactLog(Fraction(10**300)))], 40)
    # Beside another summand it is nothing, to any number of digits.
    assert log_sigmoid_sum(
        [(ONE, ExactLog(Fraction(10**300))), (ONE, ExactLog(ONE))], 40
    ) == Decimal(LOG_SIGMOID[1.0][0])


def test_a_sum_that_cancels_is_carried_until_the_sum_has_its_digits():
    """sigma(1) - sigma(1 - 1e-300) = 1e-300 sigma'(1) to 300 digits; the summands agree to 300."""
    near = sigmoid_sum([(ONE, ExactLog(ONE)), (-ONE, ExactLog(1 - Fraction(1, 10**300)))], 40)
    assert near == Decimal("0.1966119332414818525374247335859090256223e-300")
    # ln(1 + 1e-100)/2, whose fraction rounds to 1 in the first run.
    small = ExactLog(square=1 + Fraction(1, 10**100)).decimal(40)
    assert small == Decimal("5.000000000000000000000000000000000000000e-101")


def test_a_lucky_pair_of_runs_is_not_enough():
    """Runs that agree to all digits while the sum is far below what its summands can tell must not be accepted."""
    calls = []

    def run(precision):
        calls.append(precision)
        return (Decimal("1e-200") if precision < 250 else Decimal("2e-200")), Decimal(1)

    assert significant(run, 40) == Decimal("2e-200")
    assert calls == [60, 120, 240, 480, 960]
    with pytest.raises(ArithmeticError, match="40 digits did not agree"):
        significant(lambda precision: (Decimal(0), Decimal(1)), 40)


def test_a_huge_argument_is_resolved_before_its_sigmoid():
    """t = 1e300 sqrt(2) - (the fraction below it of 310 digits) - 5. At 60 and at 120 digits t would look like +-1e240
    and +-1e180, and sigma(t) like the same 0 or 1 both times."""
    big = 10**300
    below = Fraction(math.isqrt(2 * big**2 * 10**20), 10**10)
    for t in (ExactLog(-below - 5, Fraction(big)), ExactLog(below + 5, -Fraction(big))):
        assert sigmoid_sum([(ONE, t)], 40) == sigmoid_sum(
            [(ONE, ExactLog(Fraction(t.decimal(90))))], 40
        )
        assert log_sigmoid_sum([(ONE, t)], 40) == log_sigmoid_sum(
            [(ONE, ExactLog(Fraction(t.decimal(90))))], 40
        )


@pytest.mark.parametrize("precision", [60, 240])
def test_every_run_is_as_right_as_it_says(precision):
    """The runs' promise, on which ``significant`` rests: summands right to ``precision`` digits, sums to size 10^(3 -
    precision)."""

    def off(got, want, size):
        with localcontext(prec=4 * precision):
            return abs(got - want) / abs(size) * Decimal(10) ** precision

    for t in (0.0, 0.1, 20.0, 46.0, 60.0, 100.0, 135.0, 138.0, 140.0, 500.0, 550.0, 560.0, 1e6):
        for number in (
            ExactLog(Fraction(t)),
            ExactLog(Fraction(-t)),
            ExactLog(sqrt2=Fraction(t), two_pi=1),
        ):
            for function in (exact_numbers._log_sigmoid, exact_numbers._sigmoid):
                want = function(number, 4 * precision)
                assert off(function(number, precision), want, want) < 1000
    for number in (
        ExactLog(square=1 + Fraction(1, 3 * 10**30)),
        ExactLog(ONE, -ONE, Fraction(2, 7), -3),
        ExactLog(Fraction(1, 10**90)),
    ):
        value, size = number.run(precision)
        assert off(value, number.run(4 * precision)[0], size) < 1000


TINY = ExactLog(Fraction(1, 10**25))
ZEROS = {
    "equal arguments": [(ONE, ExactLog(ONE)), (-ONE, ExactLog(ONE))],
    "sigma(t) + sigma(-t) = 1, sigma(0) = 1/2": [
        (ONE, ExactLog(ONE)),
        (ONE, ExactLog(-ONE)),
        (Fraction(-2), ExactLog()),
    ],
    "all logits 0 at nu = 5/2": [
        (Fraction(2), ExactLog(square=Fraction(25, 4))),
        (Fraction(-5), ExactLog(square=Fraction(4, 25))),
    ],
    "irrational arguments": [
        (ONE, ExactLog(sqrt2=ONE, two_pi=1)),
        (ONE, ExactLog(sqrt2=-ONE, two_pi=-1)),
        (-2 * ONE, ExactLog()),
    ],
    "a sign that 20 places do not tell": [(ONE, TINY), (ONE, -TINY), (Fraction(-2), ExactLog())],
    "no weight": [(Fraction(0), ExactLog(ONE))],
}


@pytest.mark.parametrize("name", ZEROS)
def test_exact_zeros_are_recognised(name):
    assert sigmoid_sum(ZEROS[name], 40) == 0 and sigmoid_sum(ZEROS[name], 40, times_sqrt2=True) == 0
    a, t = ZEROS[name][0]
    assert sigmoid_sum([*ZEROS[name], (Fraction(1, 10**50), ExactLog(ONE))], 40) != 0
    assert sigmoid_sum([(a + Fraction(1, 10**60), t), *ZEROS[name][1:]], 40).adjusted() in range(
        -62, -57
    )


def test_zeros_of_log_densities():
    assert (ExactLog(square=Fraction(4)) - ExactLog(square=Fraction(4))).decimal(40) == 0
    assert (
        ExactLog(Fraction(0.1), -ONE, Fraction(3), 2)
        - ExactLog(Fraction(0.1), -ONE, Fraction(3), 2)
    ).decimal(40) == 0


def test_wrong_side_far_out_with_equal_counts():
    """Two data and two noise points at -+1e9: the ones cancel exactly, and -2 e^-1e9 ... is what stays."""
    far = ExactLog(Fraction(10**9))
    left = sigmoid_sum(
        [(ONE, far), (-ONE, far + ExactLog(ONE))], 40
    )  # sigma(1e9) - sigma(1e9 + 1) = -e^-1e9 (1 - 1/e)
    assert left < 0 and left.adjusted() == math.floor(
        (-1e9 + math.log(1 - math.exp(-1))) / math.log(10)
    )


def test_the_callers_context_plays_no_part():
    want = sigmoid_sum([(ONE, ExactLog(Fraction(0.1)))], 40)
    exact_numbers._tail.cache_clear()
    with localcontext(prec=3):
        assert sigmoid_sum([(ONE, ExactLog(Fraction(0.1)))], 40) == want
