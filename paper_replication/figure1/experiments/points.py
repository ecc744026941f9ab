r"""The paper's protocol alone: the errors behind the points of Figure 1, without certificates, for a tenth of
``figure1``'s time.

*Conventions.* As in ``figure1``, with other random numbers; the results are those of its "paper" protocol that the
published points are held against. It is there for quick runs, which need many matrices and can do without the laws.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref import LikelihoodObjective, NCEObjective

from .figure1 import MANY_UP_TO, MODEL, draw_problem, match_truth, paper_ends, second_noise

EXPERIMENT_VERSION = 1


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the squared errors of one repetition at ``params["n_data"]``; the names are method.paper.quantity."""
    n_data = int(params["n_data"])
    problem = draw_problem(n_data, rng)
    truth, starts = problem.truth, problem.starts
    first = paper_ends(
        NCEObjective(MODEL, problem.noise, problem.x, problem.y), starts, lambda theta: theta
    )
    fitted, y = second_noise(first.theta, truth, n_data, problem.noise_seed)
    ends = {
        "mle": paper_ends(
            LikelihoodObjective(MODEL, problem.x),
            starts[:, :-1],
            lambda alpha: MODEL.normalize(np.append(alpha, 0.0)),
        ),
        "nce_gaussian": first,
        "nce_laplace": paper_ends(
            NCEObjective(MODEL, fitted, problem.x, y), starts, lambda theta: theta
        ),
    }
    result = {"norm_B": float(np.sum(truth[:-1] ** 2))}
    for method, end in ends.items():
        result |= {
            f"{method}.paper.error_B": match_truth(end.theta, truth).squared_error,
            f"{method}.paper.error_c": float(end.theta[-1] - truth[-1]) ** 2,
        }
    return result


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run, for ordering and remaining time."""
    n_data = int(params["n_data"])
    return (0.1 + 2.0e-4 * n_data) if n_data <= MANY_UP_TO else 5e-5 * n_data
