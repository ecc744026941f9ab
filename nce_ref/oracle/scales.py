r"""The ``scale`` of every expected number: what the roundings of a right implementation are measured in
(``tolerance.py``).

    scale = |want| + sum_s |d want/d s| |s|,   s every summand that a plain right implementation adds up on its way

Which summands: those of every form that textbooks and frameworks use, so that none of them is called wrong. Each family
has its own rules, ``families/*/scales.py``; an objective without one has |want|.

Conventions
-----------
inputs   a vector's inputs; expected   the outputs as float64
out      the outputs' scales, of the same shape, in float64, rounded up to three digits; at least 1e-300
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.objectives import find_objective

Scales = dict[str, Any]
FLOOR = 1e-300  # below, tiny decides


def scales(objective: str, inputs: Mapping[str, Any], expected: Mapping[str, Float]) -> Scales:
    """The scale of every output, rounded up; |want| for an objective that has no rule of its own."""
    rule = find_objective(objective).scales
    raw = (
        {name: np.abs(want) for name, want in expected.items()}
        if rule is None
        else rule(**inputs, want=expected)
    )
    return {
        name: _round_up(np.maximum(np.broadcast_to(scale, np.shape(expected[name])), FLOOR))
        for name, scale in raw.items()
    }


def _round_up(scale: Float) -> Float:
    """Up to three digits; a hair less first, so that 801 computed as 801.0000000001 stays 801 on every machine."""
    unit = 10.0 ** (np.floor(np.log10(scale)) - 2)
    return np.vectorize(lambda value: float(f"{value:.2e}"))(
        np.ceil(scale / unit * (1 - 1e-9)) * unit
    )
