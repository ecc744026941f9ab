"""A vector under another noise ratio: the same inputs, the truth of the objective of nu = 1 taken there.

Conventions
-----------
id, inputs, flags   the stored vector's; nothing is stored for nu = 1
expected            by ``truth``'s machinery, to the digits that float64 needs; computed once a vector
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace

from nce_ref.oracle.objectives import Objective, with_noise_ratio
from nce_ref.oracle.truth import truth_at
from nce_ref.oracle.vectors import Expected, Vector, cases


@functools.lru_cache(maxsize=1 << 11)
def at_noise_ratio(vector: Vector, word: str) -> Vector:
    """The vector as one of nu by the "sizes", or of nu = "one". Raises ValueError where its objective has no such
    form."""
    target = with_noise_ratio(vector.objective, word)
    if target is vector.objective:
        return vector
    found = truth_at(target, vector.inputs)
    expected = {name: Expected(None, value, found.scales[name]) for name, value in found.items()}
    return replace(vector, objective=target, kills=(), expected=expected)


def cases_of(objective: Objective, flags: Iterable[str] = ()) -> tuple[Vector, ...]:
    """The vectors of an objective with all ``flags``; of one of nu = 1, the stored ones under its noise ratio."""
    return tuple(
        at_noise_ratio(vector, objective.noise_ratio)
        for vector in cases(objective.stored, flags=flags)
    )
