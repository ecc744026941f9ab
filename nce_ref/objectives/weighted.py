r"""The objective of the weight family (``weights.py``): J = (1/n_data) sum_x g1(q) - (1/n_noise) sum_y g2(q), q =
p_m/p_n.

    dJ/dG_x = w/n_data,    dJ/dG_y = -q w/n_noise,    d^2J/dG^2 = dJ/dG times e on the data, times 1 + e on the noise

J rises with ln p_m on the data and falls on the noise for every w > 0, so its kinks are NCE's: ridges from the data,
valleys from the noise (THEORY.md, *Kinks and certificates*; 7.5 holds wherever -1 <= e <= 0). With
``LogisticWeight(nu)``, nu = n_noise/n_data, it is NCE's objective to the last digits.

Conventions
-----------
x, y        (n_data, n_dim), (n_noise, n_dim)   two means: nu comes in by the weight alone
log_ratio   (n_points,)                          G = ln q
"""

from __future__ import annotations

import copy
import math

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_points, as_vector
from nce_ref.models.base import AffinePass, Model, Pass
from nce_ref.noise import Noise, refuse_unfit_noise
from nce_ref.objectives.base import ACTIVE, Expansion, blocks, by_coordinate, spacing, split_kinks
from nce_ref.objectives.point_terms import (
    PointTerms,
    point_terms,
    point_terms_of,
    relative_change,
)
from nce_ref.weights import Weight, refuse_unfit_weight

_LARGEST = 1e150
_UNIT = 2.0**-53


