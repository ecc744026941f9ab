"""The lesson's figures as PNG and SVG, in the style of the replication's. Without matplotlib none, without scikit-learn no t-SNE.

The drawing itself is in ``figure_panels.py`` and ``fault_panels.py``; here are files and captions.
"""

from __future__ import annotations

from pathlib import Path

from .. import figures as house
from .evidence import WalkthroughEvidence
from .pictures import Picture, tsne
from .tables import sklearn_is_here

CAPTIONS = {
    "samples": "ln p_n of both samples. Left: the walkthrough; the noise N(0, I) lies well inside the data, and ln p_n alone tells many of "
    "them apart. Right: matched noise; what is left to tell is the shape.",
    "tsne": "t-SNE of both samples together. Left: the walkthrough. Right: matched noise. Left much of the data "
    "lies outside the noise; right the two are mixed. A picture, not a test: it cannot say by how much.",
    "loss_curves": "Loss by epoch with what it should be compared with. Left: the walkthrough (nu = 1): it falls steeply, to the loss of a "
    "single number. Its own test loss is that of data of another A with the training noise. Right: done right (nu = 10).",
    "f_against_truth": "f = ln p_m against the true ln p_d on held-out data, with the diagonal.",
    "densities": "Densities of f on data and noise, with those of the true ln p_d on the same points (dashed).",
    "logarithm": "ln(1 - sigma(t)) computed as written and as ln sigma(-t). Left: the value; the curves end where it is -inf. Right: the "
    "relative error: some percent just before the break.",
    "faults": "Each fault beside its correction, one dot a run, means with 95 % intervals; dashed lines are what theory or the right "
    "answer gives, or chance, as they are named.",
    "real_data": "Held-out loss less that of chance on the first eight principal components: one dot a split, means with 95 % intervals "
    "that allow for common rows. Lower is better.",
}


def write_figures(
    folder: Path, evidence: WalkthroughEvidence, published: Picture | None, right: Picture | None
) -> list[str]:
    """Draw every figure that runs and pictures allow into ``folder`` and return their names; an empty list without matplotlib."""
    if not house.matplotlib_is_here():
        return []
    from matplotlib.figure import Figure

    from . import fault_panels, figure_panels

    folder.mkdir(parents=True, exist_ok=True)
    names = []
    with house.house_style():
        for name in CAPTIONS:
            figure = Figure()
            if name in ("faults", "real_data"):
                drawn = getattr(fault_panels, f"draw_{name}")(figure, evidence)
            elif name == "logarithm":
                drawn = figure_panels.draw_logarithm(figure)
            elif published is None or right is None or (name == "tsne" and not sklearn_is_here()):
                drawn = False
            elif name == "tsne":
                drawn = figure_panels.draw_tsne(figure, tsne(published), tsne(right))
            else:
                drawn = getattr(figure_panels, f"draw_{name}")(figure, published, right)
            if drawn:
                house.save(figure, folder / name)
                names.append(name)
    return names
