r"""J12's sweep over nu = n_noise/n_data: NCE with Gaussian noise of the data's mean and covariance.

*Conventions.* n_noise = nu n_data, rounded up (3 points for nu = 0.01, n_data = 250). L-BFGS, the paper's kind of
optimiser: five random starts for n_data <= 4000, one above, the best objective kept. It is also what answers at small
nu, where a handful of noise points can leave the objective without a maximum: the climb then ends somewhere, as the
authors' must have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref import GaussianNoise, NCEObjective
from nce_ref.optimize import maximize_lbfgs

from ...figure1.experiments.figure1 import FEW_STARTS, MANY_STARTS, MANY_UP_TO, MODEL
from ...figure1.theory import N_SOURCES
from ...mixing import random_mixing
from ...timing import timed
from .curves import errors

EXPERIMENT_VERSION = 3


@timed
def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the squared errors of one repetition at ``params["n_data"]`` and ``params["nu"]``."""
    n_data, nu = int(params["n_data"]), float(params["nu"])
    truth = MODEL.normalize(MODEL.pack(np.linalg.inv(random_mixing(N_SOURCES, rng)), 0.0))
    x = MODEL.sample(truth, n_data, rng)
    starts = [
        MODEL.random_start(rng) for _ in range(MANY_STARTS if n_data <= MANY_UP_TO else FEW_STARTS)
    ]
    noise = GaussianNoise.from_data(x)
    objective = NCEObjective(MODEL, noise, x, noise.sample(n_noise(nu, n_data), rng))
    best = max((maximize_lbfgs(objective, start) for start in starts), key=lambda end: end.value)
    named = errors("nce", best.theta, truth)
    return {name.removeprefix("nce."): value for name, value in named.items()} | {
        "norm_B": float(np.sum(truth[:-1] ** 2))
    }


def n_noise(nu: float, n_data: int) -> int:
    """Return nu n_data rounded up, free of the rounding of 0.01 and 0.1."""
    return math.ceil(nu * n_data - 1e-6)


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run, for ordering and remaining time."""
    n_data, nu = int(params["n_data"]), float(params["nu"])
    starts = MANY_STARTS if n_data <= MANY_UP_TO else FEW_STARTS
    return 0.02 + starts * (0.01 + 2.2e-6 * n_data * (1.0 + nu))
