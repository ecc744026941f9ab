"""A Dask cluster as an executor: ``Client.get_executor()``, with what the runner needs on top of it.

The Client itself is no ``concurrent.futures.Executor``; what its ``get_executor()`` gives is one, with these habits:
- futures never say that they run, so ``cancel()`` always succeeds and throws away work that was nearly done. Ours say
  so from the start: Ctrl-C lets the few tasks in flight end, as with processes;
- where the scheduler is lost, its futures turn *cancelled*, as if somebody had wanted that. Ours raise
  ``ClusterError``;
- where all workers are gone, its futures wait for ever. Ours raise ``ClusterError`` after two minutes without one;
- they read a future's status after they have fetched its result, so a worker that dies in between would end it with an
  unpacking error of dask's own (seen in its code, not in a run). So a task's exceptions travel as values, and what
  comes as an exception is dask's: the task is handed over again;
- equal calls are one task, and a result a living scheduler remembers is not made again. ``pure=False``: each call is a
  task.
A task whose worker dies is given to another by the scheduler; one that loses more than
``distributed.scheduler.allowed-failures`` (3) workers is a failure of that task, ``KilledWorker``. A task that waits on
a worker beside a deadly one is blamed with it, so ``distributed.scheduler.worker-saturation`` should be 1.0 (dask's
default is 1.1: two tasks on a worker of one thread). What a task raises is not retried: its numbers depend on its key
alone.

Code reaches the workers by import, not by the wire: start them with the work tree in ``PYTHONPATH`` (the scheduler can
do without). Tasks travel as sealed bytes that only the worker opens: a dask worker that cannot read what it is sent
closes, without a word to the client, and a scheduler without the code refuses every task; so a missing module is an
error that names it. A worker with other code, another Python, NumPy or SciPy, several threads or several BLAS threads
is refused by its first task: its numbers could differ in the last bit, and one bit is a changed summary.
"""

from __future__ import annotations

import os
import pickle
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, InvalidStateError
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from importlib.metadata import version
from typing import Any

from .provenance import code_hash
from .threads import pinned, require_pinned

CONNECT_SECONDS, NO_WORKER_SECONDS, LOOK_SECONDS, N_TRIES = 15.0, 120.0, 5.0, 4
# A terminal sends Ctrl-C to every process of the session; the local workers leave it to this one, which lets them end
# their tasks.
LEAVE_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"


class ClusterError(BrokenExecutor):
    """A cluster that cannot go on; the message says why and what to do."""


