"""Whether an implementation's gradient is the derivative of its own value, by central differences of the implementation
itself.

Conventions
-----------
step       h = 1e-5 (float64) or 2^-7 (float32) times a direction of entries of size 1; the difference quotient is then
           right to about h^2 or eps |value|/h, and "consistent" is said within 1e-4 or 5e-2 of the derivative's size
asked      on a failing vector without tails and kinks, which finite differences cannot judge
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nce_ref.oracle.diagnosis.observed import Observed

_STEP = {"float64": 1e-5, "float32": 2.0**-7}
_SLACK = {"float64": 1e-4, "float32": 5e-2}


@dataclass(frozen=True)
class Derived:
    """Whether the gradients are those of the value, and the sentence on it."""

    is_consistent: bool
    text: str


def derivative_hint(
    observed: Observed, evaluate: Callable[[Mapping[str, Any]], Any]
) -> Derived | None:
    """On value and gradients, or None where nothing can be said."""
    for vector in map(int, np.flatnonzero(observed.failed)):
        if not observed.is_hard(vector):
            verdicts = _compare(observed, vector, evaluate)
            if verdicts:
                return Derived(all(verdicts.values()), _sentence(verdicts))
    return None


def _sentence(verdicts: dict[str, bool]) -> str:
    off = [name for name, consistent in verdicts.items() if not consistent]
    if off:
        said = "is not its derivative: value and gradient are of different functions"
        return f"by finite differences of your own value, {' and '.join(off)} {said}"
    names = " and ".join(verdicts)
    return (
        f"by finite differences, {names} is the derivative of your own value: consistent with each"
        " other, but not with the truth"
    )


def _compare(
    observed: Observed, vector: int, evaluate: Callable[[Mapping[str, Any]], Any]
) -> dict[str, bool]:
    objective, result = observed.objective, observed.results[vector]
    step, slack = _STEP[observed.dtype], _SLACK[observed.dtype]
    inputs = observed.convention.inputs(objective, result.vector.arguments(observed.dtype))
    verdicts = {}
    for output in objective.outputs:
        argument = output.derivative_of
        if argument is None or output.name not in result.outputs or objective.output("value").shape:
            continue
        direction = np.sign(np.sin(1.0 + np.arange(np.size(inputs[argument])))).reshape(
            np.shape(inputs[argument])
        )
        if argument in objective.symmetric:
            direction = np.sign(direction + direction.T + 0.5)
        values = []
        for side in (1.0, -1.0):
            moved = inputs[argument] + side * step * direction
            moved = (
                float(moved)
                if isinstance(inputs[argument], float)
                else np.asarray(moved, dtype=inputs[argument].dtype)
            )
            value = _value(evaluate, {**inputs, argument: moved})
            if value is None:
                return {}
            values.append(value)
        quotient = (values[0] - values[1]) / (2.0 * step)
        claimed = np.asarray(result.outputs[output.name], dtype=np.float64) * direction
        verdicts[output.name] = abs(quotient - claimed.sum()) <= slack * max(
            float(np.abs(claimed).sum()), abs(quotient), 1e-300
        )
    return verdicts


def _value(evaluate: Callable[[Mapping[str, Any]], Any], inputs: Mapping[str, Any]) -> float | None:
    # Somebody else's code: whatever it raises, there is no hint then.
    try:
        returned = evaluate(inputs)
        returned = returned["value"] if isinstance(returned, Mapping) else returned
        value = float(np.asarray(returned))
    except Exception:
        return None
    return value if np.isfinite(value) else None
