"""Choices (``families/choices``) in a diagnosis: what was returned under declared ones in our terms, and those that
were not declared.

Conventions
-----------
declared     inputs were turned before the call, so what came is turned back, and everything else is asked as if none
             were declared
undeclared   every set of choices, one of a kind, on the inputs as they were handed over
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.families.base import MEAN, Choice, Objective, turned, turned_back
from nce_ref.oracle.objectives import find_objective
from nce_ref.oracle.results import CaseResult

Evaluate = Callable[[Mapping[str, Any]], Any]


def in_our_terms(
    objective: Objective,
    results: Sequence[CaseResult],
    convention: Convention,
    evaluate: Evaluate | None,
) -> tuple[list[CaseResult], Evaluate | None]:
    """The results, and what calls the implementation again, as if no choice were declared."""
    chosen = convention.chosen(objective)

    def back(outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {name: turned_back(chosen, name, got, inputs) for name, got in outputs.items()}

    found = [
        replace(result, outputs=back(result.outputs, result.vector.inputs)) for result in results
    ]
    if evaluate is None:
        return found, None
    ask: Evaluate = evaluate

    def again(inputs: Mapping[str, Any]) -> Any:
        theirs = inputs
        for choice in chosen:
            theirs = choice.theirs(theirs)
        returned = ask(theirs)
        return back(returned, inputs) if isinstance(returned, Mapping) else returned

    return found, again


@functools.lru_cache(maxsize=64)
def undeclared(objective: str) -> tuple[tuple[tuple[str, ...], Evaluate], ...]:
    """(words, what the right steps return by them on inputs that were not turned), for every set of choices; made
    once."""
    target = find_objective(objective)
    return tuple(
        (tuple(one.word for one in chosen), functools.partial(_given, chosen, target))
        for chosen in _sets(target.choices)
    )


def plain(objective: Objective, words: tuple[str, ...], ways: Sequence[Any]) -> list[Any]:
    """The settings, the declared one first, that say nothing twice: no sign of c, and another reduction or another
    mean, not both."""
    means = any(choice.of == MEAN for choice in objective.choices if choice.word in words)
    own = ways[0].convention.reduction
    return [
        way for way in ways if not way.flipped and (not means or way.convention.reduction == own)
    ]


def _sets(choices: tuple[Choice, ...]) -> list[tuple[Choice, ...]]:
    kinds = dict.fromkeys(choice.of for choice in choices)
    by_kind = [(None, *(choice for choice in choices if choice.of == of)) for of in kinds]
    some = [tuple(filter(None, every)) for every in itertools.product(*by_kind)]
    return [chosen for chosen in some if chosen]


def _given(
    chosen: tuple[Choice, ...], objective: Objective, inputs: Mapping[str, Any]
) -> Mapping[str, Any]:
    direct = [choice.given for choice in chosen if choice.given is not None]
    rest = tuple(choice for choice in chosen if choice.given is None or len(direct) > 1)
    for choice in reversed(rest):
        inputs = choice.ours(inputs)
    if len(direct) == 1:
        outputs = direct[0](inputs)
    else:
        outputs = objective.evaluate(objective.right, inputs)
    return {name: turned(rest, name, array, inputs) for name, array in outputs.items()}


def by_choice(objective: Objective, candidate: Any) -> str:
    """``: views are interleaved``, what the choices of a candidate say."""
    titles = [choice.title for choice in candidate.convention.chosen(objective)]
    return f": {'; '.join(titles)}" if titles else ""
