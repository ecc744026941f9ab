"""Builds the lesson's folder from rows: WALKTHROUGH.md, figures, claims.json, summary.csv, provenance.json, runs.jsonl.gz.

As in ``paper_replication.report``: what is measured depends on the rows alone; when and with what it was made is in
``provenance.json``. Figures need matplotlib, two of them scikit-learn; text, tables and verdicts need neither.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import figures as house
from .. import provenance
from ..claims import judge_all
from ..report import FOLDER as REPLICATION
from ..report import RUNS_FILE, Report, newest_version
from ..store import Row, StoreError, merge, write_gzip
from ..summary import claims_json
from . import claim_list
from .evidence import gather
from .figures import write_figures
from .lesson import compose
from .lesson_tables import summary_csv
from .pictures import published_picture, right_picture
from .tables import sklearn_is_here

FOLDER = REPLICATION / "walkthrough"
TEXT = "WALKTHROUGH.md"


def build(
    rows: Sequence[Row], folder: Path, runs: Mapping[str, Any], quick: bool = False
) -> Report:
    """Write the lesson of ``rows`` into ``folder``. ``quick``: pictures of hardly trained networks, to try the path.

    Raises StoreError where there are no rows or the folder cannot be written.
    """
    newest, _ = newest_version(merge(rows))
    if not newest:
        raise StoreError(
            f"{folder}: there are no runs to report on; make some with: python -m paper_replication walkthrough"
        )
    evidence = gather(newest)
    judgements = judge_all(claim_list.all_claims(), evidence)
    about = {
        "runs": {
            **runs,
            "codes": dict(
                sorted(
                    Counter(
                        str(row.get("provenance", {}).get("code", "unknown")) for row in newest
                    ).items()
                )
            ),
        },
        "report": {
            "versions": provenance.versions(),
            "code": provenance.code_hash(experiments="walkthrough"),
        },
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "summary.csv").write_text(summary_csv(evidence), encoding="utf-8")
        (folder / "claims.json").write_text(claims_json(judgements), encoding="utf-8")
        write_gzip(folder / RUNS_FILE, newest)
        (folder / "provenance.json").write_text(
            json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        pictures = (
            (published_picture(), right_picture((2, 1) if quick else (40, 20)))
            if house.matplotlib_is_here()
            else (None, None)
        )
        drawn = write_figures(folder / "figures", evidence, *pictures)
        text = compose(
            evidence, judgements, drawn, _missing(runs, "real_data wine" in evidence.groups, quick)
        )
        (folder / TEXT).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{folder}: the lesson cannot be written here ({error.strerror or error}); choose another with --out"
        ) from None
    return Report(folder / TEXT, judgements, drawn)


def _missing(runs: Mapping[str, Any], tables: bool, quick: bool) -> str:
    """Say what is not in this lesson that should be."""
    said = ["The quick path: two small runs each, which prove nothing."] if quick else []
    if runs.get("missing"):
        said.append(f"Not complete: {runs['missing']} runs are missing.")
    if not house.matplotlib_is_here():
        said.append("The figures were left out: matplotlib is not installed.")
    if not tables:
        why = "" if sklearn_is_here() else ": scikit-learn is not installed"
        said.append(f"The real data was left out{why}.")
    return " ".join(
        [
            *said,
            *(
                ["`pip install -e '.[walkthrough]'` brings both."]
                if any("installed" in text for text in said)
                else []
            ),
        ]
    )
