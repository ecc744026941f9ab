"""How far theta may move, in given coordinates, before it meets another kink: against every kink by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr


def problem(units, seed=0):
    """B, data and noise in units from 1e-6 to 1e6; one point of each sample is the origin, whose arguments are 0 for
    any B."""
    rng = np.random.default_rng(seed)
    x, y = (np.vstack([np.zeros((1, 2)), rng.standard_normal((k, 2))]) * units for k in (7, 9))
    B = np.array([[1.0, 0.4], [-0.3, 0.8]]) / units
    model = nr.LaplaceICA(2)
    objective = nr.NCEObjective(model, nr.GaussianNoise(np.zeros(2), units**2 * np.eye(2)), x, y)
    return objective, model.pack(B, 0.0), B, x, y


def distance(B, points, root):
    """min |b_i . u|/|root^T a|, a = u in the place of row i of theta: each kink by itself."""
    found = math.inf
    for i, b in enumerate(B):
        for u in points[1:]:
            a = np.zeros(len(root))
            a[2 * i : 2 * i + 2] = u
            found = min(found, abs(b @ u) / np.linalg.norm(root.T @ a))
    return found


@pytest.mark.parametrize("units", [1e-6, 1e-2, 1.0, 1e6])
@pytest.mark.parametrize("is_plain", [True, False])
def test_the_nearest_kinks_of_noise_and_data(units, is_plain):
    """A tenth of a per mille below at most, since a bound wants the smaller; infinite where the limit is nearer."""
    for seed in range(4):
        objective, theta, B, x, y = problem(units, seed)
        root = np.eye(5)
        if not is_plain:
            root = np.random.default_rng(seed + 9).standard_normal((5, 5)) + 2.0 * np.eye(5)
        nearest = objective.expand(theta).terms(False).nearest
        exact = distance(B, y, root), distance(B, x, root)
        for k, want in enumerate(exact):
            for limit in (1.001 * want, 1e6 * want):
                assert 0.9998 * want < nearest(root, limit)[k] <= want
            assert nearest(root, 0.99 * want)[k] == math.inf
