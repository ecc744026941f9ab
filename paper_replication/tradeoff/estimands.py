"""What the claims measure: log10 of ratios, each with its error; None without runs.

*Conventions.* Groups are ``plan.group(nu)``. Medians and means of logarithms, never ratios of means. Published points
are medians over 100 problems, whose own error is taken to be the limit law's, and are read to 0.02. A rival's time at
equal error is read off the curves of medians over nu (log10 time against log10 error, linear between points); its
interval is by resampling the problems at each nu, with a generator of its own.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import statistics as st
from ..columns import Columns, gather_columns
from ..estimates import Bounds, Estimate
from ..seeds import generator_for
from ..store import Row, row_key
from .experiments.problem import N_DATA
from .limits import limits
from .plan import NUS, NUS_CERTIFIED, NUS_OF_IS, group

FILE = Path(__file__).resolve().parent.parent / "data" / "tradeoff.csv"
N_PUBLISHED, READING_ERROR = 100, 0.02
N_RESAMPLED = 1000

Float = NDArray[np.float64]


@cache
def published() -> dict[str, float]:
    """Return the published medians: a nu, "MLE" or "SM" -> log10 of the squared error of B."""
    with open(FILE, newline="", encoding="utf-8") as file:
        return {
            row["curve"]: float(row["median_log10_squared_error"]) for row in csv.DictReader(file)
        }


def gather(rows: Sequence[Row], clock: Sequence[Row] = ()) -> Columns:
    """Runs with their times among their results."""
    times = {row_key(row): row["result"] for row in clock}
    return gather_columns(
        [{**row, "result": {**row["result"], **times.get(row_key(row), {})}} for row in rows]
    )


def logs(evidence: Columns, nu: int, column: str) -> Float:
    """log10 of a column."""
    return np.log10(evidence.column(group(nu), column))


def _log_ratio(evidence: Columns, nu: int) -> Float:
    return logs(evidence, nu, "nce.relative") - logs(evidence, nu, "mle.relative")


def _limit(nu: int) -> float:
    return limits()[nu].log_relative - limits()["mle"].log_relative


def _mean(sample: Float, note: str = "") -> Estimate | None:
    if sample.size < 2:
        return None
    return Estimate(
        float(sample.mean()), st.mean_error(sample), sample.size, sample.size - 1, note=note
    )


def over_mle(evidence: Columns, *, nus: tuple[int, ...]) -> Estimate | None:
    """Mean over the problems of log10 |E|^2 of NCE over maximum likelihood's on the same data."""
    if not all(evidence.column(group(nu), "nce.error").size for nu in nus):
        return None
    return _mean(np.concatenate([_log_ratio(evidence, nu) for nu in nus]))


def over_mle_and_law(evidence: Columns, *, nus: tuple[int, ...]) -> Estimate | None:
    """The same less the limit law's mean."""
    if not all(evidence.column(group(nu), "nce.error").size for nu in nus):
        return None
    return _mean(np.concatenate([_log_ratio(evidence, nu) - _limit(nu) for nu in nus]))


def over_law(evidence: Columns, *, nu: int) -> Estimate | None:
    """Median of log10 n_data |B-hat - B*|^2/|B*|^2 of NCE, less the limit law's."""
    sample = logs(evidence, nu, "nce.error") - logs(evidence, nu, "norm_B") + math.log10(N_DATA)
    if sample.size < 2:
        return None
    value = float(np.median(sample)) - limits()[nu].size
    return Estimate(value, st.median_error(sample), sample.size, sample.size - 1)


def over_published(evidence: Columns, *, nus: tuple[int, ...]) -> Estimate | None:
    """Median of log10 |B-hat - B*|^2 of NCE less the published one, several nu pooled."""
    samples = [logs(evidence, nu, "nce.error") - published()[str(nu)] for nu in nus]
    if not all(sample.size for sample in samples):
        return None
    return _over_published(np.concatenate(samples))


