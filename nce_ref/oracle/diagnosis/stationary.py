r"""Which mistake an estimate maximises: every known one of the objective is asked for its slope at the estimate that came.

A fit ends where the slope of what it maximises is 0. So an estimate that misses the right maximum, but at which J with some slip has
no slope left, on every data set, is that slip's: nothing has to be fitted, and every executable mistake of ``laplace_ica_nce`` or
``gaussian_nce`` is a suspect, not only those whose effect on c is a formula.

Conventions
-----------
slope     in standard errors, sqrt(n_data r' M^-1 r): the step that Newton's method would still take; M = -Hessian of the right J there
kinks     where |b_i . x| or |B's column i . x| is below ``_AT_A_KINK`` of its size the slope jumps: that direction is not asked
still     of a slope less than ``_STILL``: a fit that has converged to the judge's allowance, some 0.03, is nearer
moved     an estimate that fails and at which the right J is not still; one that fails and is still is another local maximum
explains  the suspect's slope is a small part of the right J's wherever that moves the estimate, and still elsewhere; where fits
          stop early, as they do at kinks, it need not be still on a quarter of the vectors
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.models.gaussian import Gaussian
from nce_ref.models.laplace_ica import LaplaceICA
from nce_ref.noise import GaussianNoise
from nce_ref.objectives.nce import NCEObjective
from nce_ref.oracle import textbook
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.diagnosis.observed import Observed
from nce_ref.oracle.diagnosis.verdict import Suspect
from nce_ref.oracle.mistakes import ARITHMETIC, CATALOGUE
from nce_ref.oracle.mistakes.gradients import GRADIENTS
from nce_ref.oracle.mistakes.model_gradients import MODEL_GRADIENTS

_AT_A_KINK = 1e-4
_STILL = 0.05
_APART = 20.0  # how many times larger the right J's slope is
_EARLY = 0.25  # of the vectors: BFGS stops early at one kinked sample in ten
_RUN_AWAY = 1e-8  # of (1/n_data) sum h (1 - h), some 0.2 at a maximum
_AS_STILL = 10.0  # suspects that are as likely as the stillest
_LATER = {
    mistake.id for mistake in (*GRADIENTS, *MODEL_GRADIENTS, *ARITHMETIC)
}  # asked where none of the others is still

Evaluate = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Maximised:
    """What the estimates maximise. ``mistake``: its id, "" for the right J with c of the other sign; ``still``: the largest slope,
    ``slope``: the smallest slope of the right J where it moves them, both in standard errors."""

    mistake: str
    c_flipped: bool
    still: float
    slope: float


@dataclass(frozen=True)
class _Place:
    """One estimate: the arguments of the objective there, a basis of the directions without kinks, and M^-1/2 in it."""

    inputs: Mapping[str, Any]
    matrix: str
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
            gradient = np.append(np.ravel(found[f"grad_{self.matrix}"]), found["grad_c"])
        if not np.isfinite(gradient).all():
            return np.full(len(self.whiten), np.inf)
        return np.asarray(self.whiten @ (self.basis.T @ gradient))


def maximised(observed: Observed) -> tuple[Maximised, ...]:
    """Every mistake whose J has no slope at the estimates, the stillest first; empty where there is none, or the right J is still."""
    name = observed.objective.name.removesuffix("_estimate")
    right: Evaluate = partial(textbook.evaluate, textbook.Steps(), name)
    as_declared, flipped = _places(observed, False), _places(observed, True)
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
                still = _largest(partial(CATALOGUE[id].evaluate, name), places, rights)
                if still < np.inf:
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
            f"J with it has no slope at the estimates, {one.still:.1g} standard errors at most on all {observed.n_ran} vectors; "
            f"the right J would move those that fail by {one.slope:.2g} standard errors or more"
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
    ids = [
        id for id, mistake in CATALOGUE.items() if name in mistake.objectives and not mistake.choice
    ]
    return [id for id in ids if id not in _LATER], [id for id in ids if id in _LATER]


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


def _places(observed: Observed, c_flipped: bool) -> list[_Place]:
    """Every estimate's, or none where one of them lacks c or is degenerate: then nothing is said of all."""
    found = []
    for result, failed in zip(observed.results, observed.failed):
        matrix = result.vector.objective.outputs[0].name
        values = {
            name: np.asarray(value, dtype=np.float64) for name, value in result.outputs.items()
        }
        if not {matrix, "c"} <= set(values) or not all(
            np.isfinite(value).all() for value in values.values()
        ):
            return []
        sign = observed.convention.factor(observed.objective, "c", result.vector.inputs) * (
            -1.0 if c_flipped else 1.0
        )
        try:
            found.append(
                _place(
                    result.vector.inputs,
                    matrix,
                    values[matrix],
                    sign * float(values["c"]),
                    bool(failed),
                )
            )
        except (ValueError, np.linalg.LinAlgError):
            return []
    return found


def _place(inputs: Mapping[str, Any], matrix: str, value: Float, c: float, failed: bool) -> _Place:
    x, n = inputs["x"], len(value)
    value = value if matrix == "B" else (value + value.T) / 2
    model: LaplaceICA | Gaussian = LaplaceICA(n) if matrix == "B" else Gaussian(n)
    objective = NCEObjective(
        model, GaussianNoise(inputs["noise_mean"], inputs["noise_cov"]), x, inputs["y"]
    )
    curvature = -objective.expand(model.pack(value, c)).hessian
    if curvature[-1, -1] < _RUN_AWAY:
        raise ValueError("c: every point is told apart, there is no slope left in anything")
    if matrix == "B":
        basis = _without_kinks(
            value, x
        )  # a maximum has none at a noise point: there the kink is a valley
        curvature = basis.T @ curvature @ basis
    else:
        basis = _duplication(n)
    factor = np.linalg.cholesky(curvature / len(x))
    return _Place({**inputs, matrix: value, "c": c}, matrix, basis, np.linalg.inv(factor), failed)


def _duplication(n: int) -> Float:
    """(n^2 + 1, n(n+1)/2 + 1): how all entries of the precision, and c, follow from the lower triangle."""
    rows, columns = np.tril_indices(n)
    found = np.zeros((n * n + 1, len(rows) + 1))
    for k, (i, j) in enumerate(zip(rows, columns)):
        found[i * n + j, k] = found[j * n + i, k] = 1.0
    found[-1, -1] = 1.0
    return found


def _without_kinks(B: Float, u: Float) -> Float:
    """An orthonormal basis of the directions of (B, c) along which no b_i . u that is 0, or column of B . u, moves."""
    n, size = len(B), np.linalg.norm(u, axis=1)
    directions = []
    for transposed, rows in ((False, B), (True, B.T)):
        near = np.abs(u @ rows.T) <= _AT_A_KINK * size[:, None] * np.linalg.norm(rows, axis=1)
        for t, i in zip(*np.nonzero(near)):
            direction = np.zeros((n, n))
            direction[i] = u[t]
            directions.append(np.append(direction.T if transposed else direction, 0.0))
    if not directions:
        return np.eye(n * n + 1)
    left, values, _ = np.linalg.svd(np.array(directions).T, full_matrices=True)
    rank = int((values > 1e-10 * max(values[0], 1e-300)).sum())
    if rank > n * (n - 1):  # a row with more kinks than that is 0: none of a maximum's is
        raise ValueError("B: every direction is at a kink")
    return np.asarray(left[:, rank:])
