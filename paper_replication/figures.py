"""Figures as PNG and SVG, the same bytes each time (no dates, fixed identifiers). Needs matplotlib; ``write_figures`` says without.

The drawing itself is in ``figure_panels.py``; here are style, files and captions.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .evidence import Evidence
from .summary import Line

STYLE = {
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "font.size": 10,
    "axes.titlesize": 10.5,
    "legend.fontsize": 8.5,
    "axes.grid": True,
    "grid.color": "0.9",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "nce_ref",
    "figure.constrained_layout.use": True,
}

CAPTIONS = {
    "figure1ac": "Figure 1 (a), (c): median squared errors under the paper's protocol with 95 % intervals (filled), the medians of "
    "the limit law (lines) and the published medians (open).",
    "figure1d": "Figure 1 (d): mean squared errors under the paper's protocol with 95 % intervals (filled), tr(Sigma)/T (lines), "
    "published simulated means (open) and published predictions (crosses).",
    "ratio_to_limit": "Mean squared error of B over its limit law, the certified protocol, with 95 % intervals: the approach from above, "
    "and how slow it is.",
    "optimiser": "The optimiser's part. Left: share of fits more than 1e-4 below the best value known. Right: median squared error "
    "of B of the paper's protocol over that of the certified one, with 95 % intervals.",
    "coverage": "Coverage of 95 % intervals built from the estimated covariance; the band is the margin of the claims.",
    "chi_square": "Squared Mahalanobis distances at the largest T against chi-square, quantile by quantile.",
    "toy": "The toy example of J12: contours of the objective over precision and c for nu = 10 (dark: high), the normalised models "
    "(dashed), and three optimisation paths from the open circles.",
}


def matplotlib_is_here() -> bool:
    """Return whether figures can be drawn."""
    return importlib.util.find_spec("matplotlib") is not None


def write_figures(
    folder: Path, evidence: Evidence, lines: list[Line], toy: dict[str, Any] | None
) -> list[str]:
    """Draw every figure the runs allow into ``folder`` and return their names; an empty list without matplotlib.

    ``toy``: {"precision": (p,), "c": (q,), "objective": (q, p), "paths": [(k, 2) arrays of precision, c]}, or None to leave it out.
    """
    if not matplotlib_is_here():
        return []
    from matplotlib.figure import Figure

    from . import figure_panels as panels

    folder.mkdir(parents=True, exist_ok=True)
    names = []
    with house_style():
        for name in CAPTIONS:
            figure = Figure()
            if name == "toy":
                drawn = toy is not None and panels.draw_toy(figure, toy)
            elif name == "chi_square":
                drawn = panels.draw_chi_square(figure, evidence)
            else:
                drawn = getattr(panels, f"draw_{name}")(figure, evidence, lines)
            if drawn:
                save(figure, folder / name)
                names.append(name)
    return names


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the report's style inside the ``with`` block, whatever the user's own settings are."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def save(figure: Any, stem: Path) -> None:
    """Write the figure as SVG and PNG."""
    # A date and the version of matplotlib would be the only things to change from one run to the next.
    figure.savefig(stem.with_suffix(".svg"), metadata={"Date": None, "Creator": None})
    figure.savefig(stem.with_suffix(".png"), metadata={"Software": None})
