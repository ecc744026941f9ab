"""``nce-ref truth``: the right outputs at inputs from a file or the command line.

Conventions
-----------
inputs   a JSON object of the arguments by name: nested lists and numbers, or a whole test, whose "inputs" are taken; or
         an NPZ
printed  a line an output, or, where it has more than ``_SHOWN`` numbers, its first ones; as JSON all of them
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nce_ref.oracle.command_words import PASSED, Outcome, add_layout
from nce_ref.oracle.dtypes import TYPES
from nce_ref.oracle.truth import Truth, truth

_SHOWN = 6


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command."""
    sub = command("truth", _truth, "say the right outputs of an objective at inputs of your own")
    sub.add_argument("objective", metavar="OBJECTIVE", help="one that list names")
    add_layout(sub)
    sub.add_argument(
        "inputs",
        metavar="INPUTS",
        help="JSON like '{\"t\": [0.5]}', or @FILE with it, or @FILE.npz",
    )
    sub.add_argument("--digits", action="store_true", help="all 40 digits instead of float64")
    sub.add_argument(
        "--dtype", choices=TYPES, default="float64", help="of the allowance (default: float64)"
    )
    sub.add_argument("--json", action="store_true", help="every number, as JSON")


def _truth(options: argparse.Namespace) -> Outcome:
    found = truth(options.objective, layout=options.layout, **read_inputs(options.inputs))
    text = json.dumps(as_dict(found, options.digits, options.dtype), indent=2)
    return Outcome(PASSED, text if options.json else as_text(found, options.digits, options.dtype))


def read_inputs(text: str) -> dict[str, Any]:
    """What the argument says. Raises ValueError where it cannot be read."""
    if text.startswith("@") and text.endswith(".npz"):
        try:
            with np.load(text[1:], allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except (OSError, ValueError) as error:
            raise ValueError(f"inputs: {text[1:]} cannot be read: {error}") from None
    try:
        content = json.loads(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)
    except (OSError, ValueError) as error:
        shown = text[1:] if text.startswith("@") else repr(text[:60])
        raise ValueError(
            f"inputs: {shown} cannot be read: {error}; expected JSON like '{{\"t\": [0.5]}}', or @FILE"
        ) from None
    if isinstance(content, dict) and isinstance(content.get("inputs"), dict):
        content = content["inputs"]
    if not isinstance(content, dict):
        raise ValueError(
            f"inputs: got a {type(content).__name__}; expected an object of arguments by name"
        )
    return content


def as_dict(found: Truth, digits: bool, dtype: str) -> dict[str, Any]:
    """{"objective", "dtype", "outputs", "allowance"}, plain lists and numbers, decimals as strings."""
    values = found.decimals if digits else {name: value.tolist() for name, value in found.items()}
    allowed: Mapping[str, Any] = found.allowance(dtype)
    return {
        "objective": found.objective.name,
        "dtype": dtype,
        "outputs": dict(values),
        "allowance": {name: value.tolist() for name, value in allowed.items()},
    }


def as_text(found: Truth, digits: bool, dtype: str) -> str:
    """A line a number, the first ones of each output."""
    lines = [f"{found.objective.name}: {found.objective.formula}"]
    for name, allowed in found.allowance(dtype).items():
        decimals: Any = np.array(found.decimals[name], dtype=object) if digits else None
        for count, index in enumerate(np.ndindex(found[name].shape)):
            if count == _SHOWN:
                lines.append(f"{name}: and {found[name].size - count} more; --json shows all")
                break
            value = decimals[index] if digits else f"{found[name][index]:.17g}"
            where = f"[{', '.join(map(str, index))}]" if index else ""
            lines.append(f"{name}{where} = {value}   (+- {allowed[index]:.2g} in {dtype})")
    return "\n".join(lines)
