"""Two faults that the paper's own model shows, with certified fits: sources of variance 2, and re-used noise. nu = 1,
matched noise.

*Columns*, for ``matched`` (right) and ``variance2`` (other data): ``*.relative_error`` |B_hat A - I|^2, ``*.scale``
mean diagonal of B_hat A, ``*.c_shift`` c_hat - c*, all against the A that mixed unit-variance sources.
``matched.optimal``, ``matched.loss``: of ln p_d and of the fit, on fresh points. ``flattery``: n_data times the amount
by which the training noise used again lowers the fit's loss (``references``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref import GaussianNoise, fit_nce, match_rows

from ...mixing import random_mixing
from ..problem import MODEL, N_DATA, N_SOURCES, Float, Sample, held_out, truth_of

EXPERIMENT_VERSION = 3
N_TEST, N_STARTS = 50_000, 5


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the numbers of one repetition."""
    mixing = random_mixing(N_SOURCES, rng)
    truth, loud = truth_of(mixing), truth_of(mixing, 2.0)
    x, x_loud = MODEL.sample(truth, N_DATA, rng), MODEL.sample(loud, N_DATA, rng)
    n_test = int(params.get("n_test", N_TEST))
    result: dict[str, float] = {}
    for name, data in (("matched", x), ("variance2", x_loud)):
        noise = GaussianNoise.from_data(data)
        y = noise.sample(N_DATA, rng)
        theta = fit_nce(MODEL, noise, data, y, n_starts=N_STARTS, rng=rng).theta
        result |= {f"{name}.{key}": value for key, value in _errors(theta, truth, mixing).items()}
        if name == "matched":
            test = held_out(truth, noise, n_test, rng)
            result |= {
                "matched.optimal": test.loss(MODEL, truth),
                "matched.loss": test.loss(MODEL, theta),
            }
            reused, fresh = (
                Sample(noise, test.x[:N_DATA], y),
                Sample(noise, test.x[:N_DATA], test.y),
            )
            gains = [
                sample.loss(MODEL, theta) - sample.loss(MODEL, truth) for sample in (fresh, reused)
            ]
            result["flattery"] = N_DATA * (gains[0] - gains[1])
    return result


def _errors(theta: Float, truth: Float, mixing: Float) -> dict[str, float]:
    product = match_rows(MODEL.unpack(theta)[0], MODEL.unpack(truth)[0]).B @ mixing
    return {
        "relative_error": float(np.sum((product - np.eye(N_SOURCES)) ** 2)),
        "scale": float(np.trace(product)) / N_SOURCES,
        "c_shift": float(theta[-1] - truth[-1]),
    }


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run."""
    return 0.3
