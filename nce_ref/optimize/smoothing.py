r"""Newton's method on ever less smoothed objectives: |v| becomes sqrt(v^2 + epsilon^2), epsilon falls from 0.3.

The large epsilon first is what matters: it rounds off the many small local maxima of a kinked objective, so that the
path ends at a better one than a start at small epsilon would, or than L-BFGS does on the kinks themselves. At such an
epsilon some two thousand points tell the way as well as all of them do, for T = 16000 in a third of the time.

Conventions
-----------
theta (n,), value float, gradient (n,), hessian (n, n)   of the smoothed objective
decrement sqrt(gradient.d), d the Newton step     the step's length in the Hessian's metric, whatever the units of theta
epsilon   in units of the kink's argument b_i.x, hence of a source's standard deviation
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.linalg.lapack import dpotrf, dtrtrs

from nce_ref._checks import Float
from nce_ref.objectives.base import Objective

EPSILONS = (0.3, 0.1, 0.03, 0.01, 0.003)
# Above this epsilon, points beyond so many are left out. A maximum of the 2000 is off by about 2000^-1/2, less than the
# next epsilon.
_COARSE, _N_COARSE = 0.03, 2000
# A gradient this much below epsilon is close enough to start the next level: the levels lie about epsilon apart.
_ENOUGH = 0.05
_DECREMENT, _SURELY = 20.0, 1e-3
_MAX_STEPS = 60
_SHORTEST = 1e-8
_LEAST = 1e-7
_HUGE = 1e100


def follow_smoothing(
    objective: Objective,
    theta: Float,
    finest: float,
    callback: Callable[[Float], object] | None = None,
) -> tuple[Float, float, int]:
    """Return (theta, the last epsilon, evaluations) after Newton's method at each epsilon down to the first at or below
    ``finest``.

    Evaluations on some of the points are counted as evaluations.
    """
    evaluations, epsilon, few = 0, EPSILONS[0], objective.thinned(_N_COARSE)
    for epsilon in EPSILONS:
        theta, used = ascend(
            (few if epsilon > _COARSE else objective).smoothed(epsilon),
            theta,
            _ENOUGH * epsilon,
            callback,
        )
        evaluations += used
        if epsilon <= finest:
            break
    return theta, epsilon, evaluations


def ascend(
    objective: Objective,
    theta: Float,
    tolerance: float,
    callback: Callable[[Float], object] | None = None,
) -> tuple[Float, int]:
    """Climb a twice differentiable objective until it is near its maximum or no step helps; return (theta,
    evaluations).

    Near: |gradient| <= tolerance, and the decrement is at most 20 times that, or it is at most a thousandth of it. The
    decrement has no units: where those of theta are large the gradient is small far from any maximum, where they are
    small it is large at one. With curvatures between 1/400 and 1e6, as for data of size 1, the gradient alone decides.
    The Hessian's eigenvalues are taken by their absolute values: the step climbs in every direction, and leaves the
    neighbourhood of a saddle (B = 0 is one) along its upward curvature instead of being drawn into it. No step is
    longer than the size of theta plus 1/2, which keeps the first steps, where the quadratic means little, near the
    start.
    """
    value, gradient, hessian = objective.second_order(theta)
    evaluations, reach = 1, 0.0
    for _ in range(_MAX_STEPS):
        small = float(np.linalg.norm(gradient)) <= tolerance
        if small and _plain_decrement(gradient, hessian) <= _DECREMENT * tolerance:
            break
        direction = np.linalg.solve(positive_definite(-hessian), gradient)
        if np.abs(direction).max() < _HUGE:
            decrement = math.sqrt(max(0.0, float(gradient @ direction)))
        else:
            # Curvatures of 1e-200 left by saturated samples: where to is known, how far is not, and |direction|^2 would
            # overflow.
            decrement = math.inf
            largest = float(np.abs(direction).max())
            direction = direction / largest * _HUGE if largest < math.inf else gradient * _HUGE
        if decrement <= (_DECREMENT if small else _SURELY) * tolerance:
            break
        radius = 0.5 + float(np.linalg.norm(theta))
        reach = max(reach, radius)
        if radius < 1e-3 * reach:
            radius = reach  # a theta of size 1e12 that passes through 0 is not small for that
        direction *= min(1.0, radius / float(np.linalg.norm(direction)))
        slope, length = float(gradient @ direction), 1.0
        while True:
            trial = theta + length * direction
            new = objective.second_order(trial)
            evaluations += 1
            if new[0] >= value + 1e-4 * length * slope:
                break
            length *= 0.4
            if length < _SHORTEST:
                return theta, evaluations
        theta = trial
        value, gradient, hessian = new
        if callback is not None:
            callback(theta)
    return theta, evaluations


def _plain_decrement(gradient: Float, hessian: Float) -> float:
    """The decrement where minus the Hessian is positive definite, else inf: a tenth of the time of
    ``positive_definite``."""
    factor, failed = dpotrf(-hessian, lower=1)
    if failed:
        return math.inf
    solved, failed = dtrtrs(factor, gradient, lower=1)
    return math.inf if failed else float(np.linalg.norm(solved))


def positive_definite(matrix: Float) -> Float:
    """The symmetric matrix with its eigenvalues replaced by their absolute values, none below 1e-7 of the largest.

    Unless the coordinates merely have different units: where one eigenvalue is below that, and none is once each
    coordinate is scaled by its own curvature, then a curvature of 1e-12 beside one of 1 stays what it is.
    """
    eigenvalues, vectors = np.linalg.eigh(matrix)
    size = np.abs(eigenvalues)
    largest = float(size.max())
    # Saturated samples leave curvatures such as 1e-200, whose Newton step overflows: climb along the gradient there.
    if not math.isfinite(largest) or largest < 1e-100:
        return np.eye(len(matrix))
    own = np.abs(np.diag(matrix))
    if size.min() < _LEAST * largest and 0.0 < own.min() < 1e-6 * own.max():
        units = np.sqrt(own)
        scaled, axes = np.linalg.eigh(matrix / np.outer(units, units))
        scaled = np.abs(scaled)
        if scaled.min() >= _LEAST * scaled.max():
            return ((axes * scaled) @ axes.T) * np.outer(units, units)
    return (vectors * np.maximum(size, _LEAST * largest)) @ vectors.T
