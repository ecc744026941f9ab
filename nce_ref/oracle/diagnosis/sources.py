"""What may explain an answer, as something that can be evaluated: the truth, known mistakes, relatives; each answer is
kept.

Conventions
-----------
evaluate   (inputs by name) -> outputs by name, in the dtype of the inputs
flipped    whether c has the other sign
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.diagnosis.observed import Layout, Observed
from nce_ref.oracle.diagnosis.relatives import relatives_of
from nce_ref.oracle.mistakes import Mistake, mistakes_at
from nce_ref.oracle.objectives import find_objective
from nce_ref.oracle.vectors import Vector

Evaluate = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Source:
    """Something that can be evaluated on inputs; ``is_numeric`` where arithmetic decides what comes out; ``value`` of
    its number."""

    kind: str
    id: str
    evaluate: Evaluate
    is_numeric: bool = False
    value: float | None = None


@functools.lru_cache(maxsize=1 << 8)
def of_choice(evaluate: Evaluate) -> Source:
    """What an undeclared choice gives."""
    return Source("convention", "choices", evaluate)


@functools.lru_cache(maxsize=32)
def truth(objective: str) -> Source:
    """The right steps of an objective."""
    target = find_objective(objective)
    return Source("truth", objective, partial(target.evaluate, target.right))


def source_of(mistake: Mistake, objective: str, value: float | None = None) -> Source:
    """A mistake at an objective, its number being ``value`` where it has one."""
    evaluate = partial(mistake.evaluate, objective, value=value)
    return Source("mistake", mistake.id, evaluate, mistake.arithmetic, value)


@functools.lru_cache(maxsize=32)
def every_source(objective: str) -> tuple[Source, ...]:
    """The known mistakes at an objective, then its relatives."""
    found = [
        source_of(mistake, objective, value)
        for mistake in mistakes_at(objective)
        for value in (mistake.number.known if mistake.number is not None else (None,))
    ]
    found += [
        Source("other objective", relative.id, relative.evaluate)
        for relative in relatives_of(find_objective(objective))
    ]
    return tuple(found)


@functools.lru_cache(maxsize=1 << 16)
def _answer(source: Source, vector: Vector, dtype: str, flipped: bool) -> Mapping[str, Any]:
    """A known source on a stored vector: the same whenever it is asked; nothing where it raises."""
    turn = Convention(c_sign="subtracted") if flipped else Convention()
    with np.errstate(all="ignore"):
        try:
            return source.evaluate(turn.inputs(vector.objective, vector.arguments(dtype)))
        except (ArithmeticError, ValueError, TypeError, KeyError, np.linalg.LinAlgError):
            return {}


def laid_out(observed: Observed, source: Source, flipped: bool, dtype: str | None = None) -> Float:
    """What a source gives on the observed vectors, as one row."""
    return _flat(source, observed.layout, dtype or observed.dtype, flipped)


def evaluated(sources: tuple[Source, ...], observed: Observed) -> Float:
    """What every source makes of these vectors under c of the usual sign, one row a source."""
    return stacked(sources, observed.layout, observed.dtype, False)


@functools.lru_cache(maxsize=1 << 7)
def stacked(sources: tuple[Source, ...], layout: Layout, dtype: str, flipped: bool) -> Float:
    """What every source makes of a few vectors, one row a source."""
    size = max((end for *_, end in layout.places), default=0)
    rows = [
        layout.flatten([_answer(source, vector, dtype, flipped) for vector in layout.vectors])
        for source in sources
    ]
    return np.stack(rows) if rows else np.empty((0, size))


@functools.lru_cache(maxsize=1 << 12)
def _flat(source: Source, layout: Layout, dtype: str, flipped: bool) -> Float:
    flat = layout.flatten([_answer(source, vector, dtype, flipped) for vector in layout.vectors])
    flat.flags.writeable = False
    return flat
