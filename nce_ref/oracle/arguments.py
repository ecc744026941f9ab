"""Implementations whose arguments have names of their own, or none: declared, not adapted.

    oracle.check(loss, "binary_nce", arguments={"log_p_pos": "log_model_data", "k": "nu"})
    oracle.check(loss, "nce_from_log_ratios", arguments=["log_ratio_data", "log_ratio_noise", "nu"])     # positional, in this order

Conventions
-----------
keys      the implementation's own names, or positions from 0; a list is positions 0, 1, 2, ...
values    the objective's names, each at most once
the rest  what is not declared goes by the objective's own name. What follows from the sizes of the others (nu) is left
          out where the implementation does not take it; in a layout (rows: nu = k) that needs no declaration
"""  # noqa: E501

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nce_ref.oracle.families.base import Objective
from nce_ref.oracle.words import did_you_mean

Arguments = Mapping[str | int, str] | Sequence[str]
BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def with_own_names(
    impl: Callable[..., Any], target: Objective, arguments: Arguments | None
) -> Callable[..., Any]:
    """``impl`` as a callable by the objective's names. Raises ValueError for a declaration that cannot be followed.

    What an adapter made (``adapters.torch(loss, objective)``) is made again around the renamed function.
    """
    if arguments is None:
        # In a layout nu is the shape's own: whoever does not take it reads it off there.
        taken = _parameters(impl)
        if target.layout == "flat" or all(_takes(taken, name) for name in target.follows):
            return impl
        arguments = {}
    if (made := getattr(impl, "adapted_from", None)) is not None:
        adapter, function, objective = made
        return adapter(with_own_names(function, target, arguments), objective)
    parameters = _parameters(impl)
    declared = _read(arguments, target, parameters)
    positions = [declared[key] for key in sorted(key for key in declared if isinstance(key, int))]
    names = {str(key): ours for key, ours in declared.items() if not isinstance(key, int)}
    said = {*positions, *names.values()}
    for ours in target.arguments:
        if ours not in said and not (ours in target.follows and not _takes(parameters, ours)):
            names[ours] = ours

    def renamed(**inputs: Any) -> Any:
        return impl(
            *(inputs[ours] for ours in positions),
            **{theirs: inputs[ours] for theirs, ours in names.items()},
        )

    for attribute in ("__name__", "__qualname__"):
        own = getattr(impl, attribute, type(impl).__name__)
        setattr(renamed, attribute, own)
    return renamed


def read_arguments(text: str) -> Arguments:
    """What a command line says: ``theirs=ours,theirs=ours``, or ``ours,ours`` for positions. Raises ValueError."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not any("=" in part for part in parts):
        return parts
    found: dict[str | int, str] = {}
    for part in parts:
        theirs, equals, ours = (word.strip() for word in part.partition("="))
        if not (theirs and equals and ours):
            raise ValueError(f"arguments: got {part!r}; expected NAME=OURS,NAME=OURS or OURS,OURS")
        found[int(theirs) if theirs.isdigit() else theirs] = ours
    return found


def call_to_declare(renamed: Mapping[str, str], target: Objective) -> str:
    """The line to type."""
    said = ", ".join(f'"{theirs}": "{ours}"' for theirs, ours in renamed.items())
    return f'oracle.check(impl, "{target.name}", arguments={{{said}}})'


def _parameters(impl: Callable[..., Any]) -> Mapping[str, inspect.Parameter] | None:
    try:
        return inspect.signature(impl).parameters
    except (TypeError, ValueError):
        return None


def _takes(parameters: Mapping[str, inspect.Parameter] | None, name: str) -> bool:
    if parameters is None:
        return True
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return True
    return name in parameters and parameters[name].kind in BY_NAME


def _read(
    arguments: Arguments, target: Objective, parameters: Mapping[str, inspect.Parameter] | None
) -> dict[str | int, str]:
    expected = ", ".join(target.arguments)
    if isinstance(arguments, str) or not isinstance(arguments, Mapping | Sequence):
        raise ValueError(
            f"arguments: got {arguments!r}; expected a dict of its own names and some of {expected}, or a list of these"
        )
    pairs: dict[str | int, str] = {}
    pairs.update(arguments if isinstance(arguments, Mapping) else enumerate(arguments))
    seen: set[str] = set()
    for theirs, ours in pairs.items():
        if ours not in target.arguments:
            near = did_you_mean(ours, target.arguments)
            raise ValueError(
                f"arguments: got {ours!r} for {theirs!r}; expected some of {expected}{near}"
            )
        if ours in seen:
            raise ValueError(f"arguments: got {ours!r} twice; expected each once")
        seen.add(ours)
        if isinstance(theirs, bool) or not isinstance(theirs, str | int):
            raise ValueError(f"arguments: got the key {theirs!r}; expected a name or a position")
        if isinstance(theirs, str) and not _takes(parameters, theirs):
            known = [name for name, p in (parameters or {}).items() if p.kind in BY_NAME]
            near = did_you_mean(theirs, known)
            raise ValueError(
                f"arguments: got {theirs!r}, which it does not take by name; it takes"
                f" {', '.join(known) or 'none'}{near}"
            )
    positions = sorted(key for key in pairs if isinstance(key, int))
    if positions != list(range(len(positions))):
        raise ValueError(
            f"arguments: got the positions {', '.join(map(str, positions))}; expected 0, 1, 2, ... without a gap"
        )
    return pairs
