"""Which mistakes a vector tells from the truth: those whose answer is beyond the allowance in float32 and in float64.

Conventions
-----------
killed   some output that the mistake returns is beyond the tolerance, NaN or inf counting as beyond, in *both* dtypes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Objective
from nce_ref.oracle.mistakes import Mistake, mistakes_at
from nce_ref.oracle.tolerance import DTYPES, allowance
from nce_ref.oracle.vectors import Expected, Vector


def kills(vector: Vector) -> tuple[str, ...]:
    """The ids of the catalogue's mistakes that this vector tells from the truth, in the catalogue's order."""
    return tuple(
        mistake.id
        for mistake in mistakes_at(vector.objective.name)
        if all(is_killed(mistake, vector, dtype) for dtype in DTYPES)
    )


def is_killed(mistake: Mistake, vector: Vector, dtype: str) -> bool:
    """Whether this vector tells the mistake from the truth in this dtype."""
    with np.errstate(all="ignore"):
        outputs = mistake.evaluate(vector.objective.name, vector.arguments(dtype))
    return excess(vector.objective, vector.expected, outputs, dtype) > 1.0


def excess(
    objective: Objective, expected: Mapping[str, Expected], outputs: Mapping[str, Any], dtype: str
) -> float:
    """The largest |got - want| in allowances over all outputs returned; inf where something is not finite."""
    worst = 0.0
    for name, got in outputs.items():
        with np.errstate(all="ignore"):
            error = np.abs(np.asarray(got, dtype=np.float64) - expected[name].value)
            ratio = error / allowance(objective, name, expected[name].scale, dtype)
        worst = max(worst, float(np.max(np.where(np.isfinite(ratio), ratio, np.inf))))
    return worst
