"""NOISE_CHOICE.md and its tables. No random numbers: the same bytes each time."""

from __future__ import annotations

import csv
import io

from ..report_tables import markdown
from .curves import Curve
from .optimum import MEANS, NUS, VARIANCES, Optimum
from .wider import NUS as RATIOS
from .wider import WIDTHS, Wider

LABELS = {
    "free": "c free, error of α",
    "both": "c free, error of α and c",
    "tied": "normalised model, error of α",
}

# Said only where the numbers bear it out.
WIDER = (
    "Where the noise's variance may move it is never the best, in either model: *wider* noise is,"
    " with *fewer* noise points than data points."
)
SHIFTED = (
    "Where the noise's mean moves in the mean model, noise equal to the data *is* the best as long"
    " as c is free: what a shift gains for the mean, not knowing c takes away. With the normalised"
    " model a shift pays."
)


def is_equal(one: Optimum) -> bool:
    """Whether the optimum is noise equal to the data, within its stated error."""
    return abs(one.parameter - one.problem.equal) <= max(10.0 * one.location_error, 1e-9)


def gain(one: Optimum) -> str:
    """What is saved against noise equal to the data at the same budget, in words for the table."""
    if is_equal(one):
        return "0: noise = data is the optimum"
    return (
        f"{100.0 * (1.0 - one.relative):.1f} %"
        if one.relative < 1.0
        else f"none: {100.0 * (one.relative - 1.0):.1f} % worse"
    )


def optima_csv(joint: list[Optimum], at_one: list[Optimum]) -> str:
    """Every local minimum: where, how large, how sure. Ten digits would promise more than other machines reproduce;
    eight are safe."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(
        [
            "problem",
            "target",
            "over",
            "rank",
            "noise_parameter",
            "nu",
            "budget_error",
            "relative_to_equal",
        ]
    )
    for over, optima in (("noise and nu", joint), ("noise at nu = 1", at_one)):
        for rank, one in _ranked(optima):
            numbers = [f"{v:.7f}" for v in (one.parameter, one.nu, one.error, one.relative)]
            table.writerow([one.problem.name, one.target, over, rank, *numbers])
    return out.getvalue()


def curves_csv(curves: list[Curve]) -> str:
    """The points of the picture."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["problem", "target", "against", "curve", "x", "relative_to_equal"])
    for curve in curves:
        for x, value in zip(curve.x, curve.relative):
            table.writerow(
                [
                    curve.problem.name,
                    curve.target,
                    curve.against,
                    curve.label,
                    f"{x:.6g}",
                    f"{value:.6g}",
                ]
            )
    return out.getvalue()


def advice(rows: list[Wider]) -> str:
    """One sentence on how wide and how many, with the numbers that bear it out; said to be none where they do not."""
    saved = {
        width: [100.0 * (1.0 - row.at_three_quarters[k]) for row in rows]
        for k, width in enumerate(WIDTHS)
    }
    if min(*saved[1.2], *saved[1.5]) < 10.0:
        return "No one width saves a tenth in all of the models below: compare noises for the one at hand."
    rest = [100.0 * (row.ten_over_fifty[WIDTHS.index(1.5)] - 1.0) for row in rows]
    return (
        "**Take noise 1.2 to 1.5 times as wide as the data, and at a fixed budget of points ν ="
        f" 0.75, three noise points to four data: that saves {min(saved[1.2]):.0f} to"
        f" {max(saved[1.2]):.0f} % (1.2) and {min(saved[1.5]):.0f} to {max(saved[1.5]):.0f} % (1.5)"
        " of the squared error in every one of the five models at the end, where a width of 2"
        f" saves {max(saved[2.0]):.0f} % at best and costs {-min(saved[2.0]):.0f} % at worst, in"
        " five dimensions.** Where the data are given and noise is free, ν = 10 at a width of 1.5"
        f" is within {max(rest):.0f} % of ν = 50."
    )


def wider_table(rows: list[Wider]) -> str:
    """The relative error at the best nu, and that nu, for each width."""
    head = ["model", *(f"width {width:g}" for width in WIDTHS)]
    body = [
        [row.model, *(f"{e:.2f} (ν = {nu:g})" for e, nu in zip(row.relative, row.best_nu))]
        for row in rows
    ]
    return markdown(head, body)


