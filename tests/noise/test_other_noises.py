"""The other noises: densities against textbook forms written another way, samples by ``check_noise``, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import nce_ref as nr

SCALE = np.array([[2.0, 0.6], [0.6, 0.5]])
MEAN = np.array([1.0, -2.0])
POINTS = np.random.default_rng(5).standard_normal((40, 2)) @ np.diag([1.0, 3.0]) + [10.0, -3.0]
ROTATION = np.array([[0.6, -0.8], [1.6, 1.2]])

NOISES = {
    "t": nr.StudentTNoise(MEAN, SCALE, 3.0),
    "cauchy": nr.StudentTNoise([0.5], [[4.0]], 1.0),
    "box": nr.UniformNoise([0.0, -1.0], [1e-3, 5.0]),
    "kernels": nr.KernelDensityNoise(POINTS),
    "gamma": nr.UnivariateNoise(stats.gamma(2.0)),
    "poisson": nr.UnivariateNoise(stats.poisson(3.0)),
    "bits": nr.BernoulliNoise([0.1, 0.5, 0.9]),
    "spins": nr.BernoulliNoise([0.3, 0.6], (-1.0, 1.0)),
    "mixture": nr.MixtureNoise(
        [nr.GaussianNoise(MEAN, SCALE), nr.GaussianNoise([4.0, 0.0], np.eye(2))], [1.0, 3.0]
    ),
    "product": nr.ProductNoise(
        [nr.UnivariateNoise(stats.poisson(2.5)), nr.GaussianNoise(MEAN, SCALE)]
    ),
    "affine": nr.AffineNoise(nr.LaplaceICANoise(np.eye(2)), ROTATION, [3.0, -1.0]),
}


def textbook(name, u):
    """ln p_n of each point, by SciPy's own densities and plain sums."""
    normal = stats.multivariate_normal
    if name == "t":
        return stats.multivariate_t(MEAN, SCALE, df=3.0).logpdf(u)
    if name == "cauchy":
        return stats.cauchy(0.5, 2.0).logpdf(u[:, 0])
    if name == "box":
        return stats.uniform(0.0, 1e-3).logpdf(u[:, 0]) + stats.uniform(-1.0, 6.0).logpdf(u[:, 1])
    if name == "kernels":
        return np.log(stats.gaussian_kde(POINTS.T, "silverman")(u.T))
    if name == "gamma":
        return np.log(u[:, 0]) - u[:, 0]
    if name == "poisson":
        return np.array([k * math.log(3.0) - 3.0 - math.lgamma(k + 1.0) for k in u[:, 0]])
    if name in ("bits", "spins"):
        p, upper = NOISES[name].probabilities, NOISES[name].values[1]
        return np.log(np.where(u == upper, p, 1.0 - p)).sum(axis=1)
    if name == "mixture":
        first, second = normal(MEAN, SCALE).pdf(u), normal([4.0, 0.0]).pdf(u)
        return np.log(0.25 * first + 0.75 * second)
    if name == "product":
        return stats.poisson(2.5).logpmf(u[:, 0]) + normal(MEAN, SCALE).logpdf(u[:, 1:])
    sources = np.linalg.solve(ROTATION, (u - [3.0, -1.0]).T)
    each = -math.sqrt(2.0) * np.abs(sources) - 0.5 * math.log(2.0)
    return each.sum(axis=0) - math.log(2.0)  # |det ROTATION| = 2


@pytest.mark.parametrize("name", NOISES)
def test_the_density_is_the_textbook_form(name):
    u = NOISES[name].sample(300, np.random.default_rng(1))
    np.testing.assert_allclose(
        NOISES[name].log_density(u), textbook(name, u), rtol=1e-11, atol=1e-11
    )


@pytest.mark.parametrize("name", NOISES)
def test_the_samples_are_of_the_density(name):
    # Eleven fixed draws at 1e-5 and 1e-6 each: a wrong noise, or one seed in ten thousand, fails.
    report = nr.check_noise(NOISES[name], np.random.default_rng(2), n_points=8000)
    assert report.ok and all(f.status == "passed" for f in report.findings), str(report)


@pytest.mark.parametrize("name", ["t", "cauchy"])
def test_student_ts_score_is_the_derivative_in_the_point(name):
    noise, h = NOISES[name], 1e-5
    u = noise.sample(30, np.random.default_rng(3))
    for j, e in enumerate(h * np.eye(noise.n_dim)):
        difference = (noise.log_density(u + e) - noise.log_density(u - e)) / (2 * h)
        np.testing.assert_allclose(noise.score(u)[:, j], difference, rtol=0, atol=1e-8)


def test_student_t_tends_to_the_normal_and_stays_finite_far_out():
    near = nr.StudentTNoise(MEAN, SCALE, 1e9)
    u = nr.GaussianNoise(MEAN, SCALE).sample(50, np.random.default_rng(4))
    np.testing.assert_allclose(
        near.log_density(u), nr.GaussianNoise(MEAN, SCALE).log_density(u), atol=1e-6
    )
    # ln p falls like -(dof + n) ln|u|.
    far = nr.StudentTNoise([0.0], [[1.0]], 2.0).log_density([[1e100], [1e101]])
    assert far[0] - far[1] == pytest.approx(3.0 * math.log(10.0), rel=1e-12)


