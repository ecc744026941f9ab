"""An implementation on somebody's own batch: judged, diagnosed and reported as ``check`` does it on the vectors.

Conventions
-----------
inputs   as the implementation takes them: arguments by name, under its convention's sign of c
dtype    the inputs are rounded to it first, and the truth is taken there, so that nothing hangs on who rounded them
batch    one vector that is stored nowhere: no ``source``, no ``kills``, the flags that follow from its inputs
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref.oracle.authoring.flags import derived_flags
from nce_ref.oracle.check import call, check_answers, check_words
from nce_ref.oracle.conventions import Convention, own_convention
from nce_ref.oracle.families.base import Objective
from nce_ref.oracle.report import Report
from nce_ref.oracle.truth import find_computed, read_own_inputs, truth_at
from nce_ref.oracle.vectors import Expected, Vector


def compare(
    impl: Callable[..., Any],
    objective: str,
    inputs: Mapping[str, Any],
    dtype: str = "float64",
    convention: Convention | None = None,
) -> Report:
    """Return the report on ``impl`` at one batch, ``inputs``: the objective's arguments by name, as ``impl`` takes them.

    Never raises for what ``impl`` does. ValueError for inputs that ``oracle.truth`` refuses, an unknown objective or dtype; TypeError
    where ``impl`` cannot be called. One batch tells fewer mistakes apart than the vectors do.
    """
    target = find_computed(objective)
    if not callable(impl):
        raise TypeError(
            f"impl: got {impl!r}; expected a callable with the arguments {', '.join(target.arguments)}"
        )
    convention = own_convention(target) if convention is None else convention
    check_words(dtype, convention)
    if not isinstance(inputs, Mapping):
        raise ValueError(
            f"inputs: got a {type(inputs).__name__}; expected a dict of {', '.join(target.arguments)}"
        )
    ours = convention.ours(target, in_dtype(read_own_inputs(target, inputs), dtype))
    vector = own_vector(target, ours, f"{target.name}/own/batch", "your own batch")
    return report_on(
        impl, target, {vector: call(impl, vector, dtype, convention)}, dtype, convention
    )


def report_on(
    impl: Callable[..., Any],
    target: Objective,
    answers: Mapping[Vector, Any],
    dtype: str,
    convention: Convention,
) -> Report:
    """The report on answers to vectors of one's own, with its diagnosis."""

    def evaluate(inputs: Mapping[str, Any]) -> Any:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return impl(**inputs)

    return check_answers(
        target.name,
        {vector.id: answer for vector, answer in answers.items()},
        dtype,
        convention,
        name=getattr(impl, "__qualname__", None) or repr(impl),
        evaluate=evaluate,
        own={vector.id: vector for vector in answers},
    )


def own_vector(
    target: Objective, inputs: Mapping[str, Any], vector_id: str, comment: str
) -> Vector:
    """A vector that is stored nowhere. Raises ValueError where ``truth`` refuses its inputs."""
    found = truth_at(target, inputs)
    expected = {name: Expected(None, value, found.scales[name]) for name, value in found.items()}
    flags = derived_flags(target, vector_id, found.inputs)
    return Vector(vector_id, target, comment, flags, (), found.inputs, expected, {})


def in_dtype(inputs: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """Every number rounded to the dtype, as float64. Raises ValueError where one is beyond it."""
    with np.errstate(over="ignore"):
        rounded = {
            name: np.asarray(value).astype(dtype).astype(np.float64)
            for name, value in inputs.items()
        }
    for name, value in rounded.items():
        if not np.isfinite(value).all():
            raise ValueError(f"{name}: got a number beyond {dtype}; expected one within its range")
    return {name: value if value.ndim else float(value) for name, value in rounded.items()}
