"""Reading the vectors: the format on a small folder made here, every way in which a file can be broken, and the stored
suite."""

import hashlib
import json

import numpy as np
import pytest

from nce_ref.oracle import vectors
from nce_ref.oracle.objectives import EVERY, OBJECTIVES
from nce_ref.oracle.vectors import MalformedVectors, cases, find, read_vectors, suite

HALF = {
    "decimal": "-0.6931471805599453094172321214581765680755",
    "hex": (-np.log(2)).hex(),
    "scale": 0.7,
}


def content():
    test = {
        "id": "log_sigmoid/hand/zero",
        "comment": "by hand",
        "flags": [],
        "kills": [],
        "inputs": {"t": [0.0]},
        "expected": {
            name: {key: [value] for key, value in HALF.items()} for name in ("value", "grad")
        },
    }
    source = {"method": "by hand", "digits": 40, "formula": "-ln 2", "equation": "J12"}
    return {
        "format": 1,
        "suite": "2026.01.01",
        "objective": "log_sigmoid",
        "n_tests": 1,
        "groups": [{"source": source, "tests": [test]}],
    }


def write(folder, stored):
    path = folder / "log_sigmoid.json"
    path.write_text(stored if isinstance(stored, str) else json.dumps(stored))
    return path


def test_a_file_is_read(tmp_path):
    (vector,) = read_vectors(write(tmp_path, content()))
    assert vector.id == "log_sigmoid/hand/zero" and vector.objective is OBJECTIVES["log_sigmoid"]
    assert vector.expected["value"].value == [-np.log(2)] and vector.expected["grad"].scale == [0.7]
    assert vector.source["equation"] == "J12"


def test_arguments_are_fresh_copies_in_the_dtype_asked_for(tmp_path):
    (vector,) = read_vectors(write(tmp_path, content()))
    given = vector.arguments("float32")
    assert given["t"].dtype == np.float32
    given["t"][0] = 5.0
    assert vector.arguments("float32")["t"][0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        vector.inputs["t"][0] = 5.0


def test_arrays_may_lie_in_an_npz_that_is_named_with_its_hash(tmp_path):
    np.savez(tmp_path / "a.npz", t=np.array([0.0]))
    sha = hashlib.sha256((tmp_path / "a.npz").read_bytes()).hexdigest()
    stored = content()
    stored["groups"][0]["tests"][0]["inputs"]["t"] = {"npz": "a.npz", "array": "t", "sha256": sha}
    assert read_vectors(write(tmp_path, stored))[0].inputs["t"] == [0.0]
    np.savez(tmp_path / "a.npz", t=np.array([1.0]))
    with pytest.raises(
        MalformedVectors,
        match=r"log_sigmoid\.json: log_sigmoid/hand/zero: a\.npz: its sha256 is not the one",
    ):
        read_vectors(tmp_path / "log_sigmoid.json")


def broken(change):
    stored = content()
    change(stored, stored["groups"][0]["tests"][0])
    return stored


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "format 'list'"),
        (broken(lambda s, t: s.update(format=2)), "format 2; this version reads format 1"),
        (broken(lambda s, t: s.update(objective="nce")), "no 'nce'"),
        (broken(lambda s, t: s.pop("groups")), "no 'groups'"),
        (broken(lambda s, t: t.pop("comment")), "log_sigmoid/hand/zero: no 'comment'"),
        (broken(lambda s, t: t["inputs"].pop("t")), "log_sigmoid/hand/zero: no 't'"),
        (
            broken(lambda s, t: t["inputs"].update(t=[[0.0]])),
            "t has shape (1, 1); expected (n_points)",
        ),
        (broken(lambda s, t: t["inputs"].update(t=["a"])), "could not convert string to float"),
        (broken(lambda s, t: t["inputs"].update(t=[float("nan")])), "an input is not finite"),
        (
            broken(lambda s, t: t["inputs"].update(t={"npz": "b.npz", "array": "t", "sha256": ""})),
            "b.npz",
        ),
        (broken(lambda s, t: t["expected"].pop("grad")), "no 'grad'"),
        (broken(lambda s, t: t["expected"]["grad"].update(hex=["half"])), "invalid hexadecimal"),
        (
            broken(lambda s, t: t["expected"]["grad"].update(hex=["0x1p-1"] * 2)),
            "grad.hex has shape (2,)",
        ),
        (broken(lambda s, t: t["expected"]["grad"].update(scale=[])), "grad.scale has shape (0,)"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(tmp_path, stored, said):
    with pytest.raises(MalformedVectors) as problem:
        read_vectors(write(tmp_path, stored))
    assert str(problem.value).startswith("log_sigmoid.json: ") and said in str(problem.value)


def test_an_absent_file_is_a_clear_error(tmp_path):
    with pytest.raises(MalformedVectors, match=r"absent\.json: cannot be read"):
        read_vectors(tmp_path / "absent.json")


def test_every_objective_has_vectors_with_three_smoke_cases_first_of_all():
    for name, objective in EVERY.items():
        if objective.kind == "function":
            assert len(cases(name, flags=["smoke"])) == 3, name
            assert len(cases(name)) >= 6, name
    assert {vector.objective.name for vector in cases()} == set(EVERY)
    assert len({vector.id for vector in cases()}) == len(cases())


def test_flags_select():
    tails = cases("binary_nce", flags=["tails"])
    assert tails and all("tails" in vector.flags for vector in tails)
    assert cases("binary_nce", flags="tails") == tails
    with pytest.raises(ValueError, match=r"flags: got 'tail'; expected some of .*tails"):
        cases(flags=["tail"])


def test_find_returns_the_vector_or_names_what_is_near():
    vector = cases("binary_nce")[0]
    assert find(vector.id) is vector
    with pytest.raises(ValueError, match=r"id: got 'binary_nce/none'; expected binary_nce/"):
        find("binary_nce/none")
    with pytest.raises(
        ValueError,
        match=r"id: got 'nce'; expected an id that begins with one of log_sigmoid, sigmoid",
    ):
        find("nce")
    with pytest.raises(ValueError, match="objective: got 'nce'; expected one of log_sigmoid"):
        cases("nce")


def test_the_suite_has_a_date_version_and_the_format_an_integer():
    year, month, day = suite()["suite"].split(".")
    assert len(year) == 4 and 1 <= int(month) <= 12 and 1 <= int(day) <= 31
    assert vectors.FORMAT == suite()["format"] == 1
