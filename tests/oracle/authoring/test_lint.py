"""Every rule of the linter with a file that breaks it; the stored files keep them all."""

from __future__ import annotations

import json
import shutil

import pytest

from nce_ref.oracle.authoring.emit import emit
from nce_ref.oracle.authoring.layout import to_npz
from nce_ref.oracle.authoring.lint import lint
from nce_ref.oracle.objectives import EVERY
from nce_ref.oracle.vectors import FOLDER, cases

NAME = "gaussian_log_density"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The vectors of one objective, one of them in an NPZ, right by every rule but that the other objectives are
    absent."""
    folder = tmp_path_factory.mktemp("vectors")
    content = json.loads((FOLDER / f"{NAME}.json").read_text())
    many = [[t / 8.0] for t in range(1001)]
    large = {
        "id": f"{NAME}/sizes/many",
        "comment": "Many.",
        "inputs": {"u": many, "mean": [0.5], "cov": [[2.0]]},
    }
    content["groups"].append({"tests": [large]})
    (folder / f"{NAME}.json").write_text(json.dumps(content))
    suite = json.loads((FOLDER / "suite.json").read_text())
    (folder / "suite.json").write_text(json.dumps(suite))
    emit(folder)
    used = {
        flag
        for group in load(folder)["groups"]
        for test in group["tests"]
        for flag in test["flags"]
    }
    suite = load(folder, "suite")
    suite["flags"] = {flag: note for flag, note in suite["flags"].items() if flag in used}
    store(folder, suite, "suite")
    return folder


@pytest.fixture
def folder(small, tmp_path):
    """A copy to break."""
    shutil.copytree(small, tmp_path / "vectors")
    return tmp_path / "vectors"


def load(folder, name=NAME):
    return json.loads((folder / f"{name}.json").read_text())


def store(folder, content, name=NAME):
    (folder / f"{name}.json").write_text(json.dumps(content))


def findings(folder):
    absent = {
        f"suite.json: no {objective.stem}.json, which objectives.py knows"
        for name, objective in EVERY.items()
        if name != NAME
    }
    found = lint(folder)
    assert absent <= set(found)
    return [line for line in found if line not in absent]


def first(content):
    """The test of n = 2, correlated."""
    return next(
        test
        for group in content["groups"]
        for test in group["tests"]
        if test["id"].endswith("random/n-2")
    )


def many(content):
    """The test whose points stand in an NPZ."""
    return content["groups"][-1]["tests"][-1]


def value(content):
    return first(content)["expected"]["value"]


def test_the_stored_vectors_keep_every_rule():
    assert lint() == []


def test_the_small_folder_keeps_every_rule(folder):
    assert findings(folder) == []


PLANTS = {  # what is done to the file, and what must be said
    "field of the file": (lambda c: c.update(note="x"), "file: unknown field 'note'"),
    "no formula": (lambda c: c.pop("formula"), "file: no field 'formula'"),
    "another objective": (
        lambda c: c.update(objective="sigmoid"),
        "objective 'sigmoid'; expected the file's name",
    ),
    "another suite": (
        lambda c: c.update(suite="2025.01.01"),
        "suite '2025.01.01'; expected '2026.11.30'",
    ),
    "another argument": (lambda c: c["arguments"].pop("cov"), "arguments {'u'"),
    "another shape": (lambda c: c["outputs"].update(value=[]), "outputs {'value': []}"),
    "n_tests": (lambda c: c.update(n_tests=3), f"n_tests 3; expected {len(cases(NAME)) + 1}"),
    "field of a group": (
        lambda c: c["groups"][0].update(name="x"),
        "group 0: unknown field 'name'",
    ),
    "no equation": (
        lambda c: c["groups"][0]["source"].pop("equation"),
        "group 0: source: no field 'equation'",
    ),
    "empty method": (
        lambda c: c["groups"][0]["source"].update(method=" "),
        "source: method is empty",
    ),
    "digits": (
        lambda c: c["groups"][0]["source"].update(digits=12),
        "more than the 12 digits of its source",
    ),
    "digits no integer": (
        lambda c: c["groups"][0]["source"].update(digits=40.5),
        "digits 40.5; expected an integer",
    ),
    "field of a test": (lambda c: first(c).update(seed=1), "test: unknown field 'seed'"),
    "certificate of a function": (
        lambda c: first(c).update(certificate={}),
        "unknown field 'certificate'",
    ),
    "no comment": (lambda c: first(c).update(comment=""), "comment is empty"),
    "id of another": (
        lambda c: first(c).update(id="sigmoid/a/b"),
        "expected gaussian_log_density/group/name",
    ),
    "id with a blank": (
        lambda c: first(c).update(id=f"{NAME}/a b/c"),
        "expected gaussian_log_density/group/name",
    ),
    "id twice": (
        lambda c: first(c).update(id=f"{NAME}/random/n-4"),
        "id gaussian_log_density/random/n-4 is there 2 times",
    ),
    "flag without a note": (lambda c: first(c)["flags"].append("odd"), "flag odd has no note"),
    "flag twice": (
        lambda c: first(c)["flags"].append("noise-mean"),
        "flags: one stands there twice",
    ),
    "flag that does not follow": (
        lambda c: first(c)["flags"].append("one-dimension"),
        "flags: one-dimension do not follow",
    ),
    "flag left out": (
        lambda c: first(c)["flags"].remove("noise-mean"),
        "flags: noise-mean do not follow from the inputs, or are missing",
    ),
    "unknown mistake": (lambda c: first(c)["kills"].append("odd"), "kills: odd: no mistake of"),
    "kills nothing": (lambda c: first(c).update(kills=[]), "kills is empty"),
    "no input": (lambda c: first(c)["inputs"].pop("cov"), "inputs: no cov"),
    "unknown input": (lambda c: first(c)["inputs"].update(nu=1.0), "inputs: unknown nu"),
    "infinite input": (
        lambda c: first(c)["inputs"].update(mean=[float("inf"), 0.0]),
        "mean: an input is not finite",
    ),
    "not of float32": (
        lambda c: first(c)["inputs"].update(mean=[0.1, 0.0]),
        "mean: a number that float32 does not hold exactly",
    ),
    "too large for float32": (
        lambda c: first(c)["inputs"].update(mean=[1e39, 0.0]),
        "mean: a number that float32 does not hold",
    ),
    "minus zero": (lambda c: first(c)["inputs"].update(mean=[-0.0, 1.0]), "mean: -0; expected 0"),
    "not symmetric": (
        lambda c: first(c)["inputs"].update(cov=[[2.0, 1.0], [0.5, 2.0]]),
        "cov: not symmetric",
    ),
    "too large for the JSON": (
        lambda c: many(c)["inputs"].update(u=[[1.0]] * 1001),
        "1001 numbers in the JSON",
    ),
    "no output": (lambda c: first(c)["expected"].clear(), "expected: no value"),
    "unknown output": (
        lambda c: first(c)["expected"].update(grad=value(c)),
        "expected: unknown grad",
    ),
    "field of an output": (lambda c: value(c).update(error=0), "expected: unknown field 'error'"),
    "shapes": (lambda c: value(c)["hex"].pop(), "decimal, hex and scale differ in shape"),
    "spelling": (
        lambda c: value(c)["decimal"].__setitem__(0, "-0.5"),
        "decimal '-0.5'; expected '-5E-1'",
    ),
    "minus zero expected": (
        lambda c: value(c)["decimal"].__setitem__(0, "-0"),
        "decimal '-0'; expected '0'",
    ),
    "no number": (
        lambda c: value(c)["decimal"].__setitem__(0, "NaN"),
        "decimal 'NaN'; expected 'a finite number'",
    ),
    "hex": (lambda c: value(c)["hex"].__setitem__(0, "0x1.8p+0"), "hex '0x1.8p+0'; expected"),
    "scale": (
        lambda c: value(c)["scale"].__setitem__(0, 0.0),
        "scale 0.0; expected a number above 0",
    ),
    "two smoke tests": (lambda c: c["groups"][0]["tests"].pop(0), "2 smoke tests; expected 3"),
    "no list of tests": (
        lambda c: c["groups"][0].update(tests=None),
        "cannot be read any further: TypeError",
    ),
    "hash": (
        lambda c: many(c)["inputs"]["u"].update(sha256="0" * 64),
        "u: gaussian_log_density.npz: its sha256 is not",
    ),
    "array not there": (
        lambda c: many(c)["inputs"]["u"].update(array="odd"),
        "array gaussian_log_density/sizes/many:u is named in no",
    ),
    "format": (lambda c: c.update(format=2), "format 2; this version reads format 1"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_breach_is_reported(folder, plant):
    change, said = PLANTS[plant]
    content = load(folder)
    change(content)
    store(folder, content)
    absent = {
        f"suite.json: no {objective.stem}.json, which objectives.py knows"
        for objective in EVERY.values()
    }
    found = [line for line in lint(folder) if line not in absent]
    assert any(said in line for line in found), found


SUITE_PLANTS = {
    "field": (lambda s: s.update(note=1), "suite: unknown field 'note'"),
    "date": (lambda s: s.update(suite="1.0"), "suite '1.0'; expected a date"),
    "count": (
        lambda s: s["objectives"].update({NAME: 3}),
        f"objectives: gaussian_log_density has {len(cases(NAME)) + 1} tests, not 3",
    ),
    "count of nothing": (
        lambda s: s["objectives"].update(odd=3),
        "objectives: odd has 0 tests, not 3",
    ),
    "retired": (
        lambda s: s["retired"].append(f"{NAME}/random/n-2"),
        "id gaussian_log_density/random/n-2 is retired",
    ),
    "idle flag": (
        lambda s: s["flags"].update(odd={"what": "a", "effect": "b", "seen": "-"}),
        "flag odd has a note and no test",
    ),
    "note without effect": (
        lambda s: s["flags"]["smoke"].pop("effect"),
        "flag smoke: no field 'effect'",
    ),
    "empty note": (lambda s: s["flags"]["smoke"].update(what=""), "flag smoke: what empty"),
}


@pytest.mark.parametrize("plant", SUITE_PLANTS)
def test_a_planted_breach_of_the_suite_is_reported(folder, plant):
    change, said = SUITE_PLANTS[plant]
    content = load(folder, "suite")
    change(content)
    store(folder, content, "suite")
    assert any(said in line for line in findings(folder)), findings(folder)


def test_nu_is_the_ratio_of_the_sizes(tmp_path):
    test = {
        "id": "nce_from_log_ratios/a/b",
        "comment": "c",
        "inputs": {"log_ratio_data": [0.5], "log_ratio_noise": [0.5, 1], "nu": 2.5},
    }
    store(tmp_path, {"format": 1, "groups": [{"tests": [test]}]}, "nce_from_log_ratios")
    store(
        tmp_path,
        {"format": 1, "suite": "2026.11.28", "objectives": {}, "flags": {}, "retired": []},
        "suite",
    )
    emit(tmp_path)
    assert (
        "nce_from_log_ratios.json: nce_from_log_ratios/a/b: nu 2.5; expected n_noise/n_data = 2/1"
        in lint(tmp_path)
    )


def test_an_idle_archive_and_a_broken_file_do_not_stop_the_rest(folder):
    (folder / "odd.npz").write_bytes(to_npz({"a": [1.0]})[0])
    (folder / "sigmoid.json").write_text("{")
    found = lint(folder)
    assert "odd.npz: array a is named in no test" in found
    assert any(line.startswith("sigmoid.json: cannot be read: ") for line in found)
    (folder / "suite.json").unlink()
    assert len(lint(folder)) == 1


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("laplace_ica_score_matching", {"slope": 0.0}, "slope 0.0; expected a number above 0"),
        ("leapfrog_gaussian", {"step_size": -0.5}, "step_size -0.5; expected a number above 0"),
        ("leapfrog_gaussian", {"n_steps": 1.5}, "n_steps 1.5; expected a whole number from 1 on"),
        ("leapfrog_gaussian", {"n_steps": 0}, "n_steps 0.0; expected a whole number from 1 on"),
        (
            "leapfrog_laplace_ica",
            {"u": [[4.0, 0.0009765625]]},
            "after 0 steps some b_i . u is 0.00098; expected at least 0.001953125",
        ),
        ("leapfrog_laplace_ica", {"u": [[4.0, -0.6767578125]]}, "after 1 steps some b_i . u is"),
        (
            "metropolis_decision",
            {"uniforms": [0.0]},
            "uniforms: expected numbers above 0 and below 1",
        ),
        (
            "metropolis_decision",
            {"energy_after": [3.0], "uniforms": [0.3681640625]},
            "uniforms: one is within 0.001953125 of the prob",
        ),
    ],
)
def test_what_a_rounding_could_turn_over_is_seen(tmp_path, name, change, said):
    content = json.loads((FOLDER / f"{name}.json").read_text())
    wanted = {
        "leapfrog_laplace_ica": "/smoke/two-sources",
        "metropolis_decision": "/smoke/equal",
    }.get(name, "/random/n-2")
    test = next(
        test
        for group in content["groups"]
        for test in group["tests"]
        if test["id"].endswith(wanted)
    )
    test["inputs"].update(change)
    store(tmp_path, content, name)
    shutil.copy(FOLDER / "suite.json", tmp_path)
    found = [line for line in lint(tmp_path) if line.startswith(f"{name}.json")]
    assert any(f"{test['id']}: {said}" in line for line in found), found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"layer_sizes": [2, 3]},
            "layer_sizes [2.0, 3.0]; expected whole numbers from n_dim = 2 to 1",
        ),
        (
            {"layer_sizes": [3, 3, 1]},
            "layer_sizes [3.0, 3.0, 1.0]; expected whole numbers from n_dim = 2 to 1",
        ),
        (
            {"layer_sizes": [2, 2.5, 1]},
            "layer_sizes [2.0, 2.5, 1.0]; expected whole numbers from n_dim = 2 to 1",
        ),
        ({"layer_sizes": [2, 4, 1]}, "theta: 13 numbers; expected 17 for layer_sizes [2, 4, 1]"),
    ],
)
def test_a_network_whose_sizes_do_not_chain_is_seen(tmp_path, change, said):
    name = "mlp_tanh_log_density"
    content = json.loads((FOLDER / f"{name}.json").read_text())
    test = next(
        test
        for group in content["groups"]
        for test in group["tests"]
        if test["id"].endswith("/hidden/one-layer")
    )
    test["inputs"].update(change)
    store(tmp_path, content, name)
    shutil.copy(FOLDER / "suite.json", tmp_path)
    assert [line for line in lint(tmp_path) if line.startswith(f"{name}.json")] == [
        f"{name}.json: {test['id']}: {said}"
    ]
