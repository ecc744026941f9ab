"""smoothing.py: it climbs, leaves saddles, stops where it says, and counts what it used."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.optimize.smoothing import EPSILONS, ascend, follow_smoothing, positive_definite
from tests.optimize.kinked_problems import EPS, Counting, ica_problem, rounding


class TwoHills:
    """-(x^2 - 1)^2 - y^2: maxima at (+-1, 0), a saddle at 0 that Newton's own step runs into."""

    n_data = 1

    def second_order(self, theta):
        x, y = theta
        return (
            -((x * x - 1) ** 2) - y * y,
            np.array([-4 * x * (x * x - 1), -2 * y]),
            np.diag([-12 * x * x + 4, -2.0]),
        )


class Saturated:
    """A slope of 1e6 where the curvature is 1e-200: a Newton step of 1e206, whose square is not a float."""

    n_data = 1

    def second_order(self, theta):
        return (
            -1e6 * abs(theta[0]),
            np.array([-1e6 * np.sign(theta[0]), 0.0]),
            np.diag([-1e-200, -1e-200]),
        )


def test_positive_definite_takes_absolute_values_with_a_floor():
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    got = positive_definite((Q * np.array([4.0, -2.0, 1e-12])) @ Q.T)
    # An eigenvalue is right to n ulp of the largest; the floor is 1e-7 of it.
    np.testing.assert_allclose(np.linalg.eigvalsh(got), [4e-7, 2.0, 4.0], rtol=0, atol=40 * EPS)
    np.testing.assert_allclose(got, (Q * np.array([4.0, 2.0, 4e-7])) @ Q.T, rtol=0, atol=40 * EPS)


def test_positive_definite_without_curvature_is_the_identity():
    for empty in (np.zeros((3, 3)), 1e-200 * np.eye(3)):
        np.testing.assert_array_equal(positive_definite(empty), np.eye(3))


def test_a_saddle_is_left_along_its_upward_curvature():
    theta, _ = ascend(TwoHills(), np.array([1e-6, 1.0]), 1e-10)
    # |gradient| <= 1e-10 and a curvature of 8 and 2 place the maximum to 5e-11.
    np.testing.assert_allclose(theta, [1.0, 0.0], rtol=0, atol=1e-10)


def test_a_saturated_start_neither_overflows_nor_warns():
    theta, _ = ascend(Saturated(), np.array([3.0, 0.0]), 1.0)
    assert np.isfinite(theta).all() and abs(theta[0]) < 3.0


def test_a_far_gaussian_start_neither_overflows_nor_warns():
    """Data a thousand times the start's scale: every h is 0 or 1, and the Hessian underflows."""
    rng = np.random.default_rng(1)
    x = 851.0 * rng.laplace(size=(75, 1))
    noise = nr.GaussianNoise.from_data(x)
    objective = nr.NCEObjective(nr.Gaussian(1), noise, x, noise.sample(187, rng))
    for start in ([1e-3, 0.0], [1.0, 0.0], [50.0, 3.0], [-1e4, 10.0]):
        theta, _, _ = follow_smoothing(objective, np.array(start), 0.003)
        assert np.isfinite(theta).all()
        assert objective(theta)[0] >= objective(np.array(start))[0]


def test_a_quadratic_takes_one_step_per_cap():
    objective = nr.NCEObjective(
        nr.Gaussian(1), nr.GaussianNoise([0.0], [[1.0]]), np.ones((3, 1)), np.zeros((3, 1))
    )

    class Quadratic:
        n_data = 1

        def second_order(self, theta):
            return -0.5 * theta @ theta, -theta, -np.eye(2)

    assert objective.n_data == 3
    theta, evaluations = ascend(Quadratic(), np.array([0.3, 0.1]), 1e-14)
    assert evaluations == 2 and np.linalg.norm(theta) <= 1e-14


@pytest.mark.parametrize("n", [2, 4])
def test_every_level_is_climbed_to_its_tolerance_and_counted(n):
    objective, start, _ = ica_problem(n, 300, 1, 0)
    counting = Counting(objective)
    theta, epsilon, evaluations = follow_smoothing(counting, start, finest=0.01)
    assert epsilon == 0.01
    assert evaluations == len(counting.values)
    assert np.linalg.norm(objective.smoothed(epsilon)(theta)[1]) <= 0.05 * epsilon


def test_it_stops_at_the_first_level_that_is_fine_enough():
    objective, start, _ = ica_problem(2, 100, 1, 1)
    for finest in (1.0, 0.3, 0.05, 0.0):
        _, epsilon, _ = follow_smoothing(objective, start, finest)
        assert epsilon == next((e for e in EPSILONS if e <= finest), EPSILONS[-1])


