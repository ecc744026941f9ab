"""The committed report says what its own runs say: summary, claims and counts made again from ``runs.jsonl.gz`` and
compared.

Numbers are held to 1e-6 relative (1e-9 absolute where they are near 0, as differences of log10 are): other machines and
versions of NumPy round sums differently by some 1e-13, and the theory's integrals by less than 1e-9, while one run of
500 whose squared error is off by 1 % moves a mean by 2e-5. Verdicts, counts and words are held to equality. Missing
files fail.
"""

from __future__ import annotations

import copy
import csv
import io
import json
import math
import re
from collections import Counter

import pytest

from paper_replication.claims import claims_json, judge_all
from paper_replication.figure1 import tables
from paper_replication.figure1.claim_list import all_claims
from paper_replication.figure1.evidence import gather
from paper_replication.figure1.published import N_MATRICES, SIZES
from paper_replication.figure1.study import STUDY
from paper_replication.figure1.summary import summarise, summary_csv
from paper_replication.figure1.theory import METHODS, compute_theory
from paper_replication.report import RUNS_FILE
from paper_replication.report_tables import verdicts
from paper_replication.store import read_rows, row_key

FILES = ["REPORT.md", "summary.csv", "claims.json", "provenance.json", RUNS_FILE]
FILES += [f"figures/{name}.png" for name in STUDY.figures]
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?")


def committed(name):
    path = STUDY.committed / name
    assert path.is_file(), (
        f"{path}: the committed report lacks this file; `make replicate-full` makes it"
    )
    return path.read_bytes() if path.suffix in (".png", ".gz") else path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows():
    assert (STUDY.committed / RUNS_FILE).is_file(), (
        "the committed runs are missing; `make replicate-full` makes them"
    )
    found, note = read_rows(STUDY.committed / RUNS_FILE)
    assert note == ""
    return found


@pytest.fixture(scope="module")
def theory():
    return compute_theory()


@pytest.fixture(scope="module")
def products(rows, theory):
    return make(rows, theory)


def make(rows, theory):
    evidence = gather(rows, theory)
    lines, judgements = summarise(evidence), judge_all(all_claims(), evidence)
    return evidence, lines, judgements


def numbers_differ(one, two):
    """Whether two entries, numbers or words or nothing (an empty field, null), are not the same."""
    try:
        return not math.isclose(float(one), float(two), rel_tol=1e-6, abs_tol=1e-9)
    except (TypeError, ValueError):
        return one != two


def summary_differences(products):
    """Return the lines of ``summary.csv`` that the runs do not give, or that give others."""
    made, kept = (
        list(csv.reader(io.StringIO(text)))
        for text in (summary_csv(products[1]), committed("summary.csv"))
    )
    pairs = [
        (one, two)
        for one, two in zip(made, kept)
        if len(one) != len(two) or any(map(numbers_differ, one, two))
    ]
    return pairs + ([] if len(made) == len(kept) else [(len(made), len(kept))])


def claims_differences(products):
    """Return "id: field" for all in ``claims.json`` that the runs do not give; of words with numbers in them only the
    words count."""
    made, kept = (json.loads(text) for text in (claims_json(products[2]), committed("claims.json")))
    found = [] if [c["id"] for c in made] == [c["id"] for c in kept] else ["the list of claims"]
    for one, two in zip(made, kept):
        for field in sorted(one.keys() | two.keys()):
            a, b = one.get(field, "none"), two.get(field, "none")
            if field in ("note", "reason"):
                differ = NUMBER.sub("#", a) != NUMBER.sub("#", b)
            elif field == "interval":
                differ = any(map(numbers_differ, a, b))
            else:
                differ = numbers_differ(a, b)
            found += [f"{one['id']}: {field}"] if differ else []
    return found


def counting_faults(rows):
    """Return the runs that the full profile has and these have not, or the other way round, each by its key."""
    wanted, found = (
        Counter(task.key for task in STUDY.tasks("full")),
        Counter(map(row_key, rows)),
    )
    return [f"missing: {key}" for key in wanted - found] + [
        f"not of the profile: {key}" for key in found - wanted
    ]


def index_of(rows, experiment):
    """The place of the last row of an experiment."""
    return max(k for k, row in enumerate(rows) if row["experiment"] == experiment)


