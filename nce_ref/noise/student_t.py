r"""Student's t noise: a normal distribution whose tails fall like a power, so that it covers data of unknown tails.

    ln p_n(u) = ln Gamma((dof + n)/2) - ln Gamma(dof/2) - (n/2) ln(pi dof) - sum_i ln L_ii
                - (dof + n)/2 ln(1 + q/dof),      q = |L^{-1}(u - mean)|^2,   scale = L L^T

Conventions
-----------
u            (n_points, n_dim)   points are rows
mean, scale  (n_dim,), (n_dim, n_dim)   scale is *not* the covariance, which is dof/(dof - 2) scale for dof > 2, else infinite

Source: Kotz & Nadarajah, *Multivariate t Distributions and Their Applications* (2004), equation (1.1).
"""  # noqa: E501

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_solve, solve_triangular

from nce_ref._checks import (
    Float,
    as_count,
    as_covariance,
    as_generator,
    as_points,
    as_positive,
    as_vector,
)


class StudentTNoise:
    """Multivariate t noise with ``dof`` degrees of freedom, for data whose tails are unknown; see the module's formula.

    Parameters
    ----------
    mean : (n_dim,)
    scale : (n_dim, n_dim), symmetric positive definite
        The scale matrix; for ``dof`` > 2 the covariance is dof/(dof - 2) times as large.
    dof : float above 0
        1 is a Cauchy distribution; towards infinity it is N(mean, scale).

    Raises
    ------
    ValueError
        For a scale matrix that is not symmetric positive definite or not of the mean's size, and a dof not above 0.

    Examples
    --------
    >>> import nce_ref as nr
    >>> cauchy = nr.StudentTNoise(mean=[0.0], scale=[[1.0]], dof=1.0)
    >>> cauchy.log_density([[0.0]]).round(4)  # -ln pi
    array([-1.1447])
    """

    def __init__(self, mean: ArrayLike, scale: ArrayLike, dof: float) -> None:
        self.mean = as_vector("mean", mean).copy()
        self.scale, self._factor = as_covariance("scale", scale, len(self.mean))
        self.dof = as_positive("dof", dof)
        n = len(self.mean)
        self._log_constant = (
            math.lgamma(0.5 * (self.dof + n))
            - math.lgamma(0.5 * self.dof)
            - 0.5 * n * math.log(math.pi * self.dof)
            - float(np.log(np.diag(self._factor)).sum())
        )

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return len(self.mean)

    def log_density(self, u: ArrayLike) -> Float:
        """Return ln p_n(u): (n_points,)."""
        centred = (as_points("u", u, self.n_dim) - self.mean).T
        z = solve_triangular(self._factor, centred, lower=True, check_finite=False)
        q = np.einsum("it,it->t", z, z)
        return self._log_constant - 0.5 * (self.dof + self.n_dim) * np.log1p(q / self.dof)

    def score(self, u: ArrayLike) -> Float:
        """Return d ln p_n / d u = -(dof + n)/(dof + q) scale^{-1} (u - mean): (n_points, n_dim)."""
        centred = as_points("u", u, self.n_dim) - self.mean
        pulled = cho_solve((self._factor, True), centred.T).T
        q = np.einsum("ti,ti->t", centred, pulled)
        return -np.ascontiguousarray(((self.dof + self.n_dim) / (self.dof + q))[:, None] * pulled)

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw mean + L z sqrt(dof/w), z normal and w chi-squared with ``dof`` degrees of freedom: (n_points,
        n_dim)."""
        n_points, rng = as_count("n_points", n_points), as_generator("rng", rng)
        z = rng.standard_normal((n_points, self.n_dim))
        w = rng.chisquare(self.dof, n_points)
        return z @ self._factor.T * np.sqrt(self.dof / w)[:, None] + self.mean
