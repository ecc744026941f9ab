r"""Independent binary noise, for discrete data: a probability mass function where the other noises have densities.

    ln p_n(u) = sum_i [u_i is the upper value] ln p_i + [u_i is the lower value] ln(1 - p_i)

Conventions
-----------
u               (n_points, n_dim)   points are rows; entries are one of the two ``values``
probabilities   (n_dim,)            of the upper value, above 0 and below 1: a mass of 0 or 1 would not cover
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_count, as_generator, as_points, as_vector


class BernoulliNoise:
    """Independent coordinates of two values, each with its own probability of the upper one; see the module's formula.

    Parameters
    ----------
    probabilities : (n_dim,), above 0 and below 1
    values : (lower, upper)
        (0, 1) by default; (-1, 1) for spins.

    Raises
    ------
    ValueError
        For a probability outside (0, 1), or values that are not lower < upper.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> noise = nr.BernoulliNoise([0.5, 0.25])
    >>> np.exp(noise.log_density([[1.0, 1.0], [0.0, 0.0]])).round(3)
    array([0.125, 0.375])
    """

    def __init__(self, probabilities: ArrayLike, values: tuple[float, float] = (0.0, 1.0)) -> None:
        self.probabilities = as_vector("probabilities", probabilities).copy()
        p = self.probabilities
        if not (p.min() > 0.0 and p.max() < 1.0):
            raise ValueError(
                f"probabilities: entries from {p.min():.17g} to {p.max():.17g}; expected numbers above 0 and below 1"
            )
        lower, upper = as_vector("values", values, 2).tolist()
        if not lower < upper:
            raise ValueError(
                f"values: got {(lower, upper)}; expected (lower, upper), lower < upper"
            )
        self.values = (lower, upper)
        self._log_upper, self._log_lower = np.log(p), np.log1p(-p)

    @classmethod
    def from_data(cls, x: ArrayLike, values: tuple[float, float] = (0.0, 1.0)) -> BernoulliNoise:
        """Noise with the data's shares of the upper value, each drawn towards 1/2 by one point: (k_i + 1/2)/(n_data +
        1).

        So a value that never occurs in the data keeps a mass above 0. Raises ValueError for other values in x.
        """
        points = as_points("x", x)
        upper = points == values[1]
        if not np.all(upper | (points == values[0])):
            t, i = (int(k) for k in np.argwhere(~(upper | (points == values[0])))[0])
            raise ValueError(f"x: entry ({t}, {i}) is {points[t, i]}; expected one of {values}")
        return cls((upper.sum(axis=0) + 0.5) / (len(points) + 1.0), values)

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return len(self.probabilities)

    @property
    def bernoulli_parameters(self) -> tuple[Float, tuple[float, float]]:
        """(probabilities, values). A noise with this name promises that ln p_n *is* this mass function: a model may
        start there."""
        return self.probabilities, self.values

    def log_density(self, u: ArrayLike) -> Float:
        """Return ln p_n(u), the logarithm of a probability: (n_points,); -inf for an entry that is neither value."""
        points = as_points("u", u, self.n_dim)
        upper, lower = points == self.values[1], points == self.values[0]
        logs = upper @ self._log_upper + lower @ self._log_lower
        return np.where(np.all(upper | lower, axis=1), logs, -np.inf)

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw the upper value with probability p_i: (n_points, n_dim)."""
        v = as_generator("rng", rng).random((as_count("n_points", n_points), self.n_dim))
        return np.where(v < self.probabilities, self.values[1], self.values[0])
