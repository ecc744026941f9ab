"""The house's rules, read off the source: what may import what, no hidden randomness, no long file, no bare name.

Every rule is one line of ``violations``; every rule has a plant, a small module that breaks it and must be reported.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "nce_ref"

# From the ground up; a module imports its own room and rooms below. The longest matching prefix decides.
FLOORS = {
    "_argument_order": 0,
    "_checks": 0,
    "_html": 0,
    "_compensated": 1,
    "special": 1,
    "_ladder": 1,
    "matching": 1,
    "gradient_report": 1,
    "gradcheck": 2,
    "hmc": 2,
    "trace": 2,
    "weights": 2,
    "models.base": 2,
    "models.moments": 1,
    "models.tails": 1,
    "models": 3,
    "noise": 4,
    "check_report": 1,
    "check_look": 3,
    "check_density": 5,
    "check_noise": 6,
    "check_model": 6,
    "importance": 5,
    "objectives": 5,
    "optimize": 6,
    "population": 6,
    "population_objectives": 7,
    "asymptotics_rules": 5,
    "asymptotics_layers": 6,
    "asymptotics": 7,
    "asymptotics_weights": 8,
    "asymptotics_contrastive_rules": 7,
    "asymptotics_contrastive": 8,
    "estimators": 8,
    "oracle": 9,
    "pytest_plugin": 10,
    "__init__": 11,
    "__main__": 12,
}
ABSTRACT_MODELS = (
    "models.base",
    "models.from_functions",
    "models.layers",
    "models.moments",
    "models.tails",
)  # what a model must offer, without a model
# What makes the oracle's numbers: from the standard library and each other alone.
EXACT = re.compile(r"oracle\.(numbers(\.\w+)?|families\.\w+\.exact\w*)")
KNOW_NO_MODEL = (
    "objectives",
    "optimize",
    "estimators",
    "asymptotics",
    "asymptotics_weights",
    "asymptotics_contrastive",
    "asymptotics_contrastive_rules",
    "weights",
)
GUESTS = {
    "pytest_plugin": {"pytest"},
    "oracle.adapters": {"jax", "autograd", "torch", "tensorflow"},
}  # nothing imports these two
# ``--adapter torch`` of the command line and of pytest; no framework is imported before it is asked for.
MAY_IMPORT_A_GUEST = {("oracle.locate", "oracle.adapters")}
MAY_PRINT = ("__main__", "pytest_plugin")
MAX_LINES = 400
# Examples for other languages: not modules but programs, run apart; they may print, and import the standard library
# alone.
PROGRAMS = "oracle.harnesses"
MAX_PROGRAM_LINES = 59
# Examples for readers: programs that print, on the package as a whole; nothing imports them.
EXAMPLES = "examples"
RANDOM_TYPES = {"Generator", "BitGenerator", "SeedSequence", "PCG64", "Philox", "default_rng"}


def violations(package: Path) -> list[str]:
    """Every breach of a rule in the package's source, as 'module: what'."""
    found: list[str] = []
    graph: dict[str, set[str]] = {}
    everything = {_name(path, package): path for path in sorted(package.rglob("*.py"))}
    examples = {name for name in everything if name.split(".")[0] == EXAMPLES}
    for name in sorted(examples):
        text = everything[name].read_text(encoding="utf-8")
        found += [f"{name}: has no docstring"] if ast.get_docstring(ast.parse(text)) is None else []
        if (lines := text.count("\n")) > MAX_PROGRAM_LINES:
            found.append(f"{name}: {lines} lines, more than {MAX_PROGRAM_LINES}")
    everything = {name: path for name, path in everything.items() if name not in examples}
    names = {name for name in everything if not name.startswith(PROGRAMS)}
    for name in sorted(everything.keys() - names):
        found += [
            f"{name}: {what}" for what in _program(everything[name].read_text(encoding="utf-8"))
        ]
    for name in sorted(names):
        path = everything[name]
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        found += [
            f"{name}: imports {target}, a program"
            for target, _ in _imports(tree, path, package)
            if _is_program(target)
        ]
        inner = {
            _closest(target, names)
            for target, _ in _imports(tree, path, package)
            if _is_inner(target)
        }
        graph[name] = inner - {name}
        rules = [
            _outer_imports(name, tree, path, package),
            _floors(name, inner),
            _randomness(tree),
            _docstrings(tree),
            _prints(name, tree),
        ]
        found += [f"{name}: {what}" for rule in rules for what in rule]
        if (lines := text.count("\n")) > MAX_LINES:
            found.append(f"{name}: {lines} lines, more than {MAX_LINES}")
    for folder in sorted({everything[name].parent for name in names}):
        if not (folder / "__init__.py").exists():
            found.append(
                f"{folder.relative_to(package).as_posix()}/: no __init__.py, so it would not be installed"
            )
    return found + [
        f"{name}: imports itself in a circle, by way of {other}" for name, other in _circles(graph)
    ]


