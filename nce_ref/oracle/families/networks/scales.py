r"""The scales of a network's outputs: running sums of absolute summands, forward and back (see ``scales``).

E of a number is what its roundings are measured in: the size of its own summands, and E of what it is made of, passed
on by absolute weights and slopes.

    z = W a + b          E_z = |W| (|a| + E_a) + |b|,                      E_u = 0
    phi(z)               E_a = |phi(z)| + |phi'(z)| E_z
    phi'(z)              tanh: 1 - tanh^2, as frameworks have it: 1 and tanh are summands, 1 + 2 tanh^2 + |phi''| E_z;
                         softplus: |phi'| + |phi''| E_z;  relu: 0, since 0 and 1 are exact
    delta = g phi'(z)    E_delta = |g phi'| + |g| E_phi' + |phi'| E_g,
    g = delta W of the layer above, E_g = |W|' (|delta| + E_delta)
    dW = delta' a        E = sum_t |delta| |a| + E_delta |a| + |delta| E_a;    db: sum_t |delta| + E_delta

Conventions
-----------
inputs   a vector's; out: value (n_points,), grad_theta (n_weights,), grad_u (n_points, n_dim), in float64
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.networks.textbook import (
    Layers,
    NetworkSteps,
    ReluSteps,
    SoftplusSteps,
    TanhSteps,
)

Sizes = tuple[Float, Float, Float, Float]  # phi, phi', E of phi, E of phi'


def _tanh(z: Float, size: Float) -> Sizes:
    value, slope = TanhSteps().tanh(z)
    return (
        value,
        slope,
        np.abs(value) + slope * size,
        1.0 + 2.0 * value**2 + 2.0 * np.abs(value) * slope * size,
    )


def _softplus(z: Float, size: Float) -> Sizes:
    value, slope = SoftplusSteps().softplus(z)
    return (
        value,
        slope,
        value + slope * size,
        slope + slope * SoftplusSteps().softplus(-z)[1] * size,
    )


def _relu(z: Float, size: Float) -> Sizes:
    value, slope = ReluSteps().relu(z)
    return value, slope, value + slope * size, 0.0 * slope


_PHI = {"tanh": _tanh, "softplus": _softplus, "relu": _relu}


def rule(name: str) -> Callable[..., dict[str, Any]]:
    """The scales of a network of these units."""

    def scales(layer_sizes: Float, theta: Float, u: Float, want: Any) -> dict[str, Any]:
        steps = NetworkSteps()
        layers = steps.layers(layer_sizes, theta)
        a, E_a = u, np.zeros_like(u)
        inputs, slopes = [], []
        for k, (W, b) in enumerate(layers):
            inputs.append((np.abs(a), E_a))
            z, E_z = a @ W.T + b, (np.abs(a) + E_a) @ np.abs(W).T + np.abs(b)
            if k < len(layers) - 1:
                a, slope, E_a, E_slope = _PHI[name](z, E_z)
                slopes.append((slope, E_slope))
        delta, E_delta = np.ones_like(z), np.zeros_like(z)
        by_layer: Layers = []
        for k in reversed(range(len(layers))):
            W, (size, E_size) = layers[k][0], inputs[k]
            both = np.abs(delta) + E_delta
            by_layer.insert(0, (both.T @ size + np.abs(delta).T @ E_size, both.sum(axis=0)))
            delta, E_delta = delta @ W, both @ np.abs(W)
            if k:
                slope, E_slope = slopes[k - 1]
                delta, E_delta = (
                    delta * slope,
                    np.abs(delta * slope) + np.abs(delta) * E_slope + slope * E_delta,
                )
        return {"value": E_z[:, 0], "grad_theta": steps.flatten(by_layer), "grad_u": E_delta}

    return scales