class WeightedObjective:
    """The objective of a weight of the family in ``weights.py`` as a function of theta for fixed samples; see the
    module's formula.

    Parameters
    ----------
    model : Model
    noise : Noise
    x : (n_data, n_dim)
    y : (n_noise, n_dim)
        Drawn from ``noise``; ln p_n of both samples is computed once.
    weight : Weight
        ``LogisticWeight(nu)``, ``PowerWeight(exponent)``, or an object with their methods.

    Raises
    ------
    ValueError
        Where samples, model and noise differ in dimension, are empty, or hold NaN or inf, and for what is no weight.

    Notes
    -----
    The value is -inf, and the derivatives 0, where anything exceeds 1e150 (q^2 of a wild theta).

    Examples
    --------
    >>> import nce_ref as nr
    >>> noise = nr.GaussianNoise([0.0], [[1.0]])
    >>> samples = [[1.0], [-1.0]], [[0.5], [2.0]]
    >>> theta = [0.8, -1.0]
    >>> by_weight = nr.WeightedObjective(nr.Gaussian(1), noise, *samples, nr.LogisticWeight(1.0))(theta)
    >>> by_name = nr.NCEObjective(nr.Gaussian(1), noise, *samples)(theta)
    >>> bool(abs(by_weight[0] - by_name[0]) < 1e-15)
    True
    """

    def __init__(
        self, model: Model, noise: Noise, x: ArrayLike, y: ArrayLike, weight: Weight
    ) -> None:
        x, y = as_points("x", x, model.n_dim), as_points("y", y, model.n_dim)
        refuse_unfit_noise(noise, model.n_dim)
        refuse_unfit_weight(weight)
        self.model, self.weight = model, weight
        self.n_data, self.n_noise = len(x), len(y)
        self._points = by_coordinate(np.concatenate([x, y]))
        self._log_noise: Float = as_vector(
            "noise.log_density", noise.log_density(self._points), len(self._points)
        )

    @property
    def n_params(self) -> int:
        """Length of theta."""
        return self.model.n_params

    def __call__(self, theta: ArrayLike) -> tuple[float, Float]:
        """Return ``(J, dJ/dtheta)``; at a kink of |b_i . u| that term's derivative is 0."""
        theta = as_vector("theta", theta, self.n_params)
        value, gradient = 0.0, np.zeros(self.n_params)
        with np.errstate(over="ignore", invalid="ignore"):
            for block in blocks(len(self._points)):
                once, part, derivative, _ = self._evaluate(theta, block)
                value += part
                gradient += once.pullback(derivative)
        return (
            (value, gradient) if _finite(value, gradient) else (-math.inf, np.zeros(self.n_params))
        )

    def second_order(self, theta: Float) -> tuple[float, Float, Float]:
        """Return ``(J, gradient, Hessian)``; the Hessian is exact off the kinks."""
        value, gradient, hessian = (
            0.0,
            np.zeros(self.n_params),
            np.zeros((self.n_params, self.n_params)),
        )
        with np.errstate(over="ignore", invalid="ignore"):
            for block in blocks(len(self._points)):
                once, part, derivative, bend = self._evaluate(theta, block)
                value += part
                gradient += once.pullback(derivative)
                hessian += once.curvature(derivative, bend)
        if _finite(value, gradient, hessian):
            return value, gradient, hessian
        return -math.inf, np.zeros_like(gradient), np.zeros_like(hessian)

    def in_units(self, scale: Float, inverse: Float) -> WeightedObjective:
        """The objective of the points z, u = scale z, a function of ``model.rescaled(theta, scale)``: the same
        values."""
        other = copy.copy(self)
        other._points = by_coordinate(self._points @ inverse.T)
        other._log_noise = self._log_noise + float(np.linalg.slogdet(scale)[1])
        return other

    def smoothed(self, epsilon: float) -> WeightedObjective:
        """The objective of ``model.smoothed(epsilon)`` on the same samples, sharing ln p_n."""
        other = copy.copy(self)
        other.model = self.model.smoothed(epsilon)
        return other

    def thinned(self, n_points: int) -> WeightedObjective:
        """The objective of every k-th point of both samples; see ``Objective``."""
        step = spacing(n_points, self.n_data, self.n_noise)
        if step == 1:
            return self
        other, rows = (
            copy.copy(self),
            np.r_[0 : self.n_data : step, self.n_data : len(self._points) : step],
        )
        other._points, other._log_noise = by_coordinate(self._points[rows]), self._log_noise[rows]
        other.n_data, other.n_noise = -(-self.n_data // step), -(-self.n_noise // step)
        return other

    def kinks(self, theta: ArrayLike) -> Float:
        """All signed arguments of the model's kinks as one vector."""
        return self.model.kinks(theta, self._points).arguments.ravel()

    def expand(self, theta: Float, width: float = ACTIVE) -> Expansion:
        """Return the expansion at theta: kinks of the data bend J downwards, kinks of the noise upwards."""
        with np.errstate(over="ignore", invalid="ignore"):
            once, value, derivative, bend = self._evaluate(theta)
        if not _finite(value, derivative, bend):
            value, derivative, bend = -math.inf, np.zeros_like(derivative), np.zeros_like(bend)
        without_near, without_active, kinks = split_kinks(once, derivative, self.n_data, width)
        hessian = without_active.curvature(derivative, bend)
        concave = self.weight.concave and self.model.affine_between_kinks
        return Expansion(
            value,
            without_near.pullback(derivative),
            hessian,
            -hessian,
            kinks,
            concave,
            once.steepness(),
            point_terms_of(
                once,
                self.model,
                lambda affine, accurate: self._terms(affine, derivative, bend, width),
            )
            if concave
            else None,
        )

    def _terms(self, once: AffinePass, derivative: Float, bend: Float, width: float) -> PointTerms:
        """ln of a slope is ln w(G), plus G on the noise: it moves with G at a rate of at most 1 where -1 <= elasticity
        <= 0."""
        G = once.log_density - self._log_noise
        off = once.rounding() + 4.0 * _UNIT * (1.0 + np.abs(G) + np.abs(self.weight.log_weight(G)))
        errors = relative_change(off) + 16.0 * _UNIT
        # An elasticity, and 1 plus it, is a difference from 1 at the one end or the other.
        size = np.maximum(-bend - 8.0 * _UNIT * np.abs(derivative), 0.0)
        return point_terms(
            once,
            derivative,
            errors,
            size * np.maximum(1.0 - 2.0 * errors, 0.0),
            self.n_data,
            self.n_params,
            width=width,
        )

    def _evaluate(
        self, theta: Float, block: slice = slice(None)
    ) -> tuple[Pass, float, Float, Float]:
        """The pass over a block of points, its part of J, dJ/dG there, and d^2J/dG^2."""
        once = self.model.evaluate(theta, self._points[block])
        of_data = max(0, self.n_data - (block.start or 0))
        G = once.log_density - self._log_noise[block]
        rise, fall = self.weight.potentials(G[:of_data])[0], self.weight.potentials(G[of_data:])[1]
        value = float(rise.sum()) / self.n_data - float(fall.sum()) / self.n_noise
        log_weight, slope = self.weight.log_weight(G), self.weight.elasticity(G)
        log_weight[of_data:] += G[
            of_data:
        ]  # ln(q w) as a sum: q alone overflows where q w of NCE is nu
        derivative = np.exp(log_weight)
        derivative[:of_data] /= self.n_data
        derivative[of_data:] /= -self.n_noise
        slope[of_data:] += 1.0
        return once, value, derivative, derivative * slope


def _finite(*parts: float | Float) -> bool:
    # Beyond this the square of a gradient's length, which every climber takes, is not finite. NaN is not below it
    # either.
    return all(bool((np.abs(part) < _LARGEST).all()) for part in parts)
