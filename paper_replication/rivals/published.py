"""The published medians of the rivals (P10 Figure 1 (a)) and of J12's sweep over nu, read off the papers' figures.

``data/figure1.csv`` as in ``figure1/published.py``; ``data/nu_sweep.csv``: medians of M. Gutmann's restatement of J12,
"validation of the theory", over 500 matrices, readings good to about 0.01 in log10.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..figure1 import published as house

NU_FILE = Path(__file__).resolve().parent.parent / "data" / "nu_sweep.csv"
SIZES = house.SIZES[:7]  # 250, ..., 16000
NUS = (0.01, 0.1, 1.0, 10.0, 100.0)
METHODS = {"MLE": "mle", "NCE_gaussian_noise": "nce", "IS": "is", "SM": "sm", "CD": "cd"}
LABELS = {
    "mle": "MLE",
    "nce": "NCE",
    "nce_newton": "NCE by Newton, certified",
    "is": "importance sampling",
    "sm": "score matching",
    "cd": "contrastive divergence",
}
CURVES = (
    ("mle", "B"),
    ("nce", "B"),
    ("nce", "c"),
    ("is", "B"),
    ("is", "c"),
    ("sm", "B"),
    ("cd", "B"),
)


@dataclass(frozen=True)
class Point:
    """A published median: ``curve`` is a method of ``METHODS`` or "nu=0.01" ...; value is log10 of the squared
    error."""

    curve: str
    parameter: str
    n_data: int
    value: float


@cache
def figure1a() -> tuple[Point, ...]:
    """Return panel (a)'s points, all seven curves."""
    with open(house.FILE, newline="", encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["statistic"] == "median" and row["method"] in METHODS
        ]
    return tuple(
        Point(
            METHODS[row["method"]],
            row["parameter"],
            int(row["n_data"]),
            float(row["log10_squared_error"]),
        )
        for row in rows
    )


@cache
def nu_sweep() -> tuple[Point, ...]:
    """Return the sweep's points, 5 nu by 7 sizes by 2 parameters; the file's curve of MLE is left out (panel (a) has
    it)."""
    with open(NU_FILE, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["nu"] != "MLE"]
    return tuple(
        Point(
            nu_name(float(row["nu"])),
            row["parameter"],
            int(row["n_data"]),
            float(row["median_log10_squared_error"]),
        )
        for row in rows
    )


def nu_name(nu: float) -> str:
    """Return "nu=0.01", ..., the curve's name."""
    return f"nu={nu:g}"


def curve(points: tuple[Point, ...], name: str, parameter: str) -> dict[int, float]:
    """Return {n_data: log10 of the median} of one curve."""
    return {p.n_data: p.value for p in points if p.curve == name and p.parameter == parameter}
