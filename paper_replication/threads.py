"""One BLAS thread a process: two workers with two threads each fight for two cores, and threaded sums change last
digits.

The BLAS libraries read these variables when they are loaded, so they must be set before NumPy is imported: in this
process by ``pin`` on top of ``__main__``, in spawned workers by inheritance from the environment ``pinned`` prepares.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def pin() -> None:
    """Ask for one BLAS thread in this process and in those it starts."""
    os.environ.update(dict.fromkeys(VARIABLES, "1"))


@contextmanager
def pinned() -> Iterator[None]:
    """Ask for one BLAS thread in every process started inside the ``with`` block; the environment is put back after
    it."""
    before = {name: os.environ.get(name) for name in VARIABLES}
    pin()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def require_pinned() -> None:
    """Raise RuntimeError where this process was started without the variables; called first thing in every worker."""
    wrong = {name: os.environ.get(name) for name in VARIABLES if os.environ.get(name) != "1"}
    if wrong:
        raise RuntimeError(
            f"worker started with {wrong}; expected each to be 1, set before NumPy is imported"
        )