def _name(path: Path, package: Path) -> str:
    """models/gaussian.py -> models.gaussian, models/__init__.py -> models, __init__.py -> __init__."""
    parts = list(path.relative_to(package).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _is_program(target: str) -> bool:
    return f"{target}.".startswith((f"nce_ref.{PROGRAMS}.", f"nce_ref.{EXAMPLES}."))


def _program(text: str) -> Iterator[str]:
    tree = ast.parse(text)
    if ast.get_docstring(tree) is None:
        yield "has no docstring"
    for node in ast.walk(tree):
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        foreign = [
            module for module in modules if module.split(".")[0] not in sys.stdlib_module_names
        ]
        yield from (f"imports {module}: the standard library alone" for module in foreign)
    if (lines := text.count("\n")) > MAX_PROGRAM_LINES:
        yield f"{lines} lines, more than {MAX_PROGRAM_LINES}"


def _is_inner(target: str) -> bool:
    return target == "nce_ref" or target.startswith("nce_ref.")


def _closest(target: str, names: set[str]) -> str:
    """The module that 'nce_ref.models.base.Model' is found in; 'nce_ref' itself is '__init__'."""
    parts = target.split(".")[1:]
    while parts and ".".join(parts) not in names:
        parts.pop()
    return ".".join(parts) or "__init__"


def _imports(tree: ast.Module, path: Path, package: Path) -> Iterator[tuple[str, bool]]:
    """(absolute dotted name, whether at the top level); 'from a import b' gives a.b."""
    top = set(map(id, tree.body))
    folder = ["nce_ref", *path.relative_to(package).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in top
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join(
                    folder[: len(folder) - node.level + 1] + ([node.module] if node.module else [])
                )
                if node.level
                else node.module
            )
            for alias in node.names:
                yield f"{base}.{alias.name}", id(node) in top


def _outer_imports(name: str, tree: ast.Module, path: Path, package: Path) -> Iterator[str]:
    for target, at_top in _imports(tree, path, package):
        root = target.split(".")[0]
        if root == "nce_ref":
            inner = target.removeprefix("nce_ref.").split(".")
            if EXACT.fullmatch(name) and not any(
                EXACT.fullmatch(".".join(inner[:n])) for n in range(1, len(inner) + 1)
            ):
                yield f"imports {target}: the oracle's numbers must not come from the code they judge"
        elif EXACT.fullmatch(name) and root not in sys.stdlib_module_names:
            yield f"imports {root}: decimal and the standard library only"
        elif root == "random":
            yield "imports random: randomness comes in as a numpy.random.Generator"
        elif root in ("numpy", "scipy") or root in sys.stdlib_module_names:
            continue
        elif root in GUESTS.get(name, ()):
            if at_top and name == "oracle.adapters":
                yield f"imports {root} at the top: a framework is imported where it is used"
        else:
            yield f"imports {root}: only NumPy, SciPy and the standard library"


def _floors(name: str, inner: set[str]) -> Iterator[str]:
    if _prefix(name) is None:
        yield "has no floor: add it to FLOORS"
        return
    for other in sorted(inner - {name}):
        here, there = _prefix(name), _prefix(other)
        if other in GUESTS and (name, other) not in MAY_IMPORT_A_GUEST:
            yield f"imports {other}: nothing may"
        elif there is None:
            yield f"imports {other}, which has no floor"
        elif here != there and FLOORS[there] >= FLOORS[here]:
            yield f"imports {other}, which is not below it"
        elif (
            name.split(".")[0] in KNOW_NO_MODEL
            and other.split(".")[0] in ("models", "__init__")
            and other not in ABSTRACT_MODELS
        ):
            yield f"imports {other}: it must not know a concrete model"


def _prefix(name: str) -> str | None:
    parts = name.split(".")
    return next((p for n in range(len(parts), 0, -1) if (p := ".".join(parts[:n])) in FLOORS), None)


def _randomness(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and ast.unparse(node.value) in ("np.random", "numpy.random")
            and node.attr not in RANDOM_TYPES
        ):
            yield f"uses {ast.unparse(node)}: the global random state"
        elif (
            isinstance(node, ast.ImportFrom)
            and node.module == "numpy.random"
            and not {a.name for a in node.names} <= RANDOM_TYPES
        ):
            yield f"has '{ast.unparse(node)}': the global random state"
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith("default_rng")
            and not node.args + node.keywords
        ):
            yield "calls default_rng() without a seed"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "rvs"
        ):
            if "random_state" not in {k.arg for k in node.keywords}:
                yield "calls .rvs() without random_state: the global random state"