def test_outside_the_support_the_density_is_zero():
    assert NOISES["box"].log_density([[2e-3, 0.0], [0.0, -1.0]]).tolist() == [
        -np.inf,
        pytest.approx(-math.log(6e-3)),
    ]
    assert NOISES["spins"].log_density([[0.0, 1.0]])[0] == -np.inf
    assert NOISES["poisson"].log_density([[1.5]])[0] == -np.inf
    # A mixture has a density wherever one of its components has.
    mixed = nr.MixtureNoise([nr.UniformNoise([0.0], [1.0]), nr.GaussianNoise([0.0], [[1.0]])])
    assert mixed.log_density([[5.0]])[0] == pytest.approx(
        math.log(0.5) - 12.5 - 0.5 * math.log(2 * math.pi)
    )


def test_kernels_are_those_of_any_units_and_far_origins():
    u = POINTS[:5] + 0.1
    for unit in (1e-9, 1e9):
        moved = nr.KernelDensityNoise(unit * POINTS)
        want = NOISES["kernels"].log_density(u) - 2 * math.log(unit)
        np.testing.assert_allclose(moved.log_density(unit * u), want, rtol=1e-12, atol=1e-9)
    away = nr.KernelDensityNoise(POINTS + 2.0**30)  # |a|^2 - 2 a.b + |b|^2 would leave no digit
    np.testing.assert_allclose(
        away.log_density(u + 2.0**30), NOISES["kernels"].log_density(u), atol=1e-5
    )


def test_bernoulli_noise_from_data_covers_values_that_never_occur():
    x = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    noise = nr.BernoulliNoise.from_data(x)
    np.testing.assert_allclose(noise.probabilities, [3.5 / 4.0, 1.5 / 4.0])
    with pytest.raises(
        ValueError, match=r"x: entry \(0, 1\) is 0.0; expected one of \(-1.0, 1.0\)"
    ):
        nr.BernoulliNoise.from_data(x, (-1.0, 1.0))


REFUSED = {
    "scale": (lambda: nr.StudentTNoise([0.0, 0.0], np.ones((2, 2)), 3.0), "scale: singular"),
    "dof": (lambda: nr.StudentTNoise([0.0], [[1.0]], 0.0), "dof: got 0.0"),
    "corners": (lambda: nr.UniformNoise([0.0, 1.0], [1.0, 1.0]), "high: entry 1 is 1.0"),
    "kernel points": (lambda: nr.KernelDensityNoise(np.ones((5, 2))), "points: its sample cov"),
    "few kernel points": (lambda: nr.KernelDensityNoise(np.eye(2)), "points: 2 points in 2"),
    "bandwidth": (lambda: nr.KernelDensityNoise(POINTS, -1.0), "bandwidth: got -1.0"),
    "distribution": (lambda: nr.UnivariateNoise(3.0), "distribution: got float"),
    "probability": (lambda: nr.BernoulliNoise([0.5, 1.0]), "probabilities: entries from 0.5 to 1"),
    "values": (lambda: nr.BernoulliNoise([0.5], (1.0, -1.0)), "values: got"),
    "no component": (lambda: nr.MixtureNoise([]), "components: got none"),
    "weights": (lambda: nr.MixtureNoise([NOISES["t"]], [0.0]), "weights: entry 0 is 0.0"),
    "dimensions": (
        lambda: nr.MixtureNoise([NOISES["t"], NOISES["cauchy"]]),
        "noise: got dimension 1; expected 2",
    ),
    "no dimension": (
        lambda: nr.ProductNoise([object()]),
        "factors: entry 0, a object, has no n_dim",
    ),
    "matrix": (lambda: nr.AffineNoise(NOISES["t"], np.ones((2, 2))), "matrix: singular"),
    "matrix of another size": (
        lambda: nr.AffineNoise(NOISES["t"], [[1.0]]),
        "noise: got dimension 2; expected 1",
    ),
    "shift": (lambda: nr.AffineNoise(NOISES["t"], np.eye(2), [1.0]), "shift: got shape"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_noise_is_refused_by_name(case):
    make, message = REFUSED[case]
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        make()


@pytest.mark.parametrize("name", NOISES)
def test_points_of_another_dimension_and_no_generator_are_refused(name):
    noise = NOISES[name]
    with pytest.raises(ValueError, match="u: got shape"):
        noise.log_density(np.zeros((3, noise.n_dim + 1)))
    with pytest.raises(ValueError, match="rng: got int"):
        noise.sample(3, 0)
    with pytest.raises(ValueError, match="n_points: got 0"):
        noise.sample(0, np.random.default_rng(0))


def test_fits_take_them_as_they_take_any_noise():
    rng = np.random.default_rng(6)
    x = rng.standard_normal((500, 2))
    noise = nr.StudentTNoise([0.0, 0.0], np.eye(2), 4.0)
    fit = nr.fit_nce(nr.Gaussian(2), noise, x, noise.sample(2000, rng), n_starts=1, rng=rng)
    assert fit.converged
    box = nr.UniformNoise([0.0, 0.0], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"noise.log_density: -inf at the point \["):
        nr.fit_nce(nr.Gaussian(2), box, x, box.sample(500, rng), n_starts=1, rng=rng)
