"""What an objective is described with: its outputs, what can be said of its arguments, where it has no derivative, what
judges an estimate.

``base`` has the objective itself, and every name of this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from nce_ref._checks import Float

Array = NDArray[Any]
Pullback = Callable[[Array], tuple[Array, Any]]
Shape = tuple[str, ...]
Inputs = Mapping[str, Any]
Outputs = dict[str, Any]
Scales = dict[str, Any]
Certificate = dict[str, Any]
Test = Callable[[Inputs], bool]
Feature = Callable[[Inputs], float]


@dataclass(frozen=True)
class Output:
    """One number or array that an implementation may return; ``derivative_of`` names the argument it differentiates by.

    ``tolerance``      the class of its allowance, a key of ``tolerance.K``
    ``follows_value``  sense and reduction apply to it, where they apply to the value at all
    ``is_decision``    0 or 1; booleans will do
    """

    name: str
    shape: Shape
    derivative_of: str | None = None
    follows_value: bool = True
    is_decision: bool = False
    tolerance: str = "kernel"


@dataclass(frozen=True)
class Facts:
    """What can be said of some arguments that several objectives share.

    ``flags``       words that a vector carries where they hold
    ``properties``  what a hint may say of the failing vectors: "where det B < 0"
    ``offsets``     numbers that an error may be a multiple of: "ln|det B|"
    ``refuses``     what a vector may not be: complaints, one a line
    """

    flags: Mapping[str, Test] = field(default_factory=dict)
    properties: Mapping[str, Test] = field(default_factory=dict)
    offsets: Mapping[str, Feature] = field(default_factory=dict)
    refuses: Callable[[Inputs], Iterable[str]] = lambda inputs: ()


@dataclass(frozen=True)
class Ridges:
    """Where |s| with s = b_i . u has no derivative: another one in [-1, 1] is a choice, ``mistake`` in the catalogue.

    ``argument``  the matrix of the rows b_i, by which the derivative is taken
    ``columns``   for each row, -sqrt(2) w_t u_t of the points with b_i . u_t = 0, (n_dim, number of them), w_t = d
                  value/d ln p_m(u_t)
    """

    mistake: str
    argument: str
    columns: Callable[[Inputs], list[Float]]


@dataclass(frozen=True)
class Corners:
    """Where max(z, 0) has no derivative: the other ``slopes`` there that frameworks take are choices, ``mistake`` in
    the catalogue."""

    mistake: str
    slopes: tuple[float, ...]
    outputs: Callable[[float, Inputs], Outputs]


@dataclass(frozen=True)
class Fitted:
    """An explanation whose numbers were fitted: what it returns on all vectors in one line, and the words of the
    report.

    ``declare``  (sense, reduction, whether c has the other sign), where that is part of it
    """

    prediction: Float
    id: str
    title: str
    effect: str
    evidence: str
    fix: str
    declare: tuple[str, str, bool] | None = None


@dataclass(frozen=True)
class Tools:
    """What judges an estimate; theta is (the matrix, the constant), as the model packs it.

    ``objective``   inputs -> the package's own objective there: called with theta, it gives value and gradient
    ``aligned``     (theta, other) -> theta in the order and with the signs of ``other``
    ``directions``  (matrix, inputs, curvature) -> a basis of what can be asked there, the curvature in it
    ``hints``       what failing estimates have in common, from the diagnosis's answers
    """

    objective: Callable[[Inputs], Any]
    aligned: Callable[[Float, Float], Float]
    directions: Callable[[Float, Inputs, Float], tuple[Float, Float]]
    hints: Callable[[Any], tuple[str, ...]]
