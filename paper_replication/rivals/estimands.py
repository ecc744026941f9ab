"""What the study's claims measure beyond ``figure1/estimands.py``. Conventions as there: log10, errors without
resampling."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .. import statistics as st
from ..estimates import Estimate
from ..figure1.published import N_MATRICES, READING_ERROR
from .evidence import RivalEvidence

LAST_FOUR = (2000, 4000, 8000, 16000)
Float = NDArray[np.float64]


def slope_weights(sizes: tuple[int, ...] = LAST_FOUR) -> Float:
    """Least-squares weights of the points in the slope on log10 T."""
    x = np.log10(np.array(sizes, dtype=float))
    return (x - x.mean()) / np.sum((x - x.mean()) ** 2)


def slope_of_medians(
    evidence: RivalEvidence, *, column: str, value: float | None = None
) -> Estimate | None:
    """Slope of log10 median on log10 T over the last four sizes; less a published slope where ``value`` is given.

    The reading error of a published slope is bounded by that of its points, all wrong in the worst direction.
    """
    samples = [evidence.column(column, size) for size in LAST_FOUR]
    if min(sample.size for sample in samples) < 2:
        return None
    logs = [np.log10(sample) for sample in samples]
    medians, errors = (
        np.array([np.median(log) for log in logs]),
        np.array([st.median_error(log) for log in logs]),
    )
    ours, error = st.slope(np.log10(np.array(LAST_FOUR, dtype=float)), medians, errors)
    counts = [sample.size for sample in samples]
    if value is None:
        return Estimate(ours, error, sum(counts), min(counts) - 1)
    combined = error * math.sqrt(1.0 + min(counts) / N_MATRICES)
    reading = READING_ERROR * float(np.sum(np.abs(slope_weights())))
    return Estimate(
        ours - value,
        combined,
        sum(counts),
        min(counts) - 1,
        reading,
        note=f"ours {ours:.3f}, paper {value:.3f}",
    )


# What happens once in a hundred fits is among so many with probability 0.95: 1 - 0.99^299.
SEEN_ONCE = 299


def variance_ratio(
    evidence: RivalEvidence, *, columns: tuple[str, str], n_data: int, value: float, only: str = ""
) -> Estimate | None:
    """log10 of the ratio of two columns' variances over the matrices, paired, less log10 of the claimed ratio.

    ``only``: a column of 0 and 1 that tells which matrices count. The interval is the bootstrap's
    (``log10_variance_ratio_draws``), the standard error half of its 68 %: a few huge values can make the whole
    variance, as fits that fail do. A resampled sample holds no value that the sample did not: from fewer matrices than
    ``SEEN_ONCE`` nothing is estimated.
    """
    first, second = (evidence.column(name, n_data) for name in columns)
    if only:
        counts = evidence.column(only, n_data) == 1.0
        first, second = first[counts], second[counts]
    if first.size < SEEN_ONCE or min(np.var(first), np.var(second)) == 0.0:
        return None
    ratio = float(np.var(first, ddof=1) / np.var(second, ddof=1))
    bounds = _VarianceBounds(
        st.log10_variance_ratio_draws(first, second) - math.log10(value), math.log10(ratio / value)
    )
    low, high = bounds(0.6827)
    return Estimate(
        math.log10(ratio / value),
        0.5 * (high - low),
        first.size,
        first.size - 1,
        bounds=bounds,
        note=f"ratio {ratio:.3g}",
    )


def speed_ratio(evidence: RivalEvidence, *, slow: str, fast: str, level: str) -> Estimate | None:
    """Median over matrices of log10(time of ``slow`` / time of ``fast``) to the same error; interval by order
    statistics.

    Where one method never gets there the ratio is infinite, which a median and its order statistics bear; where neither
    does, it says nothing and counts for neither: half of such matrices at +inf and half at -inf.
    """
    first, second = evidence.reach(slow, level), evidence.reach(fast, level)
    if first.size < 2:
        return None
    neither = np.isinf(first) & np.isinf(second)
    logs = np.log10(first[~neither]) - np.log10(second[~neither])
    sides = np.where(np.arange(int(neither.sum())) % 2 == 0, np.inf, -np.inf)
    everything = np.concatenate([logs, sides])
    middle = float(np.median(everything))
    if not math.isfinite(middle):
        return None
    finite = logs[np.isfinite(logs)]
    error = (
        st.median_error(finite) * math.sqrt(everything.size / finite.size)
        if finite.size > 1
        else math.inf
    )
    note = (
        f"ratio {10.0**middle:.2f}; not there: {int(np.isinf(first).sum())} of {slow},"
        f" {int(np.isinf(second).sum())} of {fast}"
    )
    return Estimate(middle, error, everything.size, bounds=_MedianBounds(everything), note=note)


def doubling(evidence: RivalEvidence, *, once: str, twice: str, n_data: int) -> Estimate | None:
    """Median over matrices of log10(error with twice the steps / with once), in standard errors of the median of log10
    error.

    Of pairs, not the difference of the two medians: that one's own error is about half a standard error at any number
    of matrices, since the two samples' middle values are different matrices; no run would have the power. The note has
    it all the same.
    """
    first, second = evidence.column(once, n_data), evidence.column(twice, n_data)
    if first.size < 2:
        return None
    first, second = np.log10(first), np.log10(second)
    unit, moved = st.median_error(first), second - first
    if unit == 0.0:
        return None
    plain = float(np.median(second) - np.median(first)) / unit
    note = (
        f"in log10 {np.median(moved):+.4f}, standard error of the median {unit:.4f}; the two"
        f" medians differ by {plain:+.2f} of it"
    )
    return Estimate(
        float(np.median(moved)) / unit,
        st.median_error(moved) / unit,
        first.size,
        first.size - 1,
        note=note,
    )


def mean_of(evidence: RivalEvidence, *, column: str, n_data: int) -> Estimate | None:
    """Mean of a column."""
    sample = evidence.column(column, n_data)
    return (
        None
        if sample.size < 2
        else Estimate(float(sample.mean()), st.mean_error(sample), sample.size, sample.size - 1)
    )


def beside_limit(
    evidence: RivalEvidence, *, nu: float, parameter: str, q: float, n_data: int
) -> Estimate | None:
    """log10 of the sample's quantile of the squared error less that of the law N(0, Sigma_nu / T)."""
    sample = evidence.column(f"nu={nu:g}/error_{parameter}", n_data)
    if sample.size < 2:
        return None
    logs = np.log10(sample)
    ours, theory = (
        float(np.quantile(logs, q)),
        math.log10(evidence.limits.quantiles[nu, parameter, q] / n_data),
    )
    note = f"measured {ours:.3f}, limit {theory:.3f}"
    return Estimate(ours - theory, quantile_error(logs, q), sample.size, sample.size - 1, note=note)


def quantile_error(values: Float, q: float) -> float:
    """Standard error of a sample quantile, sqrt(q (1 - q)/n)/f, f by a Gaussian kernel: as
    ``statistics.median_error``."""
    quarter, three_quarters = np.quantile(values, [0.25, 0.75])
    spread = min(float(np.std(values, ddof=1)), float(three_quarters - quarter) / 1.349)
    if spread == 0.0:
        return math.inf
    bandwidth = 0.9 * spread * values.size**-0.2
    density = (
        float(np.mean(stats.norm.pdf((values - np.quantile(values, q)) / bandwidth))) / bandwidth
    )
    return math.sqrt(q * (1.0 - q) / values.size) / density


@dataclass(frozen=True, eq=False)
class _MedianBounds:
    values: Float

    def __call__(self, confidence: float) -> st.Interval:
        return st.median_interval(self.values, confidence)


@dataclass(frozen=True, eq=False)
class _VarianceBounds:
    draws: Float
    value: float

    def __call__(self, confidence: float) -> st.Interval:
        tail = 0.5 * (1.0 - confidence)
        low, high = np.quantile(self.draws, [tail, 1.0 - tail], method="inverted_cdf")
        return min(float(low), self.value), max(float(high), self.value)
