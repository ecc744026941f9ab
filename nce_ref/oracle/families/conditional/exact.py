r"""Conditional NCE with its derivatives, to 40 digits, from the standard library and ``numbers`` alone.

    G_ij = ln phi(x_i) + ln p_c(y_ij|x_i) - ln phi(y_ij) - ln p_c(x_i|y_ij),     r_ij = e^(-G_ij)
    L = (1/n) sum_i (2/kappa_i) sum_j m_ij ln(1 + r_ij)
    dL/dln phi(x_i) = -(2/(n kappa_i)) sum_j m_ij r_ij/(1 + r_ij)
    dL/dln phi(y_ij) = (2/(n kappa_i)) m_ij r_ij/(1 + r_ij)

Every term is positive, so nothing cancels. kappa_i = sum_j m_ij, m = 1 throughout where there is no mask; where it is
0 the row gives 0.

Conventions
-----------
log_model_data             (n,)
the other log-densities    (n, kappa); where the mask is 0 anything may stand, inf and NaN too: it is not read
ValueError                 a shape that does not fit, NaN or inf, a mask of other numbers than 0 and 1
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from nce_ref.oracle.families.ranking.exact_embeddings import read_mask
from nce_ref.oracle.numbers.balls import ZERO, Ball, ball, settled, total
from nce_ref.oracle.numbers.linear_algebra import Numbers, Points, Vector, as_fraction, as_fractions
from nce_ref.oracle.numbers.logarithms import DIGITS, Outputs


def conditional_nce(
    log_model_data: Numbers,
    log_model_noise: Points,
    log_noise_given_data: Points,
    log_data_given_noise: Points,
    mask: Points | None = None,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """L of log-densities, every one exact."""
    model = as_fractions("log_model_data", log_model_data)
    n, width = len(model), len(log_model_noise[0])
    counted = [[True] * width] * n if mask is None else read_mask(mask, n, width)
    noise, there, back = (
        _read(name, rows, counted)
        for name, rows in (
            ("log_model_noise", log_model_noise),
            ("log_noise_given_data", log_noise_given_data),
            ("log_data_given_noise", log_data_given_noise),
        )
    )
    gaps = [
        [y + b - x - a for y, a, b in zip(*rows, strict=True)]
        for x, *rows in zip(model, noise, there, back, strict=True)
    ]

    def run() -> dict[str, Any]:
        value = Ball(ZERO)
        of_data, of_noise = [], []
        for row, kept in zip(gaps, counted):
            odds = [ball(gap).exp() for gap in row]
            share = ball(Fraction(2, n * len(odds))) if odds else Ball(ZERO)
            slopes = [share * r / (ball(1) + r) for r in odds]
            value = value + share * total(r.log_one_plus() for r in odds)
            of_data.append(-total(slopes))
            each = iter(slopes)
            of_noise.append([next(each) if counts else Ball(ZERO) for counts in kept])
        return {
            "value": value,
            "grad_log_model_data": of_data,
            "grad_log_model_noise": of_noise,
        }

    return settled(run, digits)


def _read(name: str, rows: Points, counted: list[list[bool]]) -> list[Vector]:
    """What counts of each row."""
    given: list[Sequence[Any]] = list(rows)
    if len(given) != len(counted):
        raise ValueError(f"{name}: got {len(given)} rows; expected {len(counted)}")
    found = []
    for row, kept in zip(given, counted):
        if len(row) != len(kept):
            raise ValueError(f"{name}: got a row of {len(row)}; expected {len(kept)}")
        found.append([as_fraction(name, v) for v, counts in zip(row, kept) if counts])
    return found
