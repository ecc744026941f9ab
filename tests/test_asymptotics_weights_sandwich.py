"""A^-1 V A^-1 - (1 + 1/nu) A^-1 m m^T A^-1, and the bound on it: errors planted one moment at a time, of any sign, stay
within."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref.asymptotics_weights import _sandwich

NU = 2.5


def moments(seed):
    """A, m and V of a made-up problem whose entries have units from 1e-3 to 1e3."""
    rng = np.random.default_rng(seed)
    units = np.geomspace(1e-3, 1e3, 4)
    g = rng.standard_normal((4, 30)) * units[:, None]
    w = rng.uniform(0.1, 1.0, 30)
    return (g * w) @ g.T, g @ w, (g * w * (1.0 + w)) @ g.T


def sandwich(A, m, V):
    inverse = np.linalg.inv(A)
    return inverse @ V @ inverse - (1.0 + 1.0 / NU) * np.outer(inverse @ m, inverse @ m)


def test_without_errors_the_roundings_are_left():
    for seed in range(4):
        parts = moments(seed)
        got, error = _sandwich(parts, tuple(np.zeros_like(part) for part in parts), NU)
        # In units of the first part's own diagonal: the made-up difference may be negative.
        A, _, V = parts
        own = np.sqrt(np.diag(np.linalg.inv(A) @ V @ np.linalg.inv(A)))
        size = np.outer(own, own)
        assert (np.abs(got - sandwich(*parts)) <= 1e-10 * size).all()
        assert (error > 0.0).all() and (error < 1e-10 * size).all()
        np.testing.assert_allclose(error, error.T, rtol=1e-12)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_an_error_of_one_moment_is_bounded_and_not_by_much(which):
    """50 choices of signs: none leads outside (first order, hence the 1.001), and the worst comes within a factor of 20
    somewhere."""
    rng = np.random.default_rng(5)
    for seed in range(4):
        parts = list(moments(seed))
        errors = [np.zeros_like(part) for part in parts]
        # In units of each entry's own scale, so that A stays definite.
        scale = np.sqrt(np.diag(parts[0])) if which < 2 else np.sqrt(np.diag(parts[2]))
        errors[which] = 1e-7 * (scale if which == 1 else np.outer(scale, scale))
        got, error = _sandwich(tuple(parts), tuple(errors), NU)
        closest = 0.0
        for _ in range(50):
            signs = rng.choice([-1.0, 1.0], errors[which].shape)
            if which != 1:
                signs = np.triu(signs) + np.triu(signs, 1).T
            moved = list(parts)
            moved[which] = parts[which] + signs * errors[which]
            off = np.abs(sandwich(*moved) - got)
            assert (off <= 1.001 * error).all()
            closest = max(closest, float((off / error).max()))
        assert closest > 0.05
