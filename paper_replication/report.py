"""Builds a report's folder from rows: REPORT.md, summary.csv, claims.json, figures, provenance.json, runs.jsonl.gz.

What is measured goes to ``summary.csv`` and ``claims.json`` and depends on the rows alone; when, where and with which versions
goes to ``provenance.json``. There ``runs`` tells of the runs and is carried along when a report is built again from them,
``report`` of the building.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import figures, provenance
from . import report_tables as tables
from .claim_list import all_claims
from .claims import CONFIRMED, CONTRADICTED, NOT_RESOLVED, Judgement, judge_all
from .evidence import Evidence, gather
from .experiments import toy
from .progress import clock
from .seeds import generator_for
from .store import Row, StoreError, merge, write_gzip
from .summary import Line, claims_json, summarise, summary_csv
from .theory import METHODS, Theory, compute_theory

FOLDER = Path(__file__).resolve().parent / "report"
RUNS_FILE = "runs.jsonl.gz"
VERDICTS = (CONFIRMED, CONTRADICTED, NOT_RESOLVED)

RULE = """A claim is *confirmed* or *contradicted* by its interval, and confirmed only where the run had the power to see the
difference that matters; otherwise it is *not resolved*. Margins and levels stand in `claim_list.py` and the files it
collects, the rule in `claims.py`."""
CERTIFIED = "Certified means: smallest subgradient at most 1e-8, and proven a local maximum."
LIMITS = "T E‖B̂A − I‖² and T E(ĉ − c*)² in the limit of large T, by integration."
APPROACH = "T times the mean squared error of B over its limit, the certified protocol's fits, with 95 % intervals."
OPTIMISER = """Shares of fits that end more than 1e-4 below the best value known for their problem, with 95 % intervals, and log10
ratios of median squared errors of B. Above T = 4000 the paper's protocol has one start too. The best value known is the higher
of the two protocols'. For Laplace noise each protocol has an objective of its own, that of its first fit: the certified share is
0 there by construction, and the paper's share is a lower bound, since only one climb, from the best L-BFGS end, looked for a
higher value; its two protocols' noise samples differ too (by the order of the first fit's rows), which widens their comparison.
A median hardly feels one such fit among 500, a mean may consist of it: see Figure 1 (d)."""
FINE_TUNING = """log10 of the median squared errors of NCE with the fitted Laplace noise, L-BFGS, by where its second fit starts, which the
paper does not say: an experiment of its own, with new matrices, added after the first full run. The last column tells which
start is the better optimiser; the error need not follow it, since the highest maximum is not the nearest to the truth."""
COVERAGE = """Share of {} inside their 95 % intervals, from the covariance estimated at the certified protocol's fits, with 95 %
intervals over runs. A fit without a certificate has no intervals and counts as missing the truth."""
DISTANCES = "Squared distances of all parameters from the truth in the metric of the limit's covariance, against chi-square."
CLAIMS = """The intervals are those the rule asks for, a = level / number of claims in the family: of confidence 1 - a for published
points (0 ± margin), 1 - 2a for the others. Published points and ratios are compared in log10; their intervals hold both
studies' sampling errors and the reading error. *Power*: the probability, at this run's standard error, of seeing what matters."""

RIVALS = """## The rivals and the trade-off

The rest of Figure 1, panels (a) and (b) with importance sampling, score matching and contrastive divergence, and J12's sweep over ν:
[a report of its own](rivals/RIVALS.md) (`make replicate-rivals`)."""
NOISE_CHOICE = """## Which noise is best

For the mean and the variance of a Gaussian, by quadrature: [where the best noise and the best ν lie, and what they
save](noise_choice/NOISE_CHOICE.md) (`python -m paper_replication noise-choice`)."""
WALKTHROUGH = """## The walkthrough

