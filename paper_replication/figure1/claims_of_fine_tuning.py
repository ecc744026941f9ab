"""Claims about where P10's second fit starts, added after the first full run and fixed before the experiment's own.

In that run, whose second fit starts at random points, the medians of NCE with Laplace noise at T = 250 and 500 came out
above the published ones. The paper calls that fit a fine tuning and does not say where it starts. Conventions:
``claim_list.py``.
"""

from __future__ import annotations

from functools import partial

from ..claims import NUMBER, Claim
from . import estimands as of
from .claims_of_figure1 import margin_of
from .published import Point, published_points
from .theory import LABELS

SIZES = (250, 500, 1000, 2000)  # beyond, the two starts lead to the same maximum
FAMILY = "start of the fine tuning"


def fine_tuning() -> list[Claim]:
    """Published medians and means again, the second fit started at the first; and what that start does to the error."""
    m = "nce_laplace"
    points = [
        p
        for p in published_points()
        if p.method == m and p.n_data in SIZES and p.statistic in ("median", "mean_simulated")
    ]
    better = [
        Claim(
            f"fine-tuning.first-fit-better.{size}",
            FAMILY,
            f"{LABELS[m]}, L-BFGS: started at the first fit the second one has the smaller median"
            f" squared error of B at T = {size}",
            "derived; P10 section 3.1, Fig. 1 (c): 'fine tuning'",
            partial(
                of.median_log_ratio,
                columns=("fine_tuning.first_fit.error_B", "fine_tuning.random.error_B"),
                n_data=size,
            ),
            "less",
            0.0,
            0.10,
            "a quarter in squared error: less would not explain the distance to the published"
            " medians",
        )
        for size in SIZES[:2]
    ]
    return [*(_again(p, len(points)) for p in points), *better]


def _again(p: Point, family_size: int) -> Claim:
    columns = [f"fine_tuning.first_fit.error_{q}" for q in p.parameter.split("+")]
    if p.statistic == "median":
        estimand = partial(of.published_median, column=columns[0], n_data=p.n_data, value=p.value)
    else:
        estimand = partial(
            of.published_mean, columns=tuple(columns), n_data=p.n_data, value=p.value
        )
    what = {"median": "median", "mean_simulated": "mean"}[p.statistic]
    return Claim(
        f"fine-tuning.{p.statistic}.{p.parameter}.{p.n_data}",
        FAMILY,
        f"{LABELS[p.method]}, second fit started at the first: {what} squared error of"
        f" {p.parameter} at T = {p.n_data} is 10^{p.value}",
        f"P10 Fig. {p.panel}",
        estimand,
        "agreement",
        0.0,
        margin_of(p),
        "as for the same points under random starts",
        family_size=family_size,
        owner=NUMBER,
    )
