"""What the oracle judges: every objective's arguments, outputs, shapes and formula. These names are the vectors' format.

The objectives stand in ``families``; this is where they are asked for.

Conventions
-----------
arguments  handed over by name: arrays in the dtype of the check, scalars (shape ``()``) as Python floats
outputs    a dict from these names, any subset; what is not returned is unsupported, not wrong. A bare float or array is ``value``
shapes     in the words of ``DIMENSIONS``; points are rows; nu always equals n_noise/n_data
J          (1/n_data) [ sum_x ln h + sum_y ln(1 - h) ],  h = sigma(G - ln nu),  G = ln p_m - ln p_n: maximised, c is added
"""

from __future__ import annotations

from nce_ref.oracle.families import FAMILIES
from nce_ref.oracle.families.base import Objective, Output, Shape
from nce_ref.oracle.words import did_you_mean

__all__ = ["DIMENSIONS", "OBJECTIVES", "SOURCES", "Objective", "Output", "Shape", "find_objective"]

# What the objectives' sources abbreviate.
SOURCES = {
    "P10": "P10 = Gutmann & Hyvarinen, AISTATS 2010",
    "J12": "J12 = Gutmann & Hyvarinen, JMLR 2012",
}
OBJECTIVES: dict[str, Objective] = {
    objective.name: objective for family in FAMILIES for objective in family.objectives
}
DIMENSIONS: dict[str, str] = {
    "n_points": "points, rows of u or entries of t",
    "n_data": "data points, rows of x",
    "n_noise": "noise points, rows of y",
    "n_dim": "dimension of a point",
} | {
    axis: words for objective in OBJECTIVES.values() for axis, words in objective.dimensions.items()
}


def find_objective(name: str) -> Objective:
    """The objective of that name. Raises ValueError with the names there are."""
    if name not in OBJECTIVES:
        near = did_you_mean(name, OBJECTIVES)
        raise ValueError(f"objective: got {name!r}; expected one of {', '.join(OBJECTIVES)}{near}")
    return OBJECTIVES[name]
