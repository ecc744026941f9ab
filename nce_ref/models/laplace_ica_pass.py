r"""One pass of the Laplace ICA model over a block of points: everything that the objectives ask of it, from one product
B u^T.

Conventions
-----------
theta  (n^2 + 1,)       (B row by row, c)
u      (n_points, n)    points are rows, each coordinate contiguous
v, s   (n, n_points)    v_i = b_i . u_t, and s_i = d|v_i|/dv_i: sign(v_i), or v_i / sqrt(v_i^2 + smoothing^2)
g      (n^2 + 1,)       d ln p_m / d theta at a point: (-sqrt(2) s_i u_j, row by row, and 1)
"""

from __future__ import annotations

import copy
from fractions import Fraction
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float
from nce_ref._compensated import product_rest
from nce_ref.models.base import Kinks, no_kinks
from nce_ref.special import SQRT_2, times_sign

# Points a block where some n^2 numbers of each are held at once, for the Hessian: the block stays in the cache.
_BLOCK = 4096
_UNIT = 2.0**-53
# sqrt(2) less its float64: (2 - s^2)/(2 s) to first order, where s^2 as a fraction is exact.
_SQRT_2_REST = float((2 - Fraction(SQRT_2) ** 2) / (2 * Fraction(SQRT_2)))


