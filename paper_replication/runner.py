"""Runs tasks through any ``concurrent.futures.Executor`` and stores each result as it comes.

What is kept true, whatever happens:
- workers only compute; this process alone writes, one whole line a run, so a kill at any time leaves a store to go on from;
- a task's numbers depend on its key alone (named generators, one BLAS thread), so workers, order and shards leave no trace;
- big tasks start first, so that no worker ends alone with one; few are in flight, so that a deadline is soon obeyed;
- a task that raises is reported with its key and the others go on.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import connection, get_context, parent_process
from typing import Any

from .progress import Progress
from .store import RunStore, StoreError
from .tasks import Task, perform
from .threads import pinned, require_pinned


@dataclass(frozen=True)
class Outcome:
    """What a call of ``run_tasks`` did: runs found in the store, made now, failed (task and why), left over, and whether it was stopped."""

    n_found: int
    n_made: int
    failures: list[tuple[Task, str]] = field(default_factory=list)
    n_left: int = 0
    interrupted: bool = False


class SerialExecutor(Executor):
    """Runs each task at once in this process: the plainest executor, and the yardstick for the others."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def open_executor(n_workers: int) -> Iterator[Executor]:
    """Give the executor for ``n_workers``: this process for 0, that many spawned processes with one BLAS thread each otherwise."""
    if n_workers < 0:
        raise ValueError(f"n_workers: got {n_workers}; expected 0 (no worker process) or more")
    if n_workers == 0:
        yield SerialExecutor()
        return
    # Spawned, not forked: a fork would inherit this process's BLAS threads, and the variables would come too late.
    with pinned(), ProcessPoolExecutor(n_workers, mp_context=get_context("spawn"), initializer=start_worker) as executor:
        yield executor


def start_worker() -> None:
    """Prepare a worker: check the pinned threads, leave Ctrl-C to the parent, and end when the parent is gone.

    Without the last, workers of a killed parent would wait for work for ever: each holds the writing end of its own queue.
    """
    require_pinned()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def run_tasks(
    tasks: Iterable[Task],
    store: RunStore,
    executor: Executor,
    *,
    in_flight: int = 1,
    max_seconds: float = float("inf"),
    provenance: Mapping[str, Any] | None = None,
    report: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True),
) -> Outcome:
    """Make every run that the store lacks. ``in_flight``: tasks handed to the executor at once (workers + 1 does well).

    No task starts after ``max_seconds``; those under way end and are stored. Ctrl-C does the same at once.
    Raises StoreError where a worker process dies or the disk refuses; what was stored before is kept.
    """
    wanted = list(tasks)
    todo = [task for task in wanted if task.key not in store.rows]
    queue = deque(sorted(todo, key=lambda task: (-task.cost, task.key)))
    progress = Progress(len(todo), sum(task.cost for task in todo))
    pending: dict[Future[Any], Task] = {}
    failures: list[tuple[Task, str]] = []
    n_made, interrupted = 0, False
    deadline = time.monotonic() + max_seconds

    def collect(future: Future[Any]) -> None:
        nonlocal n_made
        task = pending.pop(future)
        if future.cancelled():
            return
        try:
            result, seconds = future.result()
        except BrokenExecutor:
            raise StoreError(
                f"{store.folder}: a worker process died (killed, or out of memory); {n_made} runs were stored, start again to go on"
            ) from None
        except Exception as error:
            failures.append((task, f"{type(error).__name__}: {error}"))
            report(f"failed: {task.key}: {type(error).__name__}: {error}")
        else:
            store.append(task.key, result, seconds, provenance or {})
            n_made += 1
        progress.advance(task.cost)

    try:
        while queue or pending:
            while queue and len(pending) < in_flight and time.monotonic() < deadline:
                task = queue.popleft()
                pending[executor.submit(perform, task)] = task
            if not pending:
                break
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                collect(future)
    except KeyboardInterrupt:
        interrupted = True
        report("stopping: runs under way end and are stored; a second Ctrl-C stops at once")
        for future in list(pending):
            future.cancel()
        for future in list(pending):
            if future.cancelled() or wait([future]).done:
                collect(future)
    finally:
        progress.close()
    n_left = len(todo) - n_made - len(failures)
    return Outcome(len(wanted) - len(todo), n_made, failures, n_left, interrupted)


def take_shard(tasks: Iterable[Task], index: int, count: int) -> list[Task]:
    """Return shard ``index`` (1, …, ``count``): every ``count``-th task in the order of falling cost, so that shards cost alike.

    The shards depend on the list alone, not on what is stored: together they are all tasks, and no task is in two.
    """
    if not 1 <= index <= count:
        raise ValueError(f"shard: got {index}/{count}; expected i/k with 1 <= i <= k")
    return sorted(tasks, key=lambda task: (-task.cost, task.key))[index - 1 :: count]


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
