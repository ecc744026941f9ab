"""What a study has found, in sentences, each with the claims that bear it; a sentence whose claims do not hold is not
said.

*Conventions.* ``bearing`` maps claims' ids, or beginnings of ids that end in a dot, to the verdict that every such
claim must have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .claims import NOT_RESOLVED, Judgement


def names(start: str, claim: str) -> bool:
    """Whether an entry of ``bearing`` speaks of the claim of this id."""
    return claim.startswith(start) if start.endswith(".") else claim == start


@dataclass(frozen=True)
class Conclusion:
    """``sentence``: Markdown, its first words bold; numbers in it come from the runs."""

    sentence: str
    bearing: Mapping[str, str]

    def holds(self, judgements: Sequence[Judgement]) -> bool:
        """Whether there are such claims under every beginning, and all have the verdict asked for."""
        for start, verdict in self.bearing.items():
            found = [j for j in judgements if names(start, j.claim.id)]
            if not found or any(j.verdict != verdict for j in found):
                return False
        return True

    def is_open(self, judgements: Sequence[Judgement]) -> bool:
        """Whether more runs could still bear it: some claim is not resolved, none has another verdict."""
        return not self.holds(judgements) and all(
            j.verdict in (verdict, NOT_RESOLVED)
            for start, verdict in self.bearing.items()
            for j in judgements
            if names(start, j.claim.id)
        )


def told(conclusions: Sequence[Conclusion], judgements: Sequence[Judgement]) -> str:
    """Return the sentences that hold, each with its claims, for a report."""
    lines = []
    for conclusion in conclusions:
        if conclusion.holds(judgements):
            ids = ", ".join(
                f"`{start}{'…' if start.endswith('.') else ''}`" for start in conclusion.bearing
            )
            lines.append(f"- {conclusion.sentence} ({ids})\n")
    return "".join(lines)
