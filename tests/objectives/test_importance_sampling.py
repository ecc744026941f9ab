"""objectives/importance_sampling.py: against loops in complex arithmetic, differences, the sign patterns, and weights
out of range."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.gradcheck import check_jacobian
from nce_ref.objectives import base
from nce_ref.optimize.slopes import directional_derivative
from tests.objectives.naive import STEP, ica_problem, log_gauss, log_laplace


def textbook(alpha, noise, x, y):
    """mean ln p_m^0(x) - ln mean p_m^0(y)/p_n(y) for one complex alpha; weights as they are, no scaling."""
    theta = list(alpha) + [0.0]
    data = sum(log_laplace(theta, u) for u in x) / len(x)
    z = sum(cmath.exp(log_laplace(theta, u)) / math.exp(log_gauss(noise, u)) for u in y) / len(y)
    return data - cmath.log(z)


def textbook_gradient(alpha, noise, x, y):
    gradient = np.empty(len(alpha))
    for k in range(len(alpha)):
        z = alpha.astype(complex)
        z[k] += 1j * STEP
        gradient[k] = textbook(z, noise, x, y).imag / STEP
    return gradient


def problem(n, n_data=20, n_noise=50):
    theta, model, noise, x, y = ica_problem(n, n_data, n_noise)
    return theta[:-1], nr.ImportanceSamplingObjective(model, noise, x, y)


def parts(objective, n):
    """Model, noise and samples again, for the textbook."""
    _, model, noise, x, y = ica_problem(n, objective.n_data, objective.n_noise)
    return model, noise, x, y


@pytest.mark.parametrize("n", [1, 2, 3])
def test_value_and_gradient_are_the_textbooks(n):
    alpha, objective = problem(n)
    _, noise, x, y = parts(objective, n)
    value, gradient = objective(alpha)
    assert value == pytest.approx(
        textbook(alpha.astype(complex), noise, x, y).real, rel=1e-12, abs=1e-12
    )
    np.testing.assert_allclose(
        gradient, textbook_gradient(alpha, noise, x, y), rtol=1e-11, atol=1e-12
    )
    report = nr.check_gradient(objective, alpha)
    assert report.ok, str(report)


def test_planted_slips_are_seen():
    alpha, objective = problem(2)
    _, noise, x, y = parts(objective, 2)
    sum_not_mean = lambda a: (objective(a)[0] - math.log(50), objective(a)[1])  # noqa: E731
    assert abs(sum_not_mean(alpha)[0] - textbook(alpha.astype(complex), noise, x, y).real) > 1.0
    model = objective.model

    def unweighted(a):
        theta = np.append(a, 0.0)
        return objective(a)[0], (
            model.jacobian(theta, x).mean(axis=0) - model.jacobian(theta, y).mean(axis=0)
        )[:-1]

    def without_the_noise(a):
        return objective(a)[0], model.jacobian(np.append(a, 0.0), x).mean(axis=0)[:-1]

    for plant in (unweighted, without_the_noise):
        assert not nr.check_gradient(plant, alpha, kinks=objective.kinks).ok


@pytest.mark.parametrize(
    "model", [nr.LaplaceICA(2), nr.Gaussian(2)], ids=lambda m: type(m).__name__
)
def test_the_hessian_agrees_with_differences(model):
    rng = np.random.default_rng(6)
    noise = nr.GaussianNoise([0.1, 0.0], 1.5 * np.eye(2))
    objective = nr.ImportanceSamplingObjective(
        model, noise, rng.standard_normal((20, 2)), noise.sample(30, rng)
    )
    alpha = model.pack([[1.1, 0.3], [0.3, 0.8]], 0.0)[:-1]
    for one in (objective, objective.smoothed(0.3)):
        report = check_jacobian(lambda a: one.second_order(a)[1:], alpha, kinks=objective.kinks)  # noqa: B023
        assert report.ok, str(report)
        np.testing.assert_allclose(
            one.expand(alpha).hessian, one.second_order(alpha)[2], rtol=1e-10, atol=1e-12
        )
        assert one.expand(alpha).value == pytest.approx(one.second_order(alpha)[0], rel=1e-13)
        assert one(alpha)[0] == one.second_order(alpha)[0]
    planted = lambda a: (objective.second_order(a)[1], objective.second_order(a)[2] * 1.001)  # noqa: E731
    assert not check_jacobian(planted, alpha, kinks=objective.kinks).ok


def test_many_blocks_are_one_sum(monkeypatch):
    """9000 noise points in blocks of 3000, the largest weight in the last: the running sums are rescaled to it."""
    monkeypatch.setattr(base, "_BLOCK", 4096)
    theta, model, noise, x, _ = ica_problem(2, 5000, 5)
    y = noise.sample(9000, np.random.default_rng(7))
    log_w = model.log_density(np.append(theta[:-1], 0.0), y) - noise.log_density(y)
    y, log_w = y[np.argsort(log_w)], np.sort(log_w)
    objective = nr.ImportanceSamplingObjective(model, noise, x, y)
    shares = np.exp(log_w - log_w.max()) / np.exp(log_w - log_w.max()).sum()
    value, gradient, hessian = objective.second_order(theta[:-1])
    expected = model.log_density(np.append(theta[:-1], 0.0), x).mean() - math.log(
        np.exp(log_w).mean()
    )
    assert value == pytest.approx(expected, rel=1e-12)
    g = model.jacobian(theta, y)[:, :-1]
    np.testing.assert_allclose(
        gradient, model.jacobian(theta, x)[:, :-1].mean(axis=0) - shares @ g, rtol=1e-10, atol=1e-12
    )
    centred = g - shares @ g
    np.testing.assert_allclose(hessian, -(centred.T * shares) @ centred, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(objective.log_weights(theta[:-1]), log_w, rtol=1e-13, atol=1e-13)


def test_a_constant_in_ln_p_n_or_far_weights_go_straight_through():
    """ln p_n lower by 800 for all: ln Z-hat larger by 800; exp(800) itself would overflow."""
    alpha, objective = problem(2)
    model, noise, x, y = parts(objective, 2)

    class Shifted:
        def log_density(self, u):
            return noise.log_density(u) - 800.0

        def sample(self, n_points, rng):
            return noise.sample(n_points, rng)

    value, gradient = nr.ImportanceSamplingObjective(model, Shifted(), x, y)(alpha)
    assert value == pytest.approx(objective(alpha)[0] - 800.0, abs=1e-11)
    np.testing.assert_allclose(gradient, objective(alpha)[1], rtol=1e-11, atol=1e-12)
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(objective(1e4 * alpha)[0]) and np.isfinite(objective(1e100 * alpha)[0])
        assert (
            objective(np.full(4, 1e308))[0] == -math.inf
            and objective.second_order(np.full(4, 1e308))[0] == -math.inf
        )
        assert objective.expand(np.full(4, 1e308)).value == -math.inf


def test_with_the_noises_signs_held_it_is_a_concave_minoriser():
    """7.5 of THEORY.md for this J: ln mean exp with |b.y| replaced by s b.y; below J everywhere, and concave along
    random segments."""
    alpha, objective = problem(2)
    _, noise, x, y = parts(objective, 2)
    signs = np.sign(y @ alpha.reshape(2, 2).T)
    log_noise = noise.log_density(y)

    def minoriser(a):
        B = a.reshape(2, 2)
        log_w = -math.sqrt(2.0) * (signs * (y @ B.T)).sum(axis=1) - log_noise
        return (
            -math.sqrt(2.0) * np.abs(x @ B.T).sum(axis=1).mean()
            - nr.diagnose_weights(log_w).log_mean
        )

    assert minoriser(alpha) == pytest.approx(objective(alpha)[0], rel=1e-13)
    rng = np.random.default_rng(8)
    for _ in range(200):
        one, two = alpha + rng.standard_normal((2, 4))
        for a in (one, two):
            assert minoriser(a) <= objective(a)[0] + 1e-12 * (1 + abs(objective(a)[0]))
        assert minoriser(0.5 * (one + two)) >= 0.5 * (minoriser(one) + minoriser(two)) - 1e-10


def steepness_needed(objective, alpha, d):
    """|third derivative of J along d| over |second|, by central differences of the second: error of order h^2 =
    1e-8."""
    curvature = lambda a: d @ objective.second_order(a)[2] @ d  # noqa: E731
    return (
        abs(curvature(alpha + 1e-4 * d) - curvature(alpha - 1e-4 * d))
        / 2e-4
        / abs(curvature(alpha))
    )


def test_the_steepness_is_twice_the_largest_derivative():
    """Two noise points at which g.v is +-sqrt(2), nearly all weight on one: the third cumulant is 2 sqrt(2) Var, but
    for 1e-3.

    The bound L on |g|, c's entry and both rows in it, is 2.24 there: L alone would be too little.
    """

    class Uneven:
        def log_density(self, u):
            return np.where(u[:, 1] > 0.0, 0.0, -8.0)

    y, d = np.array([[0.05, 1.0], [0.05, -1.0]]), np.array([0.0, 1.0, 0.0, 0.0])
    objective = nr.ImportanceSamplingObjective(
        nr.LaplaceICA(2), Uneven(), np.array([[0.05, 0.1]]), y
    )
    needed = steepness_needed(objective, np.eye(2).ravel(), d)
    stated = objective.expand(np.eye(2).ravel()).steepness
    assert needed == pytest.approx(2.0 * math.sqrt(2.0), rel=0.01)
    assert 0.5 * stated < needed <= stated


def test_the_expansion_has_the_one_sided_slopes_on_a_ridge_and_a_valley():
    """theta on the kink of a data point and of a noise point: J'(d) from the expansion against J(alpha + h d), h =
    1e-6.

    J is piecewise analytic with curvature below 1e2 here: error 1e-4.
    """
    alpha, objective = problem(2)
    _, _, x, y = parts(objective, 2)
    B = alpha.reshape(2, 2).copy()
    for row, point in ((0, x[3]), (1, y[5])):
        B[row] -= (B[row] @ point) / (point @ point) * point
    here = objective.expand(B.ravel())
    assert len(here.kinks.directions) == 1 and len(here.kinks.valleys) == 1
    rng = np.random.default_rng(9)
    for d in rng.standard_normal((10, 4)):
        numeric = (objective(B.ravel() + 1e-6 * d)[0] - here.value) / 1e-6
        assert directional_derivative(here, d) == pytest.approx(numeric, abs=1e-3)


def test_the_curvature_is_minus_the_hessian():
    alpha, objective = problem(2)
    here = objective.expand(alpha)
    np.testing.assert_array_equal(here.curvature, -here.hessian)


def test_weights_that_all_vanish_are_minus_infinity():
    """ln p_m(y) = -inf on all of the noise, finite on the data: the sum of no weights, not NaN."""
    model, noise = nr.LaplaceICA(1), nr.GaussianNoise([0.0], [[1e6]])
    x, y = np.array([[1e-3], [2e-3]]), np.array([[3e3], [-2e3], [4e3]])
    objective = nr.ImportanceSamplingObjective(model, noise, x, y)
    alpha = np.array([1e306])
    assert math.isfinite(model.log_density(np.append(alpha, 0.0), x).sum())
    here = objective.expand(alpha)
    assert here.value == objective(alpha)[0] == objective.second_order(alpha)[0] == -math.inf
    assert math.isfinite(objective.expand(np.array([1.0])).value)


def test_bad_input_is_refused_by_name():
    noise, model, good = nr.GaussianNoise([0.0, 0.0], np.eye(2)), nr.LaplaceICA(2), np.ones((3, 2))
    for x, y, name in [
        (np.ones((3, 3)), good, "x"),
        (good, np.ones((0, 2)), "y"),
        (good, np.full((3, 2), np.inf), "y"),
    ]:
        with pytest.raises(ValueError, match=f"{name}: "):
            nr.ImportanceSamplingObjective(model, noise, x, y)
    with pytest.raises(ValueError, match="noise: got dimension 3"):
        nr.ImportanceSamplingObjective(model, nr.GaussianNoise(np.zeros(3), np.eye(3)), good, good)

    class Elsewhere:
        def log_density(self, u):
            return np.full(len(u), -math.inf)

    with pytest.raises(ValueError, match=r"noise.log_density: entry \(0,\) is -inf"):
        nr.ImportanceSamplingObjective(model, Elsewhere(), good, good)
    with pytest.raises(ValueError, match="alpha: "):
        nr.ImportanceSamplingObjective(model, noise, good, good)(np.ones(5))
