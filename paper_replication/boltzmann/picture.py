"""The study's picture: the limit law, the price of the constant, coverage, and the order of the weights."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from .. import statistics as st
from ..study import Findings
from .estimands import alike, machine
from .plan import NUS, SIZES

# Okabe and Ito's colours; markers differ as well.
STYLES = dict(zip(NUS, (("#CC79A7", "v"), ("#E69F00", "s"), ("#0072B2", "o"), ("#000000", "^"))))
WEIGHTS = {
    "importance": "w = 1 (importance)",
    "symmetric": "w = q^(-1/2)",
    "inverse_importance": "w = 1/q",
    "polynomial": "w = q",
}


def draw_boltzmann(figure: Figure, findings: Findings) -> bool:
    """Four panels."""
    evidence = findings.evidence
    figure.set_size_inches(11.0, 8.0)
    (law, cost), (cover, order) = figure.subplots(2, 2)
    some = False
    for nu in NUS:
        colour, marker = STYLES[nu]
        have = [size for size in SIZES if evidence.column(machine(size, nu), "nce.error").size > 1]
        if not have:
            continue
        some = True
        groups = [machine(size, nu) for size in have]
        ratio = [
            np.median(evidence.column(g, "nce.error") / evidence.column(g, "nce.predicted"))
            for g in groups
        ]
        law.plot(have, ratio, marker=marker, color=colour, ms=4, label=f"ν = {nu:g}")
        held = [evidence.column(g, "nce.covered") for g in groups]
        cover.errorbar(
            have,
            [sample.mean() for sample in held],
            [1.96 * st.mean_error(sample) for sample in held],
            marker=marker,
            color=colour,
            ms=4,
            capsize=2,
        )
        last = groups[-1]
        value, error = st.log10_mean_ratio(
            evidence.column(last, "nce.error"), evidence.column(last, "mle.error")
        )
        theory = evidence.mean(last, "nce.predicted") / evidence.mean(last, "mle.predicted")
        cost.errorbar(
            [nu],
            [10.0**value],
            [
                [10.0**value * (1 - 10.0 ** (-1.96 * error))],
                [10.0**value * (10.0 ** (1.96 * error) - 1)],
            ],
            marker=marker,
            color=colour,
            ms=5,
            capsize=3,
        )
        cost.plot(
            [nu],
            [theory],
            "_",
            color="0.3",
            ms=22,
            mew=1.5,
            label="theory" if nu == NUS[0] else None,
        )
    if not some:
        return False
    law.axhline(1.0, color="0.4", lw=1)
    law.set(
        xscale="log",
        xlabel="sample size T",
        ylabel="median of squared error / (tr Σ/T)",
        title="the limit law",
    )
    law.legend()
    cost.axhline(1.0, color="0.4", lw=1)
    cost.set(
        xscale="log",
        yscale="log",
        xlabel="ν",
        ylabel="mean squared error, NCE / MLE",
        title="the price of the constant, largest T",
    )
    cost.legend()
    cover.axhline(0.95, color="0.4", lw=1)
    cover.set(
        xscale="log",
        xlabel="sample size T",
        ylabel="share of entries covered",
        title="95 % intervals, NCE",
    )
    for k, (name, words) in enumerate(WEIGHTS.items()):
        have = [nu for nu in NUS if evidence.column(alike(nu), f"weight.{name}").size > 1]
        means = [10.0 ** evidence.mean(alike(nu), f"weight.{name}") for nu in have]
        order.plot(have, means, marker="osv^"[k], ms=4, label=words)
    order.axhline(1.0, color="0.4", lw=1)
    order.set(
        xscale="log",
        yscale="log",
        xlabel="ν",
        ylabel="tr Σ_w / tr Σ of NCE, exact",
        title="other weights",
    )
    order.legend()
    return True
