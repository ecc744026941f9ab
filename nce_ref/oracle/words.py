"""Did you mean: the nearest of the names that there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """``; did you mean 'binary_nce'?``, or nothing where no name is near."""
    names = {other.lower(): other for other in known}
    near = difflib.get_close_matches(str(name).lower(), names, 1)
    return f"; did you mean {names[near[0]]!r}?" if near else ""
