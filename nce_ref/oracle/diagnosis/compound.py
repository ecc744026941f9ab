"""Two causes at once: a mistake that explains everything outside tails and kinks, together with one that shows only
there.

Conventions
-----------
easy    the failing vectors without tails and kinks (``Observed.is_hard``): one cause explains them, or this finds
        nothing
second  a mistake of arithmetic, or the choice of a derivative at a kink; its steps are laid over those of the first
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nce_ref.oracle.diagnosis.observed import Observed
from nce_ref.oracle.diagnosis.sources import Source
from nce_ref.oracle.diagnosis.suspects import FAR_APART, Candidate, is_full, rank, search
from nce_ref.oracle.families.base import Mistake, Steps, laid_over
from nce_ref.oracle.mistakes import CATALOGUE, mistakes_at
from nce_ref.oracle.objectives import find_objective

Numbered = tuple[str, float | None]  # a mistake's id and the value of its number
_TRIED = 2  # first causes
_BLUR = {"float32": 1e2, "float64": 1e8, "bfloat16": 2.0, "float16": 4.0}


def search_easy(observed: Observed) -> list[Candidate]:
    """What fully explains the vectors outside tails and kinks, where there are enough of them to say so."""
    easy = [vector for vector in range(observed.n_ran) if not observed.is_hard(vector)]
    part = observed.subset(easy)
    if len(easy) in (0, observed.n_ran) or part.n_failed < 2:
        return []
    if found := [candidate for candidate in search(part) if is_full(candidate, part)]:
        return found
    # An epsilon inside the logarithm is seen everywhere, a little; whether the pair is right is asked without the blur.
    blurred = replace(part, slack=_BLUR[observed.dtype])
    return [
        replace(found, blurred=True)
        for found in search(blurred)
        if 2 * found.matches >= part.n_failed and found.complexity < 3
    ][:2]


def search_pairs(observed: Observed, firsts: list[Candidate]) -> list[Candidate]:
    """The pairs that explain everything; their id is ``first + second``."""
    objective = observed.objective.name
    seconds = [
        (mistake.id, value)
        for mistake in mistakes_at(objective)
        if mistake.choice or mistake.arithmetic
        for value in (mistake.number.known if mistake.number is not None else (None,))
    ]
    found = [candidate for candidate in firsts if candidate.kind == "mistake"]
    chosen = list(dict.fromkeys((candidate.id, candidate.value) for candidate in found))[:_TRIED]
    pairs = [
        _pair(first, second, objective)
        for first in chosen
        for second in seconds
        if second[0] != first[0]
    ]
    sources = [pair for pair in pairs if pair is not None]
    found = (
        [
            candidate
            for candidate in search(observed, sources)
            if is_full(candidate, observed) and candidate.n_apart < FAR_APART
        ]
        if sources
        else []
    )
    return sorted(found, key=lambda candidate: rank(candidate, observed))


@functools.lru_cache(maxsize=1 << 12)
def _pair(first: Numbered, second: Numbered, objective: str) -> Source | None:
    """Made once, so that what it answers to a vector is computed once."""
    mistakes = CATALOGUE[first[0]], CATALOGUE[second[0]]
    evaluate = together(*mistakes, objective, (first[1], second[1]))
    if evaluate is None:
        return None
    return Source("mistake", f"{first[0]} + {second[0]}", evaluate, not mistakes[1].choice)


def together(
    first: Mistake,
    second: Mistake,
    objective: str,
    values: tuple[float | None, float | None] = (None, None),
) -> Callable[[Mapping[str, Any]], Mapping[str, Any]] | None:
    """An evaluation with the slips of both, where each is the right steps with some of them replaced; None where they
    are not."""
    steps = [mistake.with_value(value) for mistake, value in zip((first, second), values)]
    if not all(isinstance(step, Steps) for step in steps):
        return None
    kinds = [type(step) for step in steps]
    if issubclass(kinds[0], kinds[1]) or issubclass(kinds[1], kinds[0]):
        return None
    place = find_objective(objective)
    try:
        both = laid_over(*steps, place.right)
    except TypeError:  # no common order of their methods
        return None
    return functools.partial(place.evaluate, both)
