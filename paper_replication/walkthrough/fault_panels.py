"""The figures made of all runs: each fault beside its correction, and the models on the real tables."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..estimates import Estimate
from ..statistics import mean_error
from ..study import Findings
from .estimands import mean_over_splits
from .evidence import WalkthroughEvidence
from .fault_list import panels
from .problem import Float
from .references import chance_loss
from .tables import MODELS, NU, TABLES

WRONG, RIGHT, GREY = "#D55E00", "#0072B2", "0.35"
LABELS = {
    "gaussian": "Gaussian\n37 parameters",
    "ica": "Laplace ICA\n65 parameters",
    "network": "network\n433 parameters",
}


def draw_faults(figure: Figure, findings: Findings) -> bool:
    """Small panels, one a fault."""
    evidence: WalkthroughEvidence = findings.evidence
    if not evidence.groups.get("network_faults"):
        return False
    figure.set_size_inches(12.5, 6.6)
    for axes, panel in zip(figure.subplots(2, 4).ravel(), panels()):
        for place, (_, experiment, column, wrong) in enumerate(panel.groups):
            factor = 1000.0 if (experiment, column) == ("network_faults", "flattery") else 1.0
            sample = factor * evidence.column(experiment, column)
            sample = np.log10(sample) if panel.logarithms else sample
            estimate = (
                None
                if sample.size < 2
                else Estimate(
                    float(sample.mean()), mean_error(sample), sample.size, sample.size - 1
                )
            )
            _dots(axes, place, sample, estimate, WRONG if wrong else RIGHT)
        axes.set_xticks(range(len(panel.groups)), [group[0] for group in panel.groups])
        axes.set_xlim(
            -0.6, len(panel.groups) + (0.25 if panel.lines else -0.3)
        )  # room for the names of the lines
        for value, label in panel.lines:
            axes.axhline(value, color=GREY, ls="--", lw=1)
            axes.annotate(
                label,
                (1.0, value),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="bottom",
                fontsize=8,
                color=GREY,
            )
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + 0.08 * (high - low))
        axes.set(title=panel.title, ylabel=panel.ylabel)
        axes.grid(visible=False, axis="x")
    handles = [
        *(
            Line2D([], [], color=colour, marker="o", ls="", ms=4, label=text)
            for colour, text in ((WRONG, "with the fault, one run"), (RIGHT, "right, one run"))
        ),
        Line2D([], [], color="0.3", marker="D", mec="k", ms=5, label="mean, 95 % interval"),
        Line2D([], [], color=GREY, ls="--", lw=1, label="what theory or the right answer gives"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return True


def draw_real_data(figure: Figure, findings: Findings) -> bool:
    """Held-out loss less chance by model and table."""
    evidence: WalkthroughEvidence = findings.evidence
    if not evidence.groups.get(f"real_data {TABLES[0]}"):
        return False
    figure.set_size_inches(9.0, 4.4)
    for axes, table in zip(figure.subplots(1, 2), TABLES):
        for place, model in enumerate(MODELS):
            terms = ((f"{model}.loss", 1.0),)
            estimate = mean_over_splits(evidence, table=table, terms=terms)
            sample = evidence.column(f"real_data {table}", f"{model}.loss") - chance_loss(NU)
            if estimate is not None:
                estimate = Estimate(
                    estimate.value - chance_loss(NU),
                    estimate.standard_error,
                    estimate.n,
                    estimate.df,
                )
            _dots(axes, place, sample, estimate, ("0.35", "#009E73", RIGHT)[place])
        axes.set_xticks(range(len(MODELS)), [LABELS[model] for model in MODELS])
        axes.set_xlim(-0.6, len(MODELS) - 0.4)
        axes.axhline(0.0, color=GREY, ls="--", lw=1)
        axes.grid(visible=False, axis="x")
        axes.set(title=table.replace("_", " "), ylabel=f"held-out loss − chance, ν = {NU}")
    return True


def _dots(axes: Axes, place: float, sample: Float, estimate: Estimate | None, colour: str) -> None:
    shift = np.linspace(-0.16, 0.16, max(sample.size, 2))[: sample.size]
    axes.plot(place - 0.12 + shift, sample, "o", ms=3, mew=0, alpha=0.45, color=colour)
    if estimate is not None:
        low, high = estimate.interval(0.95)
        half = [[estimate.value - low], [high - estimate.value]]
        axes.errorbar(
            [place + 0.24],
            [estimate.value],
            yerr=half,
            fmt="D",
            ms=5,
            capsize=4,
            color=colour,
            mec="k",
            mew=0.6,
        )