A much-read walkthrough of the paper trains a network as the log-density. [The lesson](walkthrough/WALKTHROUGH.md) runs it as it
stands, shows its faults one at a time beside their corrections, does the experiment right, and compares three models on real data
(`make walkthrough`)."""


@dataclass(frozen=True)
class Report:
    """A report as built: its main file, what was judged, and the figures drawn."""

    path: Path
    judgements: list[Judgement]
    figures: list[str]


def build_report(
    rows: Sequence[Row], folder: Path, runs: Mapping[str, Any], theory: Theory | None = None
) -> Report:
    """Write the report of ``rows`` into ``folder``. ``runs``: what to say of their making (see ``describe_runs``).

    Raises StoreError where there are no rows of figure1 or the folder cannot be written.
    """
    newest, left_out = newest_version(merge(rows))
    evidence = gather(newest, compute_theory() if theory is None else theory)
    if not evidence.sizes:
        raise StoreError(
            f"{folder}: there are no runs of figure1 to report on; make some with: python -m paper_replication run"
        )
    lines, judgements = summarise(evidence), judge_all(all_claims(), evidence)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "summary.csv").write_text(summary_csv(lines), encoding="utf-8")
        (folder / "claims.json").write_text(claims_json(judgements), encoding="utf-8")
        write_gzip(folder / RUNS_FILE, newest)
        about = {
            "runs": {**runs, "codes": _codes(newest)},
            "report": {"versions": provenance.versions(), "code": provenance.code_hash()},
        }
        (folder / "provenance.json").write_text(
            json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        picture = toy_picture() if figures.matplotlib_is_here() else None
        drawn = figures.write_figures(folder / "figures", evidence, lines, picture)
        text = compose(evidence, lines, judgements, drawn, about["runs"], left_out) + other_studies(
            folder
        )
        (folder / "REPORT.md").write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{folder}: the report cannot be written here ({error.strerror or error}); choose another folder with --out"
        ) from None
    return Report(folder / "REPORT.md", judgements, drawn)


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


def toy_picture() -> dict[str, Any]:
    """Return the data of the toy figure, from a generator of its own."""
    return toy.picture(generator_for("toy", "picture"))


def compose(
    evidence: Evidence,
    lines: Sequence[Line],
    judgements: Sequence[Judgement],
    drawn: Sequence[str],
    runs: Mapping[str, Any],
    left_out: int,
) -> str:
    """Return the text of REPORT.md."""
    certified, fits = tables.certified_total(evidence)
    counts = ", ".join(
        f"{evidence.column('norm_B', size).size} at T = {size}" for size in evidence.sizes
    )
    spent = (
        f"Time spent in runs: {clock(float(runs['task_seconds']))} of one core. "
        if "task_seconds" in runs
        else ""
    )
    intro = [
        "# Replication report: P10 Figure 1 and its theory\n",
        f"Profile `{runs.get('profile', 'unknown')}`; runs (one random mixing matrix each): {counts}. {spent}"
        "Versions, machine, commit and code hash: `provenance.json`; the runs themselves: `runs.jsonl.gz`; "
        "every number: `summary.csv`, `claims.json`.\n",
    ]
    if runs.get("missing"):
        intro.append(f"**Not complete: {runs['missing']} runs of the profile are missing.**\n")
    if len(runs.get("codes", {})) > 1:
        intro.append(
            f"The runs come from {len(runs['codes'])} states of the code, of one experiment version: `provenance.json` counts them.\n"
        )
    if left_out:
        intro.append(f"{left_out} runs of older experiment versions were left out.\n")
    if not drawn:
        intro.append(
            "The figures were left out: matplotlib is not installed (`pip install -e '.[replicate]'` brings it).\n"
        )
    share = f"{certified} of {fits} fits ({certified / fits:.3%})"
    constants = [
        [
            tables.LABELS[m],
            f"{evidence.theory.relative_error(m):.4f}",
            f"{evidence.theory.error_c(m):.4f}",
        ]
        for m in METHODS
    ]
    sections = [
        (
            "Verdicts",
            f"{RULE}\n\n{tables.verdicts(judgements)}\n{tables.not_confirmed(judgements)}",
        ),
        (
            "Figures",
            "\n".join(
                f"![{name}](figures/{name}.png)\n\n{figures.CAPTIONS[name]} [SVG](figures/{name}.svg)\n"
                for name in drawn
            ),
        ),
        (
            "Certificates",
            f"Certified: {share}; required are 99.9 %. {CERTIFIED}\n\n{tables.certificates(evidence)}",
        ),
        ("Limits of the theory", f"{LIMITS}\n\n{tables.markdown(['method', 'B', 'c'], constants)}"),
        (
            "Medians",
            f"log10 of the median squared errors under the paper's protocol.\n\n{tables.medians(evidence, lines)}",
        ),
        (
            "The start of the fine tuning",
            _with_text(FINE_TUNING, tables.fine_tuning(evidence, lines)),
        ),
        ("Approach to the limit law", f"{APPROACH}\n\n{tables.approach(evidence, lines)}"),
        ("The optimiser's part", f"{OPTIMISER}\n\n{tables.optimiser(evidence, lines)}"),
        (
            "Coverage, entries of B",
            f"{COVERAGE.format('the entries of B')}\n\n{tables.coverage(evidence, lines, 'B')}",
        ),
        ("Coverage, c", f"{COVERAGE.format('the c')}\n\n{tables.coverage(evidence, lines, 'c')}"),
        ("Mahalanobis distances", f"{DISTANCES}\n\n{tables.distances(evidence, lines)}"),
        ("All claims", f"{CLAIMS}\n\n{tables.all_claims(judgements)}"),
    ]
    return "\n".join(intro + [f"## {title}\n\n{body}" for title, body in sections if body])


def other_studies(folder: Path) -> str:
    """Return the report's last sections, on the studies that have a report of their own in the folder; empty where there are none."""
    noise = f"\n{NOISE_CHOICE}\n" if (folder / "noise_choice" / "NOISE_CHOICE.md").exists() else ""
    return rivals_section(folder) + noise + walkthrough_section(folder)


