"""From inputs to vectors: every ``expected`` number of a file computed with ``exact``, and the file written back in one
layout.

An author adds a test with ``id``, ``comment`` and ``inputs`` to ``vectors/NAME.json``, nothing else, and runs ``python
-m nce_ref emit``. The JSON is the home of the inputs: samples are stored, never seeds.

Conventions
-----------
computed   expected, scale (``scales``), flags that follow from the inputs (``flags``), kills (``kills``), the group's
           source, n_tests, and the header, which ``objectives`` and ``suite.json`` say; what was written there before
           is replaced
kept       id, comment, inputs, certificate, flags that do not follow from the inputs; the order of tests and groups
spelling   ``layout``; an input of more than ``MAX_INLINE`` numbers moves to NAME.npz, arrays named "test's id:argument"
numbers    each objective has the function that computes them; suite.json keeps the order of its objectives, new ones
           follow
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.authoring.flags import MAX_INLINE, derived_flags, is_derived
from nce_ref.oracle.authoring.kills import kills
from nce_ref.oracle.authoring.layout import to_npz, to_text
from nce_ref.oracle.families.base import Certificate
from nce_ref.oracle.numbers.spelling import each, spell, spell_hex
from nce_ref.oracle.objectives import EVERY, Objective
from nce_ref.oracle.scales import scales
from nce_ref.oracle.vectors import (
    FOLDER,
    FORMAT,
    MalformedVectors,
    read_json,
    read_vectors,
    spelled,
)
from nce_ref.oracle.vectors import (
    read_inputs as read_stored,
)

SCALE_RTOL = 0.011  # scales have three digits, computed in float64 by whatever LAPACK there is


def emit(folder: Path = FOLDER, names: Iterable[str] | None = None) -> list[str]:
    """Bring the files of these objectives (None: of all that are there) and suite.json up to date; the names of those
    that changed.

    Raises MalformedVectors where a test's inputs cannot be read, ValueError where ``exact`` refuses them.
    """
    changed = []
    for name in _names(folder, names):
        content, arrays = _completed(name, folder)
        if arrays:
            changed += _write(folder / f"{EVERY[name].stem}.npz", to_npz(arrays)[0])
        path = folder / f"{EVERY[name].stem}.json"
        before = path.read_bytes()
        path.write_text(to_text(content), encoding="utf-8")
        _fill_kills(content, path)
        path.write_text(to_text(content), encoding="utf-8")
        changed += [path.name] if path.read_bytes() != before else []
    suite = read_json(folder / "suite.json")
    names = _names(folder, None)
    suite["objectives"] = {
        name: read_json(folder / f"{EVERY[name].stem}.json")["n_tests"]
        for name in [*(name for name in suite["objectives"] if name in names), *names]
    }
    return changed + _write(folder / "suite.json", to_text(suite).encode())


def recompute(folder: Path = FOLDER, names: Iterable[str] | None = None) -> list[str]:
    """Every expected number computed anew: one line a difference, none if the files are right."""
    found = []
    for name in _names(folder, names):
        for group in read_json(folder / f"{EVERY[name].stem}.json")["groups"]:
            for test in group["tests"]:
                now, certificate = expected(EVERY[name], test, folder)
                stored = test.get("expected", {})
                for output in sorted({*now, *stored}):
                    where, pair = f"{test['id']}: {output}", (stored.get(output), now.get(output))
                    found += (
                        _covariances_differ(where, *pair, EVERY[name].digits)
                        if EVERY[name].kind == "covariance"
                        else _differences(where, *pair)
                    )
                found += _differences(
                    f"{test['id']}: certificate", test.get("certificate", {}), certificate
                )
    return found


def expected(
    objective: Objective, test: Mapping[str, Any], folder: Path
) -> tuple[dict[str, Any], Certificate]:
    """A test's ``expected`` and ``certificate`` as they should stand in the file."""
    inputs = read_inputs(objective, test, folder)
    outputs, certificate = objective.made(inputs, dict(test.get("certificate", {})))
    numbers = {
        name: np.array(each(float, value), dtype=np.float64) for name, value in outputs.items()
    }
    scale = scales(objective.name, inputs, numbers)
    stored = {
        name: {
            "decimal": each(spell, value),
            "hex": each(spell_hex, value),
            "scale": np.asarray(scale[name]).tolist(),
        }
        for name, value in outputs.items()
    }
    return stored, certificate


