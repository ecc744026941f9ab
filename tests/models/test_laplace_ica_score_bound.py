"""laplace_ica_score_bound.py: a crowded hyperplane is found exactly, and J rises without bound across it, as it
says."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.models import laplace_ica_score_bound
from nce_ref.models.laplace_ica_score_bound import crowded_hyperplane

SQRT2 = math.sqrt(2.0)


def laplace(n_points, n, seed=0):
    return np.random.default_rng(seed).laplace(size=(n_points, n))


@pytest.mark.parametrize("n, slope", [(2, 10.0), (2, 3.0), (3, 10.0), (4, 1.0)])
def test_n_minus_1_points_are_enough_up_to_the_stated_number(n, slope):
    most = math.ceil((n - 1) * (1 + SQRT2 * slope)) - 1
    assert crowded_hyperplane(laplace(most, n), slope, np.eye(n)) == n - 1
    assert crowded_hyperplane(laplace(most + 1, n), slope, np.eye(n)) is None


def test_j_grows_with_the_square_of_the_row_as_the_proof_has_it():
    x = laplace(12, 2)
    objective = nr.ScoreMatchingObjective(nr.LaplaceICA(2), x)
    v = np.array([-x[3, 1], x[3, 0]])
    for t in (1e3, 1e5, 1e6):
        # v.x rounds to 1e-16, which 1e6 leaves below 1e-9.
        bound = t**2 * (v @ v) * (SQRT2 * 10.0 * 1 - 11) / 12
        assert objective(np.concatenate([t * v, [0.0, 0.0]]))[0] >= bound * (1 - 1e-9) > 0.0


def test_planes_are_counted_exactly_in_three_dimensions(monkeypatch):
    rng = np.random.default_rng(1)
    x = rng.laplace(size=(60, 3))
    on = rng.integers(-9, 10, (5, 2)) @ np.array([[1.0, 2.0, -1.0], [0.0, 3.0, 1.0]])
    x[:5] = on
    normal = np.cross([1.0, 2.0, -1.0], [0.0, 3.0, 1.0])
    assert 60 / (1 + SQRT2 * 10) < 4  # four are enough
    assert crowded_hyperplane(x, 10.0, np.eye(3)) == 5
    # The same where planes are too many to be tried one by one: a row of B tells which.
    monkeypatch.setattr(laplace_ica_score_bound, "_MOST", 10)
    beside = np.stack([normal + 0.01 * rng.standard_normal(3), [0.3, 0.1, 0.9], [0.0, 0.0, 0.0]])
    assert crowded_hyperplane(x, 10.0, beside) == 5
    # Off the plane by an ulp is off.
    moved = x.copy()
    moved[:5, 0] = np.nextafter(moved[:5, 0], 100.0)
    monkeypatch.undo()
    assert crowded_hyperplane(moved, 10.0, beside) is None


def test_lines_through_the_origin_and_points_on_it_are_counted():
    x = laplace(80, 2)
    assert crowded_hyperplane(x, 10.0, np.eye(2)) is None
    x[:6] = np.outer([1.0, -2.0, 4.0, 0.5, -1.0, 3.0], [3.0, 7.0])
    assert crowded_hyperplane(x, 10.0, np.eye(2)) == 6
    x[6:9] = 0.0
    assert crowded_hyperplane(x, 10.0, np.eye(2)) == 9
    one = laplace(20, 1)
    assert crowded_hyperplane(one, 10.0, np.eye(1)) is None
    one[:2] = 0.0
    assert crowded_hyperplane(one, 10.0, np.eye(1)) == 2
