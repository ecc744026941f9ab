r"""What a loss should be compared with: knowing nothing, one number, everything. And what re-used noise flatters.

    chance    L0 = ln(1 + nu) + nu ln(1 + 1/nu)     h = 1/(1 + nu) everywhere, that is ln p_m = ln p_n; 2 ln 2 at nu = 1
    constant  min over c of the loss of f = c        a network without a use for its input
    optimum   L* = -J*                               f = ln p_d; no model has a lower expected loss (P10, Theorem 1)

With noise that has the data's covariance L* is one number for every mixing A: ln p_d - ln p_n depends on s = A^-1 x
alone.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from nce_ref import GaussianNoise, asymptotic_covariance
from nce_ref.special import log_sigmoid, sigmoid

from .problem import MODEL, N_SOURCES, Sample, truth_of

Float = NDArray[np.float64]
EDGE = 16.0  # |s| beyond which both densities hold less than 1e-9


def chance_loss(nu: float) -> float:
    """Return the loss of ln p_m = ln p_n: what a model that tells nothing apart has."""
    return float(np.log1p(nu) + nu * np.log1p(1.0 / nu))


def constant_loss(training: Sample, test: Sample) -> float:
    """Return the test loss of the best constant f = c, c from the training sample."""

    def loss(c: float, sample: Sample) -> float:
        return sample.loss_of(np.full(len(sample.x), c), np.full(len(sample.y), c))

    middle = float(np.median(training.noise.log_density(np.concatenate([training.x, training.y]))))
    best = minimize_scalar(
        lambda c: loss(c, training), bounds=(middle - 60.0, middle + 60.0), method="bounded"
    ).x
    return loss(float(best), test)


@cache
def optimal_loss(nu: float, n_sources: int = N_SOURCES, n_nodes: int = 40) -> float:
    """Return L* for unit-variance Laplace sources against Gaussian noise of the same covariance, by Gauss-Legendre
    quadrature.

    The log-ratio is a sum over sources, even in each: over s_i > 0 nothing has a kink, and only sorted tuples of nodes
    are needed, each with its number of orderings. 40 nodes give six digits (60 the same).
    """
    node, weight = np.polynomial.legendre.leggauss(n_nodes)
    s, weight = 0.5 * EDGE * (node + 1.0), 0.5 * EDGE * weight * 2.0
    log_data = -np.sqrt(2.0) * s - 0.5 * np.log(2.0)
    log_noise = -0.5 * s * s - 0.5 * np.log(2.0 * np.pi)
    tuples = np.array(list(combinations_with_replacement(range(n_nodes), n_sources)))
    orderings = np.full(len(tuples), factorial(n_sources), dtype=float)
    run = np.ones(len(tuples))
    for k in range(1, n_sources):  # divide by the factorial of each run of equal indices
        run = np.where(tuples[:, k] == tuples[:, k - 1], run + 1.0, 1.0)
        orderings /= run
    weights = orderings * weight[tuples].prod(axis=1)
    data, noise = log_data[tuples].sum(axis=1), log_noise[tuples].sum(axis=1)
    t = data - noise - np.log(nu)
    return float(
        -weights @ (np.exp(data) * log_sigmoid(t))
        - nu * (weights @ (np.exp(noise) * log_sigmoid(-t)))
    )


@cache
def reused_noise_flattery(nu: float, n_points: int = 200_000) -> float:
    """Return the limit of n_data times the amount by which the training noise, used again, lowers the ICA model's test
    loss.

    theta_hat - theta* = I^-1 (gradient of J at theta*), of which the noise sample's part is correlated with the loss on
    that sample: the expected difference is tr(I^-1 V)/n_data, V = nu Cov_n(h g), I = E_d[(1 - h) g g^T]. A derivation
    as for Akaike's criterion. Invariant under the mixing, so A = I; V from ``n_points`` noise points, with a fixed
    generator.
    """
    noise = GaussianNoise(np.zeros(N_SOURCES), np.eye(N_SOURCES))
    theta = MODEL.normalize(MODEL.pack(np.eye(N_SOURCES), 0.0))
    y = noise.sample(n_points, np.random.default_rng(20100513))
    h = sigmoid(MODEL.log_density(theta, y) - noise.log_density(y) - np.log(nu))
    gradients = h[:, None] * MODEL.jacobian(theta, y)
    information = asymptotic_covariance(MODEL, theta, noise, nu).information
    return float(nu * np.trace(np.linalg.solve(information, np.cov(gradients, rowvar=False))))


def relative_error_limit(
    theta: Float, noise: GaussianNoise, mixing: Float, nu: float = 1.0
) -> float:
    """Return the limit of n_data E|B_hat A - I|^2 for this noise: tr of Sigma's block for B after the mixing."""
    sigma = asymptotic_covariance(
        MODEL, theta, noise, nu, rng=np.random.default_rng(1), log2_points=12
    ).covariance[:-1, :-1]
    move = np.kron(np.eye(N_SOURCES), mixing.T)  # rows of E B* times A are rows of E
    return float(np.trace(move @ sigma @ move.T))


@cache
def matched_error_limit(nu: float = 1.0) -> float:
    """The same for noise with the data's covariance: one number for every mixing, so A = I and the noise N(0, I)."""
    identity = np.eye(N_SOURCES)
    return relative_error_limit(
        truth_of(identity), GaussianNoise(np.zeros(N_SOURCES), identity), identity, nu
    )
