"""The runs as columns, with the theory and the published points beside them: all that an estimand may look at.

*Conventions.* A column is one result of the experiment ``figure1`` at one ``n_data``, sorted by repetition, so that two
columns of the same ``n_data`` pair run by run. Names are "method.protocol.quantity", e.g.
"nce_gaussian.certified.error_B".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..store import Row, row_key
from .published import Point, published_points
from .theory import Theory

if TYPE_CHECKING:
    from .summary import Line

PROTOCOLS = ("paper", "certified")
# what "certified" asks of the smallest subgradient, together with the proof of a local maximum
STATIONARITY_LIMIT = 1e-8
GAP_LIMIT = (
    1e-4  # an objective this far below the best value known counts as another, worse maximum
)


@dataclass(frozen=True)
class Evidence:
    """Rows of ``figure1`` grouped by ``n_data``, the theory, the published points, and rows of ``fine_tuning`` and
    ``points`` grouped likewise."""

    groups: Mapping[int, list[Mapping[str, float]]]
    theory: Theory
    points: tuple[Point, ...]
    fine_tuning: Mapping[int, list[Mapping[str, float]]] = field(default_factory=dict)
    more_points: Mapping[int, list[Mapping[str, float]]] = field(default_factory=dict)

    @cached_property
    def sizes(self) -> list[int]:
        """The sample sizes there are runs of, rising."""
        return sorted(self.groups)

    def column(self, name: str, n_data: int) -> NDArray[np.float64]:
        """Return one result over the repetitions, empty where there are no runs of that size.

        Names that begin with "fine_tuning." are that experiment's, all others figure1's; ``<method>.points.*`` are
        figure1's of the "paper" protocol and after them those of the experiment ``points``, and pair with no other
        column. ``<method>.certified.is_certified`` is derived: stationary to ``STATIONARITY_LIMIT`` and proven a local
        maximum. Raises ValueError where the runs lack the result.
        """
        if name.endswith(".is_certified"):
            stem = name.removesuffix("is_certified")
            stationary = self.column(stem + "stationarity", n_data) <= STATIONARITY_LIMIT
            return (stationary & (self.column(stem + "is_local_maximum", n_data) == 1.0)).astype(
                float
            )
        if ".points." in name:
            name = name.replace(".points.", ".paper.")
            more = [result[name] for result in self.more_points.get(n_data, [])]
            return np.append(self.column(name, n_data), more)
        experiment, groups = (
            ("fine_tuning", self.fine_tuning)
            if name.startswith("fine_tuning.")
            else ("figure1", self.groups)
        )
        try:
            return np.array([result[name] for result in groups.get(n_data, [])], dtype=float)
        except KeyError:
            have = ", ".join(sorted(groups[n_data][0]))
            raise ValueError(
                f"name: a run of {experiment} at n_data = {n_data} has no result {name!r}; it has {have}"
            ) from None

    @cached_property
    def lines(self) -> list[Line]:
        """The lines of the summary."""
        from .summary import (
            summarise,  # here: the summary is made of estimands, which look at the evidence
        )

        return summarise(self)

    def pooled(self, name: str, sizes: Iterable[int] | None = None) -> NDArray[np.float64]:
        """Return the column over all sizes (or those given), one after the other."""
        chosen = self.sizes if sizes is None else [size for size in sizes if size in self.groups]
        return np.concatenate([np.empty(0), *(self.column(name, size) for size in chosen)])


def gather(rows: Iterable[Row], theory: Theory) -> Evidence:
    """Sort the rows by key and group them by experiment and ``n_data``: from here on no order of running is left."""
    groups: dict[str, dict[int, list[Mapping[str, float]]]] = {
        "figure1": defaultdict(list),
        "fine_tuning": defaultdict(list),
        "points": defaultdict(list),
    }
    for row in sorted(rows, key=row_key):
        if row["experiment"] in groups:
            groups[row["experiment"]][_size(row["params"])].append(row["result"])
    figure1, fine_tuning, points = (dict(sorted(group.items())) for group in groups.values())
    return Evidence(figure1, theory, published_points(), fine_tuning, points)


def _size(params: Mapping[str, Any]) -> int:
    if set(params) != {"n_data"}:
        raise ValueError(f"params: got {dict(params)}; expected n_data alone")
    return int(params["n_data"])
