"""multipliers.py, many ridges: the centre in as many unknowns as theta has is that of the linear programme, found in a
hundredth of its time."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref.optimize import multipliers as module
from nce_ref.optimize.multipliers import smallest_subgradient


def problem(seed, kind):
    """(gradient, directions, weights): the gradient inside, nearly on the border of, and outside what the ridges
    hold."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 6)), int(rng.integers(101, 160))
    a, w = rng.standard_normal((k, n)), rng.uniform(0.1, 1.0, k)
    sides = np.sign(a @ rng.standard_normal(n))
    mu = {
        "inside": rng.uniform(-0.3, 0.3, k) + 0.69 * sides,
        "nearly": sides * (1.0 - 1e-3 * rng.random(k)),
        "outside": 1.05 * sides,
    }[kind]
    return a.T @ (w * mu), a, w


@pytest.mark.parametrize("kind", ["inside", "nearly", "outside"])
@pytest.mark.parametrize("seed", range(4))
def test_many_ridges_have_the_multipliers_of_the_programme(seed, kind, monkeypatch):
    gradient, a, w = problem(seed, kind)
    length, mu = smallest_subgradient(gradient, a, w)
    monkeypatch.setattr(module, "_MANY_FOR_A_PROGRAMME", 10**9)
    other, by_programme = smallest_subgradient(gradient, a, w)
    assert length == pytest.approx(other, abs=1e-10)
    assert (length < 1e-10) == (kind != "outside")
    if kind != "outside":
        assert np.abs(mu).max() < 1.0
        np.testing.assert_allclose(mu, by_programme, atol=1e-9)


def test_forced_multipliers_are_put_at_their_bounds_and_the_others_at_their_centre():
    """120 ridges along e_1 (not parallel to the last bit) whose sum is all that holds, and 30 across, which are
    free."""
    rng = np.random.default_rng(0)
    along = np.column_stack([rng.uniform(0.5, 2.0, 120), np.zeros((120, 2))])
    across = np.column_stack([np.zeros(30), rng.standard_normal((30, 2))])
    pull = np.concatenate([along, across]).T
    mu = np.concatenate([np.ones(120), rng.uniform(-0.5, 0.5, 30)])
    start = np.linalg.lstsq(pull, pull @ mu)[0]
    decided, centre = module._centre_by_dual(start, pull)
    assert decided
    np.testing.assert_array_equal(centre[:120], 1.0)
    np.testing.assert_allclose(pull @ centre, pull @ mu, atol=1e-10)
    # The centre's own condition: 2 mu/(1 - mu^2) of the free ones is linear in their directions.
    slopes = 2.0 * centre[120:] / (1.0 - centre[120:] ** 2)
    v = np.linalg.lstsq(across[:, 1:], slopes)[0]
    np.testing.assert_allclose(across[:, 1:] @ v, slopes, atol=1e-9)


def test_a_thousand_ridges_that_are_all_met_need_no_programme(monkeypatch):
    def refused(*args, **options):
        raise AssertionError("a programme of a thousand unknowns")

    monkeypatch.setattr(module, "linprog", refused)
    rng = np.random.default_rng(1)
    a, w = rng.standard_normal((1000, 2)), rng.uniform(0.5, 1.0, 1000)
    sides = np.sign(a @ np.array([1.0, 2.0]))
    for share in (0.999, 1.0):
        gradient = a.T @ (w * share * sides)
        length, mu = smallest_subgradient(gradient, a, w)
        assert length < 1e-9 * np.linalg.norm(gradient)
        assert np.abs(mu).max() <= 1.0
