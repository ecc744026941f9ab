"""What an implementation may choose without being wrong: the sense, the reduction, and the sign of c.

A choice has to be declared. Undeclared, it fails, and the report prints the declaration that would make it pass.

Conventions
-----------
sense      "maximise" (J <= 0, ours) or "minimise" (the loss -J)
reduction  "per_data"  the sums over n_data (ours, J12)       factor 1
           "half"      half of it (P10's J_T, where nu = 1)            1/2
           "sum"       no division                                     n_data
           "mean"      the sums over all n_data + n_noise points       n_data/(n_data + n_noise)
what a sense and a reduction do not touch: kernels, densities, and outputs that do not follow the value
(``Output.follows_value``)
choices    words of the objective's own (``Objective.choices``): the temperature's inverse, views in another order; none
           by default
c_sign     "added": ln p_m = ln p_m0 + c, c = -ln Z (ours); "subtracted": ln p_m = ln p_m0 - c, c = ln Z
noise_ratio   "sizes": nu = n_noise/n_data (ours); "one": the objective of nu = 1 for any sizes, mean_x ln sigma(G) +
           mean_y ln sigma(-G), no ln nu. No factor, but another objective (``objectives.with_noise_ratio``), for which
           n_noise counts as n_data: so "mean" is a half of it
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from nce_ref.oracle.families.base import Choice, Objective

SENSES = ("maximise", "minimise")
REDUCTIONS = ("per_data", "half", "sum", "mean")
C_SIGNS = ("added", "subtracted")
NOISE_RATIOS = ("sizes", "one")
_CHOICES = {
    "sense": SENSES,
    "reduction": REDUCTIONS,
    "c_sign": C_SIGNS,
    "noise_ratio": NOISE_RATIOS,
}


@dataclass(frozen=True)
class Convention:
    """What an implementation computes, in a few words; the default is the package's own. ValueError for any other
    word."""

    sense: str = "maximise"
    reduction: str = "per_data"
    c_sign: str = "added"
    choices: tuple[str, ...] = ()
    noise_ratio: str = "sizes"

    def __post_init__(self) -> None:
        if isinstance(self.choices, str) or not all(isinstance(word, str) for word in self.choices):
            raise ValueError(f"choices: got {self.choices!r}; expected a tuple of words")
        object.__setattr__(self, "choices", tuple(self.choices))
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name}: got {getattr(self, name)!r}; expected one of {', '.join(choices)}"
                )

    def __str__(self) -> str:
        """The call that declares it, in the fewest words: ``oracle.Convention(sense="minimise")``."""
        said = [
            _said(field.name, getattr(self, field.name))
            for field in fields(self)
            if getattr(self, field.name) != field.default
        ]
        return f"oracle.Convention({', '.join(said)})"

    def inputs(self, objective: Objective, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The vector's inputs as an implementation under this convention takes them: c changes its sign."""
        flipped = self.c_sign == "subtracted"
        for choice in self.chosen(objective):
            inputs = choice.theirs(inputs)
        return {
            name: -value if flipped and name == objective.constant else value
            for name, value in inputs.items()
        }

    def ours(self, objective: Objective, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The way back: inputs as the implementation takes them, as a vector has them."""
        for choice in reversed(self.chosen(objective)):
            inputs = choice.ours(inputs)
        return replace(self, choices=()).inputs(objective, inputs)

    def chosen(self, objective: Objective) -> tuple[Choice, ...]:
        """The objective's choices by these words. Raises ValueError for a word that is none, and for two of one
        kind."""
        known = {choice.word: choice for choice in objective.choices}
        if unknown := [word for word in self.choices if word not in known]:
            names = ", ".join(known) or "none"
            raise ValueError(f"choices: got {unknown[0]!r}; {objective.name} has {names}")
        found = tuple(known[word] for word in self.choices)
        if len({choice.of for choice in found}) < len(found):
            raise ValueError(f"choices: got {self.choices!r}; expected one of a kind")
        return found

    def factor(self, objective: Objective, output: str, inputs: Mapping[str, Any]) -> float:
        """What the vector's expected output is multiplied by under this convention."""
        factor = 1.0
        if objective.is_mean and objective.output(output).follows_value:
            if self.reduction != objective.reduction:  # else the sizes make no difference
                n_data, n_noise = objective.sample_sizes(inputs)
                n_noise = n_data if self.noise_ratio == "one" else n_noise
                of = {
                    "per_data": 1.0,
                    "half": 0.5,
                    "sum": float(n_data),
                    "mean": n_data / (n_data + n_noise),
                }
                factor = of[self.reduction] / of[objective.reduction]
            factor = -factor if self.sense != objective.sense else factor
        turned = objective.constant is not None and objective.constant in (
            output,
            objective.output(output).derivative_of,
        )
        return -factor if turned and self.c_sign == "subtracted" else factor


OURS = Convention()


def own_convention(
    objective: Objective,
    sense: str | None = None,
    reduction: str | None = None,
    c_sign: str | None = None,
    choices: tuple[str, ...] = (),
    noise_ratio: str | None = None,
) -> Convention:
    """What the stored numbers of an objective are (``OURS``, but for those that everybody writes as a loss), the words
    given apart."""
    return Convention(
        sense or objective.sense,
        reduction or objective.reduction,
        c_sign or OURS.c_sign,
        choices,
        noise_ratio or objective.noise_ratio,
    )


def declaration(convention: Convention, objective: Objective) -> str:
    """The call that declares it for an objective, whose own words it says where they are turned: never an empty call
    then."""
    own = own_convention(objective)
    said = [
        _said(field.name, word)
        for field in fields(convention)
        if (word := getattr(convention, field.name)) != field.default
        or word != getattr(own, field.name)
    ]
    return f"oracle.Convention({', '.join(said)})"


def _said(name: str, word: str | tuple[str, ...]) -> str:
    return f'{name}="{word}"' if isinstance(word, str) else f"{name}={list(word)}".replace("'", '"')


def sample_sizes(objective: Objective, inputs: Mapping[str, Any]) -> tuple[float, float]:
    """(n_data, n_noise) of a vector; n_noise is 0 where there is no noise sample."""
    return objective.sample_sizes(inputs)


def all_conventions() -> Iterator[Convention]:
    """Every combination that is a factor, ``OURS`` first."""
    return (
        Convention(sense, reduction, c_sign)
        for sense, reduction, c_sign in itertools.product(SENSES, REDUCTIONS, C_SIGNS)
    )
