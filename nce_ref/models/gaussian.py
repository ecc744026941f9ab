r"""The Gaussian of zero mean, unnormalised: J12's toy example is its one-dimensional case.

    ln p_m(u; theta) = -1/2 u^T Lambda u + c,      c* = -ln Z = 1/2 ln det Lambda - (n/2) ln 2 pi

Conventions
-----------
theta   (n(n+1)/2 + 1,)   (lower triangle of the precision Lambda row by row, c)
Lambda  (n, n)            symmetric; positive definite where a density is wanted, any symmetric matrix elsewhere
u       (n_points, n)     points are rows
g       -u_i u_j for i > j (the entry stands twice in u^T Lambda u), -u_i^2/2 for i = j, and 1 for c: no theta in it, so
        ln p_m is linear in theta and the NCE objective is concave
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular
from scipy.special import ndtri

from nce_ref._checks import (
    Float,
    as_array,
    as_count,
    as_generator,
    as_points,
    as_scale,
    as_symmetric,
    as_uniforms,
    as_vector,
)
from nce_ref._compensated import product_rest
from nce_ref.models.base import Frame, Kinks, Pullback, no_kinks
from nce_ref.models.gaussian_moments import gaussian_moments
from nce_ref.models.gaussian_score import GaussianScoreMatching
from nce_ref.models.gaussian_score_maximum import ScoreMatchingMaximum, inverse_second_moment
from nce_ref.models.moments import Moments
from nce_ref.models.tails import Tails, gaussian_tails
from nce_ref.special import LOG_2PI

_UNIT = 2.0**-53
# Rational arithmetic on n^4 entries takes some 0.1 s up to here.
_EXACT = 12


@dataclass(frozen=True)
class Gaussian:
    """Zero-mean Gaussian: ln p_m(u) = -1/2 u^T Lambda u + c, linear in theta, so that NCE has one maximum at most.

    Parameters
    ----------
    n_dim : int
        theta = (lower triangle of the precision Lambda row by row, c) has n_dim (n_dim + 1)/2 + 1 entries; ``pack`` and
        ``unpack`` make it and take it apart.

    Raises
    ------
    ValueError
        For an n_dim that is no whole number above 0.

    Notes
    -----
    Source: J12, section 3.1, whose toy example is n_dim = 1. c* = -ln Z = 1/2 ln det Lambda - (n/2) ln 2 pi.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> model = nr.Gaussian(n_dim=2)
    >>> theta = model.normalize(model.pack(np.diag([1.0, 4.0]), c=0.0))
    >>> theta.round(4)
    array([ 1.    ,  0.    ,  4.    , -1.1447])
    """

    n_dim: int

    def __post_init__(self) -> None:
        as_count("n_dim", self.n_dim)

    @property
    def affine_between_kinks(self) -> bool:
        """ln p_m is affine in theta everywhere, so NCE's objective is concave."""
        return True

    @property
    def n_params(self) -> int:
        """n(n+1)/2 entries of the precision, and c."""
        return self.n_dim * (self.n_dim + 1) // 2 + 1

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """One name an entry of theta: precision[0,0], precision[1,0], ..., c."""
        rows, columns = np.tril_indices(self.n_dim)
        return (*(f"precision[{i},{j}]" for i, j in zip(rows, columns)), "c")

    def pack(self, precision: ArrayLike, c: float) -> Float:
        """Return theta from a symmetric precision matrix and c. Raises ValueError where the matrix is not symmetric."""
        precision = as_symmetric("precision", precision, self.n_dim)
        return np.append(precision[np.tril_indices(self.n_dim)], as_array("c", c, 0))

    def unpack(self, theta: ArrayLike) -> tuple[Float, float]:
        """Return (precision, c) from theta."""
        theta = self._theta(theta)
        precision = np.empty((self.n_dim, self.n_dim))
        rows, columns = np.tril_indices(self.n_dim)
        precision[rows, columns] = precision[columns, rows] = theta[:-1]
        return precision, float(theta[-1])

    def log_density(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return ln p_m(u; theta), c included: (n_points,)."""
        return self.evaluate(self._theta(theta), as_points("u", u, self.n_dim)).log_density

    def jacobian(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return g(u), (n_points, n_params); it does not depend on theta."""
        self._theta(theta)
        return gaussian_features(as_points("u", u, self.n_dim))

    def vjp(self, theta: ArrayLike, u: ArrayLike) -> tuple[Float, Pullback]:
        """Return ``(log_density, pullback)`` of one pass over the points; pullback(weights) = sum_t weights[t]
        g(u_t)."""
        u = as_points("u", u, self.n_dim)
        once = self.evaluate(self._theta(theta), u)
        return once.log_density, lambda weights: once.pullback(
            as_vector("weights", weights, len(u))
        )

    def pullback(self, theta: ArrayLike, u: ArrayLike, weights: ArrayLike) -> Float:
        """Return sum_t weights[t] g(u_t): (n_params,)."""
        return self.vjp(theta, u)[1](weights)

    def evaluate(self, theta: Float, u: Float) -> GaussianPass:
        """One pass over points that were checked before; see ``models.base.Pass``."""
        return GaussianPass(self.unpack(theta)[0], float(theta[-1]), u)

    def score(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return d ln p_m / d u = -Lambda u: (n_points, n_dim)."""
        return -as_points("u", u, self.n_dim) @ self.unpack(theta)[0]

    def score_matching(self, theta: ArrayLike, u: ArrayLike, slope: float) -> GaussianScoreMatching:
        """Return score matching's loss, summed over points; the score is smooth, so ``slope`` plays no part."""
        return GaussianScoreMatching(self.unpack(theta)[0], as_points("u", u, self.n_dim))

    def score_matching_maximum(self, u: ArrayLike) -> ScoreMatchingMaximum | None:
        """The maximum of score matching on the points u, the inverse of their second moment, as far as rounding lets it
        be told."""
        return inverse_second_moment(as_points("u", u, self.n_dim))

    def kinks(self, theta: ArrayLike, u: ArrayLike) -> Kinks:
        """None: ln p_m is smooth."""
        return self.evaluate(self._theta(theta), as_points("u", u, self.n_dim)).kinks()

    def smoothed(self, epsilon: float) -> Gaussian:
        """The model itself, smooth as it is."""
        return self

    def log_normalizer(self, theta: ArrayLike) -> float:
        """Return ln Z = (n/2) ln 2 pi - 1/2 ln det Lambda; inf where Lambda is not positive definite. c plays no
        part."""
        factor = self._factor(theta)
        return (
            math.inf
            if factor is None
            else 0.5 * self.n_dim * LOG_2PI - float(np.log(np.diag(factor)).sum())
        )

    def log_normalizer_gradient(self, theta: ArrayLike) -> Float:
        """Return d ln Z / d theta = E[d ln p_m^0 / d theta]: -C_ij for i > j, -C_ii/2, 0 for c, with C =
        Lambda^{-1}."""
        return np.append(
            self._doubled() * -0.5 * self.covariance(theta)[np.tril_indices(self.n_dim)], 0.0
        )

    def log_normalizer_hessian(self, theta: ArrayLike) -> Float:
        """Return d^2 ln Z / d theta^2 = 1/2 tr(C D C D') for changes D, D' of Lambda: the covariance of g. c's row is
        0."""
        C, (i, j), m = self.covariance(theta), np.tril_indices(self.n_dim), self._doubled()
        pairs = C[np.ix_(i, i)] * C[np.ix_(j, j)] + C[np.ix_(i, j)] * C[np.ix_(j, i)]
        hessian = np.zeros((self.n_params, self.n_params))
        hessian[:-1, :-1] = 0.25 * np.outer(m, m) * pairs
        return hessian

    def log_normalizer_block_hessian(self, theta: ArrayLike) -> Float:
        """Return the Hessian itself: ln Z is convex in the precision."""
        return self.log_normalizer_hessian(theta)

    def frame(self, theta: ArrayLike) -> Frame:
        r"""Return ln Z in Lambda = L (I + E) L^T, L L^T the Cholesky factors: z the entries of E, off the diagonal
        times sqrt(2).

        Then |z| is E's Frobenius norm, ln Z falls by 1/2 ln det(I + E), and 1/2 sum_k |tr E^k|/k over k > 2 is at most
        |E|^3/(6 (1 - |E|)). The factors miss Lambda by (n + 1) u |L||L^T| at most, entry by entry (Higham, *Accuracy
        and Stability*, theorem 10.3), their products in ``root`` by 2 (n + 1) u |L||E||L^T|: 1/2 tr E moves by less
        than ``error`` |E|. Up to 12 dimensions what they miss is put into ``gradient``. Raises ValueError unless Lambda is
        positive definite.
        """  # noqa: E501
        factor = self._factor(theta)
        if factor is None:
            raise ValueError(
                "theta: its precision is not positive definite; expected a positive definite one"
            )
        n, (i, j) = self.n_dim, np.tril_indices(self.n_dim)
        E = np.zeros((len(i), n, n))
        E[np.arange(len(i)), i, j] = E[np.arange(len(i)), j, i] = np.where(
            i == j, 1.0, math.sqrt(0.5)
        )
        moves = factor @ E @ factor.T
        inverse = solve_triangular(factor, np.eye(n), lower=True)
        spread = float(np.linalg.norm(np.abs(inverse) @ np.abs(factor)) ** 2)
        missed = 2.0 * (n + 4) * math.sqrt(n) * _UNIT * spread
        gradient, error = np.where(i == j, -0.5, 0.0), missed
        if missed < 1e-3 and n <= _EXACT:
            # 1/2 tr (I + F)^{-1} (E + e), F and e from residuals in rational arithmetic: what is left of the error is
            # of second order.
            F, missing = (
                inverse @ rest @ inverse.T
                for rest in _residuals(self.unpack(theta)[0], factor, moves, E)
            )
            gradient = -0.5 * (
                np.trace(E + missing, axis1=1, axis2=2) - np.einsum("kij,ji->k", E, F)
            )
            error = 8.0 * n * missed * missed + 16.0 * n * _UNIT
        return Frame(
            np.ascontiguousarray(moves[:, i, j].T),
            gradient,
            0.5 * np.eye(len(i)),
            0.5,
            error,
            2.0 * missed,
        )

    def normalize(self, theta: ArrayLike) -> Float:
        """Return the same precision with c = -ln Z. Raises ValueError where it is not positive definite."""
        self.covariance(theta)
        return np.append(self._theta(theta)[:-1], -self.log_normalizer(theta))

    def rescaled(self, theta: ArrayLike, scale: ArrayLike) -> Float:
        """Return theta of the same density in other units: of z where u = scale z, Lambda -> scale^T Lambda scale, c
        gains ln|det scale|.

        ``scale`` (n, n), invertible. Raises ValueError where it is singular.
        """
        scale, log_det = as_scale(scale, self.n_dim)
        precision, c = self.unpack(theta)
        return np.append((scale.T @ precision @ scale)[np.tril_indices(self.n_dim)], c + log_det)

    def random_start(self, rng: np.random.Generator) -> Float:
        """Return a start: a Wishart precision of mean identity with n + 2 degrees of freedom, c from N(0, 1)."""
        root = as_generator("rng", rng).standard_normal((self.n_dim, self.n_dim + 2))
        return self.pack(root @ root.T / (self.n_dim + 2), float(rng.standard_normal()))

    def sample(self, theta: ArrayLike, n_points: int, rng: np.random.Generator) -> Float:
        """Draw from N(0, Lambda^{-1}): (n_points, n_dim). Raises ValueError where Lambda is not positive definite."""
        z = as_generator("rng", rng).standard_normal((as_count("n_points", n_points), self.n_dim))
        return z @ np.linalg.cholesky(self.covariance(theta)).T

    def transport(self, theta: ArrayLike, uniforms: ArrayLike) -> Float:
        """Map points of the open unit cube to the density, through the inverse normal distribution function.

        Raises ValueError for a point outside of it, on its boundary included, and where Lambda is not positive
        definite.
        """
        return (
            ndtri(as_uniforms("uniforms", uniforms, self.n_dim))
            @ np.linalg.cholesky(self.covariance(theta)).T
        )

    def noise_weighted_moments(self, theta: ArrayLike, noise: Any, nu: float) -> Moments | None:
        """E[P_nu g g^T] and E[P_nu g] where a common set of axes gives them in one dimension, else None."""
        return gaussian_moments(self.unpack(theta)[0], noise, nu)

    def tails(self, theta: ArrayLike) -> Tails:
        """How ln p_m falls far out: like -1/2 u^T Lambda u."""
        return gaussian_tails(self.unpack(theta)[0])

    def _theta(self, theta: ArrayLike) -> Float:
        return as_vector("theta", theta, self.n_params)

    def _doubled(self) -> Float:
        i, j = np.tril_indices(self.n_dim)
        return np.where(i == j, 1.0, 2.0)

    def _factor(self, theta: ArrayLike) -> Float | None:
        precision = self.unpack(theta)[0]
        try:
            factor = np.asarray(np.linalg.cholesky(precision), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
        # L_ii^2 is what subtraction has left of Lambda_ii; a few eps of it are a rounding error, and the matrix
        # singular.
        left = np.diag(factor) ** 2 > self.n_dim * np.finfo(float).eps * np.diag(precision)
        return factor if left.all() else None

    def covariance(self, theta: ArrayLike) -> Float:
        """Return Lambda^-1. Raises ValueError where Lambda is not positive definite."""
        if self._factor(theta) is None:
            raise ValueError(
                "theta: its precision is not positive definite, so the mass is infinite; expected a"
                " positive definite one"
            )
        return np.asarray(np.linalg.inv(self.unpack(theta)[0]), dtype=np.float64)


class GaussianPass:
    """One pass over the points; see ``models.base.Pass``."""

    def __init__(self, precision: Float, c: float, u: Float) -> None:
        self.precision, self.c, self.u = precision, c, u
        self.log_density: Float = c - 0.5 * np.einsum("ti,ti->t", u @ precision, u)

    def pullback(self, weights: Float) -> Float:
        """sum_t weights[t] g(u_t), through the weighted second moment of the points."""
        n = self.u.shape[1]
        i, j = np.tril_indices(n)
        moment = (self.u.T * weights) @ self.u
        return np.append(np.where(i == j, -0.5, -1.0) * moment[i, j], weights.sum())

    def curvature(self, weights: Float, gram_weights: Float) -> Float:
        """sum_t gram_weights[t] g g^T; ln p_m is linear in theta, so ``weights`` meet a second derivative of 0."""
        n_params = len(gaussian_features(self.u[:1])[0])
        if not gram_weights.any():  # the likelihood's case: all of its curvature is ln Z's
            return np.zeros((n_params, n_params))
        g = gaussian_features(self.u)
        return (g.T * gram_weights) @ g

    def kinks(self) -> Kinks:
        """None."""
        return no_kinks(len(self.u), gaussian_features(self.u[:1]).shape[1])

    def steepness(self) -> float:
        """The largest |g(u_t)|."""
        return float(np.linalg.norm(gaussian_features(self.u), axis=1).max())

    def without(self, kinks: NDArray[np.bool_]) -> GaussianPass:
        """Itself: there is no kink to leave out."""
        return self

    def jacobian(self, points: slice | NDArray[np.intp]) -> Float:
        """g of a run of points, or of listed ones, one a column: (n_params, n_points)."""
        return gaussian_features(self.u[points]).T

    def largest(self) -> Float:
        """Bounds on |g_i|: half of max u_i^2, max |u_i| max |u_j|, and 1."""
        most, (i, j) = np.abs(self.u).max(axis=0), np.tril_indices(self.u.shape[1])
        return np.append(np.where(i == j, 0.5, 1.0) * most[i] * most[j], 1.0)

    def jacobian_rest(self, points: slice) -> Float:
        """What rounding has taken from ``jacobian``: of the products u_i u_j; halving them is exact."""
        u = self.u[points]
        i, j = np.tril_indices(u.shape[1])
        rest = product_rest(u[:, i], u[:, j], u[:, i] * u[:, j]) * np.where(i == j, -0.5, -1.0)
        return np.concatenate([rest.T, np.zeros((1, len(u)))])

    def with_slopes(
        self, terms: NDArray[np.intp], points: NDArray[np.intp], slopes: Float
    ) -> GaussianPass:
        """Itself: there is no kink."""
        return self

    def rounding(self) -> Float:
        """2 n + 3 roundings of 1/2 |u|^T |Lambda| |u| and of c: (n_points,)."""
        u = np.abs(self.u)
        sizes = 0.5 * np.einsum("ti,ti->t", u @ np.abs(self.precision), u)
        return np.asarray((2 * u.shape[1] + 4) * _UNIT * (sizes + abs(self.c)))


def _residuals(precision: Float, factor: Float, moves: Float, E: Float) -> tuple[Float, Float]:
    """Lambda - L L^T, (n, n), and moves - L E L^T, (k, n, n), each entry computed exactly and rounded once; one
    triangle of moves counts."""
    n = len(factor)
    L = [[Fraction(value) for value in row] for row in factor]
    gram = np.zeros((n, n))
    left = np.zeros_like(moves)
    for a in range(n):
        for b in range(a + 1):
            exact = sum((L[a][m] * L[b][m] for m in range(b + 1)), Fraction(0))
            gram[a, b] = gram[b, a] = float(Fraction(precision[a, b]) - exact)
            for k, one in enumerate(E):
                p, q = np.argwhere(one)[0]
                exact = L[a][p] * L[b][q] + (L[a][q] * L[b][p] if p != q else 0)
                rest = float(Fraction(moves[k, a, b]) - Fraction(one[p, q]) * exact)
                left[k, a, b] = left[k, b, a] = rest
    return gram, left


def gaussian_features(u: Float) -> Float:
    """g of ``Gaussian`` at checked points: (n_points, n(n+1)/2 + 1), 1 for c last."""
    i, j = np.tril_indices(u.shape[1])
    g = np.empty((len(u), len(i) + 1))
    np.multiply(u[:, i], u[:, j], out=g[:, :-1])
    g[:, :-1] *= np.where(i == j, -0.5, -1.0)
    g[:, -1] = 1.0
    return g
