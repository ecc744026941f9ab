"""The fault of N(0, I) noise, with certified fits of the ICA model to the same data under matched noise and under N(0,
I). nu = 1.

*Columns*, for ``matched`` and ``standard``: ``*.relative_error`` |B_hat A - I|^2, ``*.limit`` the theory's n_data times
its mean, ``*.optimal`` the optimal loss, on fresh points. ``params["n_data"]``: the limit is that of large samples, so
two sizes are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref import GaussianNoise, fit_nce, match_rows

from ...mixing import random_mixing
from ..problem import MODEL, N_SOURCES, held_out, standard_noise, truth_of
from ..references import matched_error_limit, relative_error_limit

EXPERIMENT_VERSION = 3
N_TEST, MANY_STARTS, FEW_STARTS, MANY_UP_TO = 20_000, 5, 2, 1000


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the numbers of one repetition."""
    n_data = int(params["n_data"])
    mixing = random_mixing(N_SOURCES, rng)
    truth = truth_of(mixing)
    x = MODEL.sample(truth, n_data, rng)
    result: dict[str, float] = {}
    for name, noise in (("matched", GaussianNoise.from_data(x)), ("standard", standard_noise())):
        y = noise.sample(n_data, rng)
        theta = fit_nce(
            MODEL,
            noise,
            x,
            y,
            n_starts=MANY_STARTS if n_data <= MANY_UP_TO else FEW_STARTS,
            rng=rng,
        ).theta
        product = match_rows(MODEL.unpack(theta)[0], MODEL.unpack(truth)[0]).B @ mixing
        result |= {
            f"{name}.relative_error": float(np.sum((product - np.eye(N_SOURCES)) ** 2)),
            f"{name}.limit": matched_error_limit()
            if name == "matched"
            else relative_error_limit(truth, noise, mixing),
            f"{name}.optimal": held_out(truth, noise, int(params.get("n_test", N_TEST)), rng).loss(
                MODEL, truth
            ),
        }
    return result


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run."""
    return 0.6 if int(params["n_data"]) <= MANY_UP_TO else 1.6e-4 * int(params["n_data"])
