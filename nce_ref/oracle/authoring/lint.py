"""Are the vectors' files what the format says? Every breach is one line: file or id, field, what was found, what is
expected.

Conventions
-----------
folder   suite.json, one NAME.json an objective, NAME.npz where arrays are large; ``vectors`` says what stands in them
rules    each a generator of lines; what cannot be read is one line and its rules are left out, the rest goes on
not here whether the expected numbers are right (``emit.recompute``), and whether ``kills`` is up to date (tests compute
it anew)
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from nce_ref.oracle.authoring.flags import (
    MAX_INLINE,
    SMOKE,
    derived_flags,
    is_derived,
)
from nce_ref.oracle.mistakes import FORMER, mistakes_at
from nce_ref.oracle.numbers.spelling import spell, spell_hex
from nce_ref.oracle.objectives import EVERY, Objective
from nce_ref.oracle.vectors import (
    FOLDER,
    MalformedVectors,
    counted_are_finite,
    objective_in,
    read_input,
    read_json,
)

ID = re.compile(r"[a-z0-9_]+(/[a-z0-9][a-z0-9._-]*){2,}")
DATE = re.compile(r"20\d\d\.\d\d\.\d\d")
SUITE_FIELDS = {"format", "suite", "objectives", "flags", "retired"}
FILE_FIELDS = {
    "format",
    "suite",
    "objective",
    "arguments",
    "outputs",
    "formula",
    "n_tests",
    "groups",
}
GROUP_FIELDS = {"source", "tests"}
SOURCE_FIELDS = {"method", "digits", "formula", "equation"}
TEST_FIELDS = {"id", "comment", "flags", "kills", "inputs", "expected"}
NOTE_FIELDS = {"what", "effect", "seen"}
EXPECTED_FIELDS = {"decimal", "hex", "scale"}
N_SMOKE = 3
KILLS_NOTHING = "Kills nothing:"  # a comment that begins so says why the vector exists all the same

Test = Mapping[str, Any]


def lint(folder: Path = FOLDER) -> list[str]:
    """Every breach of the format in this folder, none if it is right."""
    try:
        suite = read_json(folder / "suite.json")
    except MalformedVectors as problem:
        return [str(problem)]
    found, tests = [f"suite.json: {line}" for line in _suite(suite)], list[Test]()
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        if path.name not in ("suite.json", "schema.json"):
            try:
                files[path.stem.replace(".", "/")] = read_json(path)
            except MalformedVectors as problem:
                found.append(str(problem))
    found += [
        f"suite.json: no {objective.stem}.json, which objectives.py knows"
        for name, objective in EVERY.items()
        if name not in files
    ]
    for name, content in files.items():
        try:
            where = name.replace("/", ".")
            found += [f"{where}.json: {line}" for line in _file(name, content, suite, folder)]
            tests += [test for group in content["groups"] for test in group["tests"]]
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
            found.append(
                f"{where}.json: cannot be read any further: {type(problem).__name__}: {problem}"
            )
    return (
        found
        + [f"suite.json: {line}" for line in _together(suite, tests)]
        + list(_archives(folder, tests))
    )


def _suite(suite: Mapping[str, Any]) -> Iterator[str]:
    yield from _fields("suite", suite, SUITE_FIELDS)
    if not DATE.fullmatch(str(suite.get("suite"))):
        yield f"suite {suite.get('suite')!r}; expected a date as 2026.11.28"
    for flag, note in suite.get("flags", {}).items():
        yield from _fields(f"flag {flag}", note, NOTE_FIELDS)
        if empty := [field for field in NOTE_FIELDS & set(note) if not str(note[field]).strip()]:
            yield f"flag {flag}: {', '.join(sorted(empty))} empty"


def _together(suite: Mapping[str, Any], tests: list[Test]) -> Iterator[str]:
    """What only the whole can tell: ids, flags, counts."""
    ids = [test.get("id") for test in tests]
    yield from (
        f"id {key} is there {count} times" for key, count in Counter(ids).items() if count > 1
    )
    yield from (
        f"id {key} is retired and must not be used again"
        for key in set(suite.get("retired", ())) & set(ids)
    )
    used = {flag for test in tests for flag in test.get("flags", ())}
    yield from (f"flag {flag} has no note" for flag in sorted(used - set(suite.get("flags", ()))))
    yield from (
        f"flag {flag} has a note and no test" for flag in sorted(set(suite.get("flags", ())) - used)
    )
    counts = Counter(objective_in(str(key)) for key in ids)
    for name in sorted({*counts, *suite.get("objectives", {})}):
        if (said := suite.get("objectives", {}).get(name)) != counts[name]:
            yield f"objectives: {name} has {counts[name]} tests, not {said}"


def _file(
    name: str, content: Mapping[str, Any], suite: Mapping[str, Any], folder: Path
) -> Iterator[str]:
    yield from _fields("file", content, FILE_FIELDS)
    if name not in EVERY or content["objective"] != name:
        yield f"objective {content['objective']!r}; expected the file's name, one that objectives.py knows"
        return
    objective = EVERY[name]
    header = {
        "suite": suite.get("suite"),
        "arguments": {argument: list(shape) for argument, shape in objective.arguments.items()},
        "outputs": {output.name: list(output.shape) for output in objective.outputs},
        "formula": objective.formula,
        "n_tests": sum(len(group["tests"]) for group in content["groups"]),
    }
    yield from (
        f"{field} {content.get(field)!r}; expected {value!r}"
        for field, value in header.items()
        if content.get(field) != value
    )
    n_smoke = 0
    for k, group in enumerate(content["groups"]):
        yield from _fields(f"group {k}", group, GROUP_FIELDS)
        yield from _source(f"group {k}: source", group["source"])
        for test in group["tests"]:
            yield from (
                f"{test.get('id')}: {line}"
                for line in _test(objective, test, int(group["source"]["digits"]), folder)
            )
            n_smoke += SMOKE in test.get("flags", ())
    if objective.kind == "function" and n_smoke != N_SMOKE:
        yield f"{n_smoke} smoke tests; expected {N_SMOKE}"


def _source(where: str, source: Mapping[str, Any]) -> Iterator[str]:
    yield from _fields(where, source, SOURCE_FIELDS)
    yield from (
        f"{where}: {field} is empty"
        for field in sorted(SOURCE_FIELDS & set(source))
        if not str(source[field]).strip()
    )
    if not isinstance(source.get("digits"), int) or source["digits"] < 1:
        yield f"{where}: digits {source.get('digits')!r}; expected an integer"


def _test(objective: Objective, test: Test, digits: int, folder: Path) -> Iterator[str]:
    yield from _fields(
        "test", test, TEST_FIELDS | ({"certificate"} if objective.kind == "estimate" else set())
    )
    if not TEST_FIELDS <= set(test):
        return
    if not ID.fullmatch(test["id"]) or objective_in(test["id"]) != objective.name:
        yield f"id; expected {objective.name}/group/name in small letters, digits, dots and hyphens"
    if not test["comment"].strip():
        yield "comment is empty"
    yield from _kills(objective, test)
    for name in sorted(set(test["inputs"]) ^ set(objective.arguments)):
        yield f"inputs: {'unknown' if name in test['inputs'] else 'no'} {name}"
    for name in sorted(set(test["expected"]) ^ {output.name for output in objective.outputs}):
        yield f"expected: {'unknown' if name in test['expected'] else 'no'} {name}"
    for name, stored in test["expected"].items():
        yield from (f"{name}: {line}" for line in _expected(stored, digits))
    inputs = {}
    for name in set(objective.arguments) & set(test["inputs"]):
        try:
            inputs[name] = read_input(test["inputs"][name], folder)
        except (KeyError, TypeError, ValueError, OSError) as problem:
            yield f"{name}: {problem}"
    if len(inputs) == len(objective.arguments):
        inputs = {name: inputs[name] for name in objective.arguments}
        if wrong := [name for name in inputs if not counted_are_finite(objective, name, inputs)]:
            yield f"{wrong[0]}: an input is not finite"
            return
        yield from _inputs(objective, test, inputs)


def _kills(objective: Objective, test: Test) -> Iterator[str]:
    known = {mistake.id for mistake in mistakes_at(objective.name)}
    known |= {former for former, id in FORMER.items() if id in known}
    if unknown := [mistake for mistake in test["kills"] if mistake not in known]:
        yield f"kills: {', '.join(unknown)}: no mistake of {objective.name} in the catalogue"
    if known and not test["kills"] and not test["comment"].startswith(KILLS_NOTHING):
        yield f"kills is empty, and the comment does not begin with {KILLS_NOTHING!r} and the reason why it is there"


def _inputs(objective: Objective, test: Test, inputs: Mapping[str, Any]) -> Iterator[str]:
    for name, value in inputs.items():
        with np.errstate(over="ignore"):
            if np.any(np.asarray(value).astype(np.float32).astype(np.float64) != value):
                yield f"{name}: a number that float32 does not hold exactly"
        if np.any((np.asarray(value) == 0) & np.signbit(value)):
            yield f"{name}: -0; expected 0"
        if np.size(value) > MAX_INLINE and not isinstance(test["inputs"][name], dict):
            yield f"{name}: {np.size(value)} numbers in the JSON; expected an NPZ beyond {MAX_INLINE}"
    refused = []
    for facts in objective.facts:
        refused += list(facts.refuses(inputs))
        if refused:
            yield from refused
            return  # no flag can be read off it
    if len(set(test["flags"])) < len(test["flags"]):
        yield "flags: one stands there twice"
    derived, stored = (
        set(derived_flags(objective, test["id"], inputs)),
        {flag for flag in test["flags"] if is_derived(flag)},
    )
    if derived != stored:
        yield f"flags: {', '.join(sorted(derived ^ stored))} do not follow from the inputs, or are missing"


def _expected(stored: Mapping[str, Any], digits: int) -> Iterator[str]:
    yield from _fields("expected", stored, EXPECTED_FIELDS)
    if set(stored) != EXPECTED_FIELDS:
        return
    decimals, hexes, scales = (
        list(_leaves(stored[field])) for field in ("decimal", "hex", "scale")
    )
    if not _shape(stored["decimal"]) == _shape(stored["hex"]) == _shape(stored["scale"]):
        yield "decimal, hex and scale differ in shape"
        return
    for text, hexadecimal, scale in zip(decimals, hexes, scales):
        number = Decimal(text)
        if not number.is_finite() or spell(number) != text:
            yield f"decimal {text!r}; expected {spell(number) if number.is_finite() else 'a finite number'!r}"
            continue
        if len(number.as_tuple().digits) > digits:
            yield f"decimal {text}: more than the {digits} digits of its source"
        if spell_hex(number) != hexadecimal:
            yield f"hex {hexadecimal!r}; expected {spell_hex(number)!r}, the rounding of {text}"
        if not isinstance(scale, int | float) or not 0 < scale < math.inf:
            yield f"scale {scale!r}; expected a number above 0"


def _archives(folder: Path, tests: Iterable[Test]) -> Iterator[str]:
    named: dict[str, set[str]] = {}
    for stored in (
        value
        for test in tests
        for value in test.get("inputs", {}).values()
        if isinstance(value, dict)
    ):
        named.setdefault(str(stored.get("npz")), set()).add(str(stored.get("array")))
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as arrays:
            for name in sorted(set(arrays) - named.get(path.name, set())):
                yield f"{path.name}: array {name} is named in no test"


def _fields(where: str, content: Mapping[str, Any], expected: set[str]) -> Iterator[str]:
    yield from (f"{where}: no field {field!r}" for field in sorted(expected - set(content)))
    yield from (f"{where}: unknown field {field!r}" for field in sorted(set(content) - expected))


def _leaves(nested: Any) -> Iterator[Any]:
    if isinstance(nested, list):
        for entry in nested:
            yield from _leaves(entry)
    else:
        yield nested


def _shape(nested: Any) -> Any:
    return [_shape(entry) for entry in nested] if isinstance(nested, list) else None
