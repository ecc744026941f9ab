"""Steps, of which an objective's answer is made, and the mistakes that replace one of them.

``base`` has every name of this file.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from nce_ref.oracle.families.parts import Inputs, Outputs

# That of base.py, which imports this file.
Objective: TypeAlias = Any


class Steps:
    """The right steps of an objective in plain NumPy: families inherit from this, a mistake replaces one of their
    steps.

    Every step returns its value together with its slope or its pullback, as a framework with automatic differentiation
    does. So a slip in a step gives a wrong function with the gradient of that wrong function, and no finite difference
    will ever notice. Slips of the hand, a wrong gradient of the right value, go into ``finish``, which sees the answer
    last.
    """

    def is_possible(self, objective: Objective) -> bool:
        """Whether ``finish`` has something to spoil there."""
        return True

    def finish(self, objective: Objective, inputs: Inputs, outputs: Outputs) -> Outputs:
        """The last word, for slips of the hand in a gradient: ``outputs`` is fresh and may be changed."""
        return outputs


@dataclass(frozen=True)
class Number:
    """A number by which mistakes differ alone: an epsilon, a limit. A diagnosis tries those that are ``known``, then
    fits one.

    ``known``  seen in the wild, the first being the mistake's own; each of the others was once a mistake, ``id`` says
               which
    """

    symbol: str
    steps: Callable[[float], Any]
    known: tuple[float, ...]

    def id(self, stem: str, value: float) -> str:
        """What the mistake with this number was called: ``eps-in-log-1e-4``, ``clip-logits-10``."""
        if value == self.known[0]:
            return stem
        text = f"{value:g}" if value >= 1.0 else f"{value:.0e}".replace("e-0", "e-")
        return f"{stem}-{text}"


@dataclass(frozen=True, eq=False)
class Mistake:
    """One way to be wrong: the right steps with one or some of them replaced.

    ``id``          short and stable: what vectors name in ``kills`` and reports print
    ``title``       what the code does, in one line
    ``steps``       the steps with the slip; ``is_made_at`` says at which objectives it can be made
    ``effect``      what it does to an estimate
    ``fix``         the right formula, and the slip beside it
    ``seen``        where it was seen, or "-"
    ``choice``      a documented choice rather than an error (the kink's derivative)
    ``arithmetic``  rounding and overflow decide what comes out: it varies with the code, and is compared accordingly
    ``gradient``    a slip of the hand in a derivative, or an arithmetic one: the value is right
    ``number``      what it may have another value of, fitted by a diagnosis
    ``only``        the objectives where it is one, where ``is_made_at`` finds too many
    ``flat``        made where the noise is laid out flat, and written for no other layout
    ``places``      the objectives where it can be made, filled in by the catalogue
    ``at_one``      those with nu = 1 whatever the sizes (``Family.at_one``), likewise
    ``declares``    the convention's word for ``noise_ratio`` under which it is right
    """

    id: str
    title: str
    steps: Any
    effect: str
    fix: str
    seen: str = "-"
    choice: bool = False
    arithmetic: bool = False
    gradient: bool = False
    number: Number | None = None
    only: tuple[str, ...] = ()
    flat: bool = False
    places: tuple[Objective, ...] = ()
    at_one: tuple[Objective, ...] = ()
    declares: str = ""

    @property
    def objectives(self) -> tuple[str, ...]:
        """The names of the places."""
        return tuple(objective.name for objective in self.places)

    def is_made_at(self, objective: Objective) -> bool:
        """Whether the objective has a step that it replaces, and a derivative where it is a slip in one; ``only`` has
        the last word.

        An objective in ``only`` stands for all its layouts that have such a step.
        """
        if self.id in objective.right_there or (self.flat and objective.layout != "flat"):
            return False
        if objective.name in self.only:
            return True
        if self.only and objective.base not in self.only:
            return False
        if self.gradient and not any(output.derivative_of for output in objective.outputs):
            return False
        return replaces(self.steps, objective)

    def evaluate(self, objective: str, inputs: Inputs, value: float | None = None) -> Outputs:
        """What an implementation with it returns, in the inputs' dtype; ``value``: of its number. KeyError where it
        cannot be made."""
        place = {place.name: place for place in (*self.places, *self.at_one)}[objective]
        return place.evaluate(laid_over(self.with_value(value), place.right), inputs)

    def with_value(self, value: float | None) -> Any:
        """The steps with this number, or its own."""
        return self.steps if value is None or self.number is None else self.number.steps(value)


def replaces(steps: Any, objective: Objective) -> bool:
    """Whether these are not the right steps of an objective."""
    return bool(replaced(steps, objective))


def replaced(steps: Any, objective: Objective) -> set[str]:
    """The names of the steps that are not the right ones of an objective."""
    right = objective.right
    if isinstance(steps, Steps) != isinstance(right, Steps):
        return set()
    shared = type(right).__mro__
    own = [vars(steps), *(vars(kind) for kind in type(steps).__mro__ if kind not in shared)]
    different = {
        name
        for names in own
        for name in names
        if not name.startswith("_")
        and name != "is_possible"
        and hasattr(right, name)
        and _step(steps, name) != _step(right, name)
        and not _is_overridden(steps, name, right)
    }
    if isinstance(steps, Steps) and not steps.is_possible(objective):
        different -= {"finish"}
    return different


def _is_overridden(steps: Any, name: str, right: Any) -> bool:
    """Whether a step is that of a class from which the right steps inherit: laid over them, it gives way to theirs."""
    if name in vars(steps):
        return False
    definer = next((kind for kind in type(steps).__mro__ if name in vars(kind)), None)
    return definer in type(right).__mro__


def _step(steps: Any, name: str) -> Any:
    """The function behind a step, or a number."""
    found = getattr(steps, name)
    return getattr(found, "__func__", found)


def laid_over(steps: Any, *others: Any) -> Any:
    """Steps that have what ``steps`` replace, for the rest those of ``others``. TypeError where their order contradicts
    itself."""
    others = tuple(other for other in others if not isinstance(steps, type(other)))
    if not others:
        return steps
    both: Any = object.__new__(_together(tuple(type(one) for one in (steps, *others))))
    for one in reversed((steps, *others)):
        both.__dict__.update(one.__dict__)
    return both


@functools.lru_cache(maxsize=1 << 12)
def _together(kinds: tuple[type, ...]) -> type:
    """One class of these, made once."""
    return type("_".join(kind.__name__ for kind in kinds), kinds, {})
