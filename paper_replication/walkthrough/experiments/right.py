"""The experiment done right: one A, matched noise redrawn each epoch, nu = 10, an activation, a base density, a fresh
test sample.

*Columns*, for ``tanh``, ``softplus`` (networks), ``ica`` (the paper's model by NCE, certified) and ``base`` (the
Gaussian alone): ``*.loss``, ``*.correlation`` and ``*.rmse`` of ln p_m against ln p_d on held-out data; networks also
``*.log_integral`` and ``*.integral_error`` (importance sampling, fresh noise), ``*.training_loss``. ``optimal``: the
loss of ln p_d on the same points.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref import GaussianNoise, fit_nce, integral_by_importance

from ...mixing import random_mixing
from ..problem import MODEL, N_DATA, N_SOURCES, Float, against_truth, held_out, truth_of
from ..training import network, train

EXPERIMENT_VERSION = 3
NU, N_TEST, N_INTEGRAL = 10, 2000, 20_000


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the numbers of one repetition; ``params`` may set "epochs" and "n_test"."""
    truth = truth_of(random_mixing(N_SOURCES, rng))
    x = MODEL.sample(truth, N_DATA, rng)
    noise = GaussianNoise.from_data(x)
    test = held_out(truth, noise, int(params.get("n_test", N_TEST)), rng, NU)
    log_truth = MODEL.log_density(truth, test.x)
    result = {"optimal": test.loss(MODEL, truth)}

    def judge(name: str, log_density: Any) -> None:
        f: Float = log_density(test.x)
        correlation, rmse = against_truth(f, log_truth)
        result.update(
            {
                f"{name}.loss": test.loss_of(f, log_density(test.y)),
                f"{name}.correlation": correlation,
                f"{name}.rmse": rmse,
            }
        )

    judge("base", noise.log_density)
    fit = fit_nce(MODEL, noise, x, noise.sample(NU * N_DATA, rng), n_starts=2, rng=rng)
    judge("ica", lambda points: MODEL.log_density(fit.theta, points))
    for activation in ("tanh", "softplus"):
        model = network(noise, activation)
        epochs = tuple(params.get("epochs", (40, 20)))
        trained, _, _ = train(model, noise, x, rng, epochs, n_noise=NU * N_DATA)
        judge(activation, lambda points, m=model, theta=trained.theta: m.log_density(theta, points))
        integral = integral_by_importance(
            model, trained.theta, noise, noise.sample(N_INTEGRAL, rng)
        )
        result |= {
            f"{activation}.training_loss": -trained.objective,
            f"{activation}.log_integral": integral.log_integral,
            f"{activation}.integral_error": integral.standard_error,
        }
    return result


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run."""
    return 2.6
