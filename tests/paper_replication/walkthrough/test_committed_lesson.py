"""The committed lesson says what its own runs say: claims and summary made again from ``runs.jsonl.gz`` and compared.

Numbers are held to 1e-6 relative (1e-9 absolute): other versions of NumPy round sums differently by some 1e-13.
Verdicts and counts are held to equality. Missing files fail.
"""

import copy
import json
import math
from collections import Counter

import pytest

from paper_replication import profiles
from paper_replication.claims import claims_json, judge_all
from paper_replication.columns import summary_csv
from paper_replication.figure1.study import STUDY as MAIN
from paper_replication.report import RUNS_FILE, other_study
from paper_replication.report_tables import verdicts
from paper_replication.store import read_rows, row_key
from paper_replication.walkthrough.claim_list import all_claims
from paper_replication.walkthrough.evidence import gather
from paper_replication.walkthrough.lesson_tables import real_table, right_table
from paper_replication.walkthrough.study import STUDY


def committed(name):
    path = STUDY.committed / name
    assert path.is_file(), (
        f"{path}: the committed lesson lacks this file; `make walkthrough` makes it"
    )
    return path.read_bytes() if path.suffix == ".png" else path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows():
    found, note = read_rows(STUDY.committed / RUNS_FILE)
    assert note == ""
    return found


def differences(rows):
    """Return "id: field" for the fields of ``claims.json`` that the runs do not give."""
    made = json.loads(claims_json(judge_all(all_claims(), gather(rows))))
    kept = json.loads(committed("claims.json"))
    found = [] if [c["id"] for c in made] == [c["id"] for c in kept] else ["the list of claims"]
    for one, two in zip(made, kept):
        for field in ("verdict", "kind", "family", "statement", "n", "estimand"):
            found += [f"{one['id']}: {field}"] if one[field] != two[field] else []
        for field in ("estimate", "standard_error", "target", "margin"):
            same = one[field] == two[field] or math.isclose(
                one[field] or 0.0, two[field] or 0.0, rel_tol=1e-6, abs_tol=1e-9
            )
            found += [] if same else [f"{one['id']}: {field}"]
    return found


def test_the_runs_are_those_of_the_plan(rows, monkeypatch):
    monkeypatch.setattr(profiles.Batch, "can_run", lambda batch: True)
    assert Counter(map(row_key, rows)) == Counter(task.key for task in STUDY.tasks("full"))


def test_claims_and_verdicts_are_those_of_the_runs(rows):
    assert differences(rows) == []


def test_the_lesson_shows_these_verdicts_and_tables(rows):
    evidence, text = gather(rows), committed(STUDY.text)
    judgements = judge_all(all_claims(), evidence)
    assert verdicts(judgements) in text
    assert right_table(evidence) in text and real_table(evidence) in text
    for judgement in judgements:
        (line,) = [
            line for line in text.splitlines() if line.startswith(f"| `{judgement.claim.id}` |")
        ]
        assert f"| **{judgement.verdict}** |" in line
    assert "nan" not in text and "(no runs)" not in text


def test_the_summary_is_that_of_the_runs(rows):
    made, kept = summary_csv(gather(rows)).splitlines(), committed("summary.csv").splitlines()
    assert len(made) == len(kept)
    for one, two in zip(made, kept):
        for a, b in zip(one.split(","), two.split(",")):
            assert a == b or math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-9), (
                one,
                two,
            )


@pytest.mark.parametrize("name", STUDY.figures)
def test_every_figure_is_there_and_shown(name):
    assert committed(f"figures/{name}.png").startswith(b"\x89PNG\r\n\x1a\n")
    assert f"![{name}](figures/{name}.png)" in committed(STUDY.text)


def test_the_report_has_the_section_of_these_claims():
    text = (MAIN.committed / MAIN.text).read_text(encoding="utf-8")
    section = other_study(STUDY, STUDY.committed)
    assert section in text and text.count(STUDY.beside) == 1 and "| confirmed |" in section


# ---- plants --------------------------------------------------------------------------------------


def test_an_altered_run_and_a_forged_verdict_are_seen(rows, monkeypatch):
    planted = copy.deepcopy(rows)
    (at,) = [
        k
        for k, row in enumerate(rows)
        if row["experiment"].endswith(".right") and row["repetition"] == 3
    ]
    planted[at]["result"]["tanh.loss"] *= 1.01
    assert "8.loss: estimate" in differences(planted)
    claims = json.loads(committed("claims.json"))
    claims[0]["verdict"] = "forged"
    monkeypatch.setitem(globals(), "committed", lambda name: json.dumps(claims))
    assert differences(rows) == [f"{claims[0]['id']}: verdict"]
