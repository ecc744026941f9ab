"""gaussian_moments.py against Monte Carlo in the textbook form and against classical results on the Gaussian's
precision."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from nce_ref.models import gaussian_moments as module
from nce_ref.models.gaussian_moments import gaussian_moments

PRECISION = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, -0.3], [0.1, -0.3, 0.8]])
COV = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 3.0]])
NOISE = SimpleNamespace(normal_parameters=(np.zeros(3), COV))


def monte_carlo_z(nu=0.7, n_points=200_000):
    """z-scores of the distinct entries of I_nu from draws of the data, densities and derivatives written out."""
    rng = np.random.default_rng(1)
    u = rng.multivariate_normal(np.zeros(3), np.linalg.inv(PRECISION), size=n_points)
    p_d = np.exp(-0.5 * np.einsum("ti,ij,tj->t", u, PRECISION, u)) * math.sqrt(
        np.linalg.det(PRECISION)
    )
    p_n = np.exp(-0.5 * np.einsum("ti,ij,tj->t", u, np.linalg.inv(COV), u)) / math.sqrt(
        np.linalg.det(COV)
    )
    P = nu * p_n / (p_d + nu * p_n)
    u1, u2, u3 = u.T
    g = np.stack(
        [-0.5 * u1**2, -u2 * u1, -0.5 * u2**2, -u3 * u1, -u3 * u2, -0.5 * u3**2, np.ones(n_points)],
        axis=1,
    )
    mean = (g.T * P) @ g / n_points
    error = np.sqrt((((g**2).T * P**2) @ g**2 / n_points - mean**2) / n_points)
    information, of_c = gaussian_moments(PRECISION, NOISE, nu).in_theta()
    np.testing.assert_allclose(of_c, information[-1], rtol=1e-12, atol=1e-14)
    return np.abs(information - mean) / error


def test_every_entry_against_monte_carlo():
    # 28 distinct entries, 6 standard errors: false alarms below 6e-8. Power: the plants below.
    assert monte_carlo_z().max() <= 6.0


@pytest.mark.parametrize(
    "plant", ["third for fourth moment", "products dropped", "no change of coordinates"]
)
def test_planted_mistakes_are_seen(monkeypatch, plant):
    assemble = module._assemble

    def wrong(moments, n):
        moments = moments.copy()
        q = moments[1 + n :].reshape(n, n)
        if plant == "third for fourth moment":
            q[np.diag_indices(n)] /= 3.0
        else:
            q[~np.eye(n, dtype=bool)] = 0.0
        return assemble(moments, n)

    if plant == "no change of coordinates":
        monkeypatch.setattr(module, "_change", lambda root: np.eye(7))
    else:
        monkeypatch.setattr(module, "_assemble", wrong)
    assert monte_carlo_z().max() > 6.0


def test_maximum_likelihood_of_a_precision_matrix():
    # Known (Wishart, mean known), per data sample: Cov(L_ij, L_kl) = L_ik L_jl + L_il L_jk; c = ln det(L)/2 + const:
    # Var = n/2.
    information = gaussian_moments(PRECISION, None, math.inf).in_theta()[0]
    covariance = np.linalg.inv(information)
    covariance[-1, -1] -= 1.0
    pairs = [(i, j) for i in range(3) for j in range(i + 1)]
    expected = [
        [PRECISION[i, k] * PRECISION[j, m] + PRECISION[i, m] * PRECISION[j, k] for k, m in pairs]
        for i, j in pairs
    ]
    # Rounding: eps times the condition number of I, below 1e3 here.
    np.testing.assert_allclose(covariance[:-1, :-1], expected, rtol=1e-10, atol=1e-12)
    assert covariance[-1, -1] == pytest.approx(1.5, rel=1e-10)


@pytest.mark.parametrize("nu", [1e-3, 1.0, 1e6])
def test_noise_equal_to_data_gives_a_constant_weight(nu):
    equal = gaussian_moments(
        PRECISION, SimpleNamespace(normal_parameters=(np.zeros(3), np.linalg.inv(PRECISION))), nu
    ).in_theta()[0]
    one = gaussian_moments(PRECISION, None, math.inf).in_theta()[0]
    np.testing.assert_allclose(equal, nu / (1 + nu) * one, rtol=1e-10, atol=1e-12 * nu / (1 + nu))


def test_noise_without_structure_is_declined_and_wrong_size_refused():
    assert (
        gaussian_moments(
            PRECISION,
            SimpleNamespace(normal_parameters=(np.array([0.1, 0.0, 0.0]), np.eye(3))),
            1.0,
        )
        is None
    )
    assert gaussian_moments(PRECISION, SimpleNamespace(laplace_demixing=np.eye(3)), 1.0) is None
    with pytest.raises(ValueError, match=r"noise: got dimension 2; expected 3"):
        gaussian_moments(
            PRECISION, SimpleNamespace(normal_parameters=(np.zeros(2), np.eye(2))), 1.0
        )
