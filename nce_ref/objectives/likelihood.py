r"""The mean log-likelihood of a model whose normalising constant is known in closed form.

    L(alpha) = (1/n_data) sum_x ln p_m^0(x; alpha) - ln Z(alpha)

Conventions
-----------
theta  (n_params,)       (alpha, c) as everywhere; c plays no part and its derivative is 0
alpha  (n_params - 1,)   what ``LikelihoodObjective`` is a function of: with c in it the maximum would be a line
"""

from __future__ import annotations

import copy
import functools
import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._argument_order import model_first
from nce_ref._checks import Float, as_points_in_place, as_vector
from nce_ref.models.base import AffinePass, Model, Pass
from nce_ref.objectives.base import ACTIVE, Expansion, LocalKinks, blocks, spacing, split_kinks
from nce_ref.objectives.coarse_terms import CoarseTerms, clearance_of_data, coarse_terms_of
from nce_ref.objectives.counts import as_counts, every, repeated, seen, total
from nce_ref.objectives.point_terms import PointTerms, point_terms, point_terms_of
from nce_ref.objectives.points import Points


def log_likelihood(model: Model, theta: ArrayLike, x: ArrayLike) -> tuple[float, Float]:
    """Evaluate the mean normalised log-likelihood and its gradient; theta's c is ignored and its derivative is 0.

        L(alpha) = (1/n_data) sum_x ln p_m^0(x; alpha) - ln Z(alpha)

    Parameters
    ----------
    model : Model
        With ``log_normalizer`` and its gradient.
    theta : (n_params,)
    x : (n_data, n_dim)

    Returns
    -------
    value : float
        L, to be maximised.
    gradient : (n_params,)
        dL/dtheta, 0 for c.

    Raises
    ------
    ValueError
        Where alpha has no finite normalising constant (a singular B, a precision that is not positive definite):
        leaving out ln|det B| instead would put the maximum at B = 0. Also for data of the wrong shape, empty, NaN or
        inf.
    NotImplementedError
        For a model without ln Z.

    Notes
    -----
    Source: P10, section 3.1 (maximum likelihood). The order (theta, model, x) of version 0.1 works until 0.3, with a
    DeprecationWarning.

    Examples
    --------
    >>> import nce_ref as nr
    >>> value, gradient = nr.log_likelihood(nr.Gaussian(1), [1.0, 0.0], [[1.0], [-1.0]])
    >>> round(value, 4), gradient  # -1/2 - ln(2 pi)/2, at the maximum
    (-1.4189, array([0., 0.]))
    """
    model, theta = model_first(model, theta, "log_likelihood(model, theta, x)")
    theta = as_vector("theta", theta, model.n_params)
    value, gradient = LikelihoodObjective(model, x)(theta[:-1])
    return value, np.append(gradient, 0.0)


