"""The walkthrough's runs as columns: all that its estimands may look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ..store import Row, row_key
from .problem import Float

ROOT = "paper_replication.walkthrough.experiments."


@dataclass(frozen=True)
class WalkthroughEvidence:
    """Results by experiment ("right", "mismatched_noise 1000", "real_data wine", ...), sorted by repetition, so that columns pair."""

    groups: Mapping[str, list[Mapping[str, float]]]

    def column(self, experiment: str, name: str) -> Float:
        """Return one result over the repetitions, empty where there are none. Raises ValueError where the runs lack it."""
        try:
            return np.array(
                [result[name] for result in self.groups.get(experiment, [])], dtype=float
            )
        except KeyError:
            have = ", ".join(sorted(self.groups[experiment][0]))
            raise ValueError(
                f"name: a run of {experiment} has no result {name!r}; it has {have}"
            ) from None

    def mean(self, experiment: str, name: str) -> float:
        """Return the mean of a column, NaN where there are no runs."""
        sample = self.column(experiment, name)
        return float(sample.mean()) if sample.size else float("nan")


def group_name(row: Row) -> str:
    """Return the experiment's name, with the table or the sample size it was made for."""
    short = row["experiment"].removeprefix(ROOT)
    return " ".join(
        [
            short,
            *(str(row["params"][name]) for name in ("table", "n_data") if name in row["params"]),
        ]
    )


def gather(rows: Iterable[Row]) -> WalkthroughEvidence:
    """Group the rows by experiment, sorted by key."""
    groups: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for row in sorted(rows, key=row_key):
        groups[group_name(row)].append(row["result"])
    return WalkthroughEvidence(dict(groups))
