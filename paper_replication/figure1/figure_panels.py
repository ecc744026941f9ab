"""What each figure shows. Every ``draw_*`` fills an empty figure and returns whether there was something to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from scipy import stats

from .. import statistics as st
from ..seeds import generator_for
from ..study import Findings
from .evidence import Evidence
from .figure_style import (
    COLOURS,
    DASHES,
    MARKERS,
    SHIFT,
    legend,
    limit_line,
    log_axes,
    open_marks,
    size_axis,
    with_intervals,
)
from .summary import Line, select
from .theory import LABELS, METHODS, excess
from .toy import picture


def draw_figure1ac(figure: Figure, findings: Findings) -> bool:
    """Medians against T: B on the left, c on the right."""
    evidence: Evidence = findings.evidence
    sizes = sorted({*evidence.groups, *evidence.more_points})
    figure.set_size_inches(10.0, 4.8)
    for axes, parameter in zip(figure.subplots(1, 2), ("B", "c")):
        for method in METHODS[parameter == "c" :]:
            mine = [
                Line(size, method, "paper", parameter, "median", x.size, float(np.median(x)), *ends)
                for size in sizes
                for x in [evidence.column(f"{method}.points.error_{parameter}", size)]
                for ends in [st.median_interval(x, 0.95)]
            ]
            with_intervals(axes, mine, method)
            limit_line(axes, evidence.theory.limit_medians(method)[f"error_{parameter}"], method)
            published = [
                p
                for p in evidence.points
                if p.method == method and p.parameter == parameter and p.statistic == "median"
            ]
            axes.plot(
                [p.n_data for p in published],
                [10**p.value for p in published],
                MARKERS[method],
                **open_marks(method, 9),
            )
        log_axes(axes)
        symbol = "‖B̂ − B*‖²" if parameter == "B" else "(ĉ − c*)²"
        axes.set(ylabel=f"median squared error {symbol}", title=f"squared error of {parameter}")
        legend(axes, METHODS[parameter == "c" :], ("limit law", "published"))
    return True


def draw_figure1d(figure: Figure, findings: Findings) -> bool:
    """Means against T: B for MLE, B and c for NCE."""
    evidence: Evidence = findings.evidence
    figure.set_size_inches(6.4, 4.8)
    axes = figure.subplots()
    for method in METHODS:
        parts = ["error_B"] + (["error_c"] if method != "mle" else [])
        sizes = [size for size in evidence.sizes if evidence.column("norm_B", size).size > 1]
        samples = [
            sum(evidence.column(f"{method}.paper.{part}", size) for part in parts) for size in sizes
        ]
        values = [float(np.mean(sample)) for sample in samples]
        halves = [
            float(
                stats.t.isf(0.025, sample.size - 1) * np.std(sample, ddof=1) / np.sqrt(sample.size)
            )
            for sample in samples
        ]
        # A logarithmic axis has no place for what reaches below 0; cut at a tenth, or one outlier's bar would squeeze
        # all the rest.
        below = np.minimum(halves, 0.9 * np.array(values))
        axes.errorbar(
            np.array(sizes) * SHIFT[method],
            values,
            yerr=[below, halves],
            fmt=MARKERS[method],
            color=COLOURS[method],
            ms=5,
            capsize=2,
        )
        norm = float(np.mean(evidence.pooled("norm_B")))
        limit = evidence.theory.error_B(method, norm) + (
            evidence.theory.error_c(method) if method != "mle" else 0.0
        )
        limit_line(axes, limit, method)
        for statistic, style in (
            ("mean_simulated", open_marks(method, 9)),
            ("mean_predicted", {"color": COLOURS[method], "ms": 6, "marker": "x", "ls": ""}),
        ):
            points = [p for p in evidence.points if p.method == method and p.statistic == statistic]
            axes.plot(
                [p.n_data for p in points],
                [10**p.value for p in points],
                **({"marker": MARKERS[method], "ls": ""} | style),
            )
    log_axes(axes)
    axes.set(ylabel="mean squared error", title="means against tr(Σ)/T: B for MLE, B and c for NCE")
    legend(axes, METHODS, ("tr(Σ)/T", "published, simulated", "published, predicted"))
    return True


def draw_ratio_to_limit(figure: Figure, findings: Findings) -> bool:
    """T times the mean squared error over its limit."""
    lines = findings.evidence.lines
    figure.set_size_inches(6.4, 4.6)
    axes = figure.subplots()
    for method in METHODS:
        with_intervals(
            axes, select(lines, method=method, statistic="ratio_to_limit"), method, joined=True
        )
    grid = np.geomspace(1000, 40000, 100)
    axes.plot(
        grid,
        [1.0 + excess(size) for size in grid],
        ":",
        color=COLOURS["nce_gaussian"],
        label=f"1 + {excess(1.0):.1f}/√T, expected for Gaussian noise",
    )
    axes.axhline(1.0, color="0.4", lw=1)
    size_axis(axes)
    axes.set(ylabel="T · mean squared error of B / limit", title="the approach to the limit law")
    axes.legend()
    return True


def draw_optimiser(figure: Figure, findings: Findings) -> bool:
    """Shares below the best value known, and the ratio of median errors."""
    lines = findings.evidence.lines
    figure.set_size_inches(10.0, 4.6)
    left, right = figure.subplots(1, 2)
    kinds = (
        ("paper", "single_start_below_best", ":", "one L-BFGS start"),
        ("paper", "below_best", "--", "the paper's protocol"),
        ("certified", "below_best", "-", "certified"),
    )
    for method in METHODS:
        for protocol, quantity, style, _ in kinds:
            chosen = select(lines, method=method, protocol=protocol, quantity=quantity)
            left.plot(
                [x.n_data for x in chosen],
                [100.0 * x.value for x in chosen],
                style,
                marker=MARKERS[method],
                color=COLOURS[method],
                ms=5,
            )
        chosen = select(lines, method=method, protocol="paper/certified")
        values = np.array([[x.value, x.low, x.high] for x in chosen]).reshape(-1, 3)
        ratio = 10.0**values
        yerr = np.abs(np.stack([ratio[:, 0] - ratio[:, 1], ratio[:, 2] - ratio[:, 0]]))
        right.errorbar(
            [x.n_data * SHIFT[method] for x in chosen],
            ratio[:, 0],
            yerr=yerr,
            fmt=MARKERS[method] + DASHES[method],
            color=COLOURS[method],
            ms=5,
            capsize=2,
        )
    left.set_yscale("symlog", linthresh=1.0)
    left.set_ylim(-0.1, 120)
    left.yaxis.set_major_locator(FixedLocator([0, 1, 3, 10, 30, 100]))
    left.yaxis.set_minor_locator(NullLocator())
    left.yaxis.set_major_formatter("{x:g} %")
    left.axhline(1.0, color="0.6", lw=0.8, ls=(0, (1, 2)))
    left.annotate(
        "linear below, logarithmic above",
        (0.98, 1.0),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize=8,
        color="0.4",
    )
    left.set(ylabel="fits > 1e-4 below the best value known", title="other maxima")
    right.axhline(1.0, color="0.4", lw=1)
    right.set(
        ylabel="median error, paper's protocol / certified",
        title="the optimiser's part of the error",
    )
    for axes in (left, right):
        size_axis(axes)
    for _, _, style, text in kinds:
        left.plot([], [], style, color="0.4", label=text)
    left.legend(loc="upper right")
    legend(right, METHODS, ())
    return True


def draw_coverage(figure: Figure, findings: Findings) -> bool:
    """Coverage of 95 % intervals by T."""
    lines = findings.evidence.lines
    figure.set_size_inches(10.0, 4.4)
    for axes, (parameter, margin) in zip(
        figure.subplots(1, 2, sharey=True), (("B", 0.02), ("c", 0.04))
    ):
        axes.axhspan(0.95 - margin, 0.95 + margin, color="0.93")
        axes.axhline(0.95, color="0.4", lw=1)
        for method in METHODS:
            with_intervals(
                axes,
                select(lines, method=method, quantity=f"covered_{parameter}"),
                method,
                joined=True,
            )
        size_axis(axes)
        axes.set(
            title=f"{'entries of B' if parameter == 'B' else 'c'}",
            ylabel="coverage of 95 % intervals" if parameter == "B" else "",
        )
        legend(axes, METHODS, ())
    return True


def draw_chi_square(figure: Figure, findings: Findings) -> bool:
    """Quantiles of the squared Mahalanobis distance against those of chi-square."""
    evidence: Evidence = findings.evidence
    if not evidence.sizes:
        return False
    figure.set_size_inches(5.2, 5.0)
    axes, size, top = figure.subplots(), evidence.sizes[-1], 10.0
    for method in METHODS:
        sample = np.sort(evidence.column(f"{method}.certified.mahalanobis", size))
        df = evidence.theory.degrees_of_freedom(method)
        quantiles = stats.chi2.ppf((np.arange(sample.size) + 0.5) / sample.size, df)
        top = max(top, float(sample[-1]), float(quantiles[-1]))
        axes.plot(
            quantiles,
            sample,
            MARKERS[method],
            color=COLOURS[method],
            ms=3.5,
            mfc="none",
            label=f"{LABELS[method]}, {df} degrees of freedom",
        )
    axes.plot([0, top], [0, top], color="0.4", lw=1)
    axes.set(
        xlabel="quantile of chi-square",
        ylabel="T (θ̂ − θ*)ᵀ Σ⁻¹ (θ̂ − θ*)",
        title=f"squared Mahalanobis distances at T = {size}",
        aspect="equal",
    )
    axes.legend(loc="upper left")
    return True


def draw_toy(figure: Figure, findings: Findings) -> bool:
    """J12's toy example, from a generator of its own: the same whatever the runs are."""
    return draw_contours(figure, picture(generator_for("toy", "picture")))


