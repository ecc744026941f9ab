"""When Laplace noise is the model's own law: rows alike up to order and sign, and how far off they are where they are
not."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from nce_ref.models.laplace_ica_moments import _distance_from_the_same_rows

B = np.array([[1.0, 0.4, -0.3], [0.2, 0.7, 0.5], [-0.6, 0.1, 1.3]])


def signed_permutations(n):
    for order in itertools.permutations(range(n)):
        for signs in itertools.product((1.0, -1.0), repeat=n):
            yield np.eye(n)[list(order)] * np.array(signs)[:, None]


def test_the_same_rows_in_any_order_and_sign_are_at_distance_0():
    for P in signed_permutations(3):
        assert _distance_from_the_same_rows(P @ B, B) == 0.0
        assert _distance_from_the_same_rows(B, P @ B) == 0.0
    # Exactly so, without an inverse: no condition number comes in.
    hard = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-15]])
    assert _distance_from_the_same_rows(-hard[::-1], hard) == 0.0


@pytest.mark.parametrize("off", [1e-9, 1e-3])
def test_the_distance_is_what_the_other_matrix_adds_to_a_signed_permutation(off):
    """other = (P + E) B: the largest |E|, whatever B, P and the place and sign of the entry; B is not symmetric."""
    for P, (i, j), sign in itertools.product(
        signed_permutations(3), [(0, 1), (1, 0), (2, 2)], (1.0, -1.0)
    ):
        E = np.zeros((3, 3))
        E[i, j] = sign * off
        assert _distance_from_the_same_rows((P + E) @ B, B) == pytest.approx(
            off, abs=1e-14, rel=1e-6
        )


def test_rows_that_are_no_permutation_are_infinitely_far():
    assert _distance_from_the_same_rows(B[[0, 0, 2]] + 1e-3 * np.eye(3), B) == math.inf
