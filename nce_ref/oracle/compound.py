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

from nce_ref.oracle import textbook
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.mistakes.base import Mistake
from nce_ref.oracle.mistakes.numerics import NUMERICS
from nce_ref.oracle.observed import Observed
from nce_ref.oracle.suspects import Candidate, Source, is_full, rank, search

_TRIED = 2  # first causes
_BLUR = {"float32": 1e2, "float64": 1e8}


def search_easy(observed: Observed) -> list[Candidate]:
    """What fully explains the vectors outside tails and kinks, where there are enough of them to say so."""
    easy = [vector for vector in range(observed.n_ran) if not observed.is_hard(vector)]
    part = observed.subset(easy)
    if len(easy) in (0, observed.n_ran) or part.n_failed < 2:
        return []
    for slack in (1.0, _BLUR[observed.dtype]):  # an epsilon inside the logarithm is seen everywhere, a little
        blurred = replace(part, slack=slack)
        if found := [candidate for candidate in search(blurred) if is_full(candidate, blurred)]:
            return found
    return []


def search_pairs(observed: Observed, firsts: list[Candidate]) -> list[Candidate]:
    """The pairs that explain everything; their id is ``first + second``."""
    objective = observed.objective.name
    seconds = [mistake for mistake in CATALOGUE.values() if objective in mistake.objectives and (mistake.choice or mistake in NUMERICS)]
    ids = list(dict.fromkeys(candidate.id for candidate in firsts if candidate.kind == "mistake"))
    sources = []
    for name in ids[:_TRIED]:
        for second in seconds:
            evaluate = together(CATALOGUE[name], second, objective)
            if evaluate is not None and second.id != name:
                sources.append(Source("mistake", f"{name} + {second.id}", evaluate, not second.choice))
    found = [candidate for candidate in search(observed, sources) if is_full(candidate, observed)] if sources else []
    return sorted(found, key=lambda candidate: rank(candidate, observed))


def together(first: Mistake, second: Mistake, objective: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]] | None:
    """An evaluation with the slips of both, where each is the right steps with some of them replaced; None where they are not."""
    steps = [mistake.evaluate.args[0] for mistake in (first, second) if isinstance(mistake.evaluate, functools.partial)]
    if len(steps) != 2 or not all(isinstance(step, textbook.Steps) for step in steps):
        return None
    kinds = [type(step) for step in steps]
    if issubclass(kinds[0], kinds[1]) or issubclass(kinds[1], kinds[0]):
        return None
    try:
        both: textbook.Steps = object.__new__(type("Both", tuple(kinds), {}))
    except TypeError:  # no common order of their methods
        return None
    for step in reversed(steps):
        both.__dict__.update(step.__dict__)
    return functools.partial(textbook.evaluate, both, objective)
