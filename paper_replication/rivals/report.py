"""Builds the study's folder from rows: RIVALS.md, figures, claims.json, summary.csv, provenance.json, runs and clock, gzipped.

As in ``paper_replication.report``, with one difference: the verdicts on speed depend on the times in ``clock.jsonl.gz``, all
others on ``runs.jsonl.gz`` alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import provenance
from ..claims import Judgement, judge_all
from ..report import FOLDER as REPLICATION
from ..report import RUNS_FILE, Report, newest_version
from ..report_tables import all_claims as claim_table
from ..report_tables import not_confirmed, verdicts
from ..store import Row, StoreError, merge, write_gzip
from ..summary import claims_json
from ..tasks import canonical
from . import claim_list, plan, tables, text
from .clock import CPU
from .evidence import ROOT, RivalEvidence, gather
from .figures import CAPTIONS, write_figures
from .limits import Limits, compute_limits

FOLDER = REPLICATION / "rivals"
TEXT = "RIVALS.md"
CLOCK_FILE = "clock.jsonl.gz"


def build(
    rows: Sequence[Row],
    times: Sequence[Row],
    folder: Path,
    runs: Mapping[str, Any],
    limits: Limits | None = None,
) -> Report:
    """Write the report of ``rows`` and their ``times`` into ``folder``; ``runs`` as from ``describe_runs``.

    Raises StoreError where there are no rows or the folder cannot be written.
    """
    newest, _ = newest_version(merge(rows))
    clock, _ = newest_version(merge(times))
    evidence = gather(newest, clock, compute_limits() if limits is None else limits)
    if not evidence.tables:
        raise StoreError(
            f"{folder}: there are no runs to report on; make some with: python -m paper_replication rivals"
        )
    judgements = judge_all(claim_list.all_claims(), evidence)
    codes = Counter(str(row.get("provenance", {}).get("code", "unknown")) for row in newest)
    code = provenance.code_hash(experiments="rivals")
    runs = {**runs, "cpu_seconds": cpu_seconds(clock), "codes": dict(sorted(codes.items()))}
    about = {"runs": runs, "report": {"versions": provenance.versions(), "code": code}}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "summary.csv").write_text(tables.summary_csv(evidence), encoding="utf-8")
        (folder / "claims.json").write_text(claims_json(judgements), encoding="utf-8")
        write_gzip(folder / RUNS_FILE, newest)
        write_gzip(folder / CLOCK_FILE, clock)
        (folder / "provenance.json").write_text(
            json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        drawn = write_figures(folder / "figures", evidence, label(evidence, runs))
        (folder / TEXT).write_text(compose(evidence, judgements, drawn, runs), encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{folder}: the report cannot be written here ({error.strerror or error}); choose another with --out"
        ) from None
    return Report(folder / TEXT, judgements, drawn)


def cpu_seconds(times: Sequence[Row]) -> dict[str, float]:
    """Mean time on the processor of a run, by experiment and parameters."""
    found: dict[str, list[float]] = {}
    for row in times:
        name = f"{row['experiment'].removeprefix(ROOT)} {canonical(row['params'])}"
        found.setdefault(name, []).append(row["result"][CPU])
    return {name: round(sum(values) / len(values), 4) for name, values in sorted(found.items())}


def label(evidence: RivalEvidence, runs: Mapping[str, Any]) -> str:
    """What every title and table says of the runs: "quick profile, 20 to 40 matrices a point"."""
    return f"{runs.get('profile', 'unknown')} profile, {tables.counts(evidence)}"


def compose(
    evidence: RivalEvidence,
    judgements: Sequence[Judgement],
    drawn: Sequence[str],
    runs: Mapping[str, Any],
) -> str:
    """Return the text of RIVALS.md."""
    which = label(evidence, runs)
    said = [f"# The rivals and the trade-off ({which})\n"]
    if runs.get("profile") != "full":
        said.append(f"**{text.NOT_FULL.format(profile=runs.get('profile', 'unknown'))}**\n")
    if runs.get("missing"):
        said.append(f"**Not complete: {runs['missing']} runs of the profile are missing.**\n")
    if len(runs["codes"]) > 1:
        said.append(
            f"The runs come from {len(runs['codes'])} states of the code: `provenance.json` counts them.\n"
        )
    said.append(text.INTRO)
    if not drawn:
        said.append(
            "The figures were left out: matplotlib is not installed (`pip install -e '.[replicate]'` brings it).\n"
        )
    pictures = "\n".join(
        f"![{name}](figures/{name}.png)\n\n{CAPTIONS[name]} ({which})\n" for name in drawn
    )
    scale = evidence.column("orthogonal/scale", plan.ORTHOGONAL_SIZE)
    told = (
        f"Mean scale {scale.mean():.4f} over {scale.size} matrices at T = {plan.ORTHOGONAL_SIZE}.\n"
        if scale.size
        else "(no runs)\n"
    )
    sections = [
        ("Verdicts", f"{text.RULE}\n\n{verdicts(judgements)}\n{not_confirmed(judgements)}"),
        ("Figures", pictures),
        ("Figure 1 (a): medians", f"{text.MEDIANS}\n\n{tables.medians(evidence)}"),
        ("Slopes", f"{text.SLOPES}\n\n{tables.slopes(evidence)}"),
        ("Over MLE", f"{text.RATIOS}\n\n{tables.ratios(evidence)}"),
        ("Contrastive divergence", f"{text.DIVERGENCE}\n\n{tables.divergence(evidence)}"),
        ("The fits", f"{text.FITS}\n\n{tables.fits(evidence)}"),
        ("Figure 1 (b): error against time", f"{text.RACE}\n\n{tables.race(evidence)}"),
        ("Score matching's bias", f"{text.BIAS}\n\n{told}"),
        ("The sweep over ν: B", f"{text.SWEEP}\n\n{tables.sweep(evidence, 'B')}"),
        ("The sweep over ν: c", f"{text.SWEEP}\n\n{tables.sweep(evidence, 'c')}"),
        ("What the full profile takes", f"{text.COSTS}\n\n{tables.costs(runs['cpu_seconds'])}"),
        ("All claims", f"{text.CLAIMS}\n\n{claim_table(judgements)}"),
    ]
    plain = {"Verdicts", "Figures", "What the full profile takes"}
    return "\n".join(
        said
        + [
            f"## {title}\n\n{body if title in plain else f'*{which.capitalize()}.* {body}'}"
            for title, body in sections
            if body
        ]
    )
