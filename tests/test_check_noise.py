"""check_noise: right noises pass, each planted fault is found and told, and the stated rates and powers hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.noise.reference import Reference
from nce_ref.noise.same_law import law_test

COV = np.array([[4.0, 1.2, 0.0], [1.2, 1.0, 0.3], [0.0, 0.3, 2.0]])
RIGHT = nr.GaussianNoise([1.0, -2.0, 0.5], COV)


class Planted:
    """RIGHT, drawn or evaluated otherwise."""

    def __init__(self, sample=RIGHT.sample, log_density=RIGHT.log_density):
        self.sample, self.log_density = sample, log_density


def drawn_with(factor):
    return lambda n, rng: rng.standard_normal((n, 3)) @ factor.T + RIGHT.mean


def of_points(change):
    """log_density after a change of what it returns."""
    return lambda u: change(RIGHT.log_density(u))


def a_seed_inside(n, rng):
    return RIGHT.sample(n, np.random.default_rng(0))


def numbers_of_its_own(n, rng):
    return RIGHT.sample(n, np.random.default_rng(np.random.SeedSequence()))


def spoils(u):
    u -= RIGHT.mean
    return nr.GaussianNoise(np.zeros(3), COV).log_density(u)


FACTOR = np.linalg.cholesky(COV)
PLANTS = {  # the noise, the finding that must fail, what it must say
    "covariance wider": (Planted(drawn_with(1.2 * FACTOR)), "same law", "spread wider"),
    "factor transposed": (Planted(drawn_with(FACTOR.T)), "same law", "not of the density"),
    "variances for deviations": (
        Planted(
            drawn_with(np.diag(np.diag(COV))),
            nr.GaussianNoise(RIGHT.mean, np.diag(np.diag(COV))).log_density,
        ),
        "same law",
        "standard deviation",
    ),
    "correlation left out": (
        Planted(drawn_with(np.diag(np.sqrt(np.diag(COV))))),
        "same law",
        "correlated",
    ),
    "mean forgotten": (
        Planted(lambda n, rng: RIGHT.sample(n, rng) - RIGHT.mean),
        "same law",
        "look at the mean",
    ),
    "the density itself": (
        Planted(log_density=of_points(np.exp)),
        "same law",
        "returns the density",
    ),
    "an energy": (Planted(log_density=of_points(np.negative)), "same law", "minus the log-density"),
    "base ten": (
        Planted(log_density=of_points(lambda q: q / math.log(10.0))),
        "same law",
        "base 10",
    ),
    "half": (Planted(log_density=of_points(lambda q: q / 2)), "same law", "half the log-density"),
    "no 2 pi": (
        Planted(log_density=of_points(lambda q: q + 1.5 * math.log(2 * math.pi))),
        "normalised",
        "ln 2 pi",
    ),
    "log det wrong": (
        Planted(log_density=of_points(lambda q: q + 0.2)),
        "same law",
        "by a factor only",
    ),
    "uniform for normal": (
        Planted(
            lambda n, rng: rng.uniform(-1.0, 1.0, (n, 3)) @ (math.sqrt(3.0) * FACTOR.T) + RIGHT.mean
        ),
        "same law",
        "not of the density",
    ),
    "on a plane": (
        Planted(lambda n, rng: RIGHT.sample(n, rng) * [1.0, 1.0, 0.0]),
        "same law",
        "no density",
    ),
    "a maximum over the batch": (
        Planted(log_density=of_points(lambda q: q - q.max())),
        "one point and many",
        "its own point",
    ),
    "points changed": (Planted(log_density=spoils), "shapes", "changes the points"),
    "a column": (
        Planted(log_density=of_points(lambda q: q[:, None])),
        "shapes",
        "shape (20000, 1)",
    ),
    "transposed": (
        Planted(lambda n, rng: RIGHT.sample(n, rng).T),
        "shapes",
        "expected (20000, n_dim)",
    ),
    "not finite": (
        Planted(log_density=of_points(lambda q: np.where(q > -3.6, np.nan, q))),
        "shapes",
        "is nan at",
    ),
    "no sample": (Planted(sample=None), "shapes", "no method sample"),
    "raises": (Planted(log_density=lambda u: 1 / 0), "shapes", "ZeroDivisionError"),
    "a seed inside": (Planted(a_seed_inside), "randomness", "two draws in a row"),
    "global state": (Planted(numbers_of_its_own), "randomness", "other points the second time"),
}


def test_a_right_noise_passes_and_says_what_it_saw():
    x = RIGHT.sample(500, np.random.default_rng(1))
    report = nr.check_noise(RIGHT, np.random.default_rng(2), x)
    assert report.ok and {f.status for f in report.findings} == {"passed"}, str(report)
    assert "all variances off by" in report["same law"].power
    assert str(report).startswith("noise GaussianNoise passed its check: 6 passed")


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_fault_is_found_and_told(plant):
    noise, finding, words = PLANTS[plant]
    report = nr.check_noise(noise, np.random.default_rng(3))
    assert not report.ok
    assert report[finding].status == "failed" and words in report[finding].message, str(report)
    assert "FAILED" in str(report) and words in str(report)


def test_a_missing_constant_is_seen_in_one_dimension_by_quadrature_and_for_discrete_noise():
    line = nr.GaussianNoise([0.0], [[4.0]])
    off = Planted(line.sample, lambda u: line.log_density(u) + 1e-6)
    report = nr.check_noise(off, np.random.default_rng(4))
    assert not report.ok and "by quadrature" in report["normalised"].message
    bits = nr.BernoulliNoise([0.2, 0.7, 0.5])
    off = Planted(bits.sample, lambda u: bits.log_density(u) + math.log(2.0))
    report = nr.check_noise(off, np.random.default_rng(5))
    assert not report.ok and "factor only" in report["same law"].message
    # A probability mass beside a density: points of the one, evaluated by the other.
    for sample, log_density in (
        (bits.sample, nr.GaussianNoise(np.zeros(3), np.eye(3)).log_density),
        (nr.GaussianNoise(np.zeros(3), np.eye(3)).sample, bits.log_density),
    ):
        assert not nr.check_noise(Planted(sample, log_density), np.random.default_rng(6)).ok


def test_whether_data_are_covered_is_told():
    rng = np.random.default_rng(7)
    box = nr.UniformNoise([-1.0], [1.0])
    report = nr.check_noise(box, rng, [[0.0], [3.0]])
    assert (
        not report.ok
        and "-inf at 1 of 2 data points, the first [3.]" in report["covers the data"].message
    )
    narrow = nr.GaussianNoise([0.0], [[1.0]])
    heavy = rng.standard_t(2.0, (5000, 1))
    assert nr.check_noise(narrow, rng, heavy)["covers the data"].status == "warning"
    assert nr.check_noise(narrow, rng, heavy).ok
    assert not nr.check_noise(narrow, rng, heavy + 5.0).ok
    with pytest.raises(ValueError, match="n_points: got 10; expected at least 2000"):
        nr.check_noise(narrow, rng, n_points=10)
    assert not nr.check_noise(narrow, rng, np.zeros((3, 2))).ok  # its dimension is another


def p_values(sample, log_density, count, n_points, rng):
    found = []
    for _ in range(count):
        y, reference = sample(n_points, rng), Reference(sample(2000, rng))
        found.append(law_test(log_density, y, reference, reference.sample(n_points, rng)))
    return found


def test_the_score_tests_level_and_power_are_as_stated():
    """p of 200 right noises is uniform: Kolmogorov-Smirnov at 1e-6. A spread off by the stated size is seen 99 times in
    100: of 40, fewer than 33 by chance once in 1e6."""
    from scipy import stats

    rng = np.random.default_rng(8)
    p = [found.p_value for found in p_values(RIGHT.sample, RIGHT.log_density, 200, 2000, rng)]
    assert stats.kstest(p, "uniform").pvalue > 1e-6
    stated = p_values(RIGHT.sample, RIGHT.log_density, 1, 4000, rng)[0].power
    size = float(stated.split("all variances off by ")[1].split("%")[0]) / 100.0
    wider = drawn_with(math.sqrt(1.0 + size) * FACTOR)
    seen = [f.p_value < 1e-5 for f in p_values(wider, RIGHT.log_density, 40, 4000, rng)]
    assert sum(seen) >= 33


class RingWithoutJacobian:
    """A radius and an angle drawn, their density evaluated without the factor 1/r: symmetric, so that no location can
    be wrong."""

    n_dim = 2

    def log_density(self, u):
        r = np.linalg.norm(u, axis=1)
        return (
            -0.5 * ((r - 4.0) / 0.5) ** 2
            - 0.5 * math.log(2.0 * math.pi * 0.25)
            - math.log(2.0 * math.pi)
        )

    def sample(self, n_points, rng):
        r, angle = rng.normal(4.0, 0.5, n_points), rng.uniform(0.0, 2.0 * math.pi, n_points)
        return np.column_stack([r * np.cos(angle), r * np.sin(angle)])


@pytest.mark.parametrize("seed", range(3))
def test_what_shows_in_several_features_alone_is_not_put_on_one(seed):
    """Each feature's z is that of chance there (below 3 in six draws of six), their sum is not: p = 1e-12 and less."""
    found = nr.check_noise(RingWithoutJacobian(), np.random.default_rng(seed))["same law"]
    assert found.status == "failed" and "Jacobian" in found.message
    assert "look at the mean" not in found.message
