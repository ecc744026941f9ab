"""Hints on estimates: c off by a constant that the one-formula family predicts (THEORY.md section 5), or B by a factor.

Asked where ``diagnosis.stationary`` names nothing: estimates too rough for their slope to tell.

Conventions
-----------
estimates are compared to about three digits: whoever made the mistake solved another problem, to a tolerance of their
own
B's rows     in any order and with any sign: matched to the stored ones before they are compared
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.matching import match_rows
from nce_ref.special import LOG_2PI

Observed = Any  # diagnosis.observed.Observed: what diagnoses stands above the families
_CLOSE = 1e-3
_LARGE = 1e100  # what is no estimate of anything, and cannot be matched

# What c is off by -> the slips that do that. Arguments: ln nu, n, ln det of the noise covariance, c as it should be.
_SHIFTS: dict[str, tuple[Callable[[float, int, float, float], float], str]] = {
    "-ln nu": (
        lambda nu, n, det, c: -nu,
        "ln nu is missing in h = sigma(G - ln nu), or the noise is weighted by nu twice",
    ),
    "+ln nu": (
        lambda nu, n, det, c: nu,
        "the noise term is averaged: it should be summed and divided by n_data",
    ),
    "-2 ln nu": (lambda nu, n, det, c: -2 * nu, "ln nu is added instead of subtracted"),
    "(n/2) ln(2 pi)": (lambda nu, n, det, c: 0.5 * n * LOG_2PI, "ln p_n lacks -(n/2) ln(2 pi)"),
    "1/2 ln det noise_cov": (lambda nu, n, det, c: 0.5 * det, "ln p_n lacks -1/2 ln det noise_cov"),
    "both constants of ln p_n": (
        lambda nu, n, det, c: 0.5 * (det + n * LOG_2PI),
        "ln p_n is not normalised",
    ),
    "-2 c": (
        lambda nu, n, det, c: -2 * c,
        'c is ln Z: declare convention=oracle.Convention(c_sign="subtracted")',
    ),
    "-c (it is 0)": (
        lambda nu, n, det, c: -c,
        "c is fixed at 0, or the model is normalised and c not returned",
    ),
}
_FACTORS = {"sqrt(2)": math.sqrt(2.0), "1/sqrt(2)": math.sqrt(0.5), "2": 2.0, "1/2": 0.5}


def estimate_hints(observed: Observed) -> tuple[str, ...]:
    """What the failing estimates have in common; empty where nothing was recognised."""
    failing = [result for result, failed in zip(observed.results, observed.failed) if failed]
    hints = []
    shifts: list[set[str]] = []
    factors: list[set[str]] = []
    for result in failing:
        vector = result.vector
        name = next((name for name in ("B", "precision") if name in result.outputs), None)
        if name is not None:
            want, got = (
                vector.expected[name].value,
                np.asarray(result.outputs[name], dtype=np.float64),
            )
            factors.append(
                {
                    word
                    for word, factor in {"1": 1.0, **_FACTORS}.items()
                    if _is_multiple(name, got, want, factor)
                }
            )
        if "c" in result.outputs:
            c = observed.convention.factor(observed.objective, "c", vector.inputs) * float(
                result.outputs["c"]
            )
            shifts.append(_shifts(vector.inputs, c, float(vector.expected["c"].value), observed))
    common = set.intersection(*factors) if factors else set()
    if common and "1" not in common:
        factor = f"{sorted(common)[0]} times what it should be"
        hints.append(
            f"B, or the precision, is {factor}, on all {len(failing)} failing vectors: a scale of the model"
        )
    if shifts and (both := set.intersection(*shifts)):
        where = (
            "the other parameters are right"
            if "1" in common
            else "the other parameters are off too"
        )
        vectors = f"on all {len(failing)} failing vectors, and {where}"
        hints += [
            f"c is off by {word} {vectors}: {_SHIFTS[word][1]}" for word in _SHIFTS if word in both
        ]
    elif "1" in common:
        hints.append(
            "c is off by nothing that was recognised and the rest is right: a weight or a constant,"
            " see THEORY.md section 5"
        )
    return tuple(hints)


def _shifts(inputs: Mapping[str, Any], got: float, want: float, observed: Observed) -> set[str]:
    n_data, n_noise = observed.objective.sample_sizes(inputs)
    log_det = np.linalg.slogdet(inputs["noise_cov"])[1]
    arguments = (math.log(n_noise / n_data), len(inputs["noise_mean"]), float(log_det), want)
    off = got - want
    if abs(off) < 10.0 * _CLOSE:
        return set()
    return {
        word
        for word, (shift, _) in _SHIFTS.items()
        if abs(shift(*arguments) - off) <= _CLOSE * (1.0 + abs(off))
    }


def _is_multiple(name: str, got: Float, want: Float, factor: float) -> bool:
    if not np.abs(got).max() < _LARGE:  # NaN too
        return False
    matched = match_rows(got / factor, want).B if name == "B" else got / factor
    return bool(np.abs(matched - want).max() <= _CLOSE * (1.0 + np.abs(want).max()))
