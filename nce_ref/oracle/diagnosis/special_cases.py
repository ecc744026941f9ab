"""Which vectors fail: all those with one property and none without it, where there is such a property.

Conventions
-----------
property   a flag that the vectors carry, or a fact about their inputs (``properties_of``)
said       only where failures on arbitrary vectors would agree with the property less than once in a thousand times:
           nearly all vectors have n_noise differing from n_data, and what fails on nearly all fails "only" there
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref.oracle.diagnosis.observed import Observed
from nce_ref.oracle.families.base import Objective

Inputs = Mapping[str, Any]
_CHANCE = 1000  # times fewer than this, and the vectors' own composition says as much


def properties_of(objective: Objective) -> dict[str, Callable[[Inputs], bool]]:
    """What may be said of some vectors of an objective."""

    def sizes_differ(inputs: Inputs) -> bool:
        n_data, n_noise = objective.sample_sizes(inputs)
        return n_data != n_noise != 0

    found: dict[str, Callable[[Inputs], bool]] = {"where n_noise differs from n_data": sizes_differ}
    for facts in objective.facts:
        found |= facts.properties
    return found


def explains_which(observed: Observed) -> str | None:
    """The property that the failing vectors have and the passing ones lack; None where there is none or nothing
    passes."""
    failed = observed.failed
    if failed.all() or not failed.any():
        return None
    flags = sorted({flag for vector in range(observed.n_ran) for flag in observed.flags(vector)})
    tests: dict[str, list[bool]] = {
        f"with the flag {flag}": [flag in observed.flags(k) for k in range(observed.n_ran)]
        for flag in flags
    }
    for name, holds in properties_of(observed.objective).items():
        tests[name] = [holds(result.vector.inputs) for result in observed.results]
    exact = [name for name, has in tests.items() if np.array_equal(has, failed)]
    n_failed, n_ran = int(failed.sum()), observed.n_ran
    # As many failures that fall on any vectors alike stand within the property by chance this often.
    alike = math.comb(n_ran, n_failed)
    if exact and alike >= _CHANCE:
        return (
            f"it fails on all {int(failed.sum())} vectors {' = '.join(exact)}, and passes on all"
            f" {int((~failed).sum())} others"
        )
    within = [
        (sum(has), name)
        for name, has in tests.items()
        if not (failed & ~np.array(has)).any()
        and not all(has)
        and alike >= _CHANCE * math.comb(sum(has), n_failed)
    ]
    if within:
        count, name = min(within)
        return (
            f"it fails only {name}: on {int(failed.sum())} of {count} such vectors, on none of the"
            f" {observed.n_ran - count} others"
        )
    return None
