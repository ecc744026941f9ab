"""The blocks of a page of the guide, and the page as a program: what the tests and the pictures share."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "nce_ref" / "docs"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(text):
    """(language, code) of every fenced block, in order."""
    return [(language, code) for language, code in _BLOCK.findall(text)]


def run(code, namespace, name):
    """What a block prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, name, "exec"), namespace)
    return printed.getvalue()


def namespace_of(name):
    """Every Python block of a page, run in order: its variables."""
    namespace = {}
    for language, code in blocks((DOCS / name).read_text(encoding="utf-8")):
        if language == "python":
            run(code, namespace, name)
    return namespace


def as_printed(path):
    """The page with the outputs as they come: what to write there where a block was changed."""
    text, name = path.read_text(encoding="utf-8"), path.name
    namespace, printed = {}, ""

    def one(match):
        nonlocal printed
        language, code = match.groups()
        if language == "python":
            printed = run(code, namespace, name)
        elif language == "text" and printed:
            code, printed = printed, ""
        return f"```{language}\n{code}```"

    return _BLOCK.sub(one, text)
