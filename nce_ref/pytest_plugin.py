"""The oracle inside another project's test suite: one test an item, one item a vector.

    pytest_plugins = ["nce_ref.pytest_plugin"]       # in the top-level conftest.py, or: pytest -p nce_ref.pytest_plugin
    pytest --nce-impl mypackage.losses:binary_nce             # the objective is the function's name, or --nce-objective
           --nce-dtype float32 --nce-sense minimise --nce-reduction mean --nce-c-sign subtracted
           --nce-arguments log_p_pos=log_model_data,k=nu --nce-adapter torch
           --nce-expected-failures nce_failures.txt                # lines "pattern of ids: reason"

Conventions
-----------
--nce-impl            package.module:name, found as the project's own tests find it, or in the folder where pytest is
                      run; may be given several times
ids                   package.module:name::objective/group/vector; what is pasted from a report is run alone
an expected failure   is reported as xfailed; one that passes fails, and a pattern that matches no vector stops the run
three items more      an implementation: OBJECTIVE/enough-seen, which fails where too few vectors were judged,
                      OBJECTIVE/answers-alike and OBJECTIVE/keeps-its-inputs, of calls one after the other
an item's text        the verdict on that vector, and the suspect found over all vectors
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nce_ref.oracle.check import check
from nce_ref.oracle.conventions import (
    C_SIGNS,
    NOISE_RATIOS,
    REDUCTIONS,
    SENSES,
    Convention,
    own_convention,
)
from nce_ref.oracle.dtypes import TYPES
from nce_ref.oracle.locate import (
    ADAPTERS,
    expected_failures,
    find_implementation,
    objective_of,
    prepared,
)
from nce_ref.oracle.objectives import find_objective
from nce_ref.oracle.report import Report, text_of
from nce_ref.oracle.results import LEFT_OUT, UNSUPPORTED, CaseResult
from nce_ref.oracle.steady import REMEMBERS, WRITES
from nce_ref.oracle.vectors import MalformedVectors, suite

_ID = re.compile(r"(?:::)?(?P<impl>[\w.]+:[\w.]+)::(?P<item>[a-z0-9_]+/[\w./-]+)")
_PASTED = pytest.StashKey[set[tuple[str, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, all of which begin with --nce."""
    group = parser.getgroup("nce_ref", "noise-contrastive estimation checked by nce_ref's oracle")
    group.addoption(
        "--nce-impl",
        action="append",
        default=[],
        metavar="MODULE:NAME",
        help="the function to check; may be repeated",
    )
    group.addoption(
        "--nce-objective",
        metavar="OBJECTIVE",
        help="which objective it is (default: the function's name)",
    )
    group.addoption(
        "--nce-layout",
        default="flat",
        metavar="LAYOUT",
        help="how the noise is laid out: flat, equal, rows, masked, shared (default: flat)",
    )
    group.addoption(
        "--nce-dtype",
        choices=TYPES,
        default="float64",
        help="dtype of the inputs and of the tolerance",
    )
    group.addoption(
        "--nce-expected-failures", metavar="FILE", help='lines "pattern of ids: reason"'
    )
    group.addoption(
        "--nce-sense",
        choices=SENSES,
        help="is the objective maximised, or a loss",
    )
    group.addoption(
        "--nce-reduction",
        choices=REDUCTIONS,
        help="what the sums are divided by",
    )
    group.addoption(
        "--nce-arguments",
        metavar="NAMES",
        help="its own names and ours, k=nu,...; or ours alone, by position",
    )
    group.addoption(
        "--nce-adapter",
        choices=ADAPTERS,
        help="of a function of tensors, whose derivatives come by autodiff",
    )
    group.addoption(
        "--nce-c-sign",
        choices=C_SIGNS,
        help="is c added to ln p_m, or ln Z subtracted",
    )
    group.addoption(
        "--nce-noise-ratio",
        choices=NOISE_RATIOS,
        help="one: the objective of nu = 1 whatever the sizes",
    )
    group.addoption(
        "--nce-choice",
        action="append",
        default=[],
        metavar="WORD",
        help="another choice that the objective has, as the report prints it; may be repeated",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take the plugin's own ids, pasted from an earlier run, out of what pytest looks for: no file has such a name."""
    pasted = [match for arg in config.args if (match := _ID.fullmatch(arg))]
    config.stash[_PASTED] = {(match["impl"], match["item"]) for match in pasted}
    if pasted:
        config.args[:] = [arg for arg in config.args if not _ID.fullmatch(arg)]


def _implementations(config: pytest.Config) -> list[str]:
    named = [*config.getoption("--nce-impl"), *(impl for impl, _ in config.stash[_PASTED])]
    return list(dict.fromkeys(named))


def pytest_report_header(config: pytest.Config) -> str | None:
    """Suite version, dtype and convention, where something is to be checked."""
    if not _implementations(config):
        return None
    return f"nce_ref oracle: vectors of {suite()['suite']}, {config.getoption('--nce-dtype')}, {_said(config)}"


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add one item a vector of every implementation named. Raises UsageError for what cannot be found or read."""
    try:
        pasted = config.stash[_PASTED]
        for name in _implementations(config):
            items.extend(
                item
                for item in _items(session, config, name)
                if not pasted or (name, item.name.removeprefix(f"{name}::")) in pasted
            )
    except (ValueError, TypeError, MalformedVectors) as problem:
        raise pytest.UsageError(f"nce_ref: {problem}") from None


def _items(session: pytest.Session, config: pytest.Config, name: str) -> Iterator[_Item]:
    if (here := str(config.invocation_params.dir)) not in sys.path:
        sys.path.insert(0, here)
    impl = find_implementation(name)
    layout = config.getoption("--nce-layout")
    objective = config.getoption("--nce-objective") or objective_of(impl, name, layout)
    impl = prepared(
        impl, objective, config.getoption("--nce-adapter"), config.getoption("--nce-arguments")
    )
    patterns = config.getoption("--nce-expected-failures")
    expected = expected_failures(Path(patterns)) if patterns else {}
    target = find_objective(objective, layout)
    objective, convention = target.name, own_convention(target, **_words(config))
    report = check(impl, objective, config.getoption("--nce-dtype"), convention, expected)
    if report.unmatched:
        raise ValueError(
            f"{patterns}: the pattern {report.unmatched[0]!r} matches no vector of {objective}"
        )
    for words, complaint in _over_all(report):
        yield WholeItem.from_parent(
            session, name=f"{name}::{objective}/{words}", complaint=complaint
        )
    for result in report.results:
        yield VectorItem.from_parent(
            session, name=f"{name}::{result.id}", report=report, result=result
        )


def _over_all(report: Report) -> Iterator[tuple[str, str]]:
    """What is a test of its own beside the vectors: its name, and what is wrong with it, empty where nothing is."""
    yield "enough-seen", "NOT ENOUGH SEEN: " + "; ".join(report.missing) if report.missing else ""
    for finding, words in ((REMEMBERS, "answers-alike"), (WRITES, "keeps-its-inputs")):
        yield words, "\n".join(text_of(found) for found in report.findings if found.id == finding)


def _words(config: pytest.Config) -> dict[str, Any]:
    """What was said of the convention."""
    words = ("sense", "reduction", "c_sign", "noise_ratio")
    said = {word: config.getoption(f"--nce-{word.replace('_', '-')}") for word in words}
    choices = tuple(config.getoption("--nce-choice"))
    return {word: value for word, value in said.items() if value} | {"choices": choices}


def _said(config: pytest.Config) -> Convention:
    return Convention(**_words(config))


class WrongVector(Exception):
    """A vector failed; its text is what pytest prints."""


class _Item(pytest.Item):
    """An item whose failure is the oracle's own text."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *rest: Any) -> Any:
        """The text, without a traceback through the oracle."""
        return (
            str(excinfo.value)
            if isinstance(excinfo.value, WrongVector)
            else super().repr_failure(excinfo, *rest)
        )

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where pytest says that the item lives."""
        return self.path, None, self.name


class WholeItem(_Item):
    """What only all calls together show, as a test: was enough seen, does it answer alike, does it leave its inputs
    alone."""

    def __init__(self, *, complaint: str, **rest: Any) -> None:
        super().__init__(nodeid=rest["name"], **rest)
        self._complaint = complaint

    def runtest(self) -> None:
        """Fail with the complaint, if there is one."""
        if self._complaint:
            raise WrongVector(self._complaint)


class VectorItem(_Item):
    """One vector as a test."""

    def __init__(self, *, report: Report, result: CaseResult, **rest: Any) -> None:
        super().__init__(nodeid=rest["name"], **rest)
        self._report, self._result = report, result

    def runtest(self) -> None:
        """Pass, fail, skip or xfail as the report has it."""
        if self._result.status == UNSUPPORTED:
            pytest.skip(self._result.message)
        if self._result.status in ("expected failure", LEFT_OUT):
            pytest.xfail(self._result.message)
        if self._result in self._report.failed:
            raise WrongVector(self._report.text_on(self._result))
