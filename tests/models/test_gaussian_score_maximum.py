"""gaussian_score_maximum.py: S^{-1} against rational arithmetic, its bound against the truth, nearly collinear data and
any units."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from nce_ref.models.gaussian_score_maximum import inverse_second_moment


def exact_inverse(x):
    """(S, S^{-1}) of the rationals that x holds, by Gauss and Jordan."""
    rows = [[Fraction(float(v)) for v in row] for row in x]
    n = len(rows[0])
    S = [[sum(r[i] * r[j] for r in rows) / len(rows) for j in range(n)] for i in range(n)]
    A = [[*S[i], *[Fraction(int(i == j)) for j in range(n)]] for i in range(n)]
    for k in range(n):
        pivot = next(i for i in range(k, n) if A[i][k])
        A[k], A[pivot] = A[pivot], A[k]
        A[k] = [v / A[k][k] for v in A[k]]
        for i in range(n):
            if i != k:
                A[i] = [a - A[i][k] * b for a, b in zip(A[i], A[k], strict=True)]
    return S, [row[n:] for row in A]


def true_distance(alpha, S, inverse):
    """|Lambda - S^{-1}|_H/|S^{-1}|_H, |D|_H^2 = tr D S D, rounded once."""
    n = len(S)
    D = [[Fraction(0)] * n for _ in range(n)]
    for value, i, j in zip(alpha, *np.tril_indices(n), strict=True):
        D[i][j] = D[j][i] = Fraction(float(value)) - inverse[i][j]
    every = range(n)
    squared = sum(D[i][j] * S[j][k] * D[k][i] for i in every for j in every for k in every)
    return math.sqrt(squared / sum(inverse[i][i] for i in every))


def samples():
    """Points of 1 to 4 dimensions, nearly collinear to 1e-7, in mixed units, with an outlier."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n = 1 + seed % 4
        x = rng.laplace(size=(n + int(rng.integers(0, 20)), n))
        if n > 1 and seed % 3:
            x[:, 0] = x[:, 1] + 10.0 ** rng.uniform(-7, -2) * x[:, 0]
        if seed % 2:
            x = x * 10.0 ** rng.integers(-9, 10, n)
        else:
            x[0] *= 1e4
        yield x, rng


@pytest.mark.parametrize("x, rng", list(samples()))
def test_the_formula_is_the_inverse_of_the_rationals_within_its_bound(x, rng):
    found = inverse_second_moment(x)
    S, inverse = exact_inverse(x)
    truth, bound = true_distance(found.alpha, S, inverse), found.distance(found.alpha)
    # Worst cases of rounding: above the truth, and 1e-7 at a condition of 1e7, where an S that was rounded is 1e-2 off.
    assert truth <= bound < 1e-7
    for size in (1e-12, 1e-8, 1e-4, 1.0):
        beside = found.alpha * (1.0 + size * rng.standard_normal(len(found.alpha)))
        truth = true_distance(beside, S, inverse)
        assert truth <= found.distance(beside) <= 1.5 * truth + 2.0 * bound


def test_order_and_powers_of_two_change_nothing_that_the_bound_does_not_cover():
    rng = np.random.default_rng(3)
    x = rng.laplace(size=(17, 3))
    x[:, 0] = x[:, 1] + 1e-6 * x[:, 0]
    found = inverse_second_moment(x)
    other = inverse_second_moment(x[rng.permutation(17)])
    assert found.distance(other.alpha) <= 2.0 * found.distance(found.alpha)
    scaled = inverse_second_moment(x * 2.0**100)
    np.testing.assert_array_equal(scaled.alpha, found.alpha * 2.0**-200)
    assert scaled.distance(scaled.alpha) == pytest.approx(found.distance(found.alpha), rel=1e-12)


def test_data_of_deficient_rank_have_no_maximum():
    rng = np.random.default_rng(4)
    x = rng.laplace(size=(9, 2))
    for deficient in (x[:1], np.column_stack([x[:, 0], 2 * x[:, 0]]), 0 * x, x * [1.0, 0.0]):
        assert inverse_second_moment(deficient) is None
    nearly = np.column_stack([x[:, 0], x[:, 0] * (1 + 1e-13 * x[:, 1])])
    found = inverse_second_moment(nearly)
    assert found is None or not found.distance(found.alpha) < 1e-6
