r"""Right networks in plain NumPy, in the forms that people write: none of them may be called wrong.

Conventions
-----------
phi     name -> (value, slope), the slope from z and a = phi(z): by the output (1 - a^2, as frameworks have it), by
        cosh, by logaddexp
order   all points at once, or point by point, one product added after the other in the dtype, as a loop in C has it
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

BY_OUTPUT = {
    "tanh": (np.tanh, lambda z, a: 1 - a * a),
    "softplus": (
        lambda z: np.logaddexp(0 * z, z),
        lambda z, a: np.exp(z - a),
    ),  # as JAX differentiates logaddexp
    "relu": (lambda z: np.where(z > 0, z, 0 * z), lambda z, a: (a > 0).astype(z.dtype)),
}
BY_COSH = {
    "tanh": (lambda z: 1 - 2 / (np.exp(2 * z) + 1), lambda z, a: 1 / np.cosh(z) ** 2),
    "softplus": (
        lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
        lambda z, a: 1 / (1 + np.exp(-z)),
    ),
    "relu": (lambda z: z * (z > 0), lambda z, a: np.heaviside(z, z.dtype.type(0))),
}


def unpack(layer_sizes, theta):
    layers, start = [], 0
    for into, out in pairwise([int(size) for size in layer_sizes]):
        layers.append(
            (
                theta[start : start + into * out].reshape(out, into),
                theta[start + into * out : start + (into + 1) * out],
            )
        )
        start += (into + 1) * out
    return layers


def batched(phi):
    def evaluate(name, layer_sizes, theta, u):
        value, slope = phi[name]
        layers, kept, a = unpack(layer_sizes, theta), [], u.T
        for k, (W, b) in enumerate(layers):
            z = W @ a + b[:, None]
            kept.append((a, z))
            a = value(z) if k < len(layers) - 1 else z
        delta, by_theta = np.ones_like(a), []
        for k in reversed(range(len(layers))):
            by_theta = [(delta @ kept[k][0].T).ravel(), delta.sum(axis=1), *by_theta]
            delta = layers[k][0].T @ delta
            if k:
                delta = delta * slope(kept[k - 1][1], kept[k][0])
        return {"value": a[0], "grad_theta": np.concatenate(by_theta), "grad_u": delta.T}

    return evaluate


def dot(a, b):
    return np.cumsum(a * b, axis=-1, dtype=a.dtype)[..., -1]


def in_loops(phi):
    def evaluate(name, layer_sizes, theta, u):
        value, slope = phi[name]
        layers = unpack(layer_sizes, theta)
        values, total, by_u = [], np.zeros_like(theta), []
        for point in u:
            a, kept = point, []
            for k, (W, b) in enumerate(layers):
                z = dot(W, a[None, :]) + b
                kept.append((a, z))
                a = value(z) if k < len(layers) - 1 else z
            values.append(a[0])
            delta, parts = np.ones_like(a), []
            for k in reversed(range(len(layers))):
                parts = [np.outer(delta, kept[k][0]).ravel(), delta, *parts]
                delta = dot(layers[k][0].T, delta[None, :])
                if k:
                    delta = delta * slope(kept[k - 1][1], kept[k][0])
            total = total + np.concatenate(parts)
            by_u.append(delta)
        return {"value": np.array(values), "grad_theta": total, "grad_u": np.array(by_u)}

    return evaluate
