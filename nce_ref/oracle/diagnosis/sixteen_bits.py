"""An answer computed in 16 bits and checked as float32 or float64: it is judged in its own type, and that is said.

Conventions
-----------
told by   the derivatives, or the value where none came: all of them lie on the type's grid, and the numbers wanted do
          not; automatic mixed precision (torch.autocast) returns a float32 value whose derivatives have passed through
          the 16 bits
by chance   one number in 2^16 lies on bfloat16's grid, in 2^13 on float16's: ``_TELLING`` of them, with ``_DISTINCT``
            significands, do not
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.diagnosis.observed import Observed
from nce_ref.oracle.diagnosis.verdict import Diagnosis, Suspect
from nce_ref.oracle.dtypes import HALVES, is_on_grid
from nce_ref.oracle.halves import in_type
from nce_ref.oracle.judge import judge
from nce_ref.oracle.results import CaseResult

_TELLING, _DISTINCT = 8, 5


def sixteen_bits(observed: Observed) -> str | None:
    """The type of 16 bits in which the answers were computed, or None."""
    derivatives = {o.name for o in observed.objective.outputs if o.derivative_of}
    slots = [slot for slot in observed.slots if slot.output in derivatives] or list(observed.slots)
    if not slots:
        return None
    got, want = (
        np.concatenate([numbers[slot.where] for slot in slots])
        for numbers in (observed.got, observed.want)
    )
    for dtype in HALVES:
        telling = got[np.isfinite(got) & (got != 0) & ~is_on_grid(want, dtype)]
        distinct = len(np.unique(np.abs(np.frexp(telling)[0])))
        if telling.size >= _TELLING and distinct >= _DISTINCT and is_on_grid(got, dtype).all():
            return dtype
    return None


def in_own_type(
    observed: Observed,
    dtype: str,
    results: Sequence[CaseResult],
    convention: Convention,
    diagnose: Callable[..., Diagnosis],
) -> Diagnosis:
    """What is found where the answers are held against the truth in the type that they were computed in."""
    again = []
    for result in results:
        if result.status not in ("passed", "failed"):
            continue
        halves = observed.objective.has_halves
        vector = in_type(result.vector, dtype) if halves else result.vector
        if vector is not None:
            again.append(judge(vector, dict(result.outputs), dtype, convention))
    count = len(again)
    said = (
        f"every derivative lies on {dtype}'s grid"
        if _has_derivatives(observed)
        else (f"every number lies on {dtype}'s grid")
    )
    declare = (
        f'dtype="{dtype}" in the check, if {dtype} is meant'
        if observed.objective.has_halves
        else "this objective is not checked in 16 bits; compute it in float32 or float64"
    )
    if not any(result.status == "failed" for result in again):
        suspect = Suspect(
            "hint",
            dtype,
            f"{said}: it was computed in {dtype}, and is right there",
            count,
            count,
            f"every answer is right to {dtype}'s allowance",
            "",
            "compute in the type that is checked, or declare the type",
            declare,
        )
        return Diagnosis((suspect,), suspect)
    found = diagnose(observed.objective, again, dtype, convention)
    hint = f"{said}: it was computed in {dtype}, and is wrong there, too; declare {declare}"
    return replace(found, hints=(hint, *found.hints))


def _has_derivatives(observed: Observed) -> bool:
    derivatives = {o.name for o in observed.objective.outputs if o.derivative_of}
    return any(slot.output in derivatives for slot in observed.slots)