class LaplaceICAPass:
    """One pass over the points; see ``models.base.Pass``. ``slopes`` is d|v|/dv at v = b_i . u_t, (n, n_points)."""

    def __init__(self, B: Float, c: float, u: Float, smoothing: float) -> None:
        self.B, self.c, self.u, self.smoothing = B, c, u, smoothing
        self.arguments = B @ u.T
        if smoothing:
            self._radii = np.square(self.arguments)
            self._radii += smoothing**2
            np.sqrt(self._radii, out=self._radii)
        lengths = self._radii if smoothing else np.abs(self.arguments)
        # Room for the pullback's signed weights: one array less that fights for the cache. None where a v is 0 or NaN.
        self._room = lengths if not smoothing and lengths.min() > 0.0 else None
        self.log_density: Float = np.dot(
            _factors(len(B)), lengths
        )  # half the time of a sum along the first axis
        self.log_density += c

    @cached_property
    def slopes(self) -> Float:
        """sign(v), or v / sqrt(v^2 + smoothing^2)."""
        return self.arguments / self._radii if self.smoothing else np.sign(self.arguments)

    def features(self) -> Float:
        """g transposed: (n_params, n_points)."""
        return self.jacobian(slice(None))

    def jacobian(self, points: slice | NDArray[np.intp]) -> Float:
        """g of a run of points, or of listed ones, one a column: (n_params, n_points)."""
        n, u = len(self.B), self.u[points]
        g = np.empty((n * n + 1, len(u)))
        np.multiply(
            (-SQRT_2 * self.slopes[:, points])[:, None, :],
            u.T[None, :, :],
            out=g[:-1].reshape(n, n, len(u)),
        )
        g[-1] = 1.0
        return g

    def jacobian_rest(self, points: slice) -> Float:
        """What rounding has taken from ``jacobian``: of the products sqrt(2) s_i u_j, and of sqrt(2) itself."""
        n, u = len(self.B), self.u[points].T
        slopes = self.slopes[:, points]
        factors = -SQRT_2 * slopes
        products = factors[:, None, :] * u
        rest = (
            product_rest(factors[:, None, :], u, products) - _SQRT_2_REST * slopes[:, None, :] * u
        )
        return np.concatenate([rest.reshape(n * n, -1), np.zeros((1, u.shape[1]))])

    def pullback(self, weights: Float) -> Float:
        """sum_t weights[t] g(u_t)."""
        signed = (
            self.slopes * weights
            if self._room is None
            else times_sign(weights, self.arguments, self._room)
        )
        total = np.empty(self.B.size + 1)
        np.multiply(signed @ self.u, -SQRT_2, total[:-1].reshape(self.B.shape))
        total[-1] = weights.sum()
        return total

    def curvature(self, weights: Float, gram_weights: Float) -> Float:
        """sum_t weights[t] d^2 ln p_m(u_t) + gram_weights[t] g g^T; the first is 0 off the kinks where nothing is
        smoothed.

        The entry of B_ij and B_kl is a sum of (2 gram_weights s_i s_k + the bend of |v_i| if i = k) u_j u_l: the same
        for (k, i) as for (i, k) and for (l, j) as for (j, l). So both factors need n (n + 1)/2 rows, and their product
        a third of the work of g g^T.
        """
        n, n_points = len(self.B), len(self.u)
        n_pairs, pair_of = _pairs(n)
        sums = np.zeros((n_pairs, n_pairs))
        of_slopes, of_points = np.empty((2, n_pairs, min(n_points, _BLOCK)))
        with_gram = bool(gram_weights.any())
        for start in range(0, n_points if with_gram or self.smoothing else 0, _BLOCK):
            block = slice(start, min(start + _BLOCK, n_points))
            width = block.stop - start
            u = self.u[block].T
            _products(u, u, of_points[:, :width])
            if with_gram:
                slopes = self.slopes[:, block]
                _products(slopes * (2.0 * gram_weights[block]), slopes, of_slopes[:, :width])
                sums += of_slopes[:, :width] @ of_points[:, :width].T
            if self.smoothing:
                radii = self._radii[:, block]
                # Not radii**3: a power of an array costs as much as the rest of the pass.
                bends = (-SQRT_2 * self.smoothing**2) * weights[block] / (radii * radii * radii)
                sums[pair_of.diagonal()] += bends @ of_points[:, :width].T
        total = np.empty((n * n + 1, n * n + 1))
        total[:-1, :-1] = sums[pair_of[:, None, :, None], pair_of[None, :, None, :]].reshape(
            n * n, n * n
        )
        total[-1] = total[:, -1] = self.pullback(gram_weights)
        return total

    def kinks(self) -> Kinks:
        """The arguments b_i . u_t; a smoothed model has none."""
        return self._kinks

    @cached_property
    def _kinks(self) -> Kinks:
        if self.smoothing:
            return no_kinks(len(self.u), self.B.size + 1)
        return Kinks(
            self.arguments,
            _lengths(self.B),
            self._point_lengths,
            -SQRT_2,
            self._directions,
            self._sizes,
        )

    @cached_property
    def _point_lengths(self) -> Float:
        return _lengths(self.u)

    @cached_property
    def _largest_coordinates(self) -> Float:
        return np.asarray(np.maximum(self.u.max(axis=0), -self.u.min(axis=0)))

    def largest(self) -> Float:
        """Bounds on |g_i|: sqrt(2) max |u_j| row by row, and 1."""
        return np.append(np.tile(SQRT_2 * self._largest_coordinates, len(self.B)), 1.0)

    def steepness(self) -> float:
        """The largest |g(u_t)|: |g|^2 = 2 n |u|^2 + 1 off the kinks, less where anything is smoothed."""
        return float(np.sqrt(2.0 * len(self.B) * self._point_lengths.max() ** 2 + 1.0))

    def without(self, kinks: NDArray[np.bool_]) -> LaplaceICAPass:
        """The same pass with sign(v) = 0 at the marked kinks; a smoothed model has none to mark."""
        if self.smoothing:
            return self
        if not kinks.any():
            return self
        other = copy.copy(self)
        other._room = None
        other.slopes = self.slopes.copy()
        other.slopes[kinks] = 0.0
        return other

    def with_slopes(
        self, terms: NDArray[np.intp], points: NDArray[np.intp], slopes: Float
    ) -> LaplaceICAPass:
        """The same pass with these derivatives in place of sign(v) at the kinks (terms, points)."""
        other = copy.copy(self)
        other._room = None
        other.slopes = self.slopes.copy()
        other.slopes[terms, points] = slopes
        return other

    def rounding(self) -> Float:
        """n + 2 roundings of sqrt(2) sum_i |b_i| |u|, entry by entry, and those of the sum of n + 1 terms:
        (n_points,)."""
        n = len(self.B)
        # Not a product of matrices: BLAS would wake its threads for it.
        sizes = np.zeros(len(self.u))
        for weight, coordinate in zip(SQRT_2 * np.abs(self.B).sum(axis=0), self.u.T, strict=True):
            sizes += weight * np.abs(coordinate)
        return np.asarray((2 * n + 4) * _UNIT * (sizes + abs(self.c)))

    def _sizes(self, terms: NDArray[np.intp], points: NDArray[np.intp]) -> Float:
        """|b_i||u_t| with each coordinate in units of the largest: the same in all units that the coordinates may
        have."""
        unit = self._largest_coordinates
        unit = np.where(unit > 0.0, unit, 1.0)
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray(_lengths(self.B * unit)[terms] * _lengths(self.u[points] / unit))

    def _directions(self, terms: NDArray[np.intp], points: NDArray[np.intp]) -> Float:
        n = len(self.B)
        in_B = np.zeros((len(terms), n, n))
        in_B[np.arange(len(terms)), terms] = self.u[points]
        return np.column_stack([in_B.reshape(-1, n * n), np.zeros(len(terms))])


@cache
def _pairs(n: int) -> tuple[int, NDArray[np.intp]]:
    """How many pairs i <= k there are of n rows, and the symmetric table of their numbers, counted row by row."""
    pair_of = np.zeros((n, n), dtype=np.intp)
    rows, columns = np.triu_indices(n)
    pair_of[rows, columns] = pair_of[columns, rows] = np.arange(len(rows))
    return len(rows), pair_of


@cache
def _factors(n: int) -> Float:
    return np.full(n, -SQRT_2)


def _lengths(rows: Float) -> Float:
    return np.sqrt(np.einsum("tj,tj->t", rows, rows))


def _products(left: Float, right: Float, out: Float) -> None:
    """left_i right_k for all i <= k, in the order of ``_pairs``."""
    first = 0
    for i in range(len(left)):
        np.multiply(left[i], right[i:], out=out[first : first + len(right) - i])
        first += len(right) - i
