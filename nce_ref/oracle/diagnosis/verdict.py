"""What a diagnosis says: the suspects, best first, and hints."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Suspect:
    """One explanation. ``kind``: "convention", "mistake", "family", "other objective" or "hint"; ``remedy`` is what to
    type.

    ``value``  of the number that the mistake has (an epsilon, a limit), to the digits that were determined; None where
               it has none, or fewer than three vectors determine it
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


def merged(suspects: list[Suspect]) -> list[Suspect]:
    """Return the suspects; where the first is a mistake and another objective explains as much, one suspect with the
    other's remedy."""
    if not suspects or suspects[0].kind != "mistake":
        return suspects
    first = suspects[0]
    for other in suspects[1:]:
        is_choice = other.kind == "convention" and other.matches == first.matches
        if is_choice or (other.kind == "other objective" and other.matches == first.matches):
            meant = f"declare {other.remedy}, if that is meant" if is_choice else other.remedy
            words = "; ".join(filter(None, (first.remedy, f"or {meant}")))
            return [
                replace(first, remedy=words),
                *(suspect for suspect in suspects[1:] if suspect is not other),
            ]
    return suspects
