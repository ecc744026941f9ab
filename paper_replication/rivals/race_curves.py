"""Figure 1 (b) from the races: at each time the best error that any of a method's climbs stands at, median over the
matrices.

*Conventions.* Times are given in units of the median time that MLE needs to a squared error of 0.01 |B*|^2: ratios,
since seconds are this machine's. All sizes T begin at once. Before its first step a climb stands at the start's error.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .evidence import RivalEvidence

Float = NDArray[np.float64]
UNIT_LEVEL = "0.01"
Run = Mapping[str, float]


def unit_seconds(evidence: RivalEvidence) -> float:
    """The unit of time in seconds; NaN without races, or where MLE gets there in less than half of them."""
    times = evidence.reach("mle", UNIT_LEVEL)
    middle = float(np.median(times)) if times.size else float("nan")
    return middle if np.isfinite(middle) else float("nan")


def median_best_error(evidence: RivalEvidence, method: str, seconds: Float) -> Float:
    """Median over matrices of the best squared error of B at each of ``seconds``."""
    best = [
        best_error(errors, times, method, evidence.race_sizes, seconds) * errors["norm_B"]
        for errors, times in evidence.races
    ]
    return np.median(best, axis=0)


def best_error(errors: Run, times: Run, method: str, sizes: list[int], seconds: Float) -> Float:
    """The smallest error over |B*|^2 that the method's climbs stand at, at each of ``seconds``."""
    standing = []
    for n_data in sizes:
        error, when = path(errors, times, method, n_data)
        if error.size:
            standing.append(error[np.maximum(np.searchsorted(when, seconds, side="right") - 1, 0)])
    return np.min(standing, axis=0)


def path(errors: Run, times: Run, method: str, n_data: int) -> tuple[Float, Float]:
    """Errors and times of one climb, in order."""
    stem = f"{method}.{n_data}."
    error, when = [], []
    while (name := f"{stem}{len(error):02d}") + ".error" in errors:
        error.append(errors[name + ".error"])
        when.append(times[f"seconds.{name}"])
    return np.array(error), np.array(when)
