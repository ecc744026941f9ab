"""What a model must offer: an unnormalised log-density ln p_m(u; theta), and how weights on points flow back to theta.

Conventions (all arrays float64, C order)
-----------------------------------------
theta   (n_params,)            (alpha, c); c is the last entry and is *added*, so c* = -ln Z(alpha)
u       (n_points, n_dim)      points are rows
g       (n_points, n_params)   d ln p_m / d theta, row by row
weights (n_points,)            one number a point; a pullback returns sum_t weights[t] g(u_t)

A model whose log-density has absolute values in it, slope * sum_k |a_k(u) . theta|, says where they vanish by
``Kinks``. Everything that maximises asks the model for one ``Pass`` over the points and takes from it what it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float
from nce_ref.models.moments import Moments

Pullback = Callable[[ArrayLike], Float]


@dataclass(frozen=True)
class Kinks:
    """The absolute values inside a log-density, ``slope`` times |a . theta| each; none for a smooth model.

    ``arguments``      (n_terms, n_points): a . theta, signed; ln p_m has no derivative where one is 0
    ``term_lengths``   (n_terms,): the length of the parameter block that meets the point, |b_i|
    ``point_lengths``  (n_points,): |a|, the length of the point
    ``slope``          the factor in front of |.|, negative where the kink points up
    ``directions``     (terms, points) -> (k, n_params): the vectors a of the kinks listed by two index arrays
    ``sizes``          (terms, points) -> (k,): |b_i||u_t| with each coordinate of u in a unit of its own size; as it is
                       if None
    """

    arguments: Float
    term_lengths: Float
    point_lengths: Float
    slope: float
    directions: Callable[[NDArray[np.intp], NDArray[np.intp]], Float]
    sizes: Callable[[NDArray[np.intp], NDArray[np.intp]], Float] | None = None

    def met(self, relative: float) -> NDArray[np.bool_]:
        """Which kinks theta lies on, up to ``relative`` of |b_i||u_t| both as it is and with each coordinate in a unit
        of its own size.

        In a unit that is far too small a coordinate makes |b_i||u_t| so large that all kinks are within a small part of
        it.
        """
        near = self.within(relative)
        if self.sizes is not None and near.any():
            terms, points = np.divmod(np.flatnonzero(near), near.shape[1])
            far = np.abs(self.arguments[terms, points]) > relative * self.sizes(terms, points)
            near[terms[far], points[far]] = False
        return near

    def within(self, relative: float) -> NDArray[np.bool_]:
        """Which kinks lie within ``relative`` of theta: |a . theta| <= relative |b_i||u_t|. A zero row lies on all of
        its own."""
        # A point at the origin has a = 0: its |a . theta| is 0 for every theta and bends nothing.
        return (
            np.abs(self.arguments) <= relative * np.outer(self.term_lengths, self.point_lengths)
        ) & (self.point_lengths > 0.0)

    def clearance(self, others: NDArray[np.bool_], start: int = 0) -> float:
        """How far theta may move before it meets one of the marked kinks of the points from ``start`` on.

        The smallest |a . theta|/|a|, inf without any; ``others`` has a column for each of these points.
        """
        lengths = self.point_lengths[start:]
        others = others & (lengths > 0.0)
        distances = np.abs(self.arguments[:, start:])
        distances /= np.where(lengths > 0.0, lengths, 1.0)
        if not others.all():
            distances[~others] = np.inf
        return float(distances.min(initial=np.inf))


@dataclass(frozen=True)
class Frame:
    """ln Z near theta in coordinates without units: alpha + root z, z (n_params - 1,).

        ln Z(alpha + root z) = ln Z(alpha) + gradient.z + 1/2 z.hessian.z + remainder,
        |remainder| <= cubic |z|^3 / (3 (1 - |z|)) for |z| < 1

    ``error, hessian_error``  bounds on the rounding of ``gradient`` (its length) and of ``hessian`` (its largest
                              eigenvalue)
    """

    root: Float
    gradient: Float
    hessian: Float
    cubic: float
    error: float
    hessian_error: float


def no_kinks(n_points: int, n_params: int) -> Kinks:
    """The kinks of a smooth model."""
    return Kinks(
        np.empty((0, n_points)),
        np.empty(0),
        np.zeros(n_points),
        0.0,
        lambda terms, points: np.empty((len(terms), n_params)),
    )


class KinkArguments(Protocol):
    """As much of ``Kinks`` as a gradient check needs: signed numbers, (n_terms, n_points), that are 0 where ln p_m has
    a kink."""

    @property
    def arguments(self) -> Float: ...


class Pass(Protocol):
    """One pass over the points, kept: the log-densities, and all first and second derivatives as sums over points."""

    log_density: Float

    def pullback(self, weights: Float) -> Float:
        """sum_t weights[t] g(u_t)."""
        ...

    def curvature(self, weights: Float, gram_weights: Float) -> Float:
        """sum_t weights[t] (d^2 ln p_m / d theta^2)(u_t) + gram_weights[t] g(u_t) g(u_t)^T, off the kinks."""
        ...

    def kinks(self) -> Kinks:
        """Where ln p_m is not differentiable."""
        ...

    def steepness(self) -> float:
        """The largest |g(u_t)|, off the kinks."""
        ...

    def without(self, kinks: NDArray[np.bool_]) -> Pass:
        """The same pass with the derivative of the marked |.| set to 0: the smooth part at those kinks."""
        ...


class AffinePass(Pass, Protocol):
    """What the certificate asks of a model that is affine in theta between kinks; without it, its bounds are
    coarser."""

    def jacobian(self, points: slice | NDArray[np.intp]) -> Float:
        """g of a run of points, or of listed ones, one a column: (n_params, n_points)."""
        ...

    def largest(self) -> Float:
        """Bounds on |g_i| over all points, with any slopes in [-1, 1] of the |.|, to rounding: (n_params,).

        A pass that offers it vouches for ``pullback`` and ``curvature``: sums over N points that are right to (N + 20)
        u of the sums of their terms' sizes.
        """
        ...

    def jacobian_rest(self, points: slice) -> Float:
        """What rounding has taken from ``jacobian``, to 1e-16 of itself."""
        ...

    def with_slopes(self, terms: NDArray[np.intp], points: NDArray[np.intp], slopes: Float) -> Self:
        """The same pass with these derivatives in [-1, 1] for the |.| listed by two index arrays."""
        ...

    def rounding(self) -> Float:
        """A bound on the rounding error of each log-density: (n_points,)."""
        ...


class ScoreMatchingPass(Protocol):
    """Score matching's loss 1/2 |Psi|^2 + div Psi over the points, Psi the score by u, smoothed where it jumps: sums,
    by theta."""

    total: float

    def gradient(self) -> Float:
        """(n_params,), 0 for c."""
        ...

    def hessian(self) -> Float:
        """(n_params, n_params), 0 for c."""
        ...


class ClosedMaximum(Protocol):
    """The maximum of an objective by formula: what ``model.score_matching_maximum(u)`` returns where a model offers it.

    ``alpha`` is the maximum rounded to float64, theta without c.
    """

    @property
    def alpha(self) -> Float: ...

    def distance(self, alpha: Float) -> float:
        """A bound, rounding included, on the distance to the maximum in the metric of minus the Hessian, per unit of
        the maximum's length."""
        ...


