"""Which runs the walkthrough makes: full for the committed lesson (under three minutes on two cores), quick to try
every path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..profiles import Batch, Profile
from .evidence import ROOT
from .tables import TABLES

QUICK_PARAMS: Mapping[str, Mapping[str, Any]] = {
    "as_published": {"n_test": 1000},
    "network_faults": {"epochs": [2, 1], "n_test": 2000},
    "ica_faults": {"n_test": 2000},
    "mismatched_noise": {"n_test": 2000},
    "right": {"epochs": [2, 1], "n_test": 1000},
    "real_data": {"epochs": 3},
}


def _batch(name: str, n_repetitions: int, **params: Any) -> Batch:
    return Batch(ROOT + name, params, n_repetitions, needs="sklearn" if "table" in params else "")


def _shortened(batch: Batch) -> Batch:
    more = QUICK_PARAMS.get(batch.experiment.removeprefix(ROOT), {})
    return Batch(batch.experiment, {**batch.params, **more}, 2, batch.needs)


FULL = (
    _batch("as_published", 48),
    _batch("network_faults", 48),
    _batch("ica_faults", 48),
    _batch("mismatched_noise", 64, n_data=1000),
    _batch("mismatched_noise", 64, n_data=4000),
    _batch("naive_logarithm", 24),
    _batch("right", 20),
    *(_batch("real_data", 20, table=table) for table in TABLES),
)
QUICK = tuple(_shortened(batch) for batch in FULL)
PROFILES = (
    Profile("quick", "two small runs each, to try every path", 20.0, QUICK),
    Profile("full", "the lesson", 180.0, FULL),
)
