"""The published points of P10 Figure 1 (a), (c), (d), beside ours.

``paper_replication/data/figure1.csv`` was read off the vector graphics of M. Gutmann & A. Hyvarinen, "Noise-contrastive
estimation: a new estimation principle for unnormalized statistical models", AISTATS 2010, PMLR 9:297-304, Figure 1; the
reading is good to about 0.01 in log10. Panels (a) and (c) show medians over 500 matrices, panel (d) means, simulated
and predicted.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "data" / "figure1.csv"
READING_ERROR = 0.01
N_MATRICES = 500
SIZES = tuple(250 * 2**k for k in range(8))  # 250, …, 32000; panels (a) and (c) end at 16000
METHODS = {"MLE": "mle", "NCE_gaussian_noise": "nce_gaussian", "NCE_laplace_noise": "nce_laplace"}


@dataclass(frozen=True)
class Point:
    """One published point: ``value`` is log10 of the squared error of ``parameter`` ("B", "c" or "B+c")."""

    panel: str
    method: str
    parameter: str
    statistic: str
    n_data: int
    value: float


def published_points(path: Path = FILE) -> tuple[Point, ...]:
    """Return the points of the methods in ``METHODS``, with our names; raises ValueError for a file of another form."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        return tuple(
            Point(
                row["panel"],
                METHODS[row["method"]],
                row["parameter"],
                row["statistic"],
                int(row["n_data"]),
                float(row["log10_squared_error"]),
            )
            for row in rows
            if row["method"] in METHODS
        )
    except KeyError as error:
        raise ValueError(
            f"path: {path.name} has no column {error}; expected panel, method, parameter,"
            " statistic, n_data, log10_squared_error"
        ) from None
