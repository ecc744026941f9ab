r"""One mixing matrix, one data set, three estimators with k noise points a datum.

*Conventions.* x = A s, four independent Laplace sources of unit variance. Methods: "nce" and "ranking" with the same k
n_data points of N(0, A A^T), the data's own covariance; "conditional" with kappa = k steps y = x + xi, xi ~ N(0, A
A^T). The noise is the truth's and not fitted to the data, so that the laws hold as they are derived. Every fit climbs
from the truth: the laws speak of the maximum near it. A fit that is not certified stays in, with the error it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref import (
    GaussianNoise,
    GaussianSteps,
    LaplaceICA,
    fit_conditional_nce,
    fit_nce,
    fit_ranking_nce,
    match_rows,
)

from ...mixing import random_mixing
from ..laws import N_SOURCES

EXPERIMENT_VERSION = 1
MODEL = LaplaceICA(n_sources=N_SOURCES)


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the scalars of one repetition at ``params["n_data"]`` and ``params["k"]``; names are method.quantity."""
    n_data, k = int(params["n_data"]), int(params["k"])
    mixing = random_mixing(N_SOURCES, rng)
    demixing = np.linalg.inv(mixing)
    truth = MODEL.normalize(MODEL.pack(demixing, 0.0))
    x = MODEL.sample(truth, n_data, rng)
    noise = GaussianNoise(np.zeros(N_SOURCES), mixing @ mixing.T)
    y = noise.sample(n_data * k, rng)
    steps = GaussianSteps(mixing @ mixing.T)
    fits = {
        "nce": fit_nce(MODEL, noise, x, y, start=truth, checks=False),
        "ranking": fit_ranking_nce(MODEL, noise, x, y.reshape(n_data, k, -1), start=truth),
        "conditional": fit_conditional_nce(MODEL, steps, x, steps.sample(x, k, rng), start=truth),
    }
    norm = float(np.sum(demixing**2))
    result = {}
    for method, fit in fits.items():
        error = match_rows(MODEL.unpack(fit.theta)[0], demixing).squared_error
        # n_data |B-hat - B*|^2 / |B*|^2, whose mean tends to the law's K whatever A.
        result[f"{method}.error"] = n_data * error / norm
        result[f"{method}.certified"] = float(fit.status == "certified")
    return result


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run, for ordering and remaining time."""
    return 0.02 + 1.4e-5 * int(params["n_data"]) * (1.0 + int(params["k"]))
