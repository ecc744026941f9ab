"""What the claims measure, each with its error; None without the runs.

*Conventions.* Photographs are the clusters of what is held out: a number of a photograph is the mean over its test
patches and over the draws, and an interval of the mean over photographs is Student's t with their number less one.
What an integral's estimate by random points says is asked of every draw: the interval is the smallest that holds the
intervals of all draws, so that a confirmed claim holds in each, and a contradicted one fails in each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .. import statistics as st
from ..columns import Columns
from ..estimates import Bounds, Estimate, quantile
from .photographs import NAMES
from .plan import DRAWS, PART_OF, group

Float = NDArray[np.float64]
N_POINTS = 2000  # walks behind every integral
N_TEST = 1000  # test patches a photograph


def students(values: tuple[float, ...], confidence: float) -> st.Interval:
    """Student's interval of the mean."""
    half = quantile(0.5 * (1.0 - confidence), len(values) - 1) * st.mean_error(np.array(values))
    middle = float(np.mean(values))
    return middle - half, middle + half


def around_all(
    values: tuple[float, ...], errors: tuple[float, ...], confidence: float
) -> st.Interval:
    """The smallest interval that holds the normal interval of every value."""
    z = quantile(0.5 * (1.0 - confidence), np.inf)
    return min(v - z * e for v, e in zip(values, errors)), max(
        v + z * e for v, e in zip(values, errors)
    )


def draws_of(evidence: Columns, size: int, *parts: str) -> list[int]:
    """The draws of which all of these parts were made."""
    return [
        draw
        for draw in range(max(DRAWS.values()))
        if all(group(size, draw, part) in evidence.groups for part in parts)
    ]


def results(evidence: Columns, size: int, draw: int, part: str) -> Mapping[str, float]:
    """The results of one run."""
    return evidence.groups[group(size, draw, part)][0]


def by_photograph(evidence: Columns, size: int, model: str, what: str, draws: list[int]) -> Float:
    """J or L of every photograph, in the order of their names: means over the draws."""
    runs = [results(evidence, size, draw, PART_OF[model]) for draw in draws]
    return np.array([np.mean([run[f"{model}.{what}.{name}"] for run in runs]) for name in NAMES])


def held_out(
    evidence: Columns, *, size: int, what: str, weights: Mapping[str, float]
) -> Estimate | None:
    """The mean over photographs of a weighted sum of models' J (or L) held out."""
    draws = draws_of(evidence, size, *(PART_OF[model] for model in weights))
    if not draws:
        return None
    values = sum(w * by_photograph(evidence, size, m, what, draws) for m, w in weights.items())
    assert not isinstance(values, int)
    return Estimate(
        float(np.mean(values)),
        st.mean_error(values),
        N_TEST * len(values) * len(draws),
        bounds=Bounds(students, (tuple(map(float, values)),)),
        note=f"above 0 in {int((values > 0.0).sum())} of {len(values)} photographs",
    )


def mass(
    evidence: Columns, *, size: int, model: str, less: str = "", column: str = "mass"
) -> Estimate | None:
    """ln of a model's integral, c + ln Z, in every draw; less another model's, where one is named."""
    draws = draws_of(evidence, size, PART_OF[model], *([PART_OF[less]] if less else []))
    if not draws:
        return None
    values, errors = [], []
    for draw in draws:
        run = results(evidence, size, draw, PART_OF[model])
        value, error = run[f"{model}.{column}"], run[f"{model}.{column}.error"]
        if less:
            other = results(evidence, size, draw, PART_OF[less])
            value -= other[f"{less}.{column}"]
            error = math.hypot(error, other[f"{less}.{column}.error"])
        values.append(value)
        errors.append(error)
    return _of_all(values, errors, N_POINTS)


def two_ways(evidence: Columns, *, size: int, model: str) -> Estimate | None:
    """ln of a model's integral by annealing, less by importance weights, in every draw."""
    runs = [
        results(evidence, size, d, PART_OF[model]) for d in draws_of(evidence, size, PART_OF[model])
    ]
    if not runs:
        return None
    values = [run[f"{model}.mass"] - run[f"{model}.mass.is"] for run in runs]
    errors = [math.hypot(run[f"{model}.mass.error"], run[f"{model}.mass.is.error"]) for run in runs]
    return _of_all(values, errors, N_POINTS)


def _of_all(values: list[float], errors: list[float], n: int) -> Estimate:
    said = "draws: " + ", ".join(f"{v:.3f}" for v in values)
    bounds = Bounds(around_all, (tuple(values), tuple(errors)))
    return Estimate(float(np.mean(values)), max(errors), n * len(values), bounds=bounds, note=said)


def features(
    evidence: Columns, size: int, part: str, name: str, column: str, low: bool = False
) -> Float:
    """A number of every feature of all draws; without those whose fit ended at the lowest frequency, unless ``low``."""
    found = []
    for draw in draws_of(evidence, size, part):
        run = results(evidence, size, draw, part)
        n = sum(key.startswith(f"{name}.r2.") for key in run)
        found += [
            run[f"{name}.{column}.{k}"] for k in range(n) if low or not run[f"{name}.low.{k}"]
        ]
    return np.array(found)


def pictures(run: Mapping[str, float], name: str) -> Float:
    """The stored pictures of a run's filters, (n, side, side)."""
    n = sum(key.startswith(f"{name}.r2.") for key in run)
    n_pixels = sum(key.startswith(f"{name}.pixel.0.") for key in run)
    side = round(n_pixels**0.5)
    levels = [[run[f"{name}.pixel.{k}.{i}"] for i in range(n_pixels)] for k in range(n)]
    return np.array(levels).reshape(n, side, side) / 100.0


def contrast(
    evidence: Columns,
    *,
    size: int,
    first: tuple[str, str],
    second: tuple[str, str] | None = None,
    column: str = "r2",
    low: bool = False,
) -> Estimate | None:
    """The mean over the features of ``first``, (part, name), less that over those of ``second``; errors as if features
    were independent."""
    samples = [features(evidence, size, *one, column, low) for one in (first, second) if one]
    if any(sample.size < 2 for sample in samples):
        return None
    means = [float(sample.mean()) for sample in samples]
    error = math.hypot(*(st.mean_error(sample) for sample in samples))
    said = "medians " + " and ".join(f"{np.median(sample):.3f}" for sample in samples)
    return Estimate(means[0] - sum(means[1:]), error, min(s.size for s in samples), note=said)


def pooling(evidence: Columns, *, size: int, what: str) -> Estimate | None:
    """How alike the strongest features of a unit are, less the mean with features permuted; its deviation as error."""
    runs = [results(evidence, size, draw, "layers") for draw in draws_of(evidence, size, "layers")]
    if not runs:
        return None
    gaps = [run[f"pool.{what}.pooled"] - run[f"pool.{what}.permuted"] for run in runs]
    error = math.sqrt(sum(run[f"pool.{what}.deviation"] ** 2 for run in runs)) / len(runs)
    return Estimate(
        float(np.mean(gaps)), error, 500 * len(runs), note=f"z {np.mean(gaps) / error:.1f}"
    )
