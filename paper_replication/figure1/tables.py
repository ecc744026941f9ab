"""The tables of the report on Figure 1, in Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nce_ref.optimize.certificate import STATUSES

from ..report_tables import markdown
from .evidence import STATIONARITY_LIMIT, Evidence
from .summary import Line, select
from .theory import LABELS, METHODS


def medians(evidence: Evidence, lines: Sequence[Line]) -> str:
    """log10 of the median squared errors under the paper's protocol beside the published ones."""
    published = {
        (p.method, p.parameter, p.n_data): p.value
        for p in evidence.points
        if p.statistic == "median"
    }
    rows = []
    for size in evidence.sizes:
        for method in METHODS:
            for parameter in ("B", "c"):
                (line,) = select(
                    lines,
                    n_data=size,
                    method=method,
                    protocol="paper",
                    quantity=f"error_{parameter}",
                    statistic="median",
                )
                theirs = published.get((method, parameter, size))
                numbers = [
                    _log(line.value),
                    f"[{_log(line.low)}, {_log(line.high)}]",
                    "" if theirs is None else f"{theirs:.3f}",
                    _log(line.theory),
                ]
                rows.append([str(size), LABELS[method], parameter, str(line.n), *numbers])
    return markdown(
        ["T", "method", "of", "runs", "ours (log10)", "95 % interval", "published", "limit law"],
        rows,
    )


def approach(evidence: Evidence, lines: Sequence[Line]) -> str:
    """T times the mean squared error of B over its limit, by size and method."""
    return _by_size(evidence, lines, "ratio_to_limit", "relative_error", "certified", "{:.3f}")


def coverage(evidence: Evidence, lines: Sequence[Line], parameter: str) -> str:
    """Coverage of 95 % intervals by size and method."""
    return _by_size(evidence, lines, "share", f"covered_{parameter}", "certified", "{:.3f}")


def distances(evidence: Evidence, lines: Sequence[Line]) -> str:
    """Squared Mahalanobis distances against chi-square: mean, 95 % quantile, Kolmogorov's distance."""
    rows = []
    for size in evidence.sizes:
        for method in METHODS:
            found = {
                x.statistic: x
                for x in select(lines, n_data=size, method=method, quantity="mahalanobis")
            }
            cells = [
                _cell(found.get(name), "{:.3f}")
                for name in ("mean/df", "below_95%", "kolmogorov_distance")
            ]
            rows.append(
                [str(size), LABELS[method], *cells, _cell(found.get("kolmogorov_p"), "{:.2g}")]
            )
    return markdown(
        [
            "T",
            "method",
            "mean / degrees of freedom",
            "below the 95 % quantile",
            "Kolmogorov distance",
            "its p",
        ],
        rows,
    )


def fine_tuning(evidence: Evidence, lines: Sequence[Line]) -> str:
    """log10 of the second fit's median squared errors by its start, beside the published ones."""
    published = {
        (p.parameter, p.n_data): p.value
        for p in evidence.points
        if p.statistic == "median" and p.method == "nce_laplace"
    }
    rows = []
    for size in evidence.fine_tuning:
        ahead = evidence.column("fine_tuning.random.objective", size) - evidence.column(
            "fine_tuning.first_fit.objective", size
        )
        for parameter in ("B", "c"):
            cells = []
            for start in ("random", "first_fit"):
                line = select(
                    lines,
                    n_data=size,
                    protocol=f"fine_tuning.{start}",
                    quantity=f"error_{parameter}",
                    statistic="median",
                )[0]
                cells.append(f"{_log(line.value)} [{_log(line.low)}, {_log(line.high)}]")
            cells += [f"{published[parameter, size]:.3f}", f"{np.mean(ahead > 1e-6):.2f}"]
            rows.append([str(size), parameter, str(ahead.size), *cells])
    head = [
        "T",
        "of",
        "runs",
        "random starts",
        "start at the first fit",
        "published",
        "share of runs in which random starts end higher",
    ]
    return markdown(head, rows) if rows else ""


