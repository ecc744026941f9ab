"""``nce-ref emit`` and ``lint``, for those who add vectors."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from nce_ref.oracle.command_words import FAILED, PASSED, Outcome


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add both commands."""
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
