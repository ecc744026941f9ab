"""noise/gaussian.py and noise/laplace_ica.py: the density is normalised, and it is the density of the very samples. c
hides the one, nothing mends the other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from nce_ref import GaussianNoise, LaplaceICANoise
from tests.models.face import circle_integral

SQRT2 = math.sqrt(2.0)
ALPHA = 1e-6  # false-alarm rate of one statistical check; fixed seeds, some 20 of them
MEAN = np.array([1.0, -2.0, 0.5])
COV = np.array(
    [[9.0, 2.1, -0.6], [2.1, 0.74, 0.06], [-0.6, 0.06, 0.24]]
)  # ln det = -2.4, far from diagonal
B = np.array([[3.0, 1.5, 0.0], [-0.3, 2.0, 0.4], [0.7, 0.0, -0.5]])  # ln|det| = 1.0
N_SAMPLE = 40_000


# --- the density ----------------------------------------------------------------------------------


def test_gaussian_log_density_is_the_textbook_form():
    rng = np.random.default_rng(1)
    u = MEAN + 5.0 * rng.standard_normal((20, 3))
    precision = np.linalg.inv(COV)
    quadratic = [
        sum((p - MEAN)[i] * precision[i, j] * (p - MEAN)[j] for i in range(3) for j in range(3))
        for p in u
    ]
    want = (
        -0.5 * np.array(quadratic)
        - 0.5 * math.log(np.linalg.det(COV))
        - 1.5 * math.log(2 * math.pi)
    )
    # The inverse carries cond(COV), some hundred, times eps, on quadratic forms of some hundred.
    np.testing.assert_allclose(GaussianNoise(MEAN, COV).log_density(u), want, rtol=1e-12)


@pytest.mark.parametrize("cov", [[[0.01]], [[9.0, 2.0], [2.0, 0.8]]], ids=str)
def test_gaussian_density_integrates_to_one(cov):
    """Trapezoidal sums over a box of 9 standard deviations: e^-40 is cut off, and steps of sd_min/2 err by e^(-8
    pi^2)."""
    n = len(cov)
    sizes = np.sqrt(np.linalg.eigvalsh(cov))
    step, reach = sizes[0] / 2, 9 * sizes[-1]
    line = np.arange(-reach, reach, step)
    points = np.stack(np.meshgrid(*[line] * n), axis=-1).reshape(-1, n)
    noise = GaussianNoise(np.full(n, 0.3 * step), cov)
    assert np.exp(noise.log_density(points)).sum() * step**n == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    "noise", [GaussianNoise(MEAN, COV), LaplaceICANoise(B)], ids=lambda n: type(n).__name__
)
def test_score_is_the_derivative_in_the_point(noise):
    """ln p_n is quadratic, or linear beside kinks: central differences err by rounding alone, eps |ln p_n| / h =
    1e-10."""
    u, h = 2.0 * np.random.default_rng(3).standard_normal((20, 3)), 1e-4
    score = noise.score(u)
    assert score.shape == u.shape and score.flags.c_contiguous
    for j, e in enumerate(h * np.eye(3)):
        np.testing.assert_allclose(
            score[:, j],
            (noise.log_density(u + e) - noise.log_density(u - e)) / (2 * h),
            rtol=0,
            atol=1e-8,
        )


def test_laplace_log_density_is_the_textbook_form_for_both_signs_of_det():
    u = np.random.default_rng(2).standard_normal((20, 3))
    for demixing in (B, B[[1, 0, 2]]):
        want = [
            -SQRT2 * sum(abs(b @ p) for b in demixing)
            + math.log(abs(np.linalg.det(demixing)))
            - 1.5 * math.log(2.0)
            for p in u
        ]
        np.testing.assert_allclose(LaplaceICANoise(demixing).log_density(u), want, rtol=1e-12)


def test_laplace_density_integrates_to_one():
    line = LaplaceICANoise([[-2.5]])
    assert 2 * quad(lambda u: math.exp(line.log_density([[u]])[0]), 0, np.inf, epsrel=1e-11)[
        0
    ] == pytest.approx(1.0, abs=1e-10)
    plane = LaplaceICANoise([[0.2, 3.0], [1.0, 0.1]])
    c = plane.log_density([[0.0, 0.0]])[
        0
    ]  # ln p_n = c - r a(phi): the radial integral is e^c / a^2
    breaks = [math.atan2(b[1], b[0]) + k * math.pi / 2 for b in plane.B for k in (1, 3)]
    mass = circle_integral(lambda e: math.exp(c) / (c - plane.log_density(e[None])[0]) ** 2, breaks)
    assert mass == pytest.approx(1.0, abs=1e-10)


# --- the samples are of that density --------------------------------------------------------------


def sampled_from_its_density(noise, centre, cov, rng):
    """E_y[f(y)/p_n(y)] = int f = 1 for normal densities f narrower than p_n: ``sample`` and ``log_density`` alone, no
    formula.

    f = N(centre, w cov), and a diagonal covariance squeezed into cov's ellipsoid; the weights f/p_n are bounded, so
    the mean is normal to a good approximation: two-sided z at ALPHA each. Power: 40 000 points see a constant of
    0.03 in ln p_n, hence every missing ln 2 pi or ln det here (over 1), and a factor of 1.03 in a variance.
    """
    y = noise.sample(N_SAMPLE, rng)
    assert y.shape == (N_SAMPLE, len(centre))
    log_density = noise.log_density(y)
    inside = np.diag(1.0 / np.diag(np.linalg.inv(cov))) / len(
        cov
    )  # P <= n diag(P) for every precision P
    for covariance in (0.5 * cov, 0.8 * cov, inside):
        weights = np.exp(stats.multivariate_normal(centre, covariance).logpdf(y) - log_density)
        z = (weights.mean() - 1.0) / (weights.std() / math.sqrt(N_SAMPLE))
        if abs(z) > stats.norm.isf(ALPHA / 2):
            return False
    return True


def covariance_is(y, mean, cov):
    """Sample mean and covariance of normal y: T (tr S - n - ln det S) and T|L^-1(ybar - mean)|^2 against
    chi-squared."""
    factor, n, t = np.linalg.cholesky(cov), y.shape[1], len(y)
    z = np.linalg.solve(factor, (y - mean).T)
    S = np.cov(z)
    spread = t * (np.trace(S) - n - np.linalg.slogdet(S)[1])  # the likelihood ratio
    return (
        stats.chi2(n * (n + 1) // 2).sf(spread) > ALPHA
        and stats.chi2(n).sf(t * (z.mean(axis=1) ** 2).sum()) > ALPHA
    )


def test_gaussian_samples_are_of_the_density():
    noise, rng = GaussianNoise(MEAN, COV), np.random.default_rng(31)
    assert sampled_from_its_density(noise, MEAN, COV, rng)
    y = noise.sample(N_SAMPLE, rng)
    assert covariance_is(y, MEAN, COV)
    z = np.linalg.solve(np.linalg.cholesky(COV), (y - MEAN).T)
    assert all(stats.kstest(row, "norm").pvalue > ALPHA for row in z)


def test_laplace_samples_are_of_the_density():
    noise, rng = LaplaceICANoise(B), np.random.default_rng(32)
    A = np.linalg.inv(B)
    assert sampled_from_its_density(
        noise, np.zeros(3), 0.3 * A @ A.T, rng
    )  # narrow: a normal density's tails are the lighter
    s = noise.sample(N_SAMPLE, rng) @ B.T
    assert all(
        stats.kstest(s[:, i], stats.laplace(scale=1 / SQRT2).cdf).pvalue > ALPHA for i in range(3)
    )
    assert np.abs(np.corrcoef(s.T)[np.triu_indices(3, 1)]).max() < stats.norm.isf(
        ALPHA / 6
    ) / math.sqrt(N_SAMPLE)


class Spoilt:
    """Noise that draws, or evaluates, by another formula."""

    def __init__(self, sample=None, log_density=None, right=None):
        self.right = right or GaussianNoise(MEAN, COV)
        self.draw, self.evaluate = sample, log_density

    def sample(self, n_points, rng):
        return self.right.sample(n_points, rng) if self.draw is None else self.draw(n_points, rng)

    def log_density(self, u):
        return self.right.log_density(u) if self.evaluate is None else self.evaluate(u)


FACTOR = np.linalg.cholesky(COV)


def _normal(transform):
    return lambda n_points, rng: transform(rng.standard_normal((n_points, 3))) + MEAN


def _without(constant):
    return lambda u: GaussianNoise(MEAN, COV).log_density(u) + constant


GAUSSIAN_PLANTS = {
    "cholesky-side": Spoilt(sample=_normal(lambda z: z @ FACTOR)),
    "std-for-variance": Spoilt(sample=_normal(lambda z: z @ COV)),
    "diagonal only": Spoilt(sample=_normal(lambda z: z * np.sqrt(np.diag(COV)))),
    "mean forgotten": Spoilt(
        sample=lambda n_points, rng: rng.standard_normal((n_points, 3)) @ FACTOR.T
    ),
    "gauss-no-2pi": Spoilt(log_density=_without(1.5 * math.log(2 * math.pi))),
    "gauss-no-logdet": Spoilt(log_density=_without(np.log(np.diag(FACTOR)).sum())),
    "ln det in place of half of it": Spoilt(log_density=_without(-np.log(np.diag(FACTOR)).sum())),
    "no 1/2 in front of the square": Spoilt(
        log_density=lambda u: 2 * GaussianNoise(MEAN, COV).log_density(u)
    ),
    "variance 3 % too large": Spoilt(sample=_normal(lambda z: math.sqrt(1.03) * z @ FACTOR.T)),
}


@pytest.mark.parametrize("plant", GAUSSIAN_PLANTS)
def test_a_planted_gaussian_is_caught(plant):
    noise, rng = GAUSSIAN_PLANTS[plant], np.random.default_rng(33)
    assert not (
        sampled_from_its_density(noise, MEAN, COV, rng)
        and covariance_is(noise.sample(N_SAMPLE, rng), MEAN, COV)
    )


A, LOG_DET_B = np.linalg.inv(B), float(np.log(abs(np.linalg.det(B))))
LAPLACE = LaplaceICANoise(B)
LAPLACE_PLANTS = {
    "source-scale": Spoilt(
        sample=lambda n_points, rng: rng.laplace(size=(n_points, 3)) @ A.T, right=LAPLACE
    ),
    "laplace-scale": Spoilt(
        log_density=lambda u: -np.abs(u @ B.T).sum(axis=1) + LOG_DET_B - 3 * math.log(2.0),
        right=LAPLACE,
    ),
    "no-logdet-B": Spoilt(log_density=lambda u: LAPLACE.log_density(u) - LOG_DET_B, right=LAPLACE),
    "no ln 2": Spoilt(
        log_density=lambda u: LAPLACE.log_density(u) + 1.5 * math.log(2.0), right=LAPLACE
    ),
    "mixing matrix transposed": Spoilt(
        sample=lambda n, rng: rng.laplace(scale=1 / SQRT2, size=(n, 3)) @ A, right=LAPLACE
    ),
}


@pytest.mark.parametrize("plant", LAPLACE_PLANTS)
def test_a_planted_laplace_noise_is_caught(plant):
    assert not sampled_from_its_density(
        LAPLACE_PLANTS[plant], np.zeros(3), 0.3 * A @ A.T, np.random.default_rng(34)
    )


# --- from_data, and the rest ----------------------------------------------------------------------


def test_from_data_takes_the_sample_mean_and_divides_by_one_less_than_the_number():
    x = np.random.default_rng(4).standard_normal((7, 2)) @ [[2.0, 1.0], [0.0, 0.3]] + 5.0
    noise = GaussianNoise.from_data(x)
    mean = x.sum(axis=0) / 7
    textbook = sum(np.outer(p - mean, p - mean) for p in x) / 6
    np.testing.assert_allclose(noise.mean, mean, rtol=1e-14)
    np.testing.assert_allclose(noise.cov, textbook, rtol=1e-13)
    for ddof in (0, 2):  # plants: 1/7 and 1/5
        assert np.abs(np.cov(x.T, ddof=ddof) / textbook - 1).min() > 0.1
    np.testing.assert_array_equal(GaussianNoise.from_data(x[:, :1]).cov.shape, (1, 1))


def test_equal_generators_give_equal_draws_and_arguments_are_copied():
    mean, cov = np.zeros(2), np.eye(2)
    noise = GaussianNoise(mean, cov)
    mean[:], cov[:] = 9.0, 9.0
    np.testing.assert_array_equal(noise.mean, 0.0)
    np.testing.assert_array_equal(noise.cov, np.eye(2))
    for some in (noise, LaplaceICANoise([[1.0, 2.0], [0.0, 1.0]])):
        np.testing.assert_array_equal(
            some.sample(3, np.random.default_rng(5)), some.sample(3, np.random.default_rng(5))
        )
        assert some.n_dim == 2


def test_far_points_have_finite_log_densities():
    assert GaussianNoise([0.0], [[1.0]]).log_density([[1e150]])[0] == pytest.approx(
        -5e299, rel=1e-15
    )
    assert LaplaceICANoise([[1.0]]).log_density([[1e300]])[0] == pytest.approx(
        -SQRT2 * 1e300, rel=1e-15
    )


def test_densities_do_not_write_on_their_argument():
    u = np.random.default_rng(6).standard_normal((5, 3))
    kept = u.copy()
    GaussianNoise(MEAN, COV).log_density(u)
    GaussianNoise(np.zeros(3), COV).log_density(np.asfortranarray(u))
    LAPLACE.log_density(u)
    np.testing.assert_array_equal(u, kept)
