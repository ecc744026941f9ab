"""Importance sampling of many log-weights, in decimals: the formulas of ``exact``, faster and to fewer digits.

Conventions
-----------
inputs   as those of ``exact``, finite floats, taken exactly
outputs  Decimals and lists of them, right to 10^-(digits + 4) relatively. Shares have terms above 0 alone. ln Z and J
         may cancel: ``_SPARE`` digits are worked with beyond those needed, and what has lost more is computed by
         ``exact``
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np

from nce_ref.oracle.families.base import Outputs
from nce_ref.oracle.families.importance.exact import log_mean_exp
from nce_ref.oracle.numbers import many
from nce_ref.oracle.numbers.logarithms import ExactLog

Numbers = Sequence[float]
_SPARE = 20


def importance_sampling_from_log_densities(
    log_model_data: Numbers, log_model_noise: Numbers, log_noise_noise: Numbers, *, digits: int
) -> Outputs:
    """J and ln Z, (n_data,), (n_noise,), (n_noise,)."""
    columns = [
        np.asarray(column).tolist() for column in (log_model_data, log_model_noise, log_noise_noise)
    ]
    largest = max(1.0, *(float(np.abs(column).max()) for column in columns))
    with many.working(many.precision_for(largest, digits + _SPARE)):
        data, model, noise = ([Decimal(v) for v in column] for column in columns)
        t = [a - b for a, b in zip(model, noise, strict=True)]
        top = max(t)
        powers = [(v - top).exp() for v in t]
        whole = sum(powers, Decimal(0))
        log_z = top + (whole / len(t)).ln()
        value = sum(data, Decimal(0)) / len(data) - log_z
        shares = [(power / whole).copy_negate() for power in powers]
        share_of_data = Decimal(1) / len(data)
    lost = Decimal(largest).adjusted() + 1 - _SPARE
    if any(not number or number.adjusted() < lost for number in (value, log_z)):
        log_w = [ExactLog(Fraction(a) - Fraction(b)) for a, b in zip(columns[1], columns[2])]
        mean = ExactLog(sum(map(Fraction, columns[0]), Fraction(0)) / len(data))
        value = log_mean_exp(log_w, digits + 10, mean)
        log_z = log_mean_exp(log_w, digits + 10).copy_negate()
    return {
        "value": value,
        "log_normalizer": log_z,
        "grad_log_model_data": [share_of_data] * len(data),
        "grad_log_model_noise": shares,
    }
