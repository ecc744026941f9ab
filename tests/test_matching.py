"""matching.py against brute force over all signed permutations, and against matchers that are wrong."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from nce_ref.matching import RowMatch, match_rows

EPS = np.finfo(float).eps


def brute_force_error(B_hat, B_true):
    """The textbook definition: the smallest of the n! 2^n squared errors."""
    n = len(B_true)
    return min(
        float(((B_true - np.array(signs)[:, None] * B_hat[list(order)]) ** 2).sum())
        for order in permutations(range(n))
        for signs in product((1.0, -1.0), repeat=n)
    )


def signed_shuffle(B, rng):
    return rng.choice([-1.0, 1.0], size=len(B))[:, None] * B[rng.permutation(len(B))]


def assert_matches(matcher, B_hat, B_true):
    """What every matcher must satisfy. Both sides sum n*d squares of rounded differences: (n*d + 2) eps relative."""
    match = matcher(B_hat, B_true)
    assert sorted(match.permutation) == list(range(len(B_true))), "a row is used twice"
    assert set(np.abs(match.signs)) == {1.0}
    np.testing.assert_array_equal(match.B, match.signs[:, None] * B_hat[match.permutation])
    best = brute_force_error(B_hat, B_true)
    assert abs(match.squared_error - best) <= (B_true.size + 2) * EPS * best, (
        "not the smallest squared error"
    )
    return match


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("spread", [0.01, 0.5, 10.0])
def test_is_the_best_of_all_signed_permutations(n, spread):
    rng = np.random.default_rng([n, int(100 * spread)])
    for _ in range(10):
        B_true = rng.standard_normal((n, n))
        assert_matches(
            match_rows, signed_shuffle(B_true + spread * rng.standard_normal((n, n)), rng), B_true
        )


@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_exact_match_has_error_zero_bit_for_bit(n):
    rng = np.random.default_rng(n)
    for size in (1e-200, 1e-3, 1.0, 1e8, 1e140):
        B_true = size * rng.standard_normal((n, n))
        match = match_rows(signed_shuffle(B_true, rng), B_true)
        assert match.squared_error == 0.0
        np.testing.assert_array_equal(match.B, B_true)


def test_nearly_parallel_long_rows_are_told_apart():
    # Rows 1e8 * (1, 1, 1) + O(1): in the expanded square each cost has a rounding error of about 1e16 * EPS > 1.
    rng = np.random.default_rng(3)
    for _ in range(20):
        B_true = 1e8 + rng.integers(-8, 9, size=(4, 3)) / 4.0 + np.arange(4.0)[:, None]
        assert match_rows(signed_shuffle(B_true, rng), B_true).squared_error == 0.0


def test_signed_permutation_of_the_estimate_changes_nothing():
    rng = np.random.default_rng(4)
    for _ in range(50):
        B_true, B_hat = rng.standard_normal((2, 4, 4))
        reference = match_rows(B_hat, B_true)
        again = match_rows(signed_shuffle(B_hat, rng), B_true)
        np.testing.assert_array_equal(again.B, reference.B)
        assert again.squared_error == reference.squared_error


def test_orthogonal_pair_has_sign_plus_one():
    match = match_rows([[0.0, 2.0], [2.0, 0.0]], [[1.0, 0.0], [-1.0, 0.0]])
    # Rows (1, 0) and (-1, 0) compete for (2, 0); the other gets (0, 2), to which it is orthogonal.
    assert match.signs[match.permutation == 0] == 1.0
    assert match.squared_error == 1.0 + 5.0
    np.testing.assert_array_equal(match_rows(np.zeros((3, 3)), np.eye(3)).signs, 1.0)


def test_rectangular_matrices():
    rng = np.random.default_rng(6)
    B_true = rng.standard_normal((3, 5))
    assert_matches(
        match_rows, signed_shuffle(B_true + 0.1 * rng.standard_normal((3, 5)), rng), B_true
    )


def test_theta_moves_with_its_rows_and_c_stays():
    rng = np.random.default_rng(7)
    B_true = rng.standard_normal((4, 4))
    B_hat = signed_shuffle(B_true + 0.05 * rng.standard_normal((4, 4)), rng)
    match = match_rows(B_hat, B_true)
    theta = match.apply_theta(np.append(B_hat.ravel(), -1.25))
    np.testing.assert_array_equal(theta, np.append(match.B.ravel(), -1.25))
    np.testing.assert_array_equal(match.apply(B_hat), match.B)
    with pytest.raises(ValueError, match=r"theta: got shape \(16,\); expected shape \(17,\)"):
        match.apply_theta(theta[:-1])
    with pytest.raises(ValueError, match="rows: got shape"):
        match.apply(np.eye(3))


# Planted mistakes (shared/mistakes.md, "matching"): each must be refused by assert_matches.


def greedy(B_hat, B_true):
    """The nearest row for each source by itself: may pick one twice."""
    inner = B_true @ B_hat.T
    distance = (B_true**2).sum(1)[:, None] + (B_hat**2).sum(1)[None, :] - 2.0 * np.abs(inner)
    order = distance.argmin(axis=1)
    signs = np.where(inner[np.arange(len(B_true)), order] >= 0.0, 1.0, -1.0)
    B = signs[:, None] * B_hat[order]
    return RowMatch(B, order, signs, float(((B_true - B) ** 2).sum()))


def greedy_without_replacement(B_hat, B_true):
    """First come, first served: a permutation, but not the nearest."""
    free, order = set(range(len(B_hat))), []
    for b in B_true:
        order.append(
            min(free, key=lambda j: min(((b - B_hat[j]) ** 2).sum(), ((b + B_hat[j]) ** 2).sum()))
        )
        free.remove(order[-1])
    signs = np.where((B_true * B_hat[order]).sum(1) >= 0.0, 1.0, -1.0)
    B = signs[:, None] * B_hat[order]
    return RowMatch(B, np.array(order), signs, float(((B_true - B) ** 2).sum()))


def unmatched(B_hat, B_true):
    n = len(B_true)
    return RowMatch(B_hat, np.arange(n), np.ones(n), float(((B_true - B_hat) ** 2).sum()))


def unsigned(B_hat, B_true):
    """The right order, but signs forgotten in the error."""
    match = match_rows(B_hat, B_true)
    B = B_hat[match.permutation]
    return RowMatch(B, match.permutation, np.ones(len(B)), float(((B_true - B) ** 2).sum()))


B_TRUE = np.array([[0.9, 0.5], [1.0, 0.0]])
B_BAD = np.array([[-0.95, -0.2], [0.1, 3.0]])  # its first row is nearest to both true rows


@pytest.mark.parametrize(
    ("matcher", "complaint"),
    [
        (greedy, "used twice"),
        (greedy_without_replacement, "not the smallest"),
        (unmatched, "not the smallest"),
        (unsigned, "not the smallest"),
    ],
)
def test_planted_matchers_are_caught(matcher, complaint):
    assert_matches(match_rows, B_BAD, B_TRUE)
    with pytest.raises(AssertionError, match=complaint):
        assert_matches(matcher, B_BAD, B_TRUE)


def test_greedy_flatters_a_wrong_estimate():
    # Why greedy is a mistake and not a cheaper way: it reports less than the smallest possible error.
    assert greedy(B_BAD, B_TRUE).squared_error < 0.2 < 6.0 < match_rows(B_BAD, B_TRUE).squared_error


@pytest.mark.parametrize(
    ("B_hat", "B_true", "complaint"),
    [
        (np.eye(3), np.eye(4), r"B_hat: got shape \(3, 3\); expected shape \(4, 4\)"),
        (np.ones(4), np.eye(2), r"B_hat: got shape \(4,\)"),
        (np.eye(2), np.array([[1.0, np.nan], [0.0, 1.0]]), r"B_true: entry \(0, 1\) is nan"),
        (np.array([[1.0, np.inf], [0.0, 1.0]]), np.eye(2), r"B_hat: entry \(0, 1\) is inf"),
        (np.eye(2) * 1e200, np.eye(2), "B_hat: entries reach 1e.200; expected at most 1e.150"),
        (np.eye(2), np.empty((0, 0)), "B_true: got shape"),
        (np.eye(2) * 1j, np.eye(2), "B_hat: got dtype complex128"),
    ],
)
def test_bad_input_is_named(B_hat, B_true, complaint):
    with pytest.raises(ValueError, match=complaint):
        match_rows(B_hat, B_true)
