"""The sixth blind set: its NumPy losses. What is right passes, what is wrong fails and has the name given since.

``blind/sixth/README.md`` has what was said of all of them before anything was learnt.
"""

import importlib.util
import json
from pathlib import Path

import pytest

from nce_ref import oracle
from nce_ref.oracle.objectives import find_objective

HERE = Path(__file__).parent / "blind" / "sixth"
RECORDS = [
    record
    for record in json.loads((HERE / "key.json").read_text(encoding="utf-8"))
    if record["framework"] == "numpy"
]
NAMED = {
    "b6-04.py": "gradient-no-sqrt2",
    "b6-07.py": "weights-on-data-only + nu-from-the-mask-at-least-1",
    "b6-19.py": None,
    "b6-20.py": "log-nu-sign-noise",
    "b6-22.py": "noise-averaged",
    "b6-24.py": "gradient-noise-sign",
    "b6-38.py": "log-nu-plus-one + clip-prob",
}


def test_every_wrong_one_stands_in_the_table():
    assert {record["file"] for record in RECORDS if not record["right"]} == set(NAMED)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["file"])
def test_it_is_told_what_it_is(record):
    spec = importlib.util.spec_from_file_location("blind_six", HERE / record["file"])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    objective = find_objective(record["objective"], record["layout"]).name
    declared = oracle.Convention(sense=record["sense"], reduction=record["reduction"])
    report = oracle.check(module.impl, objective, convention=declared)
    assert report.ok is record["right"]
    if not record["right"]:
        best = report.diagnosis.best
        assert (best and best.id) == NAMED[record["file"]]
