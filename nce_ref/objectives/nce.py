r"""The noise-contrastive objective: logistic regression of data against noise in which the log-ratio is the model.

    J(theta) = (1/n_data) [ sum_x ln sigma(G_x - ln nu) + sum_y ln sigma(ln nu - G_y) ],   G = ln p_m - ln p_n

maximised (J12; P10 eq. 8 has nu = 1 and half of it). With h = sigma(G - ln nu):

    dJ/dG_x = (1 - h_x)/n_data,    dJ/dG_y = -h_y/n_data,    d^2J/dG^2 = -h(1 - h)/n_data on both samples

Conventions
-----------
x, y        (n_data, n_dim), (n_noise, n_dim)   nu = n_noise/n_data unless it is given
log_ratio   (n_points,)                          G
ln nu       is *subtracted* from G. Forgetting it, averaging the noise term instead of summing it, or adding it moves
            only c: see THEORY.md, *One formula for a whole family of mistakes*
"""

from __future__ import annotations

import copy
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float, as_points, as_positive, as_vector
from nce_ref.models.base import Model, Pass
from nce_ref.noise import Noise, refuse_unfit_noise
from nce_ref.objectives.base import ACTIVE, Expansion, blocks, by_coordinate, split_kinks
from nce_ref.special import log_sigmoid_and_slope


def nce_from_log_ratios(
    log_ratio_data: ArrayLike, log_ratio_noise: ArrayLike, nu: float | None = None
) -> tuple[float, tuple[Float, Float]]:
    """Return ``(J, (dJ/dG_data, dJ/dG_noise))`` from the log-ratios G = ln p_m - ln p_n alone.

    ``nu`` is n_noise/n_data from the sizes unless given. Finite and exact for any finite G: each term is ln sigma, within
    4 ulp for its argument t = G - ln nu, which is itself rounded: 4 + |t| + |ln nu| ulp of the term, hence 4 + 2|t| wherever
    |ln nu| <= |t| (THEORY.md, *Derivatives*; with nu = 1e4 and t near 0, 7 ulp have been seen).
    Raises ValueError for empty samples, NaN or inf, nu not above 0.
    """
    data = as_vector("log_ratio_data", log_ratio_data)
    noise = as_vector("log_ratio_noise", log_ratio_noise)
    log_ratio = np.concatenate([data, noise])
    value, derivative = _value_and_derivative(log_ratio, len(data), len(data), _ratio(nu, len(data), len(noise)))
    return value, (derivative[: len(data)], derivative[len(data) :])


def nce_objective(
    theta: ArrayLike, model: Model, noise: Noise, x: ArrayLike, y: ArrayLike, nu: float | None = None
) -> tuple[float, Float]:
    """Return ``(J, dJ/dtheta)`` at theta. To evaluate at many theta build one ``NCEObjective``, which keeps ln p_n."""
    return NCEObjective(model, noise, x, y, nu)(theta)


