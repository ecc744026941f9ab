"""The package in float64 against the oracle's 40 digits, within bounds derived in float64_bounds.py; planted mistakes
exceed them."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from tests.oracle import exact_forms as exact
from tests.oracle import float64_bounds as bounds
from tests.oracle.float64_bounds import (
    agrees,
    bound_laplace_ica_mle,
    bound_laplace_ica_nce,
    naive_laplace_ica_mle,
    naive_laplace_ica_nce,
)


def random_problem(n, seed, n_data=4, n_noise=10, squeeze=1e-2):
    """nu = 2.5; cov has eigenvalues from ``squeeze`` to 4 and a turned frame; det B < 0."""
    rng = np.random.default_rng([seed, n])
    B = rng.standard_normal((n, n)) + 1.5 * np.eye(n)
    B[0] *= -np.sign(np.linalg.det(B))
    frame = np.linalg.qr(rng.standard_normal((n, n)))[0]
    cov = frame @ np.diag(np.geomspace(squeeze, 4.0, n)) @ frame.T
    cov = (cov + cov.T) / 2
    mean = rng.standard_normal(n)
    x = rng.laplace(size=(n_data, n)) @ np.linalg.inv(B).T
    return B, 0.3, x, rng.multivariate_normal(mean, cov, n_noise), mean, cov


SHIFTS = (
    0.0,
    40.0,
    -40.0,
    800.0,
    -800.0,
)  # of c: every data or every noise point on the wrong side


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("shift", SHIFTS)
def test_package_laplace_ica_nce(n, shift):
    B, c, x, y, mean, cov = random_problem(n, seed=1)
    problem = B, c + shift, x, y, mean, cov
    model = nr.LaplaceICA(n)
    value, grad = nr.nce_objective(
        model, model.pack(B, c + shift), nr.GaussianNoise(mean, cov), x, y
    )
    got = {"value": value, "grad_B": grad[:-1].reshape(n, n), "grad_c": grad[-1]}
    assert agrees(got, exact.laplace_ica_nce(*problem), bound_laplace_ica_nce(*problem))


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("shift", SHIFTS)
def test_package_gaussian_nce(n, shift):
    _, c, x, y, mean, cov = random_problem(n, seed=2)
    precision = np.linalg.inv(random_problem(n, seed=3, squeeze=0.1)[-1])
    precision = (precision + precision.T) / 2
    problem = precision, c + shift, x, y, mean, cov
    model = nr.Gaussian(n)
    value, grad = nr.nce_objective(
        model, model.pack(precision, c + shift), nr.GaussianNoise(mean, cov), x, y
    )
    lower = np.zeros((n, n))
    lower[np.tril_indices(n)] = grad[:-1]  # one parameter for two entries off the diagonal
    got = {"value": value, "grad_precision": (lower + lower.T) / 2, "grad_c": grad[-1]}
    want, bound = exact.gaussian_nce(*problem), bounds.bound_gaussian_nce(*problem)
    assert agrees(got, want, bound)
    assert n == 1 or not agrees(
        {**got, "grad_precision": lower + lower.T - np.diag(np.diag(lower))}, want, bound
    )


@pytest.mark.parametrize("n", [1, 2, 4])
def test_package_likelihood(n):
    B, _, x, *_ = random_problem(n, seed=4)
    model = nr.LaplaceICA(n)
    value, grad = nr.log_likelihood(model, model.pack(B, 0.0), x)
    assert agrees(
        {"value": value, "grad_B": grad[:-1].reshape(n, n)},
        exact.laplace_ica_mle(B, x),
        bound_laplace_ica_mle(B, x),
    )


@pytest.mark.parametrize("n", [1, 2, 4])
def test_package_log_densities(n):
    B, c, x, _, mean, cov = random_problem(n, seed=5)
    model = nr.LaplaceICA(n)
    of_model, of_noise, of_constant = bounds.bound_log_densities(B, c, x, mean, cov)
    assert agrees(
        {"value": model.log_density(model.pack(B, c), x)},
        exact.laplace_ica_log_density(B, c, x),
        {"value": of_model},
    )
    got = nr.LaplaceICANoise(B).log_density(x)
    assert agrees(
        {"value": got}, exact.laplace_ica_log_density(B, None, x), {"value": of_model + of_constant}
    )
    assert agrees(
        {"value": nr.GaussianNoise(mean, cov).log_density(x)},
        exact.gaussian_log_density(x, mean, cov),
        {"value": of_noise},
    )


@pytest.mark.parametrize("scale", [1.0, 40.0, 800.0])
def test_package_nce_from_log_ratios(scale):
    rng = np.random.default_rng(6)
    data, noise = scale * rng.standard_normal(4), scale * rng.standard_normal(10)
    data[:2], noise[:2] = (scale, -scale), (-scale, scale)
    value, (of_data, of_noise) = nr.nce_from_log_ratios(data, noise, 2.5)
    got = {"value": value, "grad_log_ratio_data": of_data, "grad_log_ratio_noise": of_noise}
    want, bound = exact.nce_from_log_ratios(data, noise, 2.5), bounds.bound_nce(data, noise, 2.5)
    assert agrees(got, want, bound)
    for plant in (
        {"value": value / 2},
        {"grad_log_ratio_data": of_data / 2},
        {"grad_log_ratio_noise": -of_noise},
    ):
        assert not agrees({**got, **plant}, want, bound)


# --- the same comparison must fail for mistakes
# -------------------------------------------------------------------------------

MISTAKES = (
    "no-log-nu",
    "nu-sign",
    "noise-averaged",
    "no-2pi",
    "no-logdet",
    "half",
    "laplace-scale",
    "c-sign",
    "noise-sign",
    "transposed",
)


@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("shift", [0.0, 40.0])
def test_planted_mistakes_fail_the_same_comparison(n, shift):
    B, c, x, y, mean, cov = random_problem(n, seed=7)
    problem = B, c + shift, x, y, mean, cov
    want, bound = exact.laplace_ica_nce(*problem), bound_laplace_ica_nce(*problem)
    assert agrees(naive_laplace_ica_nce(*problem), want, bound)
    passed = [
        mistake
        for mistake in MISTAKES
        if agrees(naive_laplace_ica_nce(*problem, mistake), want, bound)
    ]
    assert passed == []


def test_planted_mistakes_in_the_likelihood_fail():
    B, _, x, *_ = random_problem(4, seed=8)
    want, bound = exact.laplace_ica_mle(B, x), bound_laplace_ica_mle(B, x)
    assert agrees(naive_laplace_ica_mle(B, x), want, bound)
    for mistake in ("no-logdet-B", "laplace-scale", "half", "sum", "not-transposed"):
        assert not agrees(naive_laplace_ica_mle(B, x, mistake), want, bound), mistake


def test_derivative_one_at_a_kink_is_told_from_zero():
    """b_1 . x_1 = 0 and b_2 . y_1 = 0, exactly, in floats as well."""
    B, x, y = (
        [[0.5, 2.0], [1.5, -0.25]],
        [[1.0, -0.25], [0.25, 2.0]],
        [[0.5, 3.0], [3.0, 1.25], [0.125, 0.75]],
    )
    problem = [np.array(a) for a in (B, 0.75, x, y, [0.5, -0.25], [[4.0, 1.5], [1.5, 1.0]])]
    want, bound = exact.laplace_ica_nce(B, 0.75, *problem[2:]), bound_laplace_ica_nce(*problem)
    assert agrees(naive_laplace_ica_nce(*problem), want, bound)
    assert not agrees(naive_laplace_ica_nce(*problem, "kink-convention"), want, bound)
