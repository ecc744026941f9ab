"""Run an implementation on the vectors of an objective and say what came out: ``check`` for a callable, ``check_answers`` for the rest.

Nothing that an implementation does stops the run: an exception, a string, NaN, a wrong shape each become one line of the report.

Conventions
-----------
impl               a callable with the objective's arguments by name (``oracle.OBJECTIVES[name].arguments``)
expected_failures  {pattern of ids, as in the shell: reason}; one that passes fails, a pattern that matches nothing is an error
"""

from __future__ import annotations

import fnmatch
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref.oracle.conventions import Convention, own_convention
from nce_ref.oracle.diagnosis import (
    diagnose,
    recognise_signature,
    renamed_argument,
    say_renamed,
)
from nce_ref.oracle.judge import judge
from nce_ref.oracle.kinks import settle
from nce_ref.oracle.objectives import Objective, find_objective
from nce_ref.oracle.report import Report
from nce_ref.oracle.results import CHOICE, CaseResult, Errored, Skipped
from nce_ref.oracle.tolerance import DTYPES
from nce_ref.oracle.vectors import Vector, cases, find, suite

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def check(
    impl: Callable[..., Any],
    objective: str,
    dtype: str = "float64",
    convention: Convention | None = None,
    expected_failures: Mapping[str, str] | None = None,
    *,
    flags: Iterable[str] = (),
) -> Report:
    """Return the report on ``impl`` over the vectors of ``objective`` (those with all ``flags``), smoke cases first.

    Inputs come as fresh arrays of ``dtype``, scalars as Python floats, under ``convention`` (None: the objective's own). Never raises for what
    ``impl`` does; ValueError for an unknown objective, dtype or flag, TypeError where ``impl`` cannot be called.
    """
    target = find_objective(objective)
    if not callable(impl):
        raise TypeError(
            f"impl: got {impl!r}; expected a callable with the arguments {', '.join(target.arguments)}"
        )
    convention = own_convention(target) if convention is None else convention
    check_words(dtype, convention)
    convention.chosen(target)
    vectors = _smoke_first(cases(objective, flags=flags))
    renamed = _renamed(impl, target)
    note = say_renamed(renamed, target) if renamed is not None else ""
    answers: dict[str, Any]
    if renamed is not None:
        skipped = Skipped(f"its {renamed[0]} is called {renamed[1]}")
        answers = {vector.id: skipped for vector in vectors}
    else:
        answers = {vector.id: call(impl, vector, dtype, convention) for vector in vectors}
    name = getattr(impl, "__qualname__", None) or repr(impl)

    def evaluate(inputs: Mapping[str, Any]) -> Any:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return impl(**inputs)

    return check_answers(
        target.name,
        answers,
        dtype,
        convention,
        expected_failures,
        name=name,
        note=note or recognise_signature(parameter_names(impl), target) or "",
        evaluate=evaluate,
    )


def check_answers(
    objective: str,
    answers: Mapping[str, Any],
    dtype: str = "float64",
    convention: Convention | None = None,
    expected_failures: Mapping[str, str] | None = None,
    *,
    name: str = "",
    note: str = "",
    evaluate: Callable[[Mapping[str, Any]], Any] | None = None,
    own: Mapping[str, Vector] | None = None,
) -> Report:
    """Return the report on answers that are there already: {vector id: what was returned, or Skipped, or Errored}.

    ``evaluate`` may call the implementation again, on inputs of the diagnosis's own; ``own``: vectors that are stored nowhere.
    """
    target = find_objective(objective)
    convention = own_convention(target) if convention is None else convention
    check_words(dtype, convention)
    patterns = _read_patterns(expected_failures)
    vector_of = find if own is None else own.__getitem__
    judged = [
        _judge(vector_of(vector_id), answer, dtype, convention)
        for vector_id, answer in answers.items()
    ]
    # A choice is neither a failure to be explained nor the vector's own numbers.
    diagnosis = diagnose(
        target,
        [result for result in judged if result.status != CHOICE],
        dtype,
        convention,
        evaluate,
    )
    results = tuple(_expect(result, patterns) for result in judged)
    unmatched = tuple(
        pattern
        for pattern in patterns
        if not any(fnmatch.fnmatchcase(result.id, pattern) for result in results)
    )
    return Report(
        target, dtype, convention, suite()["suite"], results, diagnosis, unmatched, name, note
    )


