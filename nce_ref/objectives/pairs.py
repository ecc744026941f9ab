r"""What ranking and conditional NCE have in common: each datum has k noise points of its own, and ln p_m comes in by
differences.

    J(alpha) = (1/n_data) sum_i f(G_i1 ... G_ik),      G_ij = ln p_m(x_i) - ln p_m(y_ij) + offset_ij

f rises with each G and is concave. c is in both terms of a difference: J is a function of alpha = theta without c. With
p_ij = df/dG_ij

    dJ/d ln p_m(x_i) = sum_j p_ij/n_data,     dJ/d ln p_m(y_ij) = -p_ij/n_data

so that kinks of the data are ridges and kinks of the noise valleys, as for NCE (THEORY.md, 7.1; CONTRASTIVE.md,
*Certificates*).

Conventions
-----------
alpha   (n_params - 1,)          theta without c
x, y    (n_data, n_dim), (n_data, k, n_dim)
points  rows of (x_i, y_i1 ... y_ik) one after the other; in an expansion all data first
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_array, as_points, as_vector
from nce_ref._copies import sibling
from nce_ref.models.base import AffinePass, Model, Pass
from nce_ref.models.from_functions import as_model
from nce_ref.objectives.base import ACTIVE, Expansion, by_coordinate, spacing, split_kinks
from nce_ref.objectives.covariance_forms import CovarianceForms
from nce_ref.objectives.pair_terms import pair_terms
from nce_ref.objectives.point_terms import PointTerms, point_terms_of
from nce_ref.objectives.without_c import refuse_without_c, shortened, without_c

_BLOCK = 26_000  # points, as in ``objectives/base.py``
# Columns a product of matrices: below the size from which BLAS wakes its threads, which then spin
# (``optimize/local_sums.py``).
_NARROW = 768


class PairedObjective:
    """See the module; a subclass tells f. ``k`` is the number of noise points of a datum."""

    # Minus the curvature of a row is sum_j p_j g_j g_j^T less the square of sum_j p_j g_j (a variance), or sum_j b_j
    # g_j g_j^T.
    is_variance: bool
    # The largest |g_j - g_l| of a row is at most so many times the largest |g(y_j) - g(x)|; and the rate of ln p and ln
    # b.
    reach: float
    slope_rate: float

    def __init__(self, model: Model, x: ArrayLike, y: ArrayLike, call: str) -> None:
        self.model = as_model(model, call)
        x = as_points("x", x, self.model.n_dim)
        y = as_array("y", y, 3, (len(x), None, self.model.n_dim))
        self.n_data, self.k = len(x), y.shape[1]
        rows = np.concatenate([x[:, None, :], y], axis=1)
        self._points = by_coordinate(rows.reshape(-1, x.shape[1]))
        self._offsets: Float = np.zeros((self.n_data, self.k))
        check = getattr(self.model, "check_sample", None)
        if check is not None:
            check([self._points])
        refuse_without_c(self.model, x, call)

    @property
    def n_params(self) -> int:
        """Length of alpha."""
        return self.model.n_params - 1

    @property
    def x(self) -> Float:
        """A copy of the data."""
        return np.ascontiguousarray(self._points[:: self.k + 1])

    @property
    def y(self) -> Float:
        """A copy of the noise points: (n_data, k, n_dim)."""
        return np.ascontiguousarray(self._rows()[:, 1:])

    def terms(self, G: Float) -> tuple[Float, Float, Float]:
        """Return f, (rows,), and p and b, (rows, k), from G, (rows, k)."""
        raise NotImplementedError

    def __call__(self, alpha: ArrayLike) -> tuple[float, Float]:
        """Return ``(J, dJ/dalpha)``; at a kink of |b_i . u| that term's derivative is 0."""
        theta = self._theta(alpha)
        value, gradient = 0.0, np.zeros(len(theta))
        for rows in self._blocks():
            once, f, pull, _ = self._evaluate(theta, rows)
            value += float(f.sum())
            gradient += once.pullback(_slopes(pull))
        return value / self.n_data, gradient[:-1] / self.n_data

    def second_order(self, alpha: Float) -> tuple[float, Float, Float]:
        """Return ``(J, gradient, Hessian)``; the Hessian is exact off the kinks."""
        theta = self._theta(alpha)
        n = len(theta)
        value, gradient, hessian = 0.0, np.zeros(n), np.zeros((n, n))
        for rows in self._blocks():
            once, f, pull, bends = self._evaluate(theta, rows)
            slopes = _slopes(pull)
            value += float(f.sum())
            gradient += once.pullback(slopes)
            hessian += once.curvature(slopes, np.zeros(len(slopes)))
            g = self._jacobian(once, theta, self._run(rows)).reshape(n, -1, self.k + 1)
            hessian -= self._gram(g[:, :, 1:] - g[:, :, :1], pull, bends)
        hessian = shortened(hessian)
        return value / self.n_data, gradient[:-1] / self.n_data, hessian / self.n_data

    def row_gradients(self, alpha: Float) -> Iterator[Float]:
        """The gradients of f, row by row, in blocks of rows: (rows, n_params - 1); where a kink is met its derivative
        is 0."""
        theta = self._theta(alpha)
        for rows in self._blocks():
            once, _, pull, _ = self._evaluate(theta, rows)
            kinks = once.kinks()
            if len(kinks.arguments):
                once = once.without(kinks.met(ACTIVE))
            g = self._jacobian(once, theta, self._run(rows)).reshape(len(theta), -1, self.k + 1)
            yield -np.einsum("prj,rj->rp", g[:-1, :, 1:] - g[:-1, :, :1], pull)

    def whole_pass(self, alpha: Float) -> tuple[Pass, Float]:
        """The pass over all points, row by row, and G, (n_data, k)."""
        once = self.model.evaluate(self._theta(alpha), self._points)
        s = once.log_density.reshape(self.n_data, self.k + 1)
        return once, s[:, :1] - s[:, 1:] + self._offsets

    def covariance_by(self, forms: CovarianceForms) -> tuple[Float, str]:
        """See ``covariance_forms.py``."""
        return forms.of_pairs(self)

    def shifted(self, shift: Float) -> Self:
        """The objective of the points z, u = shift + z, a function of ``model.shifted(theta, shift)``: the same
        values."""
        other = sibling(self)
        other._points = by_coordinate(self._points - shift)
        return other

    def in_units(self, scale: Float, inverse: Float) -> Self:
        """The objective of the points z, u = scale z: the same values, since ln|det scale| cancels in every
        difference."""
        other = sibling(self)
        other._points = by_coordinate(self._points @ inverse.T)
        return other

    def smoothed(self, epsilon: float) -> Self:
        """The objective of ``model.smoothed(epsilon)`` on the same samples."""
        other = sibling(self)
        other.model = self.model.smoothed(epsilon)
        return other

    def thinned(self, n_points: int) -> Self:
        """The objective of every k-th row; see ``Objective``."""
        step = spacing(n_points, self.n_data)
        if step == 1:
            return self
        other = sibling(self)
        other._points = by_coordinate(self._rows()[::step].reshape(-1, self.model.n_dim))
        other._offsets = self._offsets[::step]
        other.n_data = len(other._offsets)
        return other

    def kinks(self, alpha: ArrayLike) -> Float:
        """All signed arguments of the model's kinks as one vector."""
        return self.model.kinks(self._theta(alpha), self._points).arguments.ravel()

    def expand(self, alpha: Float, width: float = ACTIVE) -> Expansion:
        """Return the expansion at alpha: kinks of the data bend J downwards, kinks of the noise upwards."""
        theta, n = self._theta(alpha), self.n_data
        rows = self._rows()
        points = by_coordinate(
            np.concatenate([rows[:, 0], rows[:, 1:].reshape(-1, self.model.n_dim)])
        )
        with np.errstate(over="ignore", invalid="ignore"):
            once = self.model.evaluate(theta, points)
            log_density = once.log_density
            G = log_density[:n, None] - log_density[n:].reshape(n, self.k) + self._offsets
            f, pull, bends = self.terms(G)
        derivative = np.concatenate([pull.sum(axis=1), -pull.ravel()]) / n
        without_near, without_active, kinks = split_kinks(once, derivative, n, width)
        kinks = without_c(kinks)
        hessian = without_active.curvature(derivative, np.zeros(len(derivative)))
        for block in self._blocks():
            noise = slice(n + block.start * self.k, n + block.stop * self.k)
            of_x = self._jacobian(without_active, theta, points, block)
            of_y = self._jacobian(without_active, theta, points, noise)
            d = of_y.reshape(len(theta), -1, self.k) - of_x[:, :, None]
            hessian -= self._gram(d, pull[block], bends[block]) / n
        hessian = shortened(hessian)
        return Expansion(
            float(f.sum()) / n,
            without_near.pullback(derivative)[:-1],
            hessian,
            -hessian,
            kinks,
            self.model.affine_between_kinks,
            # A bound on every |g(y) - g(x)|, and on the differences of two of them.
            lambda: 2.0 * self.reach * once.steepness(),
            point_terms_of(once, self.model, lambda a, _: self._terms(a, pull, bends, width))
            if callable(getattr(once, "largest", None))
            else None,
        )

    def _terms(self, once: AffinePass, pull: Float, bends: Float, width: float) -> PointTerms:
        return pair_terms(
            once,
            self._offsets,
            pull,
            bends,
            self.n_params,
            self.reach,
            self.slope_rate,
            width,
        )

    def _gram(self, d: Float, pull: Float, bends: Float) -> Float:
        """Minus the curvature of rows through ln p_m's first derivatives; d (n_params, rows, k)."""
        weights = pull if self.is_variance else bends
        root = (d * np.sqrt(weights)).reshape(len(d), -1)
        gram = np.zeros((len(d), len(d)))
        for start in range(0, root.shape[1], _NARROW):
            run = root[:, start : start + _NARROW]
            gram += run @ run.T
        if self.is_variance:
            mean = np.einsum("prj,rj->pr", d, pull)
            for start in range(0, mean.shape[1], _NARROW):
                run = mean[:, start : start + _NARROW]
                gram -= run @ run.T
        return np.asarray(gram)

    def _evaluate(self, theta: Float, rows: slice) -> tuple[Pass, Float, Float, Float]:
        """The pass over the points of some rows, and f, p and b there."""
        once = self.model.evaluate(theta, self._run(rows))
        s = once.log_density.reshape(-1, self.k + 1)
        return once, *self.terms(s[:, :1] - s[:, 1:] + self._offsets[rows])

    def _jacobian(
        self, once: Any, theta: Float, points: Float, block: slice = slice(None)
    ) -> Float:
        """g of a run of points of the pass, one a column."""
        if callable(getattr(once, "jacobian", None)):
            return np.asarray(once.jacobian(block))
        return np.asarray(self.model.jacobian(theta, points[block])).T

    def _rows(self) -> Float:
        return self._points.reshape(self.n_data, self.k + 1, -1)

    def _run(self, rows: slice) -> Float:
        return self._points[rows.start * (self.k + 1) : rows.stop * (self.k + 1)]

    def _blocks(self) -> Iterator[slice]:
        count = min(self.n_data, -(-self.n_data * (self.k + 1) // _BLOCK))
        return (
            slice(b * self.n_data // count, (b + 1) * self.n_data // count) for b in range(count)
        )

    def _theta(self, alpha: ArrayLike) -> Float:
        return np.append(as_vector("alpha", alpha, self.n_params), 0.0)


def _slopes(pull: Float) -> Float:
    """n_data dJ/d ln p_m at the points of the rows, one after the other."""
    return np.concatenate([pull.sum(axis=1, keepdims=True), -pull], axis=1).ravel()
