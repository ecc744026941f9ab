"""Conditional NCE of many log-densities, by ``numbers/many``: the formulas of ``exact``, faster and to fewer digits.

Conventions
-----------
inputs   as those of ``exact`` without a mask, finite floats, taken exactly
outputs  Decimals and nested lists of them, right to 10^-(digits + 4) relatively: all terms of a sum have one sign
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from nce_ref.oracle.families.base import Outputs
from nce_ref.oracle.numbers import many

Rows = Sequence[Sequence[float]]


def conditional_nce(
    log_model_data: Sequence[float],
    log_model_noise: Rows,
    log_noise_given_data: Rows,
    log_data_given_noise: Rows,
    *,
    digits: int,
) -> Outputs:
    """L = (2/(kappa n)) sum_ij ln(1 + r_ij), r = e^-G, and its derivatives by ln phi."""
    data = np.asarray(log_model_data)
    rows = [
        np.asarray(one) for one in (log_model_noise, log_noise_given_data, log_data_given_noise)
    ]
    largest = max(float(np.abs(one).max()) for one in (data, *rows))
    precision = many.precision_for(largest, digits)
    value, of_data, of_noise = Decimal(0), [], []
    with many.working(precision):
        share = Decimal(2) / rows[0].size
        for x, *row in zip(map(Decimal, data.tolist()), *(one.tolist() for one in rows)):
            slopes = []
            for noise, there, back in zip(*(map(Decimal, part) for part in row)):
                r = (noise + back - x - there).exp()
                value += many.log_one_plus(r, precision)
                slopes.append(share * r / (1 + r))
            of_data.append(sum(slopes, Decimal(0)).copy_negate())
            of_noise.append(slopes)
        value *= share
    return {"value": value, "grad_log_model_data": of_data, "grad_log_model_noise": of_noise}
