r"""A multilayer perceptron as log-density: what to do when nobody can write the density down.

    ln p_m(u; theta) = f(u; theta) + ln base(u),        f = a_L,   a_0 = u,
    z_l = a_l W_l^T + b_l,      a_{l+1} = phi(z_l),     the last layer without phi: a_L = z_{L-1}, one number a point

The last bias stands alone and is added, so it plays the part of c: with it NCE estimates the normalising constant too.
The passes forward and back through the layers are in ``backpropagation.py``.

**Is exp(ln p_m) a density?** A network of tanh is bounded, and without activation (identity) it is affine: exp f has
infinite mass then, whatever theta is, though NCE will fit it and report a value. A base density mends that: tanh times
any density, and anything of at most linear growth times a Gaussian, is integrable. Ask ``is_integrable``.

Conventions
-----------
layer_sizes  (d_0, ..., d_L): d_0 = n_dim, then the hidden layers, d_L = 1; L layers of weights
W_l, b_l     (d_{l+1}, d_l), (d_{l+1},)          a row of W_l is what one unit listens to
theta        (n_params,)   W_0 row by row, b_0, W_1, b_1, ..., the last bias last
u, a_l, z_l  points are rows: (n_points, d_0), (n_points, d_l), (n_points, d_{l+1})
kink         z_l = 0 of a ReLU unit; its derivative is 0 there (``activations.py``)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_array, as_count, as_generator, as_points, as_vector
from nce_ref.models.activations import Activation, activation_named
from nce_ref.models.backpropagation import Base, Layers, MLPPass
from nce_ref.models.base import Pullback
from nce_ref.models.no_closed_form import NoClosedForm

# Points a block, where the sample may be large: a pass keeps some sum(layer_sizes) numbers a point, twice.
_BLOCK = 4096


@dataclass(frozen=True)
class UnitKinks:
    """Pre-activations of every hidden ReLU unit at every point, (n_units, n_points), signed; (0, n_points) without
    kinks.

    They are no |a . theta| (``base.Kinks``): below the first layer z is a product of weights. Yet a step along one
    coordinate of theta at whose two ends all signs agree crosses no kink, which is what ``check_gradient`` asks: as
    long as the units below keep their sign, z_l is affine along that coordinate, so it keeps its own between the ends;
    induction over layers.
    """

    arguments: Float


@dataclass(frozen=True)
class MLP(NoClosedForm):
    """Multilayer perceptron as log-density. ``theta = (W_0 row by row, b_0, W_1, b_1, ...)``; the last bias is c.

    Parameters
    ----------
    layer_sizes : sequence of int
        n_dim first, 1 last: (4, 36, 64, 1) has two hidden layers.
    activation : {"tanh", "relu", "softplus", "identity"}, optional
    base : Noise or model with a log-density, optional
        Added to the network's output; required where a density is claimed with tanh or identity, whose mass is infinite
        without.

    Raises
    ------
    ValueError
        For sizes that are no network or an unknown activation; from ``log_density`` and the rest where theta is so
        large that the network overflows.
    NotImplementedError
        From second derivatives, ln Z and samples: it has none.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> model = nr.MLP((2, 8, 1), activation="tanh", base=nr.GaussianNoise(np.zeros(2), np.eye(2)))
    >>> theta = model.random_start(np.random.default_rng(0))
    >>> model.n_params, model.log_density(theta, np.zeros((5, 2))).shape
    (33, (5,))
    """

    layer_sizes: Sequence[int]
    activation: str = "tanh"
    base: Base | None = None

    def __post_init__(self) -> None:
        expected = "expected (n_dim, hidden sizes, 1), e.g. [4, 36, 64, 1]"
        if (
            isinstance(self.layer_sizes, str)
            or not hasattr(self.layer_sizes, "__len__")
            or len(self.layer_sizes) < 2
        ):
            raise ValueError(
                f"layer_sizes: got {self.layer_sizes!r}; {expected}, at least two of them"
            )
        sizes = tuple(
            as_count(f"layer_sizes[{k}]", size) for k, size in enumerate(self.layer_sizes)
        )
        if sizes[-1] != 1:
            raise ValueError(
                f"layer_sizes: the last is {sizes[-1]}; expected 1, since ln p_m is one number a point"
            )
        object.__setattr__(self, "layer_sizes", sizes)
        activation_named(self.activation)
        if self.base is not None and not callable(getattr(self.base, "log_density", None)):
            raise ValueError(
                f"base: got {type(self.base).__name__}; expected None or an object with"
                " log_density(u), e.g. GaussianNoise"
            )
        if getattr(self.base, "n_dim", sizes[0]) != sizes[0]:
            raise ValueError(
                f"base: got dimension {getattr(self.base, 'n_dim', None)}; expected {sizes[0]}, the"
                " first of layer_sizes"
            )

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return self.layer_sizes[0]

    @property
    def n_params(self) -> int:
        """Entries of all weights and biases."""
        return sum(out * (into + 1) for into, out in self._shapes())

    @property
    def affine_between_kinks(self) -> bool:
        """Whether ln p_m is affine in theta: only without hidden layers, since weights of different layers are
        multiplied."""
        return len(self.layer_sizes) == 2

    @property
    def is_integrable(self) -> bool | None:
        """Whether exp(ln p_m) has finite mass: True or False for every theta, None where it depends on theta (or on the
        base).

        f is bounded (tanh with a hidden layer), or affine, or grows at most linearly: times a normal density (a base
        with ``normal_parameters``) all are integrable; bounded times any density is; alone, bounded or affine never is.
        """
        hidden = len(self.layer_sizes) > 2
        bounded, affine = hidden and self._phi.bounded, not hidden or self._phi.linear
        if self.base is None:
            return False if bounded or affine else None
        return True if bounded or hasattr(self.base, "normal_parameters") else None

    def pack(self, layers: Sequence[tuple[ArrayLike, ArrayLike]]) -> Float:
        """Return theta from [(W_0, b_0), (W_1, b_1), ...]. Raises ValueError where the shapes do not chain as
        layer_sizes has it."""
        shapes = self._shapes()
        if not hasattr(layers, "__len__"):
            raise ValueError(
                f"layers: got {type(layers).__name__}; expected {len(shapes)} pairs (W, b) for"
                f" layer_sizes {self.layer_sizes}"
            )
        if len(layers) != len(shapes):
            raise ValueError(
                f"layers: got {len(layers)}; expected {len(shapes)} pairs (W, b) for layer_sizes {self.layer_sizes}"
            )
        parts = []
        for k, (pair, (into, out)) in enumerate(zip(layers, shapes)):
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise ValueError(f"layers[{k}]: got {type(pair).__name__}; expected a pair (W, b)")
            parts += [
                as_array(f"layers[{k}] W", pair[0], 2, (out, into)).ravel(),
                as_vector(f"layers[{k}] b", pair[1], out),
            ]
        return np.concatenate(parts)

    def unpack(self, theta: ArrayLike) -> Layers:
        """Return [(W_0, b_0), (W_1, b_1), ...] from theta; copies."""
        return [(W.copy(), b.copy()) for W, b in self._layers(self._theta(theta))]

    def log_density(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return ln p_m(u; theta), c included: (n_points,); block by block."""
        theta, u = self._theta(theta), as_points("u", u, self.n_dim)
        with _quiet():
            return _finite(
                np.concatenate(
                    [self.evaluate(theta, u[block]).log_density for block in _blocks(len(u))]
                )
            )

    def jacobian(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return g(u), (n_points, n_params): mind its size, 20 KB a point for [4, 36, 64, 1]."""
        theta, u = self._theta(theta), as_points("u", u, self.n_dim)
        g = np.empty((len(u), self.n_params))
        with _quiet():
            for block in _blocks(len(u)):
                self.evaluate(theta, u[block]).features(g[block])
            return _finite(g)

    def vjp(self, theta: ArrayLike, u: ArrayLike) -> tuple[Float, Pullback]:
        """Return ``(log_density, pullback)`` of one pass, which keeps every layer of every point.

        pullback(weights) = sum_t weights[t] g(u_t).
        """
        u = as_points("u", u, self.n_dim)
        with _quiet():
            once = self.evaluate(self._theta(theta), u)

        def pullback(weights: ArrayLike) -> Float:
            with _quiet():
                return _finite(once.pullback(as_vector("weights", weights, len(u))))

        return _finite(once.log_density), pullback

    def pullback(self, theta: ArrayLike, u: ArrayLike, weights: ArrayLike) -> Float:
        """Return sum_t weights[t] g(u_t): (n_params,); block by block, so that a large sample needs no large memory."""
        theta, u = self._theta(theta), as_points("u", u, self.n_dim)
        weights, total = as_vector("weights", weights, len(u)), np.zeros(self.n_params)
        with _quiet():
            for block in _blocks(len(u)):
                total += self.evaluate(theta, u[block]).pullback(weights[block])
            return _finite(total)

    def evaluate(self, theta: Float, u: Float) -> MLPPass:
        """One pass over points that were checked before; see ``models.base.Pass``, of which it offers the first-order
        part."""
        return MLPPass(self._layers(theta), self._phi, u, self.base)

    def score(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return d ln p_m / d u: (n_points, n_dim). Raises NotImplementedError where the base offers no ``score`` of
        its own."""
        theta, u = self._theta(theta), as_points("u", u, self.n_dim)
        with _quiet():
            score = _finite(
                np.concatenate(
                    [self.evaluate(theta, u[block]).input_gradient() for block in _blocks(len(u))]
                )
            )
        if self.base is not None:
            if not hasattr(self.base, "score"):
                raise NotImplementedError(
                    f"score: the base, a {type(self.base).__name__}, offers none; GaussianNoise does"
                )
            score += self.base.score(u)
        return score

    def kinks(self, theta: ArrayLike, u: ArrayLike) -> UnitKinks:
        """Return the pre-activations of the hidden units, (n_units, n_points), where the activation has a kink; else
        (0, n_points)."""
        theta, u = self._theta(theta), as_points("u", u, self.n_dim)
        hidden = self.evaluate(theta, u).sums[:-1] if self._phi.has_kink else []
        return UnitKinks(np.concatenate([np.empty((0, len(u))), *(z.T for z in hidden)]))

    def random_start(self, rng: np.random.Generator) -> Float:
        """Return a start that keeps the signal's size from layer to layer, for data of about unit variance; biases 0,
        so c = 0.

        relu, softplus: He et al. (2015), eq. 10: N(0, 2/d_l). tanh, identity: Glorot & Bengio (2010), eq. 16: uniform
        on +-sqrt(6/(d_l + d_{l+1})).
        """
        rng, layers = as_generator("rng", rng), []
        for into, out in self._shapes():
            if self._phi.start == "he":
                W = math.sqrt(2.0 / into) * rng.standard_normal((out, into))
            else:
                W = math.sqrt(6.0 / (into + out)) * rng.uniform(-1.0, 1.0, (out, into))
            layers.append((W, np.zeros(out)))
        return self.pack(layers)

    @property
    def _phi(self) -> Activation:
        return activation_named(self.activation)

    def _shapes(self) -> list[tuple[int, int]]:
        return list(zip(self.layer_sizes[:-1], self.layer_sizes[1:]))

    def _layers(self, theta: Float) -> Layers:
        """Views into theta."""
        layers, start = [], 0
        for into, out in self._shapes():
            middle, end = start + out * into, start + out * (into + 1)
            layers.append((theta[start:middle].reshape(out, into), theta[middle:end]))
            start = end
        return layers

    def _theta(self, theta: ArrayLike) -> Float:
        return as_vector("theta", theta, self.n_params)


def _blocks(n_points: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK) for start in range(0, n_points, _BLOCK))


def _quiet() -> np.errstate:
    # Overflow is told by ``_finite`` as an error that names theta; NumPy's warnings would come first and name nothing.
    return np.errstate(over="ignore", invalid="ignore")


def _finite(result: Float) -> Float:
    if not np.isfinite(result).all():
        raise ValueError(
            "theta: the network overflows at some of the points; expected smaller weights, or data"
            " scaled to unit variance"
        )
    return result
