"""Which flags a vector carries: read off its inputs, so that a flag cannot be wrong.

Conventions
-----------
flag      a word for what a vector probes; its note (what, effect, seen) stands in ``suite.json``
derived   every flag here, and those of the objectives' ``Facts``; ``emit`` writes them and ``lint`` compares. Any other
          is its author's
t         the argument of ln sigma at a point, as the objective has it; t << 0 is the wrong side
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Objective
from nce_ref.oracle.objectives import EVERY

SMOKE = "smoke"
# The naive forms break at 16.7 and 88.7 in float32, at 36.8 and 709.8 in float64; each flag: some t at -threshold or
# below.
TAILS = {"tails": 17.0, "tails-40": 37.0, "tails-800": 710.0}
SEPARATED = 16.0
SATURATED = (
    19.0  # |z| of a saturating function: tanh is 1 to rounding in float64, softplus z or nearly 0
)
OVERFLOW = 89.0  # e^t is inf in float32; from 710 on in float64, too
MAX_INLINE = 1000  # numbers of an array in the JSON; more stand in an NPZ

Inputs = Mapping[str, Any]
Holds = Callable[[Objective, str, Inputs], bool]


def derived_flags(objective: Objective, vector_id: str, inputs: Inputs) -> tuple[str, ...]:
    """The flags that these inputs carry, in the order of ``DERIVED``, then those that only this family has."""
    own = [
        flag for facts in objective.facts for flag, holds in facts.flags.items() if holds(inputs)
    ]
    asked = [flag for flag, holds in DERIVED.items() if holds(objective, vector_id, inputs)]
    order = list(DERIVED)
    known = sorted({*asked, *(flag for flag in own if flag in DERIVED)}, key=order.index)
    return (*known, *dict.fromkeys(flag for flag in own if flag not in DERIVED))


def is_derived(flag: str) -> bool:
    """Whether the flag is read off the inputs."""
    return flag in DERIVED or any(
        flag in facts.flags for objective in EVERY.values() for facts in objective.facts
    )


def group_of(objective: Objective, vector_id: str) -> str:
    """The word of an id that follows the objective's name."""
    return vector_id.removeprefix(f"{objective.name}/").split("/")[0]


def log_sigmoid_arguments(objective: Objective, inputs: Inputs) -> Float:
    """t of every point (data first, then noise), or an empty array where the objective has no log-sigmoid."""
    return np.concatenate([np.empty(0), *objective.log_sigmoids(inputs)])


def _beyond(threshold: float) -> Holds:
    return lambda objective, vector_id, inputs: bool(
        (log_sigmoid_arguments(objective, inputs) <= -threshold).any()
    )


def _is_separated(objective: Objective, vector_id: str, inputs: Inputs) -> bool:
    t = log_sigmoid_arguments(objective, inputs)
    return objective.is_mean and t.size > 0 and bool((t >= SEPARATED).all())


def _has_equal_logits(objective: Objective, vector_id: str, inputs: Inputs) -> bool:
    samples = objective.log_sigmoids(inputs) if objective.is_mean else ()
    return sum(t.size for t in samples) > 2 and all(np.ptp(t) == 0 for t in samples)


def _is_saturated(objective: Objective, vector_id: str, inputs: Inputs) -> bool:
    return any(bool((np.abs(z) >= SATURATED).any()) for z in objective.saturating(inputs))


def _crosses(objective: Objective, vector_id: str, inputs: Inputs) -> bool:
    signs = [np.sign(s) for s in objective.visited(inputs)]
    return any(bool((one != other).any()) for one, other in pairwise(signs))


def _nu_is_not_one(objective: Objective, vector_id: str, inputs: Inputs) -> bool:
    n_data, n_noise = objective.sample_sizes(inputs)
    return 0 < n_noise != n_data


def _said_by_facts(objective: Objective, vector_id: str, inputs: Inputs) -> bool:
    """Its place in the order; the objectives' ``Facts`` say where it holds."""
    return False


DERIVED: dict[str, Holds] = {
    SMOKE: lambda objective, vector_id, inputs: group_of(objective, vector_id) == SMOKE,
    **{flag: _beyond(threshold) for flag, threshold in TAILS.items()},
    "separated": _is_separated,
    "equal-logits": _has_equal_logits,
    "kink": lambda objective, vector_id, inputs: objective.n_kinks(inputs) > 0,
    "nu-not-one": _nu_is_not_one,
    "one-data-point": lambda objective, vector_id, inputs: (
        objective.sizes(inputs).get("n_data") == 1
    ),
    "noise-varies": _said_by_facts,
    "correlated-noise": _said_by_facts,
    "noise-mean": _said_by_facts,
    "negative-determinant": _said_by_facts,
    "not-symmetric": _said_by_facts,
    "badly-scaled": _said_by_facts,
    "one-dimension": _said_by_facts,
    "in-a-file": lambda objective, vector_id, inputs: any(
        np.size(value) > MAX_INLINE for value in inputs.values()
    ),
    "no-hidden-layer": _said_by_facts,
    "saturated": _is_saturated,
    "overflow": lambda objective, vector_id, inputs: bool(
        (np.abs(objective.exponents(inputs)) >= OVERFLOW).any()
    ),
    "crossing": _crosses,
    "normalised": _said_by_facts,
}
