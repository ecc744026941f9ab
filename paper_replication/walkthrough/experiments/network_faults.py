"""Three faults that a network shows, each alone in an experiment otherwise right: nu = 1, matched noise held fixed,
tanh times base.

*Columns.* ``loss.own``: fresh data of the training's A, fresh noise; ``loss.own.optimal`` that of ln p_d on the same
points. ``loss.other``: fresh data of another A (its own optimum beside it), fresh noise. ``loss.reused``: the data of
"own" with the training noise. ``flattery``: by how much re-using lowers the loss; ln p_d's own loss on both samples is
subtracted, which has the same noise in it and no fit. ``affine.*``: the network without activation and without base,
trained alike. ``growth.*``: ln M(2R) - ln M(R) at R = 6 standard deviations, see ``mass.py``. ``rmse``,
``correlation``: against ln p_d.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref import MLP, GaussianNoise

from ...mixing import random_mixing
from ..mass import log_mass_growth
from ..problem import MODEL, N_DATA, N_SOURCES, Sample, against_truth, held_out, truth_of
from ..training import network, published_network, train

EXPERIMENT_VERSION = 2
N_TEST, RADIUS = 10_000, 6.0


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the numbers of one repetition; ``params`` may set "epochs" and "n_test"."""
    truth, other = (truth_of(random_mixing(N_SOURCES, rng)) for _ in range(2))
    x = MODEL.sample(truth, N_DATA, rng)
    noise = GaussianNoise.from_data(x)
    y = noise.sample(N_DATA, rng)
    n_test = int(params.get("n_test", N_TEST))
    own = held_out(truth, noise, n_test, rng)
    elsewhere = Sample(noise, MODEL.sample(other, n_test, rng), own.y)
    reused = Sample(
        noise, own.x[: (n_test // N_DATA) * N_DATA], np.tile(y, (n_test // N_DATA, 1))
    )  # its loss is a mean: tiling is free
    again = Sample(noise, reused.x, own.y[: len(reused.x)])
    result: dict[str, float] = {}
    for name, model in (("", network(noise)), ("affine.", published_network())):
        theta = train(model, noise, x, rng, tuple(params.get("epochs", (40, 20))), y=y)[0].theta
        correlation, rmse = against_truth(
            model.log_density(theta, own.x), MODEL.log_density(truth, own.x)
        )
        result |= {
            f"{name}loss.own": own.loss(model, theta),
            f"{name}correlation": correlation,
            f"{name}rmse": rmse,
            f"{name}growth": _growth(model, theta, noise, rng),
        }
        if not name:
            flattery = [
                sample.loss(model, theta) - sample.loss(MODEL, truth) for sample in (again, reused)
            ]
            result |= {
                "loss.other": elsewhere.loss(model, theta),
                "loss.reused": reused.loss(model, theta),
                "flattery": flattery[0] - flattery[1],
            }
    return result | {
        "loss.own.optimal": own.loss(MODEL, truth),
        "loss.other.optimal": elsewhere.loss(MODEL, other),
    }


def _growth(model: MLP, theta: Any, noise: GaussianNoise, rng: np.random.Generator) -> float:
    return log_mass_growth(lambda points: model.log_density(theta, points), noise, RADIUS, rng)


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run."""
    return 0.65
