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

from fractions import Fraction
from functools import cache, cached_property, lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float
from nce_ref._compensated import product_rest
from nce_ref._copies import sibling
from nce_ref.models.base import Kinks, no_kinks
from nce_ref.special import SQRT_2, times_sign

# Points a block where some n^2 numbers of each are held at once, for the Hessian: the block stays in the cache.
_BLOCK = 4096
_KEPT_BYTES = 2**20
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
        self._memo: dict[str, Any] = {}

    def remember(self, memo: dict[str, Any]) -> None:
        """See ``models.base.Remembering``."""
        self._memo = memo

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
        n_pairs, pair_of, places = _pairs(n)
        sums = np.zeros((n_pairs, n_pairs))
        of_slopes = np.empty((n_pairs, min(n_points, _BLOCK)))
        known, of_points = self._products_of_points(n_pairs)
        with_gram = bool(gram_weights.any())
        for start in range(0, n_points if with_gram or self.smoothing else 0, _BLOCK):
            block = slice(start, min(start + _BLOCK, n_points))
            width = block.stop - start
            u = self.u[block].T
            if not known:
                _products(u, u, of_points[:, :width])
            if with_gram:
                slopes = self.slopes[:, block]
                signed = slopes * (2.0 * gram_weights[block])
                _products(signed, slopes, of_slopes[:, :width])
                sums += of_slopes[:, :width] @ of_points[:, :width].T
            if self.smoothing:
                radii = self._radii[:, block]
                # Not radii**3: a power of an array costs as much as the rest of the pass.
                bends = (-SQRT_2 * self.smoothing**2) * weights[block] / (radii * radii * radii)
                sums[pair_of] += bends @ of_points[:, :width].T
        total = np.empty((n * n + 1, n * n + 1))
        total[:-1, :-1] = sums.take(places)
        if with_gram and n_points <= _BLOCK:
            # The pullback of the weights, whose products are at hand: doubling and halving are exact.
            np.multiply(0.5 * (signed @ self.u).ravel(), -SQRT_2, total[-1, :-1])
            total[-1, -1] = gram_weights.sum()
        else:
            total[-1] = self.pullback(gram_weights)
        total[:, -1] = total[-1]
        return total

    def _products_of_points(self, n_pairs: int) -> tuple[bool, Float]:
        """(whether they are known, the products u_j u_l of all points), or room for those of a block."""
        n_points = len(self.u)
        if n_points > _BLOCK:
            return False, np.empty((n_pairs, _BLOCK))
        products = self._memo.get("products of two coordinates")
        if products is not None:
            return True, products
        products = np.empty((n_pairs, n_points))
        _products(self.u.T, self.u.T, products)
        if products.nbytes <= _KEPT_BYTES:
            self._memo["products of two coordinates"] = products
        return True, products

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
            self._points.lengths,
            -SQRT_2,
            partial(_directions, self.u),
            partial(_sizes, self.B, self._points),
        )

    @cached_property
    def _points(self) -> _PointSizes:
        sizes: _PointSizes = self._memo.setdefault("sizes of points", _PointSizes(self.u))
        return sizes

    def largest(self) -> Float:
        """Bounds on |g_i|: sqrt(2) max |u_j| row by row, and 1."""
        return np.append(np.tile(SQRT_2 * self._points.largest, len(self.B)), 1.0)

    def steepness(self) -> float:
        """The largest |g(u_t)|: |g|^2 = 2 n |u|^2 + 1 off the kinks, less where anything is smoothed."""
        return float(np.sqrt(2.0 * len(self.B) * self._points.lengths.max() ** 2 + 1.0))

    def without(self, kinks: NDArray[np.bool_]) -> LaplaceICAPass:
        """The same pass with sign(v) = 0 at the marked kinks; a smoothed model has none to mark."""
        if self.smoothing:
            return self
        if not kinks.any():
            return self
        other = sibling(self)
        other._room = None
        other.slopes = self.slopes.copy()
        other.slopes[kinks] = 0.0
        return other

    def with_slopes(
        self, terms: NDArray[np.intp], points: NDArray[np.intp], slopes: Float
    ) -> LaplaceICAPass:
        """The same pass with these derivatives in place of sign(v) at the kinks (terms, points)."""
        other = sibling(self)
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


class _PointSizes:
    """Lengths of the points and their largest coordinates, each found when it is first asked for."""

    def __init__(self, u: Float) -> None:
        self.u = u

    @cached_property
    def lengths(self) -> Float:
        return _lengths(self.u)

    @cached_property
    def largest(self) -> Float:
        return np.asarray(np.maximum(self.u.max(axis=0), -self.u.min(axis=0)))


# What a pass's kinks ask for later: no methods of the pass, which keeps its kinks. A circle of the two would hold a
# fit's arrays until the garbage collector comes by, and every evaluation would fault in fresh pages: 16 000 points took
# up to three times the time.
def _sizes(
    B: Float, sizes: _PointSizes, terms: NDArray[np.intp], points: NDArray[np.intp]
) -> Float:
    """|b_i||u_t| with each coordinate in units of the largest: the same in all units that the coordinates may have."""
    unit = np.where(sizes.largest > 0.0, sizes.largest, 1.0)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(_lengths(B * unit)[terms] * _lengths(sizes.u[points] / unit))


def _directions(u: Float, terms: NDArray[np.intp], points: NDArray[np.intp]) -> Float:
    n = u.shape[1]
    in_B = np.zeros((len(terms), n, n))
    in_B[np.arange(len(terms)), terms] = u[points]
    return np.column_stack([in_B.reshape(-1, n * n), np.zeros(len(terms))])


@lru_cache(maxsize=4)
def _pairs(n: int) -> tuple[int, NDArray[np.intp], NDArray[np.intp]]:
    """How many pairs i <= k there are of n rows; the numbers of the pairs (i, i), counted row by row; and where an
    entry's sum stands.

    The entry of B_ij and B_kl, at (i n + j, k n + l), is that of the pairs {i, k} and {j, l}: the place in the flat
    table of sums.
    """
    pair_of = np.zeros((n, n), dtype=np.intp)
    rows, columns = np.triu_indices(n)
    pair_of[rows, columns] = pair_of[columns, rows] = np.arange(len(rows))
    places = len(rows) * pair_of[:, None, :, None] + pair_of[None, :, None, :]
    return len(rows), pair_of.diagonal(), places.reshape(n * n, n * n)


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
