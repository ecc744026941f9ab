r"""Activation functions: what a unit of a network does to its weighted sum, and the derivative of that.

    identity z      1
    relu     max(z, 0)            1 for z > 0, else 0            its kink is at z = 0, where the derivative is 0
    tanh     tanh(z)              1/cosh(z)^2 = 4e/(1 + e)^2,    e = exp(-2|z|)
    softplus ln(1 + exp(z))       sigma(z)

Conventions
-----------
z        any shape, float64: pre-activations W a + b; value and derivative have the same shape
relu'(0) = 0, as |.|' is 0 at 0 everywhere in this house (``np.sign``); PyTorch, TensorFlow and JAX's ``nn.relu`` say 0
too accuracy a few ulp elementwise in value and derivative, the tails included: the usual 1 - tanh(z)^2 has lost eight
         digits at z = 10 and is 0 from z = 19 on, where the derivative is 1e-16, and a saturated unit is where training
         gets stuck
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nce_ref._checks import Float
from nce_ref.special import sigmoid, softplus


@dataclass(frozen=True)
class Activation:
    """One activation.

    ``value, derivative``  functions of z, elementwise
    ``has_kink``           not differentiable at z = 0
    ``bounded``            |value| stays below a constant
    ``linear``             a network of it is affine however deep it is
    ``start``              "he" or "glorot": which initial weights keep the size of the signal from layer to layer
    """

    name: str
    value: Callable[[Float], Float]
    derivative: Callable[[Float], Float]
    has_kink: bool = False
    bounded: bool = False
    linear: bool = False
    start: str = "glorot"


def activation_named(name: object) -> Activation:
    """Return the activation of this name. Raises ValueError, with the names that exist, for any other."""
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(
            f"activation: got {name!r}; expected one of {', '.join(map(repr, ACTIVATIONS))}"
        )
    return ACTIVATIONS[name]


def _relu(z: Float) -> Float:
    return np.maximum(z, 0.0)


def _relu_derivative(z: Float) -> Float:
    return (z > 0.0).astype(np.float64)


def _tanh_derivative(z: Float) -> Float:
    # e <= 1: nothing overflows (cosh does, from |z| = 710), and nothing is subtracted. In place: a fresh page costs as
    # much as exp.
    e = np.abs(z)
    np.minimum(e, 400.0, out=e)  # exp(-800) is 0 already, and doubling 1e308 would warn
    e *= -2.0
    np.exp(e, out=e)
    below = 1.0 + e
    e /= below
    e /= below
    e *= 4.0
    return e


ACTIVATIONS = {
    one.name: one
    for one in (
        Activation("identity", np.copy, np.ones_like, linear=True),
        Activation("relu", _relu, _relu_derivative, has_kink=True, start="he"),
        Activation("tanh", np.tanh, _tanh_derivative, bounded=True),
        Activation("softplus", softplus, sigmoid, start="he"),
    )
}
