"""asymptotics.py: Theorem 3's covariance against its known limits and against the sandwich form; the face; bad
input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref import asymptotics
from nce_ref.asymptotics import asymptotic_covariance, cramer_rao_bound, predicted_squared_error
from nce_ref.noise import GaussianNoise, LaplaceICANoise
from tests.asymptotics_problems import Plain, gaussian, ica, in_units, matched


def check_noise_equal_to_data():
    rng = np.random.default_rng(1)
    model, theta, B = ica(4, rng)
    bound = cramer_rao_bound(model, theta).covariance
    assert (
        abs(bound[-1, -1] - 4.0) <= 1e-10
    )  # Var(c) = n, see the test of maximum likelihood's constant
    for nu in (0.01, 1.0, 2.5, 100.0):
        sigma = asymptotic_covariance(model, theta, LaplaceICANoise(B), nu)
        assert sigma.integration_error < 1e-10
        # All of Sigma, c included: both matrices carry rounding of eps * cond(I), which the results state.
        assert in_units(sigma.covariance / (1 + 1 / nu) - bound, bound) <= 1e-10
    model, theta = gaussian([[2.0, 0.5], [0.5, 1.0]])
    noise = GaussianNoise(np.zeros(2), np.linalg.inv([[2.0, 0.5], [0.5, 1.0]]))
    bound = cramer_rao_bound(model, theta).covariance
    sigma = asymptotic_covariance(model, theta, noise, 0.3).covariance
    assert in_units(sigma / (1 + 1 / 0.3) - bound, bound) <= 1e-10


def check_toy_matrices():
    # Facts sheet: precision 1 in one dimension, [[2, 1], [1, 1/2]] and (1 + 1/nu) times it with p_n = p_d.
    model, theta = gaussian([[1.0]])
    expected = np.array([[2.0, 1.0], [1.0, 0.5]])
    for version in (model, Plain(model)):
        bound = cramer_rao_bound(version, theta)
        np.testing.assert_allclose(bound.information, [[0.75, -0.5], [-0.5, 1.0]], rtol=1e-10)
        np.testing.assert_allclose(bound.covariance, expected, rtol=1e-9)
        sigma = asymptotic_covariance(version, theta, GaussianNoise(np.zeros(1), np.eye(1)), 10.0)
        np.testing.assert_allclose(sigma.covariance, 1.1 * expected, rtol=1e-9)


def check_sandwich():
    """J's gradient at the truth has covariance V/T, V = Cov_d(P g) + nu Cov_n((1-P) g); Sigma = I^-1 V I^-1 for any
    estimator of this kind. No (1 + 1/nu) occurs in this form. One-dimensional Gaussian, noise off centre, on a grid."""
    model, theta = gaussian([[1.3]])
    noise = GaussianNoise(np.array([0.4]), np.array([[2.0]]))
    u = np.linspace(-25.0, 25.0, 20001)[:, None]
    du = u[1, 0] - u[0, 0]
    p_d = math.sqrt(1.3 / (2 * math.pi)) * np.exp(-0.65 * u[:, 0] ** 2)
    p_n = np.exp(-0.25 * (u[:, 0] - 0.4) ** 2) / math.sqrt(4 * math.pi)
    g = np.concatenate([-0.5 * u**2, np.ones_like(u)], axis=1)
    for nu in (0.1, 1.0, 30.0):
        P = nu * p_n / (p_d + nu * p_n)

        def covariance(density, weight):
            mean = (g.T * weight) @ density * du
            return ((g.T * weight**2 * density) @ g) * du - np.outer(mean, mean)

        inverse = np.linalg.inv((g.T * P * p_d) @ g * du)
        expected = inverse @ (covariance(p_d, P) + nu * covariance(p_n, 1 - P)) @ inverse
        sigma = asymptotic_covariance(model, theta, noise, nu)
        # The trapezoidal rule on a Gaussian integrand is exact to rounding; the quadrature stops at 1e-11.
        np.testing.assert_allclose(sigma.covariance, expected, rtol=1e-8)


CHECKS = {
    "noise = data": check_noise_equal_to_data,
    "toy matrices": check_toy_matrices,
    "sandwich": check_sandwich,
}


@pytest.mark.parametrize("name", CHECKS)
def test_known_covariances(name):
    CHECKS[name]()


def without_correction(information, mean, nu):
    inverse = np.linalg.inv(information)
    return inverse, inverse @ mean


def correction_of_nu_1(information, mean, nu):
    inverse = np.linalg.inv(information)
    return inverse - 2.0 * np.outer(inverse @ mean, inverse @ mean), inverse @ mean


def correction_without_factor(information, mean, nu):
    inverse = np.linalg.inv(information)
    return inverse - np.outer(inverse @ mean, inverse @ mean), inverse @ mean


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize(
    "plant", [without_correction, correction_of_nu_1, correction_without_factor]
)
def test_planted_correction_terms_are_seen(monkeypatch, plant, name):
    monkeypatch.setattr(asymptotics, "_covariance", plant)
    with pytest.raises(
        (AssertionError, ValueError)
    ):  # ValueError: a variance below zero is refused
        CHECKS[name]()


@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_maximum_likelihood_constant(n):
    # K = 1 + 2(n-1)/3, and c = -ln Z by the delta method: d ln Z/dB = -A^T, relative variance of B's diagonal 1 each:
    # n.
    model, _, B = ica(n, np.random.default_rng(n))
    theta = model.normalize(model.pack(B, 0.0))
    bound = cramer_rao_bound(model, theta)
    assert predicted_squared_error(bound, 1, slice(0, -1)) == pytest.approx(
        (1 + 2 * (n - 1) / 3) * (B**2).sum(), rel=1e-10
    )
    assert predicted_squared_error(bound, 1000, [-1]) == pytest.approx(n / 1000, rel=1e-10)
    # Delta method written out: F = Cov(g_B), c = -ln Z(B).
    g = bound.mean[:-1]
    slope = -model.log_normalizer_gradient(theta)[:-1]
    inverse = np.linalg.inv(bound.information[:-1, :-1] - np.outer(g, g))
    rows = np.vstack([np.eye(n * n), slope])
    assert in_units(bound.covariance - rows @ inverse @ rows.T, bound.covariance) <= 1e-9


def test_slow_approach_to_the_cramer_rao_bound():
    # Facts sheet: 1.046, 1.023, 1.007, three decimals rounded: half a unit in the last place.
    model, theta, B = ica(4, None, np.eye(4))
    bound = predicted_squared_error(cramer_rao_bound(model, theta), 1, slice(0, -1))
    for nu, expected in ((1e3, 1.046), (1e4, 1.023), (1e6, 1.007)):
        sigma = asymptotic_covariance(model, theta, matched(B), nu)
        assert abs(predicted_squared_error(sigma, 1, slice(0, -1)) / bound - expected) <= 5e-4
        assert sigma.integration_error <= 1e-8
        # Never below the bound, in any direction.
        assert (
            np.linalg.eigvalsh(sigma.covariance - cramer_rao_bound(model, theta).covariance)[0]
            > 0.0
        )


@pytest.mark.parametrize("nu", [0.01, 1.0, 100.0])
def test_equivariance(nu):
    # B_hat = (I + E) B*: E||B_hat - B*||^2 = K ||B*||^2 / T and Var(c) whatever the mixing.
    model, theta, B = ica(4, None, np.eye(4))
    reference = asymptotic_covariance(model, theta, matched(B), nu)
    K = predicted_squared_error(reference, 1, slice(0, -1)) / 4
    rng = np.random.default_rng(3)
    for _ in range(3):
        model, theta, B = ica(4, rng)
        sigma = asymptotic_covariance(model, theta, matched(B), nu)
        assert predicted_squared_error(sigma, 1, slice(0, -1)) == pytest.approx(
            K * (B**2).sum(), rel=1e-8
        )
        assert predicted_squared_error(sigma, 1, [-1]) == pytest.approx(
            reference.covariance[-1, -1], rel=1e-8
        )
        change = np.eye(17)
        change[:16, :16] = np.kron(np.eye(4), B.T)
        assert (
            in_units(change @ reference.covariance @ change.T - sigma.covariance, sigma.covariance)
            <= 1e-8
        )


def test_predicted_squared_error_picks_a_block():
    model, theta = gaussian([[1.0]])
    bound = cramer_rao_bound(model, theta)
    assert predicted_squared_error(bound, 50) == pytest.approx(2.5 / 50)
    assert predicted_squared_error(bound, 50, slice(0, 1)) == pytest.approx(2.0 / 50)
    assert predicted_squared_error(bound.covariance, 50, [1]) == pytest.approx(0.5 / 50)
    with pytest.raises(ValueError, match="n_data: got 0"):
        predicted_squared_error(bound, 0)
    with pytest.raises(ValueError, match="covariance"):
        predicted_squared_error(np.array([[1.0, 0.0]]), 5)


def test_results_are_frozen_and_of_one_type():
    model, theta = gaussian([[1.0]])
    bound, sigma = (
        cramer_rao_bound(model, theta),
        asymptotic_covariance(model, theta, GaussianNoise([0.0], [[2.0]]), 2.0),
    )
    assert type(bound) is type(sigma) and bound.nu == math.inf and sigma.nu == 2.0
    with pytest.raises(AttributeError):
        bound.nu = 1.0


def test_bad_input():
    model, theta, B = ica(2, np.random.default_rng(9))
    noise = matched(B)
    with pytest.raises(ValueError, match=r"theta: c \+ ln Z\(alpha\) is 0.01"):
        asymptotic_covariance(model, theta + np.array([0, 0, 0, 0, 0.01]), noise, 1.0)
    with pytest.raises(ValueError, match=r"theta: c \+ ln Z"):
        cramer_rao_bound(model, theta + np.array([0, 0, 0, 0, 2e-8]))
    for nu in (0.0, -1.0, math.nan, -math.inf, "many"):
        with pytest.raises(ValueError, match="nu: got"):
            asymptotic_covariance(model, theta, noise, nu)
    with pytest.raises(ValueError, match="theta: got shape"):
        asymptotic_covariance(model, theta[:-1], noise, 1.0)
    with pytest.raises(ValueError, match="theta: entry"):
        asymptotic_covariance(model, np.full(5, np.nan), noise, 1.0)
    with pytest.raises(ValueError, match=r"rng: got None; expected a numpy\.random\.Generator"):
        asymptotic_covariance(
            Plain(model, "transport"), theta, GaussianNoise(np.zeros(2), np.eye(2)), 1.0
        )
    with pytest.raises(ValueError, match="rng: got int"):
        asymptotic_covariance(
            Plain(model), theta, GaussianNoise(np.zeros(2), np.eye(2)), 1.0, rng=3
        )
    with pytest.raises(ValueError, match="log2_points: got 0"):
        asymptotic_covariance(model, theta, noise, 1.0, log2_points=0)


def test_unidentified_theta_is_refused():
    model, theta = gaussian([[1.0]])

    class Flat(Plain):
        def jacobian(self, theta, u):
            return np.ones((len(u), 2))

    with pytest.raises(ValueError, match="I_nu is singular"):
        asymptotic_covariance(Flat(model), theta, GaussianNoise([0.0], [[2.0]]), 1.0)


def test_too_few_points_are_refused_rather_than_nan():
    # Nearly noise = data, where Var(c) is the small difference of two averages over two points.
    model, theta = gaussian(np.eye(2))
    noise = GaussianNoise(np.array([1.0, 0.0]), np.eye(2))
    messages = []
    for seed in range(20):
        try:
            sigma = asymptotic_covariance(
                Plain(model), theta, noise, 1.0, rng=np.random.default_rng(seed), log2_points=1
            )
            assert np.isfinite(sigma.covariance).all() and np.isfinite(sigma.integration_error)
        except ValueError as error:
            messages.append(str(error))
    assert messages and all(
        "log2_points: too few points" in text or "I_nu is singular" in text for text in messages
    )
