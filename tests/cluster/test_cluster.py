"""Runs on real clusters: the same bytes as serial, and nothing lost by dead workers, a dead scheduler, or Ctrl-C."""

from __future__ import annotations

import os
import signal
import textwrap
import threading
import time

import pytest

from paper_replication import dask_executor
from paper_replication.command_line import main
from paper_replication.executors import Dask, Processes, Serial
from paper_replication.runner import run_tasks
from paper_replication.store import RunStore, StoreError, merge, read_rows
from paper_replication.tasks import make_task, perform

from .conftest import wait_until


def tasks(count, **params):
    return [make_task("cluster_experiment", params, repetition) for repetition in range(count)]


def make(folder, wanted, choice):
    messages = []
    with RunStore(folder) as store, choice.open() as executor:
        return run_tasks(wanted, store, executor, report=messages.append), messages


def results(folder):
    return [(row["repetition"], row["result"]) for row in merge(read_rows(folder)[0])]


def n_lines(folder):
    path = folder / "runs.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def when(condition, action):
    """Do ``action`` in a thread once ``condition`` holds."""

    def watch():
        wait_until(condition, "the moment to strike")
        action()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_the_smoke_profile_gives_the_bytes_of_serial(tmp_path, cluster, capsys):
    for name, executor in (("serial", "serial"), ("dask", f"dask:{cluster.scheduler_address}")):
        assert (
            main(
                [
                    "run",
                    "--profile",
                    "smoke",
                    "--executor",
                    executor,
                    "--results",
                    str(tmp_path / name),
                ]
            )
            == 0
        )
    for name in ("summary.csv", "claims.json", "runs.jsonl.gz"):
        one, two = (
            tmp_path / folder / "figure1" / "report-smoke" / name for folder in ("serial", "dask")
        )
        assert one.read_bytes() == two.read_bytes() and one.stat().st_size > 0


def test_a_killed_worker_loses_nothing_and_its_tasks_are_redone(tmp_path, cluster):
    log = tmp_path / "log"
    log.mkdir()
    wanted = tasks(24, log=str(log), sleep=0.1)
    dead = [worker.pid for worker in cluster.workers.values()]

    def kill():
        os.kill(dead[0], signal.SIGKILL)

    # A task begins every 0.05 s and sleeps twice that: after six starts both workers are in the middle of one.
    strike = when(lambda: len(os.listdir(log)) >= 6, kill)
    outcome, messages = make(tmp_path / "dask", wanted, Dask(cluster.scheduler_address))
    strike.join()
    starts = os.listdir(log)
    assert (outcome.n_made, outcome.failures, outcome.n_left, messages) == (24, [], 0, [])
    assert len(starts) > 24 and len({name.split("-")[0] for name in starts}) >= 2
    make(tmp_path / "serial", wanted, Serial())
    assert results(tmp_path / "dask") == results(tmp_path / "serial")


def test_a_task_that_kills_its_workers_is_a_failure_and_the_others_go_on(tmp_path, cluster):
    outcome, messages = make(
        tmp_path, [*tasks(1, deadly=1), *tasks(6)], Dask(cluster.scheduler_address)
    )
    assert len(outcome.failures) == 1, outcome.failures
    task, why = outcome.failures[0]
    assert (
        task == tasks(1, deadly=1)[0]
        and why.startswith("KilledWorker: ")
        and str(task.key) in messages[0]
    )
    assert outcome.n_made == 6


def test_an_exception_keeps_its_meaning(tmp_path, cluster):
    wanted = tasks(20, fail_below=-0.5)
    serial, told = make(tmp_path / "serial", wanted, Serial())
    outcome, messages = make(tmp_path / "dask", wanted, Dask(cluster.scheduler_address))
    assert serial.failures and sorted(outcome.failures, key=lambda f: f[0].key) == sorted(
        serial.failures, key=lambda f: f[0].key
    )
    assert sorted(messages) == sorted(told) and all(
        "ArithmeticError: planted failure" in line for line in messages
    )
    assert results(tmp_path / "dask") == results(tmp_path / "serial")


def test_equal_tasks_are_not_merged(tmp_path, cluster):
    """A scheduler remembers results that somebody holds; a run made again must be a run, not a memory."""
    log = tmp_path / "log"
    log.mkdir()
    with Dask(cluster.scheduler_address).open() as executor:
        (task,) = tasks(1, log=str(log))
        one, two = executor.submit(perform, task), executor.submit(perform, task)
        assert one.result()[0] == two.result()[0] and len(os.listdir(log)) == 2


