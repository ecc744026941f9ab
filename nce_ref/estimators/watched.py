"""A climb that is counted, bounded and interrupted: whatever stops it, the best theta so far is kept.

Every evaluation of the objective passes here on its way to the climber. Values of the objective itself are remembered,
the highest with its theta; those of a smoothed or thinned stand-in are not comparable, so of these the last accepted
theta is kept, and looked at once when the climb is stopped.

Conventions
-----------
theta   (n_params,)   in the coordinates of the climb
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nce_ref._checks import Float, as_count
from nce_ref.objectives.base import ACTIVE, Expansion, Objective

INTERRUPTED, SPENT = "interrupted", "budget spent"


class BudgetSpentError(Exception):
    """``max_evaluations`` evaluations have been made, and the climber asked for one more."""


@dataclass(frozen=True)
class Reached:
    """The best theta so far, its value, and the gradient's norm there, inf where it has not been seen."""

    theta: Float
    value: float
    slope: float


class Watch:
    """Counts the evaluations of all starts of a fit, at most ``limit`` of them, and keeps the best theta of the one
    that is climbing."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = None if limit is None else as_count("max_evaluations", limit)
        self.used = 0
        self._best: Reached | None = None
        self._accepted: Float | None = None

    def begin(self, theta: Float, value: float, gradient: Float) -> None:
        """Start at theta, where the objective has this value."""
        self._best, self._accepted = Reached(theta, value, float(np.linalg.norm(gradient))), None

    def count(self) -> None:
        """One evaluation is about to be made."""
        if self.used == self.limit:
            raise BudgetSpentError
        self.used += 1

    def seen(self, theta: Float, value: float, slope: float) -> None:
        """The objective itself was evaluated."""
        if self._best is not None and value > self._best.value:
            self._best = Reached(np.array(theta), value, slope)

    def accepted(self, theta: Float) -> None:
        """The climber has taken a step, on the objective or on a stand-in."""
        self._accepted = np.array(theta)

    def best(self, objective: Objective) -> Reached | None:
        """The best so far; None where the climb had not begun. Costs one evaluation at most, and a second Ctrl-C in it
        does no harm."""
        if self._best is not None and self._accepted is not None:
            theta, self._accepted = self._accepted, None
            try:
                with np.errstate(over="ignore", invalid="ignore"):
                    value, gradient = objective(theta)
                self.seen(theta, value, float(np.linalg.norm(gradient)))
            except (KeyboardInterrupt, ValueError):
                pass
        return self._best

    def words(self, stop: BaseException) -> tuple[str, str]:
        """The status, and what happened."""
        if isinstance(stop, BudgetSpentError):
            return SPENT, f"max_evaluations = {self.limit} evaluations are used up"
        return INTERRUPTED, f"stopped by hand after {self.used} evaluations"


class Watched:
    """An objective that tells a ``Watch`` of each evaluation; ``own``: it is the objective itself, not smoothed, not
    thinned."""

    def __init__(self, objective: Objective, watch: Watch, own: bool = True) -> None:
        self._objective, self._watch, self._own = objective, watch, own
        self.n_data = objective.n_data

    @property
    def n_params(self) -> int:
        """Length of theta."""
        return self._objective.n_params

    def __call__(self, theta: Float) -> tuple[float, Float]:
        """(value, gradient)."""
        self._watch.count()
        value, gradient = self._objective(theta)
        self._tell(theta, value, gradient)
        return value, gradient

    def second_order(self, theta: Float) -> tuple[float, Float, Float]:
        """(value, gradient, Hessian)."""
        self._watch.count()
        value, gradient, hessian = self._objective.second_order(theta)
        self._tell(theta, value, gradient)
        return value, gradient, hessian

    def expand(self, theta: Float, width: float = ACTIVE) -> Expansion:
        """The expansion at theta; its gradient is the objective's where no kink is near."""
        self._watch.count()
        here = self._objective.expand(theta, width)
        smooth = not len(here.kinks.directions) and not len(here.kinks.valleys)
        self._tell(theta, here.value, here.gradient if smooth else None)
        return here

    def smoothed(self, epsilon: float) -> Watched:
        """The smoothed objective, watched; a smooth model is its own."""
        other = self._objective.smoothed(epsilon)
        return Watched(other, self._watch, self._own and _the_same(other, self._objective))

    def thinned(self, n_points: int) -> Watched:
        """The objective of some points, watched."""
        other = self._objective.thinned(n_points)
        return self if other is self._objective else Watched(other, self._watch, False)

    def _tell(self, theta: Float, value: float, gradient: Float | None) -> None:
        if self._own:
            slope = math.inf if gradient is None else math.sqrt(float(gradient @ gradient))
            self._watch.seen(theta, value, slope)


def each_step(watch: Watch, callback: Callable[[Float], object] | None) -> Callable[[Float], None]:
    """A climber's callback that tells the watch, and then ``callback``."""

    def step(theta: Float) -> None:
        watch.accepted(theta)
        if callback is not None:
            callback(theta)

    return step


def _the_same(one: Objective, other: Objective) -> bool:
    """Whether nothing was exchanged in a copy: a smooth model is its own smoothed one."""
    mine, others = vars(one), vars(other)
    return mine.keys() == others.keys() and all(mine[name] is others[name] for name in mine)
