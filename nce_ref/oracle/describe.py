"""The oracle's stock as text: the suite, one test with its numbers, one mistake.

Numbers are cut short where there are many; ``vector_as_dict`` has all of them, with their 40 digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from nce_ref.oracle.explain import describe_vector
from nce_ref.oracle.mistakes import CATALOGUE, find_mistake
from nce_ref.oracle.objectives import EVERY, Objective
from nce_ref.oracle.vectors import Vector, spelled, suite

_SHOWN = 40  # numbers of one array


def describe_objectives(vectors: Sequence[Vector]) -> str:
    """One line an objective: its arguments, its outputs, and how many of these vectors are its own."""
    counts = Counter(vector.objective.name for vector in vectors)
    lines = [f"vectors of {suite()['suite']}: {len(vectors)}; list OBJECTIVE shows those of one"]
    lines += [
        f"  {_signature(objective)}   {counts[name]} vectors"
        for name, objective in EVERY.items()
        if counts[name]
    ]
    return "\n".join(lines)


def describe_suite(vectors: Sequence[Vector]) -> str:
    """These vectors by objective, an id, its purpose and its flags a line; then what the flags mean."""
    about = suite()
    lines = [f"vectors of {about['suite']}: {len(vectors)}"]
    for objective in EVERY.values():
        own = [vector for vector in vectors if vector.objective.name == objective.name]
        if own:
            lines += ["", f"{_signature(objective)}   ({len(own)} vectors)"]
            lines += [
                f"  {vector.id}   {vector.comment}   [{', '.join(vector.flags)}]" for vector in own
            ]
    flags = {flag for vector in vectors for flag in vector.flags}
    lines += [
        "",
        "flags",
        *(f"  {flag}: {note['what']}" for flag, note in about["flags"].items() if flag in flags),
    ]
    return "\n".join(lines)


def describe_numbers(vector: Vector) -> str:
    """One vector with its inputs and what is expected, as float64."""
    lines = [describe_vector(vector), "", _signature(vector.objective), "", "inputs"]
    lines += [f"  {name} = {_numbers(value)}" for name, value in vector.inputs.items()]
    lines += ["", "expected (float64; all digits by --json)"]
    lines += [
        f"  {name} = {_numbers(expected.value)}" for name, expected in vector.expected.items()
    ]
    return "\n".join(lines)


def vector_as_dict(vector: Vector) -> dict[str, Any]:
    """One vector as plain data, arrays in full."""
    return {
        "id": vector.id,
        "objective": vector.objective.name,
        "comment": vector.comment,
        "flags": list(vector.flags),
        "kills": list(vector.kills),
        "inputs": {
            name: spelled(np.asarray(value).tolist()) for name, value in vector.inputs.items()
        },
        "expected": {
            name: {
                "decimal": expected.decimal,
                "float64": expected.value.tolist(),
                "scale": expected.scale.tolist(),
            }
            for name, expected in vector.expected.items()
        },
        "source": dict(vector.source),
        "certificate": dict(vector.certificate),
    }


def describe_mistakes() -> str:
    """Every known mistake in a line."""
    width = max(map(len, CATALOGUE))
    return "\n".join(f"{mistake.id:{width}}  {mistake.title}" for mistake in CATALOGUE.values())


def describe_mistake(mistake_id: str) -> str:
    """One mistake in full. Raises ValueError with the ids there are."""
    mistake = find_mistake(mistake_id)
    lines = [
        f"{mistake.id}: {mistake.title}",
        f"  effect:     {mistake.effect}",
        f"  fix:        {mistake.fix}",
    ]
    lines += [f"  seen:       {mistake.seen}"] if mistake.seen != "-" else []
    if (number := mistake.number) is not None:
        values = ", ".join(f"{value:g}" for value in number.known)
        lines += [f"  {number.symbol}:".ljust(14) + f"any; seen: {values}"]
    lines += ["  a documented choice rather than an error"] if mistake.choice else []
    return "\n".join([*lines, f"  objectives: {', '.join(mistake.objectives)}"])


def _signature(objective: Objective) -> str:
    return (
        f"{objective.name}({', '.join(objective.arguments)}) ->"
        f" {', '.join(output.name for output in objective.outputs)}"
    )


def _numbers(value: Any) -> str:
    array = np.asarray(value)
    if array.size <= _SHOWN:
        return str(array.tolist())
    return (
        f"{', '.join(map(repr, array.ravel()[:6].tolist()))}, ..."
        f" ({' x '.join(map(str, array.shape))} numbers, all by --json)"
    )
