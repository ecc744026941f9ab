"""Lengths in a metric: Newton's decrement, and the coordinates in which a matrix is 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref.optimize.concavity import whitening
from nce_ref.optimize.smoothing import _plain_decrement


def definite(n, seed, units=1.0):
    """A positive definite matrix whose coordinates have units from 1 to ``units``."""
    root = (
        np.random.default_rng(seed).standard_normal((n, 2 * n))
        * np.geomspace(1.0, units, n)[:, None]
    )
    return root @ root.T


@pytest.mark.parametrize("units", [1.0, 1e8])
def test_the_decrement_is_the_gradients_length_in_the_hessians_metric(units):
    H, step = definite(4, 0, units), np.array([0.3, -1.0, 2.0, 0.5]) / np.geomspace(1.0, units, 4)
    # g = H d, so that g . H^-1 g = d . H d: no inverse in the witness.
    assert _plain_decrement(H @ step, -H) == pytest.approx(math.sqrt(step @ H @ step), rel=1e-10)
    # Not concave: no such metric.
    assert _plain_decrement(H @ step, H) == math.inf
    saddle = H - 2.0 * np.outer(H[0], H[0]) / H[0, 0]
    assert _plain_decrement(H @ step, -saddle) == math.inf


@pytest.mark.parametrize("units", [1.0, 1e-6, 1e9])
def test_whitened_coordinates_make_the_matrix_1(units):
    gram = definite(5, 1, units)
    R = whitening(gram)
    np.testing.assert_allclose(R.T @ gram @ R, np.eye(5), atol=1e-9)
    # The planted inverse: what is multiplied instead of divided is seen.
    assert np.abs(np.linalg.inv(R).T @ gram @ np.linalg.inv(R) - np.eye(5)).max() > 0.1
