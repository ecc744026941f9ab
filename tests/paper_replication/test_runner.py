"""The runner: the same numbers in any order and number of workers, failures told and survived, killed runs gone on
with."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from paper_replication import executors
from paper_replication.executors import SerialExecutor
from paper_replication.progress import Progress, clock
from paper_replication.runner import run_tasks, take_shard
from paper_replication.store import RunStore, StoreError, merge, read_rows
from paper_replication.tasks import make_task

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def tasks(count=8, **params):
    return [
        make_task("fake_experiment", {"n_data": 10, **params}, repetition)
        for repetition in range(count)
    ]


def results(folder):
    return [(row["repetition"], row["result"]) for row in merge(read_rows(folder)[0])]


def make(folder, wanted, workers=0, **options):
    messages = []
    with RunStore(folder) as store, executors.workers(workers).open() as executor:
        outcome = run_tasks(wanted, store, executor, report=messages.append, **options)
    return outcome, messages


def test_two_workers_and_none_give_the_same_rows(tmp_path):
    make(tmp_path / "none", tasks())
    outcome, _ = make(tmp_path / "two", tasks()[::-1], workers=2)
    assert outcome.n_made == 8 and results(tmp_path / "none") == results(tmp_path / "two")


def test_workers_have_one_blas_thread(tmp_path):
    before = os.environ.get("OMP_NUM_THREADS")
    make(tmp_path, tasks(2, threads=1), workers=1)
    for _, result in results(tmp_path):
        assert result == {"threads": 2.0, "omp": 1.0}
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_workers_without_pinned_threads_refuse_to_start(tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "pinned", contextlib.nullcontext)  # the planted mistake
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    with pytest.raises(StoreError, match="a worker process died"):
        make(tmp_path, tasks(2), workers=1)


def test_what_is_stored_is_not_made_again(tmp_path):
    make(tmp_path, tasks(3))
    outcome, _ = make(tmp_path, tasks(8))
    assert (outcome.n_found, outcome.n_made, outcome.n_left) == (3, 5, 0)
    assert len(read_rows(tmp_path)[0]) == 8


def test_a_failure_is_told_with_its_key_and_the_rest_goes_on(tmp_path):
    wanted = tasks(20, fail_below=-0.5)
    for workers in (0, 1):
        outcome, messages = make(tmp_path / str(workers), wanted, workers=workers)
        assert outcome.failures and outcome.n_made == 20 - len(outcome.failures)
        task, why = outcome.failures[0]
        assert why == "ArithmeticError: planted failure" and str(task.key) in messages[0]
    assert results(tmp_path / "0") == results(tmp_path / "1")


def test_a_result_that_is_no_number_is_a_failure(tmp_path):
    outcome, messages = make(tmp_path, [*tasks(1, nan=1), *tasks(2)])
    assert len(outcome.failures) == 1 and outcome.n_made == 2 and "'mean' is nan" in messages[0]


def test_big_tasks_start_first(tmp_path):
    wanted = [make_task("fake_experiment", {"n_data": n}, 0) for n in (10, 1000, 200)]
    make(tmp_path, wanted)
    assert [row["params"]["n_data"] for row in read_rows(tmp_path)[0]] == [
        1000,
        200,
        10,
    ]  # by their names: 1000, 10, 200


def test_no_task_starts_after_the_time_is_up(tmp_path):
    outcome, _ = make(tmp_path, tasks(50, sleep=0.05), max_seconds=0.2)
    assert (
        1 <= outcome.n_made <= 5
        and outcome.n_left == 50 - outcome.n_made
        and not outcome.interrupted
    )


@pytest.mark.parametrize("count", [1, 3, 8, 11])
def test_shards_are_a_partition(count):
    wanted = tasks(8) + tasks(3, sleep=0.0)
    shards = [take_shard(wanted, index, count) for index in range(1, count + 1)]
    assert sorted(task.key for shard in shards for task in shard) == sorted(
        task.key for task in wanted
    )
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.mark.parametrize("index, count", [(0, 3), (4, 3), (1, 0)])
def test_shards_that_are_none_are_refused(index, count):
    with pytest.raises(ValueError, match="shard: got"):
        take_shard(tasks(2), index, count)


def test_ctrl_c_leaves_a_store_to_go_on_from(tmp_path):
    class Impatient(SerialExecutor):
        n_left = 3

        def submit(self, fn, /, *args, **kwargs):
            if self.n_left == 0:
                raise KeyboardInterrupt
            self.n_left -= 1
            return super().submit(fn, *args, **kwargs)

    with RunStore(tmp_path) as store:
        outcome = run_tasks(tasks(), store, Impatient(), report=lambda text: None)
    assert outcome.interrupted and (outcome.n_made, outcome.n_left) == (3, 5)
    make(tmp_path, tasks())
    make(tmp_path / "whole", tasks())
    assert results(tmp_path) == results(tmp_path / "whole")


SCRIPT = """
    import signal
    from pathlib import Path
    from paper_replication.executors import Processes
    from paper_replication.runner import run_tasks
    from paper_replication.store import RunStore
    from paper_replication.tasks import make_task
    if __name__ == "__main__":
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
        wanted = [make_task("fake_experiment", {{"n_data": 10, "sleep": 0.05}}, r) for r in range(12)]
        with RunStore(Path({folder!r})) as store, Processes(2).open() as executor:
            run_tasks(wanted, store, executor)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_goes_on_and_ends_like_a_whole_one(tmp_path, how):
    script, folder = tmp_path / "script.py", tmp_path / "results"
    script.write_text(textwrap.dedent(SCRIPT).format(folder=str(folder)))
    child = subprocess.Popen(
        [sys.executable, str(script)],
        env=ENVIRONMENT,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (
        (folder / "runs.jsonl").exists() and (folder / "runs.jsonl").read_bytes().count(b"\n") >= 3
    ):
        assert time.monotonic() < deadline and child.poll() is None
        time.sleep(0.01)
    child.send_signal(how)
    child.wait(60)
    with open(folder / "runs.jsonl", "ab") as file:
        file.write(b'{"experiment": "fake_exp')  # the worst a kill can leave
    outcome, _ = make(folder, tasks(12, sleep=0.05))
    assert 0 < outcome.n_made < 12 and outcome.n_found + outcome.n_made == 12
    make(tmp_path / "whole", tasks(12, sleep=0.05))
    assert results(folder) == results(tmp_path / "whole")
    assert workers_of(child.pid) == []  # a killed parent leaves no worker waiting for ever


def workers_of(session):
    """Processes still alive in the killed child's session, given two seconds to go (none are seen where there is no
    /proc)."""
    if not os.path.isdir("/proc"):
        return []
    for _ in range(40):
        alive = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/stat") as file:
                    state, _, _, sid = file.read().rsplit(")", 1)[1].split()[:4]
            except OSError:
                continue
            if int(sid) == session and state != "Z":
                alive.append(int(name))
        if not alive:
            break
        time.sleep(0.05)
    return alive


def test_progress_weighs_by_cost_and_prints_plain_lines_without_a_terminal():
    stream = io.StringIO()
    progress = Progress(2, 10.0, stream, interval=0.0)
    progress.advance(8.0)
    assert stream.getvalue().startswith("1/2 runs, 80% of the work")
    assert progress.line(40.0).endswith("0:40 passed, about 0:10 left")
    progress.close()


def test_clock():
    assert [clock(s) for s in (0, 59.6, 3600, 5400)] == ["0:00", "1:00", "1:00:00", "1:30:00"]
