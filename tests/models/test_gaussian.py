"""Gaussian against the textbook form in loops, its complex step, quadrature, SciPy's density, and its own samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from nce_ref import Gaussian
from nce_ref.gradcheck import check_jacobian
from tests.models.face import (
    check_log_density_and_derivatives,
    check_score,
    circle_integral,
    close,
    complex_jacobian,
)

ALPHA = 1e-6  # false-alarm rate of one statistical test; fixed seeds


def precision_of(theta, n):
    """Lambda from its lower triangle row by row, entry by entry; complex-safe."""
    matrix, k = np.zeros((n, n), dtype=theta.dtype), 0
    for i in range(n):
        for j in range(i + 1):
            matrix[i, j] = matrix[j, i] = theta[k]
            k += 1
    return matrix


def textbook(theta, u):
    """-1/2 u^T Lambda u + c, loop by loop."""
    n = u.shape[1]
    matrix = precision_of(theta, n)
    return np.array(
        [
            theta[-1] - sum(matrix[i, j] * p[i] * p[j] for i in range(n) for j in range(n)) / 2
            for p in u
        ]
    )


@pytest.fixture(params=[1, 2, 5], ids="n={}".format)
def problem(request):
    n = request.param
    rng = np.random.default_rng([8, n])
    model = Gaussian(n)
    root = rng.standard_normal((n, n + 1))
    return model, model.pack(root @ root.T, 0.4), rng.standard_normal((9, n)), rng


def test_pack_and_unpack_are_inverse_and_row_by_row():
    model = Gaussian(3)
    precision = np.array([[1.0, 2.0, 4.0], [2.0, 3.0, 5.0], [4.0, 5.0, 6.0]])
    theta = model.pack(precision, 7.0)
    np.testing.assert_array_equal(theta, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    got, c = model.unpack(theta)
    np.testing.assert_array_equal(got, precision)
    assert c == 7.0 and isinstance(c, float) and (model.n_dim, model.n_params) == (3, 7)


def test_log_density_and_its_derivatives_in_theta(problem):
    model, theta, u, rng = problem
    check_log_density_and_derivatives(model, theta, u, textbook, rng)
    indefinite = -theta  # no density, but the objective may pass through it
    check_log_density_and_derivatives(model, indefinite, u, textbook, rng)


def test_jacobian_by_the_gradient_checker_and_curvature(problem):
    model, theta, u, rng = problem
    assert check_jacobian(lambda t: (model.log_density(t, u), model.jacobian(t, u)), theta).ok
    weights, gram = rng.standard_normal((2, len(u)))
    g = model.jacobian(theta, u)
    close(model.evaluate(theta, u).curvature(weights, gram), np.einsum("t,ti,tj->ij", gram, g, g))


def test_score(problem):
    model, theta, u, _ = problem
    check_score(model, theta, u)


def test_it_is_smooth(problem):
    model, theta, u, _ = problem
    assert model.kinks(theta, u).arguments.shape == (0, len(u))
    assert model.smoothed(0.1) is model and model.affine_between_kinks
    once = model.evaluate(theta, u)
    assert once.without(np.zeros((0, len(u)), dtype=bool)) is once


# --- the normalising constant ---------------------------------------------------------------------


def integral(model, theta):
    """int exp(ln p_m) du; n = 2 in polar coordinates, where the radial integral of e^(c - r^2 q(phi)) is e^c / (2
    q(phi))."""
    c = theta[-1]
    if model.n_dim == 1:
        width = 40 / math.sqrt(theta[0])  # e^-800 beyond
        return quad(
            lambda u: math.exp(model.log_density(theta, [[u]])[0]),
            -width,
            width,
            points=[0.0],
            epsabs=0,
            epsrel=1e-11,
        )[0]
    return circle_integral(lambda e: math.exp(c) / (2 * (c - model.log_density(theta, e[None])[0])))


@pytest.mark.parametrize(
    "precision",
    [[[0.04]], [[9.0]], [[2.0, 1.5], [1.5, 2.0]], [[100.0, -3.0], [-3.0, 0.2]]],
    ids=str,
)
def test_log_normalizer_by_quadrature_and_normalize_integrates_to_one(precision):
    model = Gaussian(len(precision))
    theta = model.pack(precision, 0.0)
    assert model.log_normalizer(theta) == pytest.approx(math.log(integral(model, theta)), abs=1e-10)
    assert integral(model, model.normalize(theta)) == pytest.approx(1.0, abs=1e-10)
    with_c = model.pack(precision, -5.0)
    assert model.log_normalizer(with_c) == model.log_normalizer(theta)
    np.testing.assert_array_equal(model.normalize(with_c), model.normalize(theta))


def test_normalized_is_scipys_density(problem):
    model, theta, u, _ = problem
    want = stats.multivariate_normal(
        np.zeros(model.n_dim), np.linalg.inv(model.unpack(theta)[0])
    ).logpdf(u)
    # SciPy goes through eigenvalues of the covariance: cond(Lambda) (some 1e3 here) times eps.
    np.testing.assert_allclose(
        model.log_density(model.normalize(theta), u), np.atleast_1d(want), rtol=1e-11
    )


def test_toy_example_of_the_paper():
    model = Gaussian(1)  # c = ln(theta_1)/2 - ln(2 pi)/2, -0.919 at precision 1
    for precision in (0.1, 1.0, 2.0):
        c = model.normalize(np.array([precision, 0.0]))[-1]
        assert c == pytest.approx(
            0.5 * math.log(precision) - 0.5 * math.log(2 * math.pi), rel=1e-14
        )
    assert model.normalize(np.array([1.0, 0.0]))[-1] == pytest.approx(-0.919, abs=5e-4)


def textbook_log_normalizer(theta, n):
    return n / 2 * math.log(2 * math.pi) - np.log(np.linalg.det(precision_of(theta, n))) / 2


def textbook_log_normalizer_gradient(theta, n):
    """-1/2 tr(C E_k), E_k the change of Lambda for a unit change of theta_k."""
    covariance = np.linalg.inv(precision_of(theta, n))
    unit = np.eye(len(theta))
    return np.array(
        [
            -np.trace(covariance @ precision_of(unit[k], n)) / 2 if k < len(theta) - 1 else 0.0
            for k in range(len(theta))
        ]
    )


def test_log_normalizer_and_derivatives_by_complex_step(problem):
    model, theta, _, _ = problem
    n = model.n_dim
    close(model.log_normalizer(theta), np.float64(textbook_log_normalizer(theta, n)))
    close(
        model.log_normalizer_gradient(theta),
        complex_jacobian(lambda z: textbook_log_normalizer(z, n), theta),
    )
    hessian = complex_jacobian(lambda z: textbook_log_normalizer_gradient(z, n), theta)
    close(model.log_normalizer_hessian(theta), hessian)
    close(model.log_normalizer_block_hessian(theta), hessian)
    assert np.linalg.eigvalsh(hessian).min() > -1e-12 * np.abs(hessian).max()  # ln Z is convex


@pytest.mark.parametrize(
    "precision",
    [np.zeros((2, 2)), [[1, 2], [2, 1]], -np.eye(2), [[1, 1], [1, 1]], [[0.1, 0.3], [0.3, 0.9]]],
    ids=str,
)
def test_without_a_density_the_normaliser_is_infinite(precision):
    """The last one is singular, yet Cholesky runs through on a rounding error of 1e-17."""
    model = Gaussian(2)
    theta = model.pack(precision, 0.0)
    assert model.log_normalizer(theta) == math.inf
    for refused in (model.normalize, model.log_normalizer_gradient, model.log_normalizer_hessian):
        with pytest.raises(
            ValueError,
            match="theta: its precision is not positive definite, so the mass is infinite",
        ):
            refused(theta)


def test_an_ill_conditioned_precision_still_has_one():
    model = Gaussian(2)
    for precision in (np.diag([1e-200, 1e200]), np.array([[1.0, 1.0 - 1e-12], [1.0 - 1e-12, 1.0]])):
        det = precision[0, 0] * precision[1, 1] - precision[0, 1] ** 2
        # 1 - (1 - 1e-12)^2 keeps four digits.
        assert model.log_normalizer(model.pack(precision, 0.0)) == pytest.approx(
            math.log(2 * math.pi) - 0.5 * math.log(det), abs=2e-4
        )


# --- what it draws --------------------------------------------------------------------------------

COVARIANCE = np.array([[4.0, -1.5, 0.0], [-1.5, 1.0, 0.3], [0.0, 0.3, 0.25]])
N_SAMPLE = 20_000


def draws_are_normal(x, covariance):
    """L^-1 x is standard normal: Kolmogorov-Smirnov per coordinate, and the sum of squared off-diagonal correlations.

    Four tests at ALPHA. Power: a Kolmogorov distance above 0.036 or a correlation above 0.05 is seen for certain.
    """
    z = np.linalg.solve(np.linalg.cholesky(covariance), x.T)
    off = np.corrcoef(z)[np.triu_indices(len(z), 1)]
    independent = stats.chi2(off.size).sf(len(x) * (off**2).sum()) > ALPHA
    return independent and all(stats.kstest(row, "norm").pvalue > ALPHA for row in z)


def test_sample_and_transport_have_the_law_of_the_model():
    model, rng = Gaussian(3), np.random.default_rng(21)
    theta = model.pack(np.linalg.inv(COVARIANCE), 3.0)
    x = model.sample(theta, N_SAMPLE, rng)
    assert x.shape == (N_SAMPLE, 3) and draws_are_normal(x, COVARIANCE)
    assert draws_are_normal(model.transport(theta, rng.uniform(size=(N_SAMPLE, 3))), COVARIANCE)


def test_transport_inverts_the_distribution_function():
    model = Gaussian(1)
    q = np.array([[1e-300], [0.01], [0.5], [0.8]])
    x = model.transport(model.pack([[4.0]], 0.0), q)
    np.testing.assert_allclose(
        stats.norm(scale=0.5).cdf(x), q, rtol=1e-11
    )  # the lower tail carries |x| eps |x|: 1400 eps


FACTOR = np.linalg.cholesky(COVARIANCE)
PLANTS = {
    "cholesky-side": lambda z: z @ FACTOR,
    "precision for covariance": lambda z: z @ np.linalg.cholesky(np.linalg.inv(COVARIANCE)).T,
    "std-for-variance": lambda z: z @ np.diag(np.diag(COVARIANCE)),
    "inverse factor on the wrong side": lambda z: z @ np.linalg.cholesky(np.linalg.inv(COVARIANCE)),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_sampler_is_caught(plant):
    assert not draws_are_normal(
        PLANTS[plant](np.random.default_rng(22).standard_normal((N_SAMPLE, 3))), COVARIANCE
    )


def test_random_start_is_a_density_of_mean_precision_one():
    """Wishart with n + 2 degrees of freedom over n + 2: each diagonal entry has mean 1 and variance 2/(n + 2)."""
    model, rng = Gaussian(3), np.random.default_rng(23)
    starts = np.stack([model.random_start(rng) for _ in range(4000)])
    assert np.isfinite([model.log_normalizer(t) for t in starts]).all()
    mean = np.mean([model.unpack(t)[0] for t in starts], axis=0)
    # Nine entries, each within 5.5 standard errors (4e-8 two-sided): 1 % off in the diagonal is seen at 2 %.
    np.testing.assert_allclose(mean, np.eye(3), atol=5.5 * math.sqrt(2 / 5 / 4000))
    assert abs(starts[:, -1].std() - 1.0) < 5.5 / math.sqrt(2 * 4000)
