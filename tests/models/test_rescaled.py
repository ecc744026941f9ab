"""``rescaled``: the same density in other units."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr


@pytest.mark.parametrize(
    "model", [nr.LaplaceICA(1), nr.LaplaceICA(3), nr.Gaussian(1), nr.Gaussian(3)]
)
def test_it_is_the_density_of_z_where_u_is_scale_z(model):
    rng = np.random.default_rng(0)
    n = model.n_dim
    matrix = np.eye(n) + 0.1 * np.ones((n, n))
    theta, z = model.normalize(model.pack(matrix, 0.0)), rng.standard_normal((20, n))
    for _ in range(3):
        scale = 0.3 * rng.standard_normal((n, n)) + 2.0 * np.eye(n)
        moved = model.rescaled(theta, scale)
        want = model.log_density(theta, z @ scale.T) + np.linalg.slogdet(scale)[1]
        np.testing.assert_allclose(model.log_density(moved, z), want, rtol=0, atol=1e-12)
        # A density stays one: its constant follows of itself.
        assert moved[-1] == pytest.approx(-model.log_normalizer(moved), abs=1e-12)
        back = model.rescaled(moved, np.linalg.inv(scale))
        np.testing.assert_allclose(back, theta, rtol=0, atol=1e-11)


@pytest.mark.parametrize("model", [nr.LaplaceICA(3), nr.Gaussian(3)])
def test_powers_of_two_are_exact(model):
    theta = model.random_start(np.random.default_rng(1))
    scale = np.diag([2.0**40, 0.5, 2.0**-30])
    there = model.rescaled(theta, scale)
    np.testing.assert_array_equal(model.rescaled(there, np.linalg.inv(scale))[:-1], theta[:-1])


@pytest.mark.parametrize("model", [nr.LaplaceICA(2), nr.Gaussian(2)])
def test_bad_scales_are_refused_by_name(model):
    theta = model.random_start(np.random.default_rng(1))
    for bad in (np.zeros((2, 2)), np.ones((2, 2)), np.eye(3), np.ones(2), np.full((2, 2), np.nan)):
        with pytest.raises(ValueError, match=r"^scale: "):
            model.rescaled(theta, bad)
