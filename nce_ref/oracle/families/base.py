"""What a family is made of: objectives that say all that the judge asks of them, relatives, and the one list's entries.

Conventions
-----------
inputs     a vector's arguments by name: float64 arrays and floats, unless a dtype is named; nothing is written to them
outputs    a dict from the objective's output names, any subset
sizes      {axis: length}, the axes being the words in the arguments' shapes; nu is always n_noise/n_data
stored     the numbers of the vectors: under the objective's own ``sense`` and ``reduction``, c added
imports    a family imports this file, older families, ``numbers`` and the package below the oracle, nothing else of the oracle: all of
           that asks the families. What needs more (half of the package, the catalogue) is imported where it is used
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float
from nce_ref.oracle.numbers.logarithms import DIGITS

Array = NDArray[Any]
Pullback = Callable[[Array], tuple[Array, Any]]
Shape = tuple[str, ...]
Inputs = Mapping[str, Any]
Outputs = dict[str, Any]
Scales = dict[str, Any]
Certificate = dict[str, Any]
Test = Callable[[Inputs], bool]
Feature = Callable[[Inputs], float]

LOG_2 = math.log(2.0)


class Steps:
    """The right steps of an objective in plain NumPy: families inherit from this, a mistake replaces one of their steps.

    Every step returns its value together with its slope or its pullback, as a framework with automatic differentiation does. So
    a slip in a step gives a wrong function with the gradient of that wrong function, and no finite difference will ever notice.
    Slips of the hand, a wrong gradient of the right value, go into ``finish``, which sees the answer last.
    """

    def is_possible(self, objective: Objective) -> bool:
        """Whether ``finish`` has something to spoil there."""
        return True

    def finish(self, objective: Objective, inputs: Inputs, outputs: Outputs) -> Outputs:
        """The last word, for slips of the hand in a gradient: ``outputs`` is fresh and may be changed."""
        return outputs


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
    ``columns``   for each row, -sqrt(2) w_t u_t of the points with b_i . u_t = 0, (n_dim, number of them), w_t = d value/d ln p_m(u_t)
    """

    mistake: str
    argument: str
    columns: Callable[[Inputs], list[Float]]


@dataclass(frozen=True)
class Corners:
    """Where max(z, 0) has no derivative: the other ``slopes`` there that frameworks take are choices, ``mistake`` in the catalogue."""

    mistake: str
    slopes: tuple[float, ...]
    outputs: Callable[[float, Inputs], Outputs]


