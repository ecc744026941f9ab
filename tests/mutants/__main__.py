"""``python -m tests.mutants record`` and ``run``: how many small changes to the numerical files the suite notices.

record   runs the tests once, to know which executes what (minutes)
run      draws mutants, the same for a seed whatever other files there are, and runs each against the tests that execute
         it; goes on where it was interrupted, and says what survived
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from pathlib import Path

import numpy  # noqa: F401  what every test needs is imported once, before the forks
import scipy.integrate
import scipy.linalg
import scipy.optimize
import scipy.special
import scipy.stats  # noqa: F401

from tests.mutants.operators import Mutant, mutants_of, mutated
from tests.mutants.runner import Outcome, run
from tests.mutants.selection import (
    MAP,
    ROOT,
    mirrors,
    no_kills,
    read_map,
    record,
    refuse_stale,
    tests_for,
)

_FIRST = 12
# The numerical files: everything of these folders, of the oracle the exact arithmetic alone.
SOURCES = (
    "nce_ref/*.py",
    *(f"nce_ref/{folder}/*.py" for folder in ("models", "objectives", "optimize", "estimators")),
    "nce_ref/noise/*.py",
    "nce_ref/oracle/exact*.py",
    "nce_ref/oracle/families/*/exact*.py",
    "nce_ref/oracle/numbers/*.py",
)
# No arithmetic of their own, or none that the numerical tests are meant to see.
OUTSIDE = {"__init__.py", "__main__.py", "pytest_plugin.py", "trace.py", "_checks.py"}
TESTS = (
    *("tests/models", "tests/objectives", "tests/optimize", "tests/estimators", "tests/noise"),
    *(f"tests/test_{word}*.py" for word in ("asymptotics", "gradcheck", "hmc", "importance")),
    *(f"tests/test_{word}*.py" for word in ("ladder", "matching", "noise", "special", "weights")),
    "tests/oracle/test_exact*.py",
    "tests/oracle/families/*/test_exact*.py",
    "tests/oracle/numbers",
)


def expand(patterns: tuple[str, ...]) -> list[str]:
    """What there is of the patterns, from the root."""
    return [str(f.relative_to(ROOT)) for p in patterns for f in sorted(ROOT.glob(p))]


def modules() -> list[str]:
    """The numerical files."""
    return [path for path in expand(SOURCES) if Path(path).name not in OUTSIDE]


def draw(module: str, share: float, seed: int) -> list[Mutant]:
    """A share of the mutants of a file, at least three."""
    every = mutants_of((ROOT / module).read_text(encoding="utf-8"))
    count = min(len(every), max(3, round(share * len(every))))
    return random.Random(f"{seed} {module}").sample(every, count)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("command", choices=["record", "run", "table"])
    parser.add_argument("--tests", nargs="*", default=expand(TESTS), help="what record runs")
    parser.add_argument("--files", nargs="*", default=[], help="only files whose path has this")
    parser.add_argument("--share", type=float, default=0.045, help="of all mutants (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of tests a mutant")
    options = parser.parse_args()
    chosen = [m for m in modules() if not options.files or any(w in m for w in options.files)]
    if options.command == "record":
        record(options.tests, chosen)
        return
    store = MAP.parent / f"outcomes-{options.seed}.jsonl"
    done = _read(store)
    if options.command == "run":
        known, kills = read_map(), no_kills()
        for module in chosen:
            refuse_stale(module, known)
            source = (ROOT / module).read_text(encoding="utf-8")
            for mutant in draw(module, options.share, options.seed):
                if (module, mutant.number, str(mutant)) not in done:
                    row = _run(module, source, mutant, known, kills, options.budget)
                    done[module, mutant.number, str(mutant)] = row
                    with store.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(row) + "\n")
    wanted = {
        (module, mutant.number, str(mutant))
        for module in chosen
        for mutant in draw(module, options.share, options.seed)
    }
    _print_table([row for key, row in done.items() if key in wanted])


def _run(module, source, mutant, known, kills, budget) -> dict:
    tree = mutated(source, mutant.number)
    tests = tests_for(module, mutant, known, kills)
    own = set(mirrors(module))
    others = [t for t in known["seconds"] if t.split("::")[0] in own and t not in set(tests)]
    outcome, n_tests, seconds = Outcome("survived", "no test executes it", 0, 0.0), 0, 0.0
    # The few that kill most by themselves: the rest asks for many more files to be read.
    for part in (tests[:_FIRST], tests[_FIRST:], others):
        if part:
            outcome = run(ROOT, module, tree, part, known["seconds"], budget)
            n_tests, seconds = n_tests + outcome.n_tests, seconds + outcome.seconds
            if outcome.verdict == "killed":
                break
    if outcome.verdict == "killed":
        kills[outcome.by] += 1
    print(
        f"{outcome.verdict:8} {seconds:6.1f} s  {module}:{mutant}  [{outcome.by}]",
        flush=True,
    )
    return {
        "module": module,
        "number": mutant.number,
        "mutant": str(mutant),
        "verdict": outcome.verdict,
        "by": outcome.by,
        "n_tests": n_tests,
    }


def _read(store: Path) -> dict:
    if not store.exists():
        return {}
    rows = [json.loads(line) for line in store.read_text(encoding="utf-8").splitlines()]
    return {(row["module"], row["number"], row["mutant"]): row for row in rows}


def _print_table(rows: list[dict]) -> None:
    count = defaultdict(lambda: [0, 0])
    for row in rows:
        count[row["module"]][0] += 1
        count[row["module"]][1] += row["verdict"] == "killed"
    for module, (n, killed) in sorted(count.items()):
        print(f"{module:45} {n:4} {killed:4}")
    n, killed = (sum(column) for column in zip(*count.values())) if count else (0, 0)
    print(f"{'all':45} {n:4} {killed:4}  {100 * killed / max(n, 1):.1f} %")
    for row in rows:
        if row["verdict"] != "killed":
            print(f"survived  {row['module']}:{row['mutant']}")


if __name__ == "__main__":
    main()
