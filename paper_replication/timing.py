"""Times apart from results: what "seconds." entries of a run are.

A run's result must come out the same wherever it is made, and its time cannot. An experiment may return entries named
"seconds. ..."; the store (``store.py``) keeps them in a file of their own, ``clock.jsonl``, and never in
``runs.jsonl``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np

from .store import SECONDS

CPU = SECONDS + "cpu"
Run = Callable[[Mapping[str, Any], np.random.Generator], dict[str, float]]


def timed(run: Run) -> Run:
    """Add "seconds.cpu" to what an experiment's ``run`` returns: its thread's time on the processor, as on an idle
    core."""

    @wraps(run)
    def timed_run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
        begin = time.thread_time()
        result = run(params, rng)
        return {**result, CPU: time.thread_time() - begin}

    return timed_run
