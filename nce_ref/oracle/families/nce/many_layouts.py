"""J of many logits in rows, by ``numbers/many``: the formula of ``exact_layouts``, faster and to fewer digits.

Conventions
-----------
inputs   float64 arrays of the layout's shapes, taken exactly; where the mask is 0 nothing is read
outputs  Decimals and nested lists, right to 10^-(digits + 4) relatively: no sum here has summands of both signs
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Outputs
from nce_ref.oracle.numbers import many

_NOTHING = Decimal(0)


def masked_from_log_ratios(
    log_ratio_data: Float,
    log_ratio_noise: Float,
    mask: Float,
    weights: Float,
    nu: Float,
    *,
    digits: int,
) -> Outputs:
    """J from G."""
    return _masked("log_ratio", (log_ratio_data,), (log_ratio_noise,), mask, weights, nu, digits)


def masked_binary_nce(
    log_model_data: Float,
    log_model_noise: Float,
    log_noise_data: Float,
    log_noise_noise: Float,
    mask: Float,
    weights: Float,
    nu: Float,
    *,
    digits: int,
) -> Outputs:
    """J from log-densities."""
    data, noise = (log_model_data, log_noise_data), (log_model_noise, log_noise_noise)
    return _masked("log_model", data, noise, mask, weights, nu, digits)


def _masked(
    name: str,
    data: tuple[Float, ...],
    noise: tuple[Float, ...],
    mask: Float,
    weights: Float,
    nu: Float,
    digits: int,
) -> Outputs:
    kept = np.asarray(mask) != 0
    row_of = np.nonzero(kept)[0]
    columns = [np.asarray(column)[kept] for column in noise]
    sizes = [float(np.abs(column).max(initial=0.0)) for column in (*data, *columns)]
    precision = many.precision_for(max(*sizes, 1000.0), digits)
    with many.working(precision):
        log_nu = [Decimal(float(v)).ln() for v in nu]
        w = [Decimal(float(v)) for v in weights]
        total = sum(w, _NOTHING)
        t = [g - log for g, log in zip(_difference(data), log_nu)]
        s = [log_nu[i] - g for i, g in zip(row_of, _difference(columns))]
        e_t, e_s = many.tails(t), many.tails(s)
        on_data, on_noise = (
            many.log_sigmoids(values, e, precision)[0] for values, e in ((t, e_t), (s, e_s))
        )
        value = sum((a * b for a, b in zip(w, on_data)), _NOTHING)
        value += sum((w[i] * b for i, b in zip(row_of, on_noise)), _NOTHING)
        of_data = many.sigmoids([v.copy_negate() for v in t], e_t)
        of_noise = many.sigmoids([v.copy_negate() for v in s], e_s)
        rows = [[_NOTHING] * kept.shape[1] for _ in range(kept.shape[0])]
        for (i, j), h in zip(np.argwhere(kept), of_noise):
            rows[i][j] = (w[i] * h / total).copy_negate() if w[i] else _NOTHING
        return {
            "value": value / total,
            f"grad_{name}_data": [a * h / total for a, h in zip(w, of_data)],
            f"grad_{name}_noise": rows,
        }


def _difference(columns: Any) -> list[Decimal]:
    """The first less the second, where there is one; Decimal(float) is exact, the difference is rounded once."""
    first, *others = ([Decimal(v) for v in np.asarray(column).tolist()] for column in columns)
    return [a - b for a, b in zip(first, others[0])] if others else [+a for a in first]
