"""Failures that are a matter of precision alone: answers in float32, and errors within what float32 may be off."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.diagnosis.observed import Observed

_TELLING = 3  # numbers that are float32's where the truth is not: so many are no chance


def single_precision(observed: Observed, dtype: str) -> str | None:
    """Say so where a float64 check was answered in float32."""
    if dtype == "float64" and observed.dtype == "float32":
        return "every number returned in this float64 check is a float32 number: it was computed, or cast, in float32"
    return None


def lost_digits(observed: Observed) -> str | None:
    """Say so where all failures are a matter of rounding: within float32's allowance of the truth."""
    if observed.dtype != "float64":
        return None
    with np.errstate(all="ignore"):
        share = np.abs(observed.got - observed.want) / observed.allowed(observed.want, "float32")
    worst = float(np.nanmax(share)) if np.isfinite(share).all() else np.inf
    if worst > 1.0:
        return None
    if any(_all_single(observed, name) for name in {slot.output for slot in observed.slots}):
        level = "as if something on the way were float32: a whole output is float32 numbers"
    else:
        level = (
            "so digits were lost: by a constant that is float32 or written with few digits, by an"
            " epsilon, a threshold, or a difference of large numbers"
        )
    return f"all errors are small, at most {worst:.1e} of what float32 may be off, {level}"


def lost_digits_fix(observed: Observed) -> str:
    """What to do about it: float64 is no advice where every number is float64 already."""
    single = [
        name
        for name in dict.fromkeys(slot.output for slot in observed.slots)
        if _all_single(observed, name)
    ]
    if single:
        return f"compute {' and '.join(single)} in float64 throughout, constants too"
    return "write constants with all their digits and in the type of the arrays, without an epsilon or a threshold"


def _all_single(observed: Observed, name: str) -> bool:
    """Whether every number of an output is a float32 one, and too many of them for chance."""
    got, want = (
        np.concatenate([values[slot.where] for slot in observed.slots if slot.output == name])
        for values in (observed.got, observed.want)
    )
    finite = np.isfinite(got)
    telling = finite & (want != want.astype(np.float32)) & (got != 0)
    return bool((got[finite] == got[finite].astype(np.float32)).all()) and telling.sum() >= _TELLING
