r"""The restricted Boltzmann machine: binary vectors with hidden binary units that are summed out, not linear in theta.

    ln p_m(v; theta) = sum_i b_i v_i + sum_j ln sum_h exp(h (a_j + w_j . v)) + c,
    v_i, h in the two values (lower, upper)

The sum over h is lower x + softplus((upper - lower) x), x = a_j + w_j . v: softplus(x) for {0, 1}, ln 2 cosh x for {-1,
1}; its slope m(x) is the mean of h given v, and its second derivative m'(x) the variance. Hidden units may be
exchanged, and for values (-k, k) each may change its sign with its row of weights, without another density: maxima come
in groups, and at a row of 0 theta is not identified.

Conventions
-----------
theta   (n_visible + n_hidden + n_hidden n_visible + 1,)   (visible biases b, hidden biases a, weights row by row, c); c* = -ln Z
weights (n_hidden, n_visible)   rows w_j
v       (n_points, n_visible)   points are rows; entries are one of the two ``values``, others are taken as numbers

Source: Smolensky (1986), *harmonium*; Hinton, Neural Computation 14 (2002).
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import (
    Float,
    as_array,
    as_count,
    as_generator,
    as_points,
    as_vector,
)
from nce_ref.models.base import Kinks, Pullback, no_kinks
from nce_ref.models.binary_states import (
    LARGEST_ENUMERATED,
    as_values,
    blocks_of_states,
    draw_states,
)
from nce_ref.models.from_functions import FunctionPass
from nce_ref.models.moments import Moments
from nce_ref.models.no_closed_form import NoClosedForm
from nce_ref.models.state_moments import state_moments
from nce_ref.special import sigmoid, softplus


class RestrictedBoltzmannMachine(NoClosedForm):
    """Binary vectors with hidden units summed out: ln p_m(v) = b.v + sum_j ln sum_h exp(h (a_j + w_j.v)) + c.

    Parameters
    ----------
    n_visible, n_hidden : int
    values : (lower, upper)
        Of visible and hidden units alike: (-1, 1) by default, or (0, 1).
    n_sweeps : int
        Sweeps of Gibbs sampling before a point is taken, where both sides have more than 20 units and no exact sampler
        exists.

    Raises
    ------
    ValueError
        For counts below 1, or values that are not lower < upper.

    Notes
    -----
    Source: Smolensky (1986); Hinton (2002). ln Z is a sum over the states of the smaller side, up to 20 units. The
    objective is not concave: use some starts. Parameters are determined up to exchanges of hidden units (and their
    signs, for values (-k, k)).

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> model = nr.RestrictedBoltzmannMachine(2, 1)
    >>> theta = model.normalize(model.pack([0.0, 0.0], [0.0], [[1.0, 1.0]], 0.0))
    >>> np.exp(model.log_density(theta, [[1, 1], [1, -1]])).round(3)
    array([0.395, 0.105])
    """

    affine_between_kinks = False

    def __init__(
        self,
        n_visible: int,
        n_hidden: int,
        values: tuple[float, float] = (-1.0, 1.0),
        n_sweeps: int = 1000,
    ) -> None:
        self.n_visible = as_count("n_visible", n_visible)
        self.n_hidden = as_count("n_hidden", n_hidden)
        self.values = as_values(values)
        self.n_sweeps = as_count("n_sweeps", n_sweeps)

    @property
    def n_dim(self) -> int:
        """Dimension of a point: the number of visible units."""
        return self.n_visible

    @property
    def n_params(self) -> int:
        """Biases of both sides, the weights, and c."""
        return self.n_visible + self.n_hidden + self.n_hidden * self.n_visible + 1

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """One name an entry of theta: b[0], ..., a[0], ..., w[0,0], ..., c; w[hidden, visible]."""
        biases = [f"b[{i}]" for i in range(self.n_visible)]
        hidden = [f"a[{j}]" for j in range(self.n_hidden)]
        weights = [f"w[{j},{i}]" for j in range(self.n_hidden) for i in range(self.n_visible)]
        return (*biases, *hidden, *weights, "c")

    def pack(
        self, visible_biases: ArrayLike, hidden_biases: ArrayLike, weights: ArrayLike, c: float
    ) -> Float:
        """Return theta from b (n_visible,), a (n_hidden,), weights (n_hidden, n_visible) and c."""
        b = as_vector("visible_biases", visible_biases, self.n_visible)
        a = as_vector("hidden_biases", hidden_biases, self.n_hidden)
        W = as_array("weights", weights, 2, (self.n_hidden, self.n_visible))
        return np.concatenate([b, a, W.ravel(), [as_array("c", c, 0).item()]])

    def unpack(self, theta: ArrayLike) -> tuple[Float, Float, Float, float]:
        """Return (visible biases, hidden biases, weights, c) from theta."""
        theta = self._theta(theta)
        n, k = self.n_visible, self.n_hidden
        W = theta[n + k : -1].reshape(k, n)
        return theta[:n].copy(), theta[n : n + k].copy(), W.copy(), float(theta[-1])

    def log_density(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return ln p_m(u; theta), c included: (n_points,)."""
        b, a, W, c = self.unpack(theta)
        v = as_points("u", u, self.n_visible)
        return np.asarray(v @ b + self._log_sum(v @ W.T + a).sum(axis=1) + c)

    def jacobian(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return g(u) = (v, m, m_j v_i, 1), m the means of the hidden units given v: (n_points, n_params)."""
        _, a, W, _ = self.unpack(theta)
        v = as_points("u", u, self.n_visible)
        m = self._mean(v @ W.T + a)
        products = (m[:, :, None] * v[:, None, :]).reshape(len(v), -1)
        return np.concatenate([v, m, products, np.ones((len(v), 1))], axis=1)

    def pullback(self, theta: ArrayLike, u: ArrayLike, weights: ArrayLike) -> Float:
        """Return sum_t weights[t] g(u_t): (n_params,)."""
        _, a, W, _ = self.unpack(theta)
        v = as_points("u", u, self.n_visible)
        w = as_vector("weights", weights, len(v))
        weighted = self._mean(v @ W.T + a) * w[:, None]
        return np.concatenate([w @ v, weighted.sum(axis=0), (weighted.T @ v).ravel(), [w.sum()]])

    def curvature(self, theta: ArrayLike, u: ArrayLike, weights: ArrayLike) -> Float:
        """Return sum_t weights[t] d^2 ln p_m / d theta^2: for each hidden unit m'(x) (1, v)(1, v)^T in (a_j, w_j)."""
        _, a, W, _ = self.unpack(theta)
        v = as_points("u", u, self.n_visible)
        w = as_vector("weights", weights, len(v))
        bends = self._variance(v @ W.T + a) * w[:, None]
        extended = np.concatenate([np.ones((len(v), 1)), v], axis=1)
        total = np.zeros((self.n_params, self.n_params))
        n, k = self.n_visible, self.n_hidden
        for j in range(k):
            places = np.concatenate([[n + j], n + k + j * n + np.arange(n)])
            total[np.ix_(places, places)] = (extended.T * bends[:, j]) @ extended
        return total

    def vjp(self, theta: ArrayLike, u: ArrayLike) -> tuple[Float, Pullback]:
        """Return ``(log_density, pullback)``; pullback(weights) = sum_t weights[t] g(u_t)."""
        theta, u = self._theta(theta), as_points("u", u, self.n_visible)
        return self.log_density(theta, u), lambda weights: self.pullback(theta, u, weights)

    def evaluate(self, theta: Float, u: Float) -> FunctionPass:
        """One pass over points that were checked before; see ``models.base.Pass``."""
        return FunctionPass(self, theta, u)

    def score(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Not available: discrete points have no derivative."""
        raise NotImplementedError(
            "score: RestrictedBoltzmannMachine is a model of discrete points; NCE needs no score"
        )

    def kinks(self, theta: ArrayLike, u: ArrayLike) -> Kinks:
        """None: ln p_m is smooth in theta."""
        return no_kinks(len(as_points("u", u, self.n_visible)), self.n_params)

    def smoothed(self, epsilon: float) -> RestrictedBoltzmannMachine:
        """The model itself, smooth as it is in theta."""
        return self

    def random_start(self, rng: np.random.Generator) -> Float:
        """Return a start: biases and c from 0.1 N(0, 1), weights from N(0, 1/n_visible): at weights of 0 all hidden
        units are the same."""
        theta = 0.1 * as_generator("rng", rng).standard_normal(self.n_params)
        theta[self.n_visible + self.n_hidden : -1] *= 10.0 / np.sqrt(self.n_visible)
        return theta

    def log_normalizer(self, theta: ArrayLike) -> float:
        """Return ln Z by a sum over the states of the smaller side. NotImplementedError where both have more than 20
        units."""
        if self.n_hidden < self.n_visible:
            other, moved = self._exchanged(theta)
            return other.log_normalizer(moved)
        logs = self._log_weights(theta)
        top = float(logs.max())
        return top + float(np.log(np.exp(logs - top).sum()))

    def log_normalizer_gradient(self, theta: ArrayLike) -> Float:
        """Return d ln Z / d theta = E[g], 0 for c."""
        if self.n_hidden < self.n_visible:
            other, moved = self._exchanged(theta)
            return self._back(other.log_normalizer_gradient(moved))
        return self._moments(theta)[0]

    def log_normalizer_hessian(self, theta: ArrayLike) -> Float:
        """Return d^2 ln Z / d theta^2 = Cov(g) + E[d^2 ln p_m / d theta^2], 0 for c: positive semidefinite."""
        if self.n_hidden < self.n_visible:
            other, moved = self._exchanged(theta)
            order = self._order()
            hessian = np.empty((self.n_params, self.n_params))
            hessian[np.ix_(order, order)] = other.log_normalizer_hessian(moved)
            return hessian
        return self._moments(theta)[1]

    def log_normalizer_block_hessian(self, theta: ArrayLike) -> Float:
        """Return the Hessian itself: ln Z is convex, though ln p_m is convex, too."""
        return self.log_normalizer_hessian(theta)

    def normalize(self, theta: ArrayLike) -> Float:
        """Return the same biases and weights with c = -ln Z."""
        return np.append(self._theta(theta)[:-1], -self.log_normalizer(theta))

    def sample(self, theta: ArrayLike, n_points: int, rng: np.random.Generator) -> Float:
        """Draw points: (n_points, n_visible). Exact where a side has up to 20 units; beyond, a Gibbs chain a point,
        ``n_sweeps`` sweeps."""
        n_points, rng = as_count("n_points", n_points), as_generator("rng", rng)
        b, a, W, _ = self.unpack(theta)
        if self.n_hidden < self.n_visible and self.n_hidden <= LARGEST_ENUMERATED:
            other, moved = self._exchanged(theta)
            h = other.sample(moved, n_points, rng)
            return self._draw(h @ W + b, rng)
        if self.n_visible <= LARGEST_ENUMERATED:
            logs = self._log_weights(theta)
            return draw_states(logs, self.n_visible, self.values, n_points, rng)
        v = self._draw(np.zeros((n_points, self.n_visible)), rng)
        for _ in range(self.n_sweeps):
            v = self._draw(self._draw(v @ W.T + a, rng) @ W + b, rng)
        return v

    def noise_weighted_moments(self, theta: ArrayLike, noise: Any, nu: float) -> Moments | None:
        """E[P_nu g g^T] and E[P_nu g] as sums over all visible states, up to 20 units, else None."""
        if self.n_visible > LARGEST_ENUMERATED:
            return None
        theta = self.normalize(theta)

        def blocks() -> Iterator[tuple[Float, Float, Float]]:
            for v in blocks_of_states(self.n_visible, self.values):
                yield v, self.jacobian(theta, v), self.log_density(theta, v)

        return state_moments(blocks(), self.n_params, noise, nu)

    def _theta(self, theta: ArrayLike) -> Float:
        return as_vector("theta", theta, self.n_params)

    def _log_sum(self, x: Float) -> Float:
        lower, upper = self.values
        return np.asarray(lower * x + softplus((upper - lower) * x))

    def _mean(self, x: Float) -> Float:
        lower, upper = self.values
        return np.asarray(lower + (upper - lower) * sigmoid((upper - lower) * x))

    def _variance(self, x: Float) -> Float:
        width = self.values[1] - self.values[0]
        return np.asarray(width * width * sigmoid(width * x) * sigmoid(-width * x))

    def _draw(self, field: Float, rng: np.random.Generator) -> Float:
        """Independent units of these fields: the upper value with probability sigma((upper - lower) x)."""
        lower, upper = self.values
        return np.where(rng.logistic(size=field.shape) < (upper - lower) * field, upper, lower)

    def _exchanged(self, theta: ArrayLike) -> tuple[RestrictedBoltzmannMachine, Float]:
        """The machine with its sides exchanged: the same joint mass, the same ln Z."""
        other = RestrictedBoltzmannMachine(
            self.n_hidden, self.n_visible, self.values, self.n_sweeps
        )
        return other, self._theta(theta)[self._order()]

    def _order(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Where the entries of the exchanged machine's theta stand in this one's."""
        n, k = self.n_visible, self.n_hidden
        weights = (n + k + np.arange(n * k)).reshape(k, n).T.ravel()
        return np.concatenate([n + np.arange(k), np.arange(n), weights, [self.n_params - 1]])

    def _back(self, moved: Float) -> Float:
        theta = np.empty_like(moved)
        theta[self._order()] = moved
        return theta

    def _log_weights(self, theta: ArrayLike) -> Float:
        """ln p_m - c of all visible states."""
        theta = self._theta(theta)
        if self.n_visible > LARGEST_ENUMERATED:
            raise NotImplementedError(
                f"log_normalizer: {self.n_visible} visible and {self.n_hidden} hidden units;"
                f" enumeration goes up to {LARGEST_ENUMERATED} on one side. NCE fits without, and"
                " integral_by_importance estimates ln of the sum"
            )
        bare = np.append(theta[:-1], 0.0)
        blocks = blocks_of_states(self.n_visible, self.values)
        return np.concatenate([self.log_density(bare, v) for v in blocks])

    def _moments(self, theta: ArrayLike) -> tuple[Float, Float]:
        """The gradient and the Hessian of ln Z by the visible states."""
        theta = self.normalize(theta)
        mean, second = np.zeros(self.n_params), np.zeros((self.n_params, self.n_params))
        for v in blocks_of_states(self.n_visible, self.values):
            mean += self.pullback(theta, v, np.exp(self.log_density(theta, v)))
        mean[-1] = 1.0
        for v in blocks_of_states(self.n_visible, self.values):
            p = np.exp(self.log_density(theta, v))
            centred = self.jacobian(theta, v) - mean
            second += (centred.T * p) @ centred + self.curvature(theta, v, p)
        mean[-1] = 0.0
        return mean, second
