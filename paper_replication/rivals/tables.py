"""The report's tables. Every one names its number of matrices: a quick run's table must not pass for a full one's."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence

import numpy as np

from .. import statistics as st
from ..estimates import Estimate
from ..profiles import Batch
from ..report_tables import markdown
from ..tasks import canonical, load_experiment
from . import estimands as of
from . import plan
from .evidence import EXPERIMENTS, ROOT, Float, RivalEvidence
from .experiments.race import LEVELS, METHODS
from .limits import QUANTILES
from .published import CURVES, LABELS, NUS, curve, figure1a, nu_name, nu_sweep


def medians(evidence: RivalEvidence) -> str:
    """log10 of the medians of panel (a) with 95 % intervals, published beside them."""
    rows = []
    for size in evidence.sizes("curves"):
        cells = []
        for method, parameter in CURVES:
            log = np.log10(evidence.column(f"curves/{method}.error_{parameter}", size))
            cells.append(f"{_median(log)} / {curve(figure1a(), method, parameter)[size]:.2f}")
        rows.append([str(size), str(evidence.column("curves/norm_B", size).size), *cells])
    return _table(["T", "matrices", *(f"{LABELS[m]} {p}" for m, p in CURVES)], rows)


def slopes(evidence: RivalEvidence) -> str:
    """Slopes of the last four points, ours with standard errors, and the published."""
    rows = []
    for method, parameter in CURVES:
        estimate = of.slope_of_medians(evidence, column=f"curves/{method}.error_{parameter}")
        points = curve(figure1a(), method, parameter)
        published = sum(w * points[size] for w, size in zip(of.slope_weights(), of.LAST_FOUR))
        counts = [evidence.column("curves/norm_B", size).size for size in of.LAST_FOUR]
        ours = "" if estimate is None else f"{estimate.value:.2f} ± {estimate.standard_error:.2f}"
        rows.append([f"{LABELS[method]} {parameter}", str(min(counts)), ours, f"{published:.2f}"])
    return _table(["curve", "matrices", "slope, standard error", "published"], rows)


def ratios(evidence: RivalEvidence) -> str:
    """Medians of squared error of B over MLE's, ours with 95 % intervals / published."""
    mle = curve(figure1a(), "mle", "B")
    rows = []
    for size in evidence.sizes("curves"):
        cells = []
        for method in ("nce", "is", "sm", "cd"):
            first, second = (
                np.log10(evidence.column(f"curves/{m}.error_B", size)) for m in (method, "mle")
            )
            half = 1.96 * st.paired_medians_error(first, second) if first.size > 1 else math.inf
            middle = float(np.median(first) - np.median(second))
            published = 10 ** (curve(figure1a(), method, "B")[size] - mle[size])
            cells.append(
                f"{10**middle:.2f} [{10 ** (middle - half):.2f}, {10 ** (middle + half):.2f}] / {published:.2f}"
            )
        rows.append([str(size), str(evidence.column("curves/norm_B", size).size), *cells])
    return _table(
        ["T", "matrices", *(f"{LABELS[m]} / MLE" for m in ("nce", "is", "sm", "cd"))], rows
    )


def divergence(evidence: RivalEvidence) -> str:
    """Contrastive divergence: settled fits, steps, acceptance, what twice the steps change, and its error's variance
    over NCE's."""
    rows = []
    for size in evidence.sizes("curves"):
        get = lambda name, size=size: evidence.column(f"curves/{name}", size)  # noqa: E731
        moved = of.doubling(
            evidence, once="curves/cd.error_B", twice="curves/cd_doubled.error_B", n_data=size
        )
        asked = {
            "columns": ("curves/cd.error_B", "curves/nce.error_B"),
            "n_data": size,
            "value": 1.0,
        }
        ratios = [
            of.variance_ratio(evidence, **asked, only=only) for only in ("", "curves/cd.converged")
        ]
        rows.append(
            [
                str(size),
                str(get("norm_B").size),
                f"{get('cd.converged').mean():.3f}",
                f"{np.median(get('cd.n_steps')):.0f}",
                f"{get('cd.acceptance').mean():.2f}",
                "" if moved is None else f"{moved.value:+.2f} ± {moved.standard_error:.2f}",
                *("" if ratio is None else f"{10**ratio.value:.3g}" for ratio in ratios),
            ]
        )
    head = [
        "T",
        "matrices",
        "settled",
        "median steps",
        "acceptance",
        "error's move by twice the steps, in standard errors of its median",
    ]
    return _table(
        [
            *head,
            "variance of squared error, CD / NCE (paper: about 50)",
            "the same, settled fits alone",
        ],
        rows,
    )


def fits(evidence: RivalEvidence) -> str:
    """Shares of converged fits, and the state of the importance weights."""
    rows = []
    for size in evidence.sizes("curves"):
        shares = [
            f"{evidence.column(f'curves/{m}.converged', size).mean():.3f}"
            for m in ("mle", "nce", "is", "sm")
        ]
        weights = [
            f"{evidence.column(f'curves/is.{name}', size).mean():.2f}"
            for name in ("effective_share", "heavy_tail")
        ]
        rows.append(
            [str(size), str(evidence.column("curves/norm_B", size).size), *shares, *weights]
        )
    head = ["T", "matrices", *(f"{LABELS[m]}, certified" for m in ("mle", "nce", "is", "sm"))]
    return _table(
        [*head, "IS: effective share of the noise sample", "IS: share of fits with k-hat > 0.7"],
        rows,
    )