@dataclass(frozen=True)
class Fitted:
    """An explanation whose numbers were fitted: what it returns on all vectors in one line, and the words of the report.

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


@dataclass(frozen=True)
class Argmax:
    """What an estimate maximises.

    ``of``      the objective whose maximum it is
    ``matrix``  its argument, and the output, by which it is judged; the other is ``of.constant``
    ``tools``   what judges it, imported when it is asked for: it needs half of the package, a function's values none of it
    """

    of: Objective
    matrix: str
    tools: Callable[[], Tools]


@dataclass(frozen=True)
class Objective:
    """One function to be judged: all that is asked about it, here.

    ``is_mean``      it sums over samples, so sense and reduction (``Convention``) apply to it
    ``kind``         "function": outputs are compared number by number; "covariance": the same, to the digits of a quadrature;
                     "estimate": any certified maximum as good as the stored one passes
    ``sense``, ``reduction``   those of the stored numbers, and what an implementation is taken to have if it says nothing
    ``constant``     the argument or output that may have the other sign: c

    Its numbers
    ``exact``        (**inputs, digits=) -> outputs as decimals; ``method`` says how, ``digits`` how many are stored
    ``many``   the same for many samples, faster: (**inputs, digits=), right to 10^-(digits + 4) relatively
    ``make``         (inputs, certificate) -> (outputs, certificate), where there is more to it than ``exact``
    ``scales``       (**inputs, want=) -> the size of what rounds in each output
    ``right``        the right steps; ``answer`` (steps, **inputs) -> outputs by these steps

    Where it is hard, float64 in, read for flags and hints
    ``log_sigmoids``   the arguments t of every ln sigma(t), one array a sample: far below 0 is a tail
    ``exponents``      what a plain form takes exp of: beyond 89 it overflows in float32
    ``saturating``     what a saturating function is taken of, an array a layer
    ``n_kinks``        how many points are at a kink exactly; ``kink`` which other derivative there is a choice
    ``visited``        what changes sign at a kink on the way of a trajectory, an array a step

    What else there is to it
    ``facts``        of its arguments, see ``Facts``
    ``follows``      arguments that follow from the sizes of the others: {name: (sizes) -> number}
    ``draws``        arguments that have to fit each other, or stay in a range, drawn for a search: (rng, sizes) -> {name: array}
    ``symmetric``    the arguments that are symmetric matrices
    ``derived``      sizes of its outputs that follow from those of its arguments
    ``dimensions``   the axes' names that only this family has, in words
    ``falls_for_ever``   its value has no floor, so that one that returns twice is a clip
    ``fit``          the diagnosis's answers -> a fitted explanation, where there is a formula to fit
    ``argmax``       what an estimate maximises
    ``cancels``      steps that give a constant which cancels out of it: a slip in one of them is none
    """

    name: str
    arguments: dict[str, Shape]
    outputs: tuple[Output, ...]
    formula: str
    source: str
    is_mean: bool = False
    kind: str = "function"
    sense: str = "maximise"
    reduction: str = "per_data"
    constant: str | None = None
    exact: Callable[..., Outputs] | None = None
    many: Callable[..., Outputs] | None = None
    make: Callable[[Inputs, Certificate], tuple[Outputs, Certificate]] | None = None
    method: str = ""
    digits: int = DIGITS
    scales: Callable[..., Scales] | None = None
    right: Any = None
    answer: Callable[..., Outputs] | None = None
    log_sigmoids: Callable[[Inputs], tuple[Float, ...]] = lambda inputs: ()
    exponents: Callable[[Inputs], Float] = lambda inputs: np.empty(0)
    saturating: Callable[[Inputs], Sequence[Float]] = lambda inputs: ()
    n_kinks: Callable[[Inputs], int] = lambda inputs: 0
    kink: Ridges | Corners | None = None
    visited: Callable[[Inputs], Sequence[Float]] = lambda inputs: ()
    facts: tuple[Facts, ...] = ()
    follows: Mapping[str, Callable[[Mapping[str, int]], float]] = field(default_factory=dict)
    draws: Callable[[np.random.Generator, Mapping[str, int]], Inputs] = lambda rng, sizes: {}
    symmetric: tuple[str, ...] = ()
    derived: Callable[[Mapping[str, int]], Mapping[str, int]] = lambda sizes: {}
    dimensions: Mapping[str, str] = field(default_factory=dict)
    falls_for_ever: bool = False
    fit: Callable[[Any], Fitted | None] | None = None
    argmax: Argmax | None = None
    cancels: tuple[str, ...] = ()

    def output(self, name: str) -> Output:
        """The output of that name; KeyError if there is none."""
        return {output.name: output for output in self.outputs}[name]

    def sizes(self, inputs: Inputs) -> dict[str, int]:
        """The length of every axis that the arguments have."""
        shapes = ((shape, np.shape(inputs[name])) for name, shape in self.arguments.items())
        return {axis: size for shape, got in shapes for axis, size in zip(shape, got)}

    def sample_sizes(self, inputs: Inputs) -> tuple[int, int]:
        """(n_data, n_noise); n_noise is 0 where there is no noise sample."""
        sizes = self.sizes(inputs)
        return sizes.get("n_data", 0), sizes.get("n_noise", 0)

    def evaluate(self, steps: Any, inputs: Inputs) -> Outputs:
        """The outputs by these steps, in the dtype of the inputs, without warnings: -inf and NaN are answers."""
        if self.answer is None:
            raise ValueError(
                f"{self.name}: got steps; an objective of kind {self.kind} is not computed by any"
            )
        with np.errstate(all="ignore"):
            outputs = self.answer(steps, **inputs)
            return steps.finish(self, inputs, outputs) if isinstance(steps, Steps) else outputs

    def made(self, inputs: Inputs, certificate: Certificate) -> tuple[Outputs, Certificate]:
        """The outputs as decimals, and what a vector carries beside them."""
        if self.make is not None:
            return self.make(inputs, certificate)
        assert self.exact is not None
        return self.exact(**inputs, digits=self.digits), {}


@dataclass(frozen=True)
class Number:
    """A number by which mistakes differ alone: an epsilon, a limit. A diagnosis tries those that are ``known``, then fits one.

    ``known``  seen in the wild, the first being the mistake's own; each of the others was once a mistake, ``id`` says which
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
    ``places``      the objectives where it can be made, filled in by the catalogue
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
    places: tuple[Objective, ...] = ()

    @property
    def objectives(self) -> tuple[str, ...]:
        """The names of the places."""
        return tuple(objective.name for objective in self.places)

    def is_made_at(self, objective: Objective) -> bool:
        """Whether the objective has a step that it replaces, and a derivative where it is a slip in one; ``only`` has the last word."""
        if self.only:
            return objective.name in self.only
        if self.gradient and not any(output.derivative_of for output in objective.outputs):
            return False
        return replaces(self.steps, objective)

    def evaluate(self, objective: str, inputs: Inputs, value: float | None = None) -> Outputs:
        """What an implementation with it returns, in the inputs' dtype; ``value``: of its number. KeyError where it cannot be made."""
        place = {place.name: place for place in self.places}[objective]
        return place.evaluate(laid_over(self.with_value(value), place.right), inputs)

    def with_value(self, value: float | None) -> Any:
        """The steps with this number, or its own."""
        return self.steps if value is None or self.number is None else self.number.steps(value)


