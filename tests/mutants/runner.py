"""One mutant, one forked process: the changed module is compiled in memory, nothing is written, and the tests run in
the order given.

Conventions
-----------
killed    a test failed, the module could not be imported, or a test took 10 s and 10 times its own processor time ("no
          end")
survived  all passed; of tests that would take more than ``budget`` seconds together the first ones alone are run
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.util
import json
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

_MEMORY = 6 * 2**30
_PATIENCE = 30.0  # wall seconds for one of processor time, on a machine that others use


@dataclass(frozen=True)
class Outcome:
    """``verdict``: "killed" or "survived"; ``by`` the test, or what else ended it; ``n_tests`` that were run."""

    verdict: str
    by: str
    n_tests: int
    seconds: float


def run(
    root: Path,
    module: str,
    tree: ast.Module | None,
    tests: list[str],
    seconds: dict[str, float],
    budget: float,
) -> Outcome:
    """Run the tests against a mutated module; the tree None is the module as it stands."""
    chosen, total = [], 0.0
    for test in tests:
        if total + seconds.get(test, 1.0) > budget and chosen:
            continue
        chosen.append(test)
        total += seconds.get(test, 1.0)
    if not chosen:
        return Outcome("survived", "no test executes it", 0, 0.0)
    start, (reading, writing) = time.monotonic(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _in_child(root, module, tree, chosen, seconds, writing)
    os.close(writing)
    said = _until_end(child, reading, _PATIENCE * (total + 30.0))
    spent = time.monotonic() - start
    if said is None:
        return Outcome("killed", "no end", len(chosen), spent)
    return Outcome(said["verdict"], said["by"], said["n_tests"], spent)


def _until_end(child: int, reading: int, limit: float) -> dict | None:
    """What the child wrote; None where it came to no end. A child that died without a word was killed by what it
    ran."""
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(child, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, limit)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    _, status = os.waitpid(child, 0)
    if text:
        return json.loads(text)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    return {"verdict": "killed", "by": f"end of the process ({status})", "n_tests": 0}


def _in_child(root, module, tree, tests, seconds, writing) -> None:
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.dont_write_bytecode = False  # of tests and of the other modules: pytest rewrites them once
    if tree is not None:
        name = module.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        code = compile(tree, str(root / module), "exec")
        sys.meta_path.insert(0, _Finder(name, str(root / module), code))
    watch = _Watch(tests, seconds, writing)
    files = list(dict.fromkeys(test.split("::")[0] for test in tests))
    code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files], [watch])
    watch.say("killed" if code else "survived", watch.failed or ("import" if code else ""))


class _Finder(importlib.abc.MetaPathFinder):
    """Imports one module from code instead of from its file."""

    def __init__(self, name, path, code):
        self.name, self.path, self.code = name, path, code

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        loader = SourceFileLoader(name, self.path)
        loader.get_code = lambda _: self.code
        return importlib.util.spec_from_file_location(name, self.path, loader=loader)


class _Watch:
    """Keeps the tests that were asked for, in their order, with a limit on each one's processor time."""

    def __init__(self, tests, seconds, writing):
        self.tests, self.seconds, self.writing = tests, seconds, writing
        self.failed, self.n_run = "", 0

    def pytest_collection_modifyitems(self, items):
        by_id = {item.nodeid: item for item in items}
        items[:] = [by_id[test] for test in self.tests if test in by_id]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.n_run += 1
        signal.signal(signal.SIGPROF, lambda *_: self.say("killed", f"no end of {item.nodeid}"))
        signal.setitimer(signal.ITIMER_PROF, 10.0 + 10.0 * self.seconds.get(item.nodeid, 1.0))
        found = yield
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        return found

    def pytest_runtest_logreport(self, report):
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report):
        if report.failed and not self.failed:
            self.failed = f"collection of {report.nodeid}"

    def say(self, verdict, by):
        """Tell the parent, and end at once: no clean-up of a mutant's making."""
        text = json.dumps({"verdict": verdict, "by": by, "n_tests": self.n_run})
        os.write(self.writing, text.encode())
        os._exit(0)
