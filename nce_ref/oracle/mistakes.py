"""The catalogue of executable mistakes: what wrong implementations return, why it matters, and the right formula.

It serves three times: a report's diagnosis is the mistake whose outputs match, the vectors must tell every mistake from
the truth, and ``COMMON_MISTAKES.md`` is generated from it. The mistakes stand in ``families``, each beside its steps;
where one can be made is read off its steps and the objectives'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nce_ref.oracle.families import FAMILIES
from nce_ref.oracle.families.base import Mistake
from nce_ref.oracle.objectives import AT_ONE, EVERY, Objective
from nce_ref.oracle.words import did_you_mean

__all__ = ["CATALOGUE", "FORMER", "GROUPS", "Mistake", "find_mistake", "mistakes_at"]


def _placed(mistake: Mistake) -> Mistake:
    return replace(mistake, places=_where(mistake, EVERY), at_one=_where(mistake, AT_ONE))


def _where(mistake: Mistake, objectives: Mapping[str, Objective]) -> tuple[Objective, ...]:
    return tuple(
        place
        for place in objectives.values()
        if place.answer is not None and mistake.is_made_at(place)
    )


# Title and mistakes of each section, in reading order.
GROUPS: tuple[tuple[str, tuple[Mistake, ...]], ...] = tuple(
    (title, tuple(map(_placed, group))) for family in FAMILIES for title, group in family.mistakes
)

CATALOGUE: dict[str, Mistake] = {mistake.id: mistake for _, group in GROUPS for mistake in group}


# What mistakes that differ by a number alone were once called, and which they are.
FORMER: dict[str, str] = {
    mistake.number.id(mistake.id, value): mistake.id
    for mistake in CATALOGUE.values()
    if mistake.number is not None
    for value in mistake.number.known[1:]
}


def find_mistake(mistake_id: str) -> Mistake:
    """The mistake of that id, or of one that it once had. Raises ValueError with the ids there are."""
    known = FORMER.get(mistake_id, mistake_id)
    if known not in CATALOGUE:
        near = did_you_mean(mistake_id, [*CATALOGUE, *FORMER])
        raise ValueError(
            f"mistake: got {mistake_id!r}; expected one of {', '.join(CATALOGUE)}{near}"
        )
    return CATALOGUE[known]


def mistakes_at(objective: str) -> tuple[Mistake, ...]:
    """The mistakes that can be made at an objective, in the catalogue's order."""
    return tuple(
        mistake
        for mistake in CATALOGUE.values()
        if any(place.name == objective for place in (*mistake.places, *mistake.at_one))
    )
