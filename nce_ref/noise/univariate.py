"""One coordinate with the law of any distribution of ``scipy.stats``, continuous or discrete.

Several together are a ``ProductNoise``: ``ProductNoise([UnivariateNoise(stats.gamma(2)),
UnivariateNoise(stats.poisson(3))])``.

Conventions
-----------
u   (n_points, 1)   points are rows, of one coordinate
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_count, as_generator, as_points


class UnivariateNoise:
    """A frozen distribution of ``scipy.stats``, such as ``stats.gamma(2.0)`` or ``stats.poisson(3.0)``, as noise of one
    dimension.

    Parameters
    ----------
    distribution : a frozen distribution of ``scipy.stats``
        With ``rvs`` and ``logpdf`` (a density) or ``logpmf`` (a probability mass function, for discrete data).

    Raises
    ------
    ValueError
        For an object without ``rvs``, or without ``logpdf`` and ``logpmf``.

    Examples
    --------
    >>> from scipy import stats
    >>> import nce_ref as nr
    >>> counts = nr.UnivariateNoise(stats.poisson(3.0))
    >>> counts.log_density([[0.0], [0.5]])
    array([ -3., -inf])
    >>> both = nr.ProductNoise([counts, nr.UnivariateNoise(stats.gamma(2.0))])
    >>> both.n_dim
    2
    """

    n_dim = 1

    def __init__(self, distribution: Any) -> None:
        # A frozen discrete distribution may have both names; only a discrete one has pmf's parent.
        discrete = hasattr(getattr(distribution, "dist", distribution), "pmf")
        log = getattr(distribution, "logpmf" if discrete else "logpdf", None)
        if not callable(log) or not callable(getattr(distribution, "rvs", None)):
            raise ValueError(
                f"distribution: got {type(distribution).__name__}; expected a frozen distribution"
                " of scipy.stats, e.g. stats.gamma(2.0)"
            )
        self.distribution, self._log = distribution, log

    def log_density(self, u: ArrayLike) -> Float:
        """Return ln p_n(u), of a density or of a probability: (n_points,); -inf outside the support."""
        with np.errstate(divide="ignore"):
            return np.asarray(self._log(as_points("u", u, 1)[:, 0]), dtype=np.float64)

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw by the distribution's own ``rvs``: (n_points, 1)."""
        n_points, rng = as_count("n_points", n_points), as_generator("rng", rng)
        drawn = self.distribution.rvs(size=n_points, random_state=rng)
        return np.asarray(drawn, dtype=np.float64)[:, None]
