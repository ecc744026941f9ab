"""What --executor may say, and what is added to Dask's executor, on a stand-in for it: tests/cluster has the real
one."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from paper_replication import dask_executor
from paper_replication.dask_executor import ClusterError, DaskExecutor
from paper_replication.executors import Dask, Processes, Serial, parse_executor, workers
from paper_replication.runner import run_tasks
from paper_replication.store import RunStore, StoreError, merge, read_rows
from paper_replication.tasks import make_task


def tasks(count=8, **params):
    return [
        make_task("fake_experiment", {"n_data": 10, **params}, repetition)
        for repetition in range(count)
    ]


def results(folder):
    return [(row["repetition"], row["result"]) for row in merge(read_rows(folder)[0])]


@pytest.mark.parametrize(
    "text, choice",
    [
        ("serial", Serial()),
        ("processes:1", Processes(1)),
        ("processes:64", Processes(64)),
        ("dask:local", Dask("local")),
        ("dask:tcp://10.0.0.1:8786", Dask("tcp://10.0.0.1:8786")),
        ("dask:node-1:8786", Dask("node-1:8786")),
        ("dask:tls://[::1]:8786", Dask("tls://[::1]:8786")),
    ],
)
def test_what_may_be_said(text, choice):
    assert parse_executor(text) == choice


@pytest.mark.parametrize(
    "text", ["", "Serial", "serial:", "serial:2", "threads:2", "local", "processes", "dask"]
)
def test_unknown_kinds_are_refused_with_those_there_are(text):
    with pytest.raises(
        ValueError, match=r"expected serial, processes:N, dask:ADDRESS or dask:local"
    ):
        parse_executor(text)


@pytest.mark.parametrize(
    "text",
    ["processes:", "processes:0", "processes:x", "processes:-1", "processes:1.5", "processes:²"],
)
def test_a_number_of_processes_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="N is a whole number from 1 on"):
        parse_executor(text)


@pytest.mark.parametrize(
    "text",
    [
        "dask:",
        "dask: ",
        "dask: tcp://a:1",
        "dask:node",
        "dask:tcp://node",
        "dask:ftp://a:1",
        "dask:Local",
    ],
)
def test_dask_without_an_address_is_refused(text):
    with pytest.raises(ValueError, match="ADDRESS is the scheduler's"):
        parse_executor(text)


def test_the_short_form():
    assert workers(0) == Serial() and workers(2) == Processes(2)
    with pytest.raises(ValueError, match="n_workers: got -1"):
        workers(-1)


def test_each_executor_says_how_many_tasks_it_wants():
    with Serial().open() as executor:
        assert executor.in_flight == 1
    with Processes(2).open() as executor:  # no process starts before the first task
        assert executor.in_flight == 3


def test_without_dask_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(
        sys.modules, "distributed", None
    )  # as an import finds a package that is not there
    with (
        pytest.raises(
            ValueError,
            match=r"--executor dask:tcp://10\.0\.0\.1:8786: .*pip install -e '\.\[cluster\]'",
        ),
        Dask("tcp://10.0.0.1:8786").open(),
    ):
        pass


def test_dask_is_imported_only_where_it_is_asked_for():
    code = "import sys, paper_replication.command_line; assert not {'dask', 'distributed'} & set(sys.modules)"
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=dask_executor.__file__.rsplit("/", 2)[0],
        timeout=60,
    )


class Whimsical(Executor):
    """Runs tasks in threads, each after a wait of its own, so that they end in no order."""

    def __init__(self, seed, in_flight):
        self.in_flight = in_flight
        self.random = random.Random(seed)
        self.inner = ThreadPoolExecutor(4)

    def submit(self, fn, /, *args, **kwargs):
        return self.inner.submit(
            lambda pause: (time.sleep(pause), fn(*args, **kwargs))[1], 0.02 * self.random.random()
        )

    def shutdown(self, wait=True, *, cancel_futures=False):
        self.inner.shutdown(wait)


@pytest.mark.parametrize("seed, in_flight", [(1, 2), (2, 30)])
def test_any_executor_and_any_order_of_ends_give_the_same_results(tmp_path, seed, in_flight):
    wanted = tasks(20, fail_below=-0.5)
    with RunStore(tmp_path / "serial") as store, Serial().open() as executor:
        serial = run_tasks(wanted, store, executor, report=lambda text: None)
    with RunStore(tmp_path / "any") as store, Whimsical(seed, in_flight) as executor:
        outcome = run_tasks(wanted, store, executor, report=lambda text: None)
    assert results(tmp_path / "any") == results(tmp_path / "serial")
    assert sorted((task.key, why) for task, why in outcome.failures) == sorted(
        (task.key, why) for task, why in serial.failures
    )


class FakeClient:
    """As much of dask's Client as ``DaskExecutor`` uses; its futures are ended by the test, or at once where ``end`` is
    given."""

    def __init__(self, end=None):
        self.status, self.end, self.futures = "running", end, []

    def get_executor(self, **options):
        assert options == {"pure": False}
        return self

    def nthreads(self):
        return {"tcp://10.0.0.2:1": 1, "tcp://10.0.0.3:1": 1}

    def submit(self, fn, /, *args):
        if self.status != "running":
            raise RuntimeError("Client is closed")
        future = Future()
        self.futures.append((future, fn, args))
        if self.end is not None:
            self.end(len(self.futures), future, fn, args)
        return future

    def shutdown(self, wait):
        assert wait is False


@pytest.fixture
def on_a_worker(monkeypatch):
    """Make this process look like a worker; the namespace given is dask's worker object."""
    worker = SimpleNamespace(address="tcp://10.0.0.2:1", state=SimpleNamespace(nthreads=1))
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(get_worker=lambda: worker))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    return worker


