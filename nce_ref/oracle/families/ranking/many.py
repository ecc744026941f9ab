"""InfoNCE of many logits, by ``numbers/many``: the formulas of ``exact``, faster and to fewer digits.

Conventions
-----------
inputs   as those of ``exact``, finite floats, taken exactly
outputs  Decimals and nested lists of them, right to 10^-(digits + 4) relatively: all terms are above 0
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from nce_ref.oracle.families.base import Outputs
from nce_ref.oracle.numbers import many


def info_nce_from_logits(
    logit_positive: Sequence[float], logits_negative: Sequence[Sequence[float]], *, digits: int
) -> Outputs:
    """L = mean_i ln(1 + x_i), x_i = sum_j e^(s_ij - s_i), and its derivatives by both kinds of logit."""
    own, others = np.asarray(logit_positive), np.asarray(logits_negative)
    precision = many.precision_for(float(max(np.abs(own).max(), np.abs(others).max())), digits)
    total, positive, negative = Decimal(0), [], []
    with many.working(precision):
        for s, row in zip(map(Decimal, own.tolist()), others.tolist()):
            powers = [(Decimal(other) - s).exp() for other in row]
            x = sum(powers, Decimal(0))
            total += many.log_one_plus(x, precision)
            scale = len(own) * (1 + x)
            positive.append((x / scale).copy_negate())
            negative.append([power / scale for power in powers])
        value = total / len(own)
    return {
        "value": value,
        "grad_logit_positive": positive,
        "grad_logits_negative": negative,
    }
