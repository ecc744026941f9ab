"""estimators/weighted.py: NCE and importance sampling as instances, the equation solved, and the law of the estimates
by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

import nce_ref as nr
from nce_ref import asymptotics_weights
from nce_ref.weights import (
    IMPORTANCE_SAMPLING,
    INVERSE_IMPORTANCE_SAMPLING,
    INVERSE_POLYNOMIAL,
    POLYNOMIAL,
)
from tests.optimize.kinked_problems import ica_problem


def ica_sample(n_data, seed, ratio=1.5):
    objective, _, truth = ica_problem(2, n_data, 1, seed)
    noise = nr.GaussianNoise.from_data(objective.x)
    return (
        objective.model,
        noise,
        objective.x,
        noise.sample(round(ratio * n_data), np.random.default_rng(seed)),
        truth,
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_nce_and_importance_sampling_are_instances(seed):
    """Both end on their kinks to rounding: the least curvature there is above 1e-3, and stationarity below 1e-8."""
    model, noise, x, y, truth = ica_sample(400, seed)
    for weight, reference in (
        (nr.LogisticWeight(1.5), nr.fit_nce),
        (IMPORTANCE_SAMPLING, nr.fit_importance_sampling),
    ):
        fit, expected = (
            nr.fit_weighted(model, noise, x, y, weight, start=truth),
            reference(model, noise, x, y, start=truth),
        )
        assert fit.converged and expected.converged
        np.testing.assert_allclose(fit.theta, expected.theta, atol=1e-5)
    inverse = nr.fit_weighted(model, noise, x, y, INVERSE_IMPORTANCE_SAMPLING, start=truth).theta
    # c's equation: the harmonic mean.
    assert np.exp(noise.log_density(x) - model.log_density(inverse, x)).mean() == pytest.approx(
        1.0, abs=1e-8
    )


@pytest.mark.parametrize(
    "weight",
    [
        IMPORTANCE_SAMPLING,
        INVERSE_IMPORTANCE_SAMPLING,
        POLYNOMIAL,
        INVERSE_POLYNOMIAL,
        nr.PowerWeight(-0.5),
    ],
)
def test_the_equation_is_solved(weight):
    model, rng = nr.Gaussian(2), np.random.default_rng(3)
    noise = nr.GaussianNoise([0.1, 0.0], 1.2 * np.eye(2))
    x, y = rng.standard_normal((300, 2)), noise.sample(500, rng)
    fit = nr.fit_weighted(
        model, noise, x, y, weight, start=nr.fit_nce(model, noise, x, y, n_starts=1, rng=rng).theta
    )
    assert fit.converged and fit.problem.weight == weight
    q_x, q_y = (np.exp(model.log_density(fit.theta, u) - noise.log_density(u)) for u in (x, y))
    data = model.jacobian(fit.theta, x).T @ q_x**weight.exponent / len(x)
    side = model.jacobian(fit.theta, y).T @ q_y ** (1.0 + weight.exponent) / len(y)
    np.testing.assert_allclose(data, side, atol=2e-8)
    with pytest.raises(ValueError, match="fit: of WeightedObjective"):
        nr.estimate_covariance(fit)


N_RUNS = 200
SIMULATED = [IMPORTANCE_SAMPLING, POLYNOMIAL, nr.PowerWeight(-0.5), nr.LogisticWeight(3.0)]


@pytest.fixture(scope="module")
def distances():
    """Estimates minus truth of the Gaussian variance model under wider Gaussian noise, at n_data = 1000 and nu = 1/2,
    by weight."""
    model, noise = nr.Gaussian(1), nr.GaussianNoise([0.0], [[1.5]])
    truth = model.normalize([1.0, 0.0])
    errors = {weight: [] for weight in SIMULATED}
    for run in range(N_RUNS):
        rng = np.random.default_rng([run, 77])
        x, y = model.sample(truth, 1000, rng), noise.sample(500, rng)
        for weight in SIMULATED:
            fit = nr.fit_weighted(model, noise, x, y, weight, start=truth)
            assert fit.converged
            errors[weight].append(fit.theta - truth)
    return model, truth, noise, {weight: np.array(e) for weight, e in errors.items()}


def check_law(distances):
    """sum of squared Mahalanobis distances ~ chi-square with 2 N_RUNS degrees, tails of 1e-5 each: four weights, false
    alarm 1e-4.

    It ends at 0.71 and 1.34 of its mean. The remainder of the limit law is of relative order 1/n_data, a few per mille
    here. Power: a covariance wrong by a factor below 0.55 or above 1.8 in both variances is seen in all but 1e-4 of the
    runs (normal approximation).
    """
    model, truth, noise, errors = distances
    low, high = chi2.ppf([1e-5, 1.0 - 1e-5], 2 * N_RUNS)
    for weight, error in errors.items():
        sigma = nr.weighted_covariance(model, truth, noise, 0.5, weight).covariance
        distance = 1000.0 * np.einsum("ti,ij,tj->", error, np.linalg.inv(sigma), error)
        assert low < distance < high, weight


def test_the_law_of_the_estimates(distances):
    check_law(distances)


def test_planted_covariances_are_seen(distances, monkeypatch):
    """The noise sample's own share left out: nu = inf instead of 1/2 (variances down to 0.4 of the truth)."""
    original = asymptotics_weights._moments
    monkeypatch.setattr(
        asymptotics_weights, "_moments", lambda m, t, n, nu, *rest: original(m, t, n, np.inf, *rest)
    )
    with pytest.raises((AssertionError, ValueError)):
        check_law(distances)


def test_data_and_noise_far_apart_do_not_converge_and_say_so():
    rng = np.random.default_rng(0)
    model = nr.LaplaceICA(1)
    x, noise = model.sample(model.pack([[1.0]], 0.0), 50, rng), nr.GaussianNoise([9.0], [[0.5]])
    y = noise.sample(50, rng)
    for weight in SIMULATED:
        fit = nr.fit_weighted(model, noise, x, y, weight, start=[0.5, -30.0])
        assert np.isfinite(fit.theta).all() and not fit.converged and fit.message


def test_bad_input():
    model, noise, x, y, truth = ica_sample(50, 0)
    with pytest.raises(ValueError, match="start, n_starts: "):
        nr.fit_weighted(model, noise, x, y, POLYNOMIAL)
    with pytest.raises(ValueError, match="start: row 0 has the objective -inf"):
        nr.fit_weighted(model, noise, x, y, POLYNOMIAL, start=np.append(truth[:-1], 1e4))
