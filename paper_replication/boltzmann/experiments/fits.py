r"""One random Boltzmann machine, its data as counts of states, and its fits by NCE and by maximum likelihood.

*Conventions.* alpha is theta without c, e = alpha-hat - alpha*. Samples are counts of the 2^n states, drawn from their
exact laws: n_data and nu n_data points cost no more than 2^n. The noise is independent spins with the data's means.
Errors are measured in units of a law:

    <method>.law       n_data e^T S^-1 e / 36,  S the method's own limiting covariance of alpha: chi-square/36, mean 1
    nce.fisher         n_data e^T F e / 36,     F Fisher's information
    nce.fisher_log10   the mean of its log10 in the limit law
    <method>.covered   share of alpha's entries whose 95 % interval by ``estimate_covariance`` holds the truth
    nce.z_c, nce.z_gap (c - c*) and (c + ln Z(alpha-hat)) over their limiting standard deviations

The machines: biases N(0, 0.5^2), couplings N(0, 0.3^2), redrawn until every pair of spins takes each of its four
values with a probability of at least 0.02, so that none is nearly deterministic: there alpha is not to be had from any
sample of this size, and no limit law speaks.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

import nce_ref as nr

EXPERIMENT_VERSION = 1
N_SPINS = 8
WEIGHTS, BIASES = 0.3, 0.5  # standard deviations of the true machine's parameters
RAREST_PAIR = 0.02
MODEL = nr.BoltzmannMachine(N_SPINS)
STATES = np.array(list(itertools.product(MODEL.values, repeat=N_SPINS)))
N_ALPHA = MODEL.n_params - 1
_NORMAL = 1.959963984540054
_N_DRAWS = 4000

Float = NDArray[np.float64]


def draw_truth(rng: np.random.Generator) -> Float:
    """Return a normalised theta under the rule above; about half of the machines are taken."""
    while True:
        weights = np.triu(WEIGHTS * rng.standard_normal((N_SPINS, N_SPINS)), 1)
        biases = BIASES * rng.standard_normal(N_SPINS)
        theta = MODEL.normalize(MODEL.pack(biases, weights + weights.T, 0.0))
        if rarest_pair(np.exp(MODEL.log_density(theta, STATES))) >= RAREST_PAIR:
            return theta


def rarest_pair(probabilities: Float) -> float:
    """Return the smallest probability of a value of a pair of spins, from those of the states."""
    up = (STATES == MODEL.values[1]).astype(float)
    both = up.T @ (probabilities[:, None] * up)
    alone = np.diag(both)
    one = alone[:, None] - both  # the first up, the second down
    none = 1.0 - alone[:, None] - alone[None, :] + both
    pairs = np.triu_indices(N_SPINS, 1)
    return float(min(table[pairs].min() for table in (both, one, one.T, none)))


def counts_of(log_probabilities: Float, n_points: int, rng: np.random.Generator) -> Float:
    """Return how often each state comes in ``n_points`` draws."""
    probabilities = np.exp(log_probabilities)
    return rng.multinomial(n_points, probabilities / probabilities.sum()).astype(float)


def fitted_noise(counts: Float) -> nr.BernoulliNoise:
    """Return independent spins with the data's means, as ``BernoulliNoise.from_data`` has it."""
    upper = counts @ (STATES == MODEL.values[1])
    return nr.BernoulliNoise((upper + 0.5) / (counts.sum() + 1.0), MODEL.values)


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return errors in units of their laws, coverage and certificates of one machine at ``n_data`` and ``nu``."""
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
    sigma = nr.asymptotic_covariance(MODEL, truth, noise, nu).covariance
    bound = nr.cramer_rao_bound(MODEL, truth).covariance
    roots = {"nce": linalg.cholesky(sigma[:-1, :-1], lower=True)}
    roots["mle"] = linalg.cholesky(bound[:-1, :-1], lower=True)
    result = {}
    for name, fit in fits.items():
        off = (fit.theta - truth)[:-1]
        result |= {
            f"{name}.certified": float(fit.converged),
            f"{name}.law": n_data * _length(roots[name], off) / N_ALPHA,
            f"{name}.covered": _covered(fit, off, slice(0, -1)),
        }
    theta = fits["nce"].theta
    # c against minus the logarithm of the constant of the estimated machine: 0 for every fit in the limit, with the
    # variance of the delta method.
    along = MODEL.log_normalizer_gradient(truth) + np.eye(MODEL.n_params)[-1]
    ratios = linalg.svdvals(linalg.solve_triangular(roots["mle"], roots["nce"], lower=True)) ** 2
    off_c, gap = theta[-1] - truth[-1], theta[-1] + MODEL.log_normalizer(theta)
    return result | {
        "nce.fisher": n_data * _length(roots["mle"], (theta - truth)[:-1]) / N_ALPHA,
        "nce.fisher_log10": float(np.mean(np.log10(_squares() @ ratios / N_ALPHA))),
        "nce.z_c": float(off_c / np.sqrt(sigma[-1, -1] / n_data)),
        "nce.covered_c": _covered(fits["nce"], theta[-1:] - truth[-1:], slice(-1, None)),
        "nce.z_gap": float(gap / np.sqrt(along @ sigma @ along / n_data)),
    }


@cache
def _squares() -> Float:
    """Squares of normal numbers, the same for every machine: the mean of log10 is good to 0.002."""
    return np.random.default_rng(0).standard_normal((_N_DRAWS, N_ALPHA)) ** 2


def _length(root: Float, off: Float) -> float:
    """off^T (root root^T)^-1 off, without an inverse."""
    return float(np.sum(linalg.solve_triangular(root, off, lower=True) ** 2))


def _covered(fit: Any, off: Float, entries: slice) -> float:
    """The share of entries whose 95 % interval holds the truth; 0 where there is no interval: nothing is covered."""
    if not fit.converged:
        return 0.0
    errors = nr.estimate_covariance(fit).standard_errors[entries]
    return float((np.abs(off) <= _NORMAL * errors).mean())


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run: the 256 states, whatever the sample size; more where there may be no maximum."""
    return 0.016 if float(params["nu"]) * int(params["n_data"]) > 200 else 0.03
