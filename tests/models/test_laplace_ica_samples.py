"""What LaplaceICA draws: samples, transported points and starts have the law they should, and wrong samplers are
seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from nce_ref import LaplaceICA

SQRT2 = math.sqrt(2.0)
# False-alarm rate of one statistical test here; fixed seeds, some 20 tests.
ALPHA = 1e-6
B_SAMPLE = np.array([[1.0, 0.5, 0.0], [-0.3, 2.0, 0.4], [0.7, 0.0, -0.5]])
N_SAMPLE = 20_000


def sources_are_right(x, B):
    """Sources B x are unit Laplace and uncorrelated, in value and in size.

    Kolmogorov-Smirnov and correlations at ALPHA each, 9 tests. Power: with 20 000 points a Kolmogorov distance above
    0.036 is seen for certain; scale 1 in place of 1/sqrt2 has 0.08, a transposed mixing matrix more.
    """
    s = x @ B.T
    n, bound = s.shape[1], stats.norm.isf(ALPHA / 2) / math.sqrt(len(s))
    laws = [
        stats.kstest(s[:, i], stats.laplace(scale=1 / SQRT2).cdf).pvalue > ALPHA for i in range(n)
    ]
    off = ~np.eye(n, dtype=bool)
    correlations = [np.abs(np.corrcoef(v, rowvar=False))[off].max() < bound for v in (s, np.abs(s))]
    return all(laws) and all(correlations)


def test_sample_has_the_law_of_the_model():
    model = LaplaceICA(3)
    x = model.sample(model.pack(B_SAMPLE, 9.9), N_SAMPLE, np.random.default_rng(11))
    assert x.shape == (N_SAMPLE, 3) and sources_are_right(x, B_SAMPLE)


A_SAMPLE = np.linalg.inv(B_SAMPLE)
PLANTS = {
    "source-scale": lambda rng: rng.laplace(scale=1.0, size=(N_SAMPLE, 3)) @ A_SAMPLE.T,
    "mixing matrix transposed": lambda rng: (
        rng.laplace(scale=1 / SQRT2, size=(N_SAMPLE, 3)) @ A_SAMPLE
    ),
    "B in place of its inverse": lambda rng: (
        rng.laplace(scale=1 / SQRT2, size=(N_SAMPLE, 3)) @ B_SAMPLE.T
    ),
    "Gaussian sources of the right variance": lambda rng: (
        rng.standard_normal((N_SAMPLE, 3)) @ A_SAMPLE.T
    ),
    "one radius for all sources": lambda rng: (
        rng.exponential(1 / SQRT2, (N_SAMPLE, 1))
        * rng.choice([-1.0, 1.0], (N_SAMPLE, 3))
        @ A_SAMPLE.T
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_sampler_is_caught(plant):
    assert not sources_are_right(PLANTS[plant](np.random.default_rng(12)), B_SAMPLE)


def test_transport_inverts_the_distribution_function_also_in_the_tails():
    model = LaplaceICA(3)
    theta = model.pack(B_SAMPLE, 0.0)
    q = np.array(
        [
            [0.5, 0.25, 0.75],
            [1e-300, 1e-17, 0.1],
            [1 - 2**-53, 0.5 + 2**-52, 0.3],
            [0.2499, 0.2501, 0.999],
        ]
    )
    s = model.transport(theta, q) @ B_SAMPLE.T
    # exp of an exponent of size |s| off by cond(B) eps |s| max(...): relative 1e-15 * 690 * 10 in the deepest tail.
    exact = np.where(q < 0.5, np.log(2 * q), -np.log1p(-(2 * q - 1))) / SQRT2
    np.testing.assert_allclose(s, exact, rtol=0, atol=1e-14 * 500)
    middle = model.transport(theta, np.full((1, 3), 0.5))
    np.testing.assert_array_equal(middle, 0.0)
    rng = np.random.default_rng(13)
    assert sources_are_right(model.transport(theta, rng.uniform(size=(N_SAMPLE, 3))), B_SAMPLE)


def test_random_start_has_the_spread_that_reproduces_the_paper():
    """B from 0.1 N(0, 1), c from N(0, 1): mean squares against chi-squared, two-sided at ALPHA; 3 % off is seen at 17 x
    2000."""
    model, rng = LaplaceICA(4), np.random.default_rng(14)
    starts = np.stack([model.random_start(rng) for _ in range(2000)])
    assert starts.shape == (2000, 17)
    for entries, scale in ((starts[:, :-1], 0.1), (starts[:, -1], 1.0)):
        p = stats.chi2(entries.size).sf(((entries / scale) ** 2).sum())
        assert ALPHA / 2 < p < 1 - ALPHA / 2
        assert abs(entries.mean()) < stats.norm.isf(ALPHA / 2) * scale / math.sqrt(entries.size)


def test_draws_come_from_the_generator_alone():
    model, theta = LaplaceICA(2), np.array([1.0, 0.2, 0.0, 1.0, 0.0])
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the global state must not move
    draws = [
        (model.sample(theta, 4, rng), model.random_start(rng))
        for rng in (np.random.default_rng(3), np.random.default_rng(3))
    ]
    np.testing.assert_array_equal(draws[0][0], draws[1][0])
    np.testing.assert_array_equal(draws[0][1], draws[1][1])
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
