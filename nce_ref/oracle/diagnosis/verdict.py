"""What a diagnosis says: the suspects, best first, and hints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Suspect:
    """One explanation. ``kind``: "convention", "mistake", "family", "other objective" or "hint"; ``remedy`` is what to type.

    ``value``  of the number that the mistake has (an epsilon, a limit), to the digits that were determined; None where it has none,
               or fewer than three vectors determine it
    """

    kind: str
    id: str
    title: str
    matches: int
    of: int
    evidence: str
    effect: str = ""
    fix: str = ""
    remedy: str = ""
    value: float | None = None


@dataclass(frozen=True)
class Diagnosis:
    """Every suspect, best first; ``best`` is None where nothing explains what was returned."""

    suspects: tuple[Suspect, ...] = ()
    best: Suspect | None = None
    next_best: Suspect | None = None
    ambiguous: tuple[Suspect, ...] = ()
    hints: tuple[str, ...] = ()
