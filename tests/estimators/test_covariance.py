"""covariance.py against asymptotics.py, the Cramer-Rao bound, and a simulation."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import binom

import nce_ref as nr
from nce_ref.estimators import covariance as module
from tests.optimize.kinked_problems import ica_problem


def fitted(n=2, n_data=20000, nu=1.0, seed=0):
    objective, _, truth = ica_problem(n, n_data, nu, seed)
    A = np.linalg.inv(objective.model.unpack(truth)[0])
    noise = nr.GaussianNoise(np.zeros(n), A @ A.T)
    y = noise.sample(int(nu * n_data), np.random.default_rng([seed, 1]))
    return nr.fit_nce(objective.model, noise, objective.x, y, start=truth), truth, noise


def z_scores(fit, truth, noise, estimate):
    """(I_hat - I)/its standard error, entry by entry, I_hat taken back from the covariance at theta*.

    I_hat is a mean over independent points of h(1 - h) g g^T, whose spread over the points is the standard error.
    """
    problem, nu = fit.problem, fit.problem.nu
    correction = np.zeros_like(estimate.covariance)
    correction[-1, -1] = 1 + 1 / nu
    I_hat = np.linalg.inv(problem.n_data * estimate.covariance + correction)
    I = np.linalg.inv(
        nr.asymptotic_covariance(problem.model, truth, noise, nu).covariance + correction
    )
    variance = 0.0
    for u in (problem.x, problem.y):
        h = 1 / (1 + nu * np.exp(noise.log_density(u) - problem.model.log_density(truth, u)))
        g = problem.model.jacobian(truth, u)
        variance = variance + len(u) * (
            (h * (1 - h))[:, None, None] * g[:, :, None] * g[:, None, :]
        ).var(axis=0)
    return (I_hat - I) / np.sqrt(variance / problem.n_data**2)


def at_the_truth(fit, truth):
    return nr.estimate_covariance(dataclasses.replace(fit, theta=truth))


@pytest.mark.parametrize("n, nu", [(2, 1.0), (2, 5.0), (3, 0.5)])
def test_at_the_truth_it_is_the_asymptotic_covariance_within_sampling_error(n, nu):
    """n_data = 20000. Largest of up to 55 z-scores beyond 5: 55 * 5.7e-7, 3e-5 a run. The term left out is seen
    below."""
    fit, truth, noise = fitted(n, 20000, nu)
    assert np.abs(z_scores(fit, truth, noise, at_the_truth(fit, truth))).max() < 5.0


def test_at_the_fit_the_standard_errors_are_right_within_a_twentieth():
    """At theta-hat instead of theta* I_hat moves by its derivative times an error of 1/sqrt(n_data): 1.4 % at most in 6
    samples."""
    fit, truth, noise = fitted(2, 20000, 1.0)
    sigma = nr.asymptotic_covariance(fit.problem.model, truth, noise, 1.0).covariance
    np.testing.assert_allclose(
        nr.estimate_covariance(fit).standard_errors, np.sqrt(np.diag(sigma) / 20000), rtol=0.05
    )


def test_it_is_positive_semidefinite_in_every_sample():
    for seed in range(40):
        n, n_data, nu = 2 + seed % 2, (60, 200)[seed % 2], (0.5, 1, 2.5, 10)[seed % 4]
        objective, start, _ = ica_problem(n, n_data, nu, seed)
        fit = nr.fit_nce(objective.model, objective.noise, objective.x, objective.y, start=start)
        if fit.converged:
            estimate = nr.estimate_covariance(fit)
            eigenvalues = np.linalg.eigvalsh(estimate.covariance)
            # The inverse is rounded to 1e-16 times the condition of I, below 1e4 here, of the largest.
            assert eigenvalues[0] >= -1e-11 * eigenvalues[-1]
            np.testing.assert_array_equal(estimate.covariance, estimate.covariance.T)
            np.testing.assert_allclose(
                estimate.standard_errors**2, np.diag(estimate.covariance), rtol=1e-14
            )


def test_maximum_likelihood_has_the_cramer_rao_bound_at_the_fit():
    objective, start, _ = ica_problem(3, 500, 1, 0)
    gaussian = nr.Gaussian(2)
    x = np.random.default_rng(0).standard_normal((100, 2))
    for model, data, theta in (
        (objective.model, objective.x, start),
        (gaussian, x, gaussian.pack(np.eye(2), 0.0)),
    ):
        fit = nr.fit_mle(model, data, start=theta)
        bound = nr.cramer_rao_bound(model, fit.theta).covariance / len(data)
        estimate = nr.estimate_covariance(fit)
        np.testing.assert_array_equal(estimate.covariance, bound)
        assert "Cramer-Rao" in estimate.method


def test_the_gaussian_likelihood_has_its_textbook_variance():
    """One dimension: Var(precision) = 2 precision^2/n_data, Var(c) = 1/(2 n_data) by c = ln(precision)/2."""
    x = np.random.default_rng(1).standard_normal((400, 1))
    fit = nr.fit_mle(nr.Gaussian(1), x, start=[1.0, 0.0])
    precision = 1 / (x**2).mean()
    expected = np.array([[2 * precision**2, precision], [precision, 0.5]]) / 400
    np.testing.assert_allclose(nr.estimate_covariance(fit).covariance, expected, rtol=1e-6)


def test_a_fit_that_did_not_converge_is_refused_with_its_reason():
    noise = nr.GaussianNoise([30.0], [[1.0]])
    fit = nr.fit_nce(nr.LaplaceICA(1), noise, [[0.1], [0.3]], [[30.0]], start=[1.0, 0.0])
    with pytest.raises(ValueError, match=f"fit: not converged .{fit.status}"):
        nr.estimate_covariance(fit)


def test_a_fit_of_something_else_is_refused():
    fit = fitted(2, 200)[0]
    with pytest.raises(ValueError, match="fit: of "):
        nr.estimate_covariance(dataclasses.replace(fit, problem=object()))


def coverage(repeats=300, n_data=500, nu=2.0):
    """How often theta-hat +- 1.96 standard errors holds (1, -ln sqrt(2 pi)) in J12's one-dimensional example."""
    truth = np.array([1.0, -0.5 * math.log(2 * math.pi)])
    held = np.zeros(2, dtype=int)
    for seed in range(repeats):
        rng = np.random.default_rng([11, seed])
        noise = nr.GaussianNoise([0.0], [[1.0]])
        x, y = rng.standard_normal((n_data, 1)), noise.sample(int(nu * n_data), rng)
        fit = nr.fit_nce(nr.Gaussian(1), noise, x, y, start=truth)
        held += np.abs(fit.theta - truth) <= 1.959964 * nr.estimate_covariance(fit).standard_errors
    return held


def plausible(held, repeats=300):
    """Within the central 1 - 1e-4 of a binomial with 95 %, widened by one point for the normal limit's own error at
    500."""
    low, high = binom.ppf(5e-5, repeats, 0.94), binom.ppf(1 - 5e-5, repeats, 0.96)
    return (low <= held) & (held <= high)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """False alarm below 2e-4 for the pair; standard errors 1.5 times too large or too small are seen nearly always."""
    assert plausible(coverage()).all()


def without_the_correction(right, fit):
    covariance = right.covariance.copy()
    covariance[-1, -1] += (1 + 1 / fit.problem.nu) / fit.problem.n_data
    return module.EstimatedCovariance(covariance, np.sqrt(np.diag(covariance)), "planted")


def test_plant_the_missing_correction_is_caught_by_both_checks(monkeypatch):
    fit, truth, noise = fitted(2, 20000, 1.0)
    planted = without_the_correction(at_the_truth(fit, truth), fit)
    assert np.abs(z_scores(fit, truth, noise, planted)).max() > 20.0
    real = nr.estimate_covariance
    monkeypatch.setattr(nr, "estimate_covariance", lambda f: without_the_correction(real(f), f))
    held = plausible(coverage())
    assert held[0] and not held[1], "only c has the term"