class Model(Protocol):
    """The whole face of a model of the house; a model of one's own needs two functions, see ``ModelByJacobian``.

    The docstrings of ``LaplaceICA`` and ``Gaussian`` give the meaning of each name; ``asymptotics.py`` does without the
    last two.

    Examples
    --------
    >>> import nce_ref as nr
    >>> model: nr.Model = nr.LaplaceICA(2)
    >>> model.n_dim, model.n_params
    (2, 5)
    """

    @property
    def n_dim(self) -> int: ...

    @property
    def n_params(self) -> int: ...

    @property
    def affine_between_kinks(self) -> bool: ...

    def log_density(self, theta: ArrayLike, u: ArrayLike) -> Float: ...

    def jacobian(self, theta: ArrayLike, u: ArrayLike) -> Float: ...

    def vjp(self, theta: ArrayLike, u: ArrayLike) -> tuple[Float, Pullback]: ...

    def pullback(self, theta: ArrayLike, u: ArrayLike, weights: ArrayLike) -> Float: ...

    def evaluate(self, theta: Float, u: Float) -> Pass:
        """One pass over points that were checked before: for loops that call it hundreds of times."""
        ...

    def score(self, theta: ArrayLike, u: ArrayLike) -> Float: ...

    def score_matching(self, theta: ArrayLike, u: ArrayLike, slope: float) -> ScoreMatchingPass: ...

    def kinks(self, theta: ArrayLike, u: ArrayLike) -> KinkArguments: ...

    def smoothed(self, epsilon: float) -> Model:
        """A twice differentiable neighbour of this model, the model itself at epsilon = 0 or where it is smooth
        anyway."""
        ...

    def log_normalizer(self, theta: ArrayLike) -> float: ...

    def log_normalizer_gradient(self, theta: ArrayLike) -> Float: ...

    def log_normalizer_hessian(self, theta: ArrayLike) -> Float: ...

    def log_normalizer_block_hessian(self, theta: ArrayLike) -> Float:
        """The part of ln Z's Hessian that is convex: ln Z as a function of one row of B at a time; all of it if ln Z is
        convex."""
        ...

    def normalize(self, theta: ArrayLike) -> Float: ...

    def random_start(self, rng: np.random.Generator) -> Float: ...

    def sample(self, theta: ArrayLike, n_points: int, rng: np.random.Generator) -> Float: ...

    def transport(self, theta: ArrayLike, uniforms: ArrayLike) -> Float: ...

    def noise_weighted_moments(self, theta: ArrayLike, noise: Any, nu: float) -> Moments | None: ...
