"""The figures made of single runs, and that of the naive logarithm. Every ``draw_*`` fills an empty figure and returns
True."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from scipy import stats

from nce_ref.special import log_sigmoid

from ..study import Findings
from .fault_panels import draw_faults, draw_real_data  # noqa: F401  drawn by their names, as the rest
from .naive import BREAKS_AT, naive_log_complement
from .pictures import both_pictures, tsne
from .problem import Float, against_truth
from .tables import sklearn_is_here

DATA, NOISE, MODEL, GREY = "#0072B2", "#D55E00", "#009E73", "0.35"
TITLES = ("the walkthrough as it stands", "done right")


def draw_samples(figure: Figure, findings: Findings) -> bool:
    """Histograms of ln p_n on data and noise."""
    published, right = both_pictures(findings.profile == "quick")
    figure.set_size_inches(10.0, 4.2)
    for axes, picture, title in zip(
        figure.subplots(1, 2),
        (published, right),
        ("N(0, I) noise, sources of variance 2", "matched noise"),
    ):
        low = float(np.quantile(picture.log_noise[0], 0.01))
        edges = np.linspace(low, max(float(part.max()) for part in picture.log_noise), 50)
        for part, colour, label in zip(picture.log_noise, (DATA, NOISE), ("data", "noise")):
            axes.hist(np.maximum(part, low), bins=edges, color=colour, alpha=0.55, label=label)
        axes.set(
            title=title,
            xlabel="ln p_n, the lowest 1 % of the data in the first bar",
            ylabel="points",
        )
        axes.legend(loc="upper left")
    return True


def draw_tsne(figure: Figure, findings: Findings) -> bool:
    """Both samples embedded together."""
    if not sklearn_is_here():
        return False
    pictures = both_pictures(findings.profile == "quick")
    # t-SNE hangs on the last digits of its input: what it is given tells whether the picture is another.
    figure.digest_of = np.concatenate([p.training.x.ravel() for p in pictures])
    published, right = (tsne(picture) for picture in pictures)
    figure.set_size_inches(10.0, 4.8)
    for axes, (data, noise), title in zip(
        figure.subplots(1, 2),
        (published, right),
        ("N(0, I) noise, sources of variance 2", "matched noise"),
    ):
        axes.plot(*data.T, "o", color=DATA, ms=3, alpha=0.7, mew=0, label="data")
        axes.plot(*noise.T, "^", color=NOISE, ms=3.5, alpha=0.7, mew=0, label="noise")
        axes.set(title=title, xlabel="t-SNE 1", ylabel="t-SNE 2")
        # Room for the legend above the points, which fill a disc.
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + 0.14 * (high - low))
        axes.legend(loc="upper right", ncols=2, markerscale=2)
    return True


def draw_loss_curves(figure: Figure, findings: Findings) -> bool:
    """Training and held-out loss by epoch, and the reference losses as lines with their names at the right end."""
    published, right = both_pictures(findings.profile == "quick")
    figure.set_size_inches(10.5, 4.6)
    styles = {
        "chance": ":",
        "optimum": "-",
        "best constant f = c": "--",
        "its own test loss": "-.",
        "ICA model by NCE": "--",
    }
    for axes, picture, title in zip(figure.subplots(1, 2), (published, right), TITLES):
        epochs = np.arange(1, len(picture.training_loss) + 1)
        axes.plot(epochs, picture.training_loss, color=DATA, label="training")
        axes.plot(
            epochs, picture.held_out_loss, color=NOISE, ls="--", label="held out, fresh noise"
        )
        for name, value in sorted(picture.references.items(), key=lambda item: -item[1]):
            axes.axhline(value, color=GREY, ls=styles[name], lw=1.1, label=f"{name}: {value:.3f}")
        axes.set(title=f"{title}, ν = {picture.training.nu:g}", xlabel="epoch", ylabel="loss −J")
    # Logarithmic, or the fall in the first epochs would press the reference lines into one.
    figure.axes[0].set_yscale("log")
    figure.axes[0].set_ylim(0.5, 7.0)
    figure.axes[0].yaxis.set_major_locator(FixedLocator([0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0]))
    figure.axes[0].yaxis.set_major_formatter("{x:g}")
    figure.axes[0].yaxis.set_minor_locator(NullLocator())
    bottom, top = min(right.references.values()), max(right.references.values())
    # The first epochs lie far above and would flatten all that matters; they are cut.
    figure.axes[1].set_ylim(
        min(bottom, float(right.training_loss.min())) - 0.03, top + 0.3 * (top - bottom) + 0.1
    )
    for axes in figure.axes:
        axes.legend(loc="upper right")
    return True


def draw_f_against_truth(figure: Figure, findings: Findings) -> bool:
    """Three scatter plots with the diagonal."""
    published, right = both_pictures(findings.profile == "quick")
    figure.set_size_inches(11.0, 4.2)
    ica = right.ica if right.ica is not None else right.f[0]
    panels = (
        (published.f[0], published.truth[0], "the walkthrough's network"),
        (right.f[0], right.truth[0], "done right: tanh, base density"),
        (ica, right.truth[0], "the ICA model by NCE"),
    )
    for axes, (f, truth, title), colour in zip(figure.subplots(1, 3), panels, (NOISE, DATA, MODEL)):
        correlation, rmse = against_truth(f, truth)
        axes.plot(truth, f, "o", ms=2.5, mew=0, alpha=0.5, color=colour, rasterized=True)
        ends = [float(truth.min()), float(truth.max())]
        axes.plot(ends, ends, color="k", lw=1)
        axes.set(
            title=f"{title}\ncorrelation {correlation:.3f}, rmse {rmse:.2f}",
            xlabel="true ln p_d",
            ylabel="f",
        )
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    return True


def draw_densities(figure: Figure, findings: Findings) -> bool:
    """Kernel density estimates of f and of the truth on data and noise."""
    published, right = both_pictures(findings.profile == "quick")
    figure.set_size_inches(10.0, 4.4)
    for axes, picture, title in zip(figure.subplots(1, 2), (published, right), TITLES):
        everything = np.concatenate([*picture.f, *picture.truth])
        low = float(np.quantile(everything, 0.002))
        grid = np.linspace(low, float(everything.max()) + 1.0, 300)
        for values, truth, colour, name in zip(
            picture.f, picture.truth, (DATA, NOISE), ("data", "noise")
        ):
            _kernel(axes, grid, values, colour, "-", f"f on {name}")
            _kernel(axes, grid, truth, colour, "--", f"true ln p_d on {name}")
        axes.set(title=title, xlabel="log-density", ylabel="density")
        axes.set_ylim(0.0, 1.22 * axes.get_ylim()[1])
        axes.legend(loc="upper left")
    return True


def draw_logarithm(figure: Figure, findings: Findings) -> bool:
    """ln(1 - sigma(t)) naive and stable, and the relative errors."""
    figure.set_size_inches(10.0, 4.4)
    left, right = figure.subplots(1, 2)
    t = np.linspace(0.05, 45.0, 1800)
    exact = log_sigmoid(-t)
    left.plot(t, exact, color="k", lw=3, alpha=0.25, label="ln σ(−t)")
    for dtype, colour, style in (("float64", DATA, "-"), ("float32", NOISE, "--")):
        naive = naive_log_complement(t, dtype).astype(float)
        shown = np.where(np.isfinite(naive), naive, np.nan)
        left.plot(t, shown, style, color=colour, lw=1.2, label=f"ln(1 − σ(t)), {dtype}, as written")
        error = np.minimum(np.abs(shown / exact - 1.0), 1.0)
        right.semilogy(t, np.maximum(error, 1e-17), style, color=colour, lw=1.0, label=dtype)
        for axes in (left, right):
            axes.axvline(BREAKS_AT[dtype], color=colour, ls=":", lw=1.2)
        left.text(
            BREAKS_AT[dtype] + 0.6,
            -30.0,
            f"t = {BREAKS_AT[dtype]:.2f}",
            color=colour,
            rotation=90,
            ha="left",
            va="bottom",
        )
    left.set(
        title="value: −inf from the dotted lines on",
        xlabel="t = log-ratio − ln ν",
        ylabel="ln(1 − σ(t))",
        ylim=(-46, 2),
    )
    right.set(
        title="relative error before the break",
        xlabel="t = log-ratio − ln ν",
        ylabel="relative error",
        ylim=(1e-17, 2.0),
    )
    left.legend(loc="upper right", frameon=True, framealpha=1.0, edgecolor="none")
    right.legend(loc="lower right", frameon=True, framealpha=1.0, edgecolor="none")
    return True


def _kernel(axes: Axes, grid: Float, values: Float, colour: str, style: str, label: str) -> None:
    inside = values[values >= grid[0]]
    share = len(inside) / len(values)
    options: dict[str, Any] = {"color": colour, "ls": style, "label": label, "lw": 1.4}
    axes.plot(grid, share * stats.gaussian_kde(inside)(grid), **options)
