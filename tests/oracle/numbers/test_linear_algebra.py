"""Small linear algebra in fractions: exactly singular is seen, pivots of 0 are no obstacle, bad input is named."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from nce_ref.oracle.numbers import linear_algebra as linear


@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_inverse_times_matrix_is_exactly_the_identity(n):
    matrix = linear.as_square("M", np.random.default_rng(n).standard_normal((n, n)))
    inverse, determinant = linear.inverse_and_determinant("M", matrix)
    columns = list(zip(*inverse))
    assert [[linear.dot(row, list(column)) for column in columns] for row in matrix] == [
        [int(i == j) for j in range(n)] for i in range(n)
    ]
    assert float(determinant) == pytest.approx(np.linalg.det(np.array(matrix, float)), rel=1e-12)


def test_determinants_by_hand():
    scales = [[1e300, 0], [0, 1e-300]]
    for rows, want in (
        ([[0, 1], [1, 0]], -1),
        ([[0, 2, 0], [0, 0, 3], [5, 0, 0]], 30),
        (scales, Fraction(1e300) * Fraction(1e-300)),
    ):
        assert linear.inverse_and_determinant("M", linear.as_square("M", rows))[1] == want


def test_singular_is_decided_exactly():
    """3 * 0.1 is not 0.3 in binary: the first matrix is regular by 2^-54 and something, the second singular."""
    assert (
        linear.inverse_and_determinant("M", linear.as_square("M", [[1.0, 3.0], [0.1, 0.3]]))[1]
        == Fraction(0.3) - 3 * Fraction(0.1)
        != 0
    )
    with pytest.raises(ValueError, match="M: its determinant is 0"):
        linear.inverse_and_determinant("M", linear.as_square("M", [[1.0, 3.0], [0.25, 0.75]]))


@pytest.mark.parametrize(
    "rows", [[[1, 2], [2, 1]], [[-1, 0], [0, -1]], [[1, 0, 0], [0, 0, 1], [0, 1, 0]], [[0]]]
)
def test_a_covariance_that_is_none_is_refused(rows):
    """Two negative eigenvalues have a positive determinant: the minors must be asked."""
    with pytest.raises(ValueError, match=r"cov: (not positive definite|its determinant is 0)"):
        linear.inverse_and_determinant_of_covariance("cov", linear.as_symmetric("cov", rows))


BAD = {
    "a: got nan; expected a finite number": lambda: linear.as_fraction("a", float("nan")),
    "a: got inf; expected": lambda: linear.as_fractions("a", [1.0, float("inf")]),
    "a: got None; expected": lambda: linear.as_fractions("a", [None]),
    "a: got 3.0; expected a sequence": lambda: linear.as_fractions("a", 3.0),
    "a: got 0 numbers": lambda: linear.as_fractions("a", []),
    "a: got 1 numbers; expected 2": lambda: linear.as_rows("a", [[1, 2], [1]], 2),
    "a: got no rows": lambda: linear.as_rows("a", [], 2),
    "a: got 3 numbers; expected 2": lambda: linear.as_square("a", [[1, 2, 3], [4, 5, 6]]),
    "a: got 1 rows; expected 2": lambda: linear.as_square("a", [[1]], 2),
    "a: got [[1, 2], [2.5, 1]]; expected a symmetric": lambda: linear.as_symmetric(
        "a", [[1, 2], [2.5, 1]]
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_named(message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        BAD[message]()


def test_numbers_are_taken_exactly():
    assert linear.as_fractions("a", [0.1, Decimal("0.1"), 3, Fraction(1, 3)]) == [
        Fraction(0.1),
        Fraction(1, 10),
        3,
        Fraction(1, 3),
    ]
    assert Fraction(0.1) != Fraction(1, 10)
    assert linear.as_rows("a", np.array([[0.5, -0.25]]), 2) == [[Fraction(1, 2), Fraction(-1, 4)]]
