"""Two causes at once: a mistake that explains everything outside tails and kinks, together with one that shows only there.

Conventions
-----------
easy    the failing vectors without tails and kinks (``Observed.is_hard``): one cause explains them, or this finds nothing
second  a mistake of arithmetic, or the choice of a derivative at a kink; its steps are laid over those of the first
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nce_ref.oracle.diagnosis.observed import Observed
from nce_ref.oracle.diagnosis.suspects import Candidate, Source, is_full, rank, search
from nce_ref.oracle.mistakes import ARITHMETIC, CATALOGUE
from nce_ref.oracle.mistakes.base import Mistake
from nce_ref.oracle.textbook import Steps, evaluate

_TRIED = 2  # first causes
_BLUR = {"float32": 1e2, "float64": 1e8}


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
        mistake
        for mistake in CATALOGUE.values()
        if objective in mistake.objectives and (mistake.choice or mistake in ARITHMETIC)
    ]
    ids = list(dict.fromkeys(candidate.id for candidate in firsts if candidate.kind == "mistake"))
    pairs = [
        _pair(name, second.id, objective)
        for name in ids[:_TRIED]
        for second in seconds
        if second.id != name
    ]
    sources = [pair for pair in pairs if pair is not None]
    found = (
        [candidate for candidate in search(observed, sources) if is_full(candidate, observed)]
        if sources
        else []
    )
    return sorted(found, key=lambda candidate: rank(candidate, observed))


@functools.lru_cache(maxsize=1 << 12)
def _pair(first: str, second: str, objective: str) -> Source | None:
    """Made once, so that what it answers to a vector is computed once."""
    evaluate = together(CATALOGUE[first], CATALOGUE[second], objective)
    return (
        None
        if evaluate is None
        else Source("mistake", f"{first} + {second}", evaluate, not CATALOGUE[second].choice)
    )


def together(
    first: Mistake, second: Mistake, objective: str
) -> Callable[[Mapping[str, Any]], Mapping[str, Any]] | None:
    """An evaluation with the slips of both, where each is the right steps with some of them replaced; None where they are not."""
    steps = [
        mistake.evaluate.args[0]
        for mistake in (first, second)
        if isinstance(mistake.evaluate, functools.partial)
    ]
    if len(steps) != 2 or not all(isinstance(step, Steps) for step in steps):
        return None
    kinds = [type(step) for step in steps]
    if issubclass(kinds[0], kinds[1]) or issubclass(kinds[1], kinds[0]):
        return None
    try:
        both: Steps = object.__new__(type("Both", tuple(kinds), {}))
    except TypeError:  # no common order of their methods
        return None
    for step in reversed(steps):
        both.__dict__.update(step.__dict__)
    return functools.partial(evaluate, both, objective)
