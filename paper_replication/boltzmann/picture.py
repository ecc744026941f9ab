"""The study's picture: the limit law, coverage, the price of the constant, c against ln Z, the order of the weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ..study import Findings
from . import estimands as of
from .claim_list import WEIGHTS
from .plan import NUS, SIZES, fits_at, sums_at

# Okabe and Ito's colours; markers differ as well.
STYLES = dict(zip(NUS, (("#CC79A7", "v"), ("#E69F00", "s"), ("#0072B2", "o"), ("#000000", "^"))))
MARKERS = ("o", "s", "v", "^")


def draw_boltzmann(figure: Figure, findings: Findings) -> bool:
    """Six panels."""
    evidence = findings.evidence
    figure.set_size_inches(12.0, 7.4)
    panels = figure.subplots(2, 3).ravel()
    law, cover, price, size_c, gap, order = panels
    some = False
    for nu in NUS:
        have = [n for n in SIZES if evidence.column(fits_at(n, nu), "nce.law").size > 1]
        if not have:
            continue
        some = True
        at = [{"evidence": evidence, "n_data": n, "nu": nu} for n in have]
        _line(law, nu, have, [of.over_law(method="nce", **one) for one in at], f"ν = {nu:g}")
        _line(cover, nu, have, [of.mean_of(column="nce.covered", **one) for one in at])
        _line(size_c, nu, have, [of.size_of(column="nce.z_c", **one) for one in at])
        _line(gap, nu, have, [of.size_of(column="nce.z_gap", **one) for one in at])
        _line(price, nu, have, [of.over_mle(**one) for one in at])
    if not some:
        return False
    _axes(law, 1.0, "median of T eᵀΣ⁻¹e over the law's", "the limit law", (0.9, 3.0))
    law.legend(title="95 % intervals", title_fontsize=8.5)
    _axes(cover, 0.95, "share of entries covered", "95 % intervals, NCE", (0.8, 1.0))
    _axes(
        price, 0.0, "log10 of NCE over MLE, less the law", "the price of the constant", (-0.05, 0.4)
    )
    _axes(size_c, 1.0, "mean |ĉ − c*| over the law's", "the constant", (0.5, 3.0))
    _axes(
        gap,
        1.0,
        "mean |ĉ + ln Z(α̂)| over the law's",
        "the constant and the fit's own Z",
        (0.5, 3.0),
    )
    for (name, words), marker in zip(WEIGHTS.items(), MARKERS):
        there = [nu for nu in NUS if evidence.column(sums_at(nu), f"cost.{name}").size > 1]
        costs = [10.0 ** evidence.mean(sums_at(nu), f"cost.{name}") for nu in there]
        order.plot(there, costs, marker=marker, ms=4, label=words)
    order.axhline(1.0, color="0.4", lw=1)
    order.set(
        xscale="log",
        yscale="log",
        xlabel="ν",
        ylabel="variance over NCE's",
        title="other weights, exact",
    )
    order.yaxis.set_major_formatter("{x:g}")
    order.yaxis.set_minor_formatter(
        FuncFormatter(lambda value, _: f"{value:g}" if value in (2, 3, 5) else "")
    )
    order.legend()
    return True


def _line(
    axes: Any, nu: float, sizes: list[int], found: list[Any], label: str | None = None
) -> None:
    colour, marker = STYLES[nu]
    there = [(n, one) for n, one in zip(sizes, found) if one is not None]
    values = np.array([one.value for _, one in there])
    ends = np.array([one.interval(0.95) for _, one in there])
    spread = np.clip([values - ends[:, 0], ends[:, 1] - values], 0.0, 1e6)
    shift = 1.05 ** (NUS.index(nu) - 1.5)
    axes.errorbar(
        [n * shift for n, _ in there],
        values,
        spread,
        color=colour,
        marker=marker,
        ms=4,
        lw=1.0,
        capsize=2,
        label=label,
    )


def _axes(axes: Any, right: float, label: str, title: str, limits: tuple[float, float]) -> None:
    axes.axhline(right, color="0.4", lw=1, ls="--")
    axes.set(xscale="log", xlabel="sample size T", ylabel=label, title=title, ylim=limits)
