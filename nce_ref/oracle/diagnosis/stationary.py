r"""Which mistake an estimate maximises: every known one of the objective is asked for its slope at the estimate that
came.

A fit ends where the slope of what it maximises is 0. So an estimate that misses the right maximum, but at which J with
some slip has no slope left, on every data set, is that slip's: nothing has to be fitted, and every executable mistake
of what it maximises is a suspect, not only those whose effect on c is a formula.

Conventions
-----------
slope     in standard errors, sqrt(n_data r' M^-1 r): the step that Newton's method would still take; M = -Hessian of
          the right J there
kinks     where the slope jumps: that direction is not asked (``Tools.directions``)
still     of a slope less than ``_STILL``: a fit that has converged to the judge's allowance, some 0.03, is nearer
moved     an estimate that fails and at which the right J is not still; one that fails and is still is another local
          maximum
explains  the suspect's slope is a small part of the right J's wherever that moves the estimate, and still elsewhere;
          where fits stop early, as they do at kinks, it need not be still on a quarter of the vectors
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.diagnosis.observed import Observed
from nce_ref.oracle.diagnosis.verdict import Suspect
from nce_ref.oracle.families.base import Argmax
from nce_ref.oracle.mistakes import CATALOGUE, mistakes_at

_STILL = 0.05
_APART = 20.0  # how many times larger the right J's slope is
_EARLY = 0.25  # of the vectors: BFGS stops early at one kinked sample in ten
_RUN_AWAY = 1e-8  # of (1/n_data) sum h (1 - h), some 0.2 at a maximum
_AS_STILL = 10.0  # suspects that are as likely as the stillest

Evaluate = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Maximised:
    """What the estimates maximise. ``mistake``: its id, "" for the right J with c of the other sign; ``still``: the
    largest slope, ``slope``: the smallest slope of the right J where it moves them, both in standard errors."""

    mistake: str
    c_flipped: bool
    still: float
    slope: float


@dataclass(frozen=True)
class _Place:
    """One estimate: the arguments of the objective there, a basis of the directions without kinks, and M^-1/2 in it."""

    inputs: Mapping[str, Any]
    outputs: tuple[str, ...]
    basis: Float
    whiten: Float
    failed: bool

    def slope(self, evaluate: Evaluate) -> Float:
        """In standard errors, by direction; infinite where nothing comes of it."""
        with np.errstate(all="ignore"):
            try:
                found = evaluate(self.inputs)
            except (ArithmeticError, ValueError, np.linalg.LinAlgError):
                return np.full(len(self.whiten), np.inf)
            gradient = np.concatenate([np.ravel(found[name]) for name in self.outputs])
        if not np.isfinite(gradient).all():
            return np.full(len(self.whiten), np.inf)
        return np.asarray(self.whiten @ (self.basis.T @ gradient))


def maximised(observed: Observed) -> tuple[Maximised, ...]:
    """Every mistake whose J has no slope at the estimates, the stillest first; empty where there is none, or the right
    J is still."""
    argmax = observed.objective.argmax
    if argmax is None:
        return ()
    name, right = argmax.of.name, partial(argmax.of.evaluate, argmax.of.right)
    as_declared, flipped = _places(observed, argmax, False), _places(observed, argmax, True)
    rights = [place.slope(right) for place in as_declared]
    moved = [
        bool(place.failed and np.linalg.norm(slope) >= _STILL)
        for place, slope in zip(as_declared, rights)
    ]
    if 2 * sum(moved) <= sum(place.failed for place in as_declared):
        return ()  # local maxima, or all but the right one: no slip explains them
    least = min(float(np.linalg.norm(slope)) for slope, is_moved in zip(rights, moved) if is_moved)
    rights = [slope if is_moved else np.zeros(0) for slope, is_moved in zip(rights, moved)]
    if (still := _largest(right, flipped, rights)) < np.inf:
        return (Maximised("", True, still, least),)
    for places in (as_declared, flipped):
        for ids in _suspects(name):
            found = []
            for id in ids:
                number = CATALOGUE[id].number
                stills = (
                    _largest(partial(CATALOGUE[id].evaluate, name, value=value), places, rights)
                    for value in ((None,) if number is None else number.known)
                )
                if (still := min(stills)) < np.inf:
                    found.append(Maximised(id, places is flipped, still, least))
            if found:
                found.sort(key=lambda one: one.still)
                return tuple(
                    one
                    for one in found
                    if one.still <= max(_AS_STILL * found[0].still, 1e-3 * _STILL)
                )
    return ()


def suspects_of_estimates(observed: Observed) -> tuple[Suspect, ...]:
    """The same as a report has it."""
    turned = Convention(
        c_sign="added" if observed.convention.c_sign == "subtracted" else "subtracted"
    )
    found = []
    for one in maximised(observed):
        evidence = (
            f"J with it has no slope at the estimates, {one.still:.1g} standard errors at most on"
            f" all {observed.n_ran} vectors; the right J would move those that fail by"
            f" {one.slope:.2g} standard errors or more"
        )
        counts, declare = (observed.n_failed, observed.n_failed, evidence), f"convention={turned}"
        if not one.mistake:
            title = f"right under another convention: c_sign={turned.c_sign}"
            effect = (
                "none: the same estimate with c of the other sign; a choice that has to be declared"
            )
            found.append(
                Suspect(
                    "convention",
                    f"c_sign={turned.c_sign}",
                    title,
                    *counts,
                    effect,
                    "nothing to mend",
                    declare,
                )
            )
            continue
        mistake = CATALOGUE[one.mistake]
        also, remedy = (
            (f", under {turned}", f"declare {declare} as well") if one.c_flipped else ("", "")
        )
        found.append(
            Suspect(
                "mistake",
                mistake.id,
                mistake.title + also,
                *counts,
                mistake.effect,
                mistake.fix,
                remedy,
            )
        )
    return tuple(found)


def _suspects(name: str) -> tuple[list[str], list[str]]:
    """Slips in a gradient and of arithmetic are asked where none of the others is still."""
    known = [mistake for mistake in mistakes_at(name) if not mistake.choice]
    later = {mistake.id for mistake in known if mistake.gradient or mistake.arithmetic}
    ids = [mistake.id for mistake in known]
    return [id for id in ids if id not in later], [id for id in ids if id in later]


def _largest(evaluate: Evaluate, places: Sequence[_Place], rights: Sequence[Float]) -> float:
    """The largest slope; infinite where it is no suspect, or nothing can be asked.

    ``rights``: the right J's slope where it moves the estimate, else empty.
    """
    largest, early, alike, n_moved = 0.0, 0, 0, sum(right.size > 0 for right in rights)
    for place, right in zip(places, rights):
        slope = place.slope(evaluate)
        size = float(np.linalg.norm(slope))
        if not size < (float(np.linalg.norm(right)) / _APART if right.size else _STILL):
            return np.inf
        largest, early = max(largest, size), early + (size >= _STILL)
        if right.size == slope.size:
            along = float(slope @ right / (right @ right))
            alike += bool(np.linalg.norm(slope - along * right) < 1e-3 * size)
    # A slope that is the right one times a small number is that of the right J.
    return largest if places and early <= _EARLY * len(places) and alike < n_moved else np.inf


def _places(observed: Observed, argmax: Argmax, c_flipped: bool) -> list[_Place]:
    """Every estimate's, or none where one of them lacks c or is degenerate: then nothing is said of all."""
    found = []
    for result, failed in zip(observed.results, observed.failed):
        matrix, constant = argmax.matrix, str(argmax.of.constant)
        values = {
            name: np.asarray(value, dtype=np.float64) for name, value in result.outputs.items()
        }
        if not {matrix, constant} <= set(values) or not all(
            np.isfinite(value).all() for value in values.values()
        ):
            return []
        sign = observed.convention.factor(observed.objective, constant, result.vector.inputs) * (
            -1.0 if c_flipped else 1.0
        )
        try:
            at = {matrix: values[matrix], constant: sign * float(values[constant])}
            found.append(_place(argmax, {**result.vector.inputs, **at}, bool(failed)))
        except (ValueError, np.linalg.LinAlgError):
            return []
    return found


def _place(argmax: Argmax, inputs: dict[str, Any], failed: bool) -> _Place:
    """``inputs``: the arguments of the objective at the estimate."""
    of, tools, value = argmax.of, argmax.tools(), inputs[argmax.matrix]
    if argmax.matrix in of.symmetric:
        inputs[argmax.matrix] = value = (value + value.T) / 2
    objective = tools.objective(inputs)
    theta = objective.model.pack(value, inputs[str(of.constant)])
    curvature = -objective.expand(theta).hessian
    if curvature[-1, -1] < _RUN_AWAY:
        raise ValueError(
            f"{of.constant}: every point is told apart, there is no slope left in anything"
        )
    basis, curvature = tools.directions(value, inputs, curvature)
    factor = np.linalg.cholesky(curvature / objective.n_data)
    by = (argmax.matrix, of.constant)
    gradients = tuple(
        output.name for argument in by for output in of.outputs if output.derivative_of == argument
    )
    return _Place(inputs, gradients, basis, np.linalg.inv(factor), failed)
