"""Slips in a network's log-density: in the forward pass, with the gradient of what was computed, and in
back-propagation."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import (
    LOG_2,
    Array,
    Mistake,
)
from nce_ref.oracle.families.networks.textbook import Layers, NetworkSteps, ReluSteps, SoftplusSteps


class _Transposed(NetworkSteps):
    def layers(self, layer_sizes: Array, theta: Array) -> Layers:
        return [(W.reshape(W.shape[::-1]).T, b) for W, b in super().layers(layer_sizes, theta)]

    def flatten(self, by_layer: Layers) -> Array:
        return super().flatten([(W.T, b) for W, b in by_layer])


_LAYOUT = "theta = W_1 (a row for each unit, row by row), b_1, W_2, b_2, ..."

MLP_WEIGHTS_TRANSPOSED = Mistake(
    "mlp-weights-transposed",
    "the weights are read as (in, out), as Keras and Flax store them: W' where W is meant",
    _Transposed(),
    effect=(
        "None for a network trained in this layout from the start; weights from elsewhere give"
        " another function. Nothing to see in layers of one unit."
    ),
    fix=(
        f"{_LAYOUT}; the slip: theta[...].reshape(n_in, n_out), or W.ravel() of a matrix stored"
        " (in, out)"
    ),
)


class _BiasesFirst(NetworkSteps):
    def layers(self, layer_sizes: Array, theta: Array) -> Layers:
        together = [np.concatenate([W.ravel(), b]) for W, b in super().layers(layer_sizes, theta)]
        shapes = [W.shape for W, _ in super().layers(layer_sizes, theta)]
        return [
            (both[out:].reshape(out, into), both[:out])
            for both, (out, into) in zip(together, shapes, strict=True)
        ]

    def flatten(self, by_layer: Layers) -> Array:
        return super().flatten([(b, W) for W, b in by_layer])


MLP_BIASES_FIRST = Mistake(
    "mlp-biases-first",
    "theta is read as b_1, W_1, b_2, W_2, ...: the biases before the weights",
    _BiasesFirst(),
    effect=(
        "None for a network trained in this layout from the start; weights that come from elsewhere"
        " give another function."
    ),
    fix=f"{_LAYOUT}; the slip: b_1 before W_1",
)


class _NoLastBias(NetworkSteps):
    def layers(self, layer_sizes: Array, theta: Array) -> Layers:
        *below, (W, b) = super().layers(layer_sizes, theta)
        return [*below, (W, np.zeros_like(b))]

    def flatten(self, by_layer: Layers) -> Array:
        *below, (of_W, of_b) = by_layer
        return super().flatten([*below, (of_W, np.zeros_like(of_b))])


_F = "a = phi(W a + b) in every hidden layer, f = W a + b in the last"

MLP_NO_LAST_BIAS = Mistake(
    "mlp-no-last-bias",
    "the last layer has no bias: theta's last entry is not used",
    _NoLastBias(),
    effect="That bias is c = -ln Z: NCE has nothing to normalise by, and the weights have to make up for it.",
    fix=f"{_F}, b of the last layer too; the slip: f = W a",
)


class _OnOutput(NetworkSteps):
    def activation(self, name: str, z: Array, layer: int, n_layers: int) -> tuple[Array, Array]:
        return super().activation(name, z, 0, n_layers)


MLP_ACTIVATION_ON_OUTPUT = Mistake(
    "mlp-activation-on-output",
    "the activation is applied to the last layer as well",
    _OnOutput(),
    effect="ln p_m is bounded (tanh) or never negative (ReLU, softplus): the last bias cannot be c = -ln Z any more.",
    fix=f"{_F}; the slip: f = phi(W a + b)",
)


class _LastHiddenLinear(NetworkSteps):
    def activation(self, name: str, z: Array, layer: int, n_layers: int) -> tuple[Array, Array]:
        return super().activation(name, z, n_layers if layer == n_layers - 1 else layer, n_layers)


MLP_ACTIVATION_MISSING = Mistake(
    "mlp-activation-missing",
    "the last hidden layer has no activation",
    _LastHiddenLinear(),
    effect="Two layers collapse into one: with one hidden layer ln p_m is affine, which no density's logarithm is.",
    fix=f"{_F}; the slip: the activation before the last layer left out",
)


class _Linear(NetworkSteps):
    def activation(self, name: str, z: Array, layer: int, n_layers: int) -> tuple[Array, Array]:
        return super().activation(name, z, n_layers, n_layers)


MLP_NO_ACTIVATION = Mistake(
    "mlp-no-activation",
    "no layer has an activation",
    _Linear(),
    effect=(
        "ln p_m is affine in u however deep the network is, and exp f has infinite mass. NCE fits"
        " it all the same and its loss falls."
    ),
    fix=f"{_F}; the slip: linear layers one after the other",
    seen="a walkthrough of P10 trains 4-36-64-1 so",
)


class _ShiftedSoftplus(SoftplusSteps):
    def softplus(self, z: Array) -> tuple[Array, Array]:
        value, slope = super().softplus(z)
        return value - LOG_2, slope


MLP_SOFTPLUS_SHIFTED = Mistake(
    "mlp-softplus-shifted",
    "the shifted softplus, ln(1 + e^z) - ln 2, for softplus",
    _ShiftedSoftplus(),
    effect=(
        "None for a network trained so from the start: the biases take the shift up. Weights from"
        " elsewhere give another function."
    ),
    fix="phi(z) = ln(1 + e^z); the slip: ln(1 + e^z) - ln 2, which is 0 at z = 0",
)


class _KinkOne(ReluSteps):
    def relu(self, z: Array) -> tuple[Array, Array]:
        return np.maximum(z, 0.0), (z >= 0.0).astype(z.dtype)


MLP_RELU_KINK = Mistake(
    "mlp-relu-kink",
    "the derivative of ReLU at z = 0 is 1 instead of 0",
    _KinkOne(),
    effect=(
        "None off exact zeros, which trained weights hardly have: a choice, not an error. Say"
        " which."
    ),
    fix=(
        "relu'(0) = 0 here, as PyTorch, TensorFlow and jax.nn.relu have it; the other choices: 1 (z"
        " >= 0), 1/2 (jnp.maximum(z, 0))"
    ),
    choice=True,
    gradient=True,
)


class _NaiveSoftplus(SoftplusSteps):
    def softplus(self, z: Array) -> tuple[Array, Array]:
        e = np.exp(z)
        return np.log(1.0 + e), e / (1.0 + e)


MLP_NAIVE_SOFTPLUS = Mistake(
    "mlp-naive-softplus",
    "softplus as ln(1 + e^z)",
    _NaiveSoftplus(),
    effect=(
        "inf from z = 89 (float32) or 710 (float64) on, and NaN in the gradient: one large"
        " pre-activation ends the training."
    ),
    fix="softplus(z) = max(z, 0) + ln(1 + e^-|z|), logaddexp(0, z); the slip: log(1 + exp(z))",
    arithmetic=True,
)


MISTAKES = (
    MLP_WEIGHTS_TRANSPOSED,
    MLP_BIASES_FIRST,
    MLP_NO_LAST_BIAS,
    MLP_ACTIVATION_ON_OUTPUT,
    MLP_ACTIVATION_MISSING,
    MLP_NO_ACTIVATION,
    MLP_SOFTPLUS_SHIFTED,
    MLP_RELU_KINK,
    MLP_NAIVE_SOFTPLUS,
)
