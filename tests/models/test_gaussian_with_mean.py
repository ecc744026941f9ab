"""gaussian_with_mean.py: the textbook form, sums of squares for ln Z, estimators in closed form, asymptotics by two
other rules."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

import nce_ref as nr
from nce_ref.models.base import Frame
from tests.asymptotics_problems import Plain, in_units
from tests.models.face import check_log_density_and_derivatives, check_score


def problem(n, seed=0):
    rng = np.random.default_rng([n, seed])
    A = rng.standard_normal((n, n))
    mean, cov = 2.0 * rng.standard_normal(n), A @ A.T + 0.5 * np.eye(n)
    model = nr.GaussianWithMean(n)
    return model, model.from_moments(mean, cov), mean, cov, rng


def textbook(theta, u):
    """By loops, with one factor 2 an entry off the diagonal."""
    n = u.shape[1]
    values = []
    for point in u:
        total, k = theta[-1], n
        for i in range(n):
            total = total + theta[i] * point[i]
        for i in range(n):
            for j in range(i + 1):
                total = total - (0.5 if i == j else 1.0) * theta[k] * point[i] * point[j]
                k += 1
        values.append(total)
    return np.array(values)


@pytest.mark.parametrize("n", [1, 3])
def test_density_and_derivatives(n):
    model, theta, mean, cov, rng = problem(n)
    u = rng.standard_normal((20, n))
    check_log_density_and_derivatives(model, theta + 0.1, u, textbook, rng)
    check_score(model, theta, u)
    np.testing.assert_allclose(
        model.log_density(theta, u), stats.multivariate_normal(mean, cov).logpdf(u), rtol=1e-11
    )
    shift, precision, c = model.unpack(theta)
    assert np.array_equal(model.pack(shift, precision, c), theta)
    for got, want in zip(model.moments(theta), (mean, cov)):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)
    assert len(model.parameter_names) == model.n_params == n + n * (n + 1) // 2 + 1


@pytest.mark.parametrize("n", [1, 2, 4])
def test_every_check_of_a_model_passes(n):
    model, theta, _, _, rng = problem(n)
    report = nr.check_model(model, theta + 0.01, model.sample(theta, 200, rng), rng=rng)
    assert report.ok, str(report)
    names = {f.name for f in report.findings if f.status == "passed"}
    assert names >= {"gradient of ln Z", "Hessian of ln Z", "score", "curvature", "same law"}


def test_without_a_mean_it_is_the_centred_model():
    n = 3
    model, centred = nr.GaussianWithMean(n), nr.Gaussian(n)
    rng = np.random.default_rng(3)
    alpha = centred.random_start(rng)
    theta = np.concatenate([np.zeros(n), alpha])
    assert model.log_normalizer(theta) == centred.log_normalizer(alpha)
    got, want = model.log_normalizer_hessian(theta), centred.log_normalizer_hessian(alpha)
    np.testing.assert_allclose(got[n:, n:], want, rtol=1e-13, atol=1e-15)
    u = rng.standard_normal((50, n))
    one, other = (m.score_matching(t, u, 1.0) for m, t in ((model, theta), (centred, alpha)))
    assert one.total == pytest.approx(other.total, rel=1e-13)
    np.testing.assert_allclose(one.gradient()[n:], other.gradient(), rtol=1e-12)
    np.testing.assert_allclose(one.hessian()[n:, n:], other.hessian(), rtol=1e-13)


@pytest.mark.parametrize("n", [1, 3])
def test_maximum_likelihood_and_score_matching_are_mean_and_covariance(n):
    model, theta, _, _, rng = problem(n, 1)
    x = model.sample(theta, 300, rng)
    for fit in (
        nr.fit_mle(model, x, start=model.random_start(rng)),
        nr.fit_score_matching(model, x, start=model.random_start(rng)),
    ):
        assert fit.converged, fit.message
        mean, cov = model.moments(fit.theta)
        np.testing.assert_allclose(mean, x.mean(axis=0), rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(cov, np.atleast_2d(np.cov(x.T, bias=True)), rtol=1e-7, atol=1e-8)


def test_score_matching_derivatives():
    model, theta, _, _, rng = problem(3, 2)
    u = rng.standard_normal((30, 3)) + 1.0

    def loss(t):
        once = model.score_matching(t, u, 1.0)
        return once.total, once.gradient()

    def slope(t):
        once = model.score_matching(t, u, 1.0)
        return float(once.gradient() @ mixed), once.hessian() @ mixed

    mixed = np.cos(np.arange(model.n_params) + 1.0)
    assert nr.check_gradient(loss, theta).ok and nr.check_gradient(slope, theta).ok
    # Independently: the score's divergence is -tr Lambda.
    psi = model.score(theta, u)
    want = 0.5 * (psi**2).sum() - len(u) * np.trace(model.unpack(theta)[1])
    assert loss(theta)[0] == pytest.approx(want, rel=1e-12)


def test_nce_starts_at_the_noise_and_has_no_word_for_data_off_centre():
    model, theta, mean, cov, rng = problem(2, 4)
    x, noise = model.sample(theta, 4000, rng), nr.GaussianNoise(mean + 0.5, 1.5 * cov)
    np.testing.assert_allclose(
        model.log_density(model.start_from(noise), x), noise.log_density(x), rtol=1e-10
    )
    assert model.start_from(nr.UniformNoise([0.0, 0.0], [1.0, 1.0])) is None
    fit = nr.fit_nce(model, noise, x, noise.sample(20_000, rng))
    assert fit.converged and fit.warnings == ()
    # Six parameters at six standard errors: false alarm 1e-8.
    error = np.abs(fit.theta - theta) / nr.estimate_covariance(fit).standard_errors
    assert error.max() < 6.0


@pytest.mark.parametrize("nu", [0.3, 10.0, math.inf])
def test_asymptotics_by_contour_against_quadrature(nu):
    model, theta, mean, cov, _ = problem(1, 5)
    noise = nr.GaussianNoise(mean - 0.7, 2.0 * cov)
    exact = nr.asymptotic_covariance(model, theta, noise, nu)
    line = nr.asymptotic_covariance(Plain(model), theta, noise, nu)
    assert line.method.startswith("quadrature") and "quadrature" not in exact.method
    assert exact.integration_error < 1e-10
    gap = in_units(exact.covariance - line.covariance, exact.covariance)
    assert gap <= exact.integration_error + line.integration_error + 1e-13


def test_asymptotics_by_contour_against_random_points():
    model, theta, mean, cov, rng = problem(3, 6)
    noise = nr.GaussianNoise(mean + [0.4, -0.3, 0.2], 1.6 * cov + 0.1 * np.eye(3))
    exact = nr.asymptotic_covariance(model, theta, noise, 2.0)
    random = nr.asymptotic_covariance(Plain(model), theta, noise, 2.0, rng=rng, log2_points=12)
    assert exact.integration_error < 1e-10 < random.integration_error
    gap = in_units(exact.covariance - random.covariance, exact.covariance)
    assert gap <= 2.0 * random.integration_error < 0.2
    with pytest.raises(ValueError, match="noise: got dimension 2"):
        nr.asymptotic_covariance(model, theta, nr.GaussianNoise([0.0] * 2, np.eye(2)), 2.0)
    # The mean of the noise matters: with another one the same comparison fails.
    moved = nr.GaussianNoise(noise.mean + 0.5, noise.cov)
    planted = nr.asymptotic_covariance(model, theta, moved, 2.0)
    assert (
        in_units(planted.covariance - random.covariance, exact.covariance)
        > 2.0 * random.integration_error
    )


def test_cramer_rao_is_the_inverse_of_the_hessian_and_no_covariance_is_below_it():
    model, theta, mean, cov, _ = problem(2, 7)
    bound = nr.cramer_rao_bound(model, theta)
    inverse = np.linalg.inv(model.log_normalizer_hessian(theta)[:-1, :-1])
    np.testing.assert_allclose(bound.covariance[:-1, :-1], inverse, rtol=1e-9, atol=1e-11)
    nce = nr.asymptotic_covariance(model, theta, nr.GaussianNoise(mean, 2.0 * cov), 5.0)
    assert np.linalg.eigvalsh(nce.covariance - bound.covariance)[0] > -1e-9


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_frame_bounds_ln_z(n):
    """ln Z(alpha + root z) against its expansion, in random directions: the remainder within the stated bound, and not
    far below."""
    model, theta, _, _, rng = problem(n, 8)
    frame: Frame = model.frame(theta)
    base = model.log_normalizer(theta)
    assert frame.error < 1e-10
    shares = []
    for _ in range(300):
        z = rng.standard_normal(len(frame.gradient))
        z *= rng.uniform(0.05, 0.6) / np.linalg.norm(z)
        moved = np.append(theta[:-1] + frame.root @ z, 0.0)
        rest = model.log_normalizer(moved) - base - frame.gradient @ z
        rest -= 0.5 * z @ frame.hessian @ z
        length = np.linalg.norm(z)
        shares.append(abs(rest) / (frame.cubic * length**3 / (3.0 * (1.0 - length))))
    assert 0.02 < max(shares) <= 1.0 + 1e-6


def test_the_frame_knows_its_own_rounding():
    """The gradient in the frame against exact rational arithmetic, for a mean of 30 deviations."""
    model = nr.GaussianWithMean(1)
    theta = model.pack([30.0 / 3.0], [[1.0 / 9.0]], 0.0)
    frame = model.frame(theta)
    shift, precision = Fraction(theta[0]), Fraction(theta[1])
    mean = shift / precision
    exact = (mean, -(1 / precision + mean * mean) / 2)
    for k in range(2):
        want = sum(Fraction(float(frame.root[i, k])) * exact[i] for i in range(2))
        assert abs(float(want - Fraction(float(frame.gradient[k])))) <= frame.error


def test_units_and_bad_input():
    model, theta, _, _, rng = problem(2, 9)
    scale = np.array([[3.0, 1.0], [0.0, 0.2]])
    z = rng.standard_normal((10, 2))
    np.testing.assert_allclose(
        model.log_density(model.rescaled(theta, scale), z),
        model.log_density(theta, z @ scale.T) + math.log(abs(np.linalg.det(scale))),
        rtol=1e-12,
    )
    with pytest.raises(ValueError, match="precision is not positive definite"):
        model.moments(model.pack([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]], 0.0))
    with pytest.raises(ValueError, match="n_dim"):
        nr.GaussianWithMean(0)
    with pytest.raises(ValueError, match="cov"):
        model.from_moments([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]])
    assert model.log_normalizer(model.pack([0.0, 0.0], -np.eye(2), 0.0)) == math.inf


def test_a_mean_of_many_deviations_is_not_called_converged_where_digits_are_gone():
    rng = np.random.default_rng(10)
    model = nr.GaussianWithMean(1)
    near = rng.standard_normal((500, 1)) + 10.0
    assert nr.fit_mle(model, near, start=[0.0, 1.0, 0.0]).converged
    far = nr.fit_mle(model, near + 1e7, start=[0.0, 1.0, 0.0])
    assert not far.converged and far.message
