r"""The models of section 3.2 as unnormalised log-densities with their pullbacks: what ``nce_ref.ModelByPullback``
asks for, and no more.

With f(u) = 1/4 ln cosh 2u + u/2 + 0.17, P10's threshold function, and q = 1 + (w.x)^2 the units' energies:

    one layer   sum_n f(ln q_n + b_n) + c                      gain     sum_n f(a_n ln q_n + b_n) + c
    two layers  sum_n f(ln[1 + sum_k v_nk (w_k.x)^2] + b_n) + c,  v = p^2 >= 0
    spline      sum_n s(ln q_n) + c, one s for all units       field    sum over windows xi and n of f(w_n.xi + b_n) + c

*Identities.* f(u) = 1/4 ln(1 + e^{4u}) + 0.17 - 1/4 ln 2 and f'(u) = sigma(4u), so f(ln q + b) = 1/4 ln(1 + e^{4b}
q^4) + 0.17 - 1/4 ln 2:
one logarithm a unit, and none to a power. e^{4b} q^4 overflows in float32 for q > 3e9 at b = 0.

*Conventions.* theta is the arrays of ``shapes`` one after the other, row by row, c last. Points u are (n_points,
n_dim), float64 or float32, in
which the passes are then made; log-densities and gradients are float64. The two-layer model's P stands for V = P^2,
which needs no bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Array = NDArray[Any]
Pullback = Callable[[Array], Float]
OFFSET = 0.17 - 0.25 * math.log(2.0)


def threshold(u: Array) -> Array:
    """Return f(u) for u of any size."""
    z = 4.0 * u
    return 0.25 * (np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))) + OFFSET


def threshold_slope(u: Array) -> Array:
    """Return f'(u) = sigma(4 u) for u of any size."""
    return 0.5 * (1.0 + np.tanh(2.0 * u))


