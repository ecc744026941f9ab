"""Small linear algebra of the certificates: lengths in a metric, null spaces, and the subgradient of few ridges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref.optimize.concavity import whitening
from nce_ref.optimize.multipliers import smallest_subgradient
from nce_ref.optimize.slopes import null_space
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


@pytest.mark.parametrize("rank", [0, 1, 3, 5])
@pytest.mark.parametrize("repeats", [1, 2, 4])
def test_the_null_space_is_all_that_the_rows_do_not_reach(rank, repeats):
    """Of dependent rows too, fewer or more of them than coordinates, of units from 1 to 1e-6."""
    rows = np.random.default_rng(rank).standard_normal((rank, 5))
    rows = np.concatenate([rows * 10.0**-k for k in range(0, 2 * repeats, 2)])[: 7 * repeats]
    null = null_space(rows, 5)
    assert null.shape == (5, 5 - rank)
    np.testing.assert_allclose(null.T @ null, np.eye(5 - rank), atol=1e-13)
    np.testing.assert_allclose(rows @ null, 0.0, atol=1e-13)


@pytest.mark.parametrize("share", [0.0, 0.4, -1.0, 1.7, -3.0])
def test_the_smallest_subgradient_of_no_ridge_and_of_one(share):
    """gradient = share w a + rest, rest across a: the ridge takes up what |mu| <= 1 can, and the rest is left."""
    a, rest, w = np.array([[3.0, 0.0, 4.0]]), np.array([0.4, 0.2, -0.3]), 2.5
    gradient = share * w * a[0] + rest
    norm, multipliers = smallest_subgradient(gradient, a, np.array([w]))
    taken = min(1.0, max(-1.0, share))
    assert multipliers == pytest.approx([taken], abs=1e-12)
    left = (share - taken) * w * a[0] + rest
    assert norm == pytest.approx(np.linalg.norm(left), rel=1e-12)
    norm, multipliers = smallest_subgradient(gradient, a[:0], np.empty(0))
    assert norm == pytest.approx(np.linalg.norm(gradient), rel=1e-15) and multipliers.shape == (0,)
