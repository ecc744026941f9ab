"""Slips in a network's log-density: in the forward pass, with the gradient of what was computed, and in back-propagation."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.networks.objectives import FAMILY
from nce_ref.oracle.families.networks.textbook import Layers
from nce_ref.oracle.mistakes.gradients import CLIMBS, Finish
from nce_ref.oracle.mistakes.making import made_by
from nce_ref.oracle.textbook import Array, Steps

TANH, SOFTPLUS, RELU = (
    ("mlp_tanh_log_density",),
    ("mlp_softplus_log_density",),
    ("mlp_relu_log_density",),
)
MLP = tuple(objective.name for objective in FAMILY.objectives)


class _Transposed(Steps):
    def layers(self, layer_sizes: Array, theta: Array) -> Layers:
        return [(W.reshape(W.shape[::-1]).T, b) for W, b in super().layers(layer_sizes, theta)]

    def flatten(self, by_layer: Layers) -> Array:
        return super().flatten([(W.T, b) for W, b in by_layer])


class _BiasesFirst(Steps):
    def layers(self, layer_sizes: Array, theta: Array) -> Layers:
        together = [np.concatenate([W.ravel(), b]) for W, b in super().layers(layer_sizes, theta)]
        shapes = [W.shape for W, _ in super().layers(layer_sizes, theta)]
        return [
            (both[out:].reshape(out, into), both[:out])
            for both, (out, into) in zip(together, shapes, strict=True)
        ]

    def flatten(self, by_layer: Layers) -> Array:
        return super().flatten([(b, W) for W, b in by_layer])


class _NoLastBias(Steps):
    def layers(self, layer_sizes: Array, theta: Array) -> Layers:
        *below, (W, b) = super().layers(layer_sizes, theta)
        return [*below, (W, np.zeros_like(b))]

    def flatten(self, by_layer: Layers) -> Array:
        *below, (of_W, of_b) = by_layer
        return super().flatten([*below, (of_W, np.zeros_like(of_b))])


class _OnOutput(Steps):
    def activation(self, name: str, z: Array, layer: int, n_layers: int) -> tuple[Array, Array]:
        return super().activation(name, z, 0, n_layers)


class _LastHiddenLinear(Steps):
    def activation(self, name: str, z: Array, layer: int, n_layers: int) -> tuple[Array, Array]:
        return super().activation(name, z, n_layers if layer == n_layers - 1 else layer, n_layers)


class _Linear(Steps):
    def activation(self, name: str, z: Array, layer: int, n_layers: int) -> tuple[Array, Array]:
        return super().activation(name, z, n_layers, n_layers)


class _NaiveSoftplus(Steps):
    def softplus(self, z: Array) -> tuple[Array, Array]:
        e = np.exp(z)
        return np.log(1.0 + e), e / (1.0 + e)


class _ShiftedSoftplus(Steps):
    def softplus(self, z: Array) -> tuple[Array, Array]:
        value, slope = super().softplus(z)
        return value - self.log_2, slope


class _KinkOne(Steps):
    def relu(self, z: Array) -> tuple[Array, Array]:
        return np.maximum(z, 0.0), (z >= 0.0).astype(z.dtype)


class _SlopeForgotten(Steps):
    def unit_slope(self, name: str, z: Array, a: Array, slope: Array) -> Array:
        return np.ones_like(z)


class _SlopeAtOutput(Steps):
    def unit_slope(self, name: str, z: Array, a: Array, slope: Array) -> Array:
        wrong: Array = getattr(self, name)(a)[1]
        return wrong


class _SlopeOfZ(Steps):
    def unit_slope(self, name: str, z: Array, a: Array, slope: Array) -> Array:
        return 1.0 - z * z


class _BiasMean(Steps):
    def by_bias(self, delta: Array) -> Array:
        return delta.mean(axis=0)


class _BiasForgotten(Steps):
    def by_bias(self, delta: Array) -> Array:
        return np.zeros_like(delta[0])


_F = "a = phi(W a + b) in every hidden layer, f = W a + b in the last"
_LAYOUT = "theta = W_1 (a row for each unit, row by row), b_1, W_2, b_2, ..."
_DELTA = "df/dz_l = (df/dz_(l+1) W_(l+1)) * phi'(z_l)"
_BIAS = "df/db_l = sum_t df_t/dz_l"

NETWORK = (
    made_by(
        _Transposed(),
        "mlp-weights-transposed",
        MLP,
        "the weights are read as (in, out), as Keras and Flax store them: W' where W is meant",
        effect="None for a network trained in this layout from the start; weights from elsewhere give another function. Nothing to see in "
        "layers of one unit.",
        fix=f"{_LAYOUT}; the slip: theta[...].reshape(n_in, n_out), or W.ravel() of a matrix stored (in, out)",
    ),
    made_by(
        _BiasesFirst(),
        "mlp-biases-first",
        MLP,
        "theta is read as b_1, W_1, b_2, W_2, ...: the biases before the weights",
        effect="None for a network trained in this layout from the start; weights that come from elsewhere give another function.",
        fix=f"{_LAYOUT}; the slip: b_1 before W_1",
    ),
    made_by(
        _NoLastBias(),
        "mlp-no-last-bias",
        MLP,
        "the last layer has no bias: theta's last entry is not used",
        effect="That bias is c = -ln Z: NCE has nothing to normalise by, and the weights have to make up for it.",
        fix=f"{_F}, b of the last layer too; the slip: f = W a",
    ),
    made_by(
        _OnOutput(),
        "mlp-activation-on-output",
        MLP,
        "the activation is applied to the last layer as well",
        effect="ln p_m is bounded (tanh) or never negative (ReLU, softplus): the last bias cannot be c = -ln Z any more.",
        fix=f"{_F}; the slip: f = phi(W a + b)",
    ),
    made_by(
        _LastHiddenLinear(),
        "mlp-activation-missing",
        MLP,
        "the last hidden layer has no activation",
        effect="Two layers collapse into one: with one hidden layer ln p_m is affine, which no density's logarithm is.",
        fix=f"{_F}; the slip: the activation before the last layer left out",
    ),
    made_by(
        _Linear(),
        "mlp-no-activation",
        MLP,
        "no layer has an activation",
        effect="ln p_m is affine in u however deep the network is, and exp f has infinite mass. NCE fits it all the same and its loss "
        "falls.",
        fix=f"{_F}; the slip: linear layers one after the other",
        seen="a walkthrough of P10 trains 4-36-64-1 so",
    ),
    made_by(
        _ShiftedSoftplus(),
        "mlp-softplus-shifted",
        SOFTPLUS,
        "the shifted softplus, ln(1 + e^z) - ln 2, for softplus",
        effect="None for a network trained so from the start: the biases take the shift up. Weights from elsewhere give another function.",
        fix="phi(z) = ln(1 + e^z); the slip: ln(1 + e^z) - ln 2, which is 0 at z = 0",
    ),
    made_by(
        _KinkOne(),
        "mlp-relu-kink",
        RELU,
        "the derivative of ReLU at z = 0 is 1 instead of 0",
        effect="None off exact zeros, which trained weights hardly have: a choice, not an error. Say which.",
        fix="relu'(0) = 0 here, as PyTorch, TensorFlow and jax.nn.relu have it; the other choices: 1 (z >= 0), 1/2 (jnp.maximum(z, 0))",
        choice=True,
    ),
)

NETWORK_ARITHMETIC = (
    made_by(
        _NaiveSoftplus(),
        "mlp-naive-softplus",
        SOFTPLUS,
        "softplus as ln(1 + e^z)",
        effect="inf from z = 89 (float32) or 710 (float64) on, and NaN in the gradient: one large pre-activation ends the training.",
        fix="softplus(z) = max(z, 0) + ln(1 + e^-|z|), logaddexp(0, z); the slip: log(1 + exp(z))",
    ),
)

_SLOPE = "Deeper layers get a gradient of a wrong size, and of a wrong sign where weights differ. "

NETWORK_GRADIENTS = (
    made_by(
        _SlopeForgotten(),
        "mlp-slope-forgotten",
        MLP,
        "back-propagation passes by the activation: phi' is left out",
        effect=_SLOPE + CLIMBS,
        fix=f"{_DELTA}; the slip: without phi'(z_l)",
    ),
    made_by(
        _SlopeAtOutput(),
        "mlp-slope-at-output",
        (*TANH, *SOFTPLUS),
        "phi' is taken at the unit's output, phi'(phi(z))",
        effect=_SLOPE + CLIMBS + " Nothing to see with ReLU, where it is the same.",
        fix=f"{_DELTA}, or in terms of a = phi(z): 1 - a^2 for tanh, 1 - e^-a for softplus; the slip: phi'(a)",
    ),
    made_by(
        _SlopeOfZ(),
        "mlp-tanh-slope-of-z",
        TANH,
        "the slope of tanh as 1 - z^2: the formula for the output, with the pre-activation in it",
        effect=_SLOPE + "Small weights hide it, large ones let the gradient explode. " + CLIMBS,
        fix="tanh'(z) = 1 - tanh(z)^2; the slip: 1 - z^2",
    ),
    made_by(
        _BiasMean(),
        "mlp-bias-mean",
        MLP,
        "the gradient by the biases is averaged over the points, that by the weights summed",
        effect="Biases, and with the last one c, move n_points times too slowly beside the weights. "
        + CLIMBS
        + " Nothing to see with one "
        "point.",
        fix=f"{_BIAS}, delta.sum(axis=0); the slip: delta.mean(axis=0)",
    ),
    made_by(
        _BiasForgotten(),
        "mlp-bias-forgotten",
        MLP,
        "the gradient by the biases is 0",
        effect="Biases stay where they started, c among them: the weights have to make up for the normalising constant.",
        fix=f"{_BIAS}; the slip: 0",
    ),
    made_by(
        Finish("grad_theta", lambda grad, inputs: grad / len(inputs["u"])),
        "mlp-theta-mean",
        MLP,
        "the gradient by theta is averaged over the points instead of summed",
        effect="A factor on the whole gradient: the step size is n_points times smaller, and a line search fails. Summed with the sample's "
        "weights of NCE, 1/n_data is applied twice.",
        fix="df/dtheta = sum_t df(u_t)/dtheta; the slip: the mean over t",
    ),
)
