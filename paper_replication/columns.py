"""Runs as columns of numbers: the evidence of a study that asks for nothing more, and its ``summary.csv``.

*Conventions.* A group is one experiment with one set of parameters, "coins n=100"; its runs are sorted by repetition,
so that two columns of one group pair run by run.
"""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import statistics as st
from .estimates import Estimate
from .store import Row, row_key


@dataclass(frozen=True)
class Columns:
    """Results by group."""

    groups: Mapping[str, list[Mapping[str, float]]]

    def column(self, group: str, name: str) -> NDArray[np.float64]:
        """Return one result over the repetitions, empty where there are none. Raises ValueError where the runs lack
        it."""
        try:
            return np.array([result[name] for result in self.groups.get(group, [])], dtype=float)
        except KeyError:
            have = ", ".join(sorted(self.groups[group][0]))
            raise ValueError(
                f"name: a run of {group} has no result {name!r}; it has {have}"
            ) from None

    def mean(self, group: str, name: str) -> float:
        """Return the mean of a column, NaN where there are no runs."""
        sample = self.column(group, name)
        return float(sample.mean()) if sample.size else float("nan")


def group_name(row: Row) -> str:
    """Return the experiment's short name with its parameters: "coins n=100"."""
    short = row["experiment"].rpartition(".")[2]
    return " ".join([short, *(f"{name}={value}" for name, value in sorted(row["params"].items()))])


def gather_columns(
    rows: Iterable[Row], clock: Iterable[Row] = (), name: Callable[[Row], str] = group_name
) -> Columns:
    """Group the rows, sorted by key: from here on no order of running is left."""
    groups: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for row in sorted(rows, key=row_key):
        groups[name(row)].append(row["result"])
    return Columns(dict(groups))


def mean_of(evidence: Columns, *, group: str, column: str) -> Estimate | None:
    """Mean of a column, with Student's t."""
    sample = evidence.column(group, column)
    if sample.size < 2:
        return None
    return Estimate(float(sample.mean()), st.mean_error(sample), sample.size, sample.size - 1)


def summary_csv(evidence: Columns) -> str:
    """Return n, mean, standard error, median, smallest and largest of every column of every group."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["experiment", "column", "n", "mean", "standard_error", "median", "smallest", "largest"]
    )
    for group, results in sorted(evidence.groups.items()):
        for name in sorted(results[0]):
            sample = evidence.column(group, name)
            numbers = [
                sample.mean(),
                st.mean_error(sample),
                float(np.median(sample)),
                sample.min(),
                sample.max(),
            ]
            writer.writerow(
                [group, name, len(sample), *("" if math.isinf(v) else f"{v:.10g}" for v in numbers)]
            )
    return out.getvalue()
