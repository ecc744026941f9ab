"""Reading inputs as fractions, and the inverse and determinant of a small matrix in fractions: no rounding anywhere.

Conventions
-----------
number   int, float (taken exactly as the binary fraction that it is), Fraction or Decimal; NaN and inf raise ValueError
vector   a sequence of numbers; a matrix is a sequence of rows of equal length; NumPy's float64 arrays serve as well
cost     n^3 operations on integers of some 50 n bits for matrices of floats: milliseconds up to n = 10

A float is a fraction, so sums, products, quotients and the solution of linear systems are known exactly. What cancels,
cancels exactly: whether b . u is 0 (a kink), whether a matrix is singular, which sign a determinant has.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

Number = int | float | Fraction | Decimal
Numbers = Sequence[Number]
Vector = list[Fraction]
Points = Sequence[Numbers]
Matrix = list[list[Fraction]]
Item = TypeVar("Item")


def as_fraction(name: str, value: Number) -> Fraction:
    """The number itself. Raises ValueError where it is not one number, or NaN or inf."""
    try:
        return Fraction(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name}: got {value!r}; expected a finite number") from None


def as_fractions(name: str, values: Numbers, size: int | None = None) -> Vector:
    """A vector of at least one number, of ``size`` where it is given."""
    vector = [as_fraction(name, value) for value in _items(name, values)]
    if not vector or size not in (None, len(vector)):
        raise ValueError(f"{name}: got {len(vector)} numbers; expected {size or 'at least 1'}")
    return vector


def as_rows(name: str, rows: Sequence[Numbers], columns: int) -> Matrix:
    """A matrix of at least one row with ``columns`` entries each."""
    matrix = [as_fractions(name, row, columns) for row in _items(name, rows)]
    if not matrix:
        raise ValueError(f"{name}: got no rows; expected at least 1")
    return matrix


def as_square(name: str, rows: Sequence[Numbers], size: int | None = None) -> Matrix:
    """A matrix with as many columns as rows, ``size`` where it is given."""
    rows = _items(name, rows)
    if size not in (None, len(rows)):
        raise ValueError(f"{name}: got {len(rows)} rows; expected {size}")
    return as_rows(name, rows, len(rows))


def as_symmetric(name: str, rows: Sequence[Numbers], size: int | None = None) -> Matrix:
    """A square matrix that equals its transpose to the last bit."""
    matrix = as_square(name, rows, size)
    if any(matrix[i][j] != matrix[j][i] for i in range(len(matrix)) for j in range(i)):
        raise ValueError(f"{name}: got {rows!r}; expected a symmetric matrix")
    return matrix


def dot(a: Vector, b: Vector) -> Fraction:
    """sum_i a_i b_i."""
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


def inverse_and_determinant(name: str, matrix: Matrix) -> tuple[Matrix, Fraction]:
    """Gauss-Jordan elimination in fractions. Raises ValueError where the determinant is exactly 0.

    Any pivot but 0 will do: nothing is rounded, so the size of a pivot does not matter.
    """
    n, determinant = len(matrix), Fraction(1)
    work = [row + [Fraction(i == j) for j in range(n)] for i, row in enumerate(matrix)]
    for k in range(n):
        pivot = next((i for i in range(k, n) if work[i][k]), None)
        if pivot is None:
            raise ValueError(f"{name}: its determinant is 0; expected an invertible matrix")
        if pivot != k:
            work[k], work[pivot] = work[pivot], work[k]
            determinant = -determinant
        determinant *= work[k][k]
        work[k] = [entry / work[k][k] for entry in work[k]]
        for i in range(n):
            if i != k and work[i][k]:
                work[i] = [
                    entry - work[i][k] * of_pivot for entry, of_pivot in zip(work[i], work[k])
                ]
    return [row[n:] for row in work], determinant


def inverse_and_determinant_of_covariance(name: str, matrix: Matrix) -> tuple[Matrix, Fraction]:
    """The same for a symmetric matrix that must be positive definite: every leading minor is above 0 (Sylvester)."""
    minors = [
        inverse_and_determinant(name, [row[:k] for row in matrix[:k]])[1]
        for k in range(1, len(matrix))
    ]
    inverse, determinant = inverse_and_determinant(name, matrix)
    if min([*minors, determinant]) <= 0:
        raise ValueError(f"{name}: not positive definite; expected a covariance")
    return inverse, determinant


def _items(name: str, values: Sequence[Item]) -> list[Item]:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise ValueError(f"{name}: got {values!r}; expected a sequence")
    return list(values)


def sign(v: Fraction) -> int:
    """-1, 0 or 1."""
    return (v > 0) - (v < 0)
