"""The command line, ``python -m paper_replication run | report | walkthrough | noise-choice | rivals``.

Every bad input ends in one line that says what and why.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .claims import NOT_RESOLVED
from .executors import FORMS, Choice, parse_executor, workers
from .noise_choice.command import noise_choice
from .profiles import PROFILES, find_profile
from .progress import clock
from .provenance import code_hash
from .report import FOLDER, RUNS_FILE, Report, build_report, describe_runs
from .report_tables import plain_verdicts
from .rivals.command import PROFILE_NAMES, rivals
from .runner import run_tasks, take_shard
from .store import RunStore, StoreError, read_rows
from .walkthrough.command import walkthrough

RESULTS = Path(__file__).resolve().parent / "results"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")  # without the usage, which would bury the reason


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code: 0 well, 1 some runs failed, 2 bad input, 130 stopped by Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except (ValueError, StoreError) as error:
        print(f"paper_replication: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "paper_replication: stopped; what was stored is kept, the same command goes on from there",
            file=sys.stderr,
        )
        return 130


def run(options: argparse.Namespace) -> int:
    """Make the runs of a profile that the store lacks, then report."""
    profile = find_profile(options.profile)
    tasks = profile.tasks()
    mine = take_shard(tasks, *options.shard) if options.shard else tasks
    print(
        f"profile {profile.name}: {profile.purpose}; {len(tasks)} runs, budget {clock(profile.budget_seconds)} on 2 cores",
        flush=True,
    )
    start = time.monotonic()
    with RunStore(options.results) as store:
        if store.note:
            print(store.note, file=sys.stderr)
        with options.executor.open() as executor:
            outcome = run_tasks(
                mine,
                store,
                executor,
                max_seconds=60.0 * options.max_minutes,
                provenance={"code": code_hash()},
            )
        rows = [store.rows[task.key] for task in tasks if task.key in store.rows]
        seconds: dict[str, list[float]] = defaultdict(list)
        for task in tasks:
            if task.key in store.seconds:
                seconds[f"{task.key.experiment} {task.key.params}"].append(store.seconds[task.key])
    elapsed, missing = time.monotonic() - start, len(tasks) - len(rows)
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
    folder = options.out or options.results / f"report-{profile.name}"
    _conclude(build_report(rows, folder, describe_runs(profile.name, elapsed, seconds, missing)))
    return 1 if outcome.failures else 0


def report(options: argparse.Namespace) -> int:
    """Build a report from runs: the committed one by default."""
    if options.runs and options.out is None:
        raise ValueError(
            "--out: expected a folder together with --runs; without it the committed report would be overwritten"
        )
    rows, about = [], {}
    for source in options.runs or [FOLDER / RUNS_FILE]:
        found, note = read_rows(source)
        if note:
            print(note, file=sys.stderr)
        rows += found
        beside = (source if source.is_dir() else source.parent) / "provenance.json"
        if beside.exists():
            about = _read_about(beside)
    _conclude(build_report(rows, options.out or FOLDER, about))
    return 0


def _conclude(made: Report) -> None:
    print(plain_verdicts(made.judgements))
    if any(judgement.verdict == NOT_RESOLVED for judgement in made.judgements):
        print(
            "not resolved: too few runs to tell; those of the full run are in paper_replication/report/REPORT.md"
        )
    if not made.figures:
        print("figures were left out: matplotlib is not installed")
    print(f"report: {made.path}")


def _read_about(path: Path) -> dict[str, object]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))["runs"]
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreError(f"{path}: damaged; mend or delete it") from None
    if not isinstance(about, dict):
        raise StoreError(f"{path}: damaged; mend or delete it")
    return about


def _shard(text: str) -> tuple[int, int]:
    index, slash, count = text.partition("/")
    if not (
        slash
        and text.isascii()
        and index.isdigit()
        and count.isdigit()
        and 1 <= int(index) <= int(count)
    ):
        raise argparse.ArgumentTypeError(f"got {text!r}; expected i/k with 1 <= i <= k, e.g. 1/4")
    return int(index), int(count)


def _workers(text: str) -> Choice:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"got {text!r}; expected 0 (no worker process) or more")
    return workers(int(text))


def _executor(text: str) -> Choice:
    try:
        return parse_executor(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1.0
    if not minutes > 0.0:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a number of minutes above 0")
    return minutes


def _add_executor(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    default = workers(os.cpu_count() or 1)
    where.add_argument(
        "--executor",
        type=_executor,
        default=default,
        metavar="WHERE",
        help=f"{FORMS} (see the README)",
    )
    where.add_argument(
        "--workers",
        type=_workers,
        dest="executor",
        default=argparse.SUPPRESS,  # the default is --executor's
        metavar="N",
        help="short for --executor processes:N, and 0 for serial (default: one a core)",
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="paper_replication",
        description="Replicate the papers: make runs, judge the claims, write the report.",
    )
    commands = parser.add_subparsers(
        required=True, metavar="run | report | walkthrough | noise-choice | rivals"
    )
    one = commands.add_parser(
        "run", help="make the runs of a profile that are missing, then report"
    )
    one.add_argument(
        "--profile",
        required=True,
        help=", ".join(f"{p.name} ({p.purpose})" for p in PROFILES.values()),
    )
    _add_executor(one)
    one.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        help="folder of the store (default: paper_replication/results)",
    )
    one.add_argument(
        "--out", type=Path, help="folder of the report (default: report-<profile> in the results)"
    )
    one.add_argument(
        "--shard", type=_shard, metavar="i/k", help="make only the i-th of k equal parts"
    )
    one.add_argument(
        "--max-minutes",
        type=_minutes,
        default=float("inf"),
        metavar="M",
        help="start no run after M minutes",
    )
    one.set_defaults(command=run)
    two = commands.add_parser("report", help="build a report from runs")
    two.add_argument(
        "--runs",
        type=Path,
        nargs="+",
        metavar="FILE|DIR",
        help="runs.jsonl(.gz) or results folders (default: the committed runs)",
    )
    two.add_argument(
        "--out",
        type=Path,
        help="folder of the report, required with --runs (default: paper_replication/report)",
    )
    two.set_defaults(command=report)
    three = commands.add_parser(
        "walkthrough",
        help="the walkthrough of the paper, its faults, and the experiment done right",
    )
    three.add_argument(
        "--quick", action="store_true", help="two small runs each, to try every path"
    )
    _add_executor(three)
    three.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        help="folder of the stores (default: paper_replication/results)",
    )
    three.add_argument(
        "--out",
        type=Path,
        help="folder of the lesson (default: report/walkthrough; with --quick in the results)",
    )
    three.set_defaults(command=walkthrough)
    four = commands.add_parser(
        "noise-choice",
        help="which noise is best: the asymptotic error against the noise and nu, some seconds",
    )
    four.add_argument(
        "--out", type=Path, help="folder of its report (default: report/noise_choice)"
    )
    four.set_defaults(command=noise_choice)
    five = commands.add_parser(
        "rivals", help="the other estimators of Figure 1 (a) and (b), and the sweep over nu"
    )
    five.add_argument(
        "--profile",
        choices=PROFILE_NAMES,
        default="quick",
        help="how many matrices (default: quick)",
    )
    _add_executor(five)
    five.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        help="folder of the stores (default: paper_replication/results)",
    )
    five.add_argument(
        "--out",
        type=Path,
        help="folder of the report (default: report-rivals-<profile> in the results)",
    )
    five.add_argument(
        "--shard", type=_shard, metavar="i/k", help="make only the i-th of k equal parts"
    )
    five.add_argument(
        "--max-minutes",
        type=_minutes,
        default=float("inf"),
        metavar="M",
        help="start no run after M minutes",
    )
    five.set_defaults(command=rivals)
    return parser
