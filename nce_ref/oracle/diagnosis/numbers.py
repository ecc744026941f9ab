"""The number of a mistake that has one: an epsilon in a logarithm, a limit of a clip, fitted to what came.

Conventions
-----------
searched    from a hundredth of the smallest known number to a hundred times the largest, on a grid of ratio ``_RATIO``,
            then by thirds
admitted    the interval around the fit in which everything is explained; the value given is the number of the fewest
            digits in it
determines  a vector that is no longer explained at a half or at the double of the number: three of them are asked for,
            or no value is given, for then any other would do as well
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.diagnosis.observed import Observed, turned_inputs
from nce_ref.oracle.diagnosis.sources import source_of
from nce_ref.oracle.diagnosis.suspects import (
    Candidate,
    Setting,
    compare,
    is_full,
    scatter_of,
    settings,
)
from nce_ref.oracle.mistakes import CATALOGUE, Mistake, mistakes_at
from nce_ref.oracle.vectors import Vector

_RATIO = 1.5
_THIRDS = 90  # (2/3)^90 of the interval is 1e-16
_VECTORS = 6  # that the search goes by
_DETERMINED = 3
_PROMISING = 0.75  # of the error may be left at the best point of the grid


def fit_numbers(observed: Observed) -> list[Candidate]:
    """The mistakes that explain everything with a number that is not among the known ones, under the declared
    convention.

    The roundest number comes first: h clipped to [3e-4, 1 - 3e-4] is t clipped at 8.1114, and nobody wrote that.
    """
    fits = [
        _fit(observed, mistake)
        for mistake in mistakes_at(observed.objective.name)
        if mistake.number
    ]
    found = [determined(observed, candidate) for candidate in fits if candidate is not None]
    return sorted(found, key=lambda candidate: _n_digits(candidate.value))


def determined(observed: Observed, candidate: Candidate) -> Candidate:
    """The candidate with its number to the digits that are admitted; without it, where too few vectors determine it."""
    mistake = CATALOGUE.get(candidate.id)
    if candidate.value is None or mistake is None or mistake.number is None:
        return candidate
    way = next(way for way in settings(observed) if way.convention == candidate.convention)
    if not _is_determined(observed, mistake, way, candidate.value):
        return replace(candidate, value=None)
    return replace(candidate, value=_shortest(observed, mistake, way, candidate.value))


def _fit(observed: Observed, mistake: Mistake) -> Candidate | None:
    assert mistake.number is not None
    few, way = observed.subset(_spread(observed)), settings(observed)[0]
    low, high = min(mistake.number.known) / 100.0, 100.0 * max(mistake.number.known)
    n_points = int(math.log(high / low) / math.log(_RATIO)) + 1
    grid = low * _RATIO ** np.arange(n_points)
    misfits = [_misfit(few, mistake, way, float(value)) for value in grid]
    best = float(grid[int(np.argmin(misfits))])
    if not _is_promising(few, _predicted(few, mistake, way, best)):
        return None
    left, right = math.log(best / _RATIO), math.log(best * _RATIO)
    for _ in range(_THIRDS):
        one, two = left + (right - left) / 3.0, right - (right - left) / 3.0
        if _misfit(few, mistake, way, math.exp(one)) <= _misfit(few, mistake, way, math.exp(two)):
            right = two
        else:
            left = one
    candidate = _candidate(observed, mistake, way, math.exp(0.5 * (left + right)))
    return candidate if is_full(candidate, observed) else None


def _spread(observed: Observed) -> list[int]:
    """Failing vectors from all over the suite: the first in the order of the place's bits from the right, so that one
    failure more or fewer leaves the others chosen."""
    failing = [int(vector) for vector in np.flatnonzero(observed.failed)]
    return sorted(sorted(failing, key=lambda vector: f"{vector:020b}"[::-1])[:_VECTORS])


def _n_digits(value: float | None) -> int:
    return 17 if value is None else len(repr(value).split("e")[0].replace(".", "").strip("0"))


def _predicted(observed: Observed, mistake: Mistake, way: Setting, value: float) -> Float:
    asked = mistake.id, observed.objective.name, value, observed.dtype, way.flipped
    outputs = [_answer(vector, *asked) for vector in observed.layout.vectors]
    return observed.factors(way.convention) * observed.layout.flatten(outputs)


@functools.lru_cache(maxsize=1 << 13)
def _answer(
    vector: Vector, mistake: str, objective: str, value: float, dtype: str, flipped: bool
) -> Mapping[str, Any]:
    """What a mistake returns with a number: several counts ask for it, and so does the next diagnosis."""
    source = source_of(CATALOGUE[mistake], objective, value)
    return source.evaluate(turned_inputs(vector, dtype, flipped))


def _misfit(observed: Observed, mistake: Mistake, way: Setting, value: float) -> float:
    """By entry the logarithm of how many allowances it is off, so that no entry outweighs the others; a large one where
    not finite."""
    predicted = _predicted(observed, mistake, way, value)
    with np.errstate(all="ignore"):
        off = np.abs(observed.got - predicted) / observed.allowed(predicted)
    same = (observed.got == predicted) | (np.isnan(observed.got) & np.isnan(predicted))
    off = np.where(same, 0.0, np.where(np.isfinite(off), off, 1e300))
    return float(np.log1p(off).sum())


def _is_promising(observed: Observed, predicted: Float) -> bool:
    """Whether it takes away a part of what most entries are off by, as the neighbour of the right number does."""
    with np.errstate(all="ignore"):
        off = np.abs(observed.got - observed.want)
        left = np.abs(observed.got - predicted) / off
    wrong = (off > observed.allowed(observed.want)) & np.isfinite(left)
    return bool(wrong.any()) and bool(np.median(left[wrong]) < _PROMISING)


def _candidate(
    observed: Observed, mistake: Mistake, way: Setting, value: float, loosely: bool = True
) -> Candidate:
    predicted = _predicted(observed, mistake, way, value)
    source = source_of(mistake, observed.objective.name, value)
    scatter = scatter_of(observed, source, way) if mistake.arithmetic and loosely else None
    return compare(observed, "mistake", mistake.id, predicted, way, 1.0, scatter, value)


def _is_determined(observed: Observed, mistake: Mistake, way: Setting, value: float) -> bool:
    """Whether enough vectors are explained at the value, and not both at its half and at its double.

    By what is met to the last digit, or, where rounding decides what comes out, by what is met nearly.
    """

    def count(loosely: bool) -> int:
        here, half, double = (
            _candidate(observed, mistake, way, factor * value, loosely).explained
            for factor in (1.0, 0.5, 2.0)
        )
        return int((here & ~(half & double)).sum())

    return any(count(loosely) >= _DETERMINED for loosely in (False, True))


def _shortest(observed: Observed, mistake: Mistake, way: Setting, value: float) -> float:
    """The number of the fewest digits among those that explain as much."""
    # Where rounding decides what comes out, the vectors that are met to the last digit say more than those met nearly.
    exact = _candidate(observed, mistake, way, value, loosely=False).matches
    loosely = exact < _DETERMINED
    matches = _candidate(observed, mistake, way, value).matches if loosely else exact

    def admits(other: float) -> bool:
        return _candidate(observed, mistake, way, other, loosely).matches >= matches

    # Most numbers that are meant have a digit or two: to ask them takes two evaluations, to find how far one may go a
    # hundred.
    for digits in range(17):
        short = float(f"{value:.{digits}e}")
        if abs(short) <= 2.0 * abs(value) and abs(value) <= 2.0 * abs(short) and admits(short):
            return short
    return value
