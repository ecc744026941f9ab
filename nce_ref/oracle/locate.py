"""From words to things: the function that ``package.module:name`` means, its objective, and a file of expected
failures."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nce_ref.oracle import adapters
from nce_ref.oracle.arguments import read_arguments, with_own_names
from nce_ref.oracle.check import parameter_names
from nce_ref.oracle.objectives import OBJECTIVES, find_objective
from nce_ref.oracle.words import did_you_mean

ADAPTERS = ("torch", "jax")


def find_implementation(name: str) -> Callable[..., Any]:
    """The callable of ``package.module:name``. Raises ValueError saying which part was not found, and why."""
    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        raise ValueError(f"{name!r}: expected package.module:name")
    try:
        found: Any = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # an import runs anybody's code
        raise ValueError(
            f"{name!r}: importing {module_name} raised {type(error).__name__}: {error}"
        ) from None
    for part in attribute.split("."):
        if not hasattr(found, part):
            offered = ", ".join(
                key
                for key, value in vars(found).items()
                if callable(value) and not key.startswith("_")
            )
            raise ValueError(
                f"{name!r}: {module_name} has no {attribute!r}; it offers {offered or 'no function'}"
                + did_you_mean(part, vars(found))
            )
        found = getattr(found, part)
    if not callable(found):
        raise ValueError(f"{name!r}: is a {type(found).__name__}; expected a function")
    return found


def objective_of(impl: Callable[..., Any], name: str) -> str:
    """The objective that a function is meant to be: by its name, else by its parameters. Raises ValueError where
    neither tells."""
    own = name.rpartition(":")[2].rpartition(".")[2]
    if own in OBJECTIVES:
        return own
    parameters = parameter_names(impl)
    meant = [
        objective.name
        for objective in OBJECTIVES.values()
        if list(objective.arguments) == parameters
    ]
    if len(meant) == 1:
        return meant[0]
    why = f"its parameters ({', '.join(parameters)}) fit {' and '.join(meant) or 'none'}"
    raise ValueError(f"{name!r}: which objective is it? {why}; name one of {', '.join(OBJECTIVES)}")


def prepared(
    impl: Callable[..., Any], objective: str, adapter: str | None, arguments: str | None
) -> Callable[..., Any]:
    """The callable as it is to be checked: under the objective's names, tensors in and arrays out. Raises
    ValueError."""
    declared = read_arguments(arguments) if arguments else None
    impl = with_own_names(impl, find_objective(objective), declared)
    if adapter is None:
        return impl
    try:
        adapt = {"torch": adapters.torch, "jax": adapters.jax}[adapter]
        return adapt(impl, objective)
    except ImportError as error:
        raise ValueError(f"--adapter {adapter}: {error}") from None


def expected_failures(path: Path) -> dict[str, str]:
    """{pattern: reason} from lines ``pattern: reason``; empty lines and lines that begin with # say nothing.

    Raises ValueError naming the line that has no reason, or the file that cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        pattern, colon, reason = line.partition(":")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not (colon and reason.strip()):
            raise ValueError(
                f"{path}, line {number}: got {line!r}; expected 'pattern of ids: reason'"
            )
        found[pattern.strip()] = reason.strip()
    return found
