"""What a mistake is: a small function that computes what an implementation with that mistake would return.

Conventions
-----------
inputs   a vector's arguments by name, arrays in the dtype of the check; nothing is written to them
outputs  a dict of the objective's outputs, computed in that dtype, warnings and all: -inf and NaN are answers here
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Outputs = dict[str, Any]
Evaluate = Callable[[str, Mapping[str, Any]], Outputs]  # (objective, inputs) -> outputs


@dataclass(frozen=True)
class Mistake:
    """One way to be wrong.

    ``id``          short and stable: what vectors name in ``kills`` and reports print
    ``title``       what the code does, in one line
    ``objectives``  where it can be made; ``evaluate`` answers for these
    ``effect``      what it does to an estimate
    ``fix``         the right formula, and the slip beside it
    ``seen``        where it was seen, or "-"
    ``choice``      a documented choice rather than an error (the kink's derivative)
    """

    id: str
    title: str
    objectives: tuple[str, ...]
    effect: str
    fix: str
    evaluate: Evaluate
    seen: str = "-"
    choice: bool = False
