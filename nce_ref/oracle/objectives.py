"""What the oracle judges: every objective's arguments, outputs, shapes and formula. These names are the vectors'
format.

The objectives stand in ``families``; this is where they are asked for.

Conventions
-----------
arguments  handed over by name: arrays in the dtype of the check, scalars (shape ``()``) as Python floats
outputs    a dict from these names, any subset; what is not returned is unsupported, not wrong. A bare float or array is
           ``value``
shapes     in the words of ``DIMENSIONS``; points are rows; nu always equals n_noise/n_data
layouts    an objective whose noise is laid out otherwise than flat is one of its own, ``binary_nce/rows``:
           ``find_objective`` finds it
J          (1/n_data) [ sum_x ln h + sum_y ln(1 - h) ],  h = sigma(G - ln nu),  G = ln p_m - ln p_n: maximised, c is
           added
"""

from __future__ import annotations

from nce_ref.oracle.families import FAMILIES
from nce_ref.oracle.families.base import AT_ONE as ENDING
from nce_ref.oracle.families.base import Objective, Output, Shape
from nce_ref.oracle.words import did_you_mean

__all__ = [
    "AT_ONE",
    "DIMENSIONS",
    "EVERY",
    "LAYOUTS",
    "OBJECTIVES",
    "SOURCES",
    "Objective",
    "Output",
    "Shape",
    "find_objective",
    "with_noise_ratio",
]

# What the objectives' sources abbreviate.
SOURCES = {
    "P10": "P10 = Gutmann & Hyvarinen, AISTATS 2010",
    "J12": "J12 = Gutmann & Hyvarinen, JMLR 2012",
}
OBJECTIVES: dict[str, Objective] = {
    objective.name: objective for family in FAMILIES for objective in family.objectives
}
# The same with their noise laid out otherwise, by ``name/layout``.
LAYOUTS: dict[str, Objective] = {
    objective.name: objective for family in FAMILIES for objective in family.layouts
}
EVERY: dict[str, Objective] = OBJECTIVES | LAYOUTS
# The same where nu is 1 whatever the sizes, by ``name/layout/one``: a convention, with no vectors of its own.
AT_ONE: dict[str, Objective] = {
    objective.name: objective for family in FAMILIES for objective in family.at_one
}
DIMENSIONS: dict[str, str] = {
    "n_points": "points, rows of u or entries of t",
    "n_data": "data points, rows of x",
    "n_noise": "noise points, rows of y",
    "n_dim": "dimension of a point",
} | {axis: words for objective in EVERY.values() for axis, words in objective.dimensions.items()}


def find_objective(name: str, layout: str = "flat") -> Objective:
    """The objective of that name in that layout; ``name/layout`` is a name, too. Raises ValueError with what there
    is."""
    if name in AT_ONE and layout in (AT_ONE[name].layout, "flat"):
        return AT_ONE[name]
    if name not in EVERY:
        near = did_you_mean(name, EVERY)
        raise ValueError(f"objective: got {name!r}; expected one of {', '.join(OBJECTIVES)}{near}")
    found = EVERY[name]
    if layout in (found.layout, "flat"):
        return found
    there = layouts_of(found.base)
    if found.layout != "flat" or layout not in there:
        raise ValueError(
            f"layout: got {layout!r} for {name}; expected {_one_of(there)}. Layouts there are: {_every_layout()}"
        )
    return EVERY[f"{found.base}/{layout}"]


def with_noise_ratio(objective: Objective, word: str) -> Objective:
    """The objective as that of nu by the "sizes", or of nu = "one". Raises ValueError with what there is."""
    if objective.noise_ratio == word:
        return objective
    if word == "sizes":
        return EVERY[objective.stored]
    name = f"{objective.base}/{objective.layout}{ENDING}"
    if name not in AT_ONE:
        there = ", ".join(one.stored for one in AT_ONE.values())
        raise ValueError(
            f'noise_ratio: got {word!r} for {objective.name}; expected "sizes". The objective of'
            f" nu = 1 for any sizes is one mean over the data plus one over the noise, of {there}"
        )
    return AT_ONE[name]


def layouts_of(name: str) -> tuple[str, ...]:
    """The layouts of an objective, "flat" first."""
    return ("flat", *(one.layout for one in LAYOUTS.values() if one.base == name))


def _one_of(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"


def _every_layout() -> str:
    bases = dict.fromkeys(one.base for one in LAYOUTS.values())
    return "; ".join(f"{base}: {', '.join(layouts_of(base))}" for base in bases)