class NCEObjective:
    """J as a function of theta for fixed samples; ln p_n of both is computed once.

    Raises ValueError where samples, model and noise differ in dimension, are empty, or hold NaN or inf.
    """

    def __init__(self, model: Model, noise: Noise, x: ArrayLike, y: ArrayLike, nu: float | None = None) -> None:
        x, y = as_points("x", x, model.n_dim), as_points("y", y, model.n_dim)
        self.model = model
        self.n_data, self.n_noise = len(x), len(y)
        self.nu = _ratio(nu, len(x), len(y))
        # One array for both samples: a pass over it costs one call instead of two, which is what counts up to 1000 points.
        self._points = by_coordinate(np.concatenate([x, y]))
        refuse_unfit_noise(noise, model.n_dim)
        self._log_noise: Float = as_vector("noise.log_density", noise.log_density(self._points), len(self._points))

    @property
    def n_params(self) -> int:
        """Length of theta."""
        return self.model.n_params

    @property
    def x(self) -> Float:
        """A copy of the data; inside, the points lie coordinate by coordinate."""
        return self._points[: self.n_data].copy(order="C")

    @property
    def y(self) -> Float:
        """A copy of the noise sample."""
        return self._points[self.n_data :].copy(order="C")

    def __call__(self, theta: ArrayLike) -> tuple[float, Float]:
        """Return ``(J, dJ/dtheta)``; at a kink of |b_i . u| that term's derivative is 0."""
        theta = as_vector("theta", theta, self.n_params)
        value, gradient = 0.0, np.zeros(self.n_params)
        for block in blocks(len(self._points)):
            once, part, derivative = self._evaluate(theta, block)
            value += part
            gradient += once.pullback(derivative)
        return value, gradient

    def second_order(self, theta: Float) -> tuple[float, Float, Float]:
        """Return ``(J, gradient, Hessian)``; the Hessian is exact off the kinks."""
        value, gradient, hessian = 0.0, np.zeros(self.n_params), np.zeros((self.n_params, self.n_params))
        for block in blocks(len(self._points)):
            once, part, derivative = self._evaluate(theta, block)
            value += part
            gradient += once.pullback(derivative)
            hessian += once.curvature(derivative, self._bend(derivative))
        return value, gradient, hessian

    def smoothed(self, epsilon: float) -> NCEObjective:
        """The objective of ``model.smoothed(epsilon)`` on the same samples, sharing ln p_n."""
        other = copy.copy(self)
        other.model = self.model.smoothed(epsilon)
        return other

    def subset(self, data: NDArray[np.intp], noise: NDArray[np.intp]) -> NCEObjective:
        """The objective of the points with these indices, at the same nu, sharing ln p_n: a minibatch, per *its* data sample."""
        other, rows = copy.copy(self), np.concatenate([data, self.n_data + noise])
        other.n_data, other.n_noise = len(data), len(noise)
        other._points, other._log_noise = by_coordinate(self._points[rows]), self._log_noise[rows]
        return other

    def kinks(self, theta: ArrayLike) -> Float:
        """All signed arguments of the model's kinks as one vector: b_i . x_t and b_i . y_t, or pre-activations of ReLU units."""
        return self.model.kinks(theta, self._points).arguments.ravel()

    def expand(self, theta: Float, width: float = ACTIVE) -> Expansion:
        """Return the expansion at theta: kinks of the data bend J downwards, kinks of the noise upwards."""
        once, value, derivative = self._evaluate(theta)
        without_near, without_active, kinks = split_kinks(once, derivative, self.n_data, width)
        hessian = without_active.curvature(derivative, self._bend(derivative))
        gradient = without_near.pullback(derivative)
        return Expansion(value, gradient, hessian, -hessian, kinks, self.model.affine_between_kinks, once.steepness())

    def _evaluate(self, theta: Float, block: slice = slice(None)) -> tuple[Pass, float, Float]:
        """The pass over a block of points, its part of J, and dJ/dG there."""
        once = self.model.evaluate(theta, self._points[block])
        of_data = max(0, self.n_data - (block.start or 0))
        value, derivative = _value_and_derivative(once.log_density - self._log_noise[block], of_data, self.n_data, self.nu)
        return once, value, derivative

    def _bend(self, derivative: Float) -> Float:
        """d^2J/dG^2 = -h(1 - h)/n_data, from dJ/dG, whose size times n_data is 1 - h on the data and h on the noise."""
        size = np.abs(derivative)
        return -size * (1.0 - self.n_data * size)


def _value_and_derivative(log_ratio: Float, of_data: int, n_data: int, nu: float) -> tuple[float, Float]:
    """The terms' part of J and dJ/dG; the first ``of_data`` of ``log_ratio`` are data, the rest noise."""
    t = log_ratio - math.log(nu)
    # ln(1 - sigma(t)) is taken as ln sigma(-t): 1 - sigma(t) rounds to 0 from t = 36.8 upwards.
    np.negative(t[of_data:], out=t[of_data:])
    terms, derivative = log_sigmoid_and_slope(t)
    derivative /= n_data
    np.negative(derivative[of_data:], out=derivative[of_data:])
    with np.errstate(over="ignore"):
        value = float(terms.sum()) / n_data
    # The sum may leave float64 where the mean does not.
    return value if math.isfinite(value) else float((terms / n_data).sum()), derivative


def _ratio(nu: float | None, n_data: int, n_noise: int) -> float:
    return n_noise / n_data if nu is None else as_positive("nu", nu)
