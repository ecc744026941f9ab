"""Status "unbounded": given where J has its supremum at infinity, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.estimators.runaway import _rises_along_a_ray, _separable
from nce_ref.models.base import no_kinks
from nce_ref.optimize.certificate import STATUSES

pytestmark = pytest.mark.long

MODELS = (nr.Gaussian, nr.LaplaceICA)


def separable_samples():
    """(words, x, noise, y): strictly apart, and apart but for a boundary."""
    rng = np.random.default_rng(0)
    far = nr.GaussianNoise([35.0], [[1.0]])
    yield "far noise", rng.standard_normal((300, 1)), far, far.sample(300, rng)
    near = nr.GaussianNoise([3.0], [[0.25]])
    y = near.sample(100, rng)
    yield "a gap between", rng.uniform(-1, 1, (100, 1)) * 0.9 * np.abs(y).min(), near, y
    noise = nr.GaussianNoise(np.zeros(2), np.eye(2))
    a = rng.standard_normal((200, 2))
    yield "a column of zeros", a * [1.0, 0.0], noise, noise.sample(200, rng)
    yield "a line", a[:, :1] * [1.0, 2.0], noise, noise.sample(200, rng)
    yield "all 0", np.zeros((50, 2)), noise, noise.sample(100, rng)
    yield "all equal", np.ones((50, 2)), noise, noise.sample(100, rng)
    cube = nr.GaussianNoise(np.full(3, 1 / 3), np.eye(3))
    one_hot = np.eye(3)[rng.integers(0, 2, 100)]
    yield "a class that never occurs", one_hot, cube, cube.sample(100, rng)


@pytest.mark.parametrize(
    "kind, power", [(nr.Gaussian, -6), (nr.Gaussian, 0), (nr.Gaussian, 6), (nr.LaplaceICA, 3)]
)
def test_separable_samples_are_unbounded_from_every_start(kind, power):
    for words, x, noise, y in separable_samples():
        n, size = x.shape[1], 10.0**power
        model = kind(n)
        moved = nr.GaussianNoise(noise.mean * size, noise.cov * size**2)
        # Where all data are 0 they have no size of their own: the start is theirs who know it.
        starts = [
            model.rescaled(model.random_start(np.random.default_rng(k)), np.eye(n) / size)
            for k in range(3)
        ]
        fit = nr.fit_nce(model, moved, x * size, y * size, start=starts)
        assert [s.status for s in fit.starts] == ["unbounded"] * 3, (words, fit.starts)
        assert not fit.converged and fit.status in STATUSES
        assert "separate" in fit.message
        with pytest.raises(ValueError, match=r"not converged \(unbounded"):
            nr.estimate_covariance(fit)


def test_one_point_among_the_others_bounds_it():
    """The same samples with a noise point inside of the data, and data points at the noise's: no ray is left for the
    Gaussian."""
    rng = np.random.default_rng(1)
    for words, x, noise, y in separable_samples():
        n = x.shape[1]
        model = nr.Gaussian(n)
        inside, outside = x[:1] * 0.5 + x[1:2] * 0.5, y[: 3 * n]
        fit = nr.fit_nce(
            model,
            noise,
            np.concatenate([x, outside]),
            np.concatenate([y, inside, np.zeros((1, n))]),
            n_starts=2,
            rng=rng,
        )
        assert all(s.status != "unbounded" for s in fit.starts), (words, fit.message)


@pytest.mark.parametrize("kind", MODELS)
def test_overlapping_samples_are_never_called_unbounded(kind):
    """Refused or certified: small samples, few noise points, wide noise. With a noise point at the data's mean, 0 is no
    way out for c."""
    for seed in range(30):
        rng = np.random.default_rng([2, seed])
        n = 1 + seed % 3
        noise = nr.GaussianNoise(np.zeros(n), (1.0 + 3.0 * (seed % 2)) * np.eye(n))
        x = rng.laplace(size=(int(rng.integers(30, 100)), n))
        y = np.concatenate(
            [noise.sample(int(rng.integers(20, 100)), rng), 0.1 * x[:8], -0.1 * x[:8]]
        )
        x = np.concatenate([x, 2.0 * y[:10]])
        fit = nr.fit_nce(kind(n), noise, x, y, n_starts=2, rng=rng)
        assert all(s.status != "unbounded" for s in fit.starts), (seed, fit.message)


class Shifted(nr.Gaussian):
    """Said not to be affine: only J along a ray is looked at then."""

    affine_between_kinks = False


def test_a_model_that_is_not_affine_is_judged_along_a_ray():
    rng = np.random.default_rng(4)
    far = nr.GaussianNoise([35.0], [[1.0]])
    x, y = rng.standard_normal((300, 1)), far.sample(300, rng)
    fit = nr.fit_nce(Shifted(1), far, x, y, n_starts=3, rng=rng)
    for start in fit.starts:
        assert not start.is_local_maximum or start.objective < -1e-6
    assert fit.status == "unbounded" and "1024 theta" in fit.message


class Mean:
    """N(mu, 1): one parameter, normalised. Far from its noise J is all but 0 at the best mu, which is finite."""

    n_dim, n_params, affine_between_kinks = 1, 1, False

    def evaluate(self, theta, u):
        return _MeanPass(theta[0], u[:, 0])

    def smoothed(self, epsilon):
        return self


class _MeanPass:
    def __init__(self, mu, u):
        self.d = u - mu
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


def test_a_bounded_problem_whose_value_is_all_but_0_is_not_called_unbounded():
    rng = np.random.default_rng(5)
    noise = nr.GaussianNoise([0.0], [[1.0]])
    x, y = 12.0 + rng.standard_normal((50, 1)), noise.sample(50, rng)
    fit = nr.fit_nce(Mean(), noise, x, y, start=[11.0])
    assert fit.objective > -1e-6 and fit.status != "unbounded"


def test_score_matching_without_a_bound_is_unbounded():
    """More than one point in 1 + sqrt2 slope = 15.1 in a hyperplane: a row across it grows for ever."""
    rng = np.random.default_rng(6)
    line = rng.standard_normal((50, 1)) * np.array([1.0, 2.0])
    for model, start in (
        (nr.LaplaceICA(2), [1.0, 0.0, 0.0, 1.0, 0.0]),
        (nr.Gaussian(2), [1.0, 0.0, 1.0, 0.0]),
    ):
        for size in (1e-6, 1.0, 1e6):
            there = model.rescaled(start, np.eye(2) / size)
            fit = nr.fit_score_matching(model, line * size, start=there)
            assert fit.status == "unbounded" and not fit.converged, (size, fit.message)


def test_score_matching_with_some_points_in_a_hyperplane_is_unbounded():
    """Full rank, but more than one point in 15 at 0, or on a line."""
    rng = np.random.default_rng(7)
    zeros = np.concatenate([np.zeros((4, 1)), [[1.0], [2.0], [-1.5]]])
    fit = nr.fit_score_matching(nr.LaplaceICA(1), zeros, start=[1.0, 0.0])
    assert fit.status == "unbounded", fit.message
    line = np.concatenate([rng.standard_normal((12, 1)) * [1.0, 0.0], rng.standard_normal((6, 2))])
    fit = nr.fit_score_matching(nr.LaplaceICA(2), line, start=[1.0, 0.0, 0.0, 30.0, 0.0])
    assert fit.status == "unbounded", fit.message


def test_a_way_across_a_kink_of_the_data_is_no_way_out():
    """Noise inside of the data: rows g separate at b > 0, by a step to b < 0, where |b x| grows again."""
    objective = nr.NCEObjective(
        nr.LaplaceICA(1),
        nr.GaussianNoise([0.0], [[1.0]]),
        [[5.0], [6.0], [-5.5]],
        [[0.1], [-0.2], [0.3]],
    )
    assert _separable(objective, np.array([0.3, -1.0])) == (False, False)
    swapped = nr.NCEObjective(
        objective.model, nr.GaussianNoise([0.0], [[9.0]]), [[0.1], [-0.2]], [[5.0]]
    )
    assert _separable(swapped, np.array([0.3, -1.0])) == (False, True)


@pytest.mark.parametrize(
    "J, rises",
    [
        (lambda r: -1e-8 / r, True),
        (lambda r: -1e-8 / r if r < 100 else 0.0, True),
        (lambda r: -1.0 / r, False),  # rises, from far below its supremum
        (lambda r: -1e-9 * r, False),
        (lambda r: -1e-8 / r if r < 100 else -1e-9, False),  # and stays there
        (lambda r: -1e-8 / r if r < 100 else -np.inf, False),
    ],
)
def test_a_ray_is_one_only_if_it_rises_at_each_doubling_near_the_supremum(J, rises):
    found = _rises_along_a_ray(lambda theta: (J(np.linalg.norm(theta)), None), np.array([0.6, 0.8]))
    assert (found is not None) == rises
