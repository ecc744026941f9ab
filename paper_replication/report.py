"""Builds a study's report from rows: its text, ``claims.json``, tables, figures, provenance.json, and the runs
themselves, gzipped.

What is measured goes to the tables and to ``claims.json`` and depends on the rows alone; when, where and with which
versions goes to ``provenance.json``. There ``runs`` tells of the runs and is carried along when a report is built again
from them, ``report`` of the building that last changed a file.

A file that is there and says the same, but for the last digits of its numbers, stays as it is: on another processor,
with other versions, sums are rounded differently, and nothing has changed by that.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import figures, provenance
from . import report_tables as tables
from .claims import Judgement, claims_json, judge_all
from .conclusions import Conclusion, told
from .store import Row, StoreError, merge, read_rows, write_gzip
from .study import Findings, Section, Study

RUNS_FILE, CLOCK_FILE, ABOUT_FILE, CLAIMS_FILE = (
    "runs.jsonl.gz",
    "clock.jsonl.gz",
    "provenance.json",
    "claims.json",
)
RULE = """A claim is *confirmed* where the whole interval lies inside of what is claimed, target and margin, *contradicted* where it lies
wholly outside, *not resolved* otherwise: too few runs to tell. A claim of more or less than something is confirmed only where the run
had the power to see the difference that matters. *Whose*: a number that the paper shows, a statement in its words, a theorem, or what
this project expected; a contradiction of the last is this project's mistake, not the paper's. Margins and levels stand beside the
claims, in the study's folder; the rule is in `claims.py`."""
CLAIMS = """The intervals are those the rule asks for, of confidence 1 - 2a, a = level / number of claims in the family; "not 0" says that the
interval of confidence 1 - a excludes the target itself. Published points and ratios are compared in log10; their intervals hold both
studies' sampling errors and the reading error. *Power*: the probability, at this run's standard error, of seeing what matters."""
CONCLUSIONS = """Each sentence stands on the claims named after it, all of them with the verdict that it needs; with other verdicts it
would not be here."""
ON_ROUNDING = """On another processor a run comes again to 1e-10, but for what hangs on the last digits: where a climb without a
certificate ends beside a kink, how many evaluations it took, which of several maxima is found. A single run can then differ by
much more, the distribution over runs does not. These are, by experiment,"""
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Report:
    """A report as built: its main file, what was judged, the figures drawn, and the files that were written anew."""

    path: Path
    judgements: list[Judgement]
    figures: tuple[str, ...]
    changed: tuple[str, ...] = ()
    conclusions: tuple[Conclusion, ...] = ()


