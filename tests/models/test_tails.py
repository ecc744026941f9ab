"""models/tails.py: when int p_d^(1+s) p_n^(-s) is finite, against inequalities by hand, integrals that settle or grow,
and directions."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.models import tails as module
from nce_ref.models.tails import absolute_tails, gaussian_tails, power_mass_is_finite

POWERS = (-4.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0)


def density_tails(kind, size):
    """(tails, ln p up to a constant) of a density on the line."""
    if kind == "gaussian":
        return gaussian_tails(np.array([[size]])), lambda u: -0.5 * size * u**2
    return absolute_tails(np.array([[size]])), lambda u: -size * abs(u)


def settles(log_f):
    """Whether the integrand has fallen by e^-100 between u = 1e3 and u = 1e6: exponentials of u or u^2 do, or do not
    fall at all.

    Sizes below are multiples of 0.1, so an exponent that is not 0 is at least 0.1 |u|: e^(-1e5) at 1e6.
    """
    return all(log_f(sign * 1e6) < log_f(sign * 1e3) - 100.0 for sign in (1.0, -1.0))


def check_the_line():
    sizes = (0.4, 0.5, 0.6, 1.0, 2.0, 2.5)
    kinds = [(kind, size) for kind in ("gaussian", "laplace") for size in sizes]
    verdicts = []
    for data_kind in kinds:
        for noise_kind in kinds:
            (data, log_d), (noise, log_n) = density_tails(*data_kind), density_tails(*noise_kind)
            for s in POWERS:
                expected = settles(lambda u: (1 + s) * log_d(u) - s * log_n(u))  # noqa: B023
                assert power_mass_is_finite(data, noise, s) == expected, (data_kind, noise_kind, s)
                verdicts.append(expected)
    assert 100 < sum(verdicts) < len(verdicts) - 100  # both answers are common


def check_directions():
    """Laplace against Laplace in 2 and 3 dimensions: the exponent in 20000 directions; a witness for "infinite" is one
    of them >= 0."""
    rng, seen = np.random.default_rng(0), set()
    for n in (2, 3):
        v = rng.standard_normal((n, 20_000))
        for _ in range(30):
            R_d, R_n = rng.standard_normal((n, n)), 0.5 * rng.standard_normal((n, n))
            # The vertices themselves: no sample of directions comes closer to the largest ratio.
            corners = np.concatenate([v, np.linalg.inv(R_d), np.linalg.inv(R_n)], axis=1)
            for s in (-3.0, -1.2, 0.3, 1.0, 3.0):
                exponent = -(1 + s) * np.abs(R_d @ corners).sum(axis=0) + s * np.abs(
                    R_n @ corners
                ).sum(axis=0)
                verdict = power_mass_is_finite(absolute_tails(R_d), absolute_tails(R_n), s)
                assert verdict == (exponent.max() < 0.0)
                seen.add(verdict)
    assert seen == {True, False}


def check_gaussians_in_the_plane():
    """Equal in one direction, too narrow in the other: the narrow one decides."""
    data = gaussian_tails(np.eye(2))
    assert power_mass_is_finite(data, gaussian_tails(np.diag([1.0, 1.9])), 1.0)
    assert not power_mass_is_finite(data, gaussian_tails(np.diag([1.0, 2.1])), 1.0)
    assert not power_mass_is_finite(
        data, gaussian_tails(np.diag([1.0, 2.0])), 1.0
    )  # the boundary: flat along a line


CHECKS = {
    "line": check_the_line,
    "directions": check_directions,
    "plane": check_gaussians_in_the_plane,
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_analytic_statement(name):
    CHECKS[name]()


def roles_swapped(data, noise, s):
    return module_answer(noise, data, s)


def first_direction_only(data, noise, s):
    return module_answer(
        type(data)(data.quadratic[:1, :1], data.rows[:1, :1]),
        type(data)(noise.quadratic[:1, :1], noise.rows[:1, :1]),
        s,
    )


def power_off_by_one(data, noise, s):
    return module_answer(data, noise, s - 1.0)


module_answer = module.power_mass_is_finite


@pytest.mark.parametrize(
    ("plant", "seen_by"),
    [(roles_swapped, "line"), (first_direction_only, "plane"), (power_off_by_one, "line")],
)
def test_planted_mistakes_are_seen(monkeypatch, plant, seen_by):
    monkeypatch.setitem(globals(), "power_mass_is_finite", plant)
    with pytest.raises(AssertionError):
        CHECKS[seen_by]()


def test_models_and_noises_tell_their_leading_order():
    """ln p(t v) / (leading order at t v) -> 1: at t = 1e6 lower orders are 1e-5 of it."""
    rng = np.random.default_rng(1)
    B, cov = rng.standard_normal((2, 2)), np.array([[2.0, 0.3], [0.3, 0.5]])
    gaussian, ica, smooth = nr.Gaussian(2), nr.LaplaceICA(2), nr.LaplaceICA(2, 0.3)
    noises = nr.GaussianNoise([3.0, -1.0], cov), nr.LaplaceICANoise(B)
    cases = [(noise.tails, noise.log_density) for noise in noises]
    for model, theta in (
        (gaussian, gaussian.pack(cov, 0.7)),
        (ica, ica.pack(B, -2.0)),
        (smooth, smooth.pack(B, -2.0)),
    ):
        cases.append(
            (model.tails(theta), lambda u, model=model, theta=theta: model.log_density(theta, u))
        )
    u = 1e6 * rng.standard_normal((50, 2))
    for tails, log_density in cases:
        leading = -0.5 * np.einsum("ti,ij,tj->t", u, tails.quadratic, u) - np.abs(
            u @ tails.rows.T
        ).sum(axis=1)
        np.testing.assert_allclose(log_density(u), leading, rtol=1e-4)


def test_orders_that_cancel_are_refused():
    mixed = module.Tails(np.eye(1), np.ones((1, 1)))
    with pytest.raises(ValueError, match="tails: the quadratic parts cancel"):
        power_mass_is_finite(mixed, module.Tails(2.0 * np.eye(1), np.ones((1, 1))), 1.0)
