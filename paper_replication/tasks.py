"""A task: one run of one experiment, named by (experiment, version, parameters, repetition), which is also its key.

Parameters travel as canonical JSON (sorted names, no blanks), so that equal parameters are equal strings. The code's
hash is provenance and not part of the key: a changed comment must not throw away a night of runs. What does throw them
away, and on purpose, is a new ``EXPERIMENT_VERSION``.
"""

from __future__ import annotations

import importlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

from .seeds import generator_for


class Key(NamedTuple):
    """What names a run. Sorting rows by it makes every product independent of the order in which runs ended."""

    experiment: str
    version: int
    params: str
    repetition: int

    def __str__(self) -> str:
        return (
            f"{self.experiment} version {self.version} {self.params} repetition {self.repetition}"
        )


@dataclass(frozen=True)
class Task:
    """One run to be made by the experiment at the path ``module``, that of its name where none is given.

    ``cost`` is its expected time in seconds, used for order and remaining time only.
    """

    key: Key
    cost: float = field(default=1.0, compare=False)
    module: str = field(default="", compare=False)


def canonical(params: Mapping[str, Any]) -> str:
    """Return the one JSON spelling of ``params``; raises ValueError for NaN, inf, and what JSON does not have."""
    try:
        return json.dumps(dict(params), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"params: got {params!r}; expected finite numbers, strings, lists and dicts ({error})"
        ) from None


def load_experiment(path: str) -> ModuleType:
    """Import the experiment's module.

    Raises ValueError where it is missing or lacks ``run`` or ``EXPERIMENT_VERSION``.
    """
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is None or not (path == error.name or path.startswith(error.name + ".")):
            raise  # the experiment is there, something it imports is not
        raise ValueError(f"experiment: no module named {path!r}") from None
    if not callable(getattr(module, "run", None)) or not isinstance(
        getattr(module, "EXPERIMENT_VERSION", None), int
    ):
        raise ValueError(
            f"experiment: {path!r} lacks run(params, rng) or an integer EXPERIMENT_VERSION"
        )
    return module


def make_task(path: str, params: Mapping[str, Any], repetition: int, name: str = "") -> Task:
    """Return the task with the experiment's present version, and the cost its ``expected_seconds(params)`` states, if
    any.

    ``path`` is that of the module; ``name`` stands in the key and in the seed, and is the path where none is given.
    """
    module = load_experiment(path)
    cost = float(module.expected_seconds(params)) if hasattr(module, "expected_seconds") else 1.0
    key = Key(name or path, module.EXPERIMENT_VERSION, canonical(params), repetition)
    return Task(key, cost, path)


def perform(task: Task) -> tuple[dict[str, float], float]:
    """Run the task here and return its result and the seconds it took. The generator depends on the names alone.

    The version is left out of the generator's names: two versions of the code see the same random numbers.
    Raises ValueError where the experiment returns something that is not a finite number.
    """
    experiment, version, params, repetition = task.key
    module = load_experiment(task.module or experiment)
    if module.EXPERIMENT_VERSION != version:
        raise ValueError(
            f"{experiment}: the code is of version {module.EXPERIMENT_VERSION}, the task of version {version}"
        )
    start = time.perf_counter()
    raw = module.run(json.loads(params), generator_for(experiment, params, repetition))
    seconds = time.perf_counter() - start
    return finite_result(raw), seconds


def finite_result(raw: Mapping[str, Any]) -> dict[str, float]:
    """Return the result as plain floats; raises ValueError naming the first entry that is not a finite number."""
    result = {}
    for name, value in raw.items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"result: {name!r} is {value!r}; expected a finite number")
        result[str(name)] = number
    if not result:
        raise ValueError("result: got no entries; expected at least one number")
    return result
