"""The picture: the mean squared error over the law against T, one panel for each number of noise points."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from ..study import Findings
from .claim_list import NAMES, SIZES, over_law
from .laws import METHODS, NOISES

COLOURS = {"nce": "#0072B2", "ranking": "#D55E00", "conditional": "#009E73"}
MARKS = {"nce": "o", "ranking": "s", "conditional": "^"}


def draw_over_law(figure: Figure, findings: Findings) -> bool:
    """Means with 95 % intervals."""
    figure.set_size_inches(9.0, 4.0)
    drawn = False
    for axes, k in zip(figure.subplots(1, 2, sharey=True), NOISES):
        for place, method in enumerate(METHODS):
            found = [(n, over_law(findings.evidence, method=method, n_data=n, k=k)) for n in SIZES]
            there = [(n, one) for n, one in found if one is not None]
            if not there:
                continue
            drawn = True
            axes.errorbar(
                [n * 1.06 ** (place - 1) for n, _ in there],
                [one.value for _, one in there],
                yerr=[one.value - one.interval(0.95)[0] for _, one in there],
                color=COLOURS[method],
                marker=MARKS[method],
                label=NAMES[method],
                lw=1.2,
                ms=5,
            )
        axes.axhline(1.0, color="0.4", ls="--", lw=1.0)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(SIZES))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("T")
        axes.set_title(f"k = {k}")
    figure.axes[0].set_ylabel("T |B̂ − B*|² / |B*|² over the law's K")
    if drawn:
        figure.axes[0].legend()
    return drawn
