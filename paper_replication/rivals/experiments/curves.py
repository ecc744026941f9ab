r"""P10 Figure 1 (a): one mixing matrix, one data set, five estimators.

*Conventions.* Problem, starts and noise are those of ``figure1/experiments/figure1.py`` (n_noise = n_data, five random
starts up to n_data = 4000, one above), with other random numbers. Methods: "mle", "nce", "is", "sm" by ``nce_ref``'s
certified fits, the best objective kept; "cd" from the first start alone, and "cd_doubled", the same chains and start
with twice the steps that "cd" took. A fit that does not settle stays in, with the error it has.

P10 does not say: HMC's step size (here adapted to 90 % acceptance), CD's learning rate and its stopping rule. The 90 %
was chosen with the paper's ratio of CD to MLE at T = 1000 and 4000 in sight, on pilots: agreement there confirms
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref import (
    fit_contrastive_divergence,
    fit_importance_sampling,
    fit_mle,
    fit_nce,
    fit_score_matching,
)

from ...figure1.experiments.figure1 import MANY_UP_TO, MODEL, draw_problem, match_truth
from ...timing import timed

EXPERIMENT_VERSION = 3
HEAVY_TAIL = 0.7  # of k-hat: means of such weights are unreliable at any practical size (``nce_ref/importance.py``)
MAX_STEPS = 6000  # of contrastive divergence: it settles after some 200; its double must not end before its time


@timed
def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the scalars of one repetition at ``params["n_data"]``; names are method.quantity."""
    problem = draw_problem(int(params["n_data"]), rng)
    seed = int(rng.integers(2**63))
    x, y, noise, starts, truth = problem.x, problem.y, problem.noise, problem.starts, problem.truth

    result = {"norm_B": float(np.sum(truth[:-1] ** 2))}
    importance = fit_importance_sampling(MODEL, noise, x, y, start=starts)
    fits = {
        "mle": fit_mle(MODEL, x, start=starts),
        "nce": fit_nce(MODEL, noise, x, y, start=starts),
        "is": importance,
        "sm": fit_score_matching(MODEL, x, start=starts),
    }
    for method, fit in fits.items():
        result |= errors(method, fit.theta, truth) | {f"{method}.converged": fit.converged}
    weights = importance.weights
    result |= {
        "is.effective_share": weights.effective_sample_size / len(y),
        "is.heavy_tail": float(weights.pareto_k > HEAVY_TAIL),
    }

    def diverge(min_steps: int) -> Any:
        return fit_contrastive_divergence(
            MODEL,
            x,
            start=starts[0],
            rng=np.random.default_rng(seed),
            min_steps=min_steps,
            max_steps=MAX_STEPS,
        )

    once = diverge(40)
    # A fit that ran into the limit cannot have its steps doubled: the same chains would end at the same place.
    twice = once if once.n_steps == MAX_STEPS else diverge(min(2 * once.n_steps, MAX_STEPS))
    for method, fit in (("cd", once), ("cd_doubled", twice)):
        result |= errors(method, fit.theta, truth)
        result |= {
            f"{method}.converged": fit.converged,
            f"{method}.n_steps": fit.n_steps,
            f"{method}.acceptance": fit.acceptance,
        }
    return result


def errors(method: str, theta: NDArray[np.float64], truth: NDArray[np.float64]) -> dict[str, float]:
    """Squared errors of B, up to order and signs of its rows, and of c."""
    return {
        f"{method}.error_B": match_truth(theta, truth).squared_error,
        f"{method}.error_c": float(theta[-1] - truth[-1]) ** 2,
    }


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run, for ordering and remaining time."""
    n_data = int(params["n_data"])
    return (0.7 + 3.2e-4 * n_data) if n_data <= MANY_UP_TO else 0.4 + 2.4e-4 * n_data
