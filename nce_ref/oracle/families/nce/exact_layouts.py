r"""J of noise that is laid out in rows, to 40 digits, all of it from one definition: a weighted sum over rows, masked.

    J = (1/sum_i w_i) sum_i w_i [ ln sigma(G_i - ln nu_i) + sum_j m_ij ln sigma(ln nu_i - G_ij) ]

    masked           as it stands; nu_i > 0 is handed over, and need not be sum_j m_ij
    rows, shared     m_ij = 1, w_i = 1, nu_i = the number of columns
    equal            one column, nu_i = 1

so dJ/dG_i = w_i sigma(ln nu_i - G_i)/sum w and dJ/dG_ij = -w_i m_ij sigma(G_ij - ln nu_i)/sum w, 0 where m_ij = 0,
whatever stands there.

Conventions
-----------
inputs, outputs   as those of ``exact``; where m_ij = 0 anything may stand, inf and NaN too: it is not read
ValueError        as there; a mask of other numbers than 0 and 1, a weight below 0, weights that are all 0, a nu_i that
                  is not above 0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from nce_ref.oracle.families.nce import exact
from nce_ref.oracle.numbers.linear_algebra import (
    Number,
    Numbers,
    Points,
    Vector,
    as_fraction,
    as_fractions,
)
from nce_ref.oracle.numbers.logarithms import (
    DIGITS,
    ExactLog,
    Outputs,
    log_sigmoid_sum,
    sigmoid_sum,
)

ONE, ZERO = Fraction(1), Fraction(0)
Rows = list[list[ExactLog | None]]  # None where the mask is 0


@dataclass(frozen=True)
class _Shape:
    """What the sums are taken with: n rows of k columns."""

    mask: list[list[bool]]
    weights: Vector
    nu: Vector


def masked_from_log_ratios(
    log_ratio_data: Numbers,
    log_ratio_noise: Points,
    mask: Points,
    weights: Numbers,
    nu: Numbers,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """J from G: (n,), (n, k), (n, k), (n,), (n,)."""
    data = as_fractions("log_ratio_data", log_ratio_data)
    shape = _read_shape(mask, weights, nu, len(data))
    ratios = _differences("log_ratio_noise", log_ratio_noise, None, shape)
    return _outputs("log_ratio", [ExactLog(g) for g in data], ratios, shape, digits)


def masked_binary_nce(
    log_model_data: Numbers,
    log_model_noise: Points,
    log_noise_data: Numbers,
    log_noise_noise: Points,
    mask: Points,
    weights: Numbers,
    nu: Numbers,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """J from ln p_m and ln p_n: (n,), (n, k), (n,), (n, k); mask (n, k), weights (n,), nu (n,)."""
    model = as_fractions("log_model_data", log_model_data)
    noise = as_fractions("log_noise_data", log_noise_data, len(model))
    shape = _read_shape(mask, weights, nu, len(model))
    ratios = _differences("log_model_noise", log_model_noise, log_noise_noise, shape)
    data = [ExactLog(m - n) for m, n in zip(model, noise)]
    return _outputs("log_model", data, ratios, shape, digits)


def rows_from_log_ratios(
    log_ratio_data: Numbers, log_ratio_noise: Points, nu: Number, *, digits: int = DIGITS
) -> Outputs:
    """J from G, (n,) and (n, k), nu = k."""
    ones, weights, nus = _whole(log_ratio_noise, nu)
    return masked_from_log_ratios(
        log_ratio_data, log_ratio_noise, ones, weights, nus, digits=digits
    )


def rows_binary_nce(
    log_model_data: Numbers,
    log_model_noise: Points,
    log_noise_data: Numbers,
    log_noise_noise: Points,
    nu: Number,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """J from ln p_m and ln p_n, (n,), (n, k), (n,), (n, k), nu = k."""
    return masked_binary_nce(
        log_model_data,
        log_model_noise,
        log_noise_data,
        log_noise_noise,
        *_whole(log_model_noise, nu),
        digits=digits,
    )


def equal_from_log_ratios(
    log_ratio_data: Numbers, log_ratio_noise: Numbers, nu: Number, *, digits: int = DIGITS
) -> Outputs:
    """J from G, (n,) and (n,), nu = 1: one column."""
    found = rows_from_log_ratios(log_ratio_data, _column(log_ratio_noise), nu, digits=digits)
    return _one_column(found)


def equal_binary_nce(
    log_model_data: Numbers,
    log_model_noise: Numbers,
    log_noise_data: Numbers,
    log_noise_noise: Numbers,
    nu: Number,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """J from ln p_m and ln p_n, all of them (n,), nu = 1: one column."""
    model, noise = _column(log_model_noise), _column(log_noise_noise)
    return _one_column(
        rows_binary_nce(log_model_data, model, log_noise_data, noise, nu, digits=digits)
    )


def of_rows_of_points(function: Callable[..., Outputs]) -> Callable[..., Outputs]:
    """The same of a model, y being (n_data, k, n_dim): the model makes no difference between rows, nu = k follows from
    the sizes."""

    def laid_out(*, x: Points, y: Sequence[Points], **rest: Any) -> Outputs:
        rows = [list(row) for row in y]
        if len(rows) != len(x) or len({len(row) for row in rows}) != 1:
            raise ValueError(
                f"y: got rows of {[len(row) for row in rows]} points; expected {len(x)} rows of equally many"
            )
        return function(x=x, y=[u for row in rows for u in row], **rest)

    return laid_out


def _read_shape(mask: Points, weights: Numbers, nu: Numbers, n: int) -> _Shape:
    rows = [as_fractions("mask", row) for row in mask]
    if len(rows) != n or len({len(row) for row in rows}) != 1:
        raise ValueError(f"mask: got rows of {[len(row) for row in rows]}; expected {n} rows")
    if strange := {m for row in rows for m in row} - {ZERO, ONE}:
        raise ValueError(f"mask: got {float(min(strange))}; expected 0 and 1")
    w, nus = as_fractions("weights", weights, n), as_fractions("nu", nu, n)
    if min(w) < 0 or not sum(w):
        raise ValueError(f"weights: got {weights!r}; expected numbers from 0 on, not all 0")
    if min(nus) <= 0:
        raise ValueError(f"nu: got {float(min(nus))}; expected numbers above 0")
    return _Shape([[m == ONE for m in row] for row in rows], w, nus)


def _differences(name: str, first: Points, second: Points | None, shape: _Shape) -> Rows:
    """first - second where the mask is 1; nothing else is read."""
    n, k = len(shape.mask), len(shape.mask[0])
    sizes = [[len(row) for row in rows] for rows in (first, second) if rows is not None]
    if any(found != [k] * n for found in sizes):
        raise ValueError(f"{name}: got rows of {sizes[0]}; expected {n} rows of {k}")

    def entry(i: int, j: int) -> ExactLog | None:
        if not shape.mask[i][j]:
            return None
        less = ZERO if second is None else as_fraction(name, second[i][j])
        return ExactLog(as_fraction(name, first[i][j]) - less)

    return [[entry(i, j) for j in range(k)] for i in range(n)]


def _outputs(name: str, data: list[ExactLog], noise: Rows, shape: _Shape, digits: int) -> Outputs:
    total = sum(shape.weights, ZERO)
    terms, of_data, of_noise = [], list[Decimal](), list[list[Decimal]]()
    for g, row, w, nu in zip(data, noise, shape.weights, shape.nu, strict=True):
        log_nu, share = ExactLog(square=nu * nu), w / total
        arguments = [None if one is None else log_nu - one for one in row]
        terms += [(share, g - log_nu)] if share else []
        terms += [(share, t) for t in arguments if t is not None and share]
        of_data.append(sigmoid_sum([(share, log_nu - g)], digits))
        of_noise.append(
            [Decimal(0) if t is None else sigmoid_sum([(-share, -t)], digits) for t in arguments]
        )
    return {
        "value": log_sigmoid_sum(terms, digits),
        f"grad_{name}_data": of_data,
        f"grad_{name}_noise": of_noise,
    }


def _whole(noise: Points, nu: Number) -> tuple[Points, Numbers, Numbers]:
    """Mask, weights and nu of rows that are all there. Raises ValueError where nu is not the number of columns."""
    rows = [list(row) for row in noise]
    if any(exact.as_fraction("nu", nu) != len(row) for row in rows):
        raise ValueError(f"nu: got {nu!r}; expected the number of noise points of each row")
    return [[1] * len(row) for row in rows], [1] * len(rows), [nu] * len(rows)


def _column(values: Numbers) -> Points:
    return [[value] for value in values]


def _one_column(outputs: Outputs) -> Outputs:
    """The derivatives on the noise with their only column as a vector."""
    return {
        name: [row[0] for row in value] if name.endswith("_noise") else value
        for name, value in outputs.items()
    }
