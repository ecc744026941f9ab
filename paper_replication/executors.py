"""Where the runs are made: in this process, in processes of this machine, or on the workers of a Dask cluster.

    parse_executor("dask:tcp://10.0.0.1:8786").open()      a context manager that gives a
                                                           ``concurrent.futures.Executor``

*Conventions.* Each executor has an attribute ``in_flight``: how many tasks it wants at once, so that no worker waits
and few tasks are lost when all ends. An executor that cannot go on (a dead worker process, a scheduler that is gone, a
worker that would give other numbers) says so by ``BrokenExecutor`` on its futures or from ``submit``; the runner stops
there, and its store can be gone on from. Dask's own part is in ``dask_executor.py``.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from typing import Any

from .threads import pinned, require_pinned

# Looked at here because dask's own client, given something else, is half a minute in closing.
ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?([^\s:/\[\]]+|\[[0-9a-fA-F:.]+\]):[0-9]+")
FORMS = "serial, processes:N, dask:ADDRESS or dask:local"


class SerialExecutor(Executor):
    """Runs each task at once in this process: the plainest executor, and the yardstick for the others."""

    in_flight = 1

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class SpawnedProcesses(ProcessPoolExecutor):
    """Worker processes of this machine with one BLAS thread each; to be used inside ``pinned()``.

    Spawned, not forked: a fork would inherit this process's BLAS threads, and the variables would come too late.
    """

    def __init__(self, n_workers: int) -> None:
        super().__init__(n_workers, mp_context=get_context("spawn"), initializer=start_worker)
        self.in_flight = n_workers + 1


@dataclass(frozen=True)
class Serial:
    """``serial``: no worker process."""

    def open(self) -> AbstractContextManager[Executor]:
        return SerialExecutor()


@dataclass(frozen=True)
class Processes:
    """``processes:N``: N spawned processes on this machine."""

    n_workers: int

    def __post_init__(self) -> None:
        if self.n_workers < 1:
            raise ValueError(f"n_workers: got {self.n_workers}; expected 1 or more")

    @contextmanager
    def open(self) -> Iterator[Executor]:
        with pinned(), SpawnedProcesses(self.n_workers) as executor:
            yield executor


@dataclass(frozen=True)
class Dask:
    """``dask:ADDRESS``: the workers of the scheduler at that address; ``dask:local``: a cluster of this machine's own,
    a worker a core."""

    address: str

    def open(self) -> AbstractContextManager[Executor]:
        from .dask_executor import open_cluster  # here, so that all else works without dask

        return open_cluster(self.address)


Choice = Serial | Processes | Dask


def workers(n_workers: int) -> Choice:
    """Return the choice that ``--workers N`` is short for: this process for 0, N processes otherwise."""
    return Serial() if n_workers == 0 else Processes(n_workers)


def parse_executor(text: str) -> Choice:
    """Return the choice that ``text`` names; raises ValueError with the forms there are."""
    kind, _, argument = text.partition(":")
    if text == "serial":
        return Serial()
    if kind == "processes" and argument.isascii() and argument.isdigit() and int(argument) >= 1:
        return Processes(int(argument))
    if kind == "dask" and (argument == "local" or ADDRESS.fullmatch(argument)):
        return Dask(argument)
    why = {
        "processes": "; N is a whole number from 1 on",
        "dask": "; ADDRESS is the scheduler's, e.g. tcp://10.0.0.1:8786",
    }.get(kind, "")
    raise ValueError(f"got {text!r}; expected {FORMS}{why}")


def start_worker() -> None:
    """Prepare a worker: check the pinned threads, leave Ctrl-C to the parent, and end when the parent is gone.

    Without the last, workers of a killed parent would wait for work for ever: each holds the writing end of its own
    queue.
    """
    require_pinned()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
