"""A sentence is said only where all its claims have the verdict that it needs; those of the committed report are."""

import json

import pytest

from paper_replication.claims import CONFIRMED, CONTRADICTED, NOT_RESOLVED, Claim, judge
from paper_replication.conclusions import Conclusion, names, told
from paper_replication.estimates import Estimate
from paper_replication.studies import all_studies


def judged(name, value, error=0.1):
    claim = Claim(name, "f", "s", "p", lambda e: None, "equivalence", 0.0, 1.0, "because")
    return judge(claim, Estimate(value, error, 100))


JUDGEMENTS = [judged("a.1", 0.0), judged("a.2", 0.2), judged("b", 3.0), judged("c", 1.0, 0.5)]


@pytest.mark.parametrize(
    "bearing, holds, is_open",
    [
        ({"a.": CONFIRMED}, True, False),
        ({"a.": CONFIRMED, "b": CONTRADICTED}, True, False),
        ({"a.": CONFIRMED, "b": CONFIRMED}, False, False),
        ({"a.": CONFIRMED, "c": CONFIRMED}, False, True),
        ({"c": NOT_RESOLVED}, True, False),
        ({"nothing": CONFIRMED}, False, True),
        ({"a": CONFIRMED}, False, True),
        ({"a.": CONFIRMED, "a.1": CONFIRMED}, True, False),
    ],
)
def test_all_claims_of_a_sentence_must_have_its_verdict(bearing, holds, is_open):
    conclusion = Conclusion("**So** it is.", bearing)
    assert (conclusion.holds(JUDGEMENTS), conclusion.is_open(JUDGEMENTS)) == (holds, is_open)
    assert told([conclusion], JUDGEMENTS).startswith("- **So** it is. (`") == holds


def test_every_committed_conclusion_stands_on_committed_verdicts():
    conclusions = 0
    for study in all_studies():
        path = study.committed / "claims.json"
        text = (study.committed / study.text).read_text(encoding="utf-8")
        if "## Conclusions" not in text:
            continue
        verdicts = {c["id"]: c["verdict"] for c in json.loads(path.read_text(encoding="utf-8"))}
        lines = text.split("## Conclusions")[1].split("\n## ")[0].splitlines()
        lines = [line for line in lines if line.startswith("- ")]
        assert lines
        conclusions += len(lines)
        for line in lines:
            ids = line.rpartition(" (`")[2].removesuffix("`)").split("`, `")
            for start in ids:
                found = [
                    v for claim, v in verdicts.items() if names(start.removesuffix("…"), claim)
                ]
                assert found and len(set(found)) == 1, (line, start)
    assert conclusions >= 16
