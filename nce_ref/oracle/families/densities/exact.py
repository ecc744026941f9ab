r"""Log-densities and the likelihood to 40 digits: the formulas of the papers, in the standard library alone.

    ln p_m(u; B, c)      = -sqrt(2) sum_i |b_i . u| + c,
    c* = ln|det B| - (n/2) ln 2                       P10 section 3.1
    ln p_n(u)            = -1/2 (u - mean)^T cov^-1 (u - mean) - 1/2 ln det cov - (n/2) ln 2 pi

Conventions
-----------
inputs      floats (or ints, Fractions, Decimals) taken exactly, in plain sequences or NumPy float64 arrays
outputs     a dict from the names of the vectors to Decimal, [Decimal] or [[Decimal]], each to ``digits`` significant
            digits; their operators, unary minus included, round to the caller's context (28 digits): copy_negate, or a
            localcontext
x, u        (T_d, n), (n_points, n)   points are rows; b_i are the rows of B
kink        the derivative of |v| at v = 0 is 0; whether v is 0 is decided exactly
ValueError  a shape that does not fit, NaN or inf, a covariance not symmetric and positive definite, det B = 0 for a
            normalised model
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from nce_ref.oracle.numbers import linear_algebra as linear
from nce_ref.oracle.numbers.linear_algebra import (
    Matrix,
    Number,
    Numbers,
    Points,
    Vector,
    as_fraction,
    as_fractions,
    as_rows,
    as_square,
    dot,
    sign,
)
from nce_ref.oracle.numbers.logarithms import (
    DIGITS,
    ExactLog,
    Outputs,
)

LogDensity = Callable[[Vector], ExactLog]

HALF = Fraction(1, 2)


def gaussian_log_density(u: Points, mean: Numbers, cov: Points, *, digits: int = DIGITS) -> Outputs:
    """ln N(u; mean, cov), (n_points,)."""
    centre = as_fractions("mean", mean)
    log_density = gaussian(centre, "cov", cov)
    return {"value": [log_density(v).decimal(digits) for v in as_rows("u", u, len(centre))]}


def laplace_ica_log_density(
    B: Points, c: Number | None, u: Points, *, digits: int = DIGITS
) -> Outputs:
    """ln p_m(u; B, c), (n_points,); c = None stands for the normalising c* = ln|det B| - (n/2) ln 2, which no float
    holds."""
    rows = as_square("B", B)
    log_density = laplace_ica(
        rows, log_normalising(rows) if c is None else ExactLog(as_fraction("c", c))
    )
    return {"value": [log_density(v).decimal(digits) for v in as_rows("u", u, len(rows))]}


def laplace_ica_mle(B: Points, x: Points, *, digits: int = DIGITS) -> Outputs:
    """The mean normalised log-likelihood -sqrt(2) mean_x sum_i |b_i . x| + ln|det B| - (n/2) ln 2; d ln|det B|/dB =
    B^-T."""
    rows = as_square("B", B)
    n, points = len(rows), as_rows("x", x, len(rows))
    inverse, _ = linear.inverse_and_determinant("B", rows)
    sums = [[dot(row, u) for row in rows] for u in points]
    mean = sum((abs(v) for s in sums for v in s), Fraction(0)) / len(points)

    def grad_B(i: int, j: int) -> Decimal:
        slope = sum((sign(s[i]) * u[j] for s, u in zip(sums, points)), Fraction(0)) / len(points)
        return ExactLog(rational=inverse[j][i], sqrt2=-slope).decimal(digits)

    value = (ExactLog(sqrt2=-mean) + log_normalising(rows)).decimal(digits)
    return {"value": value, "grad_B": [[grad_B(i, j) for j in range(n)] for i in range(n)]}


def gaussian(mean: Vector, name: str, cov: Points) -> LogDensity:
    """ln N(u; mean, cov)."""
    n = len(mean)
    inverse, determinant = linear.inverse_and_determinant_of_covariance(
        name, linear.as_symmetric(name, cov, n)
    )

    def log_density(u: Vector) -> ExactLog:
        centred = [a - b for a, b in zip(u, mean, strict=True)]
        return ExactLog(
            rational=-HALF * quadratic(inverse, centred), square=1 / determinant, two_pi=-n
        )

    return log_density


def laplace_ica(B: Matrix, c: ExactLog) -> LogDensity:
    """-sqrt(2) sum_i |b_i . u| + c."""
    return lambda u: ExactLog(sqrt2=-sum((abs(dot(row, u)) for row in B), Fraction(0))) + c


def log_normalising(B: Matrix) -> ExactLog:
    """ln|det B| - (n/2) ln 2 = 1/2 ln(det^2/2^n)."""
    determinant = linear.inverse_and_determinant("B", B)[1]
    return ExactLog(square=determinant**2 / 2 ** len(B))


def quadratic(matrix: Matrix, u: Vector) -> Fraction:
    """u' matrix u."""
    return dot(u, [dot(row, u) for row in matrix])
