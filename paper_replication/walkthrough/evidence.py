"""The walkthrough's runs as columns: all that its estimands may look at.

*Conventions.* Groups are "right", "mismatched_noise 1000", "real_data wine", ...: an experiment with the sample size or
the table it was made for, so that the quick path's shortened runs go by the same names.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..columns import Columns, gather_columns
from ..store import Row

ROOT = "paper_replication.walkthrough.experiments."  # begins the names in the store, whatever the modules' paths are
EXPERIMENTS = {
    ROOT + name: f"paper_replication.walkthrough.experiments.{name}"
    for name in (
        "as_published",
        "network_faults",
        "ica_faults",
        "mismatched_noise",
        "naive_logarithm",
        "right",
        "real_data",
    )
}
# Two starts find one of several maxima of the ICA model in eight dimensions, and the last digits decide which.
ON_ROUNDING = {ROOT + "real_data": ("ica.*",)}
WalkthroughEvidence = Columns


def group_name(row: Row) -> str:
    """Return the experiment's name, with the table or the sample size it was made for."""
    short = row["experiment"].removeprefix(ROOT)
    named = (str(row["params"][name]) for name in ("table", "n_data") if name in row["params"])
    return " ".join([short, *named])


def gather(rows: Iterable[Row], clock: Iterable[Row] = ()) -> WalkthroughEvidence:
    """Group the rows by experiment, sorted by key."""
    return gather_columns(rows, clock, group_name)
