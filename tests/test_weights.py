"""weights.py: g1, g2, w and e belong together; the table of instances; concavity; the exponents of w."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref import weights
from nce_ref.weights import LogisticWeight, PowerWeight

ALL = [PowerWeight(a) for a in (0.0, -1.0, 1.0, -2.0, -0.5, 0.3)] + [
    LogisticWeight(nu) for nu in (0.2, 1.0, 7.0)
]
G = np.linspace(-4.0, 4.0, 41)


def slope(f):
    """Central difference of fourth order, step 1e-3: truncation h^4/30 |f'''''| < 1e-11 |f| here, rounding 1e-13
    |f|/h."""
    h = 1e-3
    return (8.0 * (f(G + h) - f(G - h)) - (f(G + 2.0 * h) - f(G - 2.0 * h))) / (12.0 * h)


def check(weight):
    w, e = np.exp(weight.log_weight(G)), weight.elasticity(G)
    np.testing.assert_allclose(
        slope(lambda G: weight.potentials(G)[0]), w, rtol=1e-8
    )  # dg1/dG = q g1' = w
    np.testing.assert_allclose(
        slope(lambda G: weight.potentials(G)[1]), np.exp(G) * w, rtol=1e-8
    )  # dg2/dG = q w
    np.testing.assert_allclose(slope(weight.log_weight), e, rtol=1e-8, atol=1e-10)
    assert weight.concave == bool((e <= 0.0).all() and (e >= -1.0).all())
    far = np.array([-300.0, 300.0])
    np.testing.assert_allclose(
        weight.log_weight(far) / far, [weight.lower, weight.upper], atol=0.01
    )  # ln(nu)/300 apart


@pytest.mark.parametrize("weight", ALL, ids=str)
def test_potentials_weight_and_elasticity_belong_together(weight):
    check(weight)


class Slip(PowerWeight):
    """g2 of the wrong power, as if g2' = g1'."""

    def potentials(self, log_ratio):
        return super().potentials(log_ratio)[0], super().potentials(log_ratio)[0]


class WrongSign(LogisticWeight):
    def elasticity(self, log_ratio):
        return -super().elasticity(log_ratio)


@pytest.mark.parametrize("plant", [Slip(1.0), WrongSign(2.0)], ids=str)
def test_planted_mistakes_are_seen(plant):
    with pytest.raises(AssertionError):
        check(plant)


def test_the_table_of_instances():
    q, nu = np.exp(G), 2.5
    table = [
        (weights.IMPORTANCE_SAMPLING, np.ones_like(q), np.log(q), q - 1),
        (weights.INVERSE_IMPORTANCE_SAMPLING, 1 / q, 1 - 1 / q, np.log(q)),
        (weights.POLYNOMIAL, q, q - 1, (q**2 - 1) / 2),
        (weights.INVERSE_POLYNOMIAL, q**-2, (1 - q**-2) / 2, 1 - 1 / q),
        (LogisticWeight(nu), 1 / (1 + q / nu), np.log(q / (nu + q)), nu * np.log(1 + q / nu)),
    ]
    for weight, w, g1, g2 in table:
        np.testing.assert_allclose(np.exp(weight.log_weight(G)), w, rtol=1e-13)
        for got, expected in zip(weight.potentials(G), (g1, g2)):
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


def test_overflow_is_silent_and_infinite_never_nan():
    far = np.array([-1e6, 1e6])
    for weight in ALL:
        for values in (*weight.potentials(far), weight.log_weight(far), weight.elasticity(far)):
            assert not np.isnan(values).any()
    assert LogisticWeight(2.0).potentials(far)[1][1] == 2.0 * (1e6 - math.log(2.0))


def test_bad_input():
    for bad in (math.nan, math.inf, "half"):
        with pytest.raises(ValueError, match="exponent: "):
            PowerWeight(bad)
    for bad in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="nu: got"):
            LogisticWeight(bad)
