"""Newton's method on a logistic regression in decimals, and its linear algebra: by hand, along a basis, and where there
is no maximum."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from nce_ref.oracle.numbers import logistic
from nce_ref.oracle.numbers.logistic import GUARD, ONE, ZERO

DIGITS = 40


def digits(*values):
    return [Decimal(v) for v in values]


def close(got, want, tolerance=Decimal("1e-45")):
    return all(abs(g - w) < tolerance for g, w in zip(got, want, strict=True))


def test_a_constant_is_fitted_by_the_share_of_data():
    """With g = 1, o = 0: h = T_d/(T_d + T_n) = 1/4 everywhere, so theta = ln(1/3), J = ln(1/4) + 3 ln(3/4), M = 4
    (1/4)(3/4)."""
    with logistic.working(DIGITS + GUARD):
        at = logistic.maximise([[ONE] * 8], [ZERO] * 8, 2, [Decimal("-1.5")], [[ONE]], DIGITS)
        third, quarter = Decimal(1) / 3, Decimal("0.25")
        assert close(at.theta, [third.ln()]) and close(
            [at.value], [quarter.ln() + 3 * (3 * quarter).ln()]
        )
        assert (
            close(at.h, [quarter] * 8)
            and close(at.M[0], [Decimal("0.75")])
            and close(at.reduced_inverse[0], [1 / Decimal("0.75")])
        )


def test_along_a_basis_the_rest_stays_where_it_was():
    """Two columns of ones and theta on the line (1, 1)/sqrt(2) through (1, 0): theta_1 + theta_2 = ln(1/3), theta_1 -
    theta_2 = 1."""
    with logistic.working(DIGITS + GUARD):
        half = Decimal("0.5").sqrt()
        at = logistic.maximise(
            [[ONE] * 8, [ONE] * 8], [ZERO] * 8, 2, [ONE, ZERO], [[half, half]], DIGITS
        )
        total = (Decimal(1) / 3).ln()
        assert close(at.theta, [(total + 1) / 2, (total - 1) / 2])


def test_no_maximum_is_refused():
    columns = [digits(1, 2, -1, -2), [ONE] * 4]  # x at 1 and 2, y at -1 and -2: separated at 0
    with logistic.working(DIGITS + GUARD):
        with pytest.raises(ArithmeticError, match=r"did not settle|not definite"):
            logistic.maximise(columns, [ZERO] * 4, 2, [ONE, ZERO], logistic.identity(2), DIGITS)
        with pytest.raises(ArithmeticError, match=r"pivot 1 .* flat"):
            logistic.maximise(
                [[ONE] * 4, [ONE] * 4], [ZERO] * 4, 2, [ZERO, ZERO], logistic.identity(2), DIGITS
            )


@pytest.mark.parametrize("t", ["-900", "-1.25", "0", "3", "900"])
def test_value_and_slope_in_the_tails(t):
    """One data point at t, against 900 digits; the noise point has g = 0 and says nothing."""
    with logistic.working(DIGITS + GUARD):
        t = Decimal(t)
        with localcontext(prec=900):
            h = 1 / (1 + (-t).exp())
        _, gradient, M = logistic._derivatives([[ONE, ZERO]], [t, Decimal(-5000)], 1, [ZERO])
        assert abs(gradient[0] - (1 - h)) < Decimal("1e-60")
        assert abs(M[0][0] - h * (1 - h)) < Decimal("1e-60")


def test_inverse_by_hand_and_indefinite():
    with logistic.working(60):
        inverse = logistic.inverse_of_definite([digits(4, 2), digits(2, 3)])
        assert close([v for row in inverse for v in row], digits("0.375", "-0.25", "-0.25", "0.5"))
        for matrix in ([digits(1, 2), digits(2, 1)], [digits(1, 1), digits(1, 1)]):
            with pytest.raises(ArithmeticError, match="pivot 1"):
                logistic.inverse_of_definite(matrix)
        with pytest.raises(ArithmeticError, match="pivot 0"):
            logistic.inverse_of_definite([digits(-1)])


def test_projection_keeps_its_digits_beside_a_normal():
    """v almost along q: what is left, 1e-25 long, must still be orthogonal to q to the working precision."""
    with logistic.working(60):
        q = logistic.unit(digits(1, 2, 3))
        v = [a + b for a, b in zip(q, digits("1e-25", 0, 0))]
        rest = logistic.off([q], v)
        assert logistic.length(rest) > Decimal("1e-26")
        assert abs(logistic.dot(q, logistic.unit(rest))) < Decimal("1e-55")


def test_rounding_reaches_every_number_of_a_nest():
    got = logistic.rounded(
        {"a": [[Decimal("1.23456")], Decimal("-9.87654")], "b": Decimal("0.00012345")}, 3
    )
    assert got == {"a": [[Decimal("1.23")], Decimal("-9.88")], "b": Decimal("0.000123")}
