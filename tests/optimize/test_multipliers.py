"""multipliers.py: the relative interior against one linear programme a ridge, the centre against what it must not
depend on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog, lsq_linear

from nce_ref.optimize import multipliers as module
from nce_ref.optimize.multipliers import merged, multipliers_in, smallest_subgradient

pytestmark = pytest.mark.long

KINDS = ["lattice", "repeated", "plane", "touching", "general"]


def problem(kind, seed):
    """(gradient, directions, weights) of a stationary point: gradient = sum mu_k w_k a_k for some |mu| <= 1."""
    rng = np.random.default_rng([KINDS.index(kind), seed])
    n = int(rng.integers(2, 6))
    k = int(rng.integers(n, 3 * n))
    a = rng.standard_normal((k, n))
    if kind in ("lattice", "touching"):
        a = rng.integers(-2, 3, (k, n)).astype(float)
        a[~a.any(axis=1)] = 1.0
    elif kind == "repeated":
        a = a[rng.integers(0, n, k)] * rng.choice([-2.0, -1.0, 1.0, 3.0], k)[:, None]
    elif kind == "plane":
        a[:, -1] = a[:, 0]
    elif kind == "general":
        a = a[:n]
    w, mu = rng.uniform(0.5, 2.0, len(a)), rng.uniform(-0.9, 0.9, len(a))
    if (
        kind == "touching"
    ):  # a vertex of the zonotope's boundary: mu = sign(a.v) wherever that is not 0
        v = rng.integers(-1, 2, n).astype(float)
        v[0] = 1.0
        mu = np.where(a @ v != 0.0, np.sign(a @ v), mu)
    return a.T @ (w * mu), a, w


def smallest_sizes(gradient, a, w):
    """min |mu_k| and max |mu_k| over the valid multipliers, k by k: two programmes each."""
    pull, k = a.T * w, len(w)
    least, most = np.empty(k), np.empty(k)
    for i in range(k):
        ends = []
        for sign in (1.0, -1.0):
            cost = np.zeros(k)
            cost[i] = sign
            solved = linprog(cost, A_eq=pull, b_eq=gradient, bounds=[(-1.0, 1.0)] * k)
            assert solved.status == 0
            ends.append(sign * solved.fun)
        low, high = ends
        least[i], most[i] = (
            0.0 if low <= 0.0 <= high else min(abs(low), abs(high)),
            max(abs(low), abs(high)),
        )
    return least, most


def is_interior(mu, gradient, a, w):
    """Valid, and below 1 wherever some valid choice is. The programmes are right to 1e-7; the slacks of these problems
    are above 1e-3."""
    least, _ = smallest_sizes(gradient, a, w)
    valid = (
        np.abs(mu).max() <= 1.0
        and np.linalg.norm(gradient - (a.T * w) @ mu) <= 1e-12 * w.sum() * np.abs(a).max()
    )
    return valid and bool(np.all(np.abs(mu[least < 1.0 - 1e-6]) < 1.0 - 1e-6))


@pytest.mark.parametrize("kind", KINDS)
def test_multipliers_lie_in_the_relative_interior(kind):
    forced = 0
    for seed in range(12):
        gradient, a, w = problem(kind, seed)
        norm, mu = smallest_subgradient(gradient, a, w)
        assert norm <= 1e-12 * w.sum() * np.abs(a).max() and is_interior(mu, gradient, a, w)
        forced += int((smallest_sizes(gradient, a, w)[0] > 1.0 - 1e-6).sum())
    assert (forced > 0) == (kind == "touching"), (
        "only there some multipliers are +-1 in every valid choice"
    )


def bounded_least_squares(gradient, a, w):
    return np.clip(
        lsq_linear(a.T * w, gradient, bounds=(-1.0, 1.0), method="bvls", tol=1e-15).x, -1, 1
    )


def smallest_largest(gradient, a, w):
    """min max |mu|."""
    pull, k = a.T * w, len(w)
    rows = np.block([[np.eye(k), -np.ones((k, 1))], [-np.eye(k), -np.ones((k, 1))]])
    solved = linprog(
        np.r_[np.zeros(k), 1.0],
        A_ub=rows,
        b_ub=np.zeros(2 * k),
        A_eq=np.column_stack([pull, np.zeros(len(gradient))]),
        b_eq=gradient,
        bounds=[(None, None)] * k + [(0.0, None)],
    )
    return np.clip(solved.x[:-1], -1.0, 1.0)


# mu = (.95, .7) is valid; the shortest solution is (1.04, .52), which bounded least squares turn into (1, .6).
STOPPED = np.array([1.3, 0.0]), np.array([[1.0, 0.0], [0.5, 0.0]]), np.ones(2)


@pytest.mark.parametrize("choice", [bounded_least_squares, smallest_largest])
def test_other_choices_are_seen_to_stop_at_bounds(choice):
    """One forced |mu| = 1 leaves min max |mu| no reason to move the others; least squares stops wherever it meets a
    bound."""
    problems = [
        STOPPED,
        *(problem(kind, seed) for kind in ("lattice", "touching") for seed in range(12)),
    ]
    assert not all(is_interior(choice(*each), *each) for each in problems)
    assert is_interior(smallest_subgradient(*STOPPED)[1], *STOPPED)


@pytest.mark.parametrize("kind", KINDS)
def test_the_choice_does_not_depend_on_order_coordinates_or_copies(kind):
    """The analytic centre is a property of the set of valid multipliers. 1e-8: Newton's method stops at a decrement of
    1e-12, and where the room is small, below 1e-3, rounding of the constraints is a thousand times larger in it."""
    rng = np.random.default_rng(0)
    for seed in range(8):
        gradient, a, w = problem(kind, seed)
        mu = smallest_subgradient(gradient, a, w)[1]
        order = rng.permutation(len(w))
        np.testing.assert_allclose(
            smallest_subgradient(gradient, a[order], w[order])[1], mu[order], atol=1e-8
        )
        root = 1e9 * np.linalg.qr(rng.standard_normal((a.shape[1],) * 2))[0]
        np.testing.assert_allclose(multipliers_in(root, gradient, a, w), mu, atol=1e-8)
        turned = rng.choice([-1.0, 1.0], len(w))
        np.testing.assert_allclose(
            smallest_subgradient(gradient, a * turned[:, None], w)[1], mu * turned, atol=1e-8
        )
        # A ridge cut in two of half its weight: both halves have its multiplier, as the sum of their forces is what
        # counts.
        twice = smallest_subgradient(
            gradient, np.concatenate([a, a]), np.concatenate([w, w]) / 2.0
        )[1]
        np.testing.assert_allclose(twice, np.concatenate([mu, mu]), atol=1e-8)
        for power in (-40.0, 40.0):
            scale = 2.0**power
            np.testing.assert_allclose(
                smallest_subgradient(gradient * scale, a * scale, w)[1], mu, atol=1e-8
            )


def test_merging_keeps_the_sum_and_knows_what_is_parallel_exactly():
    a = np.array(
        [[1.0, 2.0, 0.0], [-2.0, -4.0, 0.0], [0.0, 1.0, 3.0], [0.1, 0.2, 0.0], [0.0, 0.0, 0.0]]
    )
    w = np.array([1.0, 0.5, 2.0, 10.0, 3.0])
    merge = merged(a, w)
    for d in np.random.default_rng(0).standard_normal((20, 3)):
        np.testing.assert_allclose(
            merge.forces @ np.abs(merge.units @ d), w @ np.abs(a @ d), rtol=1e-14
        )
    assert len(merge.units) == 3 and merge.exact
    np.testing.assert_array_equal(merge.spread(np.arange(3.0))[[0, 1]], [2.0, -2.0])
    # (3, 1) and its double rounded up by an ulp have quotients that round to the same number or not; where they do,
    # `exact` says no.
    near = next(
        (u, v)
        for u in np.random.default_rng(1).uniform(1.0, 2.0, (2000, 2))
        for v in [np.nextafter(u, 3.0)]
        if u[1] / u[0] == v[1] / v[0]
    )
    again = merged(np.array(near), np.ones(2))
    assert len(again.units) == 1 and not again.exact


def test_where_nothing_is_valid_the_bounded_least_squares_are_the_answer():
    gradient, a, w = problem("lattice", 0)
    norm, mu = smallest_subgradient(10.0 * gradient + 5.0, a, w)
    expected = bounded_least_squares(10.0 * gradient + 5.0, a, w)
    assert norm > 1.0
    np.testing.assert_allclose(
        norm, np.linalg.norm(10.0 * gradient + 5.0 - (a.T * w) @ expected), rtol=1e-9
    )
    assert np.abs(mu).max() <= 1.0


def test_without_ridges_or_force_nothing_fails():
    assert smallest_subgradient(np.array([3.0, 4.0]), np.empty((0, 2)), np.empty(0))[0] == 5.0
    norm, mu = smallest_subgradient(np.array([3.0, 4.0]), np.zeros((2, 2)), np.ones(2))
    assert norm == 5.0 and np.abs(mu).max() == 0.0
    norm, mu = smallest_subgradient(np.array([3.0, 4.0]), np.eye(2), np.zeros(2))
    assert norm == 5.0


def test_independent_ridges_need_no_programme(monkeypatch):
    """Ordinary fits have a few independent ridges: they are not to pay for what lattice data need."""
    monkeypatch.setattr(module, "linprog", None)
    gradient, a, w = problem("general", 0)
    assert smallest_subgradient(gradient, a, w)[0] <= 1e-12
