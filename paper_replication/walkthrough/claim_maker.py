"""The families of the walkthrough's claims, and the form most of them have: the mean of a sum of columns."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..claims import Claim
from . import estimands as of

FAMILIES = (
    "0 the walkthrough as it stands",
    "1 two mixing matrices",
    "2 sources of variance 2",
    "3 noise that does not match",
    "4 ln(1 - sigma) as written",
    "5 no activation",
    "6 the training noise again",
    "7 no reference for the loss",
    "8 done right",
    "9 real data",
)


def make_claim(
    family: str,
    experiment: str,
    name: str,
    statement: str,
    measured: Any,
    kind: str,
    target: float,
    margin: float,
    why: str,
) -> Claim:
    """A claim on the mean of a sum of columns, given as {column: factor}, or on an estimand of its own."""
    if isinstance(measured, dict):
        terms = tuple((column, float(factor)) for column, factor in measured.items())
        measured = partial(of.mean_of, experiment=experiment, terms=terms)
    return Claim(
        f"{family[0]}.{name}",
        family,
        statement,
        "the walkthrough",
        measured,
        kind,
        target,
        margin,
        why,
    )
