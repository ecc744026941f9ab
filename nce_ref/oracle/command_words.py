"""What the commands of ``nce-ref`` share: the outcome, the exit codes, and the options that several of them take."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from nce_ref.oracle.conventions import C_SIGNS, REDUCTIONS, SENSES, Convention, own_convention
from nce_ref.oracle.objectives import OBJECTIVES, find_objective
from nce_ref.oracle.tolerance import DTYPES

PASSED, FAILED, BROKEN = 0, 1, 2
NAME = "nce-ref"


@dataclass(frozen=True)
class Outcome:
    """What to print where, and the exit code."""

    code: int
    out: str = ""
    complaint: str = ""


def read_convention(options: argparse.Namespace, objective: str) -> Convention:
    """The words that were said; those that were not are the objective's own."""
    return own_convention(
        find_objective(objective),
        options.sense,
        options.reduction,
        options.c_sign,
        tuple(options.choice),
    )


def add_selection(parser: argparse.ArgumentParser, text: str = "only this one") -> None:
    """Which vectors: --objective and --flag."""
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


def add_convention(parser: argparse.ArgumentParser) -> None:
    """What is declared: --dtype, --sense, --reduction, --c-sign and --choice."""
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
    parser.add_argument(
        "--choice",
        action="append",
        default=[],
        metavar="WORD",
        help="another choice that the objective has, as the report prints it; may be repeated",
    )
