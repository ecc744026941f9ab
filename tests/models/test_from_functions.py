"""from_functions.py: two functions are enough for a fit with standard errors; what is missing is told in one error."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.models.base import no_kinks
from nce_ref.models.from_functions import as_model


class VonMises:
    """ln p_m = kappa cos(u - mu) + c on the circle: not linear in mu."""

    n_dim, n_params = 1, 3

    def log_density(self, theta, u):
        return theta[0] * np.cos(u[:, 0] - theta[1]) + theta[2]

    def jacobian(self, theta, u):
        d = u[:, 0] - theta[1]
        return np.column_stack([np.cos(d), theta[0] * np.sin(d), np.ones(len(d))])


class ByPullback:
    """The same by its pullback."""

    n_dim, n_params = 1, 3
    log_density = VonMises.log_density

    def pullback(self, theta, u, weights):
        return weights @ VonMises().jacobian(theta, u)


class WithCurvature(VonMises):
    """The same with second derivatives."""

    def curvature(self, theta, u, weights):
        d = u[:, 0] - theta[1]
        H = np.zeros((3, 3))
        H[0, 1] = H[1, 0] = weights @ np.sin(d)
        H[1, 1] = -weights @ (theta[0] * np.cos(d))
        return H


NOISE = nr.UniformNoise([-np.pi], [np.pi])
TRUTH = np.array([2.0, 0.5, -np.log(2 * np.pi * np.i0(2.0))])


def samples(seed, n_data=800, n_noise=4000):
    rng = np.random.default_rng(seed)
    return rng.vonmises(0.5, 2.0, (n_data, 1)), NOISE.sample(n_noise, rng)


@pytest.mark.parametrize(
    "given", [VonMises(), ByPullback(), WithCurvature()], ids=lambda m: type(m).__name__
)
def test_a_pass_has_the_derivatives_of_the_log_density(given):
    rng, theta = np.random.default_rng(1), np.array([1.3, -0.7, 0.4])
    u, w, v = rng.uniform(-3, 3, (40, 1)), rng.standard_normal(40), rng.uniform(0.5, 1.0, 40)
    once = as_model(given, "a test").evaluate(theta, u)
    g = VonMises().jacobian(theta, u)
    exact = WithCurvature().curvature(theta, u, w) + (g.T * v) @ g
    # Differences leave some 1e-10 of second derivatives of size 40.
    np.testing.assert_allclose(once.curvature(w, v), exact, atol=1e-7)
    np.testing.assert_allclose(once.pullback(w), g.T @ w, rtol=1e-12)
    np.testing.assert_allclose(once.g, g, atol=1e-9)
    assert once.steepness() == pytest.approx(np.linalg.norm(g, axis=1).max(), rel=1e-9)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_differences_know_the_parameters_own_units(unit):
    """theta_0 = kappa/unit: the Jacobian by differences is right to 1e-8 whatever the unit, from a parameter that is 0,
    too."""

    class Scaled:
        n_dim, n_params = 1, 3

        def log_density(self, theta, u):
            return VonMises().log_density([theta[0] * unit, theta[1], theta[2]], u)

        def pullback(self, theta, u, weights):
            return (
                weights
                @ VonMises().jacobian([theta[0] * unit, theta[1], theta[2]], u)
                * [unit, 1.0, 1.0]
            )

    u = np.linspace(-3.0, 3.0, 30)[:, None]
    for kappa in (0.0, 1.3):
        theta = np.array([kappa / unit, 0.4, 0.1])
        g = as_model(Scaled(), "a test").jacobian(theta, u)
        want = VonMises().jacobian([kappa, 0.4, 0.1], u)
        np.testing.assert_allclose(g / [unit, 1.0, 1.0], want, atol=1e-8)


@pytest.mark.parametrize(
    "given", [VonMises(), ByPullback(), WithCurvature()], ids=lambda m: type(m).__name__
)
def test_two_functions_are_fitted_and_the_fit_says_on_what_it_rests(given):
    x, y = samples(2)
    fit = nr.fit_nce(given, NOISE, x, y, start=[1.0, 0.0, -2.0])
    assert fit.converged and fit.warnings == ()
    assert "as computed" in fit.message and "proved" not in fit.message
    errors = nr.estimate_covariance(fit).standard_errors
    assert (np.abs(fit.theta - TRUTH) < 5 * errors).all()
    np.testing.assert_allclose(
        errors, nr.estimate_covariance(fit, robust=True).standard_errors, rtol=0.15
    )
    slope = nr.NCEObjective(given, NOISE, x, y)(fit.theta)[1]
    assert np.abs(slope).max() < 1e-8


def test_standard_errors_cover():
    """Mean coverage over three entries of 150 fits: 95 % +- 1.2 %; leaves (0.90, 0.99) less than once in 1e4 for right
    ones."""
    covered = []
    for seed in range(150):
        x, y = samples(100 + seed, 400, 1200)
        fit = nr.fit_nce(VonMises(), NOISE, x, y, start=TRUTH, checks=False)
        covered.append(
            np.abs(fit.theta - TRUTH) < 1.96 * nr.estimate_covariance(fit).standard_errors
        )
    assert 0.90 < np.mean(covered) < 0.99


def test_everything_that_a_call_needs_is_told_at_once():
    class Half:
        n_dim = 1

        def log_density(self, theta, u):
            return np.zeros(len(u))

    x, y = samples(3, 10, 10)
    for call in (
        lambda: nr.fit_nce(Half(), NOISE, x, y, start=[0.0]),
        lambda: nr.NCEObjective(Half(), NOISE, x, y),
    ):
        with pytest.raises(
            ValueError, match=r"Half without n_params, jacobian \(or pullback\); expected for"
        ) as error:
            call()
        assert "class Quartic" in str(error.value)
    with pytest.raises(
        ValueError,
        match="VonMises without log_normalizer, log_normalizer_gradient; expected for fit_mle",
    ):
        nr.fit_mle(VonMises(), x, start=TRUTH)


def test_a_model_with_a_pass_of_its_own_needs_no_other_layer():
    class Pass:
        """N(mu, 1), normalised."""

        def __init__(self, mu, u):
            self.d = u[:, 0] - mu
            self.log_density = -0.5 * self.d**2 - 0.5 * np.log(2 * np.pi)

        def pullback(self, weights):
            return np.array([weights @ self.d])

        def curvature(self, weights, gram_weights):
            return np.array([[-weights.sum() + gram_weights @ self.d**2]])

        def kinks(self):
            return no_kinks(len(self.d), 1)

        def steepness(self):
            return float(np.abs(self.d).max())

        def without(self, kinks):
            return self

    class FixedScale:
        n_dim, n_params, affine_between_kinks = 1, 1, False

        def evaluate(self, theta, u):
            return Pass(theta[0], u)

        def smoothed(self, epsilon):
            return self

    rng = np.random.default_rng(8)
    x, noise = rng.standard_normal((2000, 1)) + 0.3, nr.GaussianNoise([0.0], [[2.0]])
    fit = nr.fit_nce(FixedScale(), noise, x, noise.sample(10_000, rng), start=[0.0])
    assert fit.converged and fit.warnings == ()
    # 1/sqrt(2000) = 0.0224 by maximum likelihood; the noise adds a little.
    assert nr.estimate_covariance(fit).standard_errors[0] == pytest.approx(0.0245, rel=0.1)


def test_with_a_normalising_constant_comes_maximum_likelihood():
    class Normalised(WithCurvature):
        def log_normalizer(self, theta):
            return np.log(2 * np.pi * np.i0(theta[0]))

        def log_normalizer_gradient(self, theta):
            from scipy.special import ive

            return np.array([ive(1, theta[0]) / ive(0, theta[0]), 0.0, 0.0])

    x, _ = samples(4)
    fit = nr.fit_mle(Normalised(), x, start=[1.0, 0.0, 0.0])
    assert fit.converged
    # The textbook's estimate: mu the direction of the mean resultant, I_1/I_0 its length.
    resultant = np.exp(1j * x[:, 0]).mean()
    assert fit.theta[1] == pytest.approx(np.angle(resultant), abs=1e-8)
    assert Normalised().log_normalizer_gradient(fit.theta)[0] == pytest.approx(
        abs(resultant), abs=1e-9
    )


def test_the_thousand_other_things_work_or_are_refused_by_name():
    x, y = samples(5, 300, 900)
    rng = np.random.default_rng(6)
    fit = nr.fit_nce_adam(VonMises(), NOISE, x, y, n_epochs=20, rng=rng, start=[1.0, 0.0, -2.0])
    assert fit.objective > nr.NCEObjective(VonMises(), NOISE, x, y)([1.0, 0.0, -2.0])[0]
    done = nr.fit_nce(ByPullback(), NOISE, x, y, start=TRUTH)
    assert nr.held_out_objective(ByPullback(), done.theta, NOISE, x, y).objective == pytest.approx(
        done.objective
    )
    integral = nr.integral_by_importance(VonMises(), done.theta, NOISE, NOISE.sample(4000, rng))
    assert (
        abs(integral.log_integral if hasattr(integral, "log_integral") else integral.log_mean) < 0.2
    )
    assert nr.compare_noises(done, [NOISE], [1.0]).choices[0].error > 0.0
    with pytest.raises(NotImplementedError, match="log_normalizer: VonMises does not offer ln Z"):
        as_model(VonMises(), "a test").log_normalizer(TRUTH)
    assert as_model(VonMises(), "a test").smoothed(0.1).n_params == 3
    assert as_model(nr.Gaussian(2), "a test").n_params == 4


def test_a_function_of_another_shape_is_refused_and_one_that_leaves_the_numbers_is_stepped_back_from():
    x, y = samples(7, 50, 50)

    class Column(VonMises):
        def log_density(self, theta, u):
            return super().log_density(theta, u)[:, None]

    with pytest.raises(
        ValueError, match=r"model.log_density: got shape \(50, 1\); expected \(50,\)"
    ):
        nr.fit_nce(Column(), NOISE, x, y, start=TRUTH)

    class Edge(VonMises):
        def log_density(self, theta, u):
            return super().log_density(theta, u) + (0.0 if abs(theta[1]) < 1.0 else np.nan)

    fit = nr.fit_nce(Edge(), NOISE, x, y, start=[0.3, -0.9, -2.0])
    assert np.isfinite(fit.theta).all() and abs(fit.theta[1]) < 1.0
