"""The study's pictures: the filters as P10's Figure 2 has them, and the models by their yardsticks."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..columns import Columns
from ..estimates import Estimate
from ..study import Findings
from . import estimands as of
from .estimands import Float
from .plan import CONTROLLED, MODELS, PART_OF, SIZES

N_UNITS, N_POOLED = 10, 6
COLOURS = {8: "#E69F00", 16: "#0072B2"}


def largest(evidence: Columns) -> int | None:
    """The largest size whose pictures are there: those of draw 0."""
    there = [size for size in SIZES if 0 in of.draws_of(evidence, size, "layers", "field")]
    return max(there, default=None)


def mosaic(pictures: Float, columns: int) -> Float:
    """Pictures side by side, row by row, each over its own largest pixel; frames are NaN."""
    n, side, _ = pictures.shape
    rows = -(-n // columns)
    found = np.full((rows * (side + 1) + 1, columns * (side + 1) + 1), np.nan)
    for k, picture in enumerate(pictures):
        top, left = (k // columns) * (side + 1) + 1, (k % columns) * (side + 1) + 1
        found[top : top + side, left : left + side] = picture / np.abs(picture).max()
    return found


def draw_filters(figure: Figure, findings: Findings) -> bool:
    """Features of one layer and of two, what ten units pool, and the field's filters."""
    evidence = findings.evidence
    size = largest(evidence)
    if size is None:
        return False
    run, field = (of.results(evidence, size, 0, part) for part in ("layers", "field"))
    figure.set_size_inches(12.0, 7.0)
    one, two, pools, filters = figure.subplots(
        2, 2, height_ratios=(0.4 if size > 8 else 0.9, 1.0)
    ).ravel()
    across = 16 if size > 8 else 8
    for axes, name, words in (
        (one, "one", "one layer: rows of W"),
        (two, "two", "two layers: rows of W"),
    ):
        by_frequency = np.argsort(
            [run[f"{name}.f.{k}"] for k in range(len(of.pictures(run, name)))]
        )
        _show(axes, mosaic(of.pictures(run, name)[by_frequency], across), words)
    pictures = of.pictures(run, "two")
    n = len(pictures)
    V = np.array([[run[f"V.{u}.{k}"] for k in range(n)] for u in range(n)])
    # The units that pool most: a flat row of V has the largest share outside of its strongest entry.
    pooling = np.argsort(-(V.sum(axis=1) / V.max(axis=1)), kind="stable")[: 2 * N_UNITS]
    strongest = np.argsort(-V[pooling], axis=1, kind="stable")[:, :N_POOLED]
    gap = np.full((1, *pictures.shape[1:]), np.nan)
    rows = [
        np.concatenate([pictures[a], gap, pictures[b]]) for a, b in zip(*np.split(strongest, 2))
    ]
    with np.errstate(invalid="ignore"):
        _show(
            pools,
            mosaic(np.concatenate(rows), 2 * N_POOLED + 1),
            "the six strongest features of twenty units",
        )
    order = np.argsort([field[f"field.f.{k}"] for k in range(25)])
    _show(filters, mosaic(of.pictures(field, "field")[order], 5), "the Markov field's filters")
    return True


def _show(axes: Any, picture: Float, title: str) -> None:
    axes.imshow(picture, cmap="gray", vmin=-1.0, vmax=1.0, interpolation="nearest")
    axes.set(title=title, xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def draw_yardsticks(figure: Figure, findings: Findings) -> bool:
    """J and normalised likelihood held out, less one layer's; c + ln Z."""
    evidence = findings.evidence
    there = [
        size for size in SIZES if of.draws_of(evidence, size, *set(PART_OF.values()) - {"control"})
    ]
    if not there:
        return False
    figure.set_size_inches(12.0, 4.2)
    by_J, by_L, masses = figure.subplots(1, 3)
    names = list(MODELS)
    others = [name for name in names if name != "one"]
    for shift, size in zip((0.15, -0.15), there):
        for axes, what in ((by_J, "J"), (by_L, "L")):
            found = [
                of.held_out(evidence, size=size, what=what, weights={name: 1.0, "one": -1.0})
                for name in others
            ]
            _dots(axes, [names.index(name) + shift for name in others], found, size)
        of_all = [*names, *(["control"] if size in CONTROLLED else [])]
        found = [of.mass(evidence, size=size, model=name) for name in of_all]
        _dots(masses, [k + shift for k in range(len(of_all))], found, size)
    for axes, label, title in (
        (by_J, "J less one layer's", "held-out J, ν = 1"),
        (by_L, "nats a patch, less one layer's", "held-out log-likelihood, normalised"),
        (masses, "c + ln Z", "c against −ln Z"),
    ):
        axes.axvline(0.0, color="0.4", lw=1, ls="--")
        axes.set(xlabel=label, title=title, ylim=(len(names) + 0.5, -0.5))
        axes.set_yticks(range(len(names) + 1), [*MODELS.values(), "control: the model's own data"])
        if axes is not by_J:
            axes.tick_params(labelleft=False)
    masses.set_xscale("symlog", linthresh=1.0)
    masses.set_xticks([-1.0, -0.5, 0.0, 0.5, 1.0, 10.0], ["−1", "−0.5", "0", "0.5", "1", "10"])
    by_J.legend(loc="lower left")
    return True


def _dots(axes: Any, places: list[float], found: list[Estimate | None], size: int) -> None:
    kept = [(place, one) for place, one in zip(places, found) if one is not None]
    values = np.array([one.value for _, one in kept])
    ends = np.array([one.interval(0.95) for _, one in kept]).reshape(-1, 2)
    axes.errorbar(
        values,
        [place for place, _ in kept],
        xerr=np.abs(ends.T - values),
        fmt="o" if size == 8 else "s",
        ms=4,
        lw=1.0,
        capsize=2,
        color=COLOURS[size],
        label=f"{size} × {size} pixels",
    )
