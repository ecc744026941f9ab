"""From inputs to vectors: an author writes inputs only; what is stored comes out again; a number that was changed is
found."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nce_ref.oracle.authoring.emit import emit, expected, recompute
from nce_ref.oracle.authoring.lint import lint
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.vectors import FOLDER, MalformedVectors, read_vectors

pytestmark = pytest.mark.long

FUNCTIONS = [name for name, objective in OBJECTIVES.items() if objective.kind == "function"]
GRID = np.arange(1200) / 8.0
DRAFT = {
    "log_sigmoid": [
        {"id": "log_sigmoid/smoke/zero", "comment": "-ln 2.", "inputs": {"t": [0]}},
        {
            "id": "log_sigmoid/tails/minus-800",
            "comment": "The tail.",
            "inputs": {"t": [-800.0, 800.0]},
        },
    ],
    "laplace_ica_mle": [
        {
            "id": "laplace_ica_mle/sizes/many",
            "comment": "Many.",
            "flags": ["mine"],
            "inputs": {"B": [[2]], "x": [[t] for t in GRID.tolist()]},
        }
    ],
}


@pytest.fixture
def folder(tmp_path):
    """Drafts as an author leaves them."""
    for name, tests in DRAFT.items():
        (tmp_path / f"{name}.json").write_text(
            json.dumps({"format": 1, "objective": name, "groups": [{"tests": tests}]})
        )
    suite = {"format": 1, "suite": "2026.11.28", "objectives": {}, "flags": {}, "retired": []}
    (tmp_path / "suite.json").write_text(json.dumps(suite))
    return tmp_path


def load(folder, name):
    return json.loads((folder / f"{name}.json").read_text())


def test_the_stored_numbers_are_those_that_exact_computes():
    assert recompute(FOLDER, FUNCTIONS) == []


def test_inputs_are_enough_and_a_second_time_changes_nothing(folder):
    changed = emit(folder)
    assert set(changed) == {
        "log_sigmoid.json",
        "laplace_ica_mle.json",
        "laplace_ica_mle.npz",
        "suite.json",
    }
    assert recompute(folder) == []
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert emit(folder) == []
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_emit_writes_reads_back(folder):
    emit(folder)
    zero, tail = read_vectors(folder / "log_sigmoid.json")
    assert zero.expected["value"].decimal == ["-6.931471805599453094172321214581765680755E-1"]
    assert zero.flags == ("smoke",)
    assert tail.flags == ("tails", "tails-40", "tails-800")
    assert tail.expected["value"].value[0] == -800.0
    assert load(folder, "suite")["objectives"] == {"log_sigmoid": 2, "laplace_ica_mle": 1}
    (many,) = read_vectors(folder / "laplace_ica_mle.json")
    np.testing.assert_array_equal(many.inputs["x"].ravel(), GRID)
    assert set(load(folder, "laplace_ica_mle")["groups"][0]["tests"][0]["inputs"]["x"]) == {
        "npz",
        "array",
        "sha256",
    }
    assert "mine" in many.flags and "in-a-file" in many.flags


def test_what_emit_writes_keeps_the_rules_but_for_what_the_suite_lacks(folder):
    emit(folder)
    lacking = ("which objectives.py knows", "has no note", "smoke tests; expected 3")
    assert [line for line in lint(folder) if not any(said in line for said in lacking)] == []


def change(test, kind):
    stored = test["expected"]["value"]
    if kind == "last digit":
        stored["decimal"][0] = stored["decimal"][0].replace("755E-1", "756E-1")
    elif kind == "hex":
        stored["hex"][0] = "-0x1.62e42fefa39eep-1"
    elif kind == "scale":
        stored["scale"][0] *= 1.1
    elif kind == "one entry less":
        stored["decimal"].pop()
    elif kind == "no output":
        del test["expected"]["grad"]
    else:
        test["inputs"]["t"] = [0.5]


PLANTS = {
    "last digit": "value.decimal[0]: stored '-6.9",
    "hex": "value.hex[0]: stored '-0x1.62e42fefa39eep-1'",
    "scale": "value.scale[0]",
    "one entry less": "value.decimal: stored []",
    "no output": "grad: stored None",
    "another input": "value.decimal[0]",
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_change_is_found(folder, plant):
    emit(folder)
    content = load(folder, "log_sigmoid")
    change(content["groups"][0]["tests"][0], plant)
    (folder / "log_sigmoid.json").write_text(json.dumps(content))
    found = recompute(folder)
    assert found and all(line.startswith("log_sigmoid/smoke/zero: ") for line in found)
    assert any(PLANTS[plant] in line for line in found), found


@pytest.mark.parametrize(
    "inputs, said",
    [({}, "no 't'"), ({"t": [float("inf")]}, "not finite"), ({"t": "abc"}, "could not convert")],
)
def test_inputs_that_cannot_be_read_are_named(inputs, said):
    with pytest.raises(MalformedVectors, match="log_sigmoid/a/b: inputs: .*" + said):
        expected(OBJECTIVES["log_sigmoid"], {"id": "log_sigmoid/a/b", "inputs": inputs}, FOLDER)
