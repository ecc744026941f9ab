"""Times apart from results: what "seconds." entries of a run become.

A run's result must come out the same wherever it is made, and its time cannot. An experiment may return entries named "seconds. ...";
they go to a file of their own, ``clock.jsonl`` (rows as in ``runs.jsonl``), and never into ``runs.jsonl``. Every run has "seconds.cpu",
the time of its thread on the processor: what it would take on an idle core.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np

from ..store import Row, RunStore, StoreError, _write, row_key
from ..tasks import Key, finite_result

CLOCK = "clock.jsonl"
PREFIX = "seconds."
CPU = PREFIX + "cpu"
Run = Callable[[Mapping[str, Any], np.random.Generator], dict[str, float]]


def timed(run: Run) -> Run:
    """Add "seconds.cpu" to what an experiment's ``run`` returns."""

    @wraps(run)
    def timed_run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
        begin = time.thread_time()
        result = run(params, rng)
        return {**result, CPU: time.thread_time() - begin}

    return timed_run


class TimedStore(RunStore):
    """A ``RunStore`` with a third file; ``clock`` maps keys to the rows of times."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        try:
            self.clock: dict[Key, Row] = {row_key(row): row for row in self._recover(CLOCK)[0]}
            self._clock_file = open(self.folder / CLOCK, "ab")
        except (OSError, StoreError):
            super().close()
            raise

    def append(
        self, key: Key, result: Mapping[str, float], seconds: float, provenance: Mapping[str, Any]
    ) -> None:
        """Write times first, then the run: a run that is in the store has its times."""
        times = {name: value for name, value in result.items() if name.startswith(PREFIX)}
        if times:
            named = {
                "experiment": key.experiment,
                "version": key.version,
                "params": json.loads(key.params),
                "repetition": key.repetition,
            }
            row = {**named, "result": finite_result(times)}
            try:
                _write(self._clock_file, row)
            except OSError as error:
                raise StoreError(
                    f"{self.folder}: writing failed ({error.strerror}); what was stored before is kept"
                ) from None
            self.clock[key] = row
        super().append(
            key,
            {name: value for name, value in result.items() if name not in times},
            seconds,
            provenance,
        )

    def close(self) -> None:
        """Close the files and free the folder."""
        self._clock_file.close()
        super().close()
