"""objectives/contrastive_divergence.py: D is 0 in the mean at the truth, K is its covariance and minus its derivative.

Statistical tests: a |z| up to 6 passes, two-sided 2e-9 a number, below 1e-7 in all.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.hmc import hmc_transition
from nce_ref.objectives import ContrastiveDivergence

MODEL = nr.LaplaceICA(2)
TRUTH = MODEL.pack([[1.0, 0.4], [-0.3, 1.2]], 0.0)
ALPHA = TRUTH[:-1]


def made(x, n_transitions=1, scale=None, jitter=0.2):
    return ContrastiveDivergence(
        MODEL, x, n_transitions, 3, np.eye(2) if scale is None else scale, jitter
    )


@pytest.mark.parametrize(
    "scale, n_transitions", [(None, 1), (np.array([[2.0, 0.0], [0.7, 0.5]]), 2)]
)
def test_at_the_truth_D_is_noise_of_covariance_2K_over_n(scale, n_transitions):
    """D^T (2K/n)^-1 D over 30 samples is chi2 with 120 degrees of freedom, sd 15: within 6 of them. A tenth too much
    scale in the model (the plant) moves D by K 0.1 alpha, a chi2 of n 0.1^2 alpha K alpha/2 each, some 10 at n =
    4000."""
    rng = np.random.default_rng(10)
    right = wrong = 0.0
    for _ in range(30):
        problem = made(MODEL.sample(TRUTH, 4000, rng), n_transitions, scale)
        for factor in (1.0, 1.1):
            direction, acceptance = problem.direction(factor * ALPHA, 0.3, rng)
            K = problem.metrics(factor * ALPHA, 0.3, rng)[0]
            distance = direction @ np.linalg.solve(2.0 * K / 4000, direction)
            right, wrong = (right + distance, wrong) if factor == 1.0 else (right, wrong + distance)
        assert 0.3 < acceptance < 1.0
    assert abs(right - 120.0) < 6 * math.sqrt(240.0)
    assert wrong > 120.0 + 9 * math.sqrt(240.0)


def test_K_is_minus_the_derivative_of_the_mean_of_D():
    """E D(alpha* + h) - E D(alpha* - h) along the four coordinates against -2 K h: 200 000 points, h = 0.1.

    The difference over 2h has a standard deviation of sqrt(2 * 2 K_ii/200000)/0.2 = 0.026, K from 4000 points one of
    some 4 %, 0.05 at the largest entry, 1.34; the remainder of third order is 1 %. Together 20 % of that entry is 4.5
    standard deviations, and more at the others. The plant, Cov(g) in K's place, is off by 43 %.
    """
    rng = np.random.default_rng(11)
    problem = made(MODEL.sample(TRUTH, 200_000, rng))
    K, fisher = problem.metrics(ALPHA, 0.3, rng)
    slope, g = np.empty((4, 4)), MODEL.jacobian(TRUTH, problem.x[:4000])[:, :-1]
    np.testing.assert_allclose(
        fisher, (g - g.mean(axis=0)).T @ (g - g.mean(axis=0)) / 4000, rtol=1e-9, atol=1e-12
    )
    for j in range(4):
        step = 0.1 * np.eye(4)[j]
        slope[:, j] = (
            -(
                problem.direction(ALPHA + step, 0.3, rng)[0]
                - problem.direction(ALPHA - step, 0.3, rng)[0]
            )
            / 0.2
        )
    assert np.abs(slope - K).max() <= 0.2 * np.abs(K).max()
    assert np.abs(slope - fisher).max() > 0.3 * np.abs(K).max()


def test_k_transitions_are_one_after_the_other():
    """CD-k by hand, from the same draws: each transition begins where the last one ended. The plant begins at the data
    each time."""
    x, scale = (
        MODEL.sample(TRUTH, 200, np.random.default_rng(0)),
        np.array([[2.0, 0.0], [0.7, 0.5]]),
    )
    got, acceptance = made(x, 3, scale).direction(ALPHA, 0.3, np.random.default_rng(1))

    def by_hand(chained):
        rng, z, rates = np.random.default_rng(1), np.linalg.solve(scale, x.T).T, []
        first = z
        fields = (
            (lambda z: MODEL.log_density(TRUTH, z @ scale.T)),
            (lambda z: MODEL.score(TRUTH, z @ scale.T) @ scale),
        )
        for _ in range(3):
            moved = hmc_transition(
                *fields, z if chained else first, 0.3 * rng.uniform(0.8, 1.2, 200), 3, rng
            )
            z, rates = moved.points, [*rates, moved.acceptance]
        g = MODEL.jacobian(TRUTH, x).mean(axis=0) - MODEL.jacobian(TRUTH, z @ scale.T).mean(axis=0)
        return g[:-1], np.mean(rates)

    np.testing.assert_allclose(got, by_hand(True)[0], rtol=1e-10, atol=1e-13)
    assert acceptance == pytest.approx(by_hand(True)[1], rel=1e-12)
    assert np.abs(got - by_hand(False)[0]).max() > 1e-3


def test_it_draws_from_the_generator_alone():
    x = MODEL.sample(TRUTH, 50, np.random.default_rng(0))
    one, two = (made(x).direction(ALPHA, 0.3, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(one[0], two[0])
    assert one[1] == two[1]


def test_refused_moves_give_no_direction():
    x = MODEL.sample(TRUTH, 50, np.random.default_rng(0))
    direction, acceptance = made(x).direction(ALPHA, 1e6, np.random.default_rng(1))
    assert acceptance == 0.0 and not direction.any()


def test_bad_input_is_refused_by_name():
    x = np.ones((5, 2))
    for bad in (np.ones((5, 3)), np.full((5, 2), np.nan), np.ones((0, 2))):
        with pytest.raises(ValueError, match="x: "):
            made(bad)
    for scale in (np.ones((2, 2)), np.eye(3), np.full((2, 2), np.nan)):
        with pytest.raises(ValueError, match="scale: "):
            made(x, scale=scale)
    for jitter in (-0.1, 1.0, math.nan):
        with pytest.raises(ValueError, match="jitter: "):
            made(x, jitter=jitter)
    for count in (0, 1.5):
        with pytest.raises(ValueError, match="n_transitions: "):
            made(x, n_transitions=count)
    huge = ContrastiveDivergence(nr.Gaussian(1), np.array([[1e160], [2e160]]), 1, 3, np.eye(1), 0.0)
    with pytest.raises(
        ValueError, match="x: the spread of d ln p_m/d alpha over it leaves float64"
    ):
        huge.metrics(np.array([1e-320]), 1e159, np.random.default_rng(0))
    # The moves are all refused, so that K is 0: F alone leaves float64.
    huge = ContrastiveDivergence(nr.Gaussian(1), np.array([[1e80], [2e80]]), 1, 3, np.eye(1), 0.0)
    assert huge.direction(np.array([1.0]), 30.0, np.random.default_rng(0))[1] == 0.0
    with pytest.raises(ValueError, match="leaves float64"):
        huge.metrics(np.array([1.0]), 30.0, np.random.default_rng(0))