def rivals_section(folder: Path) -> str:
    """Return the section on the rivals, from their claims in the folder; empty where there are none."""
    return _verdicts_of(folder, "rivals", RIVALS)


def walkthrough_section(folder: Path) -> str:
    """Return the section on the walkthrough, from the lesson's claims in the folder; empty where there are none."""
    return _verdicts_of(folder, "walkthrough", WALKTHROUGH)


def _verdicts_of(folder: Path, study: str, text: str) -> str:
    path = folder / study / "claims.json"
    if not path.exists():
        return ""
    counts: dict[str, Counter[str]] = {}
    for claim in json.loads(path.read_text(encoding="utf-8")):
        counts.setdefault(claim["family"], Counter())[claim["verdict"]] += 1
    rows = [
        [family, *(str(count[verdict]) for verdict in VERDICTS)] for family, count in counts.items()
    ]
    total = [f"**{sum(count[verdict] for count in counts.values())}**" for verdict in VERDICTS]
    return f"\n{text}\n\n{tables.markdown([f'{study}, claims about', *VERDICTS], [*rows, ['**all**', *total]])}"


def refresh_section(folder: Path = FOLDER) -> None:
    """Put the sections on the other studies, which stand last, into a report that is there already."""
    path = folder / "REPORT.md"
    if path.exists():
        before = path.read_text(encoding="utf-8")
        for section in (RIVALS, NOISE_CHOICE, WALKTHROUGH):
            before = before.split(f"\n{section}")[0]
        path.write_text(before + other_studies(folder), encoding="utf-8")


def _with_text(text: str, table: str) -> str:
    return f"{text}\n\n{table}" if table else ""


def _codes(rows: Sequence[Row]) -> dict[str, int]:
    return dict(
        sorted(
            Counter(str(row.get("provenance", {}).get("code", "unknown")) for row in rows).items()
        )
    )
