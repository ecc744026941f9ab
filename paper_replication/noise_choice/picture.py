"""The picture: error over that of noise equal to the data. Above against the noise's parameter, below against nu."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter

from ..study import Findings
from .criterion import PROBLEMS, TARGETS, Problem
from .curves import Curve
from .optimum import Optimum
from .text import LABELS

COLOURS = {"free": "#0072B2", "both": "#D55E00", "tied": "#009E73"}
TITLES = {
    "variance model, noise of other variance": "variance of N(0, 1), noise N(0, τ²)",
    "mean model, noise of other mean": "mean of N(0, 1), noise N(m, 1)",
    "mean model, noise of other variance": "mean of N(0, 1), noise N(0, τ²)",
}


def draw_noise_choice(figure: Figure, findings: Findings) -> bool:
    """Three problems across, the noise's parameter above, nu below."""
    curves, optima = findings.evidence.curves, findings.evidence.joint
    figure.set_size_inches(11.0, 6.6)
    axes = figure.subplots(2, len(PROBLEMS), sharey="row")
    for column, problem in enumerate(PROBLEMS):
        _panel(axes[0][column], problem, curves, optima, "parameter")
        _panel(axes[1][column], problem, curves, optima, "nu")
        axes[0][column].set_title(TITLES[problem.name])
    for row in axes:
        row[0].set_ylabel("error / error with noise = data")
    handles, labels = axes[0][0].get_legend_handles_labels()
    more, words = axes[1][0].get_legend_handles_labels()
    grey = [(h, w) for h, w in zip(more, words) if w == "noise = data"]
    figure.legend(
        handles + [h for h, _ in grey],
        labels + [w for _, w in grey],
        loc="outside lower center",
        ncols=4,
    )
    return True


def _panel(
    axes: Axes, problem: Problem, curves: list[Curve], optima: list[Optimum], against: str
) -> None:
    dashed = problem.name == "mean model, noise of other variance"
    for curve in curves:
        if curve.problem != problem or curve.against != against:
            continue
        if curve.label == "noise = data":
            if curve.target == "free":
                axes.plot(
                    curve.x,
                    curve.relative,
                    color="0.45",
                    ls="--",
                    lw=1.4,
                    label="noise = data",
                    zorder=1,
                )
            continue
        dotted = curve.label == "nu = 1"
        style = ":" if dotted else "--" if dashed and curve.target == "free" else "-"
        axes.plot(
            curve.x,
            curve.relative,
            color=COLOURS[curve.target],
            ls=style,
            lw=1.1 if dotted else 1.7,
            zorder=4 if dashed and curve.target == "free" else 3,
            label=None if dotted else LABELS[curve.target],
        )
    for target in TARGETS:
        for one in (o for o in optima if o.problem == problem and o.target == target):
            axes.plot(
                one.parameter if against == "parameter" else one.nu,
                one.relative,
                "o",
                mfc="none",
                ms=7,
                color=COLOURS[target],
                zorder=5,
                ls="",
            )
            if against == "nu":
                break  # the curve below is that of the best noise alone
    axes.plot(
        problem.equal if against == "parameter" else 1.0,
        1.0,
        "x",
        color="k",
        ms=7,
        mew=1.6,
        ls="",
        zorder=6,
    )
    axes.set_ylim(0.5, 2.0)
    axes.set_yticks([0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0])
    plain = "{x:g}"
    if against == "nu":
        axes.set_xscale("log")
        axes.set_xlabel("ν = n_noise / n_data")
        axes.xaxis.set_major_locator(FixedLocator([0.1, 0.2, 0.5, 1, 2, 5, 10]))
    elif problem.moves == "variance":
        axes.set_xscale("log")
        axes.set_xlabel("variance τ² of the noise")
        axes.xaxis.set_major_locator(FixedLocator([0.1, 0.3, 1, 3, 10, 30]))
    else:
        axes.set_xlabel("mean m of the noise (−m is the same)")
    axes.xaxis.set_major_formatter(plain)
    axes.xaxis.set_minor_formatter(NullFormatter())
