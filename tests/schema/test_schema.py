"""The vectors' JSON Schema, for those who read them in other languages: every file keeps it, and what breaks the format
breaks it.

Validated by a library of its own, which the lint extra installs (``make lint``); ``python -m nce_ref lint`` does
without.
"""

from __future__ import annotations

import copy
import json

import jsonschema
import pytest

from nce_ref.oracle.objectives import EVERY
from nce_ref.oracle.vectors import FOLDER

SCHEMA = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
FILES = sorted(path.name for path in FOLDER.glob("*.json") if path.name != "schema.json")


@pytest.fixture(scope="module")
def validator():
    kind = jsonschema.Draft202012Validator
    kind.check_schema(SCHEMA)
    return kind(SCHEMA)


def read(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def test_every_file_is_read():
    assert {"suite.json", *(f"{objective.stem}.json" for objective in EVERY.values())} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_keeps_the_schema(name, validator):
    assert [error.message for error in validator.iter_errors(read(name))] == []


def first(content):
    return content["groups"][0]["tests"][0]


PLANTS = {
    "another format": lambda c: c.update(format=2),
    "a date without dots": lambda c: c.update(suite="20261128"),
    "no groups": lambda c: c.pop("groups"),
    "a field more": lambda c: c.update(more=1),
    "an axis without n_": lambda c: c["arguments"].update(t=["points"]),
    "an id in capitals": lambda c: first(c).update(id="log_sigmoid/A/b"),
    "no comment": lambda c: first(c).update(comment=""),
    "a flag twice": lambda c: first(c).update(flags=["smoke", "smoke"]),
    "kills that are no list": lambda c: first(c).update(kills="no-log-nu"),
    "an input in words": lambda c: first(c)["inputs"].update(t=["1"]),
    "a hash too short": lambda c: first(c)["inputs"].update(
        t={"npz": "log_sigmoid.npz", "array": "a", "sha256": "00"}
    ),
    "a decimal with an idle zero": lambda c: first(c)["expected"]["value"].update(decimal="1.0E+0"),
    "a decimal that is a number": lambda c: first(c)["expected"]["value"].update(decimal=1.0),
    "minus zero": lambda c: first(c)["expected"]["value"].update(decimal="-0"),
    "a hex without a point": lambda c: first(c)["expected"]["value"].update(hex="0x1p+0"),
    "a scale of 0": lambda c: first(c)["expected"]["value"].update(scale=0),
    "no scale": lambda c: first(c)["expected"]["value"].pop("scale"),
    "digits in words": lambda c: c["groups"][0]["source"].update(digits="40"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_what_breaks_the_format_breaks_the_schema(plant, validator):
    content = copy.deepcopy(read("log_sigmoid.json"))
    PLANTS[plant](content)
    assert not validator.is_valid(content)


@pytest.mark.parametrize(
    "change",
    [
        lambda suite: suite["objectives"].update(log_sigmoid=0),
        lambda suite: suite["flags"]["kink"].pop("effect"),
        lambda suite: suite.update(retired=["one"]),
    ],
)
def test_what_breaks_the_suite_breaks_the_schema(change, validator):
    suite = read("suite.json")
    change(suite)
    assert not validator.is_valid(suite)
