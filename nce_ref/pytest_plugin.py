"""The oracle inside another project's test suite: one test an item, one item a vector.

    pytest_plugins = ["nce_ref.pytest_plugin"]                     # in the top-level conftest.py, or: pytest -p nce_ref.pytest_plugin
    pytest --nce-impl mypackage.losses:binary_nce                  # the objective is the function's name, or --nce-objective
           --nce-dtype float32 --nce-sense minimise --nce-reduction mean --nce-c-sign subtracted
           --nce-expected-failures nce_failures.txt                # lines "pattern of ids: reason"

Conventions
-----------
--nce-impl            package.module:name, found as the project's own tests find it; may be given several times
an expected failure   is reported as xfailed; one that passes fails, and a pattern that matches no vector stops the run
an item's text        the verdict on that vector, and the suspect found over all vectors
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nce_ref.oracle.check import check
from nce_ref.oracle.conventions import C_SIGNS, REDUCTIONS, SENSES, Convention, own_convention
from nce_ref.oracle.locate import expected_failures, find_implementation, objective_of
from nce_ref.oracle.objectives import find_objective
from nce_ref.oracle.report import Report
from nce_ref.oracle.results import CaseResult
from nce_ref.oracle.tolerance import DTYPES
from nce_ref.oracle.vectors import MalformedVectors, suite


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
        "--nce-dtype",
        choices=DTYPES,
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
        "--nce-c-sign",
        choices=C_SIGNS,
        help="is c added to ln p_m, or ln Z subtracted",
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Suite version, dtype and convention, where something is to be checked."""
    if not config.getoption("--nce-impl"):
        return None
    return f"nce_ref oracle: vectors of {suite()['suite']}, {config.getoption('--nce-dtype')}, {_said(config)}"


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add one item a vector of every implementation named. Raises UsageError for what cannot be found or read."""
    try:
        for name in config.getoption("--nce-impl"):
            items.extend(_items(session, config, name))
    except (ValueError, TypeError, MalformedVectors) as problem:
        raise pytest.UsageError(f"nce_ref: {problem}") from None


def _items(session: pytest.Session, config: pytest.Config, name: str) -> Iterator[VectorItem]:
    impl = find_implementation(name)
    objective = config.getoption("--nce-objective") or objective_of(impl, name)
    patterns = config.getoption("--nce-expected-failures")
    expected = expected_failures(Path(patterns)) if patterns else {}
    convention = own_convention(find_objective(objective), *_words(config))
    report = check(impl, objective, config.getoption("--nce-dtype"), convention, expected)
    if report.unmatched:
        raise ValueError(
            f"{patterns}: the pattern {report.unmatched[0]!r} matches no vector of {objective}"
        )
    for result in report.results:
        yield VectorItem.from_parent(
            session, name=f"{name}::{result.id}", report=report, result=result
        )


def _words(config: pytest.Config) -> tuple[str | None, str | None, str | None]:
    """Sense, reduction and sign of c, where they were said."""
    sense, reduction, c_sign = (
        config.getoption(f"--nce-{word}") for word in ("sense", "reduction", "c-sign")
    )
    return sense, reduction, c_sign


def _said(config: pytest.Config) -> Convention:
    ours, (sense, reduction, c_sign) = Convention(), _words(config)
    return Convention(sense or ours.sense, reduction or ours.reduction, c_sign or ours.c_sign)


class WrongVector(Exception):
    """A vector failed; its text is what pytest prints."""


class VectorItem(pytest.Item):
    """One vector as a test."""

    def __init__(self, *, report: Report, result: CaseResult, **rest: Any) -> None:
        super().__init__(**rest)
        self._report, self._result = report, result

    def runtest(self) -> None:
        """Pass, fail, skip or xfail as the report has it."""
        if self._result.status == "unsupported":
            pytest.skip(self._result.message)
        if self._result.status == "expected failure":
            pytest.xfail(self._result.message)
        if self._result in self._report.failed:
            raise WrongVector(self._report.text_on(self._result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *rest: Any) -> Any:
        """The oracle's own text, without a traceback through it."""
        return (
            str(excinfo.value)
            if isinstance(excinfo.value, WrongVector)
            else super().repr_failure(excinfo, *rest)
        )

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where pytest says that the item lives."""
        return self.path, None, self.name