def draw_contours(figure: Figure, toy: dict[str, Any]) -> bool:
    """Contours of J over (precision, c) with the optimisation paths."""
    figure.set_size_inches(6.4, 5.0)
    axes = figure.subplots()
    objective = np.asarray(toy["objective"])
    top = float(np.max(objective))
    # Levels crowd towards the maximum, where the surface is flat.
    levels = top - np.geomspace(float(np.ptp(objective)), 1e-4 * float(np.ptp(objective)), 22)
    # Shades by rank, not by height: by height all but the outermost bands would be the same dark blue, and hide the
    # curves.
    shades = colormaps["Blues"](np.linspace(0.0, 0.6, levels.size))
    axes.contourf(
        toy["precision"], toy["c"], objective, levels=[*np.unique(levels), top], colors=shades
    )
    axes.contour(
        toy["precision"],
        toy["c"],
        objective,
        levels=np.unique(levels),
        colors="0.45",
        linewidths=0.5,
    )
    precision = np.asarray(toy["precision"], dtype=float)
    axes.plot(
        precision,
        0.5 * np.log(precision) - 0.5 * np.log(2.0 * np.pi),
        "k--",
        lw=1.2,
        label="normalised models",
    )
    for k, path in enumerate(toy["paths"]):
        points = np.asarray(path)
        axes.plot(
            points[:, 0],
            points[:, 1],
            "-o",
            color="#D55E00",
            ms=3,
            lw=1.2,
            label="optimisation paths" if k == 0 else None,
        )
        axes.plot(*points[0], "o", color="#D55E00", ms=8, mfc="white")
    axes.plot(
        1.0,
        -0.5 * np.log(2.0 * np.pi),
        "*",
        color="#F0E442",
        mec="k",
        ms=14,
        label="truth (1, −0.919)",
    )
    axes.set(
        xlim=(precision[0], precision[-1]),
        ylim=(toy["c"][0], toy["c"][-1]),
        xlabel="precision θ₁",
        ylabel="c",
        title="toy example of J12, ν = 10",
    )
    axes.grid(visible=False)
    axes.legend(loc="lower right", frameon=True)
    return True
