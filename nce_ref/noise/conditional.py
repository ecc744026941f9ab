r"""Conditional noise: what can be sampled near a point, and evaluated; and the steps of a Gaussian random walk.

Conventions
-----------
x   (n_points, n_dim)          where the steps start
y   (n_points, kappa, n_dim)   kappa points for each of them
"""

from __future__ import annotations

from typing import Protocol

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
)
from nce_ref.special import LOG_2PI


class ConditionalNoise(Protocol):
    """What conditional NCE needs of noise: points y drawn given x, and the normalised ln p_c(y|x).

    No class is inherited: any object with these two methods will do. One with an attribute ``symmetric`` that is true
    promises p_c(y|x) = p_c(x|y), which then cancels; ``n_dim``, where it is there, is compared with the model's.

    Examples
    --------
    >>> import numpy as np
    >>> class Uniform:
    ...     symmetric = True
    ...     def sample(self, x, kappa, rng):
    ...         return x[:, None, :] + rng.uniform(-1.0, 1.0, (len(x), kappa, x.shape[1]))
    ...     def log_density(self, y, x):
    ...         inside = (np.abs(y - x[:, None, :]) <= 1.0).all(axis=2)
    ...         return np.where(inside, -x.shape[1] * np.log(2.0), -np.inf)
    >>> Uniform().sample(np.zeros((5, 2)), 3, np.random.default_rng(0)).shape
    (5, 3, 2)
    """

    def sample(self, x: Float, kappa: int, rng: np.random.Generator, /) -> Float:
        """Draw kappa points given each x: (n_points, kappa, n_dim)."""
        ...

    def log_density(self, y: Float, x: Float, /) -> Float:
        """Return ln p_c(y|x), normalised in y: (n_points, kappa)."""
        ...


def refuse_unfit_conditional_noise(noise: object, n_dim: int) -> None:
    """Raise ValueError for an object without ``log_density``, or for noise of another dimension than the model's."""
    if not callable(getattr(noise, "log_density", None)):
        raise ValueError(
            f"conditional_noise: got {type(noise).__name__}; expected an object with log_density(y, x) and "
            "sample(x, kappa, rng), e.g. GaussianSteps(cov)"
        )
    got = getattr(noise, "n_dim", n_dim)
    if got != n_dim:
        raise ValueError(f"conditional_noise: got dimension {got}; expected {n_dim}, the model's")


class GaussianSteps:
    """Conditional noise y = shrink x + L z, z standard normal, cov = L L^T.

    Parameters
    ----------
    cov : (n_dim, n_dim), symmetric positive definite
        Covariance of a step.
    shrink : float
        1 (a random walk) makes p_c symmetric; below 1 the steps are those of an autoregressive process, which is not.

    Raises
    ------
    ValueError
        For a covariance that is not symmetric or not positive definite, and a shrink that is not finite.

    Notes
    -----
    Source: Ceylan and Gutmann (2018), who take the data's covariance times eps^2. Small steps: as eps -> 0 the
    covariance of the estimate grows like 1/(kappa eps^2), and for models with kinks like 1/eps at kappa = infinity
    (CONTRASTIVE.md).

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> steps = nr.GaussianSteps([[0.25]])
    >>> y = steps.sample([[0.0], [1.0]], 4, np.random.default_rng(0))
    >>> y.shape, steps.log_density([[[0.5]]], [[0.0]]).round(4)
    ((2, 4, 1), array([[-0.7258]]))
    """

    def __init__(self, cov: ArrayLike, shrink: float = 1.0) -> None:
        self.cov, self._factor = as_covariance("cov", cov)
        if not (isinstance(shrink, (int, float, np.floating)) and np.isfinite(shrink)):
            raise ValueError(
                f"shrink: got {shrink!r}; expected a finite number, 1 for a random walk"
            )
        self.shrink = float(shrink)

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return len(self.cov)

    @property
    def symmetric(self) -> bool:
        """Whether p_c(y|x) = p_c(x|y)."""
        return abs(self.shrink) == 1.0

    def log_density(self, y: ArrayLike, x: ArrayLike) -> Float:
        """Return ln p_c(y|x): (n_points, kappa)."""
        x = as_points("x", x, self.n_dim)
        y = as_array("y", y, 3, (len(x), None, self.n_dim))
        steps = (y - self.shrink * x[:, None, :]).reshape(-1, self.n_dim)
        z = solve_triangular(self._factor, steps.T, lower=True, check_finite=False)
        log_constant = float(np.log(np.diag(self._factor)).sum()) + 0.5 * self.n_dim * LOG_2PI
        return (-0.5 * np.einsum("it,it->t", z, z) - log_constant).reshape(y.shape[:2])

    def sample(self, x: ArrayLike, kappa: int, rng: np.random.Generator) -> Float:
        """Draw shrink x + L z: (n_points, kappa, n_dim)."""
        x = as_points("x", x, self.n_dim)
        size = (len(x), as_count("kappa", kappa), self.n_dim)
        z = as_generator("rng", rng).standard_normal(size)
        return self.step(x, z)

    def step(self, x: Float, z: Float) -> Float:
        """Return shrink x + L z for given standard normal z, (n_points, kappa, n_dim): quasi-random ones serve the
        theory."""
        return self.shrink * x[:, None, :] + z @ self._factor.T
