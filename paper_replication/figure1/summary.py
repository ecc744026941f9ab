"""``summary.csv``: what the runs say, byte for byte the same whatever made them in whatever order.

*Conventions.* One line of the summary is one statistic of one quantity: n_data, method, protocol, quantity, statistic,
n, value, 95 % interval (low, high), standard error, and the theory's value where there is one. Numbers carry ten
digits.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .. import statistics as st
from ..estimates import Estimate
from .estimands import (
    coverage,
    ellipsoid_coverage,
    mahalanobis_mean,
    median_log_ratio,
    ratio_to_limit,
    share_above,
)
from .evidence import GAP_LIMIT, Evidence
from .theory import METHODS, N_SOURCES

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Line:
    """One line of the summary; NaN stands for "there is none" and is written as an empty field."""

    n_data: int
    method: str
    protocol: str
    quantity: str
    statistic: str
    n: int
    value: float
    low: float = math.nan
    high: float = math.nan
    standard_error: float = math.nan
    theory: float = math.nan


def summarise(evidence: Evidence) -> list[Line]:
    """Return the lines in the order n_data, method, protocol, quantity, statistic."""
    medians = {method: evidence.theory.limit_medians(method) for method in METHODS}
    lines: list[Line] = []
    for n_data in evidence.sizes:
        for method in METHODS:
            for protocol in ("paper", "certified"):
                lines += _errors(evidence, n_data, method, protocol, medians[method])
            lines += _optimiser(evidence, n_data, method)
            lines += _intervals(evidence, n_data, method)
    for n_data in evidence.fine_tuning:
        lines += _fine_tuning(evidence, n_data)
    return lines


def summary_csv(lines: Sequence[Line]) -> str:
    """Return the lines as CSV text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(field.name for field in fields(Line))
    for line in lines:
        writer.writerow(_spell(entry) for entry in astuple(line))
    return out.getvalue()


def select(lines: Sequence[Line], **wanted: object) -> list[Line]:
    """Return the lines whose fields equal all of ``wanted``."""
    return [
        line
        for line in lines
        if all(getattr(line, name) == value for name, value in wanted.items())
    ]


def _errors(
    evidence: Evidence, n_data: int, method: str, protocol: str, medians: dict[str, float]
) -> Iterator[Line]:
    norm = float(np.mean(evidence.column("norm_B", n_data)))
    limits = {
        "error_B": evidence.theory.error_B(method, norm),
        "error_c": evidence.theory.error_c(method),
        "relative_error": evidence.theory.relative_error(method),
    }
    for quantity, limit in limits.items():
        sample = evidence.column(f"{method}.{protocol}.{quantity}", n_data)
        low, high = st.median_interval(sample, CONFIDENCE)
        theory = medians[quantity] / n_data if quantity in medians else math.nan
        error = st.median_error(sample) if sample.size > 1 else math.nan
        yield Line(
            n_data,
            method,
            protocol,
            quantity,
            "median",
            sample.size,
            float(np.median(sample)),
            low,
            high,
            error,
            theory,
        )
        yield _mean(n_data, method, protocol, quantity, sample, limit / n_data)
    yield _mean(
        n_data,
        method,
        protocol,
        "n_evaluations",
        evidence.column(f"{method}.{protocol}.n_evaluations", n_data),
    )


def _optimiser(evidence: Evidence, n_data: int, method: str) -> Iterator[Line]:
    for protocol, name, quantity in (
        ("paper", "single_gap", "single_start_below_best"),
        ("paper", "gap", "below_best"),
        ("certified", "gap", "below_best"),
    ):
        estimate = share_above(
            evidence, column=f"{method}.{protocol}.{name}", n_data=n_data, limit=GAP_LIMIT
        )
        yield from _estimated(n_data, method, protocol, quantity, "share", estimate)
    flags = evidence.column(f"{method}.certified.is_certified", n_data)
    yield from _estimated(
        n_data,
        method,
        "certified",
        "is_certified",
        "share",
        coverage(evidence, column=f"{method}.certified.is_certified", n_data=n_data),
    )
    worst = evidence.column(f"{method}.certified.stationarity", n_data)
    yield Line(
        n_data, method, "certified", "stationarity", "largest", flags.size, float(np.max(worst))
    )
    columns = (f"{method}.paper.error_B", f"{method}.certified.error_B")
    yield from _estimated(
        n_data,
        method,
        "paper/certified",
        "error_B",
        "log10_median_ratio",
        median_log_ratio(evidence, columns=columns, n_data=n_data),
        0.0,
    )
    columns = (f"{method}.paper.single_error_B", f"{method}.paper.error_B")
    yield from _estimated(
        n_data,
        method,
        "single/five",
        "error_B",
        "log10_median_ratio",
        median_log_ratio(evidence, columns=columns, n_data=n_data),
    )


