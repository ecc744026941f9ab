"""The files that judge know no objective by name: it says itself what is asked about it. Read off their source.

Each rule has a plant, a line that breaks it and must be found.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import nce_ref
from nce_ref.oracle.families import FAMILIES
from nce_ref.oracle.objectives import OBJECTIVES

PACKAGE = Path(nce_ref.__file__).parent
ORACLE = PACKAGE / "oracle"
# Formulas, and programs for other languages.
OWN = {"families", "numbers", "harnesses"}
GENERIC = [
    *(p for p in sorted(ORACLE.rglob("*.py")) if not OWN & set(p.relative_to(ORACLE).parts)),
    PACKAGE / "pytest_plugin.py",
]
ARGUMENTS = {name for objective in OBJECTIVES.values() for name in objective.arguments}
# What a convention may be: words that an argument may happen to be called by.
WORDS = {"sense", "reduction", "c_sign", "maximise", "minimise", "added", "subtracted"} | {
    "per_data",
    "half",
    "sum",
    "mean",
}


def documentation(tree: ast.Module) -> set[int]:
    """The docstrings' nodes."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found


def named(source: str) -> Iterator[str]:
    """Every string that is or begins with an objective's name, or is an argument's."""
    tree = ast.parse(source)
    outside = documentation(tree)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in outside
        ):
            text = node.value
            if text.startswith(tuple(OBJECTIVES)) or text in ARGUMENTS - WORDS:
                yield f"line {node.lineno}: {text!r}"


def families(source: str) -> Iterator[str]:
    """Every import from ``families`` but of what a family is made of, and of their list."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(
            "nce_ref.oracle.families"
        ):
            continue
        inner = (node.module or "").removeprefix("nce_ref.oracle.families").lstrip(".")
        names = {alias.name for alias in node.names}
        if inner == "" and names != {"FAMILIES"}:
            yield f"line {node.lineno}: {sorted(names)}"
        elif inner and inner not in ("base", "sizes"):
            yield f"line {node.lineno}: {inner}"


def is_older(other: str, family: str) -> bool:
    order = [one.name for one in FAMILIES]
    return other not in order or order.index(other) <= order.index(family)


def upwards(source: str, family: str) -> Iterator[str]:
    """What a family's file imports of the oracle beside numbers, what families are made of, and families that are not
    newer."""
    for node in ast.walk(ast.parse(source)):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        if module.startswith("nce_ref.oracle"):
            parts = module.split(".")[2:]
            ours = parts[:1] == ["numbers"] or (
                parts[:1] == ["families"] and len(parts) > 1 and is_older(parts[1], family)
            )
            if not ours:
                yield f"line {node.lineno}: {module}"


def test_the_generic_files_are_there():
    names = {path.relative_to(PACKAGE).as_posix() for path in GENERIC}
    assert {"pytest_plugin.py", "oracle/judge.py", "oracle/diagnosis/hints.py"} <= names
    assert {"oracle/authoring/flags.py", "oracle/kinks.py", "oracle/tolerance.py"} <= names


@pytest.mark.parametrize("path", GENERIC, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_generic_file_knows_no_objective_and_no_argument(path):
    source = path.read_text(encoding="utf-8")
    assert list(named(source)) == []
    assert list(families(source)) == []


@pytest.mark.parametrize(
    "plant",
    [
        'if objective.name == "binary_nce": pass',
        'x = "laplace_ica_nce_of_mine"',
        'inputs["noise_cov"]',
        'f("c")',
        "def f():\n    'A.'\n    return 'u'",
    ],
)
def test_a_name_is_found(plant):
    assert list(named(plant))


@pytest.mark.parametrize(
    "right", ['"""binary_nce."""', 'x = "mean"', 'def f():\n    "u"', 'f"see {binary_nce}"']
)
def test_what_is_no_name_is_not_found(right):
    assert not list(named(right))


@pytest.mark.parametrize(
    "plant",
    [
        "from nce_ref.oracle.families import nce",
        "from nce_ref.oracle.families.nce.objectives import BINARY_NCE",
        "def f():\n    from nce_ref.oracle.families.networks import textbook",
    ],
)
def test_a_family_read_past_the_list_is_found(plant):
    assert list(families(plant))


@pytest.mark.parametrize("family", [family.name for family in FAMILIES])
def test_a_family_stands_on_older_ones_alone(family):
    paths = sorted((ORACLE / "families" / family).glob("*.py"))
    assert {"__init__.py", "objectives.py"} <= {path.name for path in paths}
    for path in paths:
        assert list(upwards(path.read_text(encoding="utf-8"), family)) == [], path.name


@pytest.mark.parametrize(
    "plant",
    [
        "from nce_ref.oracle.families.networks.textbook import NetworkSteps",
        "from nce_ref.oracle.conventions import OURS",
        "def f():\n    from nce_ref.oracle.mistakes import CATALOGUE",
    ],
)
def test_a_family_that_looks_upwards_is_found(plant):
    assert list(upwards(plant, "nce"))
    assert not list(upwards("from nce_ref.oracle.families.kernels import exact", "nce"))


def test_every_folder_is_a_family_on_the_list():
    folders = {path.parent.name for path in (ORACLE / "families").glob("*/__init__.py")}
    assert folders == {family.name for family in FAMILIES}
