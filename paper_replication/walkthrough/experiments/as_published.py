"""The walkthrough as it stands: A drawn anew for the test data, sources of variance 2, N(0, I) noise, no activation, 40
steps.

*Columns.* ``loss.*``: "first", "last" in training; "test" the walkthrough's own test loss (another A, the training
noise again); "own" on fresh data of the training's A with fresh noise; there "optimal" is that of ln p_d, "constant" of
the best f = c. ``log_ratio.*``: the largest on noise and on data. ``correlation``, ``rmse``: f against ln p_d on fresh
data of the own A.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...mixing import random_mixing
from ..problem import (
    MODEL,
    N_DATA,
    N_SOURCES,
    Sample,
    against_truth,
    held_out,
    standard_noise,
    truth_of,
)
from ..references import constant_loss
from ..training import published_network, train_as_published

EXPERIMENT_VERSION = 2
VARIANCE = 2.0  # NumPy's Laplace of scale 1
N_TEST = 10_000


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the numbers of one repetition."""
    truth, other = (truth_of(random_mixing(N_SOURCES, rng), VARIANCE) for _ in range(2))
    noise, model = standard_noise(), published_network()
    training = Sample(noise, MODEL.sample(truth, N_DATA, rng), noise.sample(N_DATA, rng))
    fit = train_as_published(
        model, noise, training.x, training.y, rng, start=model.random_start(rng)
    )
    as_published = Sample(noise, MODEL.sample(other, N_DATA, rng), training.y)
    test = held_out(truth, noise, int(params.get("n_test", N_TEST)), rng)
    f, log_truth = model.log_density(fit.theta, test.x), MODEL.log_density(truth, test.x)
    correlation, rmse = against_truth(f, log_truth)
    return {
        "loss.first": -float(fit.history[0]),
        "loss.last": -fit.objective,
        "loss.test": as_published.loss(model, fit.theta),
        "loss.own": test.loss(model, fit.theta),
        "loss.optimal": test.loss(MODEL, truth),
        "loss.constant": constant_loss(training, test),
        "log_ratio.noise": float(
            np.max(model.log_density(fit.theta, training.y) - noise.log_density(training.y))
        ),
        "log_ratio.data": float(
            np.max(model.log_density(fit.theta, training.x) - noise.log_density(training.x))
        ),
        "correlation": correlation,
        "rmse": rmse,
    }


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run."""
    return 0.2