def _intervals(evidence: Evidence, n_data: int, method: str) -> Iterator[Line]:
    yield from _estimated(
        n_data,
        method,
        "certified",
        "relative_error",
        "ratio_to_limit",
        ratio_to_limit(evidence, method=method, n_data=n_data),
        1.0,
    )
    for quantity, entries in (("covered_B", N_SOURCES**2), ("covered_c", 1)):
        estimate = coverage(
            evidence, column=f"{method}.certified.{quantity}", n_data=n_data, entries=entries
        )
        yield from _estimated(n_data, method, "certified", quantity, "share", estimate, CONFIDENCE)
    yield from _estimated(
        n_data,
        method,
        "certified",
        "mahalanobis",
        "mean/df",
        mahalanobis_mean(evidence, method=method, n_data=n_data),
        1.0,
    )
    yield from _estimated(
        n_data,
        method,
        "certified",
        "mahalanobis",
        "below_95%",
        ellipsoid_coverage(evidence, method=method, n_data=n_data),
        CONFIDENCE,
    )
    sample = evidence.column(f"{method}.certified.mahalanobis", n_data)
    distance, p_value = st.kolmogorov_distance(sample, evidence.theory.degrees_of_freedom(method))
    yield Line(
        n_data, method, "certified", "mahalanobis", "kolmogorov_distance", sample.size, distance
    )
    yield Line(n_data, method, "certified", "mahalanobis", "kolmogorov_p", sample.size, p_value)


def _fine_tuning(evidence: Evidence, n_data: int) -> Iterator[Line]:
    for start in ("random", "first_fit"):
        for quantity in ("error_B", "error_c"):
            sample = evidence.column(f"fine_tuning.{start}.{quantity}", n_data)
            low, high = st.median_interval(sample, CONFIDENCE)
            protocol = f"fine_tuning.{start}"
            yield Line(
                n_data,
                "nce_laplace",
                protocol,
                quantity,
                "median",
                sample.size,
                float(np.median(sample)),
                low,
                high,
            )
            yield _mean(n_data, "nce_laplace", protocol, quantity, sample)


def _mean(
    n_data: int,
    method: str,
    protocol: str,
    quantity: str,
    sample: NDArray[np.float64],
    theory: float = math.nan,
) -> Line:
    value, error = float(np.mean(sample)), st.mean_error(sample)
    half = (
        float(stats.t.isf(0.5 * (1.0 - CONFIDENCE), sample.size - 1)) * error
        if sample.size > 1
        else math.inf
    )
    return Line(
        n_data,
        method,
        protocol,
        quantity,
        "mean",
        sample.size,
        value,
        value - half,
        value + half,
        error,
        theory,
    )


def _estimated(
    n_data: int,
    method: str,
    protocol: str,
    quantity: str,
    statistic: str,
    estimate: Estimate | None,
    theory: float = math.nan,
) -> Iterator[Line]:
    if estimate is not None:
        low, high = estimate.interval(CONFIDENCE)
        yield Line(
            n_data,
            method,
            protocol,
            quantity,
            statistic,
            estimate.n,
            estimate.value,
            low,
            high,
            estimate.standard_error,
            theory,
        )


def _spell(entry: object) -> str:
    if isinstance(entry, float):
        return "" if math.isnan(entry) else f"{entry:.10g}"
    return str(entry)
