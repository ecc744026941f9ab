r"""NCE's rivals with their derivatives, to 40 digits: importance sampling and score matching, in the standard library alone.

    importance   J = mean_x ln p_m - ln Z,   Z = mean_y w,   w = p_m/p_n,   v_t = w_t / sum w,   c = 0, c-hat = -ln Z     P10 section 3.1
                 dJ/dln p_m = 1/T_d on the data, -v_t on the noise
                 dJ/dB = -sqrt(2) [mean_x sign(B x) x' - sum_t v_t sign(B y_t) y_t'] = -sqrt(2) sum_t v_t [mean_x ... - sign(B y_t) y_t']
    score        J = -mean_x [1/2 |Psi|^2 + div Psi],   Psi = B' phi, phi_k = -sqrt(2) t_k,   t = tanh(z), z = a B x        Hyvarinen 2005
    matching     With M = B B', q = 1 - t^2: the bracket is t' M t - sqrt(2) a sum_k M_kk q_k, its derivative by B_kj
                 2 t_k sum_l t_l B_lj + 2 a q_k x_j sum_l M_kl t_l + 2 sqrt(2) a^2 t_k q_k M_kk x_j - 2 sqrt(2) a q_k B_kj

Conventions
-----------
x, y        (T_d, n), (T_n, n)   points are rows, b_i the rows of B; slope a > 0
outputs     as ``exact`` has them; the derivative of |v| at v = 0 is 0, decided exactly
zero        e^s of different algebraic s are linearly independent over the algebraic numbers (Lindemann, Weierstrass): a sum over shares
            v_t is 0 where the coefficients of equal ln w_t add up to 0, and then only. A sum of products of tanh is 0 where all
            monomials cancel; another 0 would not be believed, but raise ArithmeticError
ValueError  a shape that does not fit, NaN or inf, a slope not above 0, a covariance not symmetric and positive definite
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from nce_ref.oracle import exact_linear_algebra as linear
from nce_ref.oracle.exact_linear_algebra import (
    Matrix,
    Number,
    Numbers,
    Vector,
    as_fraction,
    as_fractions,
    as_rows,
    as_square,
    dot,
)
from nce_ref.oracle.exact_numbers import ExactLog, significant, working

Outputs = dict[str, Any]
Points = Any  # a sequence of sequences of numbers
# A product of tanh(z) and of 1 - tanh(z)^2 with z > 0, perhaps times sqrt(2).
Monomial = tuple[bool, tuple[Fraction, ...], tuple[Fraction, ...]]

DIGITS = 40
ZERO, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)


def importance_sampling_from_log_densities(
    log_model_data: Numbers,
    log_model_noise: Numbers,
    log_noise_noise: Numbers,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """J and ln Z from ln p_m on data and noise, without c, and ln p_n on the noise: (T_d,), (T_n,), (T_n,)."""
    data, model = (
        as_fractions("log_model_data", log_model_data),
        as_fractions("log_model_noise", log_model_noise),
    )
    noise = as_fractions("log_noise_noise", log_noise_noise, len(model))
    log_w = [ExactLog(m - n) for m, n in zip(model, noise)]
    return {
        "value": log_mean_exp(log_w, digits, ExactLog(sum(data, ZERO) / len(data))),
        "log_normalizer": log_mean_exp(log_w, digits).copy_negate(),
        "grad_log_model_data": [ExactLog(ONE / len(data)).decimal(digits)] * len(data),
        "grad_log_model_noise": [
            share_sum([-ONE * (s == t) for s in range(len(log_w))], log_w, digits)
            for t in range(len(log_w))
        ],
    }


def laplace_ica_importance_sampling(
    B: Points, x: Points, y: Points, noise_mean: Numbers, noise_cov: Points, *, digits: int = DIGITS
) -> Outputs:
    """J of -sqrt(2) sum_i |b_i . u| with Z by importance sampling from Gaussian noise."""
    rows = as_square("B", B)
    n = len(rows)
    data, noise = as_rows("x", x, n), as_rows("y", y, n)
    mean = as_fractions("noise_mean", noise_mean, n)
    inverse, determinant = linear.inverse_and_determinant_of_covariance(
        "noise_cov", linear.as_symmetric("noise_cov", noise_cov, n)
    )

    def log_weight(u: Vector) -> ExactLog:
        centred = [a - b for a, b in zip(u, mean)]
        half = HALF * dot(centred, [dot(row, centred) for row in inverse])
        return ExactLog(rational=half, sqrt2=-_absolute(rows, u), square=determinant, two_pi=n)

    log_w = [log_weight(u) for u in noise]
    of_data = ExactLog(sqrt2=-sum((_absolute(rows, u) for u in data), ZERO) / len(data))

    def grad_B(i: int, j: int) -> Decimal:
        on_data = sum((_sign(dot(rows[i], u)) * u[j] for u in data), ZERO) / len(data)
        return share_sum(
            [_sign(dot(rows[i], u)) * u[j] - on_data for u in noise],
            log_w,
            digits,
            times_sqrt2=True,
        )

    return {
        "value": log_mean_exp(log_w, digits, of_data),
        "grad_B": [[grad_B(i, j) for j in range(n)] for i in range(n)],
    }


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


def log_mean_exp(logs: list[ExactLog], digits: int, less_from: ExactLog | None = None) -> Decimal:
    """``less_from`` - ln((1/n) sum_t e^t), less_from 0 where it is None; 0 where all t equal ``less_from``, and then only."""
    start = less_from or ExactLog()
    if len(set(logs)) == 1:
        return (start - logs[0]).decimal(digits)

    def run(precision: int) -> tuple[Decimal, Decimal]:
        top, powers = _powers(tuple(logs), precision)
        first = start.to_places(precision)
        with working(precision):
            rest = (sum(powers, Decimal(0)) / len(powers)).ln()
            parts = [first, -top, -rest]
            return sum(parts, Decimal(0)), sum(map(abs, parts), Decimal(1))

    return significant(run, digits)


def share_sum(
    coefficients: list[Fraction], logs: list[ExactLog], digits: int, times_sqrt2: bool = False
) -> Decimal:
    """sum_t a_t v_t with v_t = e^t / sum e^t, perhaps times sqrt(2)."""
    collected: dict[ExactLog, Fraction] = {}
    for coefficient, log in zip(coefficients, logs, strict=True):
        collected[log] = collected.get(log, ZERO) + coefficient
    if not any(collected.values()):
        return Decimal(0)
    if len(collected) == 1:  # all shares alike
        whole = sum(coefficients, ZERO) / len(coefficients)
        return (ExactLog(sqrt2=whole) if times_sqrt2 else ExactLog(whole)).decimal(digits)

    def run(precision: int) -> tuple[Decimal, Decimal]:
        power = dict(zip(logs, _powers(tuple(logs), precision)[1]))
        with working(precision):
            scale = (Decimal(2).sqrt() if times_sqrt2 else Decimal(1)) / sum(
                (power[log] for log in logs), Decimal(0)
            )
            parts = [scale * _decimal(a) * power[log] for log, a in collected.items() if a]
            return sum(parts, Decimal(0)), sum(map(abs, parts), Decimal(0))

    return significant(run, digits)


@functools.lru_cache(maxsize=64)
def _powers(logs: tuple[ExactLog, ...], precision: int) -> tuple[Decimal, list[Decimal]]:
    """(the largest t, e^(t - the largest) for each): to ``precision`` digits, the exponents being right to so many places."""
    values = [log.to_places(precision + 2) for log in logs]
    top = max(values)
    # The difference is exact where the context holds both numbers whole.
    with working(precision + 20 + max(0, *(value.adjusted() for value in values))):
        return top, [(value - top).exp() for value in values]


def _monomial(
    coefficient: Fraction,
    tanhs: tuple[Fraction, ...],
    squares: tuple[Fraction, ...] = (),
    root: bool = False,
) -> tuple[Fraction, Monomial]:
    """coefficient x product of tanh(z) x product of 1 - tanh(z)^2, perhaps x sqrt(2): signs in front, z = 0 worked out."""
    for z in tanhs:
        coefficient *= _sign(z)
    return coefficient, (
        root,
        tuple(sorted(map(abs, tanhs))),
        tuple(sorted(abs(z) for z in squares if z)),
    )


def _tanh_sum(terms: Iterable[tuple[Fraction, Monomial]], digits: int) -> Decimal:
    collected: dict[Monomial, Fraction] = {}
    for coefficient, monomial in terms:
        collected[monomial] = collected.get(monomial, ZERO) + coefficient
    collected = {
        monomial: coefficient for monomial, coefficient in collected.items() if coefficient
    }
    if not collected:
        return Decimal(0)

    def run(precision: int) -> tuple[Decimal, Decimal]:
        with working(precision):
            total, size, root = Decimal(0), Decimal(0), Decimal(2).sqrt()
            for (has_root, tanhs, squares), coefficient in collected.items():
                part = _decimal(coefficient) * (root if has_root else 1)
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
    """(tanh z, 1 - tanh(z)^2) for z > 0: (1 - e)/(1 + e) and 4 e/(1 + e)^2, e = exp(-2 z); the second has all its digits."""
    with working(precision + 10 + max(0, _decimal(z).adjusted())):
        e = (-2 * _decimal(z)).exp()
    with working(precision):
        return (1 - e) / (1 + e), 4 * e / ((1 + e) * (1 + e))


def _absolute(B: Matrix, u: Vector) -> Fraction:
    return sum((abs(dot(row, u)) for row in B), ZERO)


def _sign(v: Fraction) -> int:
    return (v > 0) - (v < 0)


def _decimal(q: Fraction) -> Decimal:
    return Decimal(q.numerator) / Decimal(q.denominator)