def call(impl: Callable[..., Any], vector: Vector, dtype: str, convention: Convention) -> Any:
    """What ``impl`` returns for a vector, or Errored with its exception in one line."""
    inputs = convention.inputs(vector.objective, vector.arguments(dtype))
    # Overflow in exp is an implementation's own affair as long as its numbers are right.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return impl(**inputs)
        except (Exception, SystemExit) as error:
            text = " ".join(str(error).split())
            return Errored(
                f"raised {type(error).__name__}: {text}"
                if text
                else f"raised {type(error).__name__}"
            )


def _judge(vector: Vector, answer: Any, dtype: str, convention: Convention) -> CaseResult:
    if isinstance(answer, Errored):
        return CaseResult(vector, "errored", answer.message)
    if isinstance(answer, Skipped):
        return CaseResult(vector, "unsupported", answer.reason)
    return settle(judge(vector, answer, dtype, convention), dtype, convention)


def _expect(result: CaseResult, patterns: Mapping[str, str]) -> CaseResult:
    reasons = [
        reason for pattern, reason in patterns.items() if fnmatch.fnmatchcase(result.id, pattern)
    ]
    if not reasons or result.status in ("unsupported", CHOICE):
        return result
    if result.status == "passed":
        return replace(
            result,
            status="unexpected pass",
            message=f"passes, but was expected to fail ({reasons[0]}); drop the pattern",
        )
    return replace(result, status="expected failure", message=f"{reasons[0]}: {result.message}")


def _read_patterns(expected_failures: Mapping[str, str] | None) -> Mapping[str, str]:
    patterns = expected_failures or {}
    if not isinstance(patterns, Mapping):
        raise ValueError(
            f"expected_failures: got a {type(patterns).__name__}; expected a dict of id patterns and reasons"
        )
    for pattern, reason in patterns.items():
        if not (isinstance(reason, str) and reason.strip()):
            raise ValueError(
                f"expected_failures: the reason for {pattern!r} is {reason!r}; expected words that say why it fails"
            )
    return patterns


def _smoke_first(vectors: Sequence[Vector]) -> list[Vector]:
    return sorted(vectors, key=lambda vector: "smoke" not in vector.flags)


def check_words(dtype: str, convention: Convention) -> None:
    """Raise ValueError for another dtype than the two, or a convention that is none."""
    if dtype not in DTYPES:
        raise ValueError(f"dtype: got {dtype!r}; expected one of {', '.join(DTYPES)}")
    if not isinstance(convention, Convention):
        raise ValueError(
            f'convention: got {convention!r}; expected e.g. oracle.Convention(sense="minimise")'
        )


def _renamed(impl: Callable[..., Any], objective: Objective) -> tuple[str, str] | None:
    """As ``renamed_argument``, where a call by the objective's names cannot succeed."""
    try:
        signature = inspect.signature(impl)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(**dict.fromkeys(objective.arguments))
    except TypeError:
        named = [p for p in signature.parameters.values() if p.kind in _BY_NAME]
        required = [p.name for p in named if p.default is p.empty]
        optional = [p.name for p in named if p.default is not p.empty]
        return renamed_argument(required, optional, objective)
    return None


def parameter_names(impl: Callable[..., Any]) -> list[str]:
    """The names that a callable takes its arguments by; empty where it does not tell."""
    try:
        return [
            p.name
            for p in inspect.signature(impl).parameters.values()
            if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        ]
    except (TypeError, ValueError):
        return []
