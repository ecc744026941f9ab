"""What ``python -m nce_ref`` (installed as ``nce-ref``) does, as text and an exit code; ``__main__`` prints it.

Conventions
-----------
exit code  0 right, 1 wrong, 2 nothing could be judged: usage, a module that cannot be imported, a harness that cannot be run
           or was given up, vectors that cannot be read
stdout     the report (JSON where asked); what an implementation prints goes to stderr, as do complaints of code 2
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nce_ref.oracle import command_truth
from nce_ref.oracle.check import check, check_answers
from nce_ref.oracle.conventions import C_SIGNS, OURS, REDUCTIONS, SENSES, Convention, own_convention
from nce_ref.oracle.describe import (
    describe_mistake,
    describe_mistakes,
    describe_numbers,
    describe_suite,
    vector_as_dict,
)
from nce_ref.oracle.explain import describe_vector
from nce_ref.oracle.harness import Answers, decode, run_harness
from nce_ref.oracle.locate import expected_failures, find_implementation, objective_of
from nce_ref.oracle.objectives import OBJECTIVES, find_objective
from nce_ref.oracle.report import Report, exit_code
from nce_ref.oracle.tolerance import DTYPES
from nce_ref.oracle.vectors import MalformedVectors, cases, find

PASSED, FAILED, BROKEN = 0, 1, 2
_NAME = "nce-ref"
_ABOUT = "Check an implementation of noise-contrastive estimation against reference vectors, and learn what is wrong with it."
_EXAMPLES = """\
examples:
  nce-ref check mypackage.losses:nce_loss --objective binary_nce     a Python function, the vectors' arguments by name
  nce-ref check mypackage.losses:nce_loss --objective binary_nce --sense minimise --reduction mean
  nce-ref check -- ./my_harness                                      a program in any language, by lines of JSON
  nce-ref list --objective binary_nce                                what there is to be checked with
  nce-ref mistakes no-log-nu                                         what a mistake does, and its remedy

exit codes: 0 right, 1 wrong, 2 nothing could be judged (usage, import error, harness that cannot be run)"""


@dataclass(frozen=True)
class Outcome:
    """What to print where, and the exit code."""

    code: int
    out: str = ""
    complaint: str = ""


def run(argv: Sequence[str]) -> Outcome:
    """Do what the arguments say. Raises SystemExit only for --help and arguments that argparse refuses (code 2)."""
    before, command = list(argv), None
    if "--" in before:  # what follows is the harness's own, options and all
        at = before.index("--")
        before, command = before[:at], before[at + 1 :]
    parser = _parser()
    options = parser.parse_args(before)
    if command is not None and options.run is not _check:
        parser.error("-- COMMAND goes with check")
    options.command = command
    try:
        outcome: Outcome = options.run(options)
    except (ValueError, MalformedVectors) as problem:
        return Outcome(BROKEN, complaint=f"{_NAME}: {' '.join(str(problem).split())}")
    return outcome


def _list(options: argparse.Namespace) -> Outcome:
    vectors = cases(options.objective, flags=options.flag)
    return Outcome(PASSED, describe_suite(vectors))


def _show(options: argparse.Namespace) -> Outcome:
    vector = find(options.id)
    return Outcome(
        PASSED,
        json.dumps(vector_as_dict(vector), indent=2) if options.json else describe_numbers(vector),
    )


def _check(options: argparse.Namespace) -> Outcome:
    if (options.implementation is None) == (options.command is None):
        raise ValueError("check: expected package.module:name, or -- COMMAND, and not both")
    patterns = expected_failures(options.expected_failures) if options.expected_failures else {}
    if options.command is not None:
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
        report = check(
            impl,
            objective,
            options.dtype,
            _convention(options, objective),
            patterns,
            flags=options.flag,
        )
    return Outcome(
        exit_code([report]), json.dumps(report.to_dict(), indent=2) if options.json else str(report)
    )


def _check_harness(options: argparse.Namespace, patterns: Mapping[str, str]) -> Outcome:
    answers = run_harness(
        options.command,
        options.objective,
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
        "\n".join(f"{_NAME}: {line}" for line in complaints),
    )


def _reports(
    answers: Answers,
    options: argparse.Namespace,
    patterns: Mapping[str, str],
    name: str,
) -> list[Report]:
    """One report an objective; none where the harness never began. A pattern that matches nothing at all goes to the first."""
    unused = {pattern for pattern in patterns if not fnmatch.filter(answers, pattern)}
    reports = []
    for objective in answers.implements:
        own = {
            vector_id: answer
            for vector_id, answer in answers.items()
            if vector_id.split("/")[0] == objective
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
                    _convention(options, objective),
                    wanted,
                    name=name,
                )
            )
    return reports


def _explain(options: argparse.Namespace) -> Outcome:
    vector = find(options.id)
    report = check_answers(
        vector.objective.name,
        {vector.id: _got(options.got)},
        options.dtype,
        _convention(options, vector.objective.name),
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


def _emit(options: argparse.Namespace) -> Outcome:
    from nce_ref.oracle.authoring import (
        emit,
    )  # recomputes 40 digits: its imports are not for every command

    names = options.names or None
    if options.check:
        different = emit.recompute(names=names)
        return Outcome(
            FAILED if different else PASSED,
            "\n".join(different) or "every expected number was computed again and is the same",
        )
    return Outcome(
        PASSED,
        "\n".join(f"changed: {name}" for name in emit.emit(names=names)) or "nothing changed",
    )


def _lint(options: argparse.Namespace) -> Outcome:
    from nce_ref.oracle.authoring.lint import lint

    found = lint()
    return Outcome(FAILED if found else PASSED, "\n".join(found) or "the vectors keep their format")


def _mistakes(options: argparse.Namespace) -> Outcome:
    return Outcome(
        PASSED, describe_mistakes() if options.id is None else describe_mistake(options.id)
    )


def _convention(options: argparse.Namespace, objective: str) -> Convention:
    """The words that were said; those that were not are the objective's own."""
    return own_convention(
        find_objective(objective), options.sense, options.reduction, options.c_sign
    )


