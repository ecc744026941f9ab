"""The study's figures as PNG and SVG, in the style of the replication's; none without matplotlib. Drawing: ``figure_panels.py``."""

from __future__ import annotations

from pathlib import Path

from .. import figures as house
from .evidence import RivalEvidence

CAPTIONS = {
    "figure1a": "Figure 1 (a): median squared errors with 95 % intervals (filled) and the published medians (open). Left B, right c.",
    "figure1b": "Figure 1 (b): squared error of B against time, median over the matrices of the best error that a method has at that time "
    "over all T. The unit of time is MLE's median time to a squared error of 0.01 ‖B*‖².",
    "nu_sweep": "The sweep over ν: median squared errors, bars from the 10 to the 90 % quantile, the limit law's median (lines), "
    "published medians (open). Left B, right c.",
    "beside_limit": "Quantiles of the squared error over those of the limit law, ν by ν: 10 %, 50 %, 90 %. Left B, right c.",
}


def write_figures(folder: Path, evidence: RivalEvidence, label: str) -> list[str]:
    """Draw what the runs allow into ``folder`` and return the names; an empty list without matplotlib. ``label`` stands in each."""
    if not house.matplotlib_is_here():
        return []
    from matplotlib.figure import Figure

    from . import figure_panels as panels

    folder.mkdir(parents=True, exist_ok=True)
    names = []
    with house.house_style():
        for name in CAPTIONS:
            figure = Figure()
            if getattr(panels, f"draw_{name}")(figure, evidence):
                figure.suptitle(label, fontsize=9, color="0.35")
                house.save(figure, folder / name)
                names.append(name)
    return names
