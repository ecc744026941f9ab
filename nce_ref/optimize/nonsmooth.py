r"""Maximise an objective with kinks, to the kinks themselves.

1. ``smoothing.py``: Newton's method on smoothed objectives brings theta near a good local maximum.
2. Proximal Newton: around theta the objective is a quadratic plus its ridges nearby; its maximiser
   (``kinked_quadratic.py``) is the next theta. Once the active ridges are the right ones this is Newton's method on
   the manifold where they stay active, and converges quadratically: three to six iterations as a rule.
   Valleys (kinks of the noise) are replaced by the side that theta is on, s.(b.y) for |b.y| with s = +-1 (0 if met
   exactly): a concave minoriser that touches at theta, so a step that raises it raises the objective.

Conventions
-----------
theta (n,)   the point; every accepted step raises the objective, up to rounding
width        ridges with |b_i.x_t| <= width |b_i||x_t| are in the quadratic with their kinks; a step that fails widens
             it
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nce_ref._checks import Float
from nce_ref.objectives.base import ACTIVE, Expansion, Objective
from nce_ref.optimize.kinked_quadratic import solve_kinked_quadratic
from nce_ref.optimize.smoothing import follow_smoothing, positive_definite

_MAX_STEPS = 60
# The step at which Newton's next one would be below rounding: its square is. The second is the step's length in the
# metric of the curvature, which is the same in all units.
_SMALL_STEP, _SMALL_DECREMENT = 1e-9, 1e-8
_FARTHEST = 1e8
_ROUNDING, _UNSEEN, _TINY = 4e-16, 1e-10, 1e-12
_MAX_VALLEYS, _MOST_SIDES = 5, 4
# Ridges this near are among those that a climb has come to; anything between rounding and the distance of others will
# do.
LANDING = 1e-8
# Of the sum of sizes: what rounding theta and the dot product may leave of a kink's argument that is 0.
_MET = 4e-15


@dataclass(frozen=True)
class Maximum:
    """Where the climb ended; whether it *is* a maximum is the certificate's business.

    ``finished``  the climber's own word: its stopping rule was met, not its limit of steps
    """

    theta: Float
    value: float
    n_evaluations: int
    finished: bool


def maximize(
    objective: Objective, start: Float, callback: Callable[[Float], object] | None = None
) -> Maximum:
    """Climb from ``start``; ``callback(theta)`` after each accepted step, on the smoothed objectives too."""
    # Below 3/n_data some rows see no more than a kink or two within epsilon: nothing is left to smooth.
    theta, epsilon, evaluations = follow_smoothing(
        objective, start, 3.0 / objective.n_data, callback
    )
    climbed, here = _climb_and_land(objective, theta, epsilon, callback)
    evaluations += climbed.n_evaluations
    for k in range(_MAX_VALLEYS + 1):
        zeroed, used = _to_zero(objective, climbed)
        evaluations += used
        if zeroed is not climbed:
            climbed, here = zeroed, objective.expand(zeroed.theta)
            evaluations += 1
        if k == _MAX_VALLEYS or not len(here.kinks.valleys):
            break
        away, used = off_valleys(objective, climbed, epsilon)
        evaluations += used
        if away is None:
            break
        climbed, here = _climb_and_land(objective, away, epsilon, callback)
        evaluations += climbed.n_evaluations
    return Maximum(climbed.theta, climbed.value, evaluations, climbed.finished)


def _to_zero(objective: Objective, end: Maximum) -> tuple[Maximum, int]:
    """The end with entries below 1e-12 of the largest made 0 where J does not fall by that; and the evaluations used.

    A row b_i whose kinks all meet at its maximum, b_i = 0, shrinks from step to step and never arrives: at |b_i| =
    1e-60 it still looks like any other row to whoever compares b_i.x with |b_i||x|.
    """
    size = np.abs(end.theta)
    tiny = (size > 0.0) & (size < _TINY * float(size.max()))
    if not tiny.any():
        return end, 0
    theta = np.where(tiny, 0.0, end.theta)
    value = objective(theta)[0]
    if not value >= end.value - _ROUNDING * max(1.0, abs(end.value)):
        return end, 1
    return Maximum(theta, value, end.n_evaluations, end.finished), 1


def climb_kinks(
    objective: Objective,
    theta: Float,
    width: float,
    callback: Callable[[Float], object] | None = None,
) -> Maximum:
    """Proximal Newton from theta, which should be near a maximum (the quadratic is a local model)."""
    return _climb(objective, theta, width, callback)[0]


def _climb_and_land(
    objective: Objective,
    theta: Float,
    width: float,
    callback: Callable[[Float], object] | None,
) -> tuple[Maximum, Expansion]:
    """``_climb``, and where it ends unfinished once more with the ridges that theta is next to alone.

    Ridges 1e-12 apart beside others 0.1 away (near-duplicate points) are one to the interior point, which has digits
    for the farthest; the nearest alone are resolved to rounding, so that theta lands on those that the maximum lies on.
    """
    climbed, here = _climb(objective, theta, width, callback)
    if climbed.finished:
        return climbed, here
    landed, there = _climb(objective, climbed.theta, LANDING, callback)
    evaluations = climbed.n_evaluations + landed.n_evaluations
    return replace(landed, n_evaluations=evaluations), there


def _climb(
    objective: Objective,
    theta: Float,
    width: float,
    callback: Callable[[Float], object] | None = None,
) -> tuple[Maximum, Expansion]:
    """The end, and the expansion at it."""
    here = objective.expand(theta, width)
    evaluations = 1
    for _ in range(_MAX_STEPS):
        step, exact, decrement = _proximal_step(here, theta)
        reach = _FARTHEST * (1.0 + float(np.abs(theta).max()))
        if not np.abs(step).max() <= reach:
            # Saturated samples leave curvatures of 1e-200: where to is known, how far is not.
            largest = float(np.abs(step).max())
            step = step * (reach / largest) if largest < math.inf else here.gradient
            exact = False
        size = float(np.linalg.norm(step)) / (1.0 + float(np.linalg.norm(theta)))
        length = 1.0
        while True:
            trial = theta + length * step
            there = objective.expand(trial, width)
            evaluations += 1
            # J is a sum of terms of size |J|: below this, a difference is rounding.
            if there.value >= here.value - _ROUNDING * max(1.0, abs(here.value)):
                break
            if length == 1.0 and exact and _surely_nearer(here, there, trial, decrement):
                break
            length *= 0.3
            if length * size < 1e-15:
                return Maximum(theta, here.value, evaluations, False), here
        theta, here = trial, there
        if callback is not None:
            callback(theta)
        if length == 1.0 and exact and size <= _SMALL_STEP and decrement <= _SMALL_DECREMENT:
            return Maximum(theta, here.value, evaluations, True), here
        if length < 1.0:
            # The quadratic missed ridges that the step crossed.
            width = min(4.0 * width, 1.0)
            here = objective.expand(theta, width)
            evaluations += 1
    return Maximum(theta, here.value, evaluations, False), here


def _surely_nearer(here: Expansion, there: Expansion, theta: Float, decrement: float) -> bool:
    """Whether a step of no visible gain leads towards the maximum all the same: the next one is at most half as long.

    The terms of J may be large and cancel (-x.Lambda x/2 over correlated coordinates), and its rounding far larger than
    that of J: then values end the climb while gradients still tell the way.
    """
    unseen = _UNSEEN * max(1.0, abs(here.value))
    if decrement**2 > unseen or there.value < here.value - unseen:
        return False
    _, exact, next_decrement = _proximal_step(there, theta)
    return exact and next_decrement <= 0.5 * decrement


def off_valleys(objective: Objective, end: Maximum, width: float) -> tuple[Float | None, int]:
    """A higher point beside an end that lies on kinks of the noise, None where there is none or none is found;
    evaluations used.

    On either side of such a kink J is |v| times a force higher than the quadratic's plain gradient says. A step is
    tried for each choice of sides (the two by the gradient where there are many kinks), the one of the steepest rise
    first.
    """
    here = objective.expand(end.theta, width)
    kinks, evaluations = here.kinks, 1
    pulls = kinks.valleys * kinks.valley_weights[:, None]
    if len(pulls) <= _MOST_SIDES:
        sides = [np.array(s) for s in itertools.product((1.0, -1.0), repeat=len(pulls))]
    else:
        along = np.where(kinks.valleys @ here.gradient >= 0.0, 1.0, -1.0)
        sides = [along, -along]
    steps = [
        _proximal_step(replace(here, gradient=here.gradient + s @ pulls), end.theta)[0]
        for s in sides
    ]
    # Where no quadratic leads off: across one kink, as far as the ridges that are met let go; and along one coordinate.
    reaches = np.linalg.norm(kinks.directions, axis=1) * float(np.linalg.norm(end.theta))
    met = np.abs(kinks.arguments) <= ACTIVE * reaches
    across = pulls[: 10 * len(end.theta)]
    held = kinks.directions[met]
    if len(held):
        across = across - across @ np.linalg.pinv(held) @ held
    room = 0.1 * float(np.abs(end.theta).max())
    lengths = np.maximum(np.linalg.norm(across, axis=1), 1e-300)
    more = np.concatenate([across / lengths[:, None], np.eye(len(end.theta))]) * room
    tried = []
    for step in [*steps, *more, *-more]:
        length = float(np.linalg.norm(step))
        if 0.0 < length < math.inf:
            along = kinks.directions @ step
            # A ridge that is near but not met is a slope yet, not a loss both ways.
            ridges = float(
                kinks.weights @ np.where(met, np.abs(along), np.sign(kinks.arguments) * along)
            )
            rise = float(here.gradient @ step) - ridges + float(np.abs(pulls @ step).sum())
            tried.append((rise / length, step))
    for slope, step in sorted(tried, key=lambda one: -one[0]):
        length = 1.0
        while slope > 0.0 and length > 1e-9:
            trial = end.theta + length * step
            value = objective(trial)[0]
            evaluations += 1
            if value > end.value + 10.0 * _ROUNDING * max(1.0, abs(end.value)):
                return trial, evaluations
            length *= 0.3
    return None, evaluations


def _proximal_step(here: Expansion, theta: Float) -> tuple[Float, bool, float]:
    """The step, whether it is exact, and its length in the metric of the curvature."""
    kinks, curvature = here.kinks, positive_definite(here.curvature)
    solved = solve_kinked_quadratic(
        here.gradient,
        curvature,
        -here.hessian,
        kinks.directions,
        kinks.arguments,
        kinks.weights,
    )
    if not solved.exact:
        # Dependent ridges (points on a line) are met together or not at all: what rounding leaves of their arguments
        # would have it otherwise.
        met = np.abs(kinks.arguments) <= _MET * (np.abs(kinks.directions) @ np.abs(theta))
        again = solve_kinked_quadratic(
            here.gradient,
            curvature,
            -here.hessian,
            kinks.directions,
            np.where(met, 0.0, kinks.arguments),
            kinks.weights,
        )
        solved = again if again.exact else solved
    with np.errstate(over="ignore", invalid="ignore"):
        squared = float(solved.step @ curvature @ solved.step)
    return solved.step, solved.exact, math.sqrt(squared) if squared >= 0.0 else math.inf
