r"""Maximum likelihood with Z estimated by importance sampling from the noise (Geyer 1994; P10 section 3.1), maximised
in alpha.

    J(alpha) = (1/n_data) sum_x ln p_m^0(x; alpha) - ln Z-hat(alpha),   Z-hat = (1/n_noise) sum_y w,
    w = p_m^0(y; alpha)/p_n(y)

With the weights' shares v_t = w_t / sum w, means under them E_v, and g = d ln p_m / d alpha:

    dJ = mean_x g - E_v[g],    d^2J = mean_x (d^2 ln p_m) - E_v[d^2 ln p_m] - Cov_v(g)

**Kinks.** As for NCE (THEORY.md, *Kinks and certificates*): data terms are concave, ridges of weight sqrt(2)/n_data; J
falls with ln p_m on the noise, so its kinks are valleys, of weight sqrt(2) v_t. With the signs at the noise kinks held
fixed, -ln sum exp of affine functions is concave and lies below J (7.5 holds word for word). For 7.6: along a unit v
the curvature is Var_v(g.v), whose derivative is the third cumulant, at most 2 L Var_v with L the largest |g(y)|. So 2 L
stands for the steepness.

**Where there is no maximum.** If the model's log-weights can grow without bound on the data's side (mean_x g outside
the convex hull of the g(y)), all weight collapses onto one noise point and J rises for ever: noise that does not cover
the data.

Conventions
-----------
alpha   (n_params - 1,)   theta without c, which J does not see; c-hat = -ln Z-hat
x, y    (n_data, n_dim), (n_noise, n_dim)   the same samples as for NCE
w       held as logarithms, scaled by the largest seen so far
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_points, as_vector
from nce_ref._copies import sibling
from nce_ref.models.base import AffinePass, Model
from nce_ref.noise import Noise, refuse_unfit_noise
from nce_ref.objectives.base import ACTIVE, Expansion, blocks, by_coordinate, spacing, split_kinks
from nce_ref.objectives.point_terms import (
    PointTerms,
    point_terms,
    point_terms_of,
    relative_change,
)

_UNIT = 2.0**-53


class ImportanceSamplingObjective:
    """The log-likelihood with Z estimated by importance sampling, as a function of alpha for fixed samples; see the
    module's formula.

    Parameters
    ----------
    model : Model
    noise : Noise
    x : (n_data, n_dim)
    y : (n_noise, n_dim)
        Drawn from ``noise``; ln p_n there is computed once.

    Raises
    ------
    ValueError
        Where samples, model and noise differ in dimension, are empty, or hold NaN or inf, and where ln p_n is not
        finite at a point said to be drawn from p_n.

    Notes
    -----
    Source: Geyer (1994); P10, section 3.1. The value is -inf, and the gradient 0, where no weight is finite.

    Examples
    --------
    >>> import nce_ref as nr
    >>> noise = nr.GaussianNoise([0.0], [[1.0]])
    >>> objective = nr.ImportanceSamplingObjective(nr.Gaussian(1), noise, [[1.0], [-1.0]], [[0.5], [2.0]])
    >>> value, gradient = objective([1.0])  # all weights are alike: Z is estimated without error
    >>> round(value, 4)
    -1.4189
    """

    def __init__(self, model: Model, noise: Noise, x: ArrayLike, y: ArrayLike) -> None:
        x, y = as_points("x", x, model.n_dim), as_points("y", y, model.n_dim)
        refuse_unfit_noise(noise, model.n_dim)
        self.model = model
        self.n_data, self.n_noise = len(x), len(y)
        self._x, self._y = by_coordinate(x), by_coordinate(y)
        self._log_noise = as_vector("noise.log_density", noise.log_density(y), len(y))

    @property
    def x(self) -> Float:
        """A copy of the data; inside, the points lie coordinate by coordinate."""
        return self._x.copy(order="C")

    @property
    def y(self) -> Float:
        """A copy of the noise sample."""
        return self._y.copy(order="C")

    @property
    def n_params(self) -> int:
        """Length of alpha."""
        return self.model.n_params - 1

    def __call__(self, alpha: ArrayLike) -> tuple[float, Float]:
        """Return ``(J, dJ/dalpha)``; value -inf (gradient 0) where no weight is finite."""
        value, gradient, _ = self._evaluate(as_vector("alpha", alpha, self.n_params), curved=False)
        return value, gradient

    def second_order(self, alpha: Float) -> tuple[float, Float, Float]:
        """Return ``(J, gradient, Hessian)``, exact off the kinks; value -inf (the rest 0) where no weight is finite."""
        return self._evaluate(alpha, curved=True)

    def log_weights(self, alpha: ArrayLike) -> Float:
        """Return ln p_m^0(y; alpha) - ln p_n(y), without c: (n_noise,)."""
        theta = np.append(as_vector("alpha", alpha, self.n_params), 0.0)
        return np.concatenate(
            [
                self.model.evaluate(theta, self._y[b]).log_density - self._log_noise[b]
                for b in blocks(self.n_noise)
            ]
        )

    def shifted(self, shift: Float) -> ImportanceSamplingObjective:
        """The objective of the points z, u = shift + z, a function of ``model.shifted(theta, shift)``: the same
        values."""
        other = sibling(self)
        other._x, other._y = (by_coordinate(u - shift) for u in (self._x, self._y))
        return other

    def in_units(self, scale: Float, inverse: Float) -> ImportanceSamplingObjective:
        """The objective of the points z, u = scale z, a function of ``model.rescaled(theta, scale)`` without c: J +
        ln|det scale|."""
        other = sibling(self)
        other._x, other._y = (by_coordinate(u @ inverse.T) for u in (self._x, self._y))
        other._log_noise = self._log_noise + float(np.linalg.slogdet(scale)[1])
        return other

    def smoothed(self, epsilon: float) -> ImportanceSamplingObjective:
        """The objective of ``model.smoothed(epsilon)`` on the same samples, sharing ln p_n."""
        other = sibling(self)
        other.model = self.model.smoothed(epsilon)
        return other

    def thinned(self, n_points: int) -> ImportanceSamplingObjective:
        """The objective of every k-th point of both samples; see ``Objective``."""
        step = spacing(n_points, self.n_data, self.n_noise)
        if step == 1:
            return self
        other = sibling(self)
        other._x, other._y, other._log_noise = (
            by_coordinate(self._x[::step]),
            by_coordinate(self._y[::step]),
            self._log_noise[::step],
        )
        other.n_data, other.n_noise = len(other._x), len(other._y)
        return other

    def kinks(self, alpha: ArrayLike) -> Float:
        """All signed arguments of the model's kinks as one vector: b_i . x_t and b_i . y_t."""
        theta = np.append(as_vector("alpha", alpha, self.n_params), 0.0)
        return np.concatenate(
            [self.model.kinks(theta, points).arguments.ravel() for points in (self._x, self._y)]
        )

    def expand(self, alpha: Float, width: float = ACTIVE) -> Expansion:
        """Return the expansion at alpha: kinks of the data bend J downwards, kinks of the noise upwards."""
        theta, n = np.append(alpha, 0.0), self.n_params
        with np.errstate(over="ignore", invalid="ignore"):
            once = self.model.evaluate(theta, np.asfortranarray(np.concatenate([self._x, self._y])))
            log_w = once.log_density[self.n_data :] - self._log_noise
            top = float(log_w.max())
            value = float(once.log_density[: self.n_data].mean())
            shares = np.zeros(self.n_noise)
            if math.isfinite(top) and math.isfinite(value):
                shares = np.exp(log_w - top)
                value -= top + math.log(float(shares.sum()) / self.n_noise)
                shares /= shares.sum()
            else:
                value = -math.inf
        nothing, per_point = np.zeros(self.n_data), np.full(self.n_data, 1.0 / self.n_data)
        derivative = np.concatenate([per_point, -shares])
        without_near, without_active, kinks = split_kinks(once, derivative, self.n_data, width)
        kinks = replace(kinks, directions=kinks.directions[:, :-1], valleys=kinks.valleys[:, :-1])
        mean = without_active.pullback(np.concatenate([nothing, shares]))
        hessian = without_active.curvature(
            derivative, np.concatenate([nothing, -shares])
        ) + np.outer(mean, mean)
        hessian = 0.5 * (hessian + hessian.T)[:n, :n]
        gradient = without_near.pullback(derivative)[:n]
        return Expansion(
            value,
            gradient,
            hessian,
            -hessian,
            kinks,
            self.model.affine_between_kinks,
            lambda: 2.0 * once.steepness(),
            point_terms_of(
                once,
                self.model,
                lambda affine, accurate: self._terms(affine, log_w, derivative, mean, width),
            ),
        )

    def _terms(
        self, once: AffinePass, log_w: Float, derivative: Float, mean: Float, width: float
    ) -> PointTerms:
        """A share moves by e^|error of ln w| and by that of their sum; the data's slopes are 1/n_data and have no
        curvature.

        The slopes of data and noise add up to 0, so g may be counted from its mean under the shares, of which the
        curvature is the variance: about any other centre it would be less. Its third cumulant is at most the range of
        g . d, twice the largest |(g - mean) . d|, times the variance.
        """
        off = once.rounding()[self.n_data :] + 2.0 * _UNIT * np.abs(log_w)
        shares = -derivative[self.n_data :]
        noise_errors = relative_change(off + float(shares @ off))
        errors = np.concatenate([np.zeros(self.n_data), noise_errors])
        errors += (16.0 + self.n_noise) * _UNIT
        bends = np.concatenate(
            [np.zeros(self.n_data), shares * np.maximum(1.0 - 2.0 * errors[self.n_data :], 0.0)]
        )
        n = self.n_params
        return point_terms(
            once, derivative, errors, bends, self.n_data, n, 2.0, 0.0, centre=mean[:n], width=width
        )

    def _evaluate(self, alpha: Float, curved: bool) -> tuple[float, Float, Float]:
        """Value, gradient, Hessian (zeros unless ``curved``), block by block: sums over w are rescaled when a larger w
        comes."""
        theta, n = np.append(alpha, 0.0), self.n_params
        value, gradient, hessian = 0.0, np.zeros(n + 1), np.zeros((n + 1, n + 1))
        top, total, first, second = -math.inf, 0.0, np.zeros(n + 1), np.zeros((n + 1, n + 1))
        nowhere = -math.inf, np.zeros(n), np.zeros((n, n))
        with np.errstate(over="ignore", invalid="ignore"):
            for block in blocks(self.n_data):
                once = self.model.evaluate(theta, self._x[block])
                weights = np.full(len(once.log_density), 1.0 / self.n_data)
                value += float(weights @ once.log_density)
                gradient += once.pullback(weights)
                if curved:
                    hessian += once.curvature(weights, np.zeros(len(weights)))
            for block in blocks(self.n_noise):
                once = self.model.evaluate(theta, self._y[block])
                log_w = once.log_density - self._log_noise[block]
                new_top = max(top, float(log_w.max()))
                if not math.isfinite(new_top):
                    return nowhere
                w, scale = np.exp(log_w - new_top), math.exp(top - new_top)
                top, total = new_top, total * scale + float(w.sum())
                first = first * scale + once.pullback(w)
                if curved:
                    second = second * scale + once.curvature(w, w)
            value -= top + math.log(total / self.n_noise)
            mean = first / total
            gradient -= mean
            hessian -= second / total - np.outer(mean, mean) if curved else 0.0
            if not (math.isfinite(value) and math.isfinite(float(gradient.sum() + hessian.sum()))):
                return nowhere
        return value, gradient[:n], hessian[:n, :n]
