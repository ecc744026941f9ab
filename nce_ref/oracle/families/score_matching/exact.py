r"""Score matching with its derivatives, to 40 digits, in the standard library alone (Hyvarinen 2005).

    J = -mean_x [1/2 |Psi|^2 + div Psi],   Psi = B' phi, phi_k = -sqrt(2) t_k,   t = tanh(z), z = a B x
    With M = B B', q = 1 - t^2: the bracket is t' M t - sqrt(2) a sum_k M_kk q_k, its derivative by B_kj
    2 t_k sum_l t_l B_lj + 2 a q_k x_j sum_l M_kl t_l + 2 sqrt(2) a^2 t_k q_k M_kk x_j - 2 sqrt(2) a q_k B_kj

Conventions
-----------
inputs      floats (or ints, Fractions, Decimals) taken exactly, in plain sequences or NumPy float64 arrays
outputs     a dict from the names of the vectors to Decimal, [Decimal] or [[Decimal]], each to ``digits`` significant
            digits; their operators, unary minus included, round to the caller's context (28 digits): copy_negate, or a
            localcontext
x           (T_d, n)   points are rows, b_i the rows of B; slope a > 0
zero        a sum of products of tanh is 0 where all monomials cancel; another 0 would not be believed, but raise
            ArithmeticError
ValueError  a shape that does not fit, NaN or inf, a slope not above 0
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from nce_ref.oracle.numbers.linear_algebra import (
    Number,
    Points,
    as_fraction,
    as_rows,
    as_square,
    dot,
    sign,
)
from nce_ref.oracle.numbers.logarithms import (
    DIGITS,
    Outputs,
    as_decimal,
    significant,
    working,
)

# A product of tanh(z) and of 1 - tanh(z)^2 with z > 0, perhaps times sqrt(2).
Monomial = tuple[bool, tuple[Fraction, ...], tuple[Fraction, ...]]

ONE = Fraction(1)


def laplace_ica_score_matching(
    B: Points, x: Points, slope: Number, *, digits: int = DIGITS
) -> Outputs:
    """J of the Laplace ICA model, its score smoothed to -sqrt(2) B' tanh(slope B x)."""
    rows = as_square("B", B)
    n, a = len(rows), as_fraction("slope", slope)
    if a <= 0:
        raise ValueError(f"slope: got {a}; expected a number above 0")
    points = as_rows("x", x, n)
    arguments = [[a * dot(row, u) for row in rows] for u in points]
    M = [[dot(b, other) for other in rows] for b in rows]
    share, every = ONE / len(points), range(n)

    def terms_of_value() -> Iterable[tuple[Fraction, Monomial]]:
        for z in arguments:
            for k in every:
                yield from (_monomial(-share * M[k][m], (z[k], z[m])) for m in every)
                yield _monomial(share * a * M[k][k], (), (z[k],), root=True)

    def terms_of_slope(k: int, j: int) -> Iterable[tuple[Fraction, Monomial]]:
        for z, u in zip(arguments, points):
            yield from (_monomial(-2 * share * rows[m][j], (z[k], z[m])) for m in every)
            yield from (_monomial(-2 * share * a * M[k][m] * u[j], (z[m],), (z[k],)) for m in every)
            yield _monomial(-2 * share * a * a * M[k][k] * u[j], (z[k],), (z[k],), root=True)
            yield _monomial(2 * share * a * rows[k][j], (), (z[k],), root=True)

    return {
        "value": _tanh_sum(terms_of_value(), digits),
        "grad_B": [[_tanh_sum(terms_of_slope(k, j), digits) for j in every] for k in every],
    }


def _monomial(
    coefficient: Fraction,
    tanhs: tuple[Fraction, ...],
    squares: tuple[Fraction, ...] = (),
    root: bool = False,
) -> tuple[Fraction, Monomial]:
    """coefficient x product of tanh(z) x product of 1 - tanh(z)^2, perhaps x sqrt(2): signs in front, z = 0 worked
    out."""
    for z in tanhs:
        coefficient *= sign(z)
    return coefficient, (
        root,
        tuple(sorted(map(abs, tanhs))),
        tuple(sorted(abs(z) for z in squares if z)),
    )


def _tanh_sum(terms: Iterable[tuple[Fraction, Monomial]], digits: int) -> Decimal:
    collected: dict[Monomial, Fraction] = {}
    for coefficient, monomial in terms:
        collected[monomial] = collected.get(monomial, Fraction(0)) + coefficient
    collected = {
        monomial: coefficient for monomial, coefficient in collected.items() if coefficient
    }
    if not collected:
        return Decimal(0)

    def run(precision: int) -> tuple[Decimal, Decimal]:
        with working(precision):
            total, size, root = Decimal(0), Decimal(0), Decimal(2).sqrt()
            for (has_root, tanhs, squares), coefficient in collected.items():
                part = as_decimal(coefficient) * (root if has_root else 1)
                bound = abs(part)  # |tanh| <= 1, and its error is one of 1
                for z in tanhs:
                    part *= _tanh(z, precision)[0]
                for z in squares:
                    part, bound = part * _tanh(z, precision)[1], bound * _tanh(z, precision)[1]
                total, size = total + part, size + bound
            return total, size

    return significant(run, digits)


@functools.lru_cache(maxsize=1 << 14)
def _tanh(z: Fraction, precision: int) -> tuple[Decimal, Decimal]:
    """(tanh z, 1 - tanh(z)^2) for z > 0: (1 - e)/(1 + e) and 4 e/(1 + e)^2, e = exp(-2 z); the second has all its
    digits."""
    with working(precision + 10 + max(0, as_decimal(z).adjusted())):
        e = (-2 * as_decimal(z)).exp()
    with working(precision):
        return (1 - e) / (1 + e), 4 * e / ((1 + e) * (1 + e))
