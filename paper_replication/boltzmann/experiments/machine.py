r"""One random Boltzmann machine, its data as counts of states, and its fits by NCE and by maximum likelihood.

*Conventions.* alpha is theta without c; errors are squared and summed over alpha's entries. Samples are counts of the 2^n states, drawn
from their exact laws: n_data and nu n_data points cost no more than 2^n. The noise is independent spins with the data's means.
``predicted.*`` is the trace of the theory's covariance over n_data, for the true theta and the noise as used.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

import nce_ref as nr

EXPERIMENT_VERSION = 1
N_SPINS = 8
WEIGHTS, BIASES = 0.3, 0.5  # standard deviations of the true machine's parameters
MODEL = nr.BoltzmannMachine(N_SPINS)
STATES = np.array(list(itertools.product(MODEL.values, repeat=N_SPINS)))
_NORMAL = 1.959963984540054


def draw_truth(rng: np.random.Generator) -> np.ndarray:
    """Return a normalised theta."""
    weights = np.triu(WEIGHTS * rng.standard_normal((N_SPINS, N_SPINS)), 1)
    biases = BIASES * rng.standard_normal(N_SPINS)
    return MODEL.normalize(MODEL.pack(biases, weights + weights.T, 0.0))


def counts_of(log_probabilities: np.ndarray, n_points: int, rng: np.random.Generator) -> np.ndarray:
    """Return how often each state comes in ``n_points`` draws."""
    probabilities = np.exp(log_probabilities)
    return rng.multinomial(n_points, probabilities / probabilities.sum()).astype(float)


def fitted_noise(counts: np.ndarray) -> nr.BernoulliNoise:
    """Return independent spins with the data's means, as ``BernoulliNoise.from_data`` has it."""
    upper = counts @ (STATES == MODEL.values[1])
    return nr.BernoulliNoise((upper + 0.5) / (counts.sum() + 1.0), MODEL.values)


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return errors, predictions, coverage and certificates of one machine at ``n_data`` and ``nu``."""
    n_data, nu = int(params["n_data"]), float(params["nu"])
    truth = draw_truth(rng)
    counts_x = counts_of(MODEL.log_density(truth, STATES), n_data, rng)
    noise = fitted_noise(counts_x)
    counts_y = counts_of(noise.log_density(STATES), round(nu * n_data), rng)
    seen, drawn = counts_x > 0, counts_y > 0
    x, y = STATES[seen], STATES[drawn]
    samples = {"counts_x": counts_x[seen], "counts_y": counts_y[drawn]}
    start = MODEL.start_from(noise)
    fits = {
        "nce": nr.fit_nce(MODEL, noise, x, y, start=start, **samples),
        "mle": nr.fit_mle(MODEL, x, start=start, counts_x=samples["counts_x"]),
    }
    theory = {
        "nce": nr.asymptotic_covariance(MODEL, truth, noise, nu).covariance,
        "mle": nr.cramer_rao_bound(MODEL, truth).covariance,
    }
    result = {}
    for name, fit in fits.items():
        off = fit.theta - truth
        result |= {
            f"{name}.certified": float(fit.converged),
            f"{name}.error": float(off[:-1] @ off[:-1]),
            f"{name}.predicted": float(np.trace(theory[name][:-1, :-1])) / n_data,
            f"{name}.covered": _covered(fit, off[:-1], slice(0, -1)),
        }
    # c against minus the logarithm of the constant that the estimated machine has: zero for every fit in the limit, with this variance.
    theta, sigma = fits["nce"].theta, theory["nce"]
    along = MODEL.log_normalizer_gradient(truth) + np.eye(MODEL.n_params)[-1]
    result |= {
        "nce.error_c": float((theta[-1] - truth[-1]) ** 2),
        "nce.predicted_c": float(sigma[-1, -1]) / n_data,
        "nce.covered_c": _covered(fits["nce"], theta[-1:] - truth[-1:], slice(-1, None)),
        "nce.gap": float((theta[-1] + MODEL.log_normalizer(theta)) ** 2),
        "nce.predicted_gap": float(along @ sigma @ along) / n_data,
    }
    return result


def _covered(fit: Any, off: np.ndarray, entries: slice) -> float:
    """The share of entries whose 95 % interval holds the truth; 0 where there is no interval, since nothing is covered then."""
    if not fit.converged:
        return 0.0
    errors = nr.estimate_covariance(fit).standard_errors[entries]
    return float((np.abs(off) <= _NORMAL * errors).mean())


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run: the 256 states, whatever the sample size."""
    return 0.03
