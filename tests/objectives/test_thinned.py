"""``thinned``: the objective of every k-th point is the one built from every k-th point, for every objective that is
climbed."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.objectives.base import spacing
from nce_ref.objectives.importance_sampling import ImportanceSamplingObjective
from nce_ref.objectives.score_matching import ScoreMatchingObjective
from nce_ref.objectives.weighted import WeightedObjective
from nce_ref.weights import LogisticWeight

MODEL = nr.LaplaceICA(3)
NOISE = nr.GaussianNoise(np.zeros(3), 2.0 * np.eye(3))
NU = 2.5
BUILD = {
    "nce": lambda x, y: nr.NCEObjective(MODEL, NOISE, x, y, NU),
    "likelihood": lambda x, y: nr.LikelihoodObjective(MODEL, x),
    "importance sampling": lambda x, y: ImportanceSamplingObjective(MODEL, NOISE, x, y),
    "score matching": lambda x, y: ScoreMatchingObjective(MODEL, x),
    "weighted": lambda x, y: WeightedObjective(MODEL, NOISE, x, y, LogisticWeight(NU)),
}


def samples(n_data, n_noise):
    rng = np.random.default_rng([n_data, n_noise])
    return rng.laplace(size=(n_data, 3)), NOISE.sample(n_noise, rng)


def numbers(objective, theta):
    theta = theta[: objective.n_params]
    value, gradient, hessian = objective.smoothed(0.1).second_order(theta)
    here = objective.expand(theta, 0.01)
    return np.concatenate(
        [[value, here.value], gradient, here.gradient, hessian.ravel(), here.kinks.arguments]
    )


@pytest.mark.parametrize("name", BUILD)
def test_it_is_the_objective_of_every_kth_point(name):
    x, y = samples(403, 1007)
    theta = np.random.default_rng(1).standard_normal(10)
    few, direct = BUILD[name](x, y).thinned(100), BUILD[name](x[::4], y[::4])
    assert few.n_data == direct.n_data == 101
    # The same points in the same order: the same numbers, not merely close ones.
    np.testing.assert_array_equal(numbers(few, theta), numbers(direct, theta))
    # The plant: the first points instead of every fourth.
    assert not np.array_equal(numbers(few, theta), numbers(BUILD[name](x[:101], y[:252]), theta))


@pytest.mark.parametrize("name", BUILD)
def test_it_is_itself_where_there_are_not_twice_as_many(name):
    objective = BUILD[name](*samples(199, 500))
    assert objective.thinned(100) is objective


def test_the_smaller_sample_counts():
    assert [
        spacing(100, *sizes) for sizes in ((1000,), (1000, 199), (1000, 200), (300, 10_000), (99,))
    ] == [10, 1, 2, 3, 1]
    few_noise = BUILD["nce"](*samples(1000, 150))
    assert few_noise.thinned(100) is few_noise


def test_sorted_data_are_seen_from_end_to_end():
    x = samples(1000, 1)[0]
    x = x[np.argsort(x[:, 0])]
    few = nr.LikelihoodObjective(MODEL, x).thinned(100).x
    assert few[0, 0] == x[0, 0] and few[-1, 0] == x[990, 0]
