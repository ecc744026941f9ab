"""Reading the vectors: ``vectors/*.json``, one file an objective, and ``vectors/suite.json`` for what they share.

The format (integer version 1), readable without Python
-------------------------------------------------------
suite.json   {"format", "suite": date version, "objectives": {name: number of tests}, "flags": {flag: {"what", "effect",
             "seen"}}, "retired": [ids that once existed and are never used again]}
schema.json  these rules as a JSON Schema, for other languages
NAME.json    (NAME.LAYOUT.json where the noise is not flat, the objective being "NAME/LAYOUT")
             {"format", "suite", "objective", "arguments", "outputs", "formula", "n_tests", "groups": [group]}
group        {"source": {"method", "digits", "formula", "equation"}, "tests": [test]}
test         {"id", "comment", "flags": [...], "kills": [mistakes it tells from the truth], "inputs": {name: array},
             "expected": {output: {"decimal", "hex", "scale"}}, "certificate": {...} for estimates}
inputs       JSON numbers, each exactly representable in float32; the words "Infinity" and "-Infinity" where a mask is
             0, and only there
decimal      strings, 40 significant digits (estimates 15, covariances as many as ``source.digits`` says)
hex          the same number rounded to float64, as C's %a and Python's float.hex write it
scale        what the tolerance multiplies, see ``tolerance.py``; rounded up to three digits
NPZ          an array of more than a thousand numbers is {"npz": file, "array": name, "sha256": of the file}
id           path-like, stable, never reused: objective/group/name, objective/layout/group/name
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.dtypes import FORMATS
from nce_ref.oracle.objectives import EVERY, Objective, find_objective
from nce_ref.oracle.words import did_you_mean

FORMAT = 1
_INFINITE = {"Infinity": float("inf"), "-Infinity": -float("inf")}
FOLDER = Path(__file__).parent / "vectors"


class MalformedVectors(Exception):
    """A vector file cannot be read as the format says: file, test and field are named. The harness is broken, not who
    is judged."""


@dataclass(frozen=True, eq=False)
class Expected:
    """What one output should be: the stored decimals, the same as float64, and the tolerance's scale, all of one
    shape."""

    decimal: Any
    value: Float
    scale: Float


@dataclass(frozen=True, eq=False)
class Vector:
    """One test. ``inputs`` are float64 arrays and floats, exact in float32; do not write to them."""

    id: str
    objective: Objective
    comment: str
    flags: tuple[str, ...]
    kills: tuple[str, ...]
    inputs: Mapping[str, Any]
    expected: Mapping[str, Expected]
    source: Mapping[str, Any]
    certificate: Mapping[str, Any] = field(default_factory=dict)

    def arguments(self, dtype: str = "float64") -> dict[str, Any]:
        """Fresh copies of the inputs: arrays in ``dtype`` (bfloat16: in float32), scalars as Python floats."""
        return {
            name: value if isinstance(value, float) else value.astype(FORMATS[dtype].storage)
            for name, value in self.inputs.items()
        }


def cases(
    objective: str | None = None, *, flags: Iterable[str] = (), layout: str = "flat"
) -> tuple[Vector, ...]:
    """The vectors of one objective, or of all; with ``flags``, those that carry every one of them.

    Raises ValueError for an unknown objective, layout or flag.
    """
    wanted = (flags,) if isinstance(flags, str) else tuple(flags)
    known = suite()["flags"]
    if unknown := [flag for flag in wanted if flag not in known]:
        raise ValueError(
            f"flags: got {', '.join(map(repr, unknown))}; expected some of {', '.join(sorted(known))}"
            + did_you_mean(unknown[0], known)
        )
    names = EVERY if objective is None else (find_objective(objective, layout).name,)
    return tuple(
        vector
        for name in names
        for vector in _of_objective(name, FOLDER)
        if set(wanted) <= set(vector.flags)
    )


def find(vector_id: str) -> Vector:
    """The vector of that id. Raises ValueError where there is none, naming what is near."""
    objective = objective_in(vector_id)
    near = cases(objective) if objective in EVERY else ()
    for vector in near:
        if vector.id == vector_id:
            return vector
    there = (
        ", ".join(vector.id for vector in near[:5]) + ", ..."
        if near
        else f"an id that begins with one of {', '.join(EVERY)}"
    )
    known = (vector.id for vector in near) if near else (f"{name}/" for name in EVERY)
    meant = did_you_mean(vector_id if near else f"{objective}/", known)
    raise ValueError(f"id: got {vector_id!r}; expected {there}{meant}")


def objective_in(vector_id: str) -> str:
    """The objective's name that an id begins with, with its layout in an id of four words: "equal" is a group of the
    flat ones, too."""
    words = vector_id.split("/")
    laid_out = "/".join(words[:2])
    return laid_out if len(words) > 3 and laid_out in EVERY else words[0]


def suite(folder: Path = FOLDER) -> dict[str, Any]:
    """What ``suite.json`` says: format, date version, flags with their notes, counts, retired ids."""
    return read_json(folder / "suite.json")


def read_json(path: Path) -> dict[str, Any]:
    """A file of the vectors. Raises MalformedVectors where it is absent, no JSON object, or of another format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MalformedVectors(f"{path.name}: cannot be read: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise MalformedVectors(f"{path.name}: format {found!r}; this version reads format {FORMAT}")
    return content


def read_vectors(path: Path) -> tuple[Vector, ...]:
    """All tests of one file. Raises MalformedVectors naming the test and the field."""
    content = read_json(path)
    where = path.name
    try:
        objective = EVERY[content["objective"]]
        tests = [(group["source"], test) for group in content["groups"] for test in group["tests"]]
        found = []
        for source, test in tests:
            where = f"{path.name}: {test.get('id', 'a test without id')}"
            found.append(_vector(objective, source, test, path.parent))
        return tuple(found)
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise MalformedVectors(f"{where}: {what}") from None


@functools.lru_cache(maxsize=64)
def _of_objective(name: str, folder: Path) -> tuple[Vector, ...]:
    return read_vectors(folder / f"{EVERY[name].stem}.json")


def _vector(
    objective: Objective, source: Mapping[str, Any], test: Mapping[str, Any], folder: Path
) -> Vector:
    inputs = read_inputs(objective, test["inputs"], folder)
    sizes: dict[str, int] = {}
    for name, shape in objective.arguments.items():
        _match(name, np.shape(inputs[name]), shape, sizes)
    expected = {}
    for output in objective.outputs:
        stored = test["expected"][output.name]
        value = _hex_array(stored["hex"])
        scale = np.asarray(stored["scale"], dtype=np.float64)
        for what, array in (("hex", value), ("scale", scale)):
            _match(
                f"{output.name}.{what}",
                array.shape,
                output.shape,
                {**sizes, **objective.derived(sizes)},
            )
        expected[output.name] = Expected(stored["decimal"], value, scale)
    return Vector(
        test["id"],
        objective,
        test["comment"],
        tuple(test["flags"]),
        tuple(test["kills"]),
        inputs,
        expected,
        source,
        test.get("certificate", {}),
    )


def _match(name: str, got: tuple[int, ...], shape: tuple[str, ...], sizes: dict[str, int]) -> None:
    """Raise ValueError unless ``got`` fits ``shape``; sizes met for the first time are noted."""
    if len(got) != len(shape) or any(
        sizes.setdefault(axis, size) != size for axis, size in zip(shape, got)
    ):
        raise ValueError(f"{name} has shape {got}; expected ({', '.join(shape)}) with {sizes}")


def read_inputs(objective: Objective, stored: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """All arguments of a test. Raises KeyError for one that is missing, ValueError for one that is infinite where it
    counts."""
    inputs = {name: read_input(stored[name], folder) for name in objective.arguments}
    for name in objective.arguments:
        if not counted_are_finite(objective, name, inputs):
            raise ValueError(f"{name}: an input is not finite")
    return inputs


def counted_are_finite(objective: Objective, name: str, inputs: Mapping[str, Any]) -> bool:
    """Whether an argument is finite, where a mask stands beside it: where the mask is 1."""
    infinite = ~np.isfinite(inputs[name])
    if name in objective.masks:
        infinite = infinite & (inputs[objective.masks[name]] != 0)
    return not infinite.any()


def read_input(stored: Any, folder: Path) -> Any:
    """One stored input as a read-only float64 array, or a float; its file must be the one that was stored, else
    ValueError."""
    if isinstance(stored, dict):
        content = (folder / stored["npz"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != stored["sha256"]:
            raise ValueError(
                f"{stored['npz']}: its sha256 is not the one named here; the file is not the one that was stored"
            )
        with np.load(folder / stored["npz"]) as arrays:
            array = np.asarray(arrays[stored["array"]], dtype=np.float64)
    else:
        array = np.asarray(_numbers(stored), dtype=np.float64)
    if np.isnan(array).any():
        raise ValueError("an input is not finite")
    array.flags.writeable = False
    return array if array.ndim else float(array)


def _numbers(stored: Any) -> Any:
    """The words for what JSON has no number for, read."""
    if isinstance(stored, list):
        return [_numbers(entry) for entry in stored]
    return _INFINITE.get(stored, stored) if isinstance(stored, str) else stored


def spelled(array: Any) -> Any:
    """An array as JSON can hold it, nested lists of numbers, the infinite ones as words."""
    if isinstance(array, list):
        return [spelled(entry) for entry in array]
    words = {number: word for word, number in _INFINITE.items()}
    return words.get(array, array)


def _hex_array(stored: Any) -> Float:
    if isinstance(stored, list):
        return np.array([_hex_array(entry) for entry in stored], dtype=np.float64)
    return np.array(float.fromhex(stored))
