"""What a family is made of: objectives that say all that the judge asks of them, relatives, and the one list's entries.

Conventions
-----------
inputs     a vector's arguments by name: float64 arrays and floats, unless a dtype is named; nothing is written to them
outputs    a dict from the objective's output names, any subset
sizes      {axis: length}, the axes being the words in the arguments' shapes; nu is always n_noise/n_data
stored     the numbers of the vectors: under the objective's own ``sense`` and ``reduction``, c added
imports    a family imports this file (``parts``, ``slips`` and ``choices`` come with it), older families, ``numbers``
           and the package below the oracle, nothing else of the oracle: all of that asks the families. What needs more
           (half of the package, the catalogue) is imported where it is used
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.choices import MEAN, Choice, turned, turned_back
from nce_ref.oracle.families.parts import (
    Array,
    Certificate,
    Corners,
    Facts,
    Feature,
    Fitted,
    Inputs,
    Output,
    Outputs,
    Pullback,
    Ridges,
    Scales,
    Shape,
    Test,
    Tools,
)
from nce_ref.oracle.families.slips import Mistake, Number, Steps, laid_over, replaced, replaces
from nce_ref.oracle.numbers.logarithms import DIGITS

__all__ = [
    "AT_ONE",
    "Argmax",
    "Array",
    "Certificate",
    "Choice",
    "Corners",
    "Facts",
    "Family",
    "Feature",
    "Fitted",
    "Inputs",
    "LOG_2",
    "MEAN",
    "Mistake",
    "Number",
    "Objective",
    "Output",
    "Outputs",
    "Pullback",
    "Relative",
    "Ridges",
    "Scales",
    "Shape",
    "Steps",
    "Test",
    "Tools",
    "laid_over",
    "replaced",
    "replaces",
    "turned",
    "turned_back",
]

LOG_2 = math.log(2.0)
AT_ONE = "/one"  # how the name of an objective of nu = 1 ends, see ``Family.at_one``


@dataclass(frozen=True)
class Argmax:
    """What an estimate maximises.

    ``of``      the objective whose maximum it is
    ``matrix``  its argument, and the output, by which it is judged; the other is ``of.constant``
    ``tools``   what judges it, imported when it is asked for: it needs half of the package, a function's values none of
                it
    """

    of: Objective
    matrix: str
    tools: Callable[[], Tools]


@dataclass(frozen=True)
class Objective:
    """One function to be judged: all that is asked about it, here.

    ``name``         as users type it; ``name/layout`` where the noise is laid out otherwise than flat, see
                     ``Family.layouts``
    ``is_mean``      it sums over samples, so sense and reduction (``Convention``) apply to it
    ``kind``         "function": outputs are compared number by number; "covariance": the same, to the digits of a
                     quadrature; "estimate": any certified maximum as good as the stored one passes
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
    ``draws``        arguments that have to fit each other, or stay in a range, drawn for a search: (rng, sizes) ->
                     {name: array}
    ``symmetric``    the arguments that are symmetric matrices
    ``derived``      sizes of its outputs that follow from those of its arguments
    ``counts``       (inputs) -> (n_data, n_noise), the terms of the two sums, where they are not the lengths of these
                     axes
    ``masks``        {argument: another} whose entries count where the other's are 1, and may be infinite elsewhere
    ``dimensions``   the axes' names that only this family has, in words
    ``right_there``  ids of mistakes that cannot be made there, or are none, as those of nu are at nu = 1
    ``falls_for_ever``   its value has no floor, so that one that returns twice is a clip
    ``has_halves``   it is checked in types of 16 bits, too
    ``fit``          the diagnosis's answers -> a fitted explanation, where there is a formula to fit
    ``argmax``       what an estimate maximises
    ``choices``      how arguments may be given and numbers returned otherwise, see ``choices``
    """  # noqa: E501

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
    counts: Callable[[Inputs], tuple[float, float]] | None = None
    masks: Mapping[str, str] = field(default_factory=dict)
    dimensions: Mapping[str, str] = field(default_factory=dict)
    right_there: tuple[str, ...] = ()
    falls_for_ever: bool = False
    has_halves: bool = False
    fit: Callable[[Any], Fitted | None] | None = None
    argmax: Argmax | None = None
    choices: tuple[Choice, ...] = ()

    @property
    def base(self) -> str:
        """The name without the layout: what mistakes and relatives go by that are of all layouts."""
        return self.name.split("/")[0]

    @property
    def layout(self) -> str:
        """How the noise is laid out; "flat" where the name says nothing."""
        return self.name.split("/")[1] if "/" in self.name else "flat"

    @property
    def noise_ratio(self) -> str:
        """Which nu it is the objective of: that of the "sizes", or "one" whatever they are."""
        return "one" if self.name.endswith(AT_ONE) else "sizes"

    @property
    def stored(self) -> str:
        """The name under which its vectors are stored, and by which it is known where nu is that of the sizes."""
        name = self.name.removesuffix(AT_ONE)
        return name if name == self.name else name.removesuffix("/flat")

    @property
    def stem(self) -> str:
        """The name of its file."""
        return self.name.replace("/", ".")

    def output(self, name: str) -> Output:
        """The output of that name; KeyError if there is none."""
        return {output.name: output for output in self.outputs}[name]

    def sizes(self, inputs: Inputs) -> dict[str, int]:
        """The length of every axis that the arguments have."""
        shapes = ((shape, np.shape(inputs[name])) for name, shape in self.arguments.items())
        return {axis: size for shape, got in shapes for axis, size in zip(shape, got)}

    def sample_sizes(self, inputs: Inputs) -> tuple[float, float]:
        """(n_data, n_noise); n_noise is 0 where there is no noise sample. With weights, their sums."""
        if self.counts is not None:
            return self.counts(inputs)
        sizes = self.sizes(inputs)
        return sizes.get("n_data", 0), sizes.get("n_noise", 0)

    def counted_sizes(self, inputs: Inputs) -> dict[str, float]:
        """The length of every axis, with the samples' sizes as they count."""
        found: dict[str, float] = dict(self.sizes(inputs))
        if self.counts is not None:
            found["n_data"], found["n_noise"] = self.counts(inputs)
        return found

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
    """Objectives that share their formulas, and what is known about them. A relative stands in the newer of two
    families.

    ``mistakes``  (title of a section, its mistakes), in reading order
    ``layouts``   the objectives once more, their noise laid out otherwise: each an objective of its own, name/layout
    ``at_one``    objectives and layouts once more, as those of nu = 1 whatever the sizes (``Convention.noise_ratio``):
                  name/layout/one. They have no vectors of their own: the truth is taken on the others' inputs
    ``all_of_it`` all objectives in words, where the page of mistakes may say so
    """

    name: str
    objectives: tuple[Objective, ...]
    relatives: tuple[Relative, ...] = ()
    mistakes: tuple[tuple[str, tuple[Mistake, ...]], ...] = ()
    layouts: tuple[Objective, ...] = ()
    at_one: tuple[Objective, ...] = ()
    all_of_it: str = ""
