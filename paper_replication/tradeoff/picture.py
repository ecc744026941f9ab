"""The study's picture: error over nu, error against time, and NCE over maximum likelihood on the same data."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from .. import statistics as st
from ..columns import Columns
from ..study import Findings
from .estimands import logs, over_mle, published
from .limits import limits
from .plan import MEDIAN_FROM, NUS, group

# Okabe and Ito's colours; markers differ as well.
COLOURS = {"nce": "#0072B2", "is": "#D55E00", "sm": "#CC79A7", "mle": "#000000"}
MARKS = {"nce": "o", "is": "s", "sm": "v", "mle": "^"}
SHIFT = {"nce": 1.0, "is": 1.0, "mle": 1.12}
WORDS = {
    "nce": "NCE",
    "is": "importance sampling",
    "sm": "score matching",
    "mle": "maximum likelihood",
}


def draw_tradeoff(figure: Figure, findings: Findings) -> bool:
    """Three panels."""
    evidence = findings.evidence
    figure.set_size_inches(13.0, 4.3)
    errors, times, ratio = figure.subplots(1, 3)
    have = [nu for nu in NUS if evidence.column(group(nu), "norm_B").size > 1]
    if not have:
        return False
    law = limits()
    enough = [nu for nu in have if evidence.column(group(nu), "norm_B").size >= MEDIAN_FROM]
    for method in ("nce", "is", "mle"):
        there, medians, spreads = _medians(evidence, enough, method)
        if there:
            errors.errorbar(
                [nu * SHIFT[method] for nu in there],
                medians,
                1.96 * np.array(spreads),
                color=COLOURS[method],
                marker=MARKS[method],
                ls="",
                ms=4.5,
                capsize=2,
                label=WORDS[method],
            )
    errors.plot(
        NUS, [law[nu].median for nu in NUS], color=COLOURS["nce"], lw=1.2, label="NCE, limit law"
    )
    errors.axhline(law["mle"].median, color=COLOURS["mle"], lw=1.0, ls="--", label="MLE, limit law")
    theirs = published()
    errors.plot(
        NUS,
        [theirs[str(nu)] for nu in NUS],
        "o",
        mfc="none",
        color="#009E73",
        ms=8,
        label="published NCE",
    )
    errors.axhline(theirs["MLE"], color="#009E73", lw=1.0, ls="-.", label="published MLE")
    errors.set(xscale="log", xlabel="ν", ylabel="log10 of the median |B̂ − B*|²", title="error")
    errors.legend(ncols=2, fontsize=7.5)
    for method in ("nce", "is", "sm", "mle"):
        points = [
            (
                10.0 ** np.median(logs(evidence, nu, f"seconds.{method}")),
                np.median(logs(evidence, nu, f"{method}.error")),
                nu,
            )
            for nu in enough
            if f"seconds.{method}" in evidence.groups[group(nu)][0]
        ]
        if method == "mle" and points:  # the same at every nu
            points = [tuple(np.median(np.array(points), axis=0))]
        if points:
            x, y, at = zip(*points)
            times.plot(
                x, y, color=COLOURS[method], marker=MARKS[method], ms=5, lw=1.0, label=WORDS[method]
            )
            for x_one, y_one, nu in zip(x, y, at):
                if method in ("nce", "is"):
                    times.annotate(
                        f"{nu:g}", (x_one, y_one), (3, 4), textcoords="offset points", fontsize=7
                    )
    times.set(
        xscale="log",
        xlabel="seconds on the processor, noise included",
        ylabel="log10 of the median |B̂ − B*|²",
        title="error against time; numbers are ν",
    )
    if enough:
        times.legend()
    found = [(nu, over_mle(evidence, nus=(nu,))) for nu in have]
    there2 = [(nu, one) for nu, one in found if one is not None]
    values = np.array([one.value for _, one in there2])
    ends = np.array([one.interval(0.95) for _, one in there2])
    ratio.errorbar(
        [nu for nu, _ in there2],
        10.0**values,
        [10.0**values - 10.0 ** ends[:, 0], 10.0 ** ends[:, 1] - 10.0**values],
        color=COLOURS["nce"],
        marker="o",
        ls="",
        ms=4.5,
        capsize=2,
        label="same data, 95 % intervals",
    )
    curve = [10.0 ** (law[nu].log_relative - law["mle"].log_relative) for nu in NUS]
    ratio.plot(NUS, curve, color=COLOURS["nce"], lw=1.2, label="limit law")
    ratio.axhline(1.0, color="0.4", lw=1, ls="--")
    ratio.set(
        xscale="log",
        yscale="log",
        xlabel="ν",
        ylabel="|E|² of NCE over MLE (mean of log10)",
        title="NCE over maximum likelihood",
    )
    ratio.yaxis.set_major_formatter("{x:g}")
    ratio.yaxis.set_minor_formatter(
        FuncFormatter(lambda value, _: f"{value:g}" if value < 4.5 else "")
    )
    ratio.legend()
    return True


def _medians(
    evidence: Columns, have: list[int], method: str
) -> tuple[list[int], list[Any], list[float]]:
    there, medians, spreads = [], [], []
    for nu in have:
        if f"{method}.error" not in evidence.groups[group(nu)][0]:
            continue
        sample = logs(evidence, nu, f"{method}.error")
        there.append(nu)
        medians.append(float(np.median(sample)))
        spreads.append(st.median_error(sample))
    return there, medians, spreads
