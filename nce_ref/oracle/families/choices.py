"""What an implementation may choose beside sense, reduction and the sign of c: how an argument is given, how rows are
ordered.

An objective lists its choices (``Objective.choices``); a convention declares them by their words
(``Convention.choices``).

Conventions
-----------
ours, theirs   inputs and outputs as the vectors have them, as the implementation takes and returns them
factor, order  an output of theirs is factor x ours[order], the order being that of the rows
given          what an implementation with this choice makes of inputs that are not turned: so it is recognised where it
               is not declared
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Inputs = Mapping[str, Any]
Order = NDArray[np.intp]
MEAN = "mean"  # the kind of choices that are another factor


@dataclass(frozen=True, eq=False)
class Choice:
    """One of them.

    ``word``   declares it
    ``of``     what is chosen: one word of each may be declared
    ``title``  what the implementation does, in one line
    ``given``  (inputs) -> its outputs on them, see above; None: the right outputs, turned
    """

    word: str
    of: str
    title: str
    theirs: Callable[[Inputs], Inputs] = lambda inputs: inputs
    ours: Callable[[Inputs], Inputs] = lambda inputs: inputs
    factor: Callable[[str, Inputs], float] = lambda output, inputs: 1.0
    order: Callable[[str, Inputs], Order | None] = lambda output, inputs: None
    given: Callable[[Inputs], Mapping[str, Any]] | None = None


def turned(choices: Iterable[Choice], output: str, array: Any, inputs: Inputs) -> Any:
    """An output of ours as theirs, ``inputs`` ours."""
    for choice in choices:
        order = choice.order(output, inputs)
        array = (array if order is None else array[order]) * choice.factor(output, inputs)
    return array


def turned_back(choices: Iterable[Choice], output: str, array: Any, inputs: Inputs) -> Any:
    """An output of theirs as ours, ``inputs`` ours."""
    for choice in reversed(tuple(choices)):
        array = np.asarray(array) / choice.factor(output, inputs)
        if (order := choice.order(output, inputs)) is not None:
            array = array[np.argsort(order)]
    return array


def other_mean(word: str, title: str, factor: Callable[[Inputs], float]) -> Choice:
    """Another reduction: the value and all derivatives multiplied."""
    return Choice(word, MEAN, title, factor=lambda output, inputs: factor(inputs))


def parameter(
    word: str,
    argument: str,
    title: str,
    theirs: Callable[[float], float],
    ours: Callable[[float], float],
    slope: Callable[[float], float],
    given: Callable[[Inputs], Mapping[str, Any]] | None = None,
) -> Choice:
    """Another parameter in an argument's place: ``slope(x)`` is d ours/d theirs at x, ours."""
    return Choice(
        word,
        argument,
        title,
        lambda inputs: {**inputs, argument: theirs(inputs[argument])},
        lambda inputs: {**inputs, argument: ours(inputs[argument])},
        lambda output, inputs: slope(inputs[argument]) if output == f"grad_{argument}" else 1.0,
        given=given,
    )


def reordered(word: str, title: str, order: Callable[[int], Order], *arguments: str) -> Choice:
    """The rows of some arguments, and of the derivatives by them, in another order: theirs[k] = ours[order[k]]."""

    def turn(back: bool) -> Callable[[Inputs], Inputs]:
        def change(inputs: Inputs) -> Inputs:
            orders = {name: order(len(inputs[name])) for name in arguments}
            rows = {name: np.argsort(o) if back else o for name, o in orders.items()}
            return {**inputs, **{name: inputs[name][rows[name]] for name in arguments}}

        return change

    def of_output(output: str, inputs: Inputs) -> Order | None:
        name = output.removeprefix("grad_")
        return order(len(inputs[name])) if name in arguments else None

    return Choice(word, "order", title, turn(False), turn(True), order=of_output)