class Shaped:
    """A model whose theta is the arrays of ``shapes``; ``vjp(theta, u)`` is all that a model writes."""

    block = 4096  # points that are passed at once: their arrays stay in the cache

    def __init__(self, n_dim: int, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.n_dim, self.shapes = n_dim, {**shapes, "c": (1,)}
        self.n_params = sum(math.prod(shape) for shape in self.shapes.values())

    def unpack(self, theta: Array, dtype: Any = np.float64) -> dict[str, Array]:
        """Return theta's arrays by name."""
        found, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            found[name] = np.asarray(theta[start:stop], dtype=dtype).reshape(shape)
            start = stop
        return found

    def pack(self, **arrays: Any) -> Float:
        """Return theta from arrays by name."""
        parts = [np.broadcast_to(arrays[n], s).ravel() for n, s in self.shapes.items()]
        return np.concatenate(parts).astype(np.float64)

    def free(self, *names: str) -> NDArray[np.bool_]:
        """Return which entries of theta belong to these arrays."""
        return self.pack(**{name: float(name in names) for name in self.shapes}) > 0.0

    def vjp(self, theta: Array, u: Array) -> tuple[Float, Pullback]:
        """Return ln p_m at the points and weights -> sum_t weights[t] d ln p_m(u_t)/d theta."""
        raise NotImplementedError

    def log_density(self, theta: Array, u: Array) -> Float:
        """Return ln p_m(u; theta), c included: (n_points,)."""
        starts = range(0, len(u), self.block)
        return np.concatenate([self.vjp(theta, u[i : i + self.block])[0] for i in starts])

    def pullback(self, theta: Array, u: Array, weights: Array) -> Float:
        """Return sum_t weights[t] d ln p_m(u_t)/d theta."""
        total = np.zeros(self.n_params)
        for i in range(0, len(u), self.block):
            total += self.vjp(theta, u[i : i + self.block])[1](weights[i : i + self.block])
        return total


def _total(terms: Array, c: Array) -> Float:
    """The terms summed over the units, and c, in float64: c may be large."""
    return np.asarray(terms.sum(axis=1), dtype=np.float64) + float(c[0])


class OneLayer(Shaped):
    """sum_n f(ln[(w_n.x)^2 + 1] + b_n) + c, as many units as dimensions."""

    def __init__(self, n_dim: int) -> None:
        super().__init__(n_dim, {"W": (n_dim, n_dim), "b": (n_dim,)})

    def vjp(self, theta: Array, u: Array) -> tuple[Float, Pullback]:
        W, b, _ = self.unpack(theta, u.dtype).values()
        U = u @ W.T
        q = 1.0 + U * U
        z = np.exp(4.0 * b) * (q * q) ** 2

        def pullback(weights: Array) -> Float:
            slopes = weights.astype(u.dtype)[:, None] * (z / (1.0 + z))
            return self.pack(W=2.0 * (slopes * U / q).T @ u, b=slopes.sum(axis=0), c=weights.sum())

        return _total(0.25 * np.log1p(z), theta[-1:] + self.n_dim * OFFSET), pullback


class WithGain(Shaped):
    """sum_n f(a_n ln[(w_n.x)^2 + 1] + b_n) + c: one number more a unit, and nothing pooled."""

    def __init__(self, n_dim: int) -> None:
        super().__init__(n_dim, {"W": (n_dim, n_dim), "a": (n_dim,), "b": (n_dim,)})

    def vjp(self, theta: Array, u: Array) -> tuple[Float, Pullback]:
        W, a, b, _ = self.unpack(theta, u.dtype).values()
        U = u @ W.T
        q = 1.0 + U * U
        log_q = np.log(q)
        v = a * log_q + b

        def pullback(weights: Array) -> Float:
            slopes = weights.astype(u.dtype)[:, None] * threshold_slope(v)
            return self.pack(
                W=2.0 * (slopes * (a * U / q)).T @ u,
                a=(slopes * log_q).sum(axis=0),
                b=slopes.sum(axis=0),
                c=weights.sum(),
            )

        return _total(threshold(v), theta[-1:]), pullback


class TwoLayers(Shaped):
    """sum_n f(ln[sum_k v_nk (w_k.x)^2 + 1] + b_n) + c, V = P^2."""

    def __init__(self, n_dim: int) -> None:
        square = (n_dim, n_dim)
        super().__init__(n_dim, {"W": square, "P": square, "b": (n_dim,)})

    def vjp(self, theta: Array, u: Array) -> tuple[Float, Pullback]:
        W, P, b, _ = self.unpack(theta, u.dtype).values()
        U, V = u @ W.T, P * P
        S = U * U
        q = 1.0 + S @ V.T
        z = np.exp(4.0 * b) * (q * q) ** 2

        def pullback(weights: Array) -> Float:
            slopes = weights.astype(u.dtype)[:, None] * (z / (1.0 + z))
            h = slopes / q
            return self.pack(
                W=2.0 * ((h @ V) * U).T @ u,
                P=2.0 * P * (h.T @ S),
                b=slopes.sum(axis=0),
                c=weights.sum(),
            )

        return _total(0.25 * np.log1p(z), theta[-1:] + self.n_dim * OFFSET), pullback


class SplineLayer(Shaped):
    """sum_n s(ln[(w_n.x)^2 + 1]) + c with one quadratic spline s of equal pieces on [0, last], linear beyond."""

    def __init__(self, n_dim: int, n_pieces: int = 8, last: float = 4.0) -> None:
        super().__init__(n_dim, {"W": (n_dim, n_dim), "a": (n_pieces + 2,)})
        self.n_pieces, self.width = n_pieces, last / n_pieces

    def curve(self, a: Array, t: Array) -> tuple[Array, Array, Array, Array]:
        """Return s(t), s'(t), the number of the piece, and the place in it in [0, 1]: (u - 1)^2/2, 1/2 + u - u^2 and
        u^2/2 weigh a_i, a_i+1, a_i+2."""
        place = np.minimum(t / self.width, self.n_pieces)
        i = np.minimum(place.astype(np.intp), self.n_pieces - 1)
        u = place - i
        low, middle, high = a[i], a[i + 1], a[i + 2]
        slope = (low * (u - 1.0) + middle * (1.0 - 2.0 * u) + high * u) / self.width
        value = 0.5 * low * (1.0 - u) ** 2 + middle * (0.5 + u - u * u) + 0.5 * high * u * u
        return value + (t - place * self.width) * slope, slope, i, u

    def vjp(self, theta: Array, u: Array) -> tuple[Float, Pullback]:
        W, a, _ = self.unpack(theta, u.dtype).values()
        U = u @ W.T
        q = 1.0 + U * U
        t = np.log(q)
        value, slope, i, place = self.curve(a, t)

        def pullback(weights: Array) -> Float:
            w = weights.astype(u.dtype)[:, None]
            beyond = t / self.width - (i + place)  # 0 but beyond the last knot
            each = (
                0.5 * (1.0 - place) ** 2 + beyond * (place - 1.0),
                0.5 + place - place**2 + beyond * (1.0 - 2.0 * place),
                0.5 * place**2 + beyond * place,
            )
            da = sum(
                np.bincount((i + k).ravel(), (w * one).ravel(), minlength=len(a))
                for k, one in enumerate(each)
            )
            return self.pack(W=2.0 * (w * slope * U / q).T @ u, a=da, c=weights.sum())

        return _total(value, theta[-1:]), pullback


class MarkovField(Shaped):
    """sum over all windows xi of the patch E x, and over n, of f(w_n.xi + b_n) + c: the same filters at every place.

    ``pixels`` is E, (side^2, n_dim), which makes the whitened patch of a point.
    """

    block = 128

    def __init__(self, pixels: Array, window: int, n_filters: int) -> None:
        super().__init__(pixels.shape[1], {"w": (n_filters, window**2), "b": (n_filters,)})
        self.pixels, self.window, self.side = pixels, window, math.isqrt(len(pixels))

    def vjp(self, theta: Array, u: Array) -> tuple[Float, Pullback]:
        w, b, _ = self.unpack(theta, u.dtype).values()
        patches = (u @ self.pixels.T.astype(u.dtype)).reshape(-1, self.side, self.side)
        seen = np.lib.stride_tricks.sliding_window_view(patches, (self.window,) * 2, axis=(1, 2))
        windows = seen.reshape(-1, self.window**2)
        v = windows @ w.T + b

        def pullback(weights: Array) -> Float:
            each = np.repeat(weights.astype(u.dtype), len(v) // len(u))[:, None]
            slopes = each * threshold_slope(v)
            return self.pack(w=slopes.T @ windows, b=slopes.sum(axis=0), c=weights.sum())

        return _total(threshold(v).reshape(len(u), -1), theta[-1:]), pullback
