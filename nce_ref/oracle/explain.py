"""One vector and one answer, explained: what the vector is for, how far the answer is off, and what makes such a
number."""

from __future__ import annotations

from typing import Any

from nce_ref.oracle.check import check_answers
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.vectors import Vector, find, suite


def explain(
    vector_id: str, got: Any, *, dtype: str = "float64", convention: Convention | None = None
) -> str:
    """Return the explanation as text; ``got`` is what an implementation returned (a dict of outputs, or the value).

    One vector tells fewer mistakes apart than all do: several suspects may be named. ValueError for an unknown id.
    """
    vector = find(vector_id)
    report = check_answers(
        vector.objective.name, {vector_id: got}, dtype, convention, batch="this vector alone"
    )
    return "\n".join([describe_vector(vector), "", str(report)])


def describe_vector(vector: Vector) -> str:
    """What a vector is, without any answer: its purpose, formula, source and flags with their notes."""
    notes = suite()["flags"]
    lines = [
        f"{vector.id}: {vector.comment}",
        f"  formula: {vector.objective.formula}",
        f"  source:  {vector.source['equation']}; {vector.source['method']}, {vector.source['digits']} digits",
    ]
    lines += [f"  flag {flag}: {notes[flag]['what']}" for flag in vector.flags]
    if vector.kills:
        lines.append(f"  tells from the truth: {', '.join(vector.kills)}")
    return "\n".join(lines)
