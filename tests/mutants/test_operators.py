"""The mutants are other programs, each differs in one place, and a mutant of every kind is seen or missed as it ought
to be."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.operators import mutants_of, mutated

ROOT = Path(__file__).resolve().parents[2]
SOURCE = '''"""A docstring stays."""
LIMIT = 1e-9

def f(a: dict[str, int], b, flag=True) -> float:
    """So does this one."""
    total = a[0, 1] * -b
    total += sum(b[2:], axis=1)
    if not flag and total <= 3:
        raise ValueError(f"total: {total + 1}")
    return g(total, b) if flag else max(total.T, 2.0)
'''


def told(operator):
    return {
        f"{mutant.before} -> {mutant.after}"
        for mutant in mutants_of(SOURCE)
        if mutant.operator == operator
    }


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("arithmetic", {"a[0, 1] * -b -> a[0, 1] / -b", "total += sum(b[2:], axis=1) -> total -= sum(b[2:], axis=1)"}),
        ("sign", {"a[0, 1] * -b -> -(a[0, 1] * -b)", "-b -> b"}),
        ("comparison", {"total <= 3 -> total < 3", "total <= 3 -> total > 3",
                        "max(total.T, 2.0) -> min(total.T, 2.0)"}),
        ("index", {"a[0, 1] -> a[1, 0]", "b[2:] -> b[2 + 1:]", "sum(b[2:], axis=1) -> sum(b[2:], axis=0)",
                   "total.T -> total"}),
        ("constant", {"1e-09 -> 1e-07", "True -> False", "0 -> 1", "1 -> 2", "2 -> 3", "3 -> 4", "2.0 -> 4.0"}),
        ("swapped arguments", {"g(total, b) -> g(b, total)"}),
        ("boolean", {"not flag -> flag", "not flag and total <= 3 -> not flag or total <= 3",
                     "g(total, b) if flag else max(total.T, 2.0) -> max(total.T, 2.0) if flag else g(total, b)"}),
    ],
)  # fmt: skip
def test_what_each_operator_does(operator, expected):
    found = told(operator)
    # 1e-9 * 100 is not 1e-7 to the last digit.
    assert {text.replace("1.0000000000000001e-07", "1e-07") for text in found} == expected


def test_statements_and_returns():
    dropped = {
        mutant.line for mutant in mutants_of(SOURCE) if mutant.operator == "dropped statement"
    }
    assert dropped == {7, 8, 9} and all(text.endswith("pass") for text in told("dropped statement"))
    assert told("return value") == {
        "return g(total, b) if flag else max(total.T, 2.0) -> "
        "return -(g(total, b) if flag else max(total.T, 2.0))"
    }


def test_every_mutant_is_another_program_in_one_place_and_the_source_stays():
    path = ROOT / "nce_ref" / "objectives" / "nce.py"
    source = path.read_text(encoding="utf-8")
    before = ast.unparse(ast.parse(source)).splitlines()
    found = mutants_of(source)
    assert len({mutant.number for mutant in found}) == len(found) > 50
    for mutant in found[::7]:
        after = ast.unparse(mutated(source, mutant.number)).splitlines()
        assert after != before
        shorter = min(len(before), len(after))
        head = next((k for k in range(shorter) if before[k] != after[k]), shorter)
        tail = next((k for k in range(shorter - head) if before[-1 - k] != after[-1 - k]), 0)
        # What differs is one run of lines; of a dropped `if` as many as it has.
        assert len(after) - head - tail <= 1 and len(before) - head - tail < 12
    with pytest.raises(ValueError, match="number: got 100000"):
        mutated(source, 100000)


PROGRAM = """
import ast
from pathlib import Path
from tests.mutants.operators import mutants_of, mutated
from tests.mutants.runner import run
root, module = Path.cwd(), "nce_ref/special.py"
source = (root / module).read_text(encoding="utf-8")
tests = ["tests/test_special.py::test_infinities_give_the_limits_and_nan_gives_nan[sigmoid]"]
wrong = next(m for m in mutants_of(source) if m.operator == "swapped arguments" and m.before.startswith("np.abs("))
for tree in (None, ast.parse(source), mutated(source, wrong.number)):
    print(run(root, module, tree, tests, {}, 60.0).verdict)
print(run(root, module, None, [], {}, 60.0).by)
"""


def test_the_runner_tells_a_mutant_from_the_module_itself():
    """In a process of its own, which has not imported the module yet."""
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert answer.stdout.split("\n")[:4] == [
        "survived",
        "survived",
        "killed",
        "no test executes it",
    ], answer.stderr
