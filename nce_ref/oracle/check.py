"""Run an implementation on the vectors of an objective and say what came out: ``check`` for a callable,
``check_answers`` for the rest.

Nothing that an implementation does stops the run: an exception, a string, NaN, a wrong shape each become one line of
the report.

Conventions
-----------
impl               a callable with the objective's arguments by name (``oracle.OBJECTIVES[name].arguments``)
expected_failures  {pattern of ids, as in the shell: reason}; one that passes fails, a pattern that matches nothing is
                   an error; what it matches may also be skipped: left out on purpose, and not held against the
                   implementation (``seen``)
calls              each vector once, two of them again (``steady``); what differs then, or changes its inputs, is a
                   finding
"""

from __future__ import annotations

import fnmatch
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref.oracle.arguments import BY_NAME, Arguments, call_to_declare, with_own_names
from nce_ref.oracle.at_one import at_noise_ratio, cases_of
from nce_ref.oracle.conventions import Convention, own_convention
from nce_ref.oracle.diagnosis import (
    Diagnosis,
    Suspect,
    diagnose,
    recognise_signature,
    renamed_argument,
)
from nce_ref.oracle.dtypes import TYPES, declared
from nce_ref.oracle.halves import beyond, in_type, refuse_type, say
from nce_ref.oracle.judge import judge
from nce_ref.oracle.kinks import settle
from nce_ref.oracle.objectives import (
    Objective,
    find_objective,
    layouts_of,
    with_noise_ratio,
)
from nce_ref.oracle.report import Report
from nce_ref.oracle.results import (
    CHOICE,
    LEFT_OUT,
    UNSUPPORTED,
    CaseResult,
    Errored,
    Skipped,
)
from nce_ref.oracle.seen import what_is_missing
from nce_ref.oracle.steady import REMEMBERS, Watch, ask
from nce_ref.oracle.vectors import Vector, find, suite

_OF_A_LAYOUT = 6  # vectors by which another layout is recognised


def check(
    impl: Callable[..., Any],
    objective: str,
    dtype: str = "float64",
    convention: Convention | None = None,
    expected_failures: Mapping[str, str] | None = None,
    *,
    flags: Iterable[str] = (),
    layout: str = "flat",
    arguments: Arguments | None = None,
) -> Report:
    """Return the report on ``impl`` over the vectors of ``objective`` (those with all ``flags``), smoke cases first.

    Inputs come as fresh arrays of ``dtype``, scalars as Python floats, under ``convention`` (None: the objective's
    own). Never raises for what ``impl`` does; ``layout``: how its noise is laid out, ``oracle.LAYOUTS``. ``arguments``:
    its own names, or positions, and the objective's (``arguments.py``). Fewer vectors than half of them (by ``flags``)
    are never ok. ValueError for an unknown objective, layout, dtype or flag, or arguments that cannot be followed,
    TypeError where ``impl`` cannot be called.
    """
    target = find_objective(objective, layout)
    if not callable(impl):
        raise TypeError(
            f"impl: got {impl!r}; expected a callable with the arguments {', '.join(target.arguments)}"
        )
    convention = own_convention(target) if convention is None else convention
    target = check_words(dtype, convention, target)
    impl = with_own_names(impl, target, arguments)
    stored = _smoke_first(cases_of(target, flags))
    vectors = [v for vector in stored if (v := in_type(vector, dtype)) is not None]
    renamed = _renamed(impl, target)
    note = _say_renamed(renamed, target) if renamed is not None else ""
    answers: dict[str, Any]
    watch = Watch(dtype, convention)
    if renamed is not None:
        skipped = Skipped(f"its {renamed[0]} is called {renamed[1]}")
        answers = {vector.id: skipped for vector in vectors}
    else:
        with declared(dtype):
            answers = ask(impl, vectors, watch)
    answers = {v.id: answers.get(v.id, Skipped(beyond(dtype))) for v in stored}
    name = getattr(impl, "__qualname__", None) or repr(impl)

    def evaluate(inputs: Mapping[str, Any]) -> Any:
        with declared(dtype), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return impl(**inputs)

    return check_answers(
        target.name,
        answers,
        dtype,
        convention,
        expected_failures,
        name=name,
        note=note
        or recognise_signature(parameter_names(impl), target)
        or _say_undeclared(impl, target)
        or _say_layout(impl, target, answers, dtype, convention)
        or say(target, dtype, stored),
        evaluate=evaluate,
        findings=watch.findings,
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
    findings: Sequence[Suspect] = (),
    batch: str = "",
) -> Report:
    """Return the report on answers that are there already: {vector id: what was returned, or Skipped, or Errored}.

    ``evaluate`` may call the implementation again, on inputs of the diagnosis's own; ``own``: vectors that are stored
    nowhere; ``findings``: what was seen of its calls (``steady``); ``batch``: what was asked, in words, where it was
    never meant to be all vectors.
    """
    target = find_objective(objective)
    convention = own_convention(target) if convention is None else convention
    target = check_words(dtype, convention, target)
    patterns = _read_patterns(expected_failures)
    look_up = find if own is None else own.__getitem__

    def vector_of(vector_id: str) -> Vector:
        return at_noise_ratio(look_up(vector_id), target.noise_ratio)

    judged = [
        _judge(vector_of(vector_id), answer, dtype, convention)
        for vector_id, answer in answers.items()
    ]
    note = note or (say(target, dtype, [vector_of(key) for key in answers]) if own is None else "")
    remembers = next((finding for finding in findings if finding.id == REMEMBERS), None)
    # A choice is neither a failure to be explained nor the vector's own numbers.
    diagnosis = (
        Diagnosis((remembers,), remembers)
        if remembers is not None
        else diagnose(
            target,
            [result for result in judged if result.status != CHOICE],
            dtype,
            convention,
            evaluate,
        )
    )
    results = tuple(_expect(result, patterns) for result in judged)
    unmatched = tuple(
        pattern
        for pattern in patterns
        if not any(fnmatch.fnmatchcase(result.id, pattern) for result in results)
    )
    return Report(
        target,
        dtype,
        convention,
        suite()["suite"],
        results,
        diagnosis,
        unmatched,
        name,
        note,
        () if batch else what_is_missing(results, _in_range(target, dtype)),
        tuple(findings),
        batch,
    )


