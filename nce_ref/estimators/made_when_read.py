"""A field of words that is made when it is first read."""

from __future__ import annotations

from typing import cast


class MadeWhenRead:
    """The field ``Fit.warnings``: a tuple of strings, or what returns one, which is called once, when the field is
    first read.

    The checks take as long as some evaluations of a fit to a thousand points; who fits thousands of times and reads no
    warning need not wait for them.
    """

    def __get__(self, fit: object | None, owner: type | None = None) -> tuple[str, ...]:
        if fit is None:
            return ()
        words = fit.__dict__["warnings"]
        if callable(words):
            words = fit.__dict__["warnings"] = words()
        return cast(tuple[str, ...], words)

    def __set__(self, fit: object, words: object) -> None:
        fit.__dict__["warnings"] = () if words is self else words
