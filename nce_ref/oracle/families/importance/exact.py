r"""Importance sampling with its derivatives, to 40 digits, in the standard library alone.

    J = mean_x ln p_m - ln Z,   Z = mean_y w,   w = p_m/p_n,   v_t = w_t / sum w,
    c = 0, c-hat = -ln Z     P10 section 3.1
    dJ/dln p_m = 1/T_d on the data, -v_t on the noise
    dJ/dB = -sqrt(2) [mean_x sign(B x) x' - sum_t v_t sign(B y_t) y_t'] = -sqrt(2) sum_t v_t [mean_x ... - sign(B y_t)
    y_t']

Conventions
-----------
inputs      floats (or ints, Fractions, Decimals) taken exactly, in plain sequences or NumPy float64 arrays
outputs     a dict from the names of the vectors to Decimal, [Decimal] or [[Decimal]], each to ``digits`` significant
            digits; their operators, unary minus included, round to the caller's context (28 digits): copy_negate, or a
            localcontext
x, y       (T_d, n), (T_n, n)   points are rows, b_i the rows of B; the derivative of |v| at v = 0 is 0, decided exactly
zero        e^s of different algebraic s are linearly independent over the algebraic numbers (Lindemann, Weierstrass): a
            sum over shares v_t is 0 where the coefficients of equal ln w_t add up to 0, and then only
ValueError  a shape that does not fit, NaN or inf, a covariance not symmetric and positive definite
"""

from __future__ import annotations

import functools
from decimal import Decimal
from fractions import Fraction

from nce_ref.oracle.numbers import linear_algebra as linear
from nce_ref.oracle.numbers.linear_algebra import (
    Matrix,
    Numbers,
    Points,
    Vector,
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
    as_decimal,
    significant,
    working,
)

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
        on_data = sum((sign(dot(rows[i], u)) * u[j] for u in data), ZERO) / len(data)
        return share_sum(
            [sign(dot(rows[i], u)) * u[j] - on_data for u in noise],
            log_w,
            digits,
            times_sqrt2=True,
        )

    return {
        "value": log_mean_exp(log_w, digits, of_data),
        "grad_B": [[grad_B(i, j) for j in range(n)] for i in range(n)],
    }


def log_mean_exp(logs: list[ExactLog], digits: int, less_from: ExactLog | None = None) -> Decimal:
    """``less_from`` - ln((1/n) sum_t e^t), less_from 0 where it is None; 0 where all t equal ``less_from``, and then
    only."""
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
            parts = [scale * as_decimal(a) * power[log] for log, a in collected.items() if a]
            return sum(parts, Decimal(0)), sum(map(abs, parts), Decimal(0))

    return significant(run, digits)


@functools.lru_cache(maxsize=64)
def _powers(logs: tuple[ExactLog, ...], precision: int) -> tuple[Decimal, list[Decimal]]:
    """(the largest t, e^(t - the largest) for each): to ``precision`` digits, the exponents being right to so many
    places."""
    values = [log.to_places(precision + 2) for log in logs]
    top = max(values)
    # The difference is exact where the context holds both numbers whole.
    with working(precision + 20 + max(0, *(value.adjusted() for value in values))):
        return top, [(value - top).exp() for value in values]


def _absolute(B: Matrix, u: Vector) -> Fraction:
    return sum((abs(dot(row, u)) for row in B), ZERO)
