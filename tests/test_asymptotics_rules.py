"""The three ways in which asymptotics.py integrates: against each other, and whether the errors they state are true."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nce_ref.asymptotics import asymptotic_covariance
from nce_ref.models.laplace_ica import LaplaceICA
from nce_ref.noise import GaussianNoise
from tests.asymptotics_problems import Plain, gaussian, ica, in_units, matched


def every_rule():
    rng = np.random.default_rng(5)
    model, theta, B = ica(3, rng)
    yield model, theta, matched(B), None
    yield Plain(model), theta, matched(B), rng
    yield Plain(model, "transport"), theta, GaussianNoise(np.full(3, 0.2), 9.0 * np.eye(3)), rng
    model, theta = gaussian([[1.3]])
    yield Plain(model), theta, GaussianNoise(np.array([0.3]), np.array([[2.0]])), None


@pytest.mark.parametrize("which", range(4))
def test_solved_mean_is_the_unit_vector_of_c(which):
    model, theta, noise, rng = list(every_rule())[which]
    for nu in (0.1, 1.0, 10.0):
        sigma = asymptotic_covariance(model, theta, noise, nu, rng=rng, log2_points=10)
        unit = np.zeros(model.n_params)
        unit[-1] = 1.0
        # Whatever the points, g_c = 1 makes m_nu a column of I_nu: only rounding is left, eps times the condition
        # number.
        tolerance = 10 * np.finfo(float).eps * np.linalg.cond(sigma.information)
        np.testing.assert_allclose(
            np.linalg.solve(sigma.information, sigma.mean), unit, atol=tolerance
        )


def test_a_wrong_derivative_by_c_shows_in_the_stated_error():
    model, theta = gaussian([[1.3]])

    class Wrong(Plain):
        def jacobian(self, theta, u):
            g = self._model.jacobian(theta, u).copy()
            g[:, -1] = 2.0
            return g

    assert (
        asymptotic_covariance(
            Plain(model), theta, GaussianNoise([0.3], [[2.0]]), 1.0
        ).integration_error
        < 1e-9
    )
    with pytest.raises(
        ValueError, match=r"theta: the covariance would be stated with an error of 2\.7 of"
    ):
        asymptotic_covariance(Wrong(model), theta, GaussianNoise([0.3], [[2.0]]), 1.0)


def test_a_density_that_does_not_integrate_to_one_shows_in_the_stated_error():
    model, theta = gaussian([[1.3]])

    class Wrong(Plain):
        def log_density(self, theta, u):
            return self._model.log_density(theta, u) + 0.01

    error = asymptotic_covariance(
        Wrong(model), theta, GaussianNoise([0.3], [[2.0]]), 1.0
    ).integration_error
    assert error >= math.expm1(0.01) - 1e-9


@pytest.mark.parametrize("nu", [1e-4, 1.0, 1e4, math.inf])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_quadrature_agrees_with_the_contour_integral(nu, scale):
    # Laplace kink at 0, all sizes of B; both state their errors.
    model, theta, _ = ica(1, None, np.array([[scale]]))
    noise = GaussianNoise(np.zeros(1), np.array([[4.0 / scale**2]]))
    exact, line = (asymptotic_covariance(m, theta, noise, nu) for m in (model, Plain(model)))
    assert line.method.startswith("quadrature") and not exact.method.startswith("quadrature")
    assert max(exact.integration_error, line.integration_error) <= 1e-9
    assert (
        in_units(exact.covariance - line.covariance, exact.covariance)
        <= exact.integration_error + line.integration_error + 1e-13
    )


@pytest.mark.parametrize("nu", [0.1, 1.0, 10.0, math.inf])
def test_quasi_monte_carlo_agrees_with_the_contour_integral(nu):
    model, theta, B = ica(4, np.random.default_rng(6))
    exact = asymptotic_covariance(model, theta, matched(B), nu)
    assert exact.integration_error <= 1e-8
    random = asymptotic_covariance(
        Plain(model), theta, matched(B), nu, rng=np.random.default_rng(7), log2_points=12
    )
    # The stated error is the largest of 153 half-widths at 99 %; 2.5 of them are 8.7 standard errors, which Student's t
    # with 7 degrees exceeds with probability 5e-5: below 8e-3 for all entries if independent, the largest half-width
    # being the yardstick of all makes it less; the seed is fixed. Power: a term left out of I_nu moves Sigma by tens of
    # per cent.
    assert random.integration_error <= 0.05
    assert (
        in_units(random.covariance - exact.covariance, exact.covariance)
        <= 2.5 * random.integration_error
    )


def test_stated_random_error_is_neither_blind_nor_useless():
    model, theta = gaussian([[2.0, 0.5], [0.5, 1.0]])
    noise = GaussianNoise(np.zeros(2), 1.5 * np.eye(2))
    exact = asymptotic_covariance(model, theta, noise, 1.0)
    for hidden in ((), ("transport",)):
        ratios = []
        for seed in range(80):
            random = asymptotic_covariance(
                Plain(model, *hidden),
                theta,
                noise,
                1.0,
                rng=np.random.default_rng(seed),
                log2_points=8,
            )
            ratios.append(
                in_units(random.covariance - exact.covariance, exact.covariance)
                / random.integration_error
            )
        # Blind? Ten entries, each beyond its own half-width with probability 0.01: at most 0.1 a run, and 24 of 80 has
        # probability 6e-7. Useless? The entry that sets the half-width of 3.5 standard errors alone passes a quarter of
        # it with probability P(|t_7| > 0.87) = 0.41 a run, fewer than 16 of 80 has probability 2e-5. Overstated by
        # sqrt(8), a forgotten division, it would take 2.5 standard errors, probability 0.04 an entry.
        assert sum(ratio > 1.0 for ratio in ratios) < 24
        assert sum(ratio > 0.25 for ratio in ratios) >= 16


@pytest.mark.parametrize("nu", [0.5, 10.0])
def test_the_line_may_be_mirrored(nu):
    """B < 0: the transport falls, and a scale taken from it without its size made every weight negative."""
    model = LaplaceICA(1)
    up, down = (
        asymptotic_covariance(
            model, model.normalize([b, 0.0]), GaussianNoise([b], [[4.0]]), nu
        ).covariance
        for b in (0.75, -0.75)
    )
    flip = np.diag([-1.0, 1.0])
    assert_allclose(down, flip @ up @ flip, rtol=1e-12)