def test_ascend_never_goes_down():
    for seed in range(5):
        objective, start, _ = ica_problem(3, 200, 2.5, seed)
        smooth = objective.smoothed(0.1)
        values = [smooth(start)[0]]
        for steps in range(5):
            theta, _ = ascend(smooth, start, 10.0**-steps)
            values.append(smooth(theta)[0])
        assert min(np.diff(values)) >= -rounding(smooth, theta)


def test_a_start_at_zero_rows_is_left():
    """B = 0 is a saddle of every smoothed objective; its upward curvature leads away from almost 0."""
    for seed in range(4):
        objective, _, _ = ica_problem(3, 300, 1, seed)
        start = np.append(1e-6 * np.random.default_rng(seed).standard_normal(9), -1.0)
        theta, _, _ = follow_smoothing(objective, start, 0.003)
        assert np.linalg.norm(theta[:-1].reshape(3, 3), axis=1).min() > 0.05


@pytest.mark.parametrize(("n_data", "few"), [(9000, 2250), (3999, 3999)])
def test_coarse_levels_see_a_few_points_and_fine_ones_all(n_data, few):
    objective, start, _ = ica_problem(2, n_data, 1, 0)
    seen = []

    class Watched(Counting):
        def smoothed(self, epsilon):
            seen.append((epsilon, self.n_data))
            return super().smoothed(epsilon)

        def thinned(self, n_points):
            return Watched(self.objective.thinned(n_points), self.values)

    theta, epsilon, evaluations = follow_smoothing(
        watched := Watched(objective), start, 3.0 / n_data
    )
    assert seen == [(0.3, few), (0.1, few), (0.03, n_data), (0.01, n_data), (0.003, n_data)]
    assert evaluations == len(watched.values)
    # The end is that of all points, whatever the way: the last level's tolerance holds on the whole objective.
    assert np.linalg.norm(objective.smoothed(epsilon)(theta)[1]) <= 0.05 * epsilon


class Scaled:
    """-(cosh(s x) - 1) - (cosh(y/s) - 1) from coordinates of units far apart; gradients of size s and 1/s, the same
    maximum 0."""

    n_data = 1

    def __init__(self, size):
        self.units = np.array([size, 1.0 / size])
        self.n_seen = 0

    def second_order(self, theta):
        self.n_seen += 1
        v = self.units * theta
        with np.errstate(over="ignore"):
            value = -float(np.sum(np.cosh(v) - 1.0))
        return value, -self.units * np.sinh(v), -np.diag(self.units**2 * np.cosh(v))


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-5, 1e-8, 1e3, 1e8])
def test_it_stops_by_the_decrement_whatever_the_units(size):
    """At |gradient| <= 0.01 alone the flat coordinate would be left at its start, and the steep one be asked for too
    much."""
    both = Scaled(size)
    theta, used = ascend(both, np.array([1.5, -1.2]) / both.units, 0.01)
    assert np.abs(both.units * theta).max() <= 0.2 and used < 20
    # One coordinate at its maximum already: the other's gradient may be as small as its units are.
    for start in ([1.5, 0.0], [0.0, -1.2]):
        theta, used = ascend(both, np.array(start) / both.units, 0.01)
        assert np.abs(both.units * theta).max() <= 0.2 and used < 20


def test_a_gradient_that_rounding_keeps_large_does_not_keep_it_going():
    """In units of 1e12 a gradient of 1e-3 is the rounding of v - 1/3; the decrement is 1e-16, and 60 steps would be
    lost."""

    class Steep(Scaled):
        def second_order(self, theta):
            value, gradient, hessian = super().second_order(theta - 1.0 / 3.0 / self.units)
            return value, gradient + 1e-3 * (-1.0) ** self.n_seen * np.array([1.0, 0.0]), hessian

    objective = Steep(1e12)
    theta, used = ascend(objective, np.array([1.5, -1.2]) / objective.units, 1e-5)
    np.testing.assert_allclose(objective.units * theta, 1.0 / 3.0, rtol=0, atol=1e-2)
    assert used < 20


def test_positive_definite_keeps_curvatures_that_differ_by_units_alone():
    rng = np.random.default_rng(5)
    Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    core = (Q * np.array([1.0, -2.0, 3.0])) @ Q.T
    core /= np.sqrt(np.abs(np.outer(np.diag(core), np.diag(core))))
    units = np.array([1.0, 1e-6, 1e6])
    got = positive_definite(core * np.outer(units, units)) / np.outer(units, units)
    eigenvalues, vectors = np.linalg.eigh(core)
    np.testing.assert_allclose(got, (vectors * np.abs(eigenvalues)) @ vectors.T, rtol=0, atol=1e-12)
