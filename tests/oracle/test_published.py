"""A published vector stays as it is: id, order, comment, flags, inputs, decimals, hex, scale and certificate, by their
digests.

``published.json`` holds the digests of the suite of 2026.11.28, taken before the oracle was laid out by families.
Vectors may be added, and ``kills``, ``source`` and the suite's date may change; one that has to change gets a new id,
and its old one is retired.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.vectors import FOLDER, read_json, suite

PUBLISHED = Path(__file__).parent / "published.json"
FIELDS = ("id", "comment", "flags", "inputs", "expected", "certificate")


def digest(test):
    kept = [test.get(field) for field in FIELDS]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def digests(folder):
    """{objective: {id: digest}}, in the files' order."""
    return {
        name: {
            test["id"]: digest(test)
            for group in read_json(folder / f"{name}.json")["groups"]
            for test in group["tests"]
        }
        for name in OBJECTIVES
        if (folder / f"{name}.json").exists()
    }


def changes(old, new):
    """What is missing, other, or in another order, by id."""
    for name, tests in old.items():
        now = {id: new.get(name, {})[id] for id in tests if id in new.get(name, {})}
        yield from (f"{id}: gone" for id in tests if id not in now)
        yield from (f"{id}: changed" for id in now if now[id] != tests[id])
        kept = [id for id in new.get(name, {}) if id in tests]
        if kept != [id for id in tests if id in now]:
            yield f"{name}: another order"


def test_every_published_vector_is_as_it_was():
    old = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    retired = {f"{id}: gone" for id in suite()["retired"]}
    assert sum(map(len, old.values())) == 347
    assert [line for line in changes(old, digests(FOLDER)) if line not in retired] == []


def test_a_change_is_found():
    old = digests(FOLDER)
    content = read_json(FOLDER / "sigmoid.json")
    tests = [test for group in content["groups"] for test in group["tests"]]
    first, second = old["sigmoid"], dict(reversed(old["sigmoid"].items()))
    assert list(changes(old, old | {"sigmoid": second})) == ["sigmoid: another order"]
    assert len(list(changes(old, old | {"sigmoid": dict(list(first.items())[1:])}))) == 1
    for change in (
        {"comment": "other"},
        {"flags": []},
        {"inputs": {"t": [1.0]}},
        {"expected": {}},
        {"certificate": {"value": "1"}},
    ):
        assert digest(tests[0]) != digest(tests[0] | change), change
