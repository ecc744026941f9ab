"""``nce-ref check``: a Python function, or a program in any language, against the vectors."""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nce_ref.oracle.check import check, check_answers
from nce_ref.oracle.command_words import (
    BROKEN,
    NAME,
    Outcome,
    add_convention,
    add_selection,
    known_objective,
    laid_out,
    read_convention,
)
from nce_ref.oracle.conventions import OURS, Convention
from nce_ref.oracle.harness import Answers, run_harness
from nce_ref.oracle.locate import (
    ADAPTERS,
    expected_failures,
    find_implementation,
    objective_of,
    prepared,
)
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.report import Report, exit_code
from nce_ref.oracle.steady import remembers
from nce_ref.oracle.vectors import objective_in


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command."""
    sub = command(
        "check",
        run_check,
        "check a Python function, or a program in any language, against the vectors",
    )
    sub.usage = (
        f"{NAME} check [options] package.module:name [OBJECTIVE]   or   {NAME} check [options] --"
        " COMMAND [ARGUMENTS]"
    )
    sub.add_argument(
        "implementation",
        nargs="?",
        metavar="package.module:name",
        help="a function; the current folder is searched first",
    )
    sub.add_argument(
        "second", nargs="?", metavar="OBJECTIVE", help="as --objective", type=known_objective
    )
    add_selection(
        sub,
        "which objective it is (default: by its name or parameters; of a harness, all that it offers)",
    )
    add_convention(sub)
    sub.add_argument(
        "--arguments",
        metavar="NAMES",
        help="its own names and ours, log_p_pos=log_model_data,k=nu; or ours alone, in the order of its positions",
    )
    sub.add_argument(
        "--adapter",
        choices=ADAPTERS,
        help="of a function of tensors: what it returns is the value, derivatives come by autodiff",
    )
    sub.add_argument(
        "--expected-failures",
        type=Path,
        metavar="FILE",
        help='lines "pattern of ids: reason" for what is known to fail',
    )
    sub.add_argument(
        "--time-limit",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="for one answer of a harness (default: 10)",
    )
    sub.add_argument("--json", action="store_true", help="the report as JSON")


def run_check(options: argparse.Namespace) -> Outcome:
    """Check what was named."""
    if options.command is not None and options.implementation in OBJECTIVES:
        options.implementation, options.second = None, options.implementation
    if options.second is not None:
        if options.objective not in (None, options.second):
            raise ValueError(
                f"check: got {options.second} and --objective {options.objective}; expected one of them"
            )
        options.objective = options.second
    if (options.implementation is None) == (options.command is None):
        raise ValueError("check: expected package.module:name, or -- COMMAND, and not both")
    patterns = expected_failures(options.expected_failures) if options.expected_failures else {}
    if options.command is not None:
        if options.arguments or options.adapter:
            raise ValueError(
                "check: --arguments and --adapter are for Python functions, not for a harness"
            )
        return _check_harness(options, patterns)
    sys.path.insert(0, os.getcwd())
    # Whatever is printed by the code under judgement must not get between the report's lines.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            impl = find_implementation(options.implementation)
        except SystemExit as left:
            raise ValueError(
                f"{options.implementation!r}: importing it raised SystemExit: {left}"
            ) from None
        objective = options.objective or objective_of(impl, options.implementation)
        objective = laid_out(objective, options.layout) or objective
        impl = prepared(impl, objective, options.adapter, options.arguments)
        report = check(
            impl,
            objective,
            options.dtype,
            read_convention(options, objective),
            patterns,
            flags=options.flag,
        )
    return Outcome(
        exit_code([report]), json.dumps(report.to_dict(), indent=2) if options.json else str(report)
    )


def _check_harness(options: argparse.Namespace, patterns: Mapping[str, str]) -> Outcome:
    answers = run_harness(
        options.command,
        laid_out(options.objective, options.layout),
        dtype=options.dtype,
        time_limit=options.time_limit,
        start_limit=max(30.0, options.time_limit),
        convention=Convention(c_sign=options.c_sign or OURS.c_sign),
        flags=options.flag,
    )
    reports = _reports(answers, options, patterns, answers.name or shlex.join(options.command))
    undone = bool(answers.broken or answers.unread or not answers)
    ok = not undone and all(report.ok for report in reports)
    complaints = [f"{shlex.join(options.command)}: {answers.broken}"] if answers.broken else []
    complaints += [
        f"the harness offers {name!r}, which is no objective of this suite: not checked"
        for name in answers.unknown
    ]
    complaints += answers.unread
    if undone and not complaints:
        complaints.append("there is no vector to put to the harness")
    if options.json:
        who: dict[str, Any] = {
            "name": answers.name,
            "language": answers.language,
            "broken": answers.broken,
        }
        who |= {"unknown": list(answers.unknown), "unread": list(answers.unread)}
        text = json.dumps(
            {"ok": ok, "harness": who, "reports": [report.to_dict() for report in reports]},
            indent=2,
        )
    else:
        text = "\n\n".join(map(str, reports))
    return Outcome(
        BROKEN if undone else exit_code(reports),
        text,
        "\n".join(f"{NAME}: {line}" for line in complaints),
    )


def _reports(
    answers: Answers,
    options: argparse.Namespace,
    patterns: Mapping[str, str],
    name: str,
) -> list[Report]:
    """One report an objective; none where the harness never began. A pattern that matches nothing at all goes to the
    first."""
    unused = {pattern for pattern in patterns if not fnmatch.filter(answers, pattern)}
    reports = []
    for objective in answers.implements:
        own = {
            vector_id: answer
            for vector_id, answer in answers.items()
            if objective_in(vector_id) == objective
        }
        if own:
            wanted = {
                p: reason for p, reason in patterns.items() if p in unused or fnmatch.filter(own, p)
            }
            unused.clear()
            reports.append(
                check_answers(
                    objective,
                    own,
                    options.dtype,
                    read_convention(options, objective),
                    wanted,
                    name=name,
                    findings=[remembers(said)]
                    if (said := answers.differences.get(objective))
                    else (),
                )
            )
    return reports


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a number of seconds above 0")
    return value
