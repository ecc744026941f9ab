"""The kernels for many t, by ``numbers/many``: the formulas of ``exact``, faster and to fewer digits.

Conventions
-----------
t        (n_points,) finite floats, taken exactly
outputs  lists of Decimals, right to 10^-(digits + 4) relatively
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from nce_ref.oracle.families.base import Outputs
from nce_ref.oracle.numbers import many


def log_sigmoid(t: Sequence[float], *, digits: int) -> Outputs:
    """ln sigma(t), and its derivative sigma(-t)."""
    precision = many.precision_for(float(np.abs(t).max()), digits)
    with many.working(precision):
        at = [+Decimal(float(v)) for v in t]
        e = many.tails(at)
        opposite = [v.copy_negate() for v in at]
        return {
            "value": many.log_sigmoids(at, e, precision)[0],
            "grad": many.sigmoids(opposite, e),
        }


def sigmoid(t: Sequence[float], *, digits: int) -> Outputs:
    """sigma(t), and its derivative sigma(t) sigma(-t)."""
    with many.working(many.precision_for(float(np.abs(t).max()), digits)):
        at = [+Decimal(float(v)) for v in t]
        e = many.tails(at)
        return {
            "value": many.sigmoids(at, e),
            "grad": [tail / ((1 + tail) * (1 + tail)) for tail in e],
        }
