"""Search: inputs drawn until an implementation fails, and the smallest such inputs as a vector that can be kept.

    found = oracle.search(impl, "binary_nce", seconds=10, rng=np.random.default_rng(0))
    print(found)                   # the verdict, the suspect, and the JSON of a test
    found.ok, found.smallest, found.report

Conventions
-----------
drawn      by ``draw``, judged against ``truth`` as a vector is, under the convention and in the dtype declared
stopped    after ``_ENOUGH`` failing draws, or ``_MORE`` draws after the first; by the clock only where ``n_draws`` is
           not given, so that with it the result hangs on the generator's state alone
report     on what was drawn last, up to ``_KEPT`` draws, with its diagnosis; ok here says nothing of the vectors
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nce_ref.oracle.arguments import Arguments, with_own_names
from nce_ref.oracle.authoring.layout import to_text
from nce_ref.oracle.check import check_words
from nce_ref.oracle.compare import own_vector, report_on
from nce_ref.oracle.conventions import Convention, own_convention
from nce_ref.oracle.draw import draw, is_refused
from nce_ref.oracle.dtypes import FORMATS, HALVES
from nce_ref.oracle.families.base import Objective
from nce_ref.oracle.halves import rounded_inputs
from nce_ref.oracle.judge import judge
from nce_ref.oracle.kinks import settle
from nce_ref.oracle.report import Report
from nce_ref.oracle.results import CaseResult, Errored
from nce_ref.oracle.shrink import shrink
from nce_ref.oracle.steady import Watch
from nce_ref.oracle.truth import find_computed
from nce_ref.oracle.vectors import Vector, spelled

_ENOUGH, _MORE, _KEPT, _SHRINKING, _REFUSED = 8, 30, 40, 400, 1000
_FAILING = ("failed", "errored")


@dataclass(frozen=True, eq=False)
class Search:
    """What a search found.

    ``n_drawn``, ``n_judged``, ``n_failed``   draws, those to which an answer came, those that failed
    ``smallest``   the vector that what failed first was shrunk to; None where nothing failed
    ``verdict``    what came of it
    ``report``     on the draws kept, with the suspect
    """

    objective: Objective
    n_drawn: int
    n_judged: int
    n_failed: int
    smallest: Vector | None
    verdict: CaseResult | None
    report: Report

    @property
    def ok(self) -> bool:
        """Nothing failed, and something was judged: no proof that nothing can."""
        return self.n_judged > 0 and self.n_failed == 0

    @property
    def test(self) -> dict[str, Any] | None:
        """The smallest failing inputs as the JSON of a test: id, comment, inputs; None where nothing failed."""
        if self.smallest is None:
            return None
        inputs = {name: spelled(np.asarray(v).tolist()) for name, v in self.smallest.inputs.items()}
        return {"id": self.smallest.id, "comment": self.smallest.comment, "inputs": inputs}

    def __str__(self) -> str:
        counts = f"{self.n_drawn} drawn, {self.n_judged} judged, {self.n_failed} failed"
        who = f"{self.report.name} as {self.objective.name}"
        if self.smallest is None or self.verdict is None:
            word = "nothing found" if self.ok else "NOTHING JUDGED"
            return f"{word}: {who}: {counts}"
        best = self.report.diagnosis.best
        lines = [f"FAILED: {who}: {counts}", "", "The smallest inputs that fail:"]
        lines += [to_text(self.test or {}).rstrip(), f"  {self.verdict.message}"]
        if best is not None:
            lines += ["", f"Suspect ({best.kind}): {best.id}: {best.title}"]
            lines += [f"  evidence: {best.evidence}"] if best.evidence else []
            lines += [f"  fix: {best.fix}"] if best.fix else []
        else:
            lines += ["", *(f"  - {hint}" for hint in self.report.diagnosis.hints)]
        return "\n".join(lines)


def search(
    impl: Callable[..., Any],
    objective: str,
    seconds: float = 10.0,
    n_draws: int | None = None,
    *,
    rng: np.random.Generator,
    dtype: str = "float64",
    convention: Convention | None = None,
    layout: str = "flat",
    arguments: Arguments | None = None,
) -> Search:
    """Draw inputs, judge ``impl`` on each against the truth, and shrink the first that fails.

    For ``seconds``, or, with ``n_draws``, for so many draws whatever the clock says: then reproducible. Never raises
    for what ``impl`` does. ValueError for an objective that is not of kind function, no number of draws or seconds
    above 0, a ``rng`` that is none.
    """
    target = find_computed(objective, layout)
    convention = own_convention(target) if convention is None else convention
    _refuse(impl, target, seconds, n_draws, rng)
    target = check_words(dtype, convention, target)
    impl = with_own_names(impl, target, arguments)
    run = _Run(impl, target, dtype, convention, Watch(dtype, convention))
    deadline = None if n_draws is not None else time.monotonic() + seconds
    failed: list[CaseResult] = []
    kept: list[tuple[CaseResult, Any]] = []
    n_drawn = n_judged = since = refused = 0
    while n_draws is None or n_drawn < n_draws:
        late = deadline is not None and time.monotonic() > deadline and n_drawn > 0
        if late or len(failed) >= _ENOUGH or since >= _MORE:
            break
        result, answer = run.judged(draw(target, rng), f"drawn/{n_drawn}")
        refused = refused + 1 if result is None else 0
        if refused > _REFUSED:
            raise ArithmeticError(
                f"{target.name}: {refused} draws in a row have no truth in {dtype}"
            )
        if result is None:
            continue
        n_drawn += 1
        since += bool(failed)
        n_judged += result.status != "unsupported"
        failed += [result] if result.status in _FAILING else []
        kept.append((result, answer))
        if len(kept) > _KEPT:
            # What failed is kept before what passed.
            gone = next((k for k, (r, _) in enumerate(kept) if r.status not in _FAILING), 0)
            kept.pop(gone)
    report = report_on(impl, target, {r.vector: a for r, a in kept}, dtype, convention)
    smallest = run.smallest(failed[0], deadline) if failed else None
    vector = smallest.vector if smallest else None
    return Search(target, n_drawn, n_judged, len(failed), vector, smallest, report)


@dataclass(frozen=True)
class _Run:
    """One implementation under one convention."""

    impl: Callable[..., Any]
    target: Objective
    dtype: str
    convention: Convention
    watch: Watch

    def judged(self, inputs: Mapping[str, Any], tail: str) -> tuple[CaseResult | None, Any]:
        """The verdict and what came; None where the truth refuses the inputs (a singular matrix), or leaves the dtype's
        range."""
        if self.dtype in HALVES:
            inputs = rounded_inputs(self.target, inputs, self.dtype)
        try:
            vector = own_vector(
                self.target, inputs, f"{self.target.name}/{tail}", "found by search"
            )
        except (ValueError, ArithmeticError):
            return None, None
        if not _is_within(vector, self.dtype):
            return None, None
        answer = self.watch.call(self.impl, vector)
        if isinstance(answer, Errored):
            return CaseResult(vector, "errored", answer.message), answer
        result = judge(vector, answer, self.dtype, self.convention)
        return settle(result, self.dtype, self.convention), answer

    def smallest(self, failed: CaseResult, deadline: float | None) -> CaseResult:
        """What is left of a failing draw: one that fails in the same way, its id a hash of its inputs."""

        def fails(inputs: Mapping[str, Any]) -> bool:
            if deadline is not None and time.monotonic() > deadline:
                return False
            if is_refused(self.target, inputs):
                return False
            result, _ = self.judged(inputs, "drawn/smaller")
            return result is not None and result.status == failed.status

        inputs, _ = shrink(self.target, failed.vector.inputs, fails, _SHRINKING)
        plain = {name: spelled(np.asarray(value).tolist()) for name, value in inputs.items()}
        digest = hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:10]
        result, _ = self.judged(inputs, f"found/{digest}")
        return failed if result is None else result


def _is_within(vector: Vector, dtype: str) -> bool:
    """Whether all that is expected, and what its tolerance is made of, is well within the dtype's range."""
    form = FORMATS[dtype]
    largest = form.largest**0.5 if dtype not in HALVES else form.largest / 16.0
    return all(
        bool((np.abs(one.value) < largest).all() and (one.scale < largest).all())
        for one in vector.expected.values()
    )


def _refuse(impl: Any, target: Objective, seconds: float, n_draws: int | None, rng: Any) -> None:
    if target.kind != "function":
        raise ValueError(
            f"objective: got {target.name!r}, of kind {target.kind}; expected one of kind function"
        )
    if not callable(impl):
        raise TypeError(
            f"impl: got {impl!r}; expected a callable with the arguments {', '.join(target.arguments)}"
        )
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng: got {rng!r}; expected a numpy.random.Generator")
    if n_draws is not None and not (isinstance(n_draws, int | np.integer) and n_draws > 0):
        raise ValueError(f"n_draws: got {n_draws!r}; expected a whole number above 0, or None")
    if not (isinstance(seconds, int | float) and 0 < seconds < float("inf")):
        raise ValueError(f"seconds: got {seconds!r}; expected a number above 0")
