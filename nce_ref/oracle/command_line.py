"""What ``python -m nce_ref`` (installed as ``nce-ref``) does, as text and an exit code; ``__main__`` prints it.

Conventions
-----------
exit code  0 right, 1 wrong, 2 nothing could be judged: usage, a module that cannot be imported, a harness that cannot
           be run or was given up, vectors that cannot be read
stdout     the report (JSON where asked); what an implementation prints goes to stderr, as do complaints of code 2
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from nce_ref.oracle import command_authoring, command_check, command_show, command_truth
from nce_ref.oracle.command_words import BROKEN, NAME, Outcome
from nce_ref.oracle.vectors import MalformedVectors

_ABOUT = (
    "Check an implementation of noise-contrastive estimation against reference vectors, and learn"
    " what is wrong with it."
)
_EXAMPLES = """\
examples:
  nce-ref check mypackage.losses:nce_loss --objective binary_nce     a Python function, the vectors' arguments by name
  nce-ref check mypackage.losses:nce_loss --objective binary_nce --sense minimise --reduction mean
  nce-ref check -- ./my_harness                                      a program in any language, by lines of JSON
  nce-ref list --objective binary_nce                                what there is to be checked with
  nce-ref mistakes no-log-nu                                         what a mistake does, and its remedy

exit codes: 0 right, 1 wrong, 2 nothing could be judged (usage, import error, harness that cannot be run)"""


def run(argv: Sequence[str]) -> Outcome:
    """Do what the arguments say. Raises SystemExit only for --help and arguments that argparse refuses (code 2)."""
    before, command = list(argv), None
    if "--" in before:  # what follows is the harness's own, options and all
        at = before.index("--")
        before, command = before[:at], before[at + 1 :]
    parser = _parser()
    options = parser.parse_args(before)
    if command is not None and options.run is not command_check.run_check:
        parser.error("-- COMMAND goes with check")
    options.command = command
    try:
        outcome: Outcome = options.run(options)
    except (ValueError, MalformedVectors) as problem:
        return Outcome(BROKEN, complaint=f"{NAME}: {' '.join(str(problem).split())}")
    return outcome


def _parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog=NAME, description=_ABOUT, epilog=_EXAMPLES, formatter_class=plain
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Any, summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
        )
        sub.set_defaults(run=run)
        return sub

    command_show.add(command)
    command_check.add(command)
    command_authoring.add(command)
    command_truth.add(command)
    return parser
