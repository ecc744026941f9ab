"""``python -m paper_replication walkthrough``: make the runs that the store lacks, then the lesson and its section of the report."""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict

from ..claims import NOT_RESOLVED
from ..progress import clock
from ..provenance import code_hash
from ..report import describe_runs, refresh_section
from ..report_tables import plain_verdicts
from ..runner import run_tasks
from ..store import RunStore, StoreError
from . import plan, report
from .evidence import group_name


def walkthrough(options: argparse.Namespace) -> int:
    """Run and report; 0 well, 1 some runs failed, 130 stopped by Ctrl-C. The same command goes on from what is stored."""
    wanted = plan.tasks(options.quick)
    name = "walkthrough-quick" if options.quick else "walkthrough"
    print(
        f"{name}: {len(wanted)} runs, budget {clock(20.0 if options.quick else plan.BUDGET_SECONDS)} on 2 cores",
        flush=True,
    )
    start = time.monotonic()
    with RunStore(options.results / name) as store:
        if store.note:
            print(store.note, file=sys.stderr)
        with options.executor.open() as executor:
            outcome = run_tasks(
                wanted, store, executor, provenance={"code": code_hash(experiments="walkthrough")}
            )
        rows = [store.rows[task.key] for task in wanted if task.key in store.rows]
        seconds: dict[str, list[float]] = defaultdict(list)
        for row, task in (
            (store.rows[task.key], task) for task in wanted if task.key in store.rows
        ):
            seconds[group_name(row)].append(store.seconds.get(task.key, 0.0))
    missing = len(wanted) - len(rows)
    print(
        f"{outcome.n_made} runs made, {outcome.n_found} found in the store, {len(outcome.failures)} failed"
    )
    if outcome.interrupted:
        print(f"stopped: {missing} runs are missing; the same command goes on from here")
        return 130
    if not rows:
        raise StoreError(f"{options.results}: no run succeeded, so there is nothing to report on")
    folder = options.out or (options.results / f"report-{name}" if options.quick else report.FOLDER)
    made = report.build(
        rows, folder, describe_runs(name, time.monotonic() - start, seconds, missing), options.quick
    )
    if folder == report.FOLDER:
        refresh_section()
    print(plain_verdicts(made.judgements))
    if any(judgement.verdict == NOT_RESOLVED for judgement in made.judgements):
        print("not resolved: too few runs to tell, or none")
    if not made.figures:
        print("figures were left out: matplotlib is not installed")
    print(f"report: {made.path}, {clock(time.monotonic() - start)} passed")
    return 1 if outcome.failures else 0
