r"""A wide distribution fitted to a sample, for comparing a noise's samples with its density.

Coordinates with few distinct values are taken for discrete: each gets half its own frequencies and half the uniform
distribution on the values seen. The others together get a normal distribution with the sample's mean and a wider
covariance.

Conventions
-----------
u   (n_points, n_dim)   points are rows
s   (n_points, n_dim)   the same in the sample's units: of mean 0 and covariance I about (continuous), of unit variance (discrete)
"""  # noqa: E501

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from nce_ref._checks import Float
from nce_ref.noise.gaussian import GaussianNoise

# Beyond so many robust deviations a point counts as one at that distance: heavy tails have no covariance.
_WINSORISED = 5.0
# The median of |z| for a standard normal z.
_MEDIAN_DEVIATION = 0.6744897501960817


class Reference:
    """The wide distribution of the module, with ``log_density``, ``sample`` and ``standardized``.

    Raises ValueError where the sample lies in a hyperplane, so that no density in these coordinates has drawn it.
    """

    def __init__(self, sample: Float) -> None:
        n = sample.shape[1]
        distinct = [np.unique(column) for column in sample.T]
        self.discrete: NDArray[np.bool_] = np.array([2 * len(v) < len(sample) for v in distinct])
        self.values = [
            values for values, is_discrete in zip(distinct, self.discrete) if is_discrete
        ]
        self._frequencies = []
        for values, column in zip(self.values, sample.T[self.discrete]):
            counts = np.unique(column, return_counts=True)[1]
            self._frequencies.append(0.5 * counts / counts.sum() + 0.5 / len(values))
        self._mean, self._deviation = np.zeros(n), np.ones(n)
        columns = sample[:, self.discrete]
        self._mean[self.discrete] = columns.mean(axis=0)
        self._deviation[self.discrete] = np.where(
            columns.std(axis=0) > 0.0, columns.std(axis=0), 1.0
        )
        self._normal, self._factor = None, None
        if not self.discrete.all():
            tamed = _winsorised(sample[:, ~self.discrete])
            narrow = GaussianNoise.from_data(tamed)
            # In many dimensions a normal twice as wide hardly meets the sample; in few it should cover the tails.
            wider = 1.0 + 0.5 * min(1.0, 3.0 / tamed.shape[1]) ** 0.5
            self._normal = GaussianNoise(narrow.mean, wider**2 * narrow.cov)
            self._factor = np.linalg.cholesky(narrow.cov)

    def log_density(self, u: Float) -> Float:
        """Return ln r(u): (n_points,); -inf at a discrete value that was not seen."""
        total = np.zeros(len(u))
        for values, frequencies, column in zip(self.values, self._frequencies, u.T[self.discrete]):
            at = np.minimum(np.searchsorted(values, column), len(values) - 1)
            total += np.where(values[at] == column, np.log(frequencies[at]), -np.inf)
        return (
            total
            if self._normal is None
            else total + self._normal.log_density(u[:, ~self.discrete])
        )

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw points: (n_points, n_dim)."""
        u = np.empty((n_points, len(self.discrete)))
        for i, values, frequencies in zip(
            np.flatnonzero(self.discrete), self.values, self._frequencies
        ):
            u[:, i] = rng.choice(values, size=n_points, p=frequencies)
        if self._normal is not None:
            u[:, ~self.discrete] = self._normal.sample(n_points, rng)
        return u

    def standardized(self, u: Float) -> Float:
        """Return s, see the module: (n_points, n_dim)."""
        s = (u - self._mean) / self._deviation
        if self._normal is not None:
            centred = u[:, ~self.discrete] - self._normal.mean
            s[:, ~self.discrete] = solve_triangular(self._factor, centred.T, lower=True).T
        return s

    def points(self, s: Float) -> Float:
        """Return the u of given s, where all coordinates are continuous: (n_points, n_dim)."""
        if self._normal is None or self._factor is None or self.discrete.any():
            raise ValueError("s: expected a reference without discrete coordinates")
        return s @ self._factor.T + self._normal.mean

    @property
    def log_volume(self) -> float:
        """ln|det du/ds| of ``points``."""
        return 0.0 if self._factor is None else float(np.log(np.diag(self._factor)).sum())


def _winsorised(sample: Float) -> Float:
    middle = np.median(sample, axis=0)
    deviation = np.median(np.abs(sample - middle), axis=0) / _MEDIAN_DEVIATION
    reach = np.where(deviation > 0.0, _WINSORISED * deviation, np.inf)
    return np.clip(sample, middle - reach, middle + reach)