def text(joint: list[Optimum], at_one: list[Optimum], wider_rows: list[Wider], picture: str) -> str:
    """NOISE_CHOICE.md."""
    worst = max(one.location_error for one in [*joint, *at_one])
    head = ["model, noise", "counted", "best parameter", "best ν", "E", "saved"]
    rows = [
        [
            one.problem.name,
            LABELS[one.target],
            f"{one.parameter:.3f}",
            f"{one.nu:.3f}",
            f"{one.error:.4f}",
            gain(one),
        ]
        for one in _best(joint)
    ]
    rows_at_one = [
        [
            one.problem.name,
            LABELS[one.target],
            f"{one.parameter:.3f}",
            "1 (held)",
            f"{one.error:.4f}",
            gain(one),
        ]
        for one in _best(at_one)
    ]
    others = [one for rank, one in _ranked(joint) if rank > 1]
    local = "".join(
        f"- {one.problem.name}, {LABELS[one.target]}: parameter {one.parameter:.3f}, ν"
        f" {one.nu:.3f}, E {one.error:.4f}, saved {gain(one)}\n"
        for one in others
    )
    best = _best(joint)
    equal = sum(is_equal(one) for one in best)
    same_nu = all(abs(one.nu - 1.0) < 1e-6 for one in best if is_equal(one))
    where = ", where ν = 1 is best, too" if equal and same_nu else ""
    wider = all(
        one.parameter > 1.0 and one.nu < 1.0 for one in best if one.problem.moves == "variance"
    )
    return f"""# Which noise is best?

Made by `python -m paper_replication noise-choice`; no random numbers. Data are N(0, 1). E is N times the asymptotic mean squared error at
the fixed budget N = n_data + n_noise, so E = (1 + ν) tr Σ_ν (`criterion.py` has the formulas). "Saved" is against noise equal to the
data, whose E = (1 + ν)²/ν times Cramér–Rao is least at ν = 1. Means are given without sign: −m is as good as m. The error of α and c
together adds squares of different units; it stands for α as the precision and c as a logarithm, at variance 1.

**Noise equal to the data is the best of its family in {equal} of the {len(rows)} cases below{where}.**
{WIDER if wider else ""}
{SHIFTED if equal else ""}

{advice(wider_rows)}

## The best noise with the best ν

{markdown(head, rows)}
## The best noise at ν = 1

{markdown(head, rows_at_one)}
## Other local minima

{local or "None within the range searched." + chr(10)}
## In more dimensions

`nr.compare_noises` for Gaussian noise of the data's shape, so many times as wide: the squared error of α at a fixed budget of points, over that of
noise with the data's covariance at ν = 1, and the best ν among {", ".join(f"{nu:g}" for nu in RATIOS)}. 8192 data points a model, by Sobol's
sequence.

{wider_table(wider_rows)}
## How sure

Searched: variances {VARIANCES[0]:g} to {VARIANCES[1]:g}, means {MEANS[0]:g} to {MEANS[1]:g}, ν {NUS[0]:g} to {NUS[1]:g}, on a grid of 61 by
41; every grid point below its neighbours was polished by Newton's method, twice, with different quadrature and different
differences. The two ends and the last step differ by less than {_upwards(10.0 * worst)} (relative for variances and ν, absolute for
means): all digits shown are good. A minimum narrower than the grid's cells, or outside of the range, would have been missed.

{picture}
"""


def _ranked(optima: list[Optimum]) -> list[tuple[int, Optimum]]:
    ranks: dict[tuple[str, str], int] = {}
    ranked = []
    for one in optima:
        case = (one.problem.name, one.target)
        ranks[case] = ranks.get(case, 0) + 1
        ranked.append((ranks[case], one))
    return ranked


def _best(optima: list[Optimum]) -> list[Optimum]:
    return [one for rank, one in _ranked(optima) if rank == 1]


def _upwards(number: float) -> str:
    """The next power of ten at or above: the last digits of an error differ from machine to machine."""
    power = -15
    while 10.0**power < number:
        power += 1
    return f"1e{power:d}"
