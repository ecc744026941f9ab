r"""The units of theta in which a linear model is fitted: those in which its features have size 1, where theirs are not
within 32 of that.

    ln p_m = sum_j weights_j f_j(u) + c = sum_j (s_j weights_j) (f_j(u)/s_j) + c

The objective is the same function of the points, and Newton's way to its maximum does not depend on s, but random
starts, smoothing and first steps have features of size 1 in mind. s_j is a power of two: nothing is rounded on the way
there or back, and what is proved in the one units is proved in the others.

Conventions
-----------
s (n_params,)   1 for c, and for every feature whose median size, over evenly spaced points where it is not 0, is within
                [1/32, 32]
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float
from nce_ref.estimators.units import AnyObjective, Units, offers_units, units_for
from nce_ref.models.base import Model

_LARGEST = 32.0
_POINTS = 256
_FARTHEST = 500  # powers of two, beyond which their products leave float64


@dataclass(frozen=True)
class ParameterUnits(Units):
    """theta in units of its own: ``into(theta) = s theta``, exactly."""

    sizes: Float | None = None

    exact = True

    def into(self, theta: Float) -> Float:
        """The same density by the scaled features: theta, or alpha without c."""
        assert self.sizes is not None
        return theta * self.sizes[: len(theta)]

    def back(self, theta: Float) -> Float:
        """The same density by the features as given."""
        assert self.sizes is not None
        return theta / self.sizes[: len(theta)]

    def objective(self, objective: AnyObjective) -> AnyObjective:
        """The same objective, a function of ``into(theta)``."""
        other = copy.copy(objective)
        other.model = self.model
        return other


def units_with_noise(model: Model, x: ArrayLike, y: ArrayLike) -> Units:
    """Return the units in which to fit ``model`` to x and noise y: of the points where its family is closed under
    these, else of theta."""
    return units_for(model, x, y) if offers_units(model) else parameter_units_for(model, x, y)


def parameter_units_for(model: Model, x: ArrayLike, y: ArrayLike) -> Units:
    """Return the units for a model that offers ``in_feature_units(s)``, the identity for others."""
    rescale = getattr(model, "in_feature_units", None)
    if not callable(rescale):
        return Units(model)
    points = np.concatenate([_some(np.asarray(x)), _some(np.asarray(y))])
    g = np.abs(model.jacobian(np.zeros(model.n_params), points))
    sizes = np.ones(model.n_params)
    for j, column in enumerate(g[:, :-1].T):
        found = column[column > 0.0]
        size = float(np.median(found)) if len(found) else 1.0
        if not 1.0 / _LARGEST <= size <= _LARGEST:
            power = round(float(np.log2(size)))
            sizes[j] = 2.0 ** max(-_FARTHEST, min(_FARTHEST, power))
    return ParameterUnits(rescale(sizes), sizes=sizes) if (sizes != 1.0).any() else Units(model)


def _some(points: NDArray[np.float64]) -> Float:
    return np.asarray(points[:: -(-len(points) // _POINTS)], dtype=np.float64)