def replaces(steps: Any, objective: Objective) -> bool:
    """Whether these are not the right steps of an objective."""
    right = objective.right
    if isinstance(steps, Steps) != isinstance(right, Steps):
        return False
    ignored = ("is_possible", *objective.cancels)
    names = [name for name in dir(right) if not name.startswith("_") and name not in ignored]
    different = {
        name for name in names if hasattr(steps, name) and _step(steps, name) != _step(right, name)
    }
    if isinstance(steps, Steps) and not steps.is_possible(objective):
        different -= {"finish"}
    return bool(different)


def _step(steps: Any, name: str) -> Any:
    """The function behind a step, or a number."""
    found = getattr(steps, name)
    return getattr(found, "__func__", found)


def laid_over(steps: Any, *others: Any) -> Any:
    """Steps that have what ``steps`` replace, for the rest those of ``others``. TypeError where their order contradicts itself."""
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


@dataclass(frozen=True)
class Relative:
    """Another function of the same arguments, which may have been handed over in the place of ``at``.

    ``evaluate``  inputs of ``at`` -> what the other function makes of them
    ``use``       the objective to name instead; "" where none is the one, and ``title`` says what was computed
    """

    at: str
    id: str
    title: str
    use: str
    evaluate: Callable[[Inputs], Outputs]


@dataclass(frozen=True)
class Family:
    """Objectives that share their formulas, and what is known about them. A relative stands in the newer of two families.

    ``mistakes``  (title of a section, its mistakes), in reading order
    ``all_of_it`` all objectives in words, where the page of mistakes may say so
    """

    name: str
    objectives: tuple[Objective, ...]
    relatives: tuple[Relative, ...] = ()
    mistakes: tuple[tuple[str, tuple[Mistake, ...]], ...] = ()
    all_of_it: str = ""
