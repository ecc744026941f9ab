r"""The scales of the kernels: ln sigma(t) as |want| + sigma(-t)|t|, so that the tail is asked for (see
``oracle.scales``).

Conventions
-----------
inputs   a vector's; want: the outputs as float64; out: the outputs' scales in float64
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales


def plain_sigmoid(t: Float) -> Float:
    """sigma(t)."""
    return np.exp(-np.logaddexp(0.0, -t))


def log_sigmoid(t: Float, want: Mapping[str, Float]) -> Scales:
    """Scales of ln sigma(t) and of its derivative."""
    moved = plain_sigmoid(-t) * np.abs(t)
    return {"value": np.abs(want["value"]) + moved, "grad": 1 + moved}


def sigmoid(t: Float, want: Mapping[str, Float]) -> Scales:
    """Scales of sigma(t) and of its derivative."""
    value, other = plain_sigmoid(t), plain_sigmoid(-t)
    return {"value": value * (1 + other * np.abs(t)), "grad": value * (1 + other * np.abs(t))}
