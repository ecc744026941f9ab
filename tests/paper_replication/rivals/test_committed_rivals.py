"""The committed report on the rivals says what its own runs and times say, and of which profile they are.

Numbers are held to 1e-6 relative (1e-9 absolute): other versions of NumPy round sums differently. Verdicts and counts
are held to equality.
"""

import copy
import json
import math
from collections import Counter

import pytest

from paper_replication.claims import claims_json, judge_all
from paper_replication.report import CLOCK_FILE
from paper_replication.report_tables import verdicts
from paper_replication.rivals import tables
from paper_replication.rivals.claim_list import all_claims
from paper_replication.rivals.evidence import ROOT, gather
from paper_replication.rivals.limits import compute_limits
from paper_replication.rivals.study import STUDY
from paper_replication.rivals.text import label
from paper_replication.store import read_rows, row_key
from paper_replication.study import Findings


def committed(name):
    path = STUDY.committed / name
    assert path.is_file(), (
        f"{path}: the committed report lacks this file; `make replicate-rivals` makes it"
    )
    return path.read_bytes() if path.suffix == ".png" else path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def runs():
    (rows, note), (times, other) = (
        read_rows(STUDY.committed / name) for name in ("runs.jsonl.gz", CLOCK_FILE)
    )
    assert note == other == ""
    return rows, times


def evidence(runs):
    return gather(*runs, compute_limits())


def differences(runs):
    """Return "id: field" for the fields of ``claims.json`` that the runs do not give."""
    made = json.loads(claims_json(judge_all(all_claims(), evidence(runs))))
    kept = json.loads(committed("claims.json"))
    found = [] if [c["id"] for c in made] == [c["id"] for c in kept] else ["the list of claims"]
    for one, two in zip(made, kept):
        found += [
            f"{one['id']}: {f}"
            for f in ("verdict", "kind", "family", "statement", "n", "estimand")
            if one[f] != two[f]
        ]
        for f in ("estimate", "standard_error", "target", "margin"):
            same = one[f] == two[f] or math.isclose(
                one[f] or 0.0, two[f] or 0.0, rel_tol=1e-6, abs_tol=1e-9
            )
            found += [] if same else [f"{one['id']}: {f}"]
    return found


def test_the_runs_are_those_of_the_profile_it_names(runs):
    profile = json.loads(committed("provenance.json"))["runs"]["profile"]
    wanted = Counter(task.key for task in STUDY.tasks(profile))
    assert Counter(map(row_key, runs[0])) == wanted == Counter(map(row_key, runs[1]))
    which = label(Findings(STUDY, evidence(runs), [], {"profile": profile}, STUDY.committed))
    assert committed(STUDY.text).startswith(f"# The rivals and the trade-off ({which})\n")
    assert ("has not been run yet" in committed(STUDY.text)) == (profile != "full")


def test_claims_tables_and_figures_are_those_of_the_runs(runs):
    assert differences(runs) == []
    found, text = evidence(runs), committed(STUDY.text)
    assert verdicts(judge_all(all_claims(), found)) in text
    for table in (
        tables.medians(found),
        tables.ratios(found),
        tables.divergence(found),
        tables.race(found),
        tables.sweep(found, "B"),
    ):
        assert table in text
    for name in STUDY.figures:
        assert committed(f"figures/{name}.png").startswith(b"\x89PNG\r\n\x1a\n")
        assert f"![{name}](figures/{name}.png)" in text


def test_an_altered_run_and_an_altered_time_are_seen(runs):
    rows, times = copy.deepcopy(runs)
    next(row for row in rows if row["experiment"] == ROOT + "orthogonal")["result"]["scale"] *= 1.01
    assert differences((rows, times)) == [
        "sm-bias.orthogonal: estimate",
        "sm-bias.orthogonal: standard_error",
    ]
    for row in times:
        for name in [name for name in row["result"] if name.startswith("seconds.reach.cd.0.01")]:
            row["result"][name] *= 1.01
    assert "speed.nce.0.01: estimate" in differences((runs[0], times))
