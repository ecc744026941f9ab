"""What the oracle says about an implementation: data first, and a text that a newcomer can act on.

Conventions
-----------
ok       everything that was judged passed, failed as expected or is a documented choice, enough was judged (``seen``),
         nothing was found in how it answers (``steady``), and every pattern matched
failed   the results that make it not ok: failed, errored, unexpected pass
text     one failing case in full, the suspect with its evidence, then the rest in a line each
"""

from __future__ import annotations

import json
import math
import re
import shlex
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nce_ref.oracle.conventions import NOISE_RATIOS, Convention, own_convention
from nce_ref.oracle.diagnosis import Diagnosis, Suspect
from nce_ref.oracle.judge import describe
from nce_ref.oracle.objectives import Objective, with_noise_ratio
from nce_ref.oracle.results import CHOICE, LEFT_OUT, UNSUPPORTED, CaseResult

FAILING = ("failed", "errored", "unexpected pass")
WIDTH = 120
_WORDS = ("sense", "reduction", "c_sign", "noise_ratio")  # of a convention
_KINDS = 6  # kinds of errors that are quoted
_NUMBER = re.compile(r"[-+]?\d[\d.,e+ -]*")
_LISTED = 4  # ids named before "and 12 others"
_NO_MORE = Diagnosis()
_TYPED = 40  # numbers that anybody would paste into a command


class OracleFailure(AssertionError):
    """Raised by ``Report.raise_for_failures``; its text is the report's."""