def _parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog=_NAME, description=_ABOUT, epilog=_EXAMPLES, formatter_class=plain
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Any, summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
        )
        sub.set_defaults(run=run)
        return sub

    sub = command("list", _list, "list the objectives and their reference vectors")
    _add_selection(sub)

    sub = command(
        "show", _show, "show one vector: its inputs, what is expected, and what it is for"
    )
    sub.add_argument("id", metavar="ID", help="a vector's id, as list prints it")
    sub.add_argument("--json", action="store_true", help="as JSON, with all 40 digits")

    sub = command(
        "check",
        _check,
        "check a Python function, or a program in any language, against the vectors",
    )
    sub.usage = f"{_NAME} check [options] package.module:name   or   {_NAME} check [options] -- COMMAND [ARGUMENTS]"
    sub.add_argument(
        "implementation",
        nargs="?",
        metavar="package.module:name",
        help="a function; the current folder is searched first",
    )
    _add_selection(
        sub,
        "which objective it is (default: by its name or parameters; of a harness, all that it offers)",
    )
    _add_convention(sub)
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
    _add_convention(sub)

    sub = command(
        "emit",
        _emit,
        "compute the vectors' expected numbers from their inputs and write them (for those who add vectors)",
    )
    sub.add_argument("names", nargs="*", metavar="OBJECTIVE", help="whose vectors (default: all)")
    sub.add_argument(
        "--check",
        action="store_true",
        help="write nothing; say which stored number differs from the one computed now",
    )

    command("lint", _lint, "check the vectors' own files: ids, counts, flags, notes, hashes")
    command_truth.add(command, Outcome)
    sub = command("mistakes", _mistakes, "describe the mistakes that are known by name")
    sub.add_argument("id", nargs="?", metavar="MISTAKE", help="one of them in full")
    return parser


def _add_selection(parser: argparse.ArgumentParser, text: str = "only this one") -> None:
    parser.add_argument(
        "--objective",
        choices=OBJECTIVES,
        metavar="OBJECTIVE",
        help=f"{text}; one of {', '.join(OBJECTIVES)}",
    )
    parser.add_argument(
        "--flag",
        action="append",
        default=[],
        metavar="FLAG",
        help="only vectors with this flag; may be repeated",
    )


def _add_convention(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dtype",
        choices=DTYPES,
        default="float64",
        help="of the inputs and of the tolerance (default: float64)",
    )
    parser.add_argument(
        "--sense",
        choices=SENSES,
        help="minimise for a loss, -J (default: as the objective has it, mostly maximise)",
    )
    parser.add_argument(
        "--reduction",
        choices=REDUCTIONS,
        help="what sums are divided by (default: as the objective has it, mostly per_data)",
    )
    parser.add_argument(
        "--c-sign",
        choices=C_SIGNS,
        help="is c added to ln p_m or subtracted (default: added)",
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a number of seconds above 0")
    return value
