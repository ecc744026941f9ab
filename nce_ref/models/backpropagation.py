r"""Forward through the layers of a network, and back: the chain rule, written out.

    forward    a_0 = u,    z_l = a_l W_l^T + b_l,    a_{l+1} = phi(z_l),    f = z_{L-1}, which has one column

Back is the chain rule from the last layer to the first. For S = sum_t w_t f(u_t) let delta_l = dS/dz_l. Then

    delta_{L-1} = w                                          f is z_{L-1} itself
    delta_{l-1} = (delta_l W_l) * phi'(z_{l-1})            through the weights, then through the activation *below* them
    dS/dW_l = delta_l^T a_l,    dS/db_l = sum_t delta_l[t]   a bias moves z_l of every point alike: a sum, no mean

Each line is one matrix product over all points. What goes wrong by hand, and how it shows: W_l for its transpose
(shapes differ, unless two layers are equally wide), phi' left out or taken at the layer above, the bias's sum taken as
a mean. Training makes some progress with most of them, and the loss curve looks like one: only a gradient check tells.

Conventions
-----------
W_l, b_l    (d_{l+1}, d_l), (d_{l+1},)   l = 0 ... L-1
u, a_l      (n_points, d_0), (n_points, d_l)        points are rows
z_l, delta_l (n_points, d_{l+1})
weights     (n_points,)
theta       W_0 row by row, b_0, W_1, b_1, ..., the last bias last
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Protocol

import numpy as np

from nce_ref._checks import Float
from nce_ref.models.activations import Activation
from nce_ref.models.no_closed_form import FirstOrderPass

Layers = list[tuple[Float, Float]]


class Base(Protocol):
    """A normalised density to stand under the network, e.g. ``GaussianNoise``. One that tells ``n_dim`` has it
    compared."""

    def log_density(self, u: Float, /) -> Float:
        """Return ln base(u): (n_points,)."""
        ...


class MLPPass(FirstOrderPass):
    """One pass over the points, kept: ``inputs`` a_l and ``sums`` z_l of every layer l = 0 ... L-1."""

    def __init__(self, layers: Layers, phi: Activation, u: Float, base: Base | None) -> None:
        self.layers, self.phi = layers, phi
        self.inputs: list[Float] = []
        self.sums: list[Float] = []
        a = u
        for W, b in layers:
            z = a @ W.T
            z += b
            self.inputs.append(a)
            self.sums.append(z)
            if len(self.sums) < len(layers):
                a = phi.value(z)
        self.log_density: Float = z[:, 0].copy()
        if base is not None:
            self.log_density += base.log_density(u)

    @cached_property
    def slopes(self) -> list[Float]:
        """phi'(z_l) of the hidden layers."""
        return [self.phi.derivative(z) for z in self.sums[:-1]]

    def deltas(self, weights: Float) -> Iterator[tuple[int, Float]]:
        """(l, dS/dz_l) from the last layer to the first, S = sum_t weights[t] f(u_t)."""
        last = len(self.layers) - 1
        delta = weights[:, None]
        yield last, delta
        for below in reversed(range(last)):
            delta = delta @ self.layers[below + 1][0]
            delta *= self.slopes[below]
            yield below, delta

    def pullback(self, weights: Float) -> Float:
        """sum_t weights[t] g(u_t), layer by layer as in theta."""
        parts: list[Float] = []
        for k, delta in self.deltas(weights):
            parts = [(delta.T @ self.inputs[k]).ravel(), delta.sum(axis=0), *parts]
        return np.concatenate(parts)

    def features(self, g: Float) -> None:
        """Write g(u_t) into the rows of ``g``: the same deltas, each point's product kept apart instead of summed."""
        end = g.shape[1]
        for k, delta in self.deltas(np.ones(len(g))):
            middle = end - delta.shape[1]
            start = middle - delta.shape[1] * self.inputs[k].shape[1]
            g[:, middle:end] = delta
            g[:, start:middle] = (delta[:, :, None] * self.inputs[k][:, None, :]).reshape(
                len(g), -1
            )
            end = start

    def input_gradient(self) -> Float:
        """df/du: one step of back-propagation below the first layer, where there is no activation."""
        *_, (_, delta) = self.deltas(np.ones(len(self.log_density)))
        return delta @ self.layers[0][0]
