"""Slips in a network's log-density: in the forward pass, with the gradient of what was computed, and in
back-propagation."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.by_hand import CLIMBS, Finish
from nce_ref.oracle.families.networks.textbook import NetworkSteps


class _SlopeForgotten(NetworkSteps):
    def unit_slope(self, name: str, z: Array, a: Array, slope: Array) -> Array:
        return np.ones_like(z)


_SLOPE = "Deeper layers get a gradient of a wrong size, and of a wrong sign where weights differ. "

_DELTA = "df/dz_l = (df/dz_(l+1) W_(l+1)) * phi'(z_l)"

MLP_SLOPE_FORGOTTEN = Mistake(
    "mlp-slope-forgotten",
    "back-propagation passes by the activation: phi' is left out",
    _SlopeForgotten(),
    effect=_SLOPE + CLIMBS,
    fix=f"{_DELTA}; the slip: without phi'(z_l)",
    gradient=True,
)


class _SlopeAtOutput(NetworkSteps):
    def unit_slope(self, name: str, z: Array, a: Array, slope: Array) -> Array:
        wrong: Array = getattr(self, name)(a)[1]
        return wrong


MLP_SLOPE_AT_OUTPUT = Mistake(
    "mlp-slope-at-output",
    "phi' is taken at the unit's output, phi'(phi(z))",
    _SlopeAtOutput(),
    effect=_SLOPE + CLIMBS + " Nothing to see with ReLU, where it is the same.",
    fix=f"{_DELTA}, or in terms of a = phi(z): 1 - a^2 for tanh, 1 - e^-a for softplus; the slip: phi'(a)",
    gradient=True,
    only=("mlp_tanh_log_density", "mlp_softplus_log_density"),
)


class _SlopeOfZ(NetworkSteps):
    def unit_slope(self, name: str, z: Array, a: Array, slope: Array) -> Array:
        return 1.0 - z * z


MLP_TANH_SLOPE_OF_Z = Mistake(
    "mlp-tanh-slope-of-z",
    "the slope of tanh as 1 - z^2: the formula for the output, with the pre-activation in it",
    _SlopeOfZ(),
    effect=_SLOPE + "Small weights hide it, large ones let the gradient explode. " + CLIMBS,
    fix="tanh'(z) = 1 - tanh(z)^2; the slip: 1 - z^2",
    gradient=True,
    only=("mlp_tanh_log_density",),
)


class _BiasMean(NetworkSteps):
    def by_bias(self, delta: Array) -> Array:
        return delta.mean(axis=0)


_BIAS = "df/db_l = sum_t df_t/dz_l"

MLP_BIAS_MEAN = Mistake(
    "mlp-bias-mean",
    "the gradient by the biases is averaged over the points, that by the weights summed",
    _BiasMean(),
    effect="Biases, and with the last one c, move n_points times too slowly beside the weights. "
    + CLIMBS
    + " Nothing to see with one "
    "point.",
    fix=f"{_BIAS}, delta.sum(axis=0); the slip: delta.mean(axis=0)",
    gradient=True,
)


class _BiasForgotten(NetworkSteps):
    def by_bias(self, delta: Array) -> Array:
        return np.zeros_like(delta[0])


MLP_BIAS_FORGOTTEN = Mistake(
    "mlp-bias-forgotten",
    "the gradient by the biases is 0",
    _BiasForgotten(),
    effect="Biases stay where they started, c among them: the weights have to make up for the normalising constant.",
    fix=f"{_BIAS}; the slip: 0",
    gradient=True,
)

MLP_THETA_MEAN = Mistake(
    "mlp-theta-mean",
    "the gradient by theta is averaged over the points instead of summed",
    Finish("grad_theta", lambda grad, inputs: grad / len(inputs["u"])),
    effect=(
        "A factor on the whole gradient: the step size is n_points times smaller, and a line search"
        " fails. Summed with the sample's weights of NCE, 1/n_data is applied twice."
    ),
    fix="df/dtheta = sum_t df(u_t)/dtheta; the slip: the mean over t",
    gradient=True,
)


MISTAKES = (
    MLP_SLOPE_FORGOTTEN,
    MLP_SLOPE_AT_OUTPUT,
    MLP_TANH_SLOPE_OF_Z,
    MLP_BIAS_MEAN,
    MLP_BIAS_FORGOTTEN,
    MLP_THETA_MEAN,
)
