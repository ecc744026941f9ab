r"""One pass of the Gaussian over a block of points; see ``gaussian.py`` for theta and g.

Conventions
-----------
u   (n_points, n)               points are rows
g   (n_points, n(n+1)/2 + 1)    d ln p_m / d theta: no theta in it
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float
from nce_ref._compensated import product_rest
from nce_ref.models.base import Kinks, no_kinks
from nce_ref.models.lower_triangle import halves, lower_triangle

_UNIT = 2.0**-53
_KEPT_BYTES = 2**20


class GaussianPass:
    """One pass over the points; see ``models.base.Pass``."""

    def __init__(self, precision: Float, c: float, u: Float) -> None:
        self.precision, self.c, self.u = precision, c, u
        self.log_density: Float = c - 0.5 * np.einsum("ti,ti->t", u @ precision, u)
        self._memo: dict[str, Any] = {}

    def remember(self, memo: dict[str, Any]) -> None:
        """See ``models.base.Remembering``."""
        self._memo = memo

    def _features(self) -> Float:
        g = self._memo.get("gaussian features")
        if g is None:
            g = gaussian_features(self.u)
            if g.nbytes <= _KEPT_BYTES:
                self._memo["gaussian features"] = g
        return g

    @property
    def _n_params(self) -> int:
        n = self.u.shape[1]
        return n * (n + 1) // 2 + 1

    def pullback(self, weights: Float) -> Float:
        """sum_t weights[t] g(u_t), through the weighted second moment of the points."""
        n = self.u.shape[1]
        moment = (self.u.T * weights) @ self.u
        return np.append(halves(n) * moment[lower_triangle(n)], weights.sum())

    def curvature(self, weights: Float, gram_weights: Float) -> Float:
        """sum_t gram_weights[t] g g^T; ln p_m is linear in theta, so ``weights`` meet a second derivative of 0."""
        if not gram_weights.any():  # the likelihood's case: all of its curvature is ln Z's
            return np.zeros((self._n_params, self._n_params))
        g = self._features()
        return (g.T * gram_weights) @ g

    def kinks(self) -> Kinks:
        """None."""
        return no_kinks(len(self.u), self._n_params)

    def steepness(self) -> float:
        """The largest |g(u_t)|."""
        return float(np.linalg.norm(self._features(), axis=1).max())

    def without(self, kinks: NDArray[np.bool_]) -> GaussianPass:
        """Itself: there is no kink to leave out."""
        return self

    def jacobian(self, points: slice | NDArray[np.intp]) -> Float:
        """g of a run of points, or of listed ones, one a column: (n_params, n_points)."""
        return gaussian_features(self.u[points]).T

    def largest(self) -> Float:
        """Bounds on |g_i|: half of max u_i^2, max |u_i| max |u_j|, and 1."""
        most, (i, j) = np.abs(self.u).max(axis=0), lower_triangle(self.u.shape[1])
        return np.append(np.where(i == j, 0.5, 1.0) * most[i] * most[j], 1.0)

    def jacobian_rest(self, points: slice) -> Float:
        """What rounding has taken from ``jacobian``: of the products u_i u_j; halving them is exact."""
        u = self.u[points]
        i, j = lower_triangle(u.shape[1])
        rest = product_rest(u[:, i], u[:, j], u[:, i] * u[:, j]) * halves(u.shape[1])
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


def gaussian_features(u: Float) -> Float:
    """g of ``Gaussian`` at checked points: (n_points, n(n+1)/2 + 1), 1 for c last."""
    i, j = lower_triangle(u.shape[1])
    g = np.empty((len(u), len(i) + 1))
    np.multiply(u[:, i], u[:, j], out=g[:, :-1])
    g[:, :-1] *= halves(u.shape[1])
    g[:, -1] = 1.0
    return g
