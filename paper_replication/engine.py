"""The engine: makes a study's runs that the store lacks, then its report; one for all studies.

*Conventions.* A study's runs lie in the folder of its name in the results, whatever profile asked for them, so that a
quick run's are there for the full one; the report of a profile lies beside them. Nothing here writes into the committed
reports but ``rebuild``.
"""

from __future__ import annotations

import json
import sys
import textwrap
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .claims import CONTRADICTED, NOT_RESOLVED
from .executors import Choice
from .progress import clock
from .provenance import code_hash
from .report import ABOUT_FILE, CLOCK_FILE, RUNS_FILE, Report, build_report, describe_runs
from .report_tables import by_owner, plain_claim, plain_owners
from .runner import Outcome, run_tasks, take_shard
from .store import CLOCK, Row, RunStore, StoreError, read_rows
from .study import Study

N_AGAINST = 8  # contradicted claims on the screen that ends a run
RESULTS = Path(__file__).resolve().parent / "results"


def run_study(
    study: Study,
    profile_name: str,
    executor: Choice,
    *,
    results: Path = RESULTS,
    out: Path | None = None,
    shard: tuple[int, int] | None = None,
    max_minutes: float = float("inf"),
) -> int:
    """Run and report; 0 well, 1 some runs failed, 130 stopped by Ctrl-C. The same call goes on from what is stored."""
    profile = study.profile(profile_name)
    tasks = study.tasks(profile_name)
    mine = take_shard(tasks, *shard) if shard else tasks
    print(
        f"{study.name}, profile {profile.name}: {profile.purpose}; {len(tasks)} runs, "
        f"budget {clock(profile.budget_seconds)} on 2 cores",
        flush=True,
    )
    start = time.monotonic()
    folder = results / study.name
    target = out or folder / f"report-{profile.name}"
    if not study.experiments:
        _conclude(
            study, build_report(study, [], target, {"profile": profile.name}), profile.name, start
        )
        return 0
    with RunStore(folder) as store:
        if store.note:
            print(store.note, file=sys.stderr)
        with executor.open() as pool:
            code = code_hash([experiment.module for experiment in study.experiments])
            outcome = run_tasks(
                mine, store, pool, max_seconds=60.0 * max_minutes, provenance={"code": code}
            )
        keys = [task.key for task in tasks]
        rows = [store.rows[key] for key in keys if key in store.rows]
        times = [store.clock[key] for key in keys if key in store.clock]
        seconds: dict[str, list[float]] = defaultdict(list)
        for key in keys:
            if key in store.seconds:
                seconds[study.label(key.experiment, key.params)].append(store.seconds[key])
    elapsed, missing = time.monotonic() - start, len(tasks) - len(rows)
    stop = _tell(outcome, elapsed, missing)
    if stop is not None:
        return stop
    if not rows:
        raise StoreError(f"{results}: no run succeeded, so there is nothing to report on")
    about = describe_runs(profile.name, elapsed, seconds, missing)
    _conclude(study, build_report(study, rows, target, about, times), profile.name, start)
    return 1 if outcome.failures else 0


def rebuild(study: Study, sources: Sequence[Path] = (), out: Path | None = None) -> Report:
    """Build a report from runs in files or folders, the committed one from the committed runs where none are given.

    Raises ValueError for runs without a folder for their report: the committed one would be overwritten.
    """
    if sources and out is None:
        raise ValueError(
            "--out: expected a folder together with --runs; without it the committed report would be overwritten"
        )
    rows: list[Row] = []
    times: list[Row] = []
    about: dict[str, Any] = {}
    committed = [study.committed / RUNS_FILE] if study.experiments else []
    for source in sources or committed:
        found, note = read_rows(source)
        rows += found
        folder = source if source.is_dir() else source.parent
        for name in (CLOCK_FILE, CLOCK):
            if (folder / name).exists():
                found, other = read_rows(folder / name)
                times += found
                note = f"{note} {other}".strip()
        if note:
            print(note, file=sys.stderr)
        if (folder / ABOUT_FILE).exists():
            about = _read_about(folder / ABOUT_FILE)
    return build_report(study, rows, out or study.committed, about, times)


def _tell(outcome: Outcome, elapsed: float, missing: int) -> int | None:
    """Print what was made; return the exit code where there is nothing to report yet."""
    print(
        f"{outcome.n_made} runs made, {outcome.n_found} found in the store, {len(outcome.failures)}"
        f" failed, {clock(elapsed)} passed"
    )
    if outcome.interrupted:
        print(f"stopped: {missing} runs are missing; the same command goes on from here")
        return 130
    if missing and not outcome.failures:
        print(
            f"{missing} runs of the profile are missing (a shard, or --max-minutes): the same"
            " command goes on; the last call reports"
        )
        return 0
    return None


def _conclude(study: Study, made: Report, profile: str, start: float) -> None:
    """Print one screen: whose claims hold, what was found, what is against a claim, where the figure and the report
    are."""
    print(screen(study, made, profile))
    print(f"{clock(time.monotonic() - start)} passed; report: {made.path}")


def screen(study: Study, made: Report, profile: str = "full") -> str:
    """Return the lines that end a run. What a smaller profile leaves open is not its failure: the full one adds it."""
    judgements, is_full = made.judgements, profile == study.profiles[-1].name
    said = [*textwrap.wrap(study.abstract, 100), ""] if study.abstract else []
    if judgements:
        said.append(plain_owners(judgements, NOT_RESOLVED if is_full else "left to full"))
    found = [c for c in made.conclusions if c.holds(judgements)]
    for conclusion in found:
        said.append("")
        said += textwrap.wrap(conclusion.sentence.replace("**", ""), 100)
    against = [j for j in by_owner(judgements) if j.verdict == CONTRADICTED]
    if against:
        said += ["", f"contradicted ({len(against)}; the report has all):"]
        said += [plain_claim(judgement) for judgement in against[:N_AGAINST]]
    n_open = sum(judgement.verdict == NOT_RESOLVED for judgement in judgements)
    if n_open:
        where = study.committed / study.text
        told = f"; its report: {where}" if where.exists() and not is_full else ""
        left = "not resolved, too few runs to tell" if is_full else "left to the full profile"
        said += ["", f"{left}: {n_open} claims{told}"]
    if study.figures and not made.figures:
        said.append("figures were left out: matplotlib is not installed")
    if study.poster in made.figures:
        said.append(f"figure: {made.path.parent / 'figures' / f'{study.poster}.png'}")
    return "\n".join(said)


def _read_about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))["runs"]
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreError(f"{path}: damaged; mend or delete it") from None
    if not isinstance(about, dict):
        raise StoreError(f"{path}: damaged; mend or delete it")
    return about