def _docstrings(tree: ast.Module) -> Iterator[str]:
    if ast.get_docstring(tree) is None:
        yield "has no docstring"
    for node in tree.body:
        if (
            isinstance(node, ast.FunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and ast.get_docstring(node) is None
        ):
            yield f"{node.name} has no docstring"


def _prints(name: str, tree: ast.Module) -> Iterator[str]:
    if name.split(".")[-1] not in MAY_PRINT:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "print",
                "sys.stdout.write",
                "sys.stderr.write",
            ):
                yield f"line {node.lineno} prints"


def _circles(graph: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        stack = [start]
        while stack:
            for following in graph.get(stack.pop(), set()) - seen:
                seen.add(following)
                stack.append(following)
        return seen

    for name in sorted(graph):
        for other in sorted(graph[name]):
            if name in reached(other):
                yield name, other


def test_the_package_keeps_every_rule():
    assert violations(PACKAGE) == []


def test_every_module_was_read():
    assert {"special", "_checks"} <= {_name(path, PACKAGE) for path in PACKAGE.rglob("*.py")}


PLANTS = {  # file, its source, what must be reported
    "framework": ("special.py", "import pandas", "special: imports pandas"),
    "framework, inside a function": (
        "special.py",
        "def _f():\n    import jax.numpy",
        "special: imports jax",
    ),
    "upwards": (
        "special.py",
        "from nce_ref.models.base import Model",
        "special: imports models.base, which is not below it",
    ),
    "upwards, relative": (
        "models/base.py",
        "from ..objectives import nce",
        "models.base: imports objectives, which is not below it",
    ),
    "sideways": (
        "special.py",
        "import nce_ref.matching",
        "special: imports matching, which is not below it",
    ),
    "the whole package": (
        "noise.py",
        "import nce_ref as nr",
        "noise: imports __init__, which is not below it",
    ),
    "optimiser knows a model": (
        "optimize/a.py",
        "from nce_ref.models.gaussian import Gaussian",
        "must not know a concrete model",
    ),
    "estimator knows the models": (
        "estimators/a.py",
        "from nce_ref.models import Gaussian",
        "must not know a concrete model",
    ),
    "asymptotics knows a model": (
        "asymptotics.py",
        "from nce_ref.models import gaussian",
        "must not know a concrete model",
    ),
    "replication": (
        "special.py",
        "import paper_replication.store",
        "special: imports paper_replication",
    ),
    "a guest is imported": (
        "oracle/check.py",
        "from nce_ref.oracle import adapters",
        "imports oracle.adapters: nothing may",
    ),
    "framework not lazy": ("oracle/adapters.py", "import jax", "imports jax at the top"),
    "oracle uses what it judges": (
        "oracle/families/nce/exact.py",
        "from nce_ref.special import sigmoid",
        "must not come from the code they judge",
    ),
    "oracle's arithmetic uses what it judges": (
        "oracle/numbers/logarithms.py",
        "from nce_ref import special",
        "the code they judge",
    ),
    "oracle's arithmetic uses NumPy": (
        "oracle/numbers/linear_algebra.py",
        "import numpy",
        "oracle.numbers.linear_algebra: imports numpy",
    ),
    "oracle uses NumPy": (
        "oracle/families/nce/exact.py",
        "import numpy",
        "oracle.families.nce.exact: imports numpy",
    ),
    "no floor": ("extra.py", "", "extra: has no floor"),
    "circle": (
        "models/gaussian.py",
        "from nce_ref.models import laplace",
        "models.gaussian: imports itself in a circle",
    ),
    "global seed": (
        "noise.py",
        "import numpy as np\nnp.random.seed(0)",
        "noise: uses np.random.seed",
    ),
    "global draw": ("noise.py", "from numpy.random import randn", "the global random state"),
    "unseeded": (
        "noise.py",
        "import numpy as np\n_r = np.random.default_rng()",
        "default_rng() without a seed",
    ),
    "scipy's global draw": (
        "noise.py",
        "from scipy.stats import norm\n_x = norm.rvs(3)",
        ".rvs() without random_state",
    ),
    "stdlib random": ("noise.py", "import random", "noise: imports random"),
    "print": ("noise.py", "print(1)", "noise: line 2 prints"),
    "a program is imported": (
        "oracle/check.py",
        "from nce_ref.oracle.harnesses import harness",
        "a program",
    ),
    "a program is imported, relative": (
        "oracle/check.py",
        "from .harnesses.harness import nce",
        "a program",
    ),
    "an example is imported": ("noise.py", "from nce_ref.examples import own_model", "a program"),
    "an example is long": (
        "examples/b.py",
        "\nprint()" * MAX_PROGRAM_LINES,
        "examples.b: 61 lines, more than 59",
    ),
    "a program needs NumPy": (
        "oracle/harnesses/b.py",
        "import numpy",
        "oracle.harnesses.b: imports numpy: the standard library alone",
    ),
    "a program needs the package": (
        "oracle/harnesses/b.py",
        "from nce_ref import oracle",
        "oracle.harnesses.b: imports nce_ref",
    ),
    "a program is long": (
        "oracle/harnesses/b.py",
        "\nprint()" * MAX_PROGRAM_LINES,
        "oracle.harnesses.b: 61 lines, more than 59",
    ),
    "no docstring, function": ("noise.py", "def f(): ...", "noise: f has no docstring"),
    "no docstring, class": ("noise.py", "class A: ...", "noise: A has no docstring"),
    "not installed": ("optimize/a.py", "", "optimize/: no __init__.py"),
    "too long": ("noise.py", "\n" * MAX_LINES, "noise: 401 lines, more than 400"),
}


@pytest.fixture
def package(tmp_path):
    """A package that keeps every rule."""
    sources = {
        "__init__.py": "from nce_ref.estimators.nce import fit",
        "special.py": "import numpy as np\nfrom scipy import special",
        "matching.py": "",
        "models/__init__.py": "from nce_ref.models.gaussian import Gaussian",
        "models/base.py": "class Model:\n    'A.'",
        "models/gaussian.py": "from ..special import sigmoid\nclass Gaussian:\n    'A.'",
        "models/laplace.py": "from nce_ref.models import gaussian",
        "objectives/__init__.py": "",
        "estimators/__init__.py": "",
        "oracle/__init__.py": "",
        "oracle/families/nce/exact.py": (
            "import decimal\nfrom nce_ref.oracle.numbers.logarithms import pi\nfrom"
            " nce_ref.oracle.numbers import logarithms"
        ),
        "oracle/numbers/__init__.py": "",
        "oracle/numbers/logarithms.py": "pi = 3",
        "oracle/families/__init__.py": "",
        "oracle/families/nce/__init__.py": "",
        "estimators/nce.py": (
            "from nce_ref.models.base import Model\ndef fit(rng: 'np.random.Generator'):\n    'A.'"
        ),
        "pytest_plugin.py": "import pytest",
        "oracle/adapters.py": "def f():\n    'A.'\n    import jax",
        "oracle/harnesses/a.py": "import json\nprint(json)",
        "__main__.py": "print(1)",
    }
    for file, source in sources.items():
        path = tmp_path / "nce_ref" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"'''A docstring.'''\n{source}\n")
    return tmp_path / "nce_ref"


def test_a_package_that_keeps_the_rules_passes(package):
    assert violations(package) == []


def test_a_module_without_docstring_is_caught(package):
    (package / "noise.py").write_text("x = 1\n")
    assert violations(package) == ["noise: has no docstring"]


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_breach_is_caught(package, plant):
    file, source, expected = PLANTS[plant]
    path = package / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"'''A docstring.'''\n{source}\n" if source.strip() else f"'''A docstring.'''{source}\n"
    )
    assert any(expected in what for what in violations(package)), violations(package)
