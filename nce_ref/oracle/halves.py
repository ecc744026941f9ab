"""A stored vector in a type of 16 bits: its inputs rounded, the truth taken there, on the spot.

Conventions
-----------
rounded   arrays, and numbers that are differentiated, which adapters make tensors of; other numbers (nu) stay as they
          are
skipped   vectors of which an input, an expected number or a sum on the way is beyond the type's range, or that are none
          any more (two points that have become one): counted, and not held against anybody
unseen    mistakes of the catalogue that are within the type's allowance at every vector left: nothing can tell them
          from the truth there
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref.oracle.at_one import cases_of
from nce_ref.oracle.dtypes import FORMATS, HALVES, rounded
from nce_ref.oracle.families.base import Objective
from nce_ref.oracle.mistakes import mistakes_at
from nce_ref.oracle.objectives import find_objective
from nce_ref.oracle.tolerance import allowance
from nce_ref.oracle.truth import truth_at
from nce_ref.oracle.vectors import Expected, Vector

_LISTED = 12


def refuse_type(objective: Objective, dtype: str) -> None:
    """Raise ValueError, with the reason, where an objective is not checked in a type of 16 bits."""
    if dtype in HALVES and not objective.has_halves:
        raise ValueError(
            f"dtype: got {dtype!r} for {objective.name}; expected float32 or float64: what"
            " multiplies or inverts matrices, integrates or fits is not done in 16 bits (NumPy has"
            " no float16 linear algebra). In 16 bits there are kernels, log-ratios, log-densities"
            " handed in, importance sampling of these, and the contrastive objectives of them and"
            " of logits"
        )


@functools.lru_cache(maxsize=1 << 12)
def in_type(vector: Vector, dtype: str) -> Vector | None:
    """The vector in a type of 16 bits, the same one in another; None where it leaves the type's range."""
    if dtype not in HALVES:
        return vector
    objective, inputs = vector.objective, rounded_inputs(vector.objective, vector.inputs, dtype)
    try:  # what has become infinite is refused as well
        found = truth_at(objective, inputs)
    except (ValueError, ArithmeticError):
        return None
    n_data = max(1.0, objective.sample_sizes(inputs)[0])
    largest = FORMATS[dtype].largest
    for name, want in found.items():
        if (np.abs(want) > largest).any() or (found.scales[name] * n_data > largest).any():
            return None
    expected = {name: Expected(None, want, found.scales[name]) for name, want in found.items()}
    return replace(vector, inputs=inputs, expected=expected)


def rounded_inputs(objective: Objective, inputs: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """Read-only arrays of the type's numbers, and floats."""
    differentiated = {output.derivative_of for output in objective.outputs}
    found: dict[str, Any] = {}
    for name, value in inputs.items():
        if np.ndim(value):
            found[name] = rounded(value, dtype) + 0.0  # never -0
            found[name].flags.writeable = False
        else:
            of_type = name in differentiated or dtype not in HALVES
            found[name] = float(rounded(value, dtype)) if of_type else float(value)
    return found


def beyond(dtype: str) -> str:
    """Why a vector is left out, in words."""
    return f"leaves the range of {dtype}, or is no vector any more when rounded to it"


@functools.lru_cache(maxsize=64)
def unseen(objective: str, dtype: str) -> tuple[str, ...]:
    """The mistakes that no vector tells from the truth in this type."""
    left = [
        v
        for vector in cases_of(find_objective(objective))
        if (v := in_type(vector, dtype)) is not None
    ]
    return tuple(
        mistake.id
        for mistake in mistakes_at(objective)
        if not any(_tells(vector, mistake, dtype) for vector in left)
    )


def _tells(vector: Vector, mistake: Any, dtype: str) -> bool:
    """Beyond the allowance, even if the outputs, computed in float64 here, are rounded to the type."""
    with np.errstate(all="ignore"):
        outputs = mistake.evaluate(vector.objective.name, vector.arguments("float64"))
        for name, got in outputs.items():
            error = np.abs(rounded(got, dtype) - vector.expected[name].value)
            allowed = allowance(vector.objective, name, vector.expected[name].scale, dtype)
            if not (error <= allowed).all():
                return True
    return False


def say(objective: Objective, dtype: str, vectors: Sequence[Vector]) -> str:
    """What a check in this type can see, in words; nothing in float32 and float64."""
    if dtype not in HALVES:
        return ""
    skipped = sum(in_type(vector, dtype) is None for vector in vectors)
    blind, every = unseen(objective.name, dtype), mistakes_at(objective.name)
    lines = [f"In {dtype} the truth is taken at the rounded inputs, the allowance is by its eps."]
    if skipped:
        lines.append(f"{skipped} of {len(vectors)} vectors leave its range and are skipped.")
    if blind:
        shown = ", ".join(blind[:_LISTED]) + (", ..." if len(blind) > _LISTED else "")
        lines.append(
            f"{len(blind)} of the {len(every)} mistakes of the catalogue cannot be seen in it: {shown}."
        )
    return " ".join(lines)
