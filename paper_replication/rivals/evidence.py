"""The study's runs as columns, times beside them, and the limits they are compared with: all that an estimand may look
at.

*Conventions.* A column is "table/name" at one ``n_data``, sorted by repetition: "curves/is.error_B", "nu=0.01/error_c",
"orthogonal/scale". Columns of one table and ``n_data`` pair run by run, as with ``figure1/evidence.py``, whose
estimands therefore work here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..store import Row, row_key
from ..tasks import canonical
from ..timing import CPU
from .limits import Limits
from .published import nu_name

ROOT = "paper_replication.rivals.experiments."  # begins the names in the store, whatever the modules' paths are
EXPERIMENTS = {
    ROOT + name: f"paper_replication.rivals.experiments.{name}"
    for name in ("curves", "race", "nu_sweep", "orthogonal")
}
# Climbs by L-BFGS without a certificate, and score matching's, whose objective has many maxima.
ON_ROUNDING = {
    ROOT + "curves": ("sm.*",),
    ROOT + "race": ("*.0[1-9].error", "*.[12]?.error"),
    ROOT + "nu_sweep": ("error_*",),
}
Float = NDArray[np.float64]


@dataclass(frozen=True)
class RivalEvidence:
    """``tables``: {(table, n_data): results}; ``races``: (errors, times) of one matrix each; ``cpu_seconds``: mean of a
    run by experiment and parameters.
    """

    tables: Mapping[tuple[str, int], list[Mapping[str, float]]]
    races: tuple[tuple[Mapping[str, float], Mapping[str, float]], ...]
    limits: Limits
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)

    def sizes(self, table: str) -> list[int]:
        """The sample sizes there are runs of, rising."""
        return sorted(n_data for name, n_data in self.tables if name == table)

    def column(self, name: str, n_data: int) -> Float:
        """Return one result over the repetitions, empty where there are none. Raises ValueError where the runs lack
        it."""
        table, _, quantity = name.partition("/")
        found = self.tables.get((table, n_data), [])
        try:
            return np.array([result[quantity] for result in found], dtype=float)
        except KeyError:
            have = ", ".join(sorted(found[0]))
            raise ValueError(
                f"name: a run of {table} at n_data = {n_data} has no result {quantity!r}; it has {have}"
            ) from None

    def reach(self, method: str, level: str) -> Float:
        """Seconds until the best of a method's climbs is at the level, one a matrix; inf where none gets there."""
        return np.array(
            [times.get(f"seconds.reach.{method}.{level}", np.inf) for _, times in self.races],
            dtype=float,
        )

    @cached_property
    def race_sizes(self) -> list[int]:
        """The sample sizes of the races."""
        return sorted(
            {
                int(name.split(".")[1])
                for errors, _ in self.races
                for name in errors
                if name.endswith(".error")
            }
        )


def gather(rows: Iterable[Row], clock: Iterable[Row], limits: Limits) -> RivalEvidence:
    """Group the rows by experiment and parameters, sorted by key; a race without its times is left out."""
    clock = list(clock)
    times = {row_key(row): row["result"] for row in clock}
    tables: dict[tuple[str, int], list[Mapping[str, float]]] = defaultdict(list)
    races = []
    for row in sorted(rows, key=row_key):
        name, params = row["experiment"].removeprefix(ROOT), row["params"]
        if name == "race":
            if row_key(row) in times:
                races.append((row["result"], times[row_key(row)]))
        else:
            tables[table_name(name, params), int(params["n_data"])].append(row["result"])
    return RivalEvidence(dict(sorted(tables.items())), tuple(races), limits, _cpu_seconds(clock))


def _cpu_seconds(clock: Iterable[Row]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in clock:
        name = f"{row['experiment'].removeprefix(ROOT)} {canonical(row['params'])}"
        found.setdefault(name, []).append(row["result"][CPU])
    return {name: round(sum(values) / len(values), 4) for name, values in sorted(found.items())}


def table_name(experiment: str, params: Mapping[str, Any]) -> str:
    """Return the table of an experiment's run: "curves", "orthogonal", "nu=0.01"."""
    return nu_name(float(params["nu"])) if experiment == "nu_sweep" else experiment