def _in_range(target: Objective, dtype: str) -> list[Vector]:
    """The vectors that there are in a type: those that leave its range cannot be asked for."""
    return [vector for vector in cases_of(target) if in_type(vector, dtype) is not None]


def _judge(vector: Vector, answer: Any, dtype: str, convention: Convention) -> CaseResult:
    typed = in_type(vector, dtype)
    if typed is None:
        return CaseResult(vector, UNSUPPORTED, beyond(dtype))
    vector = typed
    if isinstance(answer, Errored):
        return CaseResult(vector, "errored", answer.message)
    if isinstance(answer, Skipped):
        return CaseResult(vector, UNSUPPORTED, answer.reason)
    return settle(judge(vector, answer, dtype, convention), dtype, convention)


def _expect(result: CaseResult, patterns: Mapping[str, str]) -> CaseResult:
    reasons = [
        reason for pattern, reason in patterns.items() if fnmatch.fnmatchcase(result.id, pattern)
    ]
    if not reasons or result.status == CHOICE:
        return result
    if result.status == UNSUPPORTED:
        return replace(result, status=LEFT_OUT, message=f"{reasons[0]}: {result.message}")
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


def check_words(dtype: str, convention: Convention, objective: Objective) -> Objective:
    """The objective by the convention's noise ratio. Raises ValueError for a dtype that is none, or in which it is not
    checked, or a convention that is none."""
    if dtype not in TYPES:
        raise ValueError(f"dtype: got {dtype!r}; expected one of {', '.join(TYPES)}")
    refuse_type(objective, dtype)
    if not isinstance(convention, Convention):
        raise ValueError(
            f'convention: got {convention!r}; expected e.g. oracle.Convention(sense="minimise")'
        )
    convention.chosen(objective)
    return with_noise_ratio(objective, convention.noise_ratio)


def _say_renamed(renamed: tuple[str, str], target: Objective) -> str:
    """That nothing was judged, and what to type instead."""
    ours, theirs = renamed
    typed = call_to_declare({theirs: ours}, target)
    return f"Nothing judged: its {ours} is called {theirs}. Declare it: {typed}."


def _say_undeclared(impl: Callable[..., Any], target: Objective) -> str:
    """How to declare names of its own, where it cannot be called by the objective's; nothing else."""
    parameters = _unbound(impl, target)
    if parameters is None:
        return ""
    required = [p.name for p in parameters if p.default is p.empty]
    theirs = [name for name in required if name not in target.arguments]
    ours = [name for name in target.arguments if name not in {p.name for p in parameters}]
    if not theirs or len(theirs) > len(ours):
        return ""
    typed = call_to_declare(dict(zip(theirs, ours)), target)
    return (
        f"It cannot be called by the names of {target.name} ({', '.join(target.arguments)}): it"
        f" takes {', '.join(required)}. Names of its own are declared; if this is their order:"
        f" {typed}."
    )


def _say_layout(
    impl: Callable[..., Any],
    target: Objective,
    answers: Mapping[str, Any],
    dtype: str,
    convention: Convention,
) -> str:
    """The layout in which it is right on some vectors, where most of those that it was asked raise; nothing else."""
    n_errored = sum(isinstance(answer, Errored) for answer in answers.values())
    if 2 * n_errored <= len(answers):
        return ""
    for layout in layouts_of(target.base):
        other = find_objective(target.base, layout)
        if layout == target.layout or set(other.arguments) != set(target.arguments):
            continue
        few = [vector for vector in cases_of(other) if "smoke" not in vector.flags][:_OF_A_LAYOUT]
        watch = Watch(dtype, convention)
        judged = [_judge(vector, watch.call(impl, vector), dtype, convention) for vector in few]
        if judged and all(result.status == "passed" for result in judged):
            return (
                f"It looks like a loss of layout {layout}: {n_errored} of {len(answers)} vectors raise, and it is right"
                f' on {len(judged)} of that layout. Declare it: layout="{layout}".'
            )
    return ""


def _renamed(impl: Callable[..., Any], objective: Objective) -> tuple[str, str] | None:
    """As ``renamed_argument``, where a call by the objective's names cannot succeed."""
    named = _unbound(impl, objective)
    if named is None:
        return None
    required = [p.name for p in named if p.default is p.empty]
    optional = [p.name for p in named if p.default is not p.empty]
    return renamed_argument(required, optional, objective)


def _unbound(impl: Callable[..., Any], objective: Objective) -> list[inspect.Parameter] | None:
    """The parameters by name, where a call by the objective's names cannot succeed; None where it can, or nothing is
    known."""
    try:
        signature = inspect.signature(impl)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(**dict.fromkeys(objective.arguments))
    except TypeError:
        return [p for p in signature.parameters.values() if p.kind in BY_NAME]
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
