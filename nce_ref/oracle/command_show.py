"""``nce-ref list``, ``show``, ``mistakes`` and ``explain``: what there is to be checked with, and one answer to it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nce_ref.oracle.check import check_answers
from nce_ref.oracle.command_words import (
    PASSED,
    Outcome,
    add_convention,
    add_selection,
    known_objective,
    laid_out,
    read_convention,
)
from nce_ref.oracle.describe import (
    describe_mistake,
    describe_mistakes,
    describe_numbers,
    describe_objectives,
    describe_suite,
    vector_as_dict,
)
from nce_ref.oracle.explain import describe_vector
from nce_ref.oracle.harness import decode
from nce_ref.oracle.report import exit_code
from nce_ref.oracle.vectors import cases, find


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the four commands."""
    sub = command("list", _list, "list the objectives, or the reference vectors of one")
    sub.add_argument(
        "name", nargs="?", metavar="OBJECTIVE", help="whose vectors", type=known_objective
    )
    add_selection(sub)

    sub = command(
        "show", _show, "show one vector: its inputs, what is expected, and what it is for"
    )
    sub.add_argument("id", metavar="ID", help="a vector's id, as list prints it")
    sub.add_argument("--json", action="store_true", help="as JSON, with all 40 digits")

    sub = command(
        "explain",
        _explain,
        "explain one answer to one vector: how far it is off, and which mistake makes such a number",
    )
    sub.add_argument("id", metavar="ID", help="the vector's id")
    sub.add_argument(
        "--got",
        required=True,
        help="what came: '{\"value\": -1.5}', a number (--got=-inf), or @FILE with either",
    )
    add_convention(sub)

    sub = command("mistakes", _mistakes, "describe the mistakes that are known by name")
    sub.add_argument("id", nargs="?", metavar="MISTAKE", help="one of them in full")


def _list(options: argparse.Namespace) -> Outcome:
    if options.name is not None and options.objective not in (None, options.name):
        raise ValueError(
            f"list: got {options.name} and --objective {options.objective}; expected one of them"
        )
    objective = laid_out(options.name or options.objective, options.layout)
    vectors = cases(objective, flags=options.flag)
    return Outcome(
        PASSED, describe_objectives(vectors) if objective is None else describe_suite(vectors)
    )


def _show(options: argparse.Namespace) -> Outcome:
    vector = find(options.id)
    return Outcome(
        PASSED,
        json.dumps(vector_as_dict(vector), indent=2) if options.json else describe_numbers(vector),
    )


def _explain(options: argparse.Namespace) -> Outcome:
    vector = find(options.id)
    report = check_answers(
        vector.objective.name,
        {vector.id: _got(options.got)},
        options.dtype,
        read_convention(options, vector.objective.name),
        batch="this vector alone",
    )
    return Outcome(exit_code([report]), f"{describe_vector(vector)}\n\n{report}")


def _got(text: str) -> Any:
    """What --got says: JSON, a number as people write it, or a file with either."""
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise ValueError(f"--got: {text[1:]} cannot be read: {error}") from None
    try:
        got = json.loads(text)
    except ValueError:
        got = decode(text)
        if isinstance(got, str):
            expected = "expected JSON like '{\"value\": -1.5}', a number, or @FILE"
            raise ValueError(f"--got: {text[:60]!r} cannot be read; {expected}") from None
    return (
        {name: decode(value) for name, value in got.items()}
        if isinstance(got, dict)
        else decode(got)
    )


def _mistakes(options: argparse.Namespace) -> Outcome:
    return Outcome(
        PASSED, describe_mistakes() if options.id is None else describe_mistake(options.id)
    )
