"""What came of one vector: a status, the comparison of every output, and what was returned.

Conventions
-----------
status   one of ``STATUSES``; "errored" is anything that is not an answer: an exception, a wrong shape, text. NaN is an
         answer, and fails. "unsupported": nothing was returned that could be judged; "left out": the same, and declared
         by a pattern of expected failures. "documented choice": not the vector's
         numbers, but as right: another derivative at a kink (``kinks``); counts as passed, and the report says which
errors   ``in_allowances`` is |got - want| over the allowance of the vector and dtype (pass: <= 1), ``in_ulp`` over the
         spacing of the dtype at ``want``; both at the entry with the largest ``in_allowances``
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nce_ref.oracle.vectors import Vector

CHOICE = "documented choice"
UNSUPPORTED = "unsupported"
LEFT_OUT = "left out"
STATUSES = (
    "passed",
    "failed",
    "errored",
    UNSUPPORTED,
    LEFT_OUT,
    "expected failure",
    "unexpected pass",
    CHOICE,
)


@dataclass(frozen=True)
class Comparison:
    """One output against what is expected, at its worst entry; ``wrong`` of ``size`` entries are beyond the
    allowance."""

    output: str
    passed: bool
    index: tuple[int, ...]
    got: float
    want: float
    allowed: float
    in_allowances: float
    in_ulp: float
    wrong: int
    size: int


@dataclass(frozen=True, eq=False)
class CaseResult:
    """One vector's outcome. ``outputs`` are arrays by name as they came, those that could be read; ``message`` is for
    people."""

    vector: Vector
    status: str
    message: str = ""
    comparisons: tuple[Comparison, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The vector's id."""
        return self.vector.id


@dataclass(frozen=True)
class Skipped:
    """A case that an implementation outside Python declined, and why: unsupported, not wrong."""

    reason: str


@dataclass(frozen=True)
class Errored:
    """A case to which no answer came that could be judged, and what happened, in one line."""

    message: str