class LikelihoodObjective:
    """The mean log-likelihood L as a function of alpha, theta without c, for fixed data.

    ``objective(alpha)`` returns (L, dL/dalpha). Data above 64 MiB are read where they lie, as ``NCEObjective`` has it.

    Parameters
    ----------
    model : Model
        With ``log_normalizer`` and its gradient.
    x : (n_data, n_dim)
    counts : (n_data,), optional
        How often each row was seen, whole numbers: rows are then distinct states, and ``n_data`` the sum of the counts.

    Raises
    ------
    ValueError
        For data of the wrong shape, empty, NaN or inf, and for counts that count nothing.

    Examples
    --------
    >>> import nce_ref as nr
    >>> objective = nr.LikelihoodObjective(nr.Gaussian(1), [[1.0], [-1.0]])
    >>> value, gradient = objective([1.0])
    >>> round(value, 4), objective.n_params
    (-1.4189, 1)
    """

    def __init__(self, model: Model, x: ArrayLike, counts: ArrayLike | None = None) -> None:
        self.model = model
        # The constant is that of the model itself; ``smoothed`` changes the density alone, as an optimiser's device.
        self._normalized = model
        x = as_points_in_place("x", x, model.n_dim)
        x, self.counts = seen(x, as_counts("counts_x", counts, len(x)))
        self._points = Points(x)
        self.n_data = total(self.counts, len(x))

    @property
    def x(self) -> Float:
        """A copy of the data, of distinct states where these are counted; inside, the points lie coordinate by
        coordinate."""
        return self._points.copy(slice(None))

    @property
    def n_params(self) -> int:
        """Length of alpha."""
        return self.model.n_params - 1

    def __call__(self, alpha: ArrayLike) -> tuple[float, Float]:
        """Return ``(L, dL/dalpha)``. Raises ValueError where ln Z is not finite."""
        theta = np.append(as_vector("alpha", alpha, self.n_params), 0.0)
        value = -self._normalized.log_normalizer(theta)
        if not math.isfinite(value):
            raise ValueError(
                "theta: its normalising constant is infinite; expected an invertible B or a positive definite precision"
            )
        gradient = -self._normalized.log_normalizer_gradient(theta)
        for block in blocks(len(self._points)):
            once, weights = self._pass(theta, block)
            value += float(weights @ once.log_density)
            gradient += once.pullback(weights)
        return value, gradient[:-1]

    def second_order(self, alpha: Float) -> tuple[float, Float, Float]:
        """Return ``(L, gradient, Hessian)``; value -inf (gradient and Hessian 0) where ln Z is infinite, for line
        searches."""
        theta = np.append(alpha, 0.0)
        value = -self._normalized.log_normalizer(theta)
        n = self.n_params
        if not math.isfinite(value):
            return -math.inf, np.zeros(n), np.zeros((n, n))
        gradient, hessian = (
            -self._normalized.log_normalizer_gradient(theta),
            -self._normalized.log_normalizer_hessian(theta),
        )
        for block in blocks(len(self._points)):
            once, weights = self._pass(theta, block)
            value += float(weights @ once.log_density)
            gradient += once.pullback(weights)
            hessian += once.curvature(weights, np.zeros(len(weights)))
        return value, gradient[:-1], hessian[:-1, :-1]

    def in_units(self, scale: Float, inverse: Float) -> LikelihoodObjective:
        """The objective of the points z, u = scale z, a function of ``model.rescaled(theta, scale)`` without c: L +
        ln|det scale|."""
        other = copy.copy(self)
        other._points = self._points.moved(inverse)
        return other

    def smoothed(self, epsilon: float) -> LikelihoodObjective:
        """The objective with ln p_m^0 of the smoothed model; ln Z stays, so the value is a likelihood at epsilon = 0
        only."""
        other = copy.copy(self)
        other.model = self.model.smoothed(epsilon)
        return other

    def thinned(self, n_points: int) -> LikelihoodObjective:
        """The objective of every k-th data point; see ``Objective``."""
        step = spacing(n_points, self.n_data)
        if step == 1:
            return self
        other, rows = copy.copy(self), np.arange(0, self.n_data, step)
        if self.counts is not None:
            rows, other.counts = every(step, self.counts)
        other._points, other.n_data = self._points.take(rows), total(other.counts, len(rows))
        return other

    def kinks(self, alpha: ArrayLike) -> Float:
        """All b_i . x_t as one vector."""
        return (
            self.model.evaluate(
                np.append(as_vector("alpha", alpha, self.n_params), 0.0), self._points.whole()
            )
            .kinks()
            .arguments.ravel()
        )

    def expand(self, alpha: Float, width: float = ACTIVE) -> Expansion:
        """Return the expansion at alpha; every kink is a ridge.

        The Hessian is that of -ln Z, for the ICA model of ln|det B|: indefinite, and 0 along a change of one entry B_ij
        in source coordinates, so that maxima sit where ridges block all those directions. Its blocks row by row are
        concave and have no curvature of their own there, hence a step along them runs until a ridge stops it.
        """
        theta = np.append(alpha, 0.0)
        once, weights = self._pass(theta, slice(None))
        without_near, without_active, kinks = split_kinks(once, weights, len(weights), width)
        # c's column of the kinks' directions is 0 and is not a coordinate here.
        kinks = replace(kinks, directions=kinks.directions[:, :-1], valleys=kinks.valleys[:, :-1])
        value = float(weights @ once.log_density) - self._normalized.log_normalizer(theta)
        n = self.n_params
        if not math.isfinite(value):
            return Expansion(
                -math.inf,
                np.zeros(n),
                np.zeros((n, n)),
                np.zeros((n, n)),
                kinks,
                concave=False,
                steepness=once.steepness(),
            )
        of_points = without_near.pullback(weights)
        gradient = of_points - self._normalized.log_normalizer_gradient(theta)
        bend = without_active.curvature(
            weights, np.zeros(len(weights))
        ) - self._normalized.log_normalizer_hessian(theta)
        concave_part = self._normalized.log_normalizer_block_hessian(theta)
        frame = getattr(self._normalized, "frame", None)
        return Expansion(
            value,
            gradient[:-1],
            bend[:-1, :-1],
            concave_part[:-1, :-1],
            kinks,
            concave=False,
            steepness=once.steepness(),
            terms=point_terms_of(
                once,
                self.model,
                lambda affine, accurate: self._terms(affine, accurate, weights, width),
            ),
            frame=None if frame is None else functools.cache(lambda: frame(theta)),
            coarse=coarse_terms_of(
                once, self.model, lambda affine: self._coarse_terms(affine, of_points[:-1], kinks)
            ),
        )

    def _coarse_terms(self, once: AffinePass, gradient: Float, kinks: LocalKinks) -> CoarseTerms:
        assert kinks.places is not None
        largest = once.largest()[: self.n_params]
        slope = abs(once.kinks().slope)
        clearance = clearance_of_data(once, kinks.places, len(self._points))
        return CoarseTerms(gradient, largest, 1.01, 2.0**-52, len(self._points), slope, clearance)

    def _terms(self, once: AffinePass, accurate: bool, weights: Float, width: float) -> PointTerms:
        """ln p_m itself is summed: slopes 1/n_data whatever theta is, and no curvature but ln Z's."""
        one_rounding = np.full(len(weights), 2.0**-52)
        return point_terms(
            once,
            weights,
            one_rounding,
            np.zeros(len(weights)),
            len(weights),
            self.n_params,
            slope_rate=0.0,
            width=width,
            accurate=accurate,
        )

    def repeated(self) -> LikelihoodObjective:
        """The objective of the sample that the counts stand for."""
        if self.counts is None:
            return self
        other, rows = copy.copy(self), repeated(np.arange(len(self.counts)), self.counts)
        other._points, other.counts = self._points.take(rows), None
        return other

    def whole_pass(self, alpha: Float) -> Pass:
        """Return the pass over all data, c = 0; in memory in proportion to them."""
        return self.model.evaluate(np.append(alpha, 0.0), self._points.whole())

    def _pass(self, theta: Float, block: slice) -> tuple[Pass, Float]:
        """The pass over a block of points, and the weight of each: 1/n_data, or so many times that."""
        once = self.model.evaluate(theta, self._points[block])
        if self.counts is not None:
            return once, self.counts[block] / self.n_data
        return once, np.full(len(once.log_density), 1.0 / self.n_data)