def optimiser(evidence: Evidence, lines: Sequence[Line]) -> str:
    """Shares of fits more than 1e-4 below the best value known, and what the protocols make of the error."""
    rows = []
    for size in evidence.sizes:
        for method in METHODS:
            at = {"n_data": size, "method": method}
            shares = [
                ("paper", "single_start_below_best"),
                ("paper", "below_best"),
                ("certified", "below_best"),
            ]
            cells = [_cell(_one(lines, **at, protocol=p, quantity=q), "{:.3f}") for p, q in shares]
            cells += [
                _cell(
                    _one(
                        lines, **at, protocol=p, quantity="error_B", statistic="log10_median_ratio"
                    ),
                    "{:+.3f}",
                )
                for p in ("single/five", "paper/certified")
            ]
            cells += [
                _cell(
                    _one(lines, **at, protocol=p, quantity="n_evaluations", statistic="mean"),
                    "{:.0f}",
                    False,
                )
                for p in ("paper", "certified")
            ]
            rows.append([str(size), LABELS[method], *cells])
    head = [
        "T",
        "method",
        "one start",
        "paper's protocol",
        "certified",
        "log10 error ratio one start / paper",
        "paper / certified",
        "evaluations, paper",
        "certified",
    ]
    return markdown(head, rows)


def certificates(evidence: Evidence) -> str:
    """Certified fits counted by size and method."""
    rows = []
    for method in METHODS:
        for size in evidence.sizes:
            flags = evidence.column(f"{method}.certified.is_certified", size)
            worst = float(evidence.column(f"{method}.certified.stationarity", size).max())
            stationary = int(
                (
                    evidence.column(f"{method}.certified.stationarity", size) <= STATIONARITY_LIMIT
                ).sum()
            )
            maximal = int(evidence.column(f"{method}.certified.is_local_maximum", size).sum())
            starts = [
                int(evidence.column(f"{method}.certified.{name}", size).sum())
                for name in ("certified_starts", "n_starts")
            ]
            counts = [flags.size, stationary, maximal, int(flags.sum())]
            ends = [
                f"{worst:.1e}",
                f"{starts[0]} of {starts[1]}",
                _reasons(evidence.column(f"{method}.certified.status", size)),
            ]
            rows.append([LABELS[method], str(size), *map(str, counts), *ends])
    head = [
        "fits",
        "stationary to 1e-8",
        "proven maxima",
        "both",
        "largest stationarity",
        "certified starts",
        "reasons of the rest",
    ]
    return markdown(["method", "T", *head], rows)


def _reasons(codes: NDArray[np.float64]) -> str:
    """Count the certificate's refusals by their word."""
    words, counts = np.unique(codes[codes > 0].astype(int), return_counts=True)
    return ", ".join(f"{STATUSES[word]}: {count}" for word, count in zip(words, counts)) or "none"


def certified_total(evidence: Evidence) -> tuple[int, int]:
    """Return how many fits of the certified protocol are certified, and how many there are."""
    columns = [evidence.pooled(f"{method}.certified.is_certified") for method in METHODS]
    return int(sum(column.sum() for column in columns)), sum(column.size for column in columns)


def _by_size(
    evidence: Evidence,
    lines: Sequence[Line],
    statistic: str,
    quantity: str,
    protocol: str,
    form: str,
) -> str:
    rows = [
        [
            str(size),
            *(
                _cell(
                    _one(
                        lines,
                        n_data=size,
                        method=m,
                        protocol=protocol,
                        quantity=quantity,
                        statistic=statistic,
                    ),
                    form,
                )
                for m in METHODS
            ),
        ]
        for size in evidence.sizes
    ]
    return markdown(["T", *(LABELS[m] for m in METHODS)], rows)


def _one(lines: Sequence[Line], **wanted: object) -> Line | None:
    found = select(lines, **wanted)
    return found[0] if found else None


def _cell(line: Line | None, form: str, interval: bool = True) -> str:
    if line is None:
        return ""
    text = form.format(line.value)
    return (
        f"{text} [{form.format(line.low)}, {form.format(line.high)}]"
        if interval and not math.isnan(line.low)
        else text
    )


def _log(value: float) -> str:
    return (
        ""
        if math.isnan(value)
        else f"{math.log10(value):.3f}"
        if 0.0 < value < math.inf
        else "none"
    )
