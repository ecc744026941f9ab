r"""The maximum of a logistic regression on a linear manifold, in ``decimal``, and the small linear algebra that it
takes.

    J(theta) = (1/T_d) { sum_x ln sigma(t) + sum_y ln sigma(-t) },    t_k = g_k . theta + o_k
    h = sigma(t),    M = (1/T_d) sum_k h(1-h) g g^T

J is concave with Hessian -M. Newton's method on theta + span(Z) has the step Z (Z^T M Z)^-1 Z^T grad J. Starting with
15 digits it has 30, 60, ... after 1, 2, ... steps, as far as the working precision goes.

Conventions
-----------
working     the caller's ``decimal`` context, see ``working``; its precision exceeds the digits wanted by GUARD
columns     (n_params, n_points): one list of Decimals a parameter, the data's points first; offsets (n_points,)
basis       Z: orthonormal vectors (n_params,), to the working precision
ArithmeticError   a matrix that is not positive definite, no convergence
"""

from __future__ import annotations

import decimal
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from operator import mul
from typing import Any

from nce_ref.oracle.numbers.linear_algebra import Matrix

Column = list[Decimal]
Columns = list[Column]

# digits beyond those asked for: 10 for the roundings of sums, 20 to tell what ought to be 0 from
# what is not
GUARD = 30
ZERO, ONE = Decimal(0), Decimal(1)
_STEPS = 20
_FLAT = Decimal("1e-20")  # a pivot so small beside its diagonal proves nothing about the sign


@dataclass(frozen=True)
class LogisticMaximum:
    """Where Newton's method ended: theta, J and grad J there, h at each point, M, and (Z^T M Z)^-1."""

    theta: Column
    value: Decimal
    gradient: Column
    h: Column
    M: Columns
    reduced_inverse: Columns


def maximise(
    columns: Columns, offsets: Column, n_data: int, theta: Column, basis: Columns, digits: int
) -> LogisticMaximum:
    """Newton's method along ``basis`` from theta, until a step is shorter than 10^-(digits + 5)."""
    for _ in range(_STEPS):
        t, gradient, M = _derivatives(columns, offsets, n_data, theta)
        inverse = inverse_of_definite([[dot(z, times(M, other)) for other in basis] for z in basis])
        along = times(inverse, [dot(z, gradient) for z in basis])
        step = [sum((a * z[j] for a, z in zip(along, basis)), ZERO) for j in range(len(theta))]
        if length(step) < Decimal(10) ** -(digits + 5):
            # ln sigma(v) = min(v, 0) - ln(1 + e^-|v|), v = t on the data and -t on the noise.
            signed = t[:n_data] + [-v for v in t[n_data:]]
            value = sum((min(v, ZERO) - (1 + (-abs(v)).exp()).ln() for v in signed), ZERO) / n_data
            return LogisticMaximum(theta, value, gradient, [_sigmoid(v) for v in t], M, inverse)
        theta = [a + b for a, b in zip(theta, step)]
    raise ArithmeticError(
        f"Newton's method did not settle in {_STEPS} steps: the start is not near a maximum with these active kinks"
    )


def _derivatives(
    columns: Columns, offsets: Column, n_data: int, theta: Column
) -> tuple[Column, Column, Columns]:
    """(t, grad J, M)."""
    t = offsets
    for value, column in zip(theta, columns):
        t = [a + value * g for a, g in zip(t, column)]
    h = [_sigmoid(v) for v in t]
    slopes = [(1 - p if k < n_data else -p) / n_data for k, p in enumerate(h)]
    bend = [p * (1 - p) / n_data for p in h]
    M = [[ZERO] * len(columns) for _ in columns]
    for i, column in enumerate(columns):
        weighted = list(map(mul, bend, column))
        for j in range(i + 1):
            M[i][j] = M[j][i] = dot(weighted, columns[j])
    return t, [dot(slopes, column) for column in columns], M


def _sigmoid(t: Decimal) -> Decimal:
    e = (-abs(t)).exp()
    return (1 if t >= 0 else e) / (1 + e)


def inverse_of_definite(matrix: Columns) -> Columns:
    """By a Cholesky factor, whose existence proves a symmetric matrix positive definite; ArithmeticError where there is
    none."""
    n = len(matrix)
    factor = [[ZERO] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = matrix[i][j] - dot(factor[i][:j], factor[j][:j])
            if i == j and not rest > _FLAT * matrix[i][i]:
                what = f"pivot {i} of its Cholesky factor is {rest:.3g}"
                raise ArithmeticError(
                    f"the curvature is not definite, {what}: flat or a saddle, or the start is far from any maximum"
                )
            factor[i][j] = rest.sqrt() if i == j else rest / factor[j][j]
    inverse = []
    for unit in identity(n):
        half, whole = unit, [ZERO] * n
        for i in range(n):
            half[i] = (half[i] - dot(factor[i][:i], half[:i])) / factor[i][i]
        for i in reversed(range(n)):
            whole[i] = (
                half[i] - sum((factor[k][i] * whole[k] for k in range(i + 1, n)), ZERO)
            ) / factor[i][i]
        inverse.append(whole)
    return inverse


def off(normals: Columns, v: Column) -> Column:
    """v less its projection on orthonormal vectors; twice, since once loses digits of a v that lies near them."""
    for q in normals * 2:
        along = dot(q, v)
        v = [a - along * b for a, b in zip(v, q)]
    return v


def unit(v: Column) -> Column:
    """v/|v|."""
    size = length(v)
    return [a / size for a in v]


def length(v: Column) -> Decimal:
    """|v|."""
    return dot(v, v).sqrt()


def dot(a: Column, b: Column) -> Decimal:
    """sum_i a_i b_i."""
    return sum(map(mul, a, b), ZERO)


def times(matrix: Columns, v: Column) -> Column:
    """The matrix, by rows, times v."""
    return [dot(row, v) for row in matrix]


def trace(matrix: Columns) -> Decimal:
    """sum_i m_ii."""
    return sum((matrix[k][k] for k in range(len(matrix))), ZERO)


def identity(n: int) -> Columns:
    """The unit vectors."""
    return [[Decimal(i == j) for j in range(n)] for i in range(n)]


def as_decimals(matrix: Matrix) -> Columns:
    """Fractions, each rounded once; those of floats with few bits are not rounded at all."""
    return [[Decimal(v.numerator) / Decimal(v.denominator) for v in row] for row in matrix]


def working(precision: int) -> AbstractContextManager[decimal.Context]:
    """A context of this precision that owes nothing to the caller's; overflow and division by 0 raise
    ArithmeticErrors."""
    return decimal.localcontext(decimal.Context(prec=precision, rounding=decimal.ROUND_HALF_EVEN))


def rounded(value: Any, digits: int) -> Any:
    """Every Decimal of a nest of dicts and lists, to ``digits`` significant digits."""
    if isinstance(value, dict):
        return {name: rounded(item, digits) for name, item in value.items()}
    if isinstance(value, list):
        return [rounded(item, digits) for item in value]
    return decimal.Context(prec=digits, rounding=decimal.ROUND_HALF_EVEN).plus(value)
