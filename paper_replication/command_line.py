"""The command line: ``python -m paper_replication run [STUDY] --profile P``, ``report [STUDY ...]``, and short names of
studies.

    run                     the main study, Figure 1; others: rivals, noise_choice, walkthrough, contrastive,
                            boltzmann, tradeoff, images (needs scikit-image and scikit-learn)
    report                  every committed report again from the committed runs
    rivals, walkthrough, noise-choice          run STUDY, with the profile that ``make`` uses where none is named

Every bad input ends in one line that says what and why.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .engine import RESULTS, rebuild, run_study
from .executors import FORMS, Choice, parse_executor, workers
from .report_tables import plain_verdicts
from .store import StoreError
from .studies import MAIN, NAMES, find_study
from .study import Study

PROFILE_OF_COMMAND = {"rivals": "quick", "walkthrough": "full", "noise-choice": "full"}


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
    profile = "quick" if getattr(options, "quick", False) else options.profile
    return run_study(
        find_study(options.study),
        profile,
        options.executor,
        results=options.results,
        out=options.out,
        shard=options.shard,
        max_minutes=options.max_minutes,
    )


def report(options: argparse.Namespace) -> int:
    """Build reports from runs: the committed ones by default, the main one last, since it tells of the others."""
    names = options.studies or ([MAIN] if options.runs or options.out else [*NAMES[1:], MAIN])
    studies: list[Study] = [find_study(name) for name in names]
    if len(studies) > 1 and (options.runs or options.out):
        raise ValueError(f"--runs, --out: expected one study with them, got {len(studies)}")
    for study in studies:
        made = rebuild(study, options.runs or (), options.out)
        if made.judgements and len(studies) == 1:
            print(plain_verdicts(made.judgements))
        if study.figures and not made.figures:
            print("figures were left out: matplotlib is not installed")
        changed = f"changed: {', '.join(made.changed)}" if made.changed else "nothing has changed"
        print(f"report: {made.path}; {changed}")
    return 0


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


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_executor(parser)
    parser.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        help="folder of the stores, one a study (default: paper_replication/results)",
    )
    parser.add_argument(
        "--out", type=Path, help="folder of the report (default: report-<profile> in the store)"
    )
    parser.add_argument(
        "--shard", type=_shard, metavar="i/k", help="make only the i-th of k equal parts"
    )
    parser.add_argument(
        "--max-minutes",
        type=_minutes,
        default=float("inf"),
        metavar="M",
        help="start no run after M minutes",
    )
    parser.set_defaults(command=run)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="paper_replication",
        description="Replicate the papers: make runs, judge the claims, write the report.",
    )
    commands = parser.add_subparsers(
        required=True, metavar=f"run | report | {' | '.join(PROFILE_OF_COMMAND)}"
    )
    one = commands.add_parser(
        "run", help="make the runs of a study's profile that are missing, then report"
    )
    one.add_argument(
        "study",
        nargs="?",
        default=MAIN,
        metavar="STUDY",
        help=f"{', '.join(NAMES)} (default: {MAIN}), or the path of a module with a STUDY",
    )
    one.add_argument("--profile", required=True, help="smoke, quick, full; each study has its own")
    _add_run(one)
    two = commands.add_parser("report", help="build reports from runs")
    two.add_argument(
        "studies", nargs="*", metavar="STUDY", help="which (default: every committed one)"
    )
    two.add_argument(
        "--runs",
        type=Path,
        nargs="+",
        metavar="FILE|DIR",
        help="runs.jsonl(.gz) or results folders (default: the committed runs)",
    )
    two.add_argument(
        "--out", type=Path, help="folder of the report, required with --runs (default: committed)"
    )
    two.set_defaults(command=report)
    for name, profile in PROFILE_OF_COMMAND.items():
        short = commands.add_parser(name, help=f"short for: run {name.replace('-', '_')}")
        short.add_argument("--profile", default=profile, help=f"(default: {profile})")
        if name == "walkthrough":
            short.add_argument("--quick", action="store_true", help="short for --profile quick")
        _add_run(short)
        short.set_defaults(study=name.replace("-", "_"))
    return parser
