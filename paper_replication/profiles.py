"""Profiles: which runs are made, and the time they may take.

smoke   a few small runs through every path, inside ``make test``
quick   ``make replicate``: enough to see the laws, not enough to confirm every claim
full    ``make replicate-full``: the paper's 500 matrices for each sample size, in shards
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .published import N_MATRICES, SIZES
from .tasks import Task, make_task


@dataclass(frozen=True)
class Batch:
    """Repetitions 0, …, ``n_repetitions`` - 1 of one experiment with one set of parameters."""

    experiment: str
    params: Mapping[str, Any]
    n_repetitions: int


@dataclass(frozen=True)
class Profile:
    """A named list of batches and its budget on two cores, in seconds."""

    name: str
    purpose: str
    budget_seconds: float
    batches: tuple[Batch, ...]

    def tasks(self) -> list[Task]:
        """Return every run of the profile; raises ValueError where an experiment is missing."""
        return [
            make_task(b.experiment, b.params, r)
            for b in self.batches
            for r in range(b.n_repetitions)
        ]


def _batches(experiment: str, sizes: Mapping[int, int]) -> tuple[Batch, ...]:
    return tuple(Batch(experiment, {"n_data": n_data}, count) for n_data, count in sizes.items())


QUICK = _batches("figure1", {250: 100, 1000: 80, 2000: 110, 32000: 80}) + _batches(
    "fine_tuning", {250: 80}
)
FULL = _batches("figure1", dict.fromkeys(SIZES, N_MATRICES)) + _batches(
    "fine_tuning", dict.fromkeys(SIZES[:4], N_MATRICES)
)


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "smoke",
            "every path once, no statement",
            20.0,
            _batches("figure1", {250: 2, 500: 2}) + _batches("fine_tuning", {250: 1}),
        ),
        Profile("quick", "the laws at a glance", 120.0, QUICK),
        Profile("full", "500 matrices a sample size, as in the paper", 2400.0, FULL),
    )
}


def find_profile(name: str) -> Profile:
    """Return the profile of that name; raises ValueError that lists those there are."""
    if name not in PROFILES:
        raise ValueError(f"profile: there is no {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]
