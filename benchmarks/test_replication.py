"""How fast the replication goes: one run of the experiment behind Figure 1 (a) at T = 1000, and the runner in two
processes.

A run is three certified fits (maximum likelihood, NCE with Gaussian and with Laplace noise) and three by L-BFGS, each
from five starts.
"""

from __future__ import annotations

from paper_replication.executors import Processes
from paper_replication.figure1.study import STUDY
from paper_replication.runner import run_tasks
from paper_replication.store import RunStore
from paper_replication.tasks import perform

N_DATA, FITS_A_RUN, RUNS = 1_000, 3, 8
METHODS = ("mle", "nce_gaussian", "nce_laplace")


def tasks(n_data, count):
    return [STUDY.task("figure1", {"n_data": n_data}, k) for k in range(count)]


def test_one_run(benchmark):
    benchmark.group = f"replication, a run at T = {N_DATA}"
    (task,) = tasks(N_DATA, 1)
    result, _ = perform(task)
    for method in METHODS:
        assert (
            result[f"{method}.certified.is_local_maximum"] == 1.0
            and result[f"{method}.certified.n_starts"] == 5.0
        )
    benchmark.pedantic(perform, (task,), rounds=5)
    if benchmark.stats:
        benchmark.extra_info["certified fits a second"] = FITS_A_RUN / benchmark.stats.stats.median


def test_the_runner_in_two_processes(benchmark, tmp_path):
    """The processes are up before the clock starts; results are those of one process."""
    benchmark.group = f"replication, {RUNS} runs at T = {N_DATA} by the runner"
    todo = tasks(N_DATA, RUNS)
    with Processes(2).open() as executor, RunStore(tmp_path) as store:
        for future in [
            executor.submit(perform, STUDY.task("figure1", {"n_data": 250}, 0)) for _ in range(4)
        ]:
            future.result()
        outcome = benchmark.pedantic(
            run_tasks, (todo, store, executor), {"report": lambda text: None}, rounds=1
        )
        assert outcome.n_made == RUNS and not outcome.failures
        assert store.rows[todo[0].key]["result"] == perform(todo[0])[0]
