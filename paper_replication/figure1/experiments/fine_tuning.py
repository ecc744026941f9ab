r"""P10's fine tuning (panel c): where does the second fit start?

The paper does not say. ``figure1`` starts it at the same random points as the first; this experiment does both, with
new matrices and L-BFGS as in the paper's protocol: "random" from those points, best objective kept, and "first_fit"
from the first fit itself.

*Conventions.* As in ``figure1``; names are fine_tuning.start.quantity. It was added after the first full run, in which
the random start's error at T = 250 and 500 came out above the published one; its claims were fixed before its own first
run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref import NCEObjective

from .figure1 import MODEL, draw_problem, match_truth, paper_ends, second_noise

EXPERIMENT_VERSION = 3


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the scalars of one repetition at ``params["n_data"]``."""
    n_data = int(params["n_data"])
    problem = draw_problem(n_data, rng)
    first = paper_ends(
        NCEObjective(MODEL, problem.noise, problem.x, problem.y),
        problem.starts,
        lambda theta: theta,
    )
    noise, y = second_noise(first.theta, problem.truth, n_data, problem.noise_seed)
    objective = NCEObjective(MODEL, noise, problem.x, y)
    result = {}
    for name, starts in (("random", problem.starts), ("first_fit", first.theta[None, :])):
        ends = paper_ends(objective, starts, lambda theta: theta)
        result |= {
            f"fine_tuning.{name}.error_B": match_truth(ends.theta, problem.truth).squared_error,
            f"fine_tuning.{name}.error_c": float(ends.theta[-1] - problem.truth[-1]) ** 2,
            f"fine_tuning.{name}.objective": float(ends.objectives.max()),
        }
    return result


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run, for ordering and remaining time."""
    return 0.15 + 2.5e-4 * int(params["n_data"])
