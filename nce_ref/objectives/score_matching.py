r"""Hyvarinen's score matching (JMLR 6, 2005), turned round: maximised, per data sample, in alpha alone.

    J(alpha) = -(1/n_data) sum_x [ 1/2 |Psi|^2 + div Psi ],      Psi(x; alpha) = d ln p_m / d x, smoothed where it jumps

which is, up to a constant and in expectation, minus half the mean squared distance of Psi from the data's score. P10's
J_sm is -J. A score does not see c: c = -ln Z has to come from elsewhere afterwards.

The models give the loss and its derivatives by alpha (``model.score_matching``). For Laplace ICA sign(s) becomes
tanh(slope s), with the slope 10 of P10: the model that is fitted is then not the one the data are from, and the
estimate is *biased*. For orthogonal rows of B* the limit is beta B*, where beta minimises beta^2 [E tanh^2(slope beta
s) - sqrt(2) slope E sech^2(slope beta s)], s a Laplace variable of unit variance (M = B B^T is diagonal there, so the
loss is a sum over sources): beta = 1.064 at slope 10.

Conventions
-----------
alpha   (n_params - 1,)   theta without c
slope   above 0, at most 1e100; a model that is smooth as it is (Gaussian) takes no notice of it
"""

from __future__ import annotations

import copy
import math

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_points, as_positive, as_vector
from nce_ref.models.base import Model
from nce_ref.models.from_functions import as_model
from nce_ref.objectives.base import ACTIVE, Expansion, LocalKinks, blocks, by_coordinate, spacing

# The third derivative of the smoothed score holds the slope's cube.
_LARGEST_SLOPE = 1e100


class ScoreMatchingObjective:
    """Hyvarinen's score matching, turned round so as to be maximised, as a function of alpha for fixed data; see the
    module's formula.

    Parameters
    ----------
    model : Model
        With ``score_matching``, the derivatives of its score, or a model of one's own with ``score`` alone: then by
        differences.
    x : (n_data, n_dim)
    slope : float above 0, at most 1e100, optional
        Of tanh in the place of a sign in the score of Laplace ICA, 10 as in P10; a smooth model takes no notice of it.

    Raises
    ------
    ValueError
        For data of the wrong shape, empty, NaN or inf, and for a slope out of range.
    NotImplementedError
        Where the model offers no derivatives of its score.

    Notes
    -----
    Source: Hyvarinen (JMLR 6, 2005), equation (4); P10, section 3.1. Biased for Laplace ICA, whose score it smooths:
    see the module.

    Examples
    --------
    >>> import nce_ref as nr
    >>> objective = nr.ScoreMatchingObjective(nr.Gaussian(1), [[1.0], [-1.0]])
    >>> value, gradient = objective([1.0])  # -(1/2 - 1), at the maximum
    >>> value, abs(gradient[0]) < 1e-15
    (0.5, np.True_)
    """

    def __init__(self, model: Model, x: ArrayLike, slope: float = 10.0) -> None:
        self.model = model = as_model(model, "score matching", (("score", "score_matching"),))
        self.slope = as_positive("slope", slope)
        if self.slope > _LARGEST_SLOPE:
            raise ValueError(
                f"slope: got {self.slope:.3g}; expected at most {_LARGEST_SLOPE:g}: beyond, its cube leaves float64"
            )
        if not callable(getattr(model, "score_matching", None)):
            name = type(model).__name__
            raise NotImplementedError(
                f"score_matching: {name} offers no derivatives of its score; LaplaceICA and Gaussian do"
            )
        self._points = by_coordinate(as_points("x", x, model.n_dim))
        self.n_data = len(self._points)

    @property
    def x(self) -> Float:
        """A copy of the data; inside, the points lie coordinate by coordinate."""
        return self._points.copy(order="C")

    @property
    def n_params(self) -> int:
        """Length of alpha."""
        return self.model.n_params - 1

    def __call__(self, alpha: ArrayLike) -> tuple[float, Float]:
        """Return ``(J, dJ/dalpha)``."""
        theta = np.append(as_vector("alpha", alpha, self.n_params), 0.0)
        value, gradient = 0.0, np.zeros(len(theta))
        for block in blocks(self.n_data):
            once = self.model.score_matching(theta, self._points[block], self.slope)
            value -= once.total / self.n_data
            gradient -= once.gradient() / self.n_data
        return value, gradient[:-1]

    def second_order(self, alpha: Float) -> tuple[float, Float, Float]:
        """Return ``(J, gradient, Hessian)``; value -inf (the rest 0) where alpha is so large that they overflow."""
        theta, n = np.append(alpha, 0.0), len(alpha)
        value, gradient, hessian = 0.0, np.zeros(n + 1), np.zeros((n + 1, n + 1))
        with np.errstate(over="ignore", invalid="ignore"):
            for block in blocks(self.n_data):
                once = self.model.score_matching(theta, self._points[block], self.slope)
                value -= once.total / self.n_data
                gradient -= once.gradient() / self.n_data
                hessian -= once.hessian() / self.n_data
            if not (
                math.isfinite(value) and math.isfinite(float(np.sum(hessian) + np.sum(gradient)))
            ):
                return -math.inf, np.zeros(n), np.zeros((n, n))
        return value, gradient[:-1], hessian[:-1, :-1]

    def in_units(self, scale: Float, inverse: Float) -> ScoreMatchingObjective:
        """The objective of the points z, u = scale z, a function of ``model.rescaled(theta, scale)`` without c.

        For a multiple of the identity, scale = k I: J k^2. Other scales weigh the coordinates of the score anew:
        another objective."""
        other = copy.copy(self)
        other._points = by_coordinate(self._points @ inverse.T)
        return other

    def smoothed(self, epsilon: float) -> ScoreMatchingObjective:
        """The objective with the slope at which 1/slope is larger by epsilon: a way to come near, as for the other
        objectives."""
        other = copy.copy(self)
        other.slope = self.slope / (1.0 + self.slope * epsilon)
        return other

    def thinned(self, n_points: int) -> ScoreMatchingObjective:
        """The objective of every k-th data point; see ``Objective``."""
        step = spacing(n_points, self.n_data)
        if step == 1:
            return self
        other = copy.copy(self)
        other._points = by_coordinate(self._points[::step])
        other.n_data = len(other._points)
        return other

    def expand(self, alpha: Float, width: float = ACTIVE) -> Expansion:
        """Return the second-order expansion; there are no kinks, and J is not concave in general."""
        value, gradient, hessian = self.second_order(alpha)
        n = len(alpha)
        none = LocalKinks(
            np.empty((0, n)), np.empty(0), np.empty(0), np.empty((0, n)), np.empty(0), math.inf, ()
        )
        return Expansion(
            value, gradient, hessian, -hessian, none, concave=False, steepness=math.inf
        )
