"""What each of the study's figures shows. Every ``draw_*`` fills an empty figure and returns whether there was
something to draw."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from .. import statistics as st
from ..study import Findings
from .evidence import RivalEvidence
from .experiments.race import METHODS
from .limits import QUANTILES
from .published import CURVES, LABELS, NUS, SIZES, curve, figure1a, nu_name, nu_sweep
from .race_curves import median_best_error, unit_seconds
from .text import label

# Okabe and Ito's colours, told apart by colour-blind readers; markers and line styles differ as well.
COLOURS = {
    "mle": "#000000",
    "nce": "#0072B2",
    "nce_newton": "#56B4E9",
    "is": "#009E73",
    "sm": "#CC79A7",
    "cd": "#D55E00",
}
MARKS = {"mle": "s", "nce": "o", "nce_newton": "o", "is": "D", "sm": "v", "cd": "^"}
DASHES = {
    "mle": "-",
    "nce": "--",
    "nce_newton": ":",
    "is": "-.",
    "sm": (0, (5, 1)),
    "cd": (0, (3, 1, 1, 1)),
}
NU_COLOURS = dict(zip(NUS, ("#CC79A7", "#D55E00", "#E69F00", "#0072B2", "#000000")))


def draw_figure1a(figure: Figure, findings: Findings) -> bool:
    """Medians against T, ours and the published."""
    evidence: RivalEvidence = findings.evidence
    sizes = evidence.sizes("curves")
    if not sizes:
        return False
    figure.set_size_inches(10.5, 5.0)
    for axes, parameter in zip(figure.subplots(1, 2), ("B", "c")):
        methods = [m for m, p in CURVES if p == parameter]
        for place, method in enumerate(methods):
            samples = [
                evidence.column(f"curves/{method}.error_{parameter}", size) for size in sizes
            ]
            values = np.array([np.median(sample) for sample in samples])
            ends = np.array([st.median_interval(sample, 0.95) for sample in samples])
            yerr = np.clip(
                np.stack([values - ends[:, 0], ends[:, 1] - values]),
                0.0,
                np.stack([0.9 * values, 9.0 * values]),
            )
            shift = 1.0 + 0.03 * (place - 0.5 * (len(methods) - 1))
            style = {"color": COLOURS[method], "ls": DASHES[method]}
            axes.errorbar(
                np.array(sizes) * shift,
                values,
                yerr=yerr,
                fmt=MARKS[method],
                ms=5,
                lw=1,
                capsize=2,
                **style,
            )
            points = curve(figure1a(), method, parameter)
            axes.plot(
                list(points),
                10.0 ** np.array(list(points.values())),
                MARKS[method],
                mfc="none",
                ms=9,
                color=COLOURS[method],
            )
        _sizes(axes)
        symbol = "‖B̂ − B*‖²" if parameter == "B" else "(ĉ − c*)²"
        axes.set(
            yscale="log",
            ylabel=f"median squared error {symbol}",
            title=f"squared error of {parameter}",
        )
        handles = [
            Line2D([], [], color=COLOURS[m], marker=MARKS[m], ls=DASHES[m], lw=1, label=LABELS[m])
            for m in methods
        ]
        axes.legend(
            handles=[
                *handles,
                Line2D(
                    [],
                    [],
                    color="0.4",
                    marker="o",
                    mfc="none",
                    ms=8,
                    ls="",
                    label="published: the same, open",
                ),
            ]
        )
    figure.suptitle(label(findings), fontsize=9, color="0.35")
    return True


def draw_figure1b(figure: Figure, findings: Findings) -> bool:
    """Median of the best error against time."""
    evidence: RivalEvidence = findings.evidence
    unit = unit_seconds(evidence)
    if not np.isfinite(unit):
        return False
    figure.set_size_inches(7.4, 5.2)
    axes = figure.subplots()
    grid = np.geomspace(0.1, 1000.0, 200)
    for method in METHODS:
        axes.plot(
            grid,
            median_best_error(evidence, method, unit * grid),
            ls=DASHES[method],
            color=COLOURS[method],
            label=LABELS[method],
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="time, in units of MLE's to a squared error of 0.01 ‖B*‖²",
        title="error against time",
    )
    axes.set_ylabel("median of the best squared error of B")
    axes.legend()
    figure.suptitle(label(findings), fontsize=9, color="0.35")
    return True


def draw_nu_sweep(figure: Figure, findings: Findings) -> bool:
    """Medians and 10 to 90 % quantiles against T by nu, with the limit law's median."""
    evidence: RivalEvidence = findings.evidence
    if not any(evidence.sizes(nu_name(nu)) for nu in NUS):
        return False
    figure.set_size_inches(12.5, 6.6)
    grid = np.array([210.0, 19000.0])
    panels = figure.subplots(2, len(NUS), sharex=True, sharey="row")
    for row, parameter in zip(panels, ("B", "c")):
        for axes, nu in zip(row, NUS):
            colour, sizes = NU_COLOURS[nu], evidence.sizes(nu_name(nu))
            axes.plot(grid, evidence.limits.quantiles[nu, parameter, 0.5] / grid, color="0.4", lw=1)
            samples = [evidence.column(f"{nu_name(nu)}/error_{parameter}", size) for size in sizes]
            if samples:
                ends = np.array([np.quantile(sample, QUANTILES) for sample in samples])
                yerr = np.stack([ends[:, 1] - ends[:, 0], ends[:, 2] - ends[:, 1]])
                axes.errorbar(
                    sizes, ends[:, 1], yerr=yerr, fmt="o", color=colour, ms=4, lw=1, capsize=2
                )
            points = curve(nu_sweep(), nu_name(nu), parameter)
            published = 10.0 ** np.array(list(points.values()))
            axes.plot(list(points), published, "o", mfc="none", ms=9, color=colour)
            _small(axes)
            axes.set(yscale="log", title=f"ν = {nu:g}, {parameter}")
        row[0].set_ylabel(f"squared error of {parameter}")
    for axes in panels[-1]:
        axes.set_xlabel("sample size T")
    grey = {"color": "0.3", "marker": "o"}
    handles = [
        Line2D([], [], **grey, ms=4, lw=1, label="ours: median, 10 to 90 %"),
        Line2D([], [], **grey, mfc="none", ms=9, ls="", label="published median"),
        Line2D([], [], color="0.4", lw=1, label="limit law's median"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    figure.suptitle(label(findings), fontsize=9, color="0.35")
    return True


def draw_beside_limit(figure: Figure, findings: Findings) -> bool:
    """Sample quantiles over the limit law's, against T."""
    evidence: RivalEvidence = findings.evidence
    if not any(evidence.sizes(nu_name(nu)) for nu in NUS):
        return False
    figure.set_size_inches(12.5, 6.2)
    marks = tuple(zip(QUANTILES, (":", "-", "--"), ("v", "o", "^")))
    panels = figure.subplots(2, len(NUS), sharex=True, sharey="row")
    for row, parameter in zip(panels, ("B", "c")):
        for axes, nu in zip(row, NUS):
            sizes = evidence.sizes(nu_name(nu))
            axes.axhline(1.0, color="0.4", lw=1)
            for q, style, mark in marks:
                limit = evidence.limits.quantiles[nu, parameter, q]
                samples = [
                    evidence.column(f"{nu_name(nu)}/error_{parameter}", size) for size in sizes
                ]
                ratios = [size * np.quantile(x, q) / limit for size, x in zip(sizes, samples)]
                axes.plot(sizes, ratios, ls=style, marker=mark, ms=4, lw=1, color=NU_COLOURS[nu])
            _small(axes)
            axes.set(yscale="log", title=f"ν = {nu:g}, {parameter}")
            axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter("{x:g}")
        row[0].set_ylabel("quantile over the limit law's")
    for axes in panels[-1]:
        axes.set_xlabel("sample size T")
    handles = [
        Line2D([], [], color="0.3", ls=style, marker=mark, ms=4, lw=1, label=f"{q:.0%} quantile")
        for q, style, mark in marks
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    figure.suptitle(label(findings), fontsize=9, color="0.35")
    return True


def _small(axes: Axes) -> None:
    """The axis of sample sizes in a small panel: every second one named."""
    _sizes(axes)
    axes.xaxis.set_major_locator(FixedLocator(SIZES[::2]))
    axes.set_xlabel("")


def _sizes(axes: Axes) -> None:
    axes.set(xscale="log", xlabel="sample size T", xlim=(SIZES[0] * 0.8, SIZES[-1] * 1.25))
    axes.xaxis.set_major_locator(FixedLocator(SIZES))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:.0f}")
