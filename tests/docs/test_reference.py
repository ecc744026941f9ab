"""The reference of the public face: every name's docstring has the sections that a reader expects, and its example
runs."""

from __future__ import annotations

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


def missing(thing):
    """The sections that are expected of a function, of what is constructed by the reader, of a result and of a
    protocol, and are not there."""
    if not inspect.isclass(thing):
        expected = ("Parameters", "Returns", "Raises", "Examples")
    elif getattr(thing, "_is_protocol", False):
        expected = ("Examples",)
    else:
        expected = ("Parameters", "Examples") if has_parameters(thing) else ("Attributes",)
    return [one for one in expected if one not in sections(inspect.getdoc(thing) or "")]


def has_parameters(thing):
    """Results are made by functions and have attributes; everything else is made by the reader."""
    return "Attributes" not in sections(inspect.getdoc(thing) or "")


@pytest.mark.parametrize("name", PUBLIC)
def test_every_docstring_has_its_sections(name):
    assert missing(PUBLIC[name]) == []


def test_a_missing_section_is_told():
    def one(x):
        """Do it.

        Parameters
        ----------
        x : float
        """

    assert missing(one) == ["Returns", "Raises", "Examples"]
    assert missing(type("Plain", (), {"__doc__": "Nothing."})) == ["Parameters", "Examples"]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_example_runs(name):
    thing = PUBLIC[name]
    tests = doctest.DocTestFinder(recurse=False).find(thing, name, globs={})
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    told = []
    for one in tests:
        runner.run(one, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)
