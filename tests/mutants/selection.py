"""Which tests execute which lines, and how long each takes: recorded once, so that a mutant meets those alone that can
see it.

A line that is executed on import has every test that executes anything of its module. What runs in a process of its
own, or comes out of a cache that an earlier test has filled, is not recorded; that is why what survives meets all tests
of the mirror file as well.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import defaultdict
from pathlib import Path

import coverage
import pytest

from tests.mutants.operators import Mutant

ROOT = Path(__file__).resolve().parents[2]
MAP = ROOT / "tests" / "mutants" / "results" / "map.json"


class _Recorder:
    """Names the running test to the tracer, and takes its processor time."""

    def __init__(self, tracer: coverage.Coverage) -> None:
        self.tracer, self.seconds = tracer, dict[str, float]()
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.tracer.switch_context(item.nodeid)
        start = time.process_time()
        found = yield
        self.seconds[item.nodeid] = time.process_time() - start
        self.tracer.switch_context("")
        return found

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed.append(report.nodeid)
            print(
                f"\nnot counted, it fails without a mutant: {report.nodeid}\n{report.longreprtext}"
            )


def record(tests: list[str], modules: list[str]) -> None:
    """Run the tests, and add what they execute of the modules to the map."""
    tracer = coverage.Coverage(
        data_file=None, source=[str((ROOT / module).parent) for module in modules], branch=False
    )
    recorder = _Recorder(tracer)
    tracer.start()
    pytest.main(["-q", "-p", "no:cacheprovider", *tests], plugins=[recorder])
    tracer.stop()
    for test in recorder.failed:
        recorder.seconds.pop(test, None)
    known = read_map() if MAP.exists() else {"seconds": {}, "lines": {}, "sources": {}}
    known["seconds"].update(recorder.seconds)
    data = tracer.get_data()
    for module in modules:
        lines = {
            test: found
            for test, found in known["lines"].get(module, {}).items()
            if test not in recorder.seconds
        }
        for line, contexts in data.contexts_by_lineno(str(ROOT / module)).items():
            for test in contexts:
                if test in recorder.seconds:
                    lines.setdefault(test, []).append(line)
        known["lines"][module] = {test: sorted(set(found)) for test, found in lines.items()}
        known["sources"][module] = _digest(module)
    MAP.parent.mkdir(exist_ok=True)
    MAP.write_text(json.dumps(known))


def read_map() -> dict:
    """Return {"seconds": test -> s, "lines": module -> test -> lines, "sources": module -> digest}."""
    return json.loads(MAP.read_text())


def refuse_stale(module: str, known: dict) -> None:
    """Raise SystemExit where a file is not what was recorded: by other line numbers everything would survive."""
    if known["sources"].get(module) != _digest(module):
        raise SystemExit(
            f"{module}: not recorded, or changed since; record again: python -m tests.mutants record"
        )


def _digest(module: str) -> str:
    return hashlib.sha256((ROOT / module).read_bytes()).hexdigest()


def mirrors(module: str) -> list[str]:
    """The test files of a module by name: tests/models/test_boxes*.py for nce_ref/models/boxes.py."""
    path = Path(module)
    folder = ROOT / "tests" / Path(*path.parts[1:-1])
    stem = path.stem.lstrip("_")
    return sorted(str(f.relative_to(ROOT)) for f in folder.glob(f"test_{stem}*.py"))


def tests_for(module: str, mutant: Mutant, known: dict, kills: dict[str, int]) -> list[str]:
    """The tests that execute the statement, first those that kill most a second: quick ones, mirrors, and those that
    have killed."""
    own = set(mirrors(module))
    found = {
        test
        for test, lines in known["lines"].get(module, {}).items()
        if mutant.is_imported or not set(lines).isdisjoint(mutant.lines)
    }

    def cost(test: str) -> float:
        weight = 1.0 if test.split("::")[0] in own else 4.0
        return weight * (known["seconds"][test] + 0.01) / (1.0 + kills[test])

    return sorted(found, key=lambda test: (cost(test), test))


def no_kills() -> dict[str, int]:
    """How often each test has killed, to begin with."""
    return defaultdict(int)
