"""Two structural slips at once, one of which is often "mean + mean": what most code does where nu is not 1.

Conventions
-----------
structural   a mistake of the formula: neither a choice at a kink nor one that rounding decides about
pair         two of them that replace different steps; laid over each other, each leaves the other's alone
first        of a pair: the slip in the weights or in ln nu, where there is one, else the one that the catalogue has
             first
pruned       by one failing vector, then by those that every search begins with; only what is left is evaluated on all
"""

from __future__ import annotations

import functools
import itertools

import numpy as np

from nce_ref.oracle.diagnosis.compound import together
from nce_ref.oracle.diagnosis.observed import Observed
from nce_ref.oracle.diagnosis.sources import Source, evaluated
from nce_ref.oracle.diagnosis.suspects import Candidate, is_full, plausible, search, settings
from nce_ref.oracle.families.base import Mistake, replaced
from nce_ref.oracle.mistakes import CATALOGUE, mistakes_at
from nce_ref.oracle.objectives import find_objective

_OF_NU = {"weights", "log_nu"}
# Of pairs: where there are more, one of the two has to be a slip in the weights or in ln nu.
_MOST = 10_000
_NUMBERS = (
    8  # of one vector, which is small where it has so many: thousands of pairs are evaluated on it
)
_TOLD = 4  # failing vectors that tell one pair from another by chance alone: fewer are explained by many pairs


def search_two(observed: Observed) -> list[Candidate]:
    """The pairs of structural slips that explain everything, the simplest first; their id is ``first + second``."""
    pairs = _pairs(observed.objective.name)
    if observed.n_failed < _TOLD or not pairs:
        return []
    failing = [int(vector) for vector in np.flatnonzero(observed.failed)]
    sizes = np.diff([*observed.starts, observed.got.size])
    easy = [vector for vector in failing if not observed.is_hard(vector)] or failing

    def tells(vector: int) -> tuple[int, int, int]:
        inputs = observed.results[vector].vector.inputs
        cost = sum(np.size(value) for value in inputs.values())
        return min(int(sizes[vector]), _NUMBERS), -cost, -vector

    one = observed.subset([max(easy, key=tells)])
    ways = [way for way in settings(observed) if not way.flipped]
    factors = np.stack([one.factors(way.convention) for way in ways])
    outputs = evaluated(pairs, one)
    near = plausible(one, outputs, factors, np.zeros(len(pairs), dtype=bool)).any(axis=1)
    left = tuple(pair for pair, is_near in zip(pairs, np.atleast_1d(near)) if is_near)
    found = [candidate for candidate in search(observed, left) if is_full(candidate, observed)]
    order = {pair.id: place for place, pair in enumerate(pairs)}
    return sorted(found, key=lambda candidate: (candidate.complexity, order[candidate.id]))


@functools.lru_cache(maxsize=64)
def _pairs(objective: str) -> tuple[Source, ...]:
    """Every pair, made once; those with a slip in the weights or in ln nu come first."""
    place = find_objective(objective)
    steps = {
        mistake.id: replaced(mistake.steps, place)
        for mistake in mistakes_at(objective)
        if not (mistake.choice or mistake.arithmetic)
    }
    of_nu = [name for name, changed in steps.items() if changed <= _OF_NU]
    others = [name for name in steps if name not in of_nu]
    ids = [
        *itertools.product(_mean_first(of_nu), others),
        *itertools.combinations(of_nu, 2),
        *itertools.combinations(others, 2),
    ]
    if len(ids) > _MOST:
        ids = ids[: len(of_nu) * len(others)]
    found = [
        _pair(CATALOGUE[one], CATALOGUE[two], objective)
        for one, two in ids[: 2 * _MOST]
        if not steps[one] & steps[two]
    ]
    return tuple(pair for pair in found if pair is not None)


def _mean_first(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: name != "mean-of-means")


def _pair(first: Mistake, second: Mistake, objective: str) -> Source | None:
    evaluate = together(first, second, objective)
    if evaluate is None:
        return None
    return Source("mistake", f"{first.id} + {second.id}", evaluate)
