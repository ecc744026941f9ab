r"""The fully visible Boltzmann machine: binary vectors with pairwise couplings, a model of discrete data.

    ln p_m(u; theta) = sum_i biases_i u_i + sum over edges (i, j) weights_ij u_i u_j + c,      u_i in {-1, 1} or {0, 1}

It is linear in theta, so NCE's objective and the likelihood are concave. Sums over states stand where other models have
integrals; the noise is a probability mass function (``BernoulliNoise``). Up to 20 spins all is exact by enumeration of
the 2^n states.

Conventions
-----------
theta   (n_spins + n_edges + 1,)   (biases, weights in the order of ``edges``, c); c* = -ln Z, Z the sum over all states
edges    pairs (i, j) with i > j; all of them, row by row, unless a graph is given
u        (n_points, n_spins)        entries are one of the two ``values``; others are taken as numbers

Source: Ackley, Hinton & Sejnowski, Cognitive Science 9 (1985); Hyvarinen, Neural Computation 18 (2006), without hidden
units.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import (
    Float,
    as_array,
    as_count,
    as_generator,
    as_symmetric,
    as_vector,
)
from nce_ref.models.base import Frame
from nce_ref.models.binary_states import (
    BLOCK,
    LARGEST_ENUMERATED,
    as_values,
    blocks_of_states,
    draw_states,
)
from nce_ref.models.linear import LinearModel
from nce_ref.models.moments import Moments
from nce_ref.models.state_moments import state_moments

_UNIT = 2.0**-53


class BoltzmannMachine(LinearModel):
    """Pairwise binary model: ln p_m(s) = sum_i b_i s_i + sum_(i<j) w_ij s_i s_j + c. ``theta = (biases, weights, c)``.

    Parameters
    ----------
    n_spins : int
    values : (lower, upper)
        (-1, 1) by default, or (0, 1).
    edges : pairs (i, j), optional
        The graph; all pairs by default.
    n_sweeps : int
        Sweeps of Gibbs sampling before a point is taken, above 20 spins only, where no exact sampler exists.

    Raises
    ------
    ValueError
        For an edge from a spin to itself, out of range or twice, or values that are not lower < upper.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> model = nr.BoltzmannMachine(2)
    >>> theta = model.normalize(model.pack([0.0, 0.0], [[0.0, 1.0], [1.0, 0.0]], 0.0))
    >>> np.exp(model.log_density(theta, [[1, 1], [1, -1]])).round(3), model.parameter_names
    (array([0.44, 0.06]), ('b[0]', 'b[1]', 'w[1,0]', 'c'))
    """

    def __init__(
        self,
        n_spins: int,
        values: tuple[float, float] = (-1.0, 1.0),
        edges: Iterable[tuple[int, int]] | None = None,
        n_sweeps: int = 1000,
    ) -> None:
        self.n_spins = as_count("n_spins", n_spins)
        self.values = as_values(values)
        self.n_sweeps = as_count("n_sweeps", n_sweeps)
        rows, columns = np.tril_indices(self.n_spins, -1)
        every = list(zip(rows.tolist(), columns.tolist()))
        self.edges = tuple(every if edges is None else _edges(edges, self.n_spins))
        self._i = np.array([i for i, _ in self.edges], dtype=np.intp)
        self._j = np.array([j for _, j in self.edges], dtype=np.intp)

    @property
    def n_dim(self) -> int:
        """Dimension of a point: the number of spins."""
        return self.n_spins

    @property
    def n_params(self) -> int:
        """A bias a spin, a weight an edge, and c."""
        return self.n_spins + len(self.edges) + 1

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """One name an entry of theta: b[0], ..., w[1,0], ..., c."""
        biases = (f"b[{i}]" for i in range(self.n_spins))
        return (*biases, *(f"w[{i},{j}]" for i, j in self.edges), "c")

    def pack(self, biases: ArrayLike, weights: ArrayLike, c: float) -> Float:
        """Return theta from biases (n_spins,), a symmetric weight matrix (n_spins, n_spins) with diagonal 0, and c.

        Raises ValueError where the matrix is not symmetric, or is not 0 on its diagonal or off the graph.
        """
        biases = as_vector("biases", biases, self.n_spins)
        W = as_symmetric("weights", weights, self.n_spins)
        off = W.copy()
        off[self._i, self._j] = off[self._j, self._i] = 0.0
        if off.any():
            i, j = (int(k) for k in np.argwhere(off)[0])
            raise ValueError(
                f"weights: entry ({i}, {j}) is {off[i, j]:.6g}; expected 0 off the graph"
            )
        return np.concatenate([biases, W[self._i, self._j], [as_array("c", c, 0).item()]])

    def unpack(self, theta: ArrayLike) -> tuple[Float, Float, float]:
        """Return (biases, symmetric weight matrix, c) from theta."""
        theta = self._theta(theta)
        W = np.zeros((self.n_spins, self.n_spins))
        W[self._i, self._j] = W[self._j, self._i] = theta[self.n_spins : -1]
        return theta[: self.n_spins].copy(), W, float(theta[-1])

    def start_from(self, noise: object) -> Float | None:
        """Return theta of the noise itself where it lies in the family (a noise with ``bernoulli_parameters``, of these
        values), else None.

        There G = 0 at every point, and no h saturates: Newton's method from theta = 0 overshoots where the noise is far
        from uniform.
        """
        probabilities, values = getattr(noise, "bernoulli_parameters", (np.empty(0), None))
        if values != self.values or len(probabilities) != self.n_spins:
            return None
        lower, upper = self.values
        log_lower = np.log1p(-probabilities)
        biases = (np.log(probabilities) - log_lower) / (upper - lower)
        # ln p of a spin is its bias times (u - lower), and ln(1 - p) at the lower value: the rest is c.
        return np.concatenate(
            [biases, np.zeros(len(self.edges)), [float((log_lower - lower * biases).sum())]]
        )

    def log_normalizer(self, theta: ArrayLike) -> float:
        """Return ln of the sum over all states of exp(ln p_m - c), by enumeration.

        NotImplementedError above 20 spins.
        """
        return self._moments(theta)[0]

    def log_normalizer_gradient(self, theta: ArrayLike) -> Float:
        """Return d ln Z / d theta = E[g], 0 for c."""
        return np.append(self._moments(theta)[1], 0.0)

    def log_normalizer_hessian(self, theta: ArrayLike) -> Float:
        """Return d^2 ln Z / d theta^2 = Cov(g), 0 for c."""
        hessian = np.zeros((self.n_params, self.n_params))
        hessian[:-1, :-1] = self._moments(theta)[2]
        return hessian

    def log_normalizer_block_hessian(self, theta: ArrayLike) -> Float:
        """Return the Hessian itself: ln Z is convex."""
        return self.log_normalizer_hessian(theta)

    def normalize(self, theta: ArrayLike) -> Float:
        """Return the same biases and weights with c = -ln Z."""
        return np.append(self._theta(theta)[:-1], -self.log_normalizer(theta))

    def frame(self, theta: ArrayLike) -> Frame:
        """ln Z in coordinates without units, see ``models.base.Frame``.

        With z such that Cov(g) is I/R^2 and every |g - E g| in these coordinates is at most 1: third cumulants along z
        are at most the variance, and the variance grows at most like e^{|z|}, so that the remainder is below e^{|z|}
        |z|^3/(6 R^2), and e^t <= 1/(1 - t).
        """
        _, mean, covariance = self._moments(theta)
        eigenvalues, vectors = np.linalg.eigh(covariance)
        # Where features do not vary, as at the end of a climb without a maximum, there is no such frame: then nothing
        # is bounded, below.
        varies = bool(eigenvalues[0] > 0.0)
        root = vectors / np.sqrt(eigenvalues) if varies else vectors
        reach = max(float(np.linalg.norm((g - mean) @ root, axis=1).max()) for g in self._states())
        root = root / (1.01 * reach)
        hessian = root.T @ covariance @ root
        largest = (
            float(np.abs(self._theta(theta)[:-1]).sum()) * max(1.0, *map(abs, self.values)) ** 2
        )
        # Each probability is right to the rounding of its exponent and of the sum; the products with root to that of
        # their terms.
        relative = 4.0 * _UNIT * (self.n_spins + largest + 20.0)
        sizes = float(np.linalg.norm(np.abs(root).T @ np.abs(self._largest_features())))
        missed = relative * (1.0 + sizes) ** 2 * len(root) if varies else math.inf
        return Frame(
            root,
            root.T @ mean,
            hessian,
            0.5 * float(np.abs(np.linalg.eigvalsh(hessian)).max()) * 1.01,
            missed,
            missed,
        )

    def sample(self, theta: ArrayLike, n_points: int, rng: np.random.Generator) -> Float:
        """Draw points: (n_points, n_spins). Exact up to 20 spins; beyond, one Gibbs chain a point, ``n_sweeps`` sweeps
        from random states."""
        n_points, rng = as_count("n_points", n_points), as_generator("rng", rng)
        if self.n_spins <= LARGEST_ENUMERATED:
            logs = self._log_probabilities(self._theta(theta))
            return draw_states(logs, self.n_spins, self.values, n_points, rng)
        biases, W, _ = self.unpack(theta)
        lower, upper = self.values
        u = np.where(rng.random((n_points, self.n_spins)) < 0.5, upper, lower)
        for _ in range(self.n_sweeps):
            for i in range(self.n_spins):
                field = (upper - lower) * (biases[i] + u @ W[i])
                u[:, i] = np.where(rng.logistic(size=n_points) < field, upper, lower)
        return u

    def noise_weighted_moments(self, theta: ArrayLike, noise: Any, nu: float) -> Moments | None:
        """E[P_nu g g^T] and E[P_nu g] as sums over all states, up to 20 spins, else None."""
        if self.n_spins > LARGEST_ENUMERATED:
            return None
        theta = self._theta(theta)
        log_z = self.log_normalizer(theta)

        def blocks() -> Iterator[tuple[Float, Float, Float]]:
            for states in blocks_of_states(self.n_spins, self.values):
                g = self._jacobian(states)
                yield states, g, g[:, :-1] @ theta[:-1] - log_z

        return state_moments(blocks(), self.n_params, noise, nu)

    def _jacobian(self, u: Float) -> Float:
        g = np.empty((len(u), self.n_params))
        g[:, : self.n_spins] = u
        np.multiply(u[:, self._i], u[:, self._j], out=g[:, self.n_spins : -1])
        g[:, -1] = 1.0
        return g

    def _largest_features(self) -> Float:
        top = max(map(abs, self.values))
        return np.where(np.arange(self.n_params - 1) < self.n_spins, top, top * top)

    def _states(self) -> Iterator[Float]:
        """Features of all states without c, block by block."""
        if self.n_spins > LARGEST_ENUMERATED:
            raise NotImplementedError(
                f"log_normalizer: {self.n_spins} spins have 2^{self.n_spins} states; enumeration"
                f" goes up to {LARGEST_ENUMERATED}. NCE fits without, and integral_by_importance"
                " estimates ln of the sum"
            )
        for states in blocks_of_states(self.n_spins, self.values):
            yield self._jacobian(states)[:, :-1]

    def _log_probabilities(self, theta: Float) -> Float:
        logs = np.concatenate([g @ theta[:-1] for g in self._states()])
        top = logs.max()
        return np.asarray(logs - (top + math.log(float(np.exp(logs - top).sum()))))

    def _moments(self, theta: ArrayLike) -> tuple[float, Float, Float]:
        return _moments(self, self._theta(theta).tobytes())


# ln Z, its gradient and its Hessian are asked for in turn at one theta.
@functools.lru_cache(maxsize=2)
def _moments(model: BoltzmannMachine, key: bytes) -> tuple[float, Float, Float]:
    """ln Z, E[g] and Cov(g), without c."""
    theta = np.frombuffer(key)
    logs = model._log_probabilities(theta)
    edges = np.arange(0, len(logs), BLOCK)[1:]
    shares = np.split(np.exp(logs), edges)
    mean = np.sum([p @ g for p, g in zip(shares, model._states())], axis=0)
    # Centred before they are squared: the variance of a spin that is nearly sure would be lost by cancellation.
    covariance = np.zeros((len(mean), len(mean)))
    for p, g in zip(shares, model._states()):
        covariance += ((g - mean).T * p) @ (g - mean)
    mean.flags.writeable = covariance.flags.writeable = False
    first = next(model._states())[0]
    return float(first @ theta[:-1] - logs[0]), mean, covariance


def _edges(edges: Iterable[tuple[int, int]], n_spins: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for edge in edges:
        i, j = max(edge), min(edge)
        if not 0 <= j < i < n_spins or (i, j) in found:
            raise ValueError(
                f"edges: got {tuple(edge)}; expected pairs of different spins below {n_spins}, each once"
            )
        found.append((int(i), int(j)))
    return found