@dataclass(frozen=True, eq=False)
class Report:
    """The verdict on one implementation of one objective; ``print`` it, or take it as data by ``to_dict``.

    ``results``    one ``CaseResult`` a vector, in the order they ran
    ``diagnosis``  what explains the failures, and hints
    ``unmatched``  patterns of expected failures that match no vector
    ``note``       what was seen before anything ran (the arguments are another objective's)
    ``missing``    what would have to be judged as well before it may be relied on
    ``findings``   what was seen of its calls: it answers differently to the same inputs, it changes them
    ``batch``      what was judged, where it is not the objective's vectors: "1 batch of your own"
    """

    objective: Objective
    dtype: str
    convention: Convention
    suite: str
    results: tuple[CaseResult, ...]
    diagnosis: Diagnosis
    unmatched: tuple[str, ...] = ()
    name: str = ""
    note: str = ""
    missing: tuple[str, ...] = ()
    findings: tuple[Suspect, ...] = ()
    batch: str = ""
    _counts: Counter[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_counts", Counter(result.status for result in self.results))

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """Every result that makes the report not ok."""
        return tuple(result for result in self.results if result.status in FAILING)

    @property
    def ok(self) -> bool:
        """Whether the implementation may be relied on, as far as the vectors see."""
        return bool(self._judged) and not (self.missing or self._is_wrong)

    @property
    def not_enough_seen(self) -> bool:
        """Whether nothing speaks against the implementation, and too little for it."""
        return not self.ok and not self._is_wrong

    @property
    def nothing_judged(self) -> bool:
        """Whether nothing speaks for the implementation, either."""
        return self.not_enough_seen and not self._judged

    @property
    def _is_at_one(self) -> bool:
        return self.convention.noise_ratio != NOISE_RATIOS[0]

    @property
    def _judged(self) -> int:
        return self._counts["passed"] + self._counts["expected failure"] + self._counts[CHOICE]

    @property
    def _is_wrong(self) -> bool:
        return bool(self.failed or self.findings or self.unmatched)

    def raise_for_failures(self) -> None:
        """Raise OracleFailure, with the report as text, unless it is ok."""
        if not self.ok:
            raise OracleFailure(str(self))

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, numbers and strings, ready for JSON; NaN and inf are strings."""
        return {
            "ok": self.ok,
            "objective": self.objective.stored,
            "implementation": self.name,
            "dtype": self.dtype,
            "convention": {name: getattr(self.convention, name) for name in _WORDS[:3]}
            | ({_WORDS[3]: self.convention.noise_ratio} if self._is_at_one else {})
            | ({"choices": list(self.convention.choices)} if self.convention.choices else {}),
            "suite": self.suite,
            "note": self.note,
            "missing": list(self.missing),
            "findings": [_plain(finding) for finding in self.findings],
            "batch": self.batch,
            "counts": dict(self._counts),
            "unmatched_patterns": list(self.unmatched),
            "diagnosis": _plain(self.diagnosis),
            "results": [_result_as_dict(result) for result in self.results],
        }

    def __str__(self) -> str:
        lines = [self._headline()]
        if self.note:
            lines += ["", self.note]
        lines += [
            f"expected-failures pattern {pattern!r} matches no vector" for pattern in self.unmatched
        ]
        for finding in self.findings:
            lines += ["", *_suspicion(finding)]
        blocks = [self._failures()] if self.failed else []
        if errored := [result for result in self.results if result.status == "errored"]:
            # What one vector's number says does not stand before what all the others raise.
            first = 2 * len(errored) > len(self.failed)
            blocks.insert(0 if first else 1, _errors(errored))
        lines += [line for block in blocks for line in ("", *block)]
        if choices := [result for result in self.results if result.status == CHOICE]:
            lines += ["", *_choices(choices)]
        if reasons := Counter(
            result.message for result in self.results if result.status in (UNSUPPORTED, LEFT_OUT)
        ):
            lines += [
                "",
                *(f"not judged: {count} vectors: {reason}" for reason, count in reasons.items()),
            ]
        if missing := self._never_returned():
            lines += ["", f"not judged: {', '.join(missing)}: never returned"]
        return "\n".join(lines)

    def text_on(self, result: CaseResult) -> str:
        """One vector's verdict with the suspect found over all, as text."""
        suspect = (
            []
            if self.diagnosis.best is None
            else ["", *_suspicion(self.diagnosis.best, self.diagnosis)]
        )
        return "\n".join(
            [
                *_full(result),
                *suspect,
                "",
                "Reproduce:",
                f"  {reproduce(result, self.dtype, self.convention)}",
            ]
        )

    def _headline(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in sorted(self._counts.items()))
        who = f"{self.name} as {self.objective.stored}" if self.name else self.objective.stored
        verdict = "ok" if self.ok else "NOT ENOUGH SEEN" if self.not_enough_seen else "FAILED"
        verdict = "NOTHING JUDGED, NOT ENOUGH SEEN" if self.nothing_judged else verdict
        words = f"{self.convention.sense}, {self.convention.reduction}, c {self.convention.c_sign}"
        ratio = ["nu = 1"] if self._is_at_one else []
        words = ", ".join([words, *ratio, *self.convention.choices])
        what = self.batch or f"vectors of {self.suite}"
        line = f"{verdict}: {who} ({self.dtype}; {words}; {what}): {counts or 'no vectors'}"
        if not self.not_enough_seen:
            return line
        return "; ".join((line, *self.missing))

    def _failures(self) -> list[str]:
        best, failed = self.diagnosis.best, self.failed
        smoke = [result for result in failed if "smoke" in result.vector.flags]
        if smoke and best is None and not self.findings:
            lines = [
                f"Adapter or convention: {len(smoke)} of the smoke cases, which can be done by hand, fail already.",
                "The others are not shown; mend these first.",
            ]
            lines += [line for result in smoke for line in _full(result)]
            if others := len(failed) - len(smoke):
                lines.append(f"(and {others} other vectors fail)")
        else:
            shown = _most_telling(failed)
            lines = _full(shown)
            if others_ids := [result.id for result in failed if result is not shown]:
                more = (
                    f", and {len(others_ids) - _LISTED} others" if len(others_ids) > _LISTED else ""
                )
                lines += [f"and {len(others_ids)} more: {', '.join(others_ids[:_LISTED])}{more}"]
        if best is not None and best not in self.findings:
            lines += ["", *_suspicion(best, self.diagnosis)]
        elif self.diagnosis.hints:
            lines += [
                "",
                "No known mistake explains this. Hints:",
                *(f"  - {hint}" for hint in self.diagnosis.hints),
            ]
        example = smoke[0] if smoke and best is None else _most_telling(failed)
        return [*lines, "", "Reproduce:", f"  {reproduce(example, self.dtype, self.convention)}"]

    def _never_returned(self) -> list[str]:
        judged = [result for result in self.results if result.comparisons]
        if not judged or self.objective.kind == "estimate":
            return []
        seen = {name for result in judged for name in result.outputs}
        return [output.name for output in self.objective.outputs if output.name not in seen]


def exit_code(reports: Sequence[Report]) -> int:
    """0 where all are right, 1 where one is wrong, 2 where none is wrong and of one not enough was seen."""
    if all(report.ok for report in reports):
        return 0
    return 2 if all(report.ok or report.not_enough_seen for report in reports) else 1


def text_of(finding: Suspect) -> str:
    """A finding as the report has it."""
    return "\n".join(_suspicion(finding))


def reproduce(result: CaseResult, dtype: str, convention: Convention) -> str:
    """The command that shows this one verdict again, with the number that came."""
    if not result.vector.source:  # stored nowhere: somebody's own inputs
        return f"oracle.truth({result.vector.objective.name!r}, **inputs)"
    got = {
        name: _plain(np.asarray(value, dtype=np.float64)) for name, value in result.outputs.items()
    }
    if not 0 < sum(np.size(value) for value in result.outputs.values()) <= _TYPED:
        return f"python -m nce_ref show {shlex.quote(result.id)}"
    command = [
        "python -m nce_ref explain",
        shlex.quote(result.id),
        "--got",
        shlex.quote(json.dumps(got)),
    ]
    command += [f"--dtype {dtype}"] if dtype != "float64" else []
    own = own_convention(with_noise_ratio(result.vector.objective, NOISE_RATIOS[0]))
    for name in _WORDS:
        if (word := getattr(convention, name)) != getattr(own, name):
            command.append(f"--{name.replace('_', '-')} {word}")
    command += [f"--choice {word}" for word in convention.choices]
    return " ".join(command)


def _most_telling(failed: tuple[CaseResult, ...]) -> CaseResult:
    """The first that failed with numbers and is no smoke case; else the first."""
    ranked = sorted(
        failed, key=lambda result: (result.status != "failed", "smoke" in result.vector.flags)
    )
    return ranked[0]


def _full(result: CaseResult) -> list[str]:
    lines = [f"{result.status.upper()} {result.id}   ({result.vector.comment})"]
    wrong = [comparison for comparison in result.comparisons if not comparison.passed]
    if result.status == "failed" and wrong and result.vector.objective.kind != "estimate":
        return lines + [f"  {describe(comparison)}" for comparison in wrong]
    return [*lines, f"  {result.message}"]


def _errors(results: list[CaseResult]) -> list[str]:
    """How many vectors got no answer, and the text of the first of each kind: messages that differ in their numbers
    alone."""
    kinds: dict[str, list[CaseResult]] = {}
    for result in results:
        kinds.setdefault(_NUMBER.sub("#", result.message), []).append(result)
    lines = [f"errored: {len(results)} vectors; the first of each kind:"]
    lines += [
        f"  {len(alike)} as {alike[0].id}: {alike[0].message}"
        for alike in list(kinds.values())[:_KINDS]
    ]
    return lines + ([f"  and {len(kinds) - _KINDS} other kinds"] if len(kinds) > _KINDS else [])


def _choices(results: list[CaseResult]) -> list[str]:
    """One line a choice, with the vectors where it shows."""
    vectors: dict[str, list[str]] = {}
    for result in results:
        vectors.setdefault(result.message, []).append(result.id)
    return [
        f"{CHOICE}, not an error: {message} ({', '.join(ids)})" for message, ids in vectors.items()
    ]


def _suspicion(best: Suspect, diagnosis: Diagnosis = _NO_MORE) -> list[str]:
    said = {"evidence": best.evidence}
    if (other := diagnosis.next_best) is not None:
        said["evidence"] += (
            f"; the next best suspect, {other.id}, explains {other.matches} of {other.of}"
        )
    if diagnosis.ambiguous:
        said["as likely"] = "; ".join(
            f"{suspect.id}: {suspect.title}" for suspect in diagnosis.ambiguous
        )
    said |= {"matters": best.effect, "fix": best.fix, "remedy": best.remedy}
    head = "Finding" if best.kind == "finding" else f"Suspect ({best.kind})"
    return [
        f"{head}: {best.id}: {best.title}",
        *(_entry(what, text) for what, text in said.items() if text),
    ]


def _entry(what: str, text: str) -> str:
    """One labelled paragraph; words are not broken, so that what is to be typed can be copied."""
    wrapper = textwrap.TextWrapper(WIDTH, break_long_words=False, break_on_hyphens=False)
    wrapper.initial_indent, wrapper.subsequent_indent = f"  {what}:".ljust(13), " " * 13
    return wrapper.fill(text)


def _result_as_dict(result: CaseResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "status": result.status,
        "message": result.message,
        "comparisons": [_plain(comparison) for comparison in result.comparisons],
    }


def _plain(thing: Any) -> Any:
    """Dataclasses, arrays and odd floats as what JSON knows."""
    if hasattr(thing, "__dataclass_fields__"):
        return {
            name: _plain(getattr(thing, name))
            for name in thing.__dataclass_fields__
            if not name.startswith("_")
        }
    if isinstance(thing, dict):
        return {str(key): _plain(value) for key, value in thing.items()}
    if isinstance(thing, tuple | list):
        return [_plain(value) for value in thing]
    if isinstance(thing, np.ndarray | np.generic):
        return _plain(thing.tolist())
    if isinstance(thing, float) and not math.isfinite(thing):
        return str(thing)
    return thing
