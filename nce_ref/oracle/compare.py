"""An implementation on somebody's own batch: judged, diagnosed and reported as ``check`` does it on the vectors.

Conventions
-----------
inputs   as the implementation takes them: arguments by name, under its convention's sign of c
dtype    the inputs are rounded to it first, and the truth is taken there, so that nothing hangs on who rounded them
judged   one batch, asked twice: ok says that it is right there, and the report that it was one batch. The rule that
         half of an objective's vectors be seen is ``check``'s
batch    one vector that is stored nowhere: no ``source``, no ``kills``, the flags that follow from its inputs
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nce_ref.oracle.arguments import Arguments, with_own_names
from nce_ref.oracle.authoring.flags import derived_flags
from nce_ref.oracle.check import check_answers, check_words
from nce_ref.oracle.conventions import Convention, own_convention
from nce_ref.oracle.diagnosis import Suspect
from nce_ref.oracle.dtypes import declared
from nce_ref.oracle.families.base import Objective
from nce_ref.oracle.halves import rounded_inputs
from nce_ref.oracle.report import Report
from nce_ref.oracle.steady import Watch
from nce_ref.oracle.truth import find_computed, read_own_inputs, truth_at
from nce_ref.oracle.vectors import Expected, Vector, counted_are_finite


def compare(
    impl: Callable[..., Any],
    objective: str,
    inputs: Mapping[str, Any],
    dtype: str = "float64",
    convention: Convention | None = None,
    *,
    layout: str = "flat",
    arguments: Arguments | None = None,
) -> Report:
    """Return the report on ``impl`` at one batch, ``inputs``: the objective's arguments by name, as ``impl`` takes
    them.

    Never raises for what ``impl`` does. ``arguments``: as in ``check``. ValueError for inputs that ``oracle.truth``
    refuses, an unknown objective or dtype; TypeError where ``impl`` cannot be called. One batch tells fewer mistakes
    apart than the vectors do.
    """
    target = find_computed(objective, layout)
    if not callable(impl):
        raise TypeError(
            f"impl: got {impl!r}; expected a callable with the arguments {', '.join(target.arguments)}"
        )
    impl = with_own_names(impl, target, arguments)
    convention = own_convention(target) if convention is None else convention
    target = check_words(dtype, convention, target)
    if not isinstance(inputs, Mapping):
        raise ValueError(
            f"inputs: got a {type(inputs).__name__}; expected a dict of {', '.join(target.arguments)}"
        )
    ours = convention.ours(target, in_dtype(target, read_own_inputs(target, inputs), dtype))
    vector = own_vector(target, ours, f"{target.name}/own/batch", "your own batch")
    watch = Watch(dtype, convention)
    answer = watch.call(impl, vector)
    if answer is not None:
        watch.compare(vector, answer, watch.call(impl, vector), "called twice in a row")
    return report_on(impl, target, {vector: answer}, dtype, convention, watch.findings)


def report_on(
    impl: Callable[..., Any],
    target: Objective,
    answers: Mapping[Vector, Any],
    dtype: str,
    convention: Convention,
    findings: Sequence[Suspect] = (),
) -> Report:
    """The report on answers to vectors of one's own, with its diagnosis."""

    def evaluate(inputs: Mapping[str, Any]) -> Any:
        with declared(dtype), np.errstate(all="ignore"), warnings.catch_warnings():
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
        findings=findings,
        batch=f"{len(answers)} {'batches' if len(answers) > 1 else 'batch'} of your own, no stored vector",
    )


def own_vector(
    target: Objective, inputs: Mapping[str, Any], vector_id: str, comment: str
) -> Vector:
    """A vector that is stored nowhere. Raises ValueError where ``truth`` refuses its inputs."""
    found = truth_at(target, inputs)
    expected = {name: Expected(None, value, found.scales[name]) for name, value in found.items()}
    flags = derived_flags(target, vector_id, found.inputs)
    return Vector(vector_id, target, comment, flags, (), found.inputs, expected, {})


def in_dtype(target: Objective, inputs: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """Every number rounded to the dtype, as float64. Raises ValueError where one is beyond it."""
    found = rounded_inputs(target, inputs, dtype)
    for name in found:
        if not counted_are_finite(target, name, found):
            raise ValueError(f"{name}: got a number beyond {dtype}; expected one within its range")
    return found
