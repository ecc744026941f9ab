r"""A network's log-density in plain NumPy, cut into steps that a mistake can replace.

    forward    a = u; for each layer z = a W' + b, a = phi(z); the last z, one column, is f
    back       delta = 1 at the last layer; below, delta = (delta W) * phi'(z);  dW = delta' a, db = sum_t delta_t

Conventions
-----------
phi        ``NetworkSteps.phi``: tanh, softplus, or relu with relu'(0) = 0
layers     [(W, b), ...] read from theta: W row by row, (out, in), then b
a, z       (n_points, units), points as rows; slope, delta the shape of z
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from nce_ref.oracle.families.base import Array, Outputs, Steps

Layers = list[tuple[Array, Array]]


class NetworkSteps(Steps):
    """The right steps of a network."""

    def layers(self, layer_sizes: Array, theta: Array) -> Layers:
        """[(W, b), ...] from theta."""
        found, start = [], 0
        for into, out in pairwise(int(size) for size in layer_sizes):
            middle, end = start + out * into, start + out * (into + 1)
            found.append((theta[start:middle].reshape(out, into), theta[middle:end]))
            start = end
        return found

    def flatten(self, by_layer: Layers) -> Array:
        """Theta's layout of [(by W, by b), ...]."""
        return np.concatenate([part.ravel() for pair in by_layer for part in pair])

    def activation(self, name: str, z: Array, layer: int, n_layers: int) -> tuple[Array, Array]:
        """phi(z) and phi'(z) of layer 1 ... n_layers; the last is linear."""
        return (z, np.ones_like(z)) if layer == n_layers else getattr(self, name)(z)

    def unit_slope(self, name: str, z: Array, a: Array, slope: Array) -> Array:
        """What back-propagation multiplies by at a unit with z, a = phi(z) and phi'(z) = slope."""
        return slope

    def by_weights(self, delta: Array, a: Array) -> Array:
        """df/dW summed over the points."""
        return delta.T @ a

    def by_bias(self, delta: Array) -> Array:
        """df/db summed over the points."""
        return delta.sum(axis=0)

    def network(self, name: str, layer_sizes: Array, theta: Array, u: Array) -> Outputs:
        """Value, derivative of the values' sum by theta, derivative of each value by its point."""
        layers, a, inputs, slopes = self.layers(layer_sizes, theta), u, [], []
        for k, (W, b) in enumerate(layers):
            inputs.append(a)
            z = a @ W.T + b
            a, slope = self.activation(name, z, k + 1, len(layers))
            slopes.append(slope if k == len(layers) - 1 else self.unit_slope(name, z, a, slope))
        by_layer: Layers = []
        delta = slopes[-1]
        for k in reversed(range(len(layers))):
            by_layer.insert(0, (self.by_weights(delta, inputs[k]), self.by_bias(delta)))
            delta = delta @ layers[k][0]
            if k:
                delta = delta * slopes[k - 1]
        return {"value": a[:, 0], "grad_theta": self.flatten(by_layer), "grad_u": delta}


class TanhSteps(NetworkSteps):
    """The right steps of a network of tanh units."""

    def tanh(self, z: Array) -> tuple[Array, Array]:
        """tanh z, and 4e/(1 + e)^2 with e = e^-2|z|, which keeps its digits where tanh is 1 to rounding."""
        e = np.exp(-2.0 * np.abs(z))
        return np.tanh(z), 4.0 * e / (1.0 + e) ** 2


class SoftplusSteps(NetworkSteps):
    """The right steps of a network of softplus units."""

    def softplus(self, z: Array) -> tuple[Array, Array]:
        """ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|), and sigma(z): nothing overflows."""
        e = np.exp(-np.abs(z))
        return np.maximum(z, 0.0) + np.log1p(e), np.maximum(e, z >= 0.0) / (1.0 + e)


class ReluSteps(NetworkSteps):
    """The right steps of a network of ReLU units."""

    def relu(self, z: Array) -> tuple[Array, Array]:
        """max(z, 0), and its slope: 0 at the kink."""
        return np.maximum(z, 0.0), (z > 0.0).astype(z.dtype)
