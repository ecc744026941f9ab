"""Real Dask clusters, their workers processes of their own. ``cluster_experiment`` is found here and, through
PYTHONPATH, by them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))
# A new process must find the work tree and the experiment; one BLAS thread, as for the suite.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)]),
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
PATIENCE = 60.0


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} seconds for {what}"
        time.sleep(0.02)


@pytest.fixture
def cluster():
    """A LocalCluster of two worker processes; the second worker that a task loses is its failure, and no task waits
    beside another."""
    import dask
    from distributed import LocalCluster

    with dask.config.set(
        {
            "distributed.scheduler.allowed-failures": 1,
            "distributed.scheduler.worker-saturation": 1.0,
        }
    ):
        with LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as made:
            yield made


@pytest.fixture
def start(tmp_path):
    """Start a program in a session of its own, its output in a file; whatever is left of the session is killed at the
    end."""
    children = []

    def begin(*arguments, **environment):
        log = tmp_path / f"output-{len(children)}"
        with open(log, "w") as file:
            child = subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                env={**ENVIRONMENT, **environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=tmp_path,
            )
        children.append(child)
        return child, log

    yield begin
    for child in children:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait(PATIENCE)


@pytest.fixture
def scheduler(start):
    """A scheduler without the code, as a process; its address is ``address``."""
    child, log = start(
        "-m",
        "dask",
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        PYTHONPATH="",
    )
    address = re.compile(r"Scheduler at:\s+(tcp://\S+)")
    wait_until(lambda: address.search(log.read_text()), "the scheduler's address")
    child.address = address.search(log.read_text())[1]
    return child


@pytest.fixture
def start_workers(start, scheduler):
    """Start ``dask worker`` as the README says, with options and variables of the test's own."""

    def begin(*options, **environment):
        return start(
            "-m", "dask", "worker", scheduler.address, *options, "--no-dashboard", **environment
        )

    return begin