def build_report(
    study: Study,
    rows: Sequence[Row],
    folder: Path,
    runs: Mapping[str, Any],
    clock: Sequence[Row] = (),
) -> Report:
    """Write the report of ``rows`` and of their times into ``folder``. ``runs``: what to say of their making (see
    ``describe_runs``).

    Raises StoreError where there are no rows of a study that has experiments, or the folder cannot be written.
    """
    newest, left_out = newest_version(merge(rows))
    times, _ = newest_version(merge(clock))
    if study.experiments and not newest:
        raise StoreError(
            f"{folder}: there are no runs of {study.name} to report on; make some with: "
            f"python -m paper_replication run {study.name}"
        )
    evidence = study.gather(newest, times)
    judgements = judge_all(study.claims(), evidence)
    runs = {**runs, "codes": _codes(newest)} if newest else dict(runs)
    findings = Findings(study, evidence, judgements, runs, folder, left_out)
    files = _Files(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in study.tables(evidence).items():
            files.write(name, text)
        if judgements:
            files.write(CLAIMS_FILE, claims_json(judgements))
        if newest:
            files.write_rows(RUNS_FILE, newest)
        if times:
            files.write_rows(CLOCK_FILE, times)
        drawn, redrawn = figures.draw_figures(folder / "figures", findings)
        files.changed += [f"figures/{name}.png" for name in redrawn]
        findings = replace(findings, drawn=drawn)
        files.write(study.text, compose(findings))
        if newest:
            files.write_about(runs, provenance.code_hash([e.module for e in study.experiments]))
    except OSError as error:
        raise StoreError(
            f"{folder}: the report cannot be written here ({error.strerror or error}); choose another folder with --out"
        ) from None
    found = tuple(study.conclusions(findings))
    return Report(folder / study.text, judgements, drawn, tuple(files.changed), found)


def describe_runs(
    profile: str, wall_seconds: float, task_seconds: Mapping[str, list[float]], n_missing: int
) -> dict[str, Any]:
    """Return what ``provenance.json`` keeps of the making of the runs; ``task_seconds`` maps parameters to times."""
    spent = {
        params: {"runs": len(times), "mean_seconds": round(sum(times) / len(times), 4)}
        for params, times in sorted(task_seconds.items())
    }
    return {
        "profile": profile,
        "last_call_seconds": round(wall_seconds, 1),
        "task_seconds": round(sum(map(sum, task_seconds.values())), 1),
        "by_params": spent,
        "missing": n_missing,
        "machine": provenance.machine(),
        "versions": provenance.versions(),
        "commit": provenance.git_commit(),
    }


def newest_version(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """Return each experiment's rows of its highest version, and how many older ones were left out."""
    highest: dict[str, int] = {}
    for row in rows:
        highest[row["experiment"]] = max(
            row["version"], highest.get(row["experiment"], row["version"])
        )
    newest = [row for row in rows if row["version"] == highest[row["experiment"]]]
    return newest, len(rows) - len(newest)


def compose(findings: Findings) -> str:
    """Return the text of the report: front, notes on what is missing, sections."""
    study = findings.study
    front = f"# {study.title}\n" if study.front is None else study.front(findings)
    said = [front, *(f"{note}\n" for note in notes(findings))]
    sections = study.sections(findings)
    if not study.is_whole:
        sections = [
            verdict_section(findings),
            *sections,
            claim_section(findings),
            conclusion_section(findings),
        ]
    for title, body in sections:
        if body:
            said.append(f"## {title}\n\n{body}" if title else body)
    return "\n".join(said) + study.after(findings)


def notes(findings: Findings) -> list[str]:
    """Say what is not as it should be with these runs, each in a sentence."""
    runs, said = findings.runs, []
    if runs.get("missing"):
        said.append(f"**Not complete: {runs['missing']} runs of the profile are missing.**")
    if len(runs.get("codes", {})) > 1:
        said.append(
            f"The runs come from {len(runs['codes'])} states of the code, of one experiment"
            " version: `provenance.json` counts them."
        )
    if findings.left_out:
        said.append(f"{findings.left_out} runs of older experiment versions were left out.")
    if findings.study.figures and not findings.drawn:
        said.append(
            "The figures were left out: matplotlib is not installed (`pip install -e '.[replicate]'` brings it)."
        )
    return said


def verdict_section(findings: Findings) -> Section:
    """Verdicts counted by family, and what was not confirmed; the figures below them."""
    if not findings.judgements:
        return "", ""
    counted = tables.verdicts(findings.judgements)
    return "Verdicts", f"{RULE}\n\n{counted}\n{tables.not_confirmed(findings.judgements)}"


def figure_section(findings: Findings) -> Section:
    """Every figure with its caption."""
    return "Figures", "".join(findings.picture(name) for name in findings.drawn).lstrip("\n")


def claim_section(findings: Findings) -> Section:
    """Every claim with its numbers."""
    if not findings.judgements:
        return "", ""
    told = f"{CLAIMS}\n\n{tables.all_claims(findings.judgements)}"
    return "All claims", told + on_rounding(findings.study)


def conclusion_section(findings: Findings) -> Section:
    """What was found, each sentence with the claims that bear it."""
    said = told(findings.study.conclusions(findings), findings.judgements)
    return "Conclusions", f"{CONCLUSIONS}\n\n{said}" if said else ""


def on_rounding(study: Study) -> str:
    """Name the results that another processor may give otherwise; empty where there are none."""
    named = [
        f"`{one.short}`: {', '.join(f'`{pattern}`' for pattern in one.on_rounding)}"
        for one in study.experiments
        if one.on_rounding
    ]
    return f"\n{ON_ROUNDING} {'; '.join(named)}.\n" if named else ""


def other_study(study: Study, folder: Path) -> str:
    """Return the section on another study for the main report, from its claims in ``folder``; empty where it is not
    there."""
    if not (study.beside and (folder / study.text).exists()):
        return ""
    path = folder / CLAIMS_FILE
    if not path.exists():
        return f"\n{study.beside}\n"
    counts: dict[str, Counter[str]] = {}
    for claim in json.loads(path.read_text(encoding="utf-8")):
        counts.setdefault(claim["family"], Counter())[claim["verdict"]] += 1
    rows = [
        [family, *(str(count[verdict]) for verdict in tables.VERDICTS)]
        for family, count in counts.items()
    ]
    total = [
        f"**{sum(count[verdict] for count in counts.values())}**" for verdict in tables.VERDICTS
    ]
    table = tables.markdown(
        [f"{study.name}, claims about", *tables.VERDICTS], [*rows, ["**all**", *total]]
    )
    return f"\n{study.beside}\n\n{table}"


def same_but_for_rounding(one: str, two: str) -> bool:
    """Whether two texts have the same words, and numbers that differ by at most 1e-6 of themselves (1e-9 near 0)."""
    if NUMBER.sub("0", one) != NUMBER.sub("0", two):
        return False
    return all(
        a == b or math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-9)
        for a, b in zip(NUMBER.findall(one), NUMBER.findall(two), strict=True)
    )


class _Files:
    """Writes into the folder what is not there yet, and keeps the names."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.changed = folder, list[str]()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        if not path.exists() or not same_but_for_rounding(path.read_text(encoding="utf-8"), text):
            path.write_text(text, encoding="utf-8")
            self.changed.append(name)

    def write_rows(self, name: str, rows: Sequence[Row]) -> None:
        path = self.folder / name
        if not path.exists() or read_rows(path) != (list(rows), ""):
            write_gzip(path, rows)
            self.changed.append(name)

    def write_about(self, runs: Mapping[str, Any], code: str) -> None:
        """Write ``provenance.json`` last, and only where the runs are others or another file has changed."""
        path = self.folder / ABOUT_FILE
        about = {"runs": runs, "report": {"versions": provenance.versions(), "code": code}}
        if path.exists() and not self.changed:
            with_old = {**about, "report": json.loads(path.read_text("utf-8")).get("report")}
            if _spelled(with_old) == path.read_text("utf-8"):
                return
        path.write_text(_spelled(about), encoding="utf-8")
        self.changed.append(ABOUT_FILE)


def _spelled(about: Mapping[str, Any]) -> str:
    return json.dumps(about, indent=1, sort_keys=True) + "\n"


def _codes(rows: Sequence[Row]) -> dict[str, int]:
    counts = Counter(str(row.get("provenance", {}).get("code", "unknown")) for row in rows)
    return dict(sorted(counts.items()))
