r"""Uniform noise on a box: ln p_n(u) = -sum_i ln(high_i - low_i) inside, -inf outside.

It covers data that lie in the box, and no others: NCE refuses data at which the noise has density 0.

Conventions
-----------
u          (n_points, n_dim)   points are rows
low, high  (n_dim,)            the box's corners; the boundary belongs to the box
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_count, as_generator, as_points, as_vector


class UniformNoise:
    """Uniform noise on the box from ``low`` to ``high``: ln p_n(u) = -sum_i ln(high_i - low_i) inside, -inf outside.

    Parameters
    ----------
    low, high : (n_dim,)
        The box's corners, in the data's units; the boundary belongs to the box.

    Raises
    ------
    ValueError
        Where the two differ in length or some low_i is not below high_i.

    Notes
    -----
    It covers data that lie in the box and no others: NCE refuses data at which the noise has density 0.

    Examples
    --------
    >>> import nce_ref as nr
    >>> nr.UniformNoise([0.0, 0.0], [2.0, 5.0]).log_density([[1.0, 1.0], [3.0, 1.0]]).round(4)
    array([-2.3026,    -inf])
    """

    def __init__(self, low: ArrayLike, high: ArrayLike) -> None:
        self.low = as_vector("low", low).copy()
        self.high = as_vector("high", high, len(self.low)).copy()
        if not np.all(self.low < self.high):
            i = int(np.argmin(self.low < self.high))
            raise ValueError(
                f"high: entry {i} is {self.high[i]}; expected a number above low's, {self.low[i]}"
            )

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return len(self.low)

    def log_density(self, u: ArrayLike) -> Float:
        """Return ln p_n(u): (n_points,), -inf outside the box."""
        points = as_points("u", u, self.n_dim)
        inside = np.all((points >= self.low) & (points <= self.high), axis=1)
        return np.where(inside, -float(np.log(self.high - self.low).sum()), -np.inf)

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw low + (high - low) v with v uniform on [0, 1): (n_points, n_dim)."""
        v = as_generator("rng", rng).random((as_count("n_points", n_points), self.n_dim))
        return self.low + (self.high - self.low) * v
