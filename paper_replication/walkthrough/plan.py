"""Which runs the walkthrough makes: full for the committed lesson (under three minutes on two cores), quick to try every path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..tasks import Task, make_task
from .evidence import ROOT
from .tables import TABLES, sklearn_is_here

BUDGET_SECONDS = 180.0
FULL: tuple[tuple[str, Mapping[str, Any], int], ...] = (
    ("as_published", {}, 48),
    ("network_faults", {}, 48),
    ("ica_faults", {}, 48),
    ("mismatched_noise", {"n_data": 1000}, 64),
    ("mismatched_noise", {"n_data": 4000}, 64),
    ("naive_logarithm", {}, 24),
    ("right", {}, 20),
    *(("real_data", {"table": table}, 20) for table in TABLES),
)
QUICK_PARAMS: Mapping[str, Mapping[str, Any]] = {
    "as_published": {"n_test": 1000},
    "network_faults": {"epochs": [2, 1], "n_test": 2000},
    "ica_faults": {"n_test": 2000},
    "mismatched_noise": {"n_test": 2000},
    "right": {"epochs": [2, 1], "n_test": 1000},
    "real_data": {"epochs": 3},
}


def tasks(quick: bool = False) -> list[Task]:
    """Return every run; those on real tables only where scikit-learn is installed. ``quick``: two small runs each."""
    made = []
    for name, params, count in FULL:
        if name != "real_data" or sklearn_is_here():
            chosen = {**params, **QUICK_PARAMS.get(name, {})} if quick else params
            made += [
                make_task(ROOT + name, chosen, repetition)
                for repetition in range(2 if quick else count)
            ]
    return made
