"""A copy of an object that keeps all it has in its ``__dict__``, as objectives and passes do."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def sibling(thing: T) -> T:
    """Return what ``copy.copy`` does, in a tenth of its time: dozens of times a fit it goes the long way round by the
    pickle protocol."""
    other = object.__new__(type(thing))
    other.__dict__.update(thing.__dict__)
    return other
