"""moments.py: the contour rule on log-ratios whose answer is elementary. The models' own tests hold the rest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref.models.moments import posterior_moments

EPS = float(np.finfo(float).eps)


@pytest.mark.parametrize("log_ratio", [-30.0, -1.0, 0.0, 2.0, 30.0])
@pytest.mark.parametrize("nu", [1e-9, 0.3, 1.0, 7.0, 1e9])
def test_constant_log_ratio(log_ratio, nu):
    # P = 1/(1 + e^G/nu) itself, with f = 1 and f = 5.
    value, others, rounding = posterior_moments(
        lambda s: np.stack([np.exp(-s * log_ratio), 5.0 * np.exp(-s * log_ratio)]),
        nu,
        lambda s: EPS * np.abs(s) * abs(log_ratio),
    )
    expected = 1 / (1 + math.exp(log_ratio) / nu)
    # exp(s ln(nu) - s G) carries eps (|s ln nu| + |s G|), s up to 13 in modulus where it still counts little: 1e-12 is
    # ample.
    np.testing.assert_allclose(value, [expected, 5 * expected], rtol=1e-12)
    for other in others:
        np.testing.assert_allclose(other, value, rtol=1e-12)
    # The stated bound: rounding, and what the rules differ by. It is not idle either: 1e-12 of the value at most.
    apart = np.abs(np.array(others) - value).max(axis=0)
    assert (np.abs(value - [expected, 5 * expected]) <= rounding + apart).all()
    assert (rounding <= 1e-12 * value).all()


def test_an_error_of_the_moments_is_passed_on():
    """Every rule shares it, so that none of the others shows it: e^(-sG) too large by 1e-9 makes P as much too
    large."""

    def off(s):
        return np.exp(-s * 2.0)[None] * (1.0 + 1e-9)

    value, others, rounding = posterior_moments(off, 1.0, lambda s: np.full(len(s), 1e-9))
    true = abs(value[0] - 1.0 / (1.0 + math.exp(2.0)))
    assert np.abs(np.array(others) - value).max() < 0.1 * true <= 0.1 * rounding[0]


def test_two_valued_log_ratio_weighs_both_values():
    value, _, _ = posterior_moments(
        lambda s: np.stack(
            [0.25 * np.exp(-s * 1.5) + 0.75 * np.exp(2.0 * s), 0.25 * np.exp(-s * 1.5)]
        ),
        0.2,
        lambda s: EPS * np.abs(s),
    )
    first, second = 0.25 / (1 + math.exp(1.5) / 0.2), 0.75 / (1 + math.exp(-2.0) / 0.2)
    np.testing.assert_allclose(value, [first + second, first], rtol=1e-12)


@pytest.mark.parametrize("plant", ["sign of G", "nu inverted"])
def test_planted_sign_mistakes_are_seen(plant):
    sign = -1.0 if plant == "sign of G" else 1.0
    value, _, _ = posterior_moments(
        lambda s: np.exp(-sign * s * 2.0)[None],
        1 / 5.0 if plant == "nu inverted" else 5.0,
        lambda s: EPS * np.abs(s),
    )
    assert abs(value[0] * (1 + math.exp(2.0) / 5.0) - 1) > 0.1


def test_noise_that_misses_the_data_is_refused_not_nan():
    with pytest.raises(ValueError, match=r"noise: .* underflows"):
        posterior_moments(
            lambda s: np.zeros((1, len(s)), dtype=complex), 1.0, lambda s: EPS * np.abs(s)
        )
