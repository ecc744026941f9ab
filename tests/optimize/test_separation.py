"""separation.py: planted separations are found and confirmed; none is claimed where weights balance."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref.optimize.separation import separating_direction

SHAPES = [(60, 3), (400, 6), (5000, 15)]


def planted(m, n, seed):
    """(rows, d) with rows.d > 0, by turning round those that are not."""
    rng = np.random.default_rng([m, n, seed])
    rows, d = rng.standard_normal((m, n)), rng.standard_normal(n)
    return rows * np.sign(rows @ d)[:, None], rng


def category(m, n, seed):
    """Rows whose first entry is 0 but for ten of one sign: separable on their boundary only."""
    rng = np.random.default_rng([m, n, seed])
    rows = rng.standard_normal((m, n))
    rows[:, 0] = 0.0
    rows[:10, 0] = rng.uniform(0.5, 2.0, 10)
    return rows, rng


@pytest.mark.parametrize("m, n", SHAPES)
def test_a_planted_separation_is_found_and_holds(m, n):
    for seed in range(3):
        rows, rng = planted(m, n, seed)
        for units in (np.ones(n), 10.0 ** rng.integers(-9, 10, n)):
            d = separating_direction(rows * units)
            assert d is not None and ((rows * units) @ d > 0.0).all()


@pytest.mark.parametrize("m, n", SHAPES)
def test_one_row_on_the_other_side_undoes_it(m, n):
    """Minus a positive sum of the others: with all weights positive they balance, so no d exists (Stiemke)."""
    for seed in range(3):
        rows, rng = planted(m, n, seed)
        against = -rng.uniform(0.1, 1.0, m) @ rows
        assert separating_direction(np.vstack([rows, against])) is None
        # Minus a sum of half of them leaves those at 0 and lets the others gain, if anything: at most a boundary.
        assert separating_direction(rng.standard_normal((m, n))) is None


@pytest.mark.parametrize("m, n", SHAPES)
def test_a_boundary_is_found_in_any_coordinates(m, n):
    for seed in range(3):
        rows, rng = category(m, n, seed)
        for turn in (np.eye(n), np.linalg.qr(rng.standard_normal((n, n)))[0]):
            d = separating_direction(rows @ turn)
            assert d is not None
            gains = rows @ turn @ d
            assert (gains[:10] > 1e-3).all() and np.abs(gains[10:]).max() < 1e-13
        for size in (1.0, 1e-4, 1e-8, 1e-11):
            broken = rows.copy()
            broken[3, 0] = -size  # the category's members disagree
            for turn in (np.eye(n), np.linalg.qr(rng.standard_normal((n, n)))[0]):
                assert separating_direction(broken @ turn) is None, size


def test_guards_fence_the_direction_in():
    gains = np.array([[1.0, 0.0], [1.0, 0.5]])
    assert separating_direction(gains) is not None
    assert separating_direction(gains, np.array([[-1.0, 0.0]])) is not None  # (0, 1) is left
    assert separating_direction(gains, np.array([[-1.0, 0.0], [0.0, -1.0]])) is None
    d = separating_direction(gains, np.array([[-1.0, 0.2]]))
    assert d is not None and (gains @ d >= 0.0).all() and -d[0] + 0.2 * d[1] >= 0.0


def test_rows_of_zeros_separate_nothing_and_do_not_hinder():
    assert separating_direction(np.zeros((4, 3))) is None
    d = separating_direction(np.array([[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]]))
    assert d is not None and np.array([1.0, 2.0]) @ d > 0.0


def test_the_order_of_rows_does_not_decide():
    rng = np.random.default_rng(3)
    for make, want in ((planted, True), (category, True)):
        rows, _ = make(300, 5, 0)
        for _ in range(5):
            assert (separating_direction(rng.permutation(rows)) is not None) == want
