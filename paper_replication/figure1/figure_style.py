"""Colours, marks, axes and legends shared by the figures.

Colours are Okabe and Ito's, told apart by colour-blind readers; markers and line styles differ as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from .published import SIZES
from .summary import Line
from .theory import LABELS

COLOURS = {"mle": "#000000", "nce_gaussian": "#0072B2", "nce_laplace": "#D55E00"}
MARKERS = {"mle": "s", "nce_gaussian": "o", "nce_laplace": "^"}
DASHES = {"mle": "-", "nce_gaussian": "--", "nce_laplace": "-."}
SHIFT = {
    "mle": 0.97,
    "nce_gaussian": 1.0,
    "nce_laplace": 1.03,
}  # so that intervals at one T do not hide each other


def with_intervals(axes: Axes, lines: list[Line], method: str, joined: bool = False) -> None:
    """Draw values with their intervals; an infinite end is drawn off the axes."""
    if lines:
        values = np.array([[x.value, x.low, x.high] for x in lines])
        yerr = np.clip(
            np.stack([values[:, 0] - values[:, 1], values[:, 2] - values[:, 0]]),
            0.0,
            1e3 * np.abs(values[:, 0]),
        )
        x = [line.n_data * SHIFT[method] for line in lines]
        style = MARKERS[method] + (DASHES[method] if joined else "")
        axes.errorbar(
            x,
            values[:, 0],
            yerr=yerr,
            fmt=style,
            color=COLOURS[method],
            ms=5,
            lw=1,
            capsize=2,
            label=LABELS[method],
        )


def limit_line(axes: Axes, constant: float, method: str) -> None:
    """Draw constant / T."""
    grid = np.array([230.0, 36000.0])
    axes.plot(grid, constant / grid, DASHES[method], color=COLOURS[method], lw=1)


def open_marks(method: str, size: float) -> dict[str, Any]:
    """Return the style of published points."""
    return {"color": COLOURS[method], "mfc": "none", "ms": size, "ls": "", "alpha": 0.75}


def size_axis(axes: Axes) -> None:
    """A logarithmic axis of sample sizes, each size a tick."""
    axes.set_xscale("log")
    axes.set_xlim(SIZES[0] * 0.85, SIZES[-1] * 1.18)
    axes.xaxis.set_major_locator(FixedLocator(SIZES))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_xlabel("sample size T")


def log_axes(axes: Axes) -> None:
    """Sample sizes across, squared errors up, both logarithmic."""
    size_axis(axes)
    axes.set_yscale("log")


def legend(axes: Axes, methods: tuple[str, ...], extra: tuple[str, ...]) -> None:
    """One entry a method and one for each further kind of mark."""
    handles: list[Any] = [
        Line2D([], [], color=COLOURS[m], marker=MARKERS[m], ls=DASHES[m], lw=1, label=LABELS[m])
        for m in methods
    ]
    lines = {"limit law", "tr(Σ)/T"}
    for text in extra:
        if text in lines:
            handles.append(Line2D([], [], color="0.4", lw=1, label=text))
            continue
        size, cross = (6, "x") if "predicted" in text else (8, "")
        style = {"ls": "", "mfc": "none", "ms": size, "label": text}
        marks = [
            Line2D([], [], color=COLOURS[m], marker=cross or MARKERS[m], **style) for m in methods
        ]
        handles.append(tuple(marks))
    names = [h[0].get_label() if isinstance(h, tuple) else h.get_label() for h in handles]
    axes.legend(
        handles, names, handler_map={tuple: HandlerTuple(ndivide=None, pad=0.4)}, handlelength=3.2
    )
