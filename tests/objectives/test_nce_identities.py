"""Identities of the NCE objective that hold exactly in the sample, at its certified maxima.

One formula for a family of mistakes: data weight w1, noise weight w0, kappa in place of nu in h, an error delta of ln
p_n move c by ln(w1 kappa/w0) + delta and leave B where it is; kappa and delta to the last digit in the sample.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.estimators.fit import fit_from
from tests.objectives.naive import ScaledNoise, ica_problem


@pytest.fixture(scope="module", params=["LaplaceICA", "Gaussian"])
def fitted(request):
    """A fit at nu = 1.5, and what is needed to do it again."""
    if request.param == "LaplaceICA":
        theta, model, noise, x, y = ica_problem(2, n_data=200, n_noise=300)
    else:
        rng = np.random.default_rng(5)
        model, noise = nr.Gaussian(2), nr.GaussianNoise([0.3, 0.0], [[2.0, 0.4], [0.4, 1.0]])
        theta = model.normalize(model.pack([[1.0, -0.3], [-0.3, 2.0]], 0.0))
        x, y = model.sample(theta, 200, rng), noise.sample(300, rng)
    fit = nr.fit_nce(model, noise, x, y, start=theta)
    assert fit.converged
    return fit, model, noise, x, y, theta


def test_at_the_fit_the_mean_of_1_minus_h_is_nu_times_the_mean_of_h_on_noise(fitted):
    """The derivative by c, which is smooth: |difference| = |dJ/dc| <= stationarity <= 1e-8."""
    fit, model, noise, x, y, _ = fitted
    h = [
        1 / (1 + 1.5 * np.exp(noise.log_density(u) - model.log_density(fit.theta, u)))
        for u in (x, y)
    ]
    assert abs((1 - h[0]).mean() - 1.5 * h[1].mean()) <= 1e-8
    assert abs((1 - h[0]).mean() - h[1].mean()) > 1e-3  # plant: nu forgotten


@pytest.mark.parametrize("kappa", [1.0, 1 / 1.5, 6.0], ids=["no-log-nu", "nu-sign", "another"])
def test_a_wrong_constant_in_h_moves_c_alone(fitted, kappa):
    """c moves by ln(kappa/nu), B not at all: in the sample, to what the stationarity of two fits leaves."""
    fit, model, noise, x, y, theta = fitted
    other = fit_from(nr.NCEObjective(model, noise, x, y, nu=kappa), [theta], complete=lambda t: t)
    same_but_for_c(other, fit, math.log(kappa / 1.5))


def test_a_constant_error_of_the_noise_density_moves_c_alone(fitted):
    fit, model, noise, x, y, theta = fitted
    for delta in (math.log(2 * math.pi), -0.8):
        same_but_for_c(nr.fit_nce(model, ScaledNoise(noise, delta), x, y, start=theta), fit, delta)


def same_but_for_c(other, fit, shift):
    assert other.converged
    # |gradient| <= 1e-8 on both sides over a curvature of some 0.05 at least: 4e-7.
    np.testing.assert_allclose(other.theta[:-1], fit.theta[:-1], rtol=0, atol=1e-6)
    assert abs(other.theta[-1] - fit.theta[-1] - shift) <= 1e-6
    assert abs(shift) > 0.1  # the test would pass an estimator that ignores the constant otherwise
    assert other.objective == pytest.approx(fit.objective, abs=1e-12)