def test_a_lost_scheduler_is_one_clear_error_and_a_store_to_go_on_from(
    tmp_path, scheduler, start_workers, monkeypatch
):
    start_workers("--nthreads", "1", "--nworkers", "2")
    wanted, folder = tasks(40, sleep=0.1), tmp_path / "lost"
    strike = when(lambda: n_lines(folder) >= 5, lambda: scheduler.send_signal(signal.SIGKILL))
    begin = time.monotonic()
    with pytest.raises(
        StoreError,
        match=rf"the scheduler at {scheduler.address} is gone.*; \d+ runs were stored, start again",
    ) as told:
        make(folder, wanted, Dask(scheduler.address))
    strike.join()
    assert time.monotonic() - begin < 60.0
    stored = n_lines(folder)
    assert 5 <= stored < 40 and f"; {stored} runs were stored" in str(told.value)
    monkeypatch.setattr(dask_executor, "CONNECT_SECONDS", 3.0)
    with pytest.raises(ValueError, match="no scheduler answers there"):
        make(folder, wanted, Dask(scheduler.address))
    outcome, _ = make(folder, wanted, Serial())
    assert (outcome.n_found, outcome.n_made) == (stored, 40 - stored)
    make(tmp_path / "serial", wanted, Serial())
    assert results(folder) == results(tmp_path / "serial")


@pytest.mark.parametrize(
    "options, environment, message",
    [
        (
            ["--nthreads", "1"],
            {"PYTHONPATH": ""},
            "a worker cannot import paper_replication: start the workers with PYTHONPATH",
        ),
        (
            ["--nthreads", "2", "--nworkers", "1"],
            {},
            "it runs 2 tasks at once, wanted 1: start it with --nthreads 1",
        ),
        (
            ["--nthreads", "1", "--no-nanny"],
            {"OPENBLAS_NUM_THREADS": "2"},
            "'OPENBLAS_NUM_THREADS': '2'",
        ),
    ],
)
def test_a_worker_that_is_not_fit_is_refused(
    tmp_path, scheduler, start_workers, options, environment, message
):
    start_workers(*options, **environment)
    with pytest.raises(StoreError) as told:
        make(tmp_path / "store", tasks(3), Dask(scheduler.address))
    assert message in str(told.value) and n_lines(tmp_path / "store") == 0


SCRIPT = """
    import signal, sys
    from pathlib import Path
    from paper_replication.executors import Dask
    from paper_replication.runner import run_tasks
    from paper_replication.store import RunStore
    from paper_replication.tasks import make_task
    if __name__ == "__main__":
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
        wanted = [make_task("cluster_experiment", {"sleep": 0.3}, r) for r in range(40)]
        with RunStore(Path(sys.argv[1])) as store, Dask("local").open() as executor:
            outcome = run_tasks(wanted, store, executor)
        failed = len(outcome.failures)
        print(f"made {outcome.n_made}, left {outcome.n_left}, failed {failed}, interrupted {outcome.interrupted}")
"""


def test_ctrl_c_ends_what_is_under_way_and_leaves_a_store_to_go_on_from(tmp_path, start):
    """As a terminal does it: the signal goes to every process of the group, the local workers too."""
    script, folder = tmp_path / "script.py", tmp_path / "store"
    script.write_text(textwrap.dedent(SCRIPT))
    child, log = start(script, folder)
    wait_until(lambda: n_lines(folder) >= 3, "three runs")
    before = n_lines(folder)
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(60) == 0, log.read_text()
    stored = n_lines(folder)
    # Those under way, at least one a worker, ended and were stored.
    assert (
        before < stored < 40
        and f"made {stored}, left {40 - stored}, failed 0, interrupted True" in log.read_text()
    )
    wanted = tasks(40, sleep=0.3)
    rest, _ = make(folder, wanted, Processes(8))
    assert (rest.n_found, rest.n_made) == (stored, 40 - stored)
    make(tmp_path / "whole", wanted, Processes(8))
    assert results(folder) == results(tmp_path / "whole")


def test_a_local_cluster_of_its_own_gives_the_same(tmp_path):
    wanted = tasks(12)
    make(tmp_path / "dask", wanted, Dask("local"))
    make(tmp_path / "serial", wanted, Serial())
    assert results(tmp_path / "dask") == results(tmp_path / "serial")