def rival_over_published(evidence: Columns, *, method: str, curve: str) -> Estimate | None:
    """The same of a rival that knows no noise: over all problems in which it was fitted."""
    samples = [
        logs(evidence, nu, f"{method}.error")
        for nu in NUS
        if method != "sm" or nu == 1
        if evidence.column(group(nu), "norm_B").size
    ]
    return _over_published(np.concatenate(samples) - published()[curve]) if samples else None


def _over_published(sample: Float) -> Estimate | None:
    if sample.size < 2:
        return None
    theirs = limits()["mle"].spread / math.sqrt(N_PUBLISHED)
    return Estimate(
        float(np.median(sample)),
        math.hypot(st.median_error(sample), theirs),
        sample.size,
        sample.size - 1,
        READING_ERROR,
    )


def published_over_law(evidence: Columns, *, nu: int) -> Estimate | None:
    """A published median less the limit law's: no run of ours in it, its error that of 100 problems."""
    law = limits()[nu]
    error = law.spread / math.sqrt(N_PUBLISHED)
    value = published()[str(nu)] - law.median
    return Estimate(value, error, N_PUBLISHED, N_PUBLISHED - 1, READING_ERROR)


def certified(evidence: Columns) -> Estimate | None:
    """The share of certified maxima among the climbs from where L-BFGS ended."""
    return _mean(
        np.concatenate([evidence.column(group(nu), "newton.certified") for nu in NUS_CERTIFIED])
    )


def left_by_lbfgs(evidence: Columns) -> Estimate | None:
    """Mean of log10 |E|^2 where L-BFGS ended over that of the certified maximum."""
    return _mean(
        np.concatenate(
            [
                logs(evidence, nu, "nce.relative") - logs(evidence, nu, "newton.relative")
                for nu in NUS_CERTIFIED
            ]
        )
    )


def time_of_is(evidence: Columns, *, level: float) -> Estimate | None:
    """log10 of importance sampling's time over NCE's at the same median error, ``level`` in log10."""
    samples = []
    for nu in NUS_OF_IS:
        columns = ("nce.error", "seconds.nce", "is.error", "seconds.is")
        found = [logs(evidence, nu, name) for name in columns if evidence.groups.get(group(nu))]
        if not found or found[0].size < 2:
            return None
        samples.append(np.stack(found))
    value = _at_level(np.array([np.median(one, axis=1) for one in samples]), level)
    if not math.isfinite(value):
        return None
    rng = generator_for("tradeoff", "time_of_is")
    resampled = []
    for one in samples:
        n = one.shape[1]
        resampled.append(np.median(one[:, rng.integers(n, size=(N_RESAMPLED, n))], axis=2).T)
    draws = [_at_level(medians, level) for medians in np.stack(resampled, axis=1)]
    n = min(one.shape[1] for one in samples)
    finite = np.array(draws)[np.isfinite(draws)]
    error = float(finite.std(ddof=1)) if finite.size > 1 else math.inf
    return Estimate(value, error, n, n - 1, bounds=Bounds(_quantiles, (tuple(draws),)))


def _at_level(medians: Float, level: float) -> float:
    """log10 of the ratio of the times at which two curves of medians reach the level; infinite where one does not.

    ``medians`` is (n_nu, 4): NCE's log10 error and time, the other's.
    """
    times = []
    for error, seconds in ((medians[:, 0], medians[:, 1]), (medians[:, 2], medians[:, 3])):
        best = np.minimum.accumulate(error)
        if best[-1] > level:
            times.append(math.inf)
            continue
        after = int(np.argmax(best <= level))
        if after == 0:
            times.append(float(seconds[0]))
            continue
        share = (best[after - 1] - level) / (best[after - 1] - best[after])
        times.append(float(seconds[after - 1] + share * (seconds[after] - seconds[after - 1])))
    nce, importance = times
    return 0.0 if math.isinf(nce) and math.isinf(importance) else importance - nce


def _quantiles(draws: tuple[float, ...], confidence: float) -> st.Interval:
    ordered = np.sort(np.array(draws))
    tail = 0.5 * (1.0 - confidence)
    low = int(math.floor(tail * (len(ordered) - 1)))
    return float(ordered[low]), float(ordered[len(ordered) - 1 - low])