OURS = dask_executor.fitness()


def well(count, future, fn, args):
    future.set_result(fn(*args))


def test_a_future_runs_from_the_start_so_that_ctrl_c_waits_for_it():
    client = FakeClient()
    outer = DaskExecutor(client, "the scheduler").submit(len, "abc")
    assert outer.running() and not outer.cancel()
    client.futures[0][0].set_result((True, 3))
    assert outer.result(timeout=0) == 3


def test_the_number_in_flight_follows_the_workers():
    client = FakeClient()
    executor = DaskExecutor(client, "the scheduler")
    assert executor.in_flight == 3
    client.nthreads = lambda: dict.fromkeys(range(100), 1)
    executor._look()
    assert executor.in_flight == 126
    client.nthreads = lambda: (_ for _ in ()).throw(OSError("gone"))
    executor._look()
    assert executor.in_flight == 126


def test_without_a_worker_for_long_the_run_ends(monkeypatch):
    monkeypatch.setattr(dask_executor, "NO_WORKER_SECONDS", 0.05)
    client = FakeClient()
    executor = DaskExecutor(client, "the scheduler")
    outer = executor.submit(len, "abc")
    client.nthreads = dict
    executor._look()
    time.sleep(0.1)
    assert not outer.done()
    executor._look()
    assert isinstance(
        outer.exception(timeout=0), ClusterError
    ) and "has had no worker for 0 seconds" in str(outer.exception())
    client.futures[0][0].set_result((True, 3))  # comes too late, and changes nothing
    assert isinstance(outer.exception(timeout=0), ClusterError)


def test_what_dask_raises_is_tried_again_and_what_the_task_raises_is_not(on_a_worker):
    def stumble_twice(count, future, fn, args):
        well(count, future, fn, args) if count > 2 else future.set_exception(
            ValueError("not enough values to unpack")
        )

    client = FakeClient(stumble_twice)
    assert (
        DaskExecutor(client, "the scheduler").submit(len, "abc").result(timeout=0) == 3
        and len(client.futures) == 3
    )
    client = FakeClient(well)
    outer = DaskExecutor(client, "the scheduler").submit(len, 5)
    assert isinstance(outer.exception(timeout=0), TypeError) and len(client.futures) == 1
    for final, count in (((), dask_executor.N_TRIES), ((MemoryError,), 1)):
        client = FakeClient(
            lambda count, future, fn, args: future.set_exception(MemoryError("killed"))
        )
        outer = DaskExecutor(client, "the scheduler", final).submit(len, "abc")
        assert isinstance(outer.exception(timeout=0), MemoryError) and len(client.futures) == count


def test_a_lost_scheduler_is_an_error_and_what_ended_before_is_stored(tmp_path, on_a_worker):
    def lose_the_fifth(count, future, fn, args):
        well(count, future, fn, args) if count < 5 else future.cancel()

    with (
        RunStore(tmp_path) as store,
        DaskExecutor(
            FakeClient(lose_the_fifth), "the scheduler at tcp://10.0.0.1:8786"
        ) as executor,
    ):
        with pytest.raises(
            StoreError,
            match=r"the scheduler at tcp://10\.0\.0\.1:8786 is gone.*; 4 runs were stored, start again",
        ):
            run_tasks(tasks(), store, executor)
    assert len(read_rows(tmp_path)[0]) == 4


def test_a_closed_client_is_an_error_too(tmp_path):
    client = FakeClient()
    client.status = "closed"
    with RunStore(tmp_path) as store, DaskExecutor(client, "the scheduler") as executor:
        with pytest.raises(
            StoreError,
            match=r"the scheduler cannot be given tasks \(RuntimeError: Client is closed\); 0 runs were stored",
        ):
            run_tasks(tasks(), store, executor)


def test_a_worker_without_the_code_stops_the_run():
    for name, is_ours in (
        ("paper_replication", True),
        ("nce_ref.models", True),
        ("sklearn", False),
    ):
        error = RuntimeError("the task cannot be read")
        error.__cause__ = ModuleNotFoundError(f"No module named {name!r}", name=name)
        client = FakeClient(
            lambda count, future, fn, args, error=error: future.set_result((False, error))
        )
        outer = DaskExecutor(client, "the scheduler").submit(len, "abc")
        assert isinstance(outer.exception(timeout=0), BrokenExecutor) is is_ours
        if is_ours:
            assert f"a worker cannot import {name}: start the workers with PYTHONPATH" in str(
                outer.exception()
            )


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda worker, patch: None, None),
        (
            lambda worker, patch: setattr(worker.state, "nthreads", 8),
            "it runs 8 tasks at once, wanted 1: start it with --nthreads 1",
        ),
        (lambda worker, patch: patch.setenv("OPENBLAS_NUM_THREADS", "2"), "OPENBLAS_NUM_THREADS"),
        (
            lambda worker, patch: patch.setattr(
                dask_executor, "_own_fitness", lambda: {**OURS, "numpy": "1"}
            ),
            "numpy is 1, wanted",
        ),
        (
            lambda worker, patch: patch.setattr(
                dask_executor, "_own_fitness", lambda: {**OURS, "code": "0"}
            ),
            "code is 0, wanted",
        ),
    ],
)
def test_a_worker_whose_numbers_could_be_others_is_refused(
    on_a_worker, monkeypatch, spoil, message
):
    spoil(on_a_worker, monkeypatch)
    outer = DaskExecutor(FakeClient(well), "the scheduler").submit(len, "abc")
    if message is None:
        assert outer.result(timeout=0) == 3
    else:
        assert isinstance(outer.exception(timeout=0), ClusterError)
        assert "the worker tcp://10.0.0.2:1 is not fit" in str(
            outer.exception()
        ) and message in str(outer.exception())
