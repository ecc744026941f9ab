"""The package's own answer to every objective of the oracle, so that it can be judged, and the judging timed.

*Conventions.* ``ANSWERS`` maps an objective's name to a callable with that objective's arguments by name
(``oracle.OBJECTIVES``). An estimate starts from ``N_STARTS`` random points of a fixed seed: small samples have several
maxima, and only the best passes. ``KNOWN`` names the vectors that the package does not reach in float64, and why, by
objective: at present none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

import nce_ref as nr
from nce_ref import hmc, oracle, special
from nce_ref.oracle.vectors import suite

N_STARTS = 20
KNOWN: dict[str, dict[str, str]] = {}
Answer = dict[str, Any]


def check_all(dtype: str = "float64") -> dict[str, oracle.Report]:
    """One report an objective that has vectors, over all of them."""
    return {name: check_one(name, dtype) for name in suite()["objectives"]}


def check_one(name: str, dtype: str = "float64") -> oracle.Report:
    """The report on one objective; a vector of ``KNOWN`` that passes after all makes it fail."""
    return oracle.check(
        ANSWERS[name],
        name,
        dtype,
        expected_failures=KNOWN.get(name) if dtype == "float64" else None,
    )


def log_sigmoid(t: Any) -> Answer:
    return {"value": special.log_sigmoid(t), "grad": special.sigmoid(-t)}


def sigmoid(t: Any) -> Answer:
    return {"value": special.sigmoid(t), "grad": special.sigmoid(t) * special.sigmoid(-t)}


def nce_from_log_ratios(log_ratio_data: Any, log_ratio_noise: Any, nu: float) -> Answer:
    value, (of_data, of_noise) = nr.nce_from_log_ratios(log_ratio_data, log_ratio_noise, nu)
    return {"value": value, "grad_log_ratio_data": of_data, "grad_log_ratio_noise": of_noise}


def binary_nce(
    log_model_data: Any, log_model_noise: Any, log_noise_data: Any, log_noise_noise: Any, nu: float
) -> Answer:
    value, (of_data, of_noise) = nr.nce_from_log_ratios(
        log_model_data - log_noise_data, log_model_noise - log_noise_noise, nu
    )
    return {"value": value, "grad_log_model_data": of_data, "grad_log_model_noise": of_noise}


def gaussian_log_density(u: Any, mean: Any, cov: Any) -> Answer:
    return {"value": nr.GaussianNoise(mean, cov).log_density(u)}


def laplace_ica_log_density(B: Any, c: float, u: Any) -> Answer:
    model = nr.LaplaceICA(len(B))
    return {"value": model.log_density(model.pack(B, c), u)}


def laplace_ica_nce(B: Any, c: float, x: Any, y: Any, noise_mean: Any, noise_cov: Any) -> Answer:
    model = nr.LaplaceICA(len(B))
    value, gradient = nr.nce_objective(
        model, model.pack(B, c), nr.GaussianNoise(noise_mean, noise_cov), x, y
    )
    return {"value": value, "grad_B": gradient[:-1].reshape(B.shape), "grad_c": gradient[-1]}


def laplace_ica_mle(B: Any, x: Any) -> Answer:
    model = nr.LaplaceICA(len(B))
    value, gradient = nr.log_likelihood(model, model.pack(B, 0.0), x)
    return {"value": value, "grad_B": gradient[:-1].reshape(B.shape)}


def gaussian_nce(
    precision: Any, c: float, x: Any, y: Any, noise_mean: Any, noise_cov: Any
) -> Answer:
    model = nr.Gaussian(len(precision))
    value, gradient = nr.nce_objective(
        model, model.pack(precision, c), nr.GaussianNoise(noise_mean, noise_cov), x, y
    )
    # An entry of theta below the diagonal stands for two of the matrix; the vectors take all as independent.
    halves = np.zeros(precision.shape)
    halves[np.tril_indices(len(precision))] = 0.5 * gradient[:-1]
    return {"value": value, "grad_precision": halves + halves.T, "grad_c": gradient[-1]}


def _estimate(model: Any, matrix: str, x: Any, y: Any, noise_mean: Any, noise_cov: Any) -> Answer:
    noise = nr.GaussianNoise(noise_mean, noise_cov)
    best, c = model.unpack(
        nr.fit_nce(model, noise, x, y, n_starts=N_STARTS, rng=np.random.default_rng(0)).theta
    )
    return {matrix: best, "c": c}


def laplace_ica_nce_estimate(x: Any, y: Any, noise_mean: Any, noise_cov: Any) -> Answer:
    return _estimate(nr.LaplaceICA(x.shape[1]), "B", x, y, noise_mean, noise_cov)


def gaussian_nce_estimate(x: Any, y: Any, noise_mean: Any, noise_cov: Any) -> Answer:
    return _estimate(nr.Gaussian(x.shape[1]), "precision", x, y, noise_mean, noise_cov)


def asymptotic_covariance(B: Any, noise_mean: Any, noise_cov: Any, nu: float) -> Answer:
    model = nr.LaplaceICA(len(B))
    theta = model.normalize(model.pack(B, 0.0))
    noise, rng = nr.GaussianNoise(noise_mean, noise_cov), np.random.default_rng(0)
    return {"covariance": nr.asymptotic_covariance(model, theta, noise, nu, rng=rng).covariance}


class _Table:
    """A model whose ln p_m at point k is theta[k], and whose noise has the log-densities given: what is left of a model
    without one."""

    n_dim = 1

    def __init__(self, log_noise: Any, n_data: int) -> None:
        self.n_params, self._log_noise, self._n_data = (
            n_data + len(log_noise) + 1,
            log_noise,
            n_data,
        )

    def evaluate(self, theta: Any, u: Any) -> Any:
        rows = u[:, 0].astype(int)

        def pullback(weights: Any) -> Any:
            return np.bincount(rows, weights, self.n_params)

        return SimpleNamespace(log_density=theta[rows], pullback=pullback)

    def log_density(self, u: Any) -> Any:
        return self._log_noise[u[:, 0].astype(int) - self._n_data]


def importance_sampling_from_log_densities(
    log_model_data: Any, log_model_noise: Any, log_noise_noise: Any
) -> Answer:
    n = len(log_model_data)
    table, points = _Table(log_noise_noise, n), np.arange(n + len(log_model_noise))[:, None]
    value, gradient = nr.ImportanceSamplingObjective(table, table, points[:n], points[n:])(
        np.concatenate([log_model_data, log_model_noise])
    )
    return {
        "value": value,
        "grad_log_model_data": gradient[:n],
        "grad_log_model_noise": gradient[n:],
    }


def laplace_ica_importance_sampling(
    B: Any, x: Any, y: Any, noise_mean: Any, noise_cov: Any
) -> Answer:
    objective = nr.ImportanceSamplingObjective(
        nr.LaplaceICA(len(B)), nr.GaussianNoise(noise_mean, noise_cov), x, y
    )
    value, gradient = objective(B.ravel())
    return {"value": value, "grad_B": gradient.reshape(B.shape)}


def laplace_ica_score_matching(B: Any, x: Any, slope: float) -> Answer:
    value, gradient = nr.ScoreMatchingObjective(nr.LaplaceICA(len(B)), x, slope)(B.ravel())
    return {"value": value, "grad_B": gradient.reshape(B.shape)}


def _leapfrog(
    model: Any, theta: Any, u: Any, momentum: Any, step_size: float, n_steps: float
) -> Answer:
    after, p = hmc.leapfrog(
        lambda points: model.score(theta, points), u, momentum, step_size, int(n_steps)
    )
    gain = hmc.log_acceptance(
        model.log_density(theta, u), np.float64(momentum), model.log_density(theta, after), p
    )
    return {"u_after": after, "momentum_after": p, "energy_change": -gain}


def leapfrog_gaussian(
    precision: Any, u: Any, momentum: Any, step_size: float, n_steps: float
) -> Answer:
    model = nr.Gaussian(len(precision))
    return _leapfrog(model, model.pack(precision, 0.0), u, momentum, step_size, n_steps)


def leapfrog_laplace_ica(B: Any, u: Any, momentum: Any, step_size: float, n_steps: float) -> Answer:
    model = nr.LaplaceICA(len(B))
    return _leapfrog(model, model.pack(B, 0.0), u, momentum, step_size, n_steps)


def metropolis_decision(energy_before: Any, energy_after: Any, uniforms: Any) -> Answer:
    log_ratio = energy_before - energy_after
    return {
        "probability": np.exp(np.minimum(log_ratio, 0.0)),
        "accepted": hmc.metropolis(log_ratio, uniforms),
    }


def _network(layer_sizes: Any, theta: Any, u: Any, *, activation: str) -> Answer:
    model = nr.MLP([int(size) for size in layer_sizes], activation=activation)
    values, of_points = model.log_density(theta, u), model.score(theta, u)
    return {
        "value": values,
        "grad_theta": model.pullback(theta, u, np.ones(len(u))),
        "grad_u": of_points,
    }


ANSWERS: dict[str, Callable[..., Answer]] = {
    function.__name__: function
    for function in (
        log_sigmoid,
        sigmoid,
        nce_from_log_ratios,
        binary_nce,
        gaussian_log_density,
        laplace_ica_log_density,
        laplace_ica_nce,
        laplace_ica_mle,
        gaussian_nce,
        laplace_ica_nce_estimate,
        gaussian_nce_estimate,
        asymptotic_covariance,
        importance_sampling_from_log_densities,
        laplace_ica_importance_sampling,
        laplace_ica_score_matching,
        leapfrog_gaussian,
        leapfrog_laplace_ica,
        metropolis_decision,
    )
} | {
    f"mlp_{name}_log_density": partial(_network, activation=name)
    for name in ("tanh", "softplus", "relu")
}
