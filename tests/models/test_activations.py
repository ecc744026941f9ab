"""activations.py against 60-digit textbook forms, tails and kink included."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from nce_ref.models.activations import ACTIVATIONS, activation_named

EPS = float(np.finfo(float).eps)
SIZES = [0.0, 1e-300, 1e-9, 1e-3, 0.5, 1.0, 3.0, 10.0, 19.0, 40.0, 300.0, 360.0]
POINTS = np.array([sign * size for size in SIZES for sign in (1.0, -1.0)])


def textbook(name, z):
    """(value, derivative) in 60 digits, by the definition; relu's derivative at 0 is 0."""
    z, one = Decimal(z), Decimal(1)
    if name == "identity":
        return z, one
    if name == "relu":
        return max(z, Decimal(0)), one if z > 0 else Decimal(0)
    if name == "tanh":
        cosh = (z.exp() + (-z).exp()) / 2
        return (z.exp() - (-z).exp()) / 2 / cosh, one / cosh**2
    return (one + z.exp()).ln(), one / (one + (-z).exp())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_and_derivative_to_some_ulp_tails_included(name):
    phi = ACTIVATIONS[name]
    with localcontext() as context:
        context.prec = (
            660  # e^300 beside e^-300, and 60 digits more; |z| = 1e-300 needs its own square
        )
        want = np.array([[float(v) for v in textbook(name, z)] for z in POINTS])
    # An exponential (1 ulp, as NumPy states for it at most 4 in the worst case), a sum and two quotients: below 8 eps.
    np.testing.assert_allclose(phi.value(POINTS), want[:, 0], rtol=8 * EPS, atol=0)
    np.testing.assert_allclose(phi.derivative(POINTS), want[:, 1], rtol=8 * EPS, atol=0)


def test_the_usual_form_of_the_derivative_of_tanh_would_fail():
    z = np.array([10.0, 19.0, 40.0])
    usual, exact = 1.0 - np.tanh(z) ** 2, 4.0 * np.exp(-2.0 * z)
    assert (np.abs(usual / exact - 1.0) > 1e-10).all()
    np.testing.assert_allclose(
        ACTIVATIONS["tanh"].derivative(z), exact, rtol=1e-8
    )  # 4e/(1+e)^2, e = 2e-9 at z = 10


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_extremes_neither_overflow_nor_warn(name):
    phi = ACTIVATIONS[name]
    z = np.array([-1e308, -800.0, 800.0, 1e308])
    assert np.isfinite(phi.value(z)).all()
    assert np.isfinite(phi.derivative(z)).all()


def test_at_the_kink_the_derivative_is_zero_for_both_zeros():
    np.testing.assert_array_equal(
        ACTIVATIONS["relu"].derivative(np.array([0.0, -0.0, 5e-324, -5e-324])), [0.0, 0.0, 1.0, 0.0]
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_it_says_of_itself_is_so(name):
    phi, far = ACTIVATIONS[name], np.array([-1e6, 1e6])
    assert phi.bounded == (np.abs(phi.value(far)).max() < 10.0)
    assert phi.linear == (np.abs(phi.derivative(POINTS) - 1.0).max() == 0.0)
    both_sides = phi.derivative(np.array([-1e-12, 1e-12]))
    assert phi.has_kink == (abs(both_sides[1] - both_sides[0]) > 0.5)
    z = np.array([0.3])
    assert phi.value(z) is not z and z[0] == 0.3  # the pass keeps z


@pytest.mark.parametrize("bad", ["sigmoid", "ReLU", "", None, 3, np.tanh])
def test_an_unknown_name_is_refused_with_the_known_ones(bad):
    with pytest.raises(
        ValueError,
        match=r"activation: got .*expected one of 'identity', 'relu', 'tanh', 'softplus'",
    ):
        activation_named(bad)


def test_relu_and_softplus_are_the_limits_of_one_another():
    """softplus(k z)/k -> relu(z), within ln 2 / k: the two files of formulas agree where they must."""
    z = np.linspace(-3.0, 3.0, 13)
    gap = ACTIVATIONS["softplus"].value(100.0 * z) / 100.0 - ACTIVATIONS["relu"].value(z)
    assert gap.min() >= 0.0 and gap.max() <= math.log(2.0) / 100.0 + EPS
