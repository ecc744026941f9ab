r"""The ranking objective with the same k noise points in every row: another estimator than ``ranking.py``.

    J(alpha) = (1/n_data) sum_i ln[e^{s_i} / (e^{s_i} + Y)],     Y = sum_j e^{s(y_j)},     s = ln p_m - ln p_n

Rows share their noise, so their errors do not average out: with k fixed the estimate is not consistent. With k = nu
n_data, Y/k estimates Z(alpha), J + ln k tends to mean_x s - ln(Y/k), and this is maximum likelihood by importance
sampling to first order: of infinite variance wherever int p_d^2/p_n is (CONTRASTIVE.md). With z_i = ln Y - s_i, v_j =
e^{s_j}/Y, S = (1/n_data) sum_i sigma(z_i) and gbar = sum_j v_j g(y_j),

    dJ = (1/n_data) sum_i sigma(z_i) (g(x_i) - gbar),
    -d^2J = (1/n_data) sum_i sigma(z_i) sigma(-z_i) (g(x_i) - gbar)(...)^T + S Cov_v(g)     for ln p_m affine in theta between kinks

Conventions
-----------
alpha   (n_params - 1,)   theta without c
x, y    (n_data, n_dim), (k, n_dim)
"""  # noqa: E501

from __future__ import annotations

import copy
import math

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_points, as_vector
from nce_ref.models.base import Model, Pass
from nce_ref.models.from_functions import as_model
from nce_ref.noise import Noise, refuse_unfit_noise
from nce_ref.objectives.base import ACTIVE, Expansion, by_coordinate, spacing, split_kinks
from nce_ref.objectives.without_c import refuse_without_c, shortened, without_c
from nce_ref.special import sigmoid, softplus


