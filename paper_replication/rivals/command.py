"""``python -m paper_replication rivals``: make the runs of a profile that the store lacks, then the report on the rivals."""

from __future__ import annotations

import argparse
import sys
import time

from ..claims import NOT_RESOLVED
from ..executors import Choice
from ..progress import clock
from ..provenance import code_hash
from ..report import describe_runs, refresh_section
from ..report_tables import plain_verdicts
from ..runner import run_tasks, take_shard
from ..store import StoreError
from . import plan, report
from .clock import TimedStore
from .evidence import ROOT

PROFILE_NAMES = tuple(plan.PROFILES)


def rivals(options: argparse.Namespace) -> int:
    """Run and report; 0 well, 1 some runs failed, 130 stopped by Ctrl-C. The same command goes on from what is stored."""
    executor_choice: Choice = options.executor
    wanted = plan.tasks(options.profile)
    mine = take_shard(wanted, *options.shard) if options.shard else wanted
    name = f"rivals-{options.profile}"
    print(
        f"{name}: {len(wanted)} runs, budget {clock(plan.BUDGET_SECONDS[options.profile])} on 2 cores",
        flush=True,
    )
    start = time.monotonic()
    with TimedStore(options.results / name) as store:
        if store.note:
            print(store.note, file=sys.stderr)
        code = f"{code_hash(experiments='rivals/experiments')}.{code_hash()}"
        with executor_choice.open() as executor:
            outcome = run_tasks(
                mine,
                store,
                executor,
                max_seconds=60.0 * options.max_minutes,
                provenance={"code": code},
            )
        rows = [store.rows[task.key] for task in wanted if task.key in store.rows]
        times = [store.clock[task.key] for task in wanted if task.key in store.clock]
        spent: dict[str, list[float]] = {}
        for task in wanted:
            if task.key in store.seconds:
                spent.setdefault(
                    f"{task.key.experiment.removeprefix(ROOT)} {task.key.params}", []
                ).append(store.seconds[task.key])
    elapsed, missing = time.monotonic() - start, len(wanted) - len(rows)
    print(
        f"{outcome.n_made} runs made, {outcome.n_found} found in the store, {len(outcome.failures)} failed, {clock(elapsed)} passed"
    )
    if outcome.interrupted:
        print(f"stopped: {missing} runs are missing; the same command goes on from here")
        return 130
    if missing and not outcome.failures:
        print(
            f"{missing} runs of the profile are missing (a shard, or --max-minutes): the same command goes on; the last call reports"
        )
        return 0
    if not rows:
        raise StoreError(f"{options.results}: no run succeeded, so there is nothing to report on")
    folder = options.out or options.results / f"report-{name}"
    made = report.build(
        rows, times, folder, describe_runs(options.profile, elapsed, spent, missing)
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
