r"""Score matching's bias: data of an orthogonal mixing matrix, T so large that the factor shows.

*Conventions.* A is uniform on the orthogonal group, B* = A^T. "scale" is the mean diagonal entry of B-hat A after
matching: 1 without a bias, 1.064 for the tanh slope 10 in the limit of large T. One random start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref import fit_score_matching

from ...figure1.experiments.figure1 import MODEL, match_truth
from ...figure1.theory import N_SOURCES
from ...timing import timed

EXPERIMENT_VERSION = 2


@timed
def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the scale of one repetition at ``params["n_data"]``."""
    factor, triangle = np.linalg.qr(rng.standard_normal((N_SOURCES, N_SOURCES)))
    mixing = factor * np.sign(np.diag(triangle))
    truth = MODEL.normalize(MODEL.pack(mixing.T, 0.0))
    x = MODEL.sample(truth, int(params["n_data"]), rng)
    fit = fit_score_matching(MODEL, x, start=MODEL.random_start(rng))
    match = match_truth(fit.theta, truth)
    scale = float(np.mean(np.diag(match.B @ mixing)))
    return {
        "scale": scale,
        "error_B": match.squared_error,
        "norm_B": float(N_SOURCES),
        "converged": fit.converged,
    }


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run, for ordering and remaining time."""
    return 2e-5 * int(params["n_data"])
