"""Runs tasks through any ``concurrent.futures.Executor`` and stores each result as it comes.

What is kept true, whatever happens:
- workers only compute; this process alone writes, one whole line a run, so a kill at any time leaves a store to go on
  from;
- a task's numbers depend on its key alone (named generators, one BLAS thread), so workers, order and shards leave no
  trace;
- big tasks start first, so that no worker ends alone with one; few are in flight, so that a deadline is soon obeyed;
- a task that raises is reported with its key and the others go on.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any

from .progress import Progress
from .store import RunStore, StoreError
from .tasks import Task, perform


@dataclass(frozen=True)
class Outcome:
    """What a call of ``run_tasks`` did: runs found in the store, made now, failed (task and why), left over, and
    whether it was stopped."""

    n_found: int
    n_made: int
    failures: list[tuple[Task, str]] = field(default_factory=list)
    n_left: int = 0
    interrupted: bool = False


def run_tasks(
    tasks: Iterable[Task],
    store: RunStore,
    executor: Executor,
    *,
    in_flight: int | None = None,
    max_seconds: float = float("inf"),
    provenance: Mapping[str, Any] | None = None,
    report: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True),
) -> Outcome:
    """Make every run that the store lacks. ``in_flight``: tasks handed to the executor at once (its own ``in_flight``,
    else 1).

    No task is handed over after ``max_seconds``; those under way end and are stored. Ctrl-C does the same at once.
    Raises StoreError where the executor breaks (a worker process dies, a scheduler is gone) or the disk refuses; what
    was stored before is kept.
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
            raise
        except Exception as error:
            failures.append((task, f"{type(error).__name__}: {error}"))
            report(f"failed: {task.key}: {type(error).__name__}: {error}")
        else:
            store.append(task.key, result, seconds, provenance or {})
            n_made += 1
        progress.advance(task.cost)

    def make_all() -> None:
        while queue or pending:
            while queue and len(pending) < room() and time.monotonic() < deadline:
                task = queue.popleft()
                pending[executor.submit(perform, task)] = task
            if not pending:
                break
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                collect(future)

    def room() -> int:
        return int(getattr(executor, "in_flight", 1)) if in_flight is None else in_flight

    try:
        try:
            make_all()
        except KeyboardInterrupt:
            interrupted = True
            report("stopping: runs under way end and are stored; a second Ctrl-C stops at once")
            for future in list(pending):
                future.cancel()
            for future in list(pending):
                if future.cancelled() or wait([future]).done:
                    collect(future)
    except BrokenExecutor as error:
        for future in [
            future
            for future in pending
            if future.done() and not future.cancelled() and future.exception() is None
        ]:
            collect(future)  # what ended before the break is stored
        why = (
            "a worker process died (killed, or out of memory)"
            if isinstance(error, BrokenProcessPool)
            else str(error)
        )
        raise StoreError(
            f"{store.folder}: {why}; {n_made} runs were stored, start again to go on"
        ) from None
    finally:
        progress.close()
    n_left = len(todo) - n_made - len(failures)
    return Outcome(len(wanted) - len(todo), n_made, failures, n_left, interrupted)


def take_shard(tasks: Iterable[Task], index: int, count: int) -> list[Task]:
    """Return shard ``index`` (1, …, ``count``): every ``count``-th task in the order of falling cost, so that shards
    cost alike.

    The shards depend on the list alone, not on what is stored: together they are all tasks, and no task is in two.
    """
    if not 1 <= index <= count:
        raise ValueError(f"shard: got {index}/{count}; expected i/k with 1 <= i <= k")
    return sorted(tasks, key=lambda task: (-task.cost, task.key))[index - 1 :: count]
