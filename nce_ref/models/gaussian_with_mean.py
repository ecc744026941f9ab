r"""The Gaussian with a mean, in natural parameters, so that ln p_m stays linear in theta and NCE's objective concave.

    ln p_m(u; theta) = eta^T u - 1/2 u^T Lambda u + c,      eta = Lambda mu
    c* = -ln Z = -1/2 eta^T Lambda^-1 eta + 1/2 ln det Lambda - (n/2) ln 2 pi

Conventions
-----------
theta   (n + n(n+1)/2 + 1,)   (eta, lower triangle of the precision Lambda row by row, c)
eta     (n,)                  the shift; the mean is Lambda^-1 eta
u       (n_points, n)         points are rows
g       (u, those of ``Gaussian`` with 1 for c last): no theta in it
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular

from nce_ref._checks import (
    Float,
    as_array,
    as_count,
    as_covariance,
    as_generator,
    as_points,
    as_scale,
    as_symmetric,
    as_vector,
)
from nce_ref.models.base import Frame
from nce_ref.models.gaussian import Gaussian
from nce_ref.models.gaussian_pass import gaussian_features
from nce_ref.models.gaussian_with_mean_moments import gaussian_with_mean_moments
from nce_ref.models.gaussian_with_mean_score import GaussianWithMeanScoreMatching
from nce_ref.models.linear import LinearModel, LinearPass
from nce_ref.models.moments import Moments
from nce_ref.models.tails import Tails


class GaussianWithMean(LinearModel):
    """Gaussian with a free mean: ln p_m(u) = eta.u - 1/2 u^T Lambda u + c, eta = Lambda mean, linear in theta.

    Parameters
    ----------
    n_dim : int
        theta = (eta, lower triangle of the precision Lambda row by row, c) has n + n(n+1)/2 + 1 entries; ``pack`` and
        ``unpack`` make it and take it apart, ``from_moments`` and ``moments`` go by mean and covariance.

    Raises
    ------
    ValueError
        For an n_dim that is no whole number above 0.

    Notes
    -----
    c* = -ln Z = -1/2 eta^T Lambda^-1 eta + 1/2 ln det Lambda - (n/2) ln 2 pi. ``Gaussian`` is the same at eta = 0. Data
    whose mean is k deviations away from 0 are fitted about a shift (``estimators/shifts.py``), yet c is of size k^2,
    and storing it takes 2 log10 k of 16 digits: NCE is certified up to some k = 3e4, maximum likelihood, whose c is
    no unknown, up to 1e8. Farther out subtract a round number first.

    Examples
    --------
    >>> import nce_ref as nr
    >>> model = nr.GaussianWithMean(1)
    >>> theta = model.from_moments([3.0], [[4.0]])
    >>> theta.round(4), model.parameter_names
    (array([ 0.75  ,  0.25  , -2.7371]), ('shift[0]', 'precision[0,0]', 'c'))
    """

    def __init__(self, n_dim: int) -> None:
        self._n_dim = as_count("n_dim", n_dim)
        self._centred = Gaussian(self._n_dim)

    def __repr__(self) -> str:
        return f"GaussianWithMean(n_dim={self.n_dim})"

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return self._n_dim

    @property
    def n_params(self) -> int:
        """n entries of eta, n(n+1)/2 of the precision, and c."""
        return self.n_dim + self._centred.n_params

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """One name an entry of theta: shift[0], ..., precision[0,0], ..., c."""
        return (*(f"shift[{i}]" for i in range(self.n_dim)), *self._centred.parameter_names)

    def pack(self, shift: ArrayLike, precision: ArrayLike, c: float) -> Float:
        """Return theta from eta (n,), a symmetric precision (n, n) and c. Raises ValueError where the matrix is not
        symmetric."""
        precision = as_symmetric("precision", precision, self.n_dim)
        shift = as_vector("shift", shift, self.n_dim)
        return np.concatenate(
            [shift, precision[np.tril_indices(self.n_dim)], [as_array("c", c, 0).item()]]
        )

    def unpack(self, theta: ArrayLike) -> tuple[Float, Float, float]:
        """Return (eta, precision, c) from theta."""
        theta = self._theta(theta)
        precision, c = self._centred.unpack(theta[self.n_dim :])
        return theta[: self.n_dim].copy(), precision, c

    def from_moments(self, mean: ArrayLike, cov: ArrayLike) -> Float:
        """Return theta of the normalised N(mean, cov). Raises ValueError where cov is not symmetric positive
        definite."""
        cov, factor = as_covariance("cov", cov, self.n_dim)
        inverse = solve_triangular(factor, np.eye(self.n_dim), lower=True)
        precision = inverse.T @ inverse
        shift = inverse.T @ (inverse @ as_vector("mean", mean, self.n_dim))
        return self.normalize(self.pack(shift, 0.5 * (precision + precision.T), 0.0))

    def moments(self, theta: ArrayLike) -> tuple[Float, Float]:
        """Return (mean, covariance) = (Lambda^-1 eta, Lambda^-1). Raises ValueError where Lambda is not positive
        definite."""
        cov = self.covariance(theta)
        return cov @ self._theta(theta)[: self.n_dim], cov

    def start_from(self, noise: object) -> Float | None:
        """Return theta of the noise itself where it is a normal distribution (``normal_parameters``), else None: G = 0
        there at every point."""
        parameters = getattr(noise, "normal_parameters", None)
        if parameters is None or len(parameters[0]) != self.n_dim:
            return None
        return self.from_moments(*parameters)

    def score(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return d ln p_m / d u = eta - Lambda u: (n_points, n_dim)."""
        shift, precision, _ = self.unpack(theta)
        return shift - as_points("u", u, self.n_dim) @ precision

    def score_matching(
        self, theta: ArrayLike, u: ArrayLike, slope: float
    ) -> GaussianWithMeanScoreMatching:
        """Return score matching's loss, summed over points; the score is smooth, so ``slope`` plays no part."""
        shift, precision, _ = self.unpack(theta)
        return GaussianWithMeanScoreMatching(shift, precision, as_points("u", u, self.n_dim))

    def log_normalizer(self, theta: ArrayLike) -> float:
        """Return ln Z; inf where Lambda is not positive definite. c plays no part."""
        theta = self._theta(theta)
        centred = self._centred.log_normalizer(theta[self.n_dim :])
        if not math.isfinite(centred):
            return centred
        a = self._whitened(theta)
        return centred + 0.5 * float(a @ a)

    def log_normalizer_gradient(self, theta: ArrayLike) -> Float:
        """Return d ln Z / d theta = E[g]: the mean, then -E[u_i u_j] for i > j and -E[u_i^2]/2, 0 for c."""
        mean, cov = self.moments(theta)
        second = cov + np.outer(mean, mean)
        i, j = np.tril_indices(self.n_dim)
        return np.concatenate([mean, np.where(i == j, -0.5, -1.0) * second[i, j], [0.0]])

    def log_normalizer_hessian(self, theta: ArrayLike) -> Float:
        """Return d^2 ln Z / d theta^2 = Cov(g), by Isserlis' theorem. c's row is 0."""
        mean, C = self.moments(theta)
        n, (i, j) = self.n_dim, np.tril_indices(self.n_dim)
        weight = np.where(i == j, -0.5, -1.0)
        hessian = np.zeros((self.n_params, self.n_params))
        hessian[:n, :n] = C
        mixed = weight * (C[:, i] * mean[j] + C[:, j] * mean[i])
        hessian[:n, n:-1], hessian[n:-1, :n] = mixed, mixed.T
        # Cov(u_i u_j, u_k u_l): two covariances, or one between the two means left over.
        second = C + np.outer(mean, mean)
        pairs = (
            second[np.ix_(i, i)] * second[np.ix_(j, j)]
            + second[np.ix_(i, j)] * second[np.ix_(j, i)]
            - 2.0 * np.outer(mean[i] * mean[j], mean[i] * mean[j])
        )
        hessian[n:-1, n:-1] = np.outer(weight, weight) * pairs
        return hessian

    def log_normalizer_block_hessian(self, theta: ArrayLike) -> Float:
        """Return the Hessian itself: ln Z is convex."""
        return self.log_normalizer_hessian(theta)

    def frame(self, theta: ArrayLike) -> Frame:
        r"""Return ln Z in coordinates without units: Lambda = L (I + E) L^T, eta = L (I + E) L^T mu + L e/sqrt(3), z =
        (e, E).

        With a = L^T mu the changed ln Z is that of ``Gaussian`` plus 1/2 a^T (I + E) a + a^T e' + 1/2 e'^T (I + E)^{-1}
        e', e' = e/sqrt(3): beyond the second order at most |E|^3/(6 (1 - |E|)) + |e|^2 |E|/(6 (1 - |E|)) = |E| |z|^2/(6
        (1 - |E|)). The factors miss Lambda and eta by ``missed`` times 1 + |a| at most, see ``Gaussian.frame``, and the
        moved moments by as much again for each a. Raises ValueError unless Lambda is positive definite.
        """
        theta, n = self._theta(theta), self.n_dim
        of_precision = self._centred.frame(theta[n:])
        factor = np.linalg.cholesky(self.unpack(theta)[1])
        a = self._whitened(theta)
        i, j = np.tril_indices(n)
        E = np.zeros((len(i), n, n))
        E[np.arange(len(i)), i, j] = E[np.arange(len(i)), j, i] = np.where(
            i == j, 1.0, math.sqrt(0.5)
        )
        root = np.zeros((self.n_params - 1, self.n_params - 1))
        root[:n, :n] = factor / math.sqrt(3.0)
        root[:n, n:] = factor @ (E @ a).T
        root[n:, n:] = of_precision.root
        gradient = np.concatenate(
            [a / math.sqrt(3.0), of_precision.gradient + 0.5 * np.einsum("kij,i,j->k", E, a, a)]
        )
        reach = 1.0 + float(np.linalg.norm(a))
        # Gaussian.frame's hessian_error is twice what its factors miss.
        missed = 8.0 * reach * reach * of_precision.hessian_error
        hessian = np.diag(np.concatenate([np.full(n, 1.0 / 3.0), np.full(len(i), 0.5)]))
        return Frame(root, gradient, hessian, 0.51, missed, missed)

    def normalize(self, theta: ArrayLike) -> Float:
        """Return the same eta and precision with c = -ln Z. Raises ValueError where the precision is not positive
        definite."""
        self.covariance(theta)
        return np.append(self._theta(theta)[:-1], -self.log_normalizer(theta))

    def rescaled(self, theta: ArrayLike, scale: ArrayLike) -> Float:
        """Return theta of the same density in other units: of z where u = scale z, eta -> scale^T eta, Lambda ->
        scale^T Lambda scale.

        ``scale`` (n, n), invertible; c gains ln|det scale|. Raises ValueError where it is singular.
        """
        scale, log_det = as_scale(scale, self.n_dim)
        shift, precision, c = self.unpack(theta)
        moved = (scale.T @ precision @ scale)[np.tril_indices(self.n_dim)]
        return np.concatenate([scale.T @ shift, moved, [c + log_det]])

    def shifted(self, theta: ArrayLike, shift: ArrayLike) -> Float:
        """Return theta of the same density as a function of z, u = shift + z: eta -> eta - Lambda shift, Lambda as it
        is.

        c gains eta.shift - 1/2 shift^T Lambda shift. Each entry is computed exactly and rounded once: far from 0 the
        terms of c are the square of the distance in deviations, and cancel.
        """
        eta, precision, c = self.unpack(theta)
        s = [Fraction(value) for value in as_vector("shift", shift, self.n_dim).tolist()]
        pull = [
            sum((Fraction(a) * b for a, b in zip(row, s, strict=True)), Fraction(0))
            for row in precision.tolist()
        ]
        exact = [Fraction(value) for value in eta.tolist()]
        gain = sum(((e - p / 2) * b for e, p, b in zip(exact, pull, s, strict=True)), Fraction(c))
        moved = [float(e - p) for e, p in zip(exact, pull, strict=True)]
        return np.concatenate([moved, self._theta(theta)[self.n_dim : -1], [float(gain)]])

    def random_start(self, rng: np.random.Generator) -> Float:
        """Return a start: ``Gaussian``'s Wishart precision and c, eta from N(0, I)."""
        shift = as_generator("rng", rng).standard_normal(self.n_dim)
        return np.concatenate([shift, self._centred.random_start(rng)])

    def sample(self, theta: ArrayLike, n_points: int, rng: np.random.Generator) -> Float:
        """Draw from N(mean, Lambda^{-1}): (n_points, n_dim). Raises ValueError where Lambda is not positive
        definite."""
        theta = self._theta(theta)
        return self._centred.sample(theta[self.n_dim :], n_points, rng) + self.moments(theta)[0]

    def transport(self, theta: ArrayLike, uniforms: ArrayLike) -> Float:
        """Map points of the open unit cube to the density, as ``Gaussian.transport``, and move them by the mean."""
        theta = self._theta(theta)
        return self._centred.transport(theta[self.n_dim :], uniforms) + self.moments(theta)[0]

    def noise_weighted_moments(self, theta: ArrayLike, noise: Any, nu: float) -> Moments | None:
        """E[P_nu g g^T] and E[P_nu g] under any normal noise, up to 12 dimensions, else None."""
        mean, _ = self.moments(theta)
        return gaussian_with_mean_moments(mean, self.unpack(theta)[1], noise, nu)

    def tails(self, theta: ArrayLike) -> Tails:
        """How ln p_m falls far out: like -1/2 u^T Lambda u."""
        return self._centred.tails(self._theta(theta)[self.n_dim :])

    def _jacobian(self, u: Float) -> Float:
        return np.concatenate([u, gaussian_features(u)], axis=1)

    def evaluate(self, theta: Float, u: Float) -> LinearPass:
        """See ``models.base.Pass``; one rounding for a product, and one for each factor where points less a shift were
        rounded."""
        return LinearPass(theta, self._jacobian(u), roundings=3)

    def covariance(self, theta: ArrayLike) -> Float:
        """Return Lambda^-1. Raises ValueError where Lambda is not positive definite."""
        return self._centred.covariance(self._theta(theta)[self.n_dim :])

    def _whitened(self, theta: Float) -> Float:
        """L^-1 eta = L^T mu, whose length is the mean's distance from 0 in deviations."""
        shift, precision, _ = self.unpack(theta)
        return np.asarray(solve_triangular(np.linalg.cholesky(precision), shift, lower=True))
