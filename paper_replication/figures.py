"""Figures as PNG, drawn in one style; a figure that would show what it shows already is left as it is.

A study names its figures with their captions and a module of panels, whose ``draw_<name>(figure, findings)`` fills an
empty figure and returns whether there was something to draw. Needs matplotlib; without it nothing is drawn and the
report says so.

*Conventions.* Two versions of matplotlib, or of the fonts, never give the same pixels. So every picture carries a
digest of what is drawn in it, all numbers to five digits and all words, and of the code that drew it; where the file
that is there has the same one, it stays, and building a report from the same runs again changes no file.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .study import Findings

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
    "figure.constrained_layout.use": True,
}
KEYWORD = "Comment"  # of PNG's text; holds the digest


def matplotlib_is_here() -> bool:
    """Return whether figures can be drawn."""
    return importlib.util.find_spec("matplotlib") is not None


def draw_figures(folder: Path, findings: Findings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Draw every figure of the study that the runs allow into ``folder``; none without matplotlib.

    Returns the names of those that are there now, and of those written anew.
    """
    study = findings.study
    if not study.figures or not matplotlib_is_here():
        return (), ()
    from matplotlib.figure import Figure

    panels = importlib.import_module(study.panels)
    folder.mkdir(parents=True, exist_ok=True)
    names, written = [], []
    with house_style():
        for name in study.figures:
            figure, draw = Figure(), getattr(panels, f"draw_{name}")
            if draw(figure, findings):
                letter_panels(figure)
                names.append(name)
                code = inspect.getsource(inspect.getmodule(draw))
                written += [name] if save(figure, folder / f"{name}.png", code) else []
    return tuple(names), tuple(written)


def letter_panels(figure: Any) -> None:
    """Put (a), (b), ... before the panels' titles, row by row, where there are several."""
    if len(figure.axes) > 1:
        for letter, axes in zip("abcdefghijklmnop", figure.axes):
            axes.set_title(f"({letter}) {axes.get_title()}".rstrip())


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the report's style inside the ``with`` block, whatever the user's own settings are."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def save(figure: Any, path: Path, code: str = "") -> bool:
    """Write the figure, unless the file shows it already; return whether it was written."""
    wanted = digest(figure, code)
    if path.exists() and _digest_in(path.read_bytes()) == wanted:
        return False
    # The version of matplotlib would be the only thing to change from one run to the next.
    figure.savefig(path, metadata={"Software": None, KEYWORD: wanted})
    return True


def digest(figure: Any, code: str = "") -> str:
    """Return 32 hex digits of what the figure shows and of ``code``.

    ``figure.digest_of``, where a panel sets it, stands for all that is drawn: for pictures that hang on the last
    digits.
    """
    from matplotlib.collections import Collection
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    found = hashlib.sha256(code.encode() + repr(sorted(STYLE.items())).encode())

    def note(numbers: Any) -> None:
        flat = np.ma.filled(np.ma.asarray(numbers, dtype=float), np.nan).ravel()
        found.update(" ".join(f"{x:.4e}" if abs(x) > 1e-9 else "0" for x in flat).encode())

    if getattr(figure, "digest_of", None) is not None:
        note(figure.digest_of)
        return found.hexdigest()[:32]
    for artist in figure.findobj():
        if isinstance(artist, Text):
            found.update(artist.get_text().encode())
        elif isinstance(artist, Line2D):
            note(artist.get_xydata())
        elif isinstance(artist, Collection):
            note(artist.get_offsets())
            for path in artist.get_paths():
                note(path.vertices)
        elif isinstance(artist, AxesImage):
            note(artist.get_array())
        elif isinstance(artist, Patch):
            note(artist.get_path().vertices)
    return found.hexdigest()[:32]


def _digest_in(png: bytes) -> str:
    """Return the digest that a picture carries, empty where it has none."""
    place = png.find(b"tEXt" + KEYWORD.encode() + b"\0")
    start = place + 4 + len(KEYWORD) + 1
    return png[start : start + 32].decode("latin-1") if place >= 0 else ""
