"""A network unit by unit, number by number: the second witness of the tests of MLP and of back-propagation.

Conventions
-----------
network(sizes, name, theta, point) -> f at one point, complex-safe in theta and in the point
textbook(model)(theta, u) -> (n_points,)   ln p_m, the base added
"""

from __future__ import annotations

import numpy as np

import nce_ref as nr
from nce_ref.models.activations import ACTIVATIONS

NAMES = list(ACTIVATIONS)


def unit(name, z):
    """The activation of one number, complex-safe."""
    if name == "relu":
        return z if z.real > 0 else 0.0 * z
    if name == "tanh":
        return np.sinh(z) / np.cosh(z)
    return np.log(1.0 + np.exp(z)) if name == "softplus" else z


def network(sizes, name, theta, point):
    """f at one point, unit by unit, reading theta number by number."""
    numbers, values = iter(theta), list(point)
    for layer, out in enumerate(sizes[1:]):
        weights = [[next(numbers) for _ in values] for _ in range(out)]
        biases = [next(numbers) for _ in range(out)]
        sums = [sum(w * v for w, v in zip(row, values)) + b for row, b in zip(weights, biases)]
        values = [unit(name, z) for z in sums] if layer < len(sizes) - 2 else sums
    return values[0]


def textbook(model):
    def log_density(theta, u):
        base = model.base.log_density(u) if model.base is not None else np.zeros(len(u))
        return np.array([network(model.layer_sizes, model.activation, theta, p) for p in u]) + base

    return log_density


def base_of(n):
    return nr.GaussianNoise(np.linspace(-0.5, 1.0, n), np.eye(n) + 0.3)
