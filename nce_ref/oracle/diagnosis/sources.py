"""What may explain an answer, as something that can be evaluated: the truth, known mistakes, relatives; each answer is
kept.

Conventions
-----------
evaluate   (inputs by name) -> outputs by name, in the dtype of the inputs
flipped    whether c has the other sign
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.diagnosis.observed import Bools, Layout, Observed, turned_inputs
from nce_ref.oracle.diagnosis.relatives import relatives_of
from nce_ref.oracle.mistakes import Mistake, mistakes_at
from nce_ref.oracle.objectives import find_objective
from nce_ref.oracle.vectors import Vector

_NUDGES = 6
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


@functools.lru_cache(maxsize=1 << 12)
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
    return _evaluated_or_nothing(source, turned_inputs(vector, dtype, flipped))


def _evaluated_or_nothing(source: Source, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    with np.errstate(all="ignore"):
        try:
            return source.evaluate(inputs)
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


def scattered(observed: Observed, source: Source, flipped: bool, entries: Bools) -> Float:
    """By entry, the range of a source's error over inputs close by, on the vectors that ``entries`` touch; else 0.

    Close by: arguments that are arrays times 1 + d, |d| up to 2^-8, as a whole: what is symmetric, tied or 0 stays so.
    Rounding scatters there; a systematic error, of an epsilon or a truncated constant, hardly moves.
    """
    found = np.zeros(observed.got.size)
    touched = {slot.vector for slot in observed.slots if entries[slot.where].any()}
    for vector in sorted(touched):
        mine = [slot for slot in observed.slots if slot.vector == vector]
        outputs = tuple((slot.output, slot.where.stop - slot.where.start) for slot in mine)
        ranges = _ranges(source, observed.results[vector].vector, observed.dtype, flipped, outputs)
        found[mine[0].where.start : mine[-1].where.stop] = ranges
    return found


@functools.lru_cache(maxsize=1 << 15)
def _ranges(
    source: Source, vector: Vector, dtype: str, flipped: bool, outputs: tuple[tuple[str, int], ...]
) -> Float:
    """The range of a source's error over inputs close by a vector, one output (name, size) after the other."""
    right, errors = truth(vector.objective.name), []
    for nudge in range(_NUDGES):
        got, want = (
            _nudged(one, vector, kind, flipped, nudge, dtype)
            for one, kind in ((source, dtype), (right, "float64"))
        )
        if got and want:
            errors.append(np.concatenate([_difference(got, want, *output) for output in outputs]))
    if not errors:
        return np.zeros(sum(size for _, size in outputs))
    size = np.stack(errors)
    size = np.where(np.isfinite(size), size, np.nan)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nowhere finite: no range
        return np.nan_to_num(np.nanmax(size, axis=0) - np.nanmin(size, axis=0))


def _difference(got: Mapping[str, Any], want: Mapping[str, Any], output: str, size: int) -> Float:
    pair = [np.asarray(one.get(output, np.nan), dtype=np.float64).ravel() for one in (got, want)]
    return pair[0] - pair[1] if pair[0].size == pair[1].size == size else np.full(size, np.nan)


@functools.lru_cache(maxsize=1 << 14)
def _nudged(
    source: Source, vector: Vector, dtype: str, flipped: bool, nudge: int, storage: str
) -> Mapping[str, Any]:
    """A source close by a vector: the nudged inputs are numbers of ``storage``, evaluated in ``dtype``."""
    inputs = turned_inputs(vector, storage, flipped)
    masks = set(vector.objective.masks.values())
    for place, (name, value) in enumerate(inputs.items()):
        if not isinstance(value, float) and name not in masks:
            # Multiples of the golden ratio, modulo 1: no two alike, and no generator.
            part = (0.6180339887498949 * (1 + place + len(inputs) * nudge)) % 1.0
            moved = value * value.dtype.type(1.0 + (2.0 * part - 1.0) * 2.0**-8)
            inputs[name] = moved if dtype == storage else moved.astype(np.float64)
    return _evaluated_or_nothing(source, inputs)
