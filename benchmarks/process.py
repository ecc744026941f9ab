"""A measurement in a process of its own: one BLAS thread, so many cores, its answer as JSON in the last line it prints.

*Conventions.* Cores are fixed (``use_cores``) before any framework is loaded, so that both sides of a comparison have
the same ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).resolve().parent
MEASURED = HERE / "measured.json"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
R = TypeVar("R")


def child(module: str, *arguments: object) -> Any:
    """What ``python -m module arguments`` prints, read to four digits: no time is known better."""
    environment = os.environ | dict.fromkeys(THREADS, "1") | {"TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=HERE.parent, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(
        done.stdout.splitlines()[-1], parse_float=lambda digits: float(f"{float(digits):.4g}")
    )


def use_cores(count: int) -> None:
    """Bind this process to the last ``count`` of its cores."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])
    if count == 1:
        os.environ["XLA_FLAGS"] = (
            "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        )


def timed(call: Callable[[], R]) -> tuple[R, float, float]:
    """The call's result, its seconds by the clock, and its seconds of processor time over all threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def kept() -> dict[str, Any]:
    """What measured.json holds, nothing where there is none."""
    return json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}


def keep(**parts: Any) -> None:
    """Put these parts into measured.json beside those that are there."""
    MEASURED.write_text(json.dumps(kept() | parts) + "\n", encoding="utf-8")
