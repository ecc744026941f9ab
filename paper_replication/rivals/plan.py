"""Which runs the study makes. One run is one mixing matrix and is stored when it ends, so any part is a shard and any stop resumes.

full     500 matrices as in the papers, but for nu = 100: 300 up to T = 2000, 100 from T = 4000 on; 150 for error against time
quick    every path at a glance: 20 to 24 matrices, few sample sizes
smoke    one or two small runs each, for the tests
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..tasks import Task, canonical, load_experiment, make_task
from .evidence import ROOT
from .published import NUS, SIZES

ORTHOGONAL_SIZE = 64000
BUDGET_SECONDS = {"smoke": 20.0, "quick": 300.0, "full": 7200.0}
Batch = tuple[str, Mapping[str, Any], int]


def _nu_matrices(nu: float, n_data: int) -> int:
    return 500 if nu < 100.0 else 300 if n_data < 4000 else 100


FULL: tuple[Batch, ...] = (
    *(("curves", {"n_data": size}, 500) for size in SIZES),
    ("race", {"sizes": list(SIZES)}, 150),
    *(
        ("nu_sweep", {"n_data": size, "nu": nu}, _nu_matrices(nu, size))
        for nu in NUS
        for size in SIZES
    ),
    ("orthogonal", {"n_data": ORTHOGONAL_SIZE}, 100),
)
QUICK: tuple[Batch, ...] = (
    *(
        ("curves", {"n_data": size}, count)
        for size, count in ((250, 24), (1000, 24), (2000, 20), (4000, 20), (8000, 20), (16000, 20))
    ),
    ("race", {"sizes": list(SIZES)}, 20),
    *(
        ("nu_sweep", {"n_data": size, "nu": nu}, 20)
        for nu in NUS[:4]
        for size in (250, 2000, 16000)
    ),
    *(("nu_sweep", {"n_data": size, "nu": 100.0}, 20) for size in (250, 2000)),
    ("orthogonal", {"n_data": ORTHOGONAL_SIZE}, 20),
)
SMOKE: tuple[Batch, ...] = (
    ("curves", {"n_data": 250}, 2),
    ("race", {"sizes": [250, 500]}, 1),
    ("nu_sweep", {"n_data": 250, "nu": 0.1}, 1),
    ("nu_sweep", {"n_data": 250, "nu": 10.0}, 1),
    ("orthogonal", {"n_data": 2000}, 1),
)
PROFILES: dict[str, tuple[Batch, ...]] = {"smoke": SMOKE, "quick": QUICK, "full": FULL}


def batches(profile: str) -> tuple[Batch, ...]:
    """Return a profile's batches; raises ValueError that lists the profiles there are."""
    if profile not in PROFILES:
        raise ValueError(f"profile: there is no {profile!r}; there are {', '.join(PROFILES)}")
    return PROFILES[profile]


def tasks(profile: str) -> list[Task]:
    """Return every run of the profile."""
    return [
        make_task(ROOT + name, params, repetition)
        for name, params, count in batches(profile)
        for repetition in range(count)
    ]


def spelled(params: Mapping[str, Any]) -> str:
    """Return the parameters as they stand in keys."""
    return canonical(params)


def expected(name: str, params: Mapping[str, Any]) -> float:
    """Return the cost in seconds that an experiment states for itself."""
    return float(load_experiment(ROOT + name).expected_seconds(params))
