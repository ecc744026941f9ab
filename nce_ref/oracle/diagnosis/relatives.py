"""One objective's function handed to another: what comes out of it, and which objective to name instead."""

from __future__ import annotations

from collections.abc import Sequence

from nce_ref.oracle.families import FAMILIES
from nce_ref.oracle.families.base import Objective, Relative
from nce_ref.oracle.objectives import OBJECTIVES


def relatives_of(objective: Objective) -> tuple[Relative, ...]:
    """What may have been handed over in the place of an objective."""
    return tuple(
        relative
        for family in FAMILIES
        for relative in family.relatives
        if relative.at == objective.name
    )


def remedy(relative: Relative, named: Objective) -> str:
    """What to do about it."""
    if relative.use:
        return (
            f'if this function is what you meant, check it as oracle.check(impl, "{relative.use}")'
        )
    return f"hand the arguments over as {named.name} has them: {named.formula}"


def renamed_argument(
    required: Sequence[str], optional: Sequence[str], objective: Objective
) -> tuple[str, str] | None:
    """(its name here, its name there), where a function has all arguments of an objective but one, and one other in its
    place.

    None where it has all, where more than one has another name, or where its parameters are another objective's
    exactly.
    """
    names = {*required, *optional}
    missing = [name for name in objective.arguments if name not in names]
    if len(missing) != 1 or any(set(other.arguments) == names for other in OBJECTIVES.values()):
        return None
    others = [name for name in required if name not in objective.arguments]
    others = others or [name for name in optional if name not in objective.arguments]
    return (missing[0], others[0]) if len(others) == 1 else None


def recognise_signature(parameter_names: Sequence[str], objective: Objective) -> str | None:
    """Say so where a function's parameters are those of another objective; None where they fit, or fit none."""
    names = set(parameter_names)
    if not names or set(objective.arguments) <= names:
        return None
    others = [
        other
        for other in OBJECTIVES.values()
        if other is not objective and set(other.arguments) <= names
    ]
    if not others:
        return None
    widest = max(len(other.arguments) for other in others)
    fitting = [other.name for other in others if len(other.arguments) == widest]
    use = " or ".join(f'oracle.check(impl, "{name}")' for name in fitting)
    return (
        f"The parameters ({', '.join(parameter_names)}) are those of {' or '.join(fitting)}, "
        f"not of {objective.name} ({', '.join(objective.arguments)}): use {use}."
    )
