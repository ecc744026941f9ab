"""``python -m nce_ref``, installed as ``nce-ref``: prints what ``oracle.command_line`` has to say."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from nce_ref.oracle.command_line import run
from nce_ref.oracle.command_words import BROKEN


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        outcome = run(sys.argv[1:] if argv is None else argv)
    except (
        Exception
    ):  # else Python would leave with code 1, which says that the implementation is wrong
        traceback.print_exc()
        print("nce-ref: this is a fault of nce_ref, not of what was checked", file=sys.stderr)
        return BROKEN
    try:
        if outcome.out:
            print(outcome.out, flush=True)
    except (
        BrokenPipeError
    ):  # nce-ref list | head: nobody reads on, and Python would complain again at its exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if outcome.complaint:
        print(outcome.complaint, file=sys.stderr)
    return outcome.code


if __name__ == "__main__":
    sys.exit(main())
