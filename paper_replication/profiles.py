"""Profiles: which runs a study makes, and the time they may take.

*Conventions.* By custom a study has "smoke" (a few small runs through every path, for the tests), "quick" (what
``make`` runs) and "full" (what is committed).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Batch:
    """Repetitions ``first``, …, ``first`` + ``n_repetitions`` - 1 of one experiment, by its name, with one set of
    parameters.

    ``needs``: packages, with blanks between, without one of which these runs are left out.
    """

    experiment: str
    params: Mapping[str, Any]
    n_repetitions: int
    needs: str = ""
    first: int = 0

    def can_run(self) -> bool:
        """Whether what it needs is installed."""
        return all(importlib.util.find_spec(one) is not None for one in self.needs.split())


@dataclass(frozen=True)
class Profile:
    """A named list of batches and its budget on two cores, in seconds."""

    name: str
    purpose: str
    budget_seconds: float
    batches: tuple[Batch, ...]


def find_profile(profiles: Sequence[Profile], name: str) -> Profile:
    """Return the profile of that name; raises ValueError that lists those there are."""
    for profile in profiles:
        if profile.name == name:
            return profile
    have = ", ".join(profile.name for profile in profiles)
    raise ValueError(f"profile: there is no {name!r}; there are {have}")
