r"""Noise that follows given points: a normal kernel around each.

    p_n(u) = (1/k) sum_j N(u; points_j, bandwidth^2 C),     C the points' sample covariance

Conventions
-----------
u, points   (n_points, n_dim), (k, n_dim)   points are rows
bandwidth   without units, in the points' standard deviations

**Not with the data's own points.** A data point that is a centre has its own kernel in p_n, a fresh point of the noise
has not: data and noise then differ by that kernel, and NCE learns the difference. Take the centres from other data, or
a bandwidth of 1 and more.

Source: Silverman, *Density Estimation for Statistics and Data Analysis* (1986), sections 4.2 and 4.3.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular

from nce_ref._checks import Float, as_count, as_generator, as_points, as_positive
from nce_ref.noise.gaussian import GaussianNoise
from nce_ref.special import LOG_2PI

# Pairs of points looked at together: 8 MB of distances.
_PAIRS = 1_000_000


class KernelDensityNoise:
    """Normal kernels around ``points``; see the module's formula and its warning.

    Parameters
    ----------
    points : (k, n_dim)
        The kernels' centres, k > n_dim and not in a hyperplane.
    bandwidth : float above 0, optional
        In standard deviations; Silverman's (4/((n_dim + 2) k))^{1/(n_dim + 4)} by default, which is best for normal
        data and too wide for others. A noise wider than the data is the safer one.

    Raises
    ------
    ValueError
        Where the points' covariance is singular, or the bandwidth is not above 0.

    Notes
    -----
    Do not take the data's own points: see the module.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> earlier = np.random.default_rng(0).standard_normal((500, 2))  # other data of the same kind
    >>> noise = nr.KernelDensityNoise(earlier)
    >>> round(noise.bandwidth, 3), noise.n_dim
    (0.355, 2)
    """

    def __init__(self, points: ArrayLike, bandwidth: float | None = None) -> None:
        self.points = as_points("points", points).copy()
        k, n = self.points.shape
        try:
            whole = GaussianNoise.from_data(self.points)
        except ValueError as error:
            raise ValueError(str(error).replace("x: ", "points: ", 1)) from None
        silverman = (4.0 / ((n + 2.0) * k)) ** (1.0 / (n + 4.0))
        self.bandwidth = silverman if bandwidth is None else as_positive("bandwidth", bandwidth)
        self._factor = self.bandwidth * np.linalg.cholesky(whole.cov)
        self._whitened = solve_triangular(self._factor, self.points.T, lower=True)
        self._log_constant = (
            math.log(k) + float(np.log(np.diag(self._factor)).sum()) + 0.5 * n * LOG_2PI
        )

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return self.points.shape[1]

    def log_density(self, u: ArrayLike) -> Float:
        """Return ln p_n(u): (n_points,), by n_points k distances; finite wherever their squares are."""
        whitened = solve_triangular(self._factor, as_points("u", u, self.n_dim).T, lower=True)
        logs = np.empty(whitened.shape[1])
        step = max(1, _PAIRS // len(self.points))
        for start in range(0, len(logs), step):
            block = whitened[:, start : start + step]
            # Differences first: |a|^2 - 2 a.b + |b|^2 would cancel for points far from the origin.
            half = np.zeros((block.shape[1], len(self.points)))
            for here, centre in zip(block, self._whitened):
                half -= 0.5 * np.subtract.outer(here, centre) ** 2
            top = half.max(axis=1)
            logs[start : start + step] = top + np.log(np.exp(half - top[:, None]).sum(axis=1))
        return logs - self._log_constant

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw a centre and a normal step from it: (n_points, n_dim)."""
        n_points, rng = as_count("n_points", n_points), as_generator("rng", rng)
        centre = rng.integers(len(self.points), size=n_points)
        z = rng.standard_normal((n_points, self.n_dim))
        return self.points[centre] + z @ self._factor.T
