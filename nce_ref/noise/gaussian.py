"""Normal noise: one factor of the covariance serves sampling and evaluation alike.

Conventions
-----------
u          (n_points, n_dim)   points are rows
mean, cov  (n_dim,), (n_dim, n_dim)   cov symmetric positive definite
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_solve, solve_triangular

from nce_ref._checks import Float, as_count, as_covariance, as_generator, as_points, as_vector
from nce_ref.models.tails import Tails, gaussian_tails
from nce_ref.special import LOG_2PI


class GaussianNoise:
    """Normal noise: ln p_n(u) = -1/2 |L^{-1}(u - mean)|^2 - sum_i ln L_ii - (n/2) ln 2 pi, cov = L L^T.

    Parameters
    ----------
    mean : (n_dim,)
    cov : (n_dim, n_dim), symmetric positive definite
        In the square of the data's units; a variance where n_dim is 1.

    Raises
    ------
    ValueError
        For a covariance that is not symmetric or not positive definite, or not of the mean's size.

    Notes
    -----
    Source: P10, section 3.1 ("NCE GN"). One factor L serves ``log_density`` and ``sample``, so that both are of the
    same law.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> noise = nr.GaussianNoise(mean=[0.0, 0.0], cov=[[2.0, 0.0], [0.0, 0.5]])
    >>> noise.log_density([[0.0, 0.0]]).round(4)
    array([-1.8379])
    >>> noise.sample(3, np.random.default_rng(0)).shape
    (3, 2)
    """

    def __init__(self, mean: ArrayLike, cov: ArrayLike) -> None:
        self.mean = as_vector("mean", mean).copy()
        self.cov, self._factor = as_covariance("cov", cov, len(self.mean))

    @classmethod
    def from_data(cls, x: ArrayLike) -> GaussianNoise:
        """Noise with the data's sample mean and sample covariance (divided by n_data - 1), the choice of P10 section
        3.1.

        Raises ValueError where the sample covariance is singular: n_data <= n_dim, or collinear data.
        """
        x = as_points("x", x)
        if len(x) <= x.shape[1]:
            raise ValueError(
                f"x: {len(x)} points in {x.shape[1]} dimensions have a singular covariance; expected more points"
            )
        try:
            return cls(x.mean(axis=0), np.atleast_2d(np.cov(x, rowvar=False, ddof=1)))
        except ValueError as error:
            raise ValueError(f"x: its sample covariance cannot serve as noise ({error})") from None

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return len(self.mean)

    @property
    def normal_parameters(self) -> tuple[Float, Float]:
        """(mean, cov). A noise with this name promises that ln p_n *is* that normal density: the theory integrates
        it."""
        return self.mean, self.cov

    @property
    def tails(self) -> Tails:
        """How ln p_n falls far out: like -1/2 u^T cov^{-1} u."""
        return gaussian_tails(
            np.asarray(cho_solve((self._factor, True), np.eye(self.n_dim)), dtype=np.float64)
        )

    def log_density(self, u: ArrayLike) -> Float:
        """Return ln p_n(u): (n_points,)."""
        z = solve_triangular(
            self._factor,
            (as_points("u", u, self.n_dim) - self.mean).T,
            lower=True,
            overwrite_b=True,
            check_finite=False,
        )
        log_constant = float(np.log(np.diag(self._factor)).sum()) + 0.5 * self.n_dim * LOG_2PI
        return -0.5 * np.einsum("it,it->t", z, z) - log_constant

    def score(self, u: ArrayLike) -> Float:
        """Return d ln p_n / d u = -cov^{-1} (u - mean): (n_points, n_dim)."""
        return -np.ascontiguousarray(
            cho_solve((self._factor, True), (as_points("u", u, self.n_dim) - self.mean).T).T
        )

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw mean + L z: (n_points, n_dim)."""
        z = as_generator("rng", rng).standard_normal((as_count("n_points", n_points), self.n_dim))
        return z @ self._factor.T + self.mean
