"""The reference of the public face: every name's docstring has the sections that a reader expects, and its example runs."""

from __future__ import annotations

import dataclasses
import doctest
import inspect
import re

import pytest

import nce_ref as nr

PUBLIC = {name: getattr(nr, name) for name in nr.__all__ if callable(getattr(nr, name))}
SECTIONS = ("Parameters", "Attributes", "Returns", "Raises", "Notes", "Examples")


def sections(docstring):
    """The headings that are underlined as numpydoc has it."""
    return [name for name in SECTIONS if re.search(rf"^{name}\n-{{{len(name)}}}$", docstring, re.M)]


def missing(name, thing):
    found = sections(inspect.getdoc(thing) or "")
    if not inspect.isclass(thing):
        return [one for one in ("Parameters", "Returns", "Raises", "Examples") if one not in found]
    if getattr(thing, "_is_protocol", False):
        return [one for one in ("Examples",) if one not in found]
    if dataclasses.is_dataclass(thing) and not name.endswith("Weight"):
        return [one for one in ("Attributes",) if one not in found]
    return [one for one in ("Examples",) if one not in found]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_example_runs(name):
    thing = PUBLIC[name]
    tests = doctest.DocTestFinder(recurse=False).find(thing, name, globs={})
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    told = []
    for one in tests:
        runner.run(one, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)