# ---- the committed files -------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_there(name):
    content = committed(name)
    if name.endswith(".png"):
        assert (
            content.startswith(b"\x89PNG\r\n\x1a\n") and content.rstrip(b"\x00")[-8:-4] == b"IEND"
        )
    if name.startswith("figures/"):
        assert f"({name})" in committed("REPORT.md")


def test_the_runs_are_those_of_the_full_profile(rows):
    counts = Counter((row["experiment"], row["params"]["n_data"]) for row in rows)
    assert {n: counts["figure1", n] for n in SIZES} == dict.fromkeys(SIZES, N_MATRICES) and len(
        SIZES
    ) == 8
    assert counting_faults(rows) == []


def test_the_summary_is_that_of_the_runs(products):
    assert summary_differences(products) == []


def test_the_claims_and_verdicts_are_those_of_the_runs(products):
    assert claims_differences(products) == []


def test_every_certificate_is_counted(rows, products):
    evidence, _, _ = products
    certified, fits = tables.certified_total(evidence)
    by_hand = Counter()
    runs = [row for row in rows if row["experiment"] == "figure1"]
    for row in runs:
        for method in METHODS:
            stationarity, maximum, converged, status = (
                row["result"][f"{method}.certified.{name}"]
                for name in ("stationarity", "is_local_maximum", "converged", "status")
            )
            assert (
                converged == (status == 0.0) == (stationarity <= 1e-8 and maximum == 1.0)
            )  # certified, or with a reason
            by_hand[converged] += 1
    assert fits == sum(by_hand.values()) == 3 * len(runs) and certified == by_hand[1.0]
    text = committed("REPORT.md")
    assert f"Certified: {certified} of {fits} fits" in text
    assert (
        tables.certificates(evidence) in text
    )  # made of counts and of numbers as stored: the same on every machine


def test_the_report_shows_these_verdicts(products):
    _, _, judgements = products
    text = committed("REPORT.md")
    assert verdicts(judgements) in text
    table = text.split("## All claims")[1]
    for judgement in judgements:
        (line,) = [
            line for line in table.splitlines() if line.startswith(f"| `{judgement.claim.id}` |")
        ]
        assert f"| **{judgement.verdict}** |" in line


def test_the_provenance_is_that_of_the_runs(rows):
    about = json.loads(committed("provenance.json"))["runs"]
    assert about["profile"] == "full" and about["missing"] == 0
    assert about["codes"] == dict(Counter(row["provenance"]["code"] for row in rows))
    counts = Counter(f"{task.key.experiment} {task.key.params}" for task in STUDY.tasks("full"))
    assert {name: spent["runs"] for name, spent in about["by_params"].items()} == dict(counts)


# ---- plants: each of these must be seen ----------------------------------------------------------


def test_a_dropped_run_is_seen(rows, theory):
    planted = rows[:1234] + rows[1235:]
    assert len(counting_faults(planted)) == 1
    assert summary_differences(make(planted, theory))


def test_a_run_altered_by_one_percent_is_seen(rows, theory):
    for experiment, name in (
        ("figure1", "nce_gaussian.certified.relative_error"),
        ("fine_tuning", "fine_tuning.first_fit.error_B"),
    ):
        planted, k = list(rows), index_of(rows, experiment)
        planted[k] = copy.deepcopy(rows[k])
        planted[k]["result"][name] *= 1.01
        found = make(planted, theory)
        assert summary_differences(found) and claims_differences(found)


def test_a_forged_certificate_is_seen(rows, theory):
    planted, k = list(rows), index_of(rows, "figure1")
    planted[k] = copy.deepcopy(rows[k])
    planted[k]["result"]["mle.certified.stationarity"] = 0.5
    found = make(planted, theory)
    assert summary_differences(found) and "certified.share: estimate" in claims_differences(found)
    assert tables.certificates(found[0]) not in committed("REPORT.md")


def test_a_row_of_another_version_or_twice_is_seen(rows):
    other = {**rows[0], "version": rows[0]["version"] + 1}
    assert counting_faults([other, *rows[1:]]) == [
        f"missing: {row_key(rows[0])}",
        f"not of the profile: {row_key(other)}",
    ]
    assert len(counting_faults([rows[0], *rows])) == 1


def test_a_forged_verdict_is_seen(products, monkeypatch):
    claims = json.loads(committed("claims.json"))
    claims[0]["verdict"] = "forged"
    monkeypatch.setitem(globals(), "committed", lambda name: json.dumps(claims))
    assert claims_differences(products) == [f"{claims[0]['id']}: verdict"]
