"""What the commands of ``nce-ref`` share: the outcome, the exit codes, and the options that several of them take."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from nce_ref.oracle.conventions import (
    C_SIGNS,
    NOISE_RATIOS,
    REDUCTIONS,
    SENSES,
    Convention,
    own_convention,
)
from nce_ref.oracle.dtypes import TYPES
from nce_ref.oracle.objectives import LAYOUTS, OBJECTIVES, find_objective

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
        options.noise_ratio,
    )


def add_selection(parser: argparse.ArgumentParser, text: str = "only this one") -> None:
    """Which vectors: --objective and --flag."""
    parser.add_argument(
        "--objective",
        type=known_objective,
        metavar="OBJECTIVE",
        help=f"{text}; one of {', '.join(OBJECTIVES)}",
    )
    add_layout(parser)
    parser.add_argument(
        "--flag",
        action="append",
        default=[],
        metavar="FLAG",
        help="only vectors with this flag; may be repeated",
    )


def add_layout(parser: argparse.ArgumentParser) -> None:
    """How the noise is laid out: --layout."""
    parser.add_argument(
        "--layout",
        choices=("flat", *dict.fromkeys(one.layout for one in LAYOUTS.values())),
        default="flat",
        help="how the noise is laid out (default: flat); --objective binary_nce/rows says the same",
    )


def laid_out(objective: str | None, layout: str) -> str | None:
    """The name of an objective in a layout. Raises ValueError where there is no such layout, or no objective to lay
    out."""
    if objective is None:
        if layout != "flat":
            raise ValueError(f"--layout {layout}: of which objective? Name it by --objective")
        return None
    return find_objective(objective, layout).name


def add_convention(parser: argparse.ArgumentParser) -> None:
    """What is declared: --dtype, --sense, --reduction, --c-sign, --noise-ratio and --choice."""
    parser.add_argument(
        "--dtype",
        choices=TYPES,
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
        "--noise-ratio",
        choices=NOISE_RATIOS,
        help="one for the objective of nu = 1 whatever the sizes, mean + mean without ln nu (default: sizes)",
    )
    parser.add_argument(
        "--choice",
        action="append",
        default=[],
        metavar="WORD",
        help="another choice that the objective has, as the report prints it; may be repeated",
    )


def known_objective(name: str) -> str:
    """The name of an objective, for argparse, which prints the complaint where there is none of it."""
    try:
        return find_objective(name).name
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None