class SharedRankingObjective:
    """The ranking objective with noise points that all data share, as a function of alpha: see the module, and its
    warning.

    Parameters
    ----------
    model : Model
        With c as its last parameter, which J does not see.
    noise : Noise
    x : (n_data, n_dim)
    y : (k, n_dim)
        Drawn from ``noise``, the same for every datum.

    Raises
    ------
    ValueError
        Where samples, model and noise differ in dimension, are empty, or hold NaN or inf, and for a model without c.

    Notes
    -----
    What implementations do that take one set of negatives for a whole batch. A pass takes n_data + k points. Its maxima
    are certified by the curvature at hand and a bound on its change, without that on rounding.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> model, noise = nr.Gaussian(1), nr.GaussianNoise([0.0], [[2.0]])
    >>> objective = nr.SharedRankingObjective(model, noise, rng.standard_normal((200, 1)), noise.sample(50, rng))
    >>> nr.check_gradient(objective, [1.0]).ok
    True
    """

    def __init__(self, model: Model, noise: Noise, x: ArrayLike, y: ArrayLike) -> None:
        call = "ranking noise-contrastive estimation"
        self.model = as_model(model, call)
        x, y = as_points("x", x, self.model.n_dim), as_points("y", y, self.model.n_dim)
        self.n_data, self.k = len(x), len(y)
        self._points = by_coordinate(np.concatenate([x, y]))
        refuse_unfit_noise(noise, self.model.n_dim)
        self._log_noise: Float = as_vector(
            "noise.log_density", noise.log_density(self._points), len(self._points)
        )
        refuse_without_c(self.model, x, call)

    @property
    def n_params(self) -> int:
        """Length of alpha."""
        return self.model.n_params - 1

    @property
    def x(self) -> Float:
        """A copy of the data."""
        return np.ascontiguousarray(self._points[: self.n_data])

    @property
    def y(self) -> Float:
        """A copy of the noise points: (k, n_dim)."""
        return np.ascontiguousarray(self._points[self.n_data :])

    def __call__(self, alpha: ArrayLike) -> tuple[float, Float]:
        """Return ``(J, dJ/dalpha)``; at a kink of |b_i . u| that term's derivative is 0."""
        once, value, slopes, _ = self._evaluate(self._theta(alpha))
        return value, once.pullback(slopes)[:-1]

    def second_order(self, alpha: Float) -> tuple[float, Float, Float]:
        """Return ``(J, gradient, Hessian)``; the Hessian is exact off the kinks."""
        once, value, slopes, bends = self._evaluate(self._theta(alpha))
        return value, once.pullback(slopes)[:-1], self._hessian(once, slopes, bends)

    def in_units(self, scale: Float, inverse: Float) -> SharedRankingObjective:
        """The objective of the points z, u = scale z: the same values."""
        other = copy.copy(self)
        other._points = by_coordinate(self._points @ inverse.T)
        return other

    def smoothed(self, epsilon: float) -> SharedRankingObjective:
        """The objective of ``model.smoothed(epsilon)`` on the same samples."""
        other = copy.copy(self)
        other.model = self.model.smoothed(epsilon)
        return other

    def thinned(self, n_points: int) -> SharedRankingObjective:
        """The objective of every m-th datum and noise point; see ``Objective``."""
        step = spacing(n_points, self.n_data, self.k)
        if step == 1:
            return self
        other = copy.copy(self)
        rows = np.r_[0 : self.n_data : step, self.n_data : len(self._points) : step]
        other._points, other._log_noise = by_coordinate(self._points[rows]), self._log_noise[rows]
        other.n_data, other.k = -(-self.n_data // step), -(-self.k // step)
        return other

    def kinks(self, alpha: ArrayLike) -> Float:
        """All signed arguments of the model's kinks as one vector."""
        return self.model.kinks(self._theta(alpha), self._points).arguments.ravel()

    def expand(self, alpha: Float, width: float = ACTIVE) -> Expansion:
        """Return the expansion at alpha: kinks of the data bend J downwards, kinks of the noise upwards."""
        once, value, slopes, bends = self._evaluate(self._theta(alpha))
        without_near, without_active, kinks = split_kinks(once, slopes, self.n_data, width)
        hessian = self._hessian(without_active, slopes, bends)
        return Expansion(
            value,
            without_near.pullback(slopes)[:-1],
            hessian,
            -hessian,
            without_c(kinks),
            self.model.affine_between_kinks,
            2.0 * once.steepness(),
        )

    def _hessian(self, once: Pass, slopes: Float, bends: Float) -> Float:
        n = self.n_data
        shares = np.where(np.arange(len(slopes)) < n, 0.0, -slopes)
        total = shares.sum()
        centre = once.pullback(shares / total) if total > 0.0 else np.zeros(self.model.n_params)
        # sum b (g - centre)(g - centre)^T over data and noise, the noise's b being its shares.
        weights = bends + shares
        first = np.outer(once.pullback(weights), centre)
        gram = first + first.T - weights.sum() * np.outer(centre, centre)
        return shortened(once.curvature(slopes, -weights) + gram)

    def _evaluate(self, theta: Float) -> tuple[Pass, float, Float, Float]:
        """The pass, J, dJ/d ln p_m at all points, and sigma(z) sigma(-z)/n_data at the data (0 at the noise)."""
        n = self.n_data
        with np.errstate(over="ignore", invalid="ignore"):
            once = self.model.evaluate(theta, self._points)
            s = once.log_density - self._log_noise
            top = float(s[n:].max())
            if not math.isfinite(top):
                return once, -math.inf, np.zeros(len(s)), np.zeros(len(s))
            e = np.exp(s[n:] - top)
            z = top + math.log(float(e.sum())) - s[:n]
            size = sigmoid(z)
            slopes = np.concatenate([size / n, -(size.sum() / n / e.sum()) * e])
            bends = np.concatenate([size * sigmoid(-z) / n, np.zeros(self.k)])
        return once, -float(softplus(z).sum()) / n, slopes, bends

    def _theta(self, alpha: ArrayLike) -> Float:
        return np.append(as_vector("alpha", alpha, self.n_params), 0.0)