def read_inputs(objective: Objective, test: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A test's inputs as float64 arrays and floats. Raises MalformedVectors naming the test."""
    try:
        return read_stored(objective, test["inputs"], folder)
    except (KeyError, ValueError, TypeError, OSError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise MalformedVectors(f"{test.get('id', 'a test without id')}: inputs: {what}") from None


def _completed(name: str, folder: Path) -> tuple[dict[str, Any], dict[str, Float]]:
    """The file's content with everything computed but ``kills``, and the arrays that go to NAME.npz."""
    objective, stored = EVERY[name], read_json(folder / f"{EVERY[name].stem}.json")
    groups: list[dict[str, Any]] = []
    arrays: dict[str, Float] = {}
    for group in stored["groups"]:
        tests = [_completed_test(objective, test, folder, arrays) for test in group["tests"]]
        groups.append({"source": _source(objective), "tests": tests})
    sha256 = to_npz(arrays)[1] if arrays else ""
    for test in (test for group in groups for test in group["tests"]):
        for argument in objective.arguments:
            if (key := f"{test['id']}:{argument}") in arrays:
                test["inputs"][argument] = {
                    "npz": f"{objective.stem}.npz",
                    "array": key,
                    "sha256": sha256,
                }
    content = {
        "format": FORMAT,
        "suite": read_json(folder / "suite.json")["suite"],
        "objective": name,
        "arguments": {argument: list(shape) for argument, shape in objective.arguments.items()},
        "outputs": {output.name: list(output.shape) for output in objective.outputs},
        "formula": objective.formula,
        "n_tests": sum(len(group["tests"]) for group in groups),
        "groups": groups,
    }
    return content, arrays


def _source(objective: Objective) -> dict[str, Any]:
    return {
        "method": objective.method,
        "digits": objective.digits,
        "formula": objective.formula,
        "equation": objective.source,
    }


def _completed_test(
    objective: Objective, test: Mapping[str, Any], folder: Path, arrays: dict[str, Float]
) -> dict[str, Any]:
    inputs = read_inputs(objective, test, folder)
    outputs, certificate = expected(objective, test, folder)
    own = [flag for flag in test.get("flags", []) if not is_derived(flag)]
    for name, value in inputs.items():
        if np.size(value) > MAX_INLINE:
            arrays[f"{test['id']}:{name}"] = value
    complete = {
        "id": test["id"],
        "comment": test.get("comment", ""),
        "flags": [*derived_flags(objective, test["id"], inputs), *own],
        "kills": [],
        "inputs": {
            name: value if isinstance(value, float) else spelled(value.tolist())
            for name, value in inputs.items()
        },
        "expected": outputs,
    }
    return complete | ({"certificate": certificate} if certificate else {})


def _fill_kills(content: dict[str, Any], path: Path) -> None:
    found = {vector.id: list(kills(vector)) for vector in read_vectors(path)}
    for test in (test for group in content["groups"] for test in group["tests"]):
        test["kills"] = found[test["id"]]


def _differences(where: str, stored: Any, now: Any) -> list[str]:
    if isinstance(stored, dict) and isinstance(now, dict) and stored.keys() == now.keys():
        return [
            line for key in now for line in _differences(f"{where}.{key}", stored[key], now[key])
        ]
    if isinstance(stored, list) and isinstance(now, list) and len(stored) == len(now):
        return [
            line
            for k, (s, w) in enumerate(zip(stored, now))
            for line in _differences(f"{where}[{k}]", s, w)
        ]
    if (
        isinstance(stored, int | float)
        and isinstance(now, float)
        and abs(stored - now) <= SCALE_RTOL * abs(now)
    ):
        return []
    return (
        []
        if stored == now and type(stored) is type(now)
        else [f"{where}: stored {stored!r}, computed {now!r}"]
    )


def _covariances_differ(where: str, stored: Any, now: Any, digits: int) -> list[str]:
    """A quadrature in float64: the last digit hangs on the machine's exp, hence a unit of it is granted."""
    try:
        ours, theirs = (np.array(each(float, one["decimal"])) for one in (now, stored))
        gap = np.abs(ours - theirs) / np.sqrt(np.outer(np.diag(ours), np.diag(ours)))
        hexes = np.array(each(float.fromhex, stored["hex"]))
    except (KeyError, TypeError, ValueError) as problem:
        return [f"{where}: {problem}"]
    found = (
        [f"{where}: off by {gap.max():.1e} of sqrt(Sii Sjj)"]
        if gap.max() > 10.0 ** (1 - digits)
        else []
    )
    found += [f"{where}: hex is not decimal"] if (hexes != theirs).any() else []
    return found + _differences(f"{where}.scale", stored["scale"], now["scale"])


def _names(folder: Path, names: Iterable[str] | None) -> list[str]:
    return (
        [name for name in EVERY if (folder / f"{EVERY[name].stem}.json").exists()]
        if names is None
        else list(names)
    )


def _write(path: Path, content: bytes) -> list[str]:
    if path.exists() and path.read_bytes() == content:
        return []
    path.write_bytes(content)
    return [path.name]