def race(evidence: RivalEvidence) -> str:
    """Times to reach an error, over MLE's and over NCE's (L-BFGS): medians over matrices of the ratio."""
    rows = []
    for method in METHODS:
        for level in LEVELS:
            cells = []
            for base in ("mle", "nce"):
                ratio = (
                    of.speed_ratio(evidence, slow=method, fast=base, level=level)
                    if method != base
                    else None
                )
                cells.append("" if ratio is None else _ratio(ratio))
            there = evidence.reach(method, level)
            rows.append(
                [LABELS[method], level, f"{int(np.isfinite(there).sum())} of {there.size}", *cells]
            )
    head = [
        "method",
        "squared error of B over ‖B*‖²",
        "matrices that get there",
        "time over MLE's",
        "time over NCE's",
    ]
    return _table(head, rows if evidence.races else [])


def sweep(evidence: RivalEvidence, parameter: str) -> str:
    """log10 of the 10, 50, 90 % quantiles by nu and T: ours / the limit law's, and the published median."""
    rows = []
    for nu in NUS:
        published = curve(nu_sweep(), nu_name(nu), parameter)
        for size in evidence.sizes(nu_name(nu)):
            log = np.log10(evidence.column(f"{nu_name(nu)}/error_{parameter}", size))
            limits = [
                math.log10(evidence.limits.quantiles[nu, parameter, q] / size) for q in QUANTILES
            ]
            cells = [
                f"{np.quantile(log, q):.2f} / {limit:.2f}" for q, limit in zip(QUANTILES, limits)
            ]
            rows.append([f"{nu:g}", str(size), str(log.size), *cells, f"{published[size]:.2f}"])
    return _table(
        [
            "ν",
            "T",
            "matrices",
            *(f"{q:.0%}, ours / limit law" for q in QUANTILES),
            "published median",
        ],
        rows,
    )


def costs(cpu_seconds: Mapping[str, float]) -> str:
    """What the full profile would take on two cores, from this run's times of tasks; what was not run is scaled from
    what was."""
    measured: dict[str, tuple[float, float]] = {}
    for batch in plan.FULL:
        have = cpu_seconds.get(spelled(batch))
        if have:
            total, seen = measured.get(batch.experiment, (0.0, 0.0))
            measured[batch.experiment] = (total + have, seen + expected(batch))
    rows, everything = [], 0.0
    for name in dict.fromkeys(batch.experiment for batch in plan.FULL):
        core, seen, count = 0.0, 0, 0
        of_name = [batch for batch in plan.FULL if batch.experiment == name]
        for batch in of_name:
            have = cpu_seconds.get(spelled(batch))
            factor = measured[name][0] / measured[name][1] if name in measured else 1.0
            core += batch.n_repetitions * (have if have else factor * expected(batch))
            seen, count = seen + bool(have), count + 1
        everything += core
        runs = sum(batch.n_repetitions for batch in of_name)
        short = name.removeprefix(ROOT)
        rows.append(
            [short, str(runs), f"{seen} of {count}", f"{core / 60.0:.0f}", f"{core / 120.0:.0f}"]
        )
    rows.append(
        [
            "**all**",
            str(sum(batch.n_repetitions for batch in plan.FULL)),
            "",
            f"{everything / 60.0:.0f}",
            f"**{everything / 120.0:.0f}**",
        ]
    )
    return _table(
        ["experiment", "runs, full", "settings timed", "minutes of one core", "minutes on two"],
        rows,
    )


def spelled(batch: Batch) -> str:
    """Name a batch as the times of its runs are named."""
    return f"{batch.experiment.removeprefix(ROOT)} {canonical(batch.params)}"


def expected(batch: Batch) -> float:
    """Return the cost in seconds that an experiment states for itself."""
    return float(load_experiment(EXPERIMENTS[batch.experiment]).expected_seconds(batch.params))


def summary_csv(evidence: RivalEvidence) -> str:
    """n, median, 10 and 90 % quantiles and mean of every column; no times."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            "table",
            "n_data",
            "column",
            "n",
            "median",
            "quantile_10",
            "quantile_90",
            "mean",
            "standard_error",
        ]
    )
    for (table, n_data), results in evidence.tables.items():
        for name in sorted(results[0]):
            sample = evidence.column(f"{table}/{name}", n_data)
            numbers = [*np.quantile(sample, [0.5, 0.1, 0.9]), sample.mean(), st.mean_error(sample)]
            writer.writerow(
                [
                    table,
                    n_data,
                    name,
                    sample.size,
                    *("" if math.isinf(v) else f"{v:.10g}" for v in numbers),
                ]
            )
    return out.getvalue()


def _median(log: Float) -> str:
    low, high = st.median_interval(log, 0.95)
    ends = f"[{low:.2f}, {high:.2f}]" if math.isfinite(low) else "[–, –]"
    return f"{np.median(log):.2f} {ends}"


def _ratio(estimate: Estimate) -> str:
    low, high = estimate.interval(0.95)
    ends = (
        f"[{10**low:.2g}, {10**high:.2g}]"
        if math.isfinite(low) and math.isfinite(high)
        else "[–, –]"
    )
    return f"{10**estimate.value:.2f} {ends}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return markdown(head, rows) if rows else "(no runs)\n"


def counts(evidence: RivalEvidence) -> str:
    """The smallest and the largest number of matrices of any setting."""
    found = [len(results) for results in evidence.tables.values()] + (
        [len(evidence.races)] if evidence.races else []
    )
    return (
        f"{min(found)} to {max(found)} matrices a point"
        if min(found) != max(found)
        else f"{min(found)} matrices a point"
    )
