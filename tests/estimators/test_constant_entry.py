"""Whether theta's last entry is a constant in ln p_m: asked of its derivative at the points, not of its place."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref.estimators.covariance import _CONSTANT, _last_is_constant


class Entry:
    """The part of a pass that is asked: derivatives of ln p_m by the last entry, as given."""

    def __init__(self, derivative):
        self.g = np.asarray(derivative)[None, :]

    def pullback(self, weights):
        return self.g @ weights

    def curvature(self, weights, gram_weights):
        return (self.g * gram_weights) @ self.g.T


@pytest.mark.parametrize("n_points", [4, 1000, 1_000_000])
def test_the_mean_squared_distance_from_1_decides(n_points):
    """A tenth of the limit is within, ten times is not, however many points there are; the sums are right to 1e-15 of
    n_points."""
    assert 1e-13 < _CONSTANT < 1e-3
    signs = np.where(np.arange(n_points) % 2, 1.0, -1.0)
    for share, is_constant in ((0.0, True), (0.1, True), (10.0, False)):
        off = np.sqrt(share * _CONSTANT) * signs
        assert _last_is_constant(Entry(1.0 + off), n_points) is is_constant
    assert not _last_is_constant(Entry(np.zeros(n_points)), n_points)
    assert not _last_is_constant(Entry(-np.ones(n_points)), n_points)