@contextmanager
def open_cluster(address: str) -> Iterator[Executor]:
    """Give the executor of the scheduler at ``address``, or of a cluster of this machine's own for ``local``.

    Raises ValueError where dask is not installed, no scheduler answers, or no worker joins it.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise ValueError(
            f"--executor dask:{address}: {error}; install the extra with dask: pip install -e '.[cluster]'"
        ) from None
    with ExitStack() as stack:
        try:
            if address == "local":
                n_workers = os.cpu_count() or 1
                with pinned(), dask.config.set({"distributed.scheduler.worker-saturation": 1.0}):
                    where: Any = stack.enter_context(
                        LocalCluster(
                            n_workers=n_workers,
                            threads_per_worker=1,
                            dashboard_address=None,
                            preload=[LEAVE_CTRL_C],
                        )
                    )
            else:
                where = address
            client = stack.enter_context(
                Client(where, timeout=CONNECT_SECONDS, set_as_default=False)
            )
        except (OSError, ValueError) as error:
            raise ValueError(
                f"--executor dask:{address}: no scheduler answers there ({error})"
            ) from None
        executor = stack.enter_context(
            DaskExecutor(client, f"the scheduler at {client.scheduler.address}", (KilledWorker,))
        )
        executor.wait_for_a_worker()
        yield executor


class DaskExecutor(Executor):
    """Hands tasks to the client's workers; ``name`` is the scheduler's, for messages, ``final`` the exceptions of dask
    that another try would only repeat.
    """

    def __init__(self, client: Any, name: str, final: tuple[type[BaseException], ...] = ()) -> None:
        self.name = name
        self._client, self._final = client, final
        self._inner = client.get_executor(pure=False)
        self._fitness = fitness()
        self._lock, self._open = threading.Lock(), set[Future[Any]]()
        self._closing = threading.Event()
        self._n_workers, self._last_seen = 0, time.monotonic()
        self._look()
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def in_flight(self) -> int:
        """A quarter more than there are workers now, and one: they may come and go while tasks run."""
        return self._n_workers + self._n_workers // 4 + 1

    def wait_for_a_worker(self) -> None:
        """Return as soon as one worker is there; raises ValueError where none comes."""
        from distributed import TimeoutError as NoneCame

        try:
            self._client.wait_for_workers(1, timeout=NO_WORKER_SECONDS)
        except (NoneCame, OSError):
            raise ValueError(
                f"--executor: no worker joined {self.name} within {NO_WORKER_SECONDS:.0f} seconds; start some"
            ) from None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand over a task; raises ClusterError where the connection is closed."""
        outer: Future[Any] = Future()
        outer.set_running_or_notify_cancel()
        try:
            self._hand_over(
                outer, pickle.dumps((run_here, (self._fitness, fn, *args), kwargs)), N_TRIES
            )
        except Exception as error:
            raise ClusterError(
                f"{self.name} cannot be given tasks ({type(error).__name__}: {error})"
            ) from error
        with self._lock:
            self._open.add(outer)
        outer.add_done_callback(self._forget)
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of what is left: the runner has waited for what it wanted, and a lost scheduler would never answer."""
        self._closing.set()
        if self._client.status == "running":
            with suppress(Exception):
                self._inner.shutdown(wait=False)

    def _hand_over(self, outer: Future[Any], sealed: bytes, n_tries: int) -> None:
        inner = self._inner.submit(open_sealed, sealed)
        inner.add_done_callback(partial(self._hand_on, outer, sealed, n_tries - 1))

    def _hand_on(self, outer: Future[Any], sealed: bytes, n_tries: int, inner: Future[Any]) -> None:
        """Give ``outer`` the end of ``inner``, or hand the task over again where the end was not the task's own."""
        if inner.cancelled():
            self._end(outer, error=ClusterError(f"{self.name} is gone, or the connection to it"))
            return
        error = inner.exception()
        if error is None:
            well, value = inner.result()
            self._end(outer, value) if well else self._end(outer, error=_translate(value))
        elif n_tries == 0 or isinstance(error, self._final):
            self._end(outer, error=error)
        else:
            try:
                self._hand_over(outer, sealed, n_tries)
            except Exception as closed:
                self._end(
                    outer,
                    error=ClusterError(
                        f"{self.name} cannot be given tasks ({type(closed).__name__}: {closed})"
                    ),
                )

    def _end(
        self, outer: Future[Any], value: Any = None, *, error: BaseException | None = None
    ) -> None:
        with suppress(InvalidStateError):  # the watch may have given it up a moment ago
            outer.set_result(value) if error is None else outer.set_exception(error)

    def _forget(self, outer: Future[Any]) -> None:
        with self._lock:
            self._open.discard(outer)

    def _look(self) -> None:
        """Count the workers; give up all futures where there has been none for long."""
        if self._client.status != "running":
            return  # the futures are told by dask
        try:
            self._n_workers = len(self._client.nthreads())
        except OSError:
            return  # likewise
        now = time.monotonic()
        if self._n_workers:
            self._last_seen = now
        elif now > self._last_seen + NO_WORKER_SECONDS:
            with self._lock:
                given_up = list(self._open)
            for outer in given_up:
                self._end(
                    outer,
                    error=ClusterError(
                        f"{self.name} has had no worker for {NO_WORKER_SECONDS:.0f} seconds"
                    ),
                )

    def _watch(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            with suppress(
                Exception
            ):  # a client that is closing may raise anything; a watch that has died would see nothing
                self._look()


def fitness() -> dict[str, str]:
    """Return what must be equal here and on a worker for the numbers to be: the code's hash and the versions that
    compute."""
    return {
        "code": code_hash(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
    }


# Cached: a worker that lives through a change of the code keeps the old modules, and must keep their hash with them.
_own_fitness = cache(fitness)


def run_here(
    wanted: Mapping[str, str], fn: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> Any:
    """On a worker: return ``fn(*args, **kwargs)``; raises ClusterError where this worker's numbers could be others."""
    from distributed import get_worker

    worker = get_worker()
    own = _own_fitness()
    wrong = [
        f"{name} is {own[name]}, wanted {value}"
        for name, value in wanted.items()
        if own[name] != value
    ]
    if worker.state.nthreads != 1:
        wrong.append(
            f"it runs {worker.state.nthreads} tasks at once, wanted 1: start it with --nthreads 1"
        )
    try:
        require_pinned()
    except RuntimeError as error:
        wrong.append(str(error))
    if wrong:
        raise ClusterError(
            f"the worker {worker.address} is not fit ({'; '.join(wrong)}); mend it and start it again"
        )
    return fn(*args, **kwargs)


def _opener() -> Callable[[bytes], tuple[bool, Any]]:
    def open_sealed(sealed: bytes) -> tuple[bool, Any]:
        """(True, what the call returns) or (False, what it raises)."""
        import pickle

        try:
            fn, args, kwargs = pickle.loads(sealed)
            return True, fn(*args, **kwargs)
        except Exception as error:
            return False, error

    return open_sealed


# A function made inside another is sent as code (cloudpickle), so every worker can read it, whatever it can import.
open_sealed = _opener()


def _translate(error: BaseException) -> BaseException:
    """Return what a task raised, or, where a worker lacks the code, what that means for the run."""
    missing = _missing_code(error)
    if not missing:
        return error
    return ClusterError(
        f"a worker cannot import {missing}: start the workers with PYTHONPATH naming the work tree"
    )


def _missing_code(error: BaseException | None) -> str:
    """Return the module of ours that could not be imported where ``error`` arose, or an empty string."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] in (
            __package__,
            "nce_ref",
        ):
            return str(error.name)
        error = error.__cause__ or error.__context__
    return ""
