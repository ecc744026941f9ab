"""Implementations in any language, asked through JSON lines over a child's stdin and stdout. The protocol:
harnesses/README.md.

    us    {"cmd":"start","protocol":1,"suite":"2026.11.30","dtype":"float64"}
    it    {"name":"my-nce","language":"C","implements":["log_sigmoid"]}     or {"log_sigmoid":["value","grad"]}
    us    {"cmd":"run","id":"log_sigmoid/...","objective":"log_sigmoid","dtype":"float64","inputs":{"t":[0.0,-800.0]}}
    it    {"id":"log_sigmoid/...","results":{"value":[...],"grad":[...]}}    or "skipped": reason, or "errored": message
    us    {"cmd":"stop"}

Conventions
-----------
inputs   in the objective's order, without blanks, matrices as arrays of rows; numbers read back to the same float64,
         never NaN; where a mask is 0, and only there, the words "Infinity" and "-Infinity" may stand among them
layouts  an objective whose noise is laid out otherwise than flat is one of its own: "implements":["binary_nce/rows"]
results  numbers and nested arrays; NaN, Infinity, "NaN", "inf", "-inf" and null (what JSON.stringify makes of NaN) are
         read too
nesting  at most ``NESTING`` brackets within each other, counted before a line is read: how deep the interpreter itself
         can read differs from version to version
again    two cases of an objective are put twice: one first and last, one twice in a row (``steady``); answered by the
         same id each time
trouble  whatever else comes is one ``Errored`` line for that case; a harness that hangs or dies is started anew for the
         next case, and given up after ``PATIENCE`` such cases in a row
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from nce_ref.oracle.child import Child, Lost, Silent, shortened
from nce_ref.oracle.conventions import Convention, own_convention
from nce_ref.oracle.dtypes import HALVES, TYPES
from nce_ref.oracle.halves import beyond, in_type, refuse_type
from nce_ref.oracle.objectives import EVERY, OBJECTIVES, find_objective
from nce_ref.oracle.results import Errored, Skipped
from nce_ref.oracle.steady import difference, in_order
from nce_ref.oracle.vectors import MalformedVectors, Vector, cases, spelled, suite

PROTOCOL = 1
PATIENCE = 3
NESTING = (
    32  # brackets within each other in a line; an honest answer, a matrix among the results, has 4
)
_KINDS = ("results", "skipped", "errored")
_ON_STDOUT = "stdout is for answers alone: print everything else to stderr"
_GRACE = 0.2  # seconds for the answer that may follow a line that is none
# Up to its end, or the line's: sought anew from each of its quotes, a string without an end would cost their number
# squared.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)')
_BRACKET = re.compile(r"[][{}]")
_WORDS = {"nan": float("nan"), "inf": float("inf"), "infinity": float("inf")}


class Answers(dict[str, Any]):
    """Vector id -> returned dict, ``Skipped`` or ``Errored``; and who answered.

    ``implements``  the objectives that it offers, as far as this suite knows them; ``unknown`` the other names it gave
    ``unread``      what is wrong with vectors that could not be put to it, a line an objective
    ``differences`` what it answered differently when it was asked again, a line a case, by objective
    ``broken``      why the run could not begin or had to be given up, in one line; empty if it was gone through
    """

    name = language = broken = ""
    implements: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    differences: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def run_harness(
    command: Sequence[str],
    objective: str | None = None,
    *,
    dtype: str = "float64",
    time_limit: float = 10.0,
    start_limit: float = 30.0,
    convention: Convention | None = None,
    flags: Iterable[str] = (),
    layout: str = "flat",
) -> Answers:
    """Put every vector of ``objective``, or of all objectives that the harness offers, to the command; never raises for
    what it does.

    ``time_limit`` and ``start_limit`` are seconds a case and for the first reply. ``convention`` turns the inputs (the
    sign of c); the answers are returned as they came. Raises ValueError for an unknown objective, dtype or flag, or an
    empty command.
    """
    if dtype not in TYPES:
        raise ValueError(f"dtype: got {dtype!r}; expected one of {', '.join(TYPES)}")
    if isinstance(command, str) or not command:
        raise ValueError(
            f"command: got {command!r}; expected a list, the program and its arguments"
        )
    objective = None if objective is None else find_objective(objective, layout).name
    wanted = tuple(OBJECTIVES) if objective is None else (objective,)
    if objective is not None:
        refuse_type(EVERY[objective], dtype)
    carried, about = tuple(flags), suite()
    if strange := [flag for flag in carried if flag not in about["flags"]]:
        raise ValueError(
            f"flags: got {', '.join(map(repr, strange))}; expected some of {', '.join(sorted(about['flags']))}"
        )
    hello = {"cmd": "start", "protocol": PROTOCOL, "suite": about["suite"], "dtype": dtype}
    answers, session = Answers(), _Session(command, hello, time_limit, start_limit)

    def vectors(names: Iterable[str]) -> Iterator[Vector]:
        for name in names:
            try:
                yield from cases(name, flags=carried)
            except MalformedVectors as error:
                answers.unread += (str(error),)

    try:
        try:
            _introduce(answers, session.start(), objective)
            if dtype in HALVES:  # the others are not done in 16 bits
                answers.implements = tuple(n for n in answers.implements if EVERY[n].has_halves)
        except Lost as lost:
            answers.broken = str(lost)
            answers.update({vector.id: Errored(f"not run: {lost}") for vector in vectors(wanted)})
            return answers
        in_vain = 0
        for name in answers.implements:
            stored = list(vectors([name]))
            stock = [v for vector in stored if (v := in_type(vector, dtype)) is not None]
            again: dict[str, list[Any]] = {}
            for vector in in_order(stock):
                if in_vain == PATIENCE:
                    answers.setdefault(vector.id, Errored(f"not run: {answers.broken}"))
                    continue
                if isinstance(answers.get(vector.id), Errored):  # asked again, it would hang again
                    continue
                said = convention or own_convention(vector.objective)
                try:
                    answer, in_vain = session.ask(_request(vector, dtype, said)), 0
                except Lost as lost:
                    answer, in_vain = Errored(str(lost)), in_vain + 1
                    if in_vain == PATIENCE:
                        answers.broken = f"given up after {PATIENCE} cases in a row without an answer, the last: {lost}"
                again.setdefault(vector.id, []).append(answer)
                answers.setdefault(vector.id, answer)
            skipped = {v.id: Skipped(beyond(dtype)) for v in stored if in_type(v, dtype) is None}
            answers.update(skipped)
            found = _differences(stock, again, dtype, convention)
            answers.differences = {**answers.differences, **({name: found} if found else {})}
    finally:
        session.close()
    return answers


def _differences(
    stock: Sequence[Vector],
    again: Mapping[str, Sequence[Any]],
    dtype: str,
    convention: Convention | None,
) -> tuple[str, ...]:
    """What was answered differently when a case was put again."""
    found = []
    for vector in stock:
        answered = again.get(vector.id, ())
        if len(answered) > 1:
            said = convention or own_convention(vector.objective)
            differs = difference(vector, answered[0], answered[-1], dtype, said)
            found += [f"{vector.id}, asked again: {differs}"] if differs is not None else []
    return tuple(found)


def decode(result: Any) -> Any:
    """JSON's numbers as floats, with null and the words for NaN and infinity; what is no number stays as it came."""
    if isinstance(result, list):
        return [decode(entry) for entry in result]
    if isinstance(result, str):
        word = result.strip().lower()
        size = _WORDS.get(word.lstrip("+-"))
        return result if size is None else -size if word.startswith("-") else size
    if result is None:
        return float("nan")
    if isinstance(result, int) and not isinstance(result, bool):
        try:
            return float(result)
        except OverflowError:
            return float("inf") if result > 0 else -float("inf")
    return result


def _request(vector: Vector, dtype: str, convention: Convention) -> dict[str, Any]:
    inputs = convention.inputs(vector.objective, vector.arguments(dtype))
    listed = {
        name: spelled(value.tolist()) if hasattr(value, "tolist") else value
        for name, value in inputs.items()
    }
    return {
        "cmd": "run",
        "id": vector.id,
        "objective": vector.objective.name,
        "dtype": dtype,
        "inputs": listed,
    }


def _introduce(answers: Answers, reply: dict[str, Any], objective: str | None) -> None:
    """Note who it is and what it offers. Raises Lost where that is nothing of what is asked."""
    offered = reply.get("implements")
    if (
        not isinstance(offered, list | dict)
        or not offered
        or not all(isinstance(name, str) for name in offered)
    ):
        raise Lost(
            f'its reply to start has no "implements", a list of objectives: {shortened(json.dumps(reply))}'
        )
    answers.name, answers.language = str(reply.get("name", "")), str(reply.get("language", ""))
    answers.unknown = tuple(name for name in offered if name not in EVERY)
    known = tuple(name for name in EVERY if name in offered)
    if not known:
        raise Lost(
            f"it offers {', '.join(offered)}, which is no objective of this suite; expected some of"
            f" {', '.join(OBJECTIVES)}"
        )
    if objective is not None and objective not in known:
        raise Lost(f"it does not offer {objective}; it offers {', '.join(known)}")
    answers.implements = known if objective is None else (objective,)


class _Session:
    """A harness that is started, and started anew after it was lost: Lost is whatever costs it its life."""

    def __init__(
        self, command: Sequence[str], hello: dict[str, Any], time_limit: float, start_limit: float
    ) -> None:
        self._command, self._hello, self._time_limit, self._start_limit = (
            command,
            hello,
            time_limit,
            start_limit,
        )
        self._child: Child | None = None
        self._late: set[str] = set()  # ids of cases closed without an answer, which may still come

    def start(self) -> dict[str, Any]:
        """Start it and return its reply. Raises Lost."""
        self._late.clear()
        self._child = Child(self._command)
        self._child.send(json.dumps(self._hello, separators=(",", ":")))
        deadline = time.monotonic() + self._start_limit
        reply = _parsed(
            self._line(self._child, deadline, f'no reply to "start" within {self._start_limit:g} s')
        )
        if isinstance(reply, str):
            self.close()
            raise Lost(f"its reply to start: {reply}")
        return reply

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | Skipped | Errored:
        """Its answer to one case. Raises Lost.

        A line that is no answer makes the case errored; then the right one is waited for shortly, so that it is not
        taken for the next case's.
        """
        if self._child is None:
            self.start()
            assert self._child is not None
        self._child.send(json.dumps(request, separators=(",", ":"), allow_nan=False))
        deadline, expected, trouble = time.monotonic() + self._time_limit, request["id"], ""
        while True:
            try:
                text = self._line(
                    self._child, deadline, f"no answer within {self._time_limit:g} s", trouble
                )
            except Silent:
                self._late.add(expected)
                return Errored(trouble)
            if not text.strip():
                continue
            reply = _parsed(text)
            if isinstance(reply, dict) and reply.get("id") == expected:
                return (
                    Errored(f"{trouble}; the answer came after it") if trouble else _answer(reply)
                )
            if (
                isinstance(reply, dict)
                and isinstance(reply.get("id"), str)
                and reply["id"] in self._late
            ):
                self._late.remove(reply["id"])
            elif not trouble:
                trouble = reply if isinstance(reply, str) else _misnamed(reply, expected)
                deadline = min(deadline, time.monotonic() + _GRACE)

    def close(self) -> None:
        """Have it stop, and see that it does."""
        if self._child is not None:
            self._child.send('{"cmd":"stop"}')
            self._child.close(patience=1.0)
            self._child = None

    def _line(self, child: Child, deadline: float, silent: str, trouble: str = "") -> str:
        """The next line. Raises Silent if none came after a ``trouble``; else silence, too, ends the child: Lost."""
        try:
            return child.line(deadline)
        except Silent:
            if trouble and not child.has_more():
                raise
            if trouble:
                silent, hint = trouble, "and it wrote on and on"
            else:
                hint = (
                    "it came when stdin was closed: flush stdout after every line"
                    if child.answers_at_end_of_input()
                    else ""
                )
            message = silent + (f"; {hint}" if hint else child.last_words())
        except Lost as lost:
            message = f"{trouble}; then {lost}" if trouble else str(lost)
        child.close()
        self._child = None
        raise Lost(message)


def _parsed(text: str) -> dict[str, Any] | str:
    """The JSON object of that line, or what is wrong with it."""
    quoted = shortened(text.strip())
    if brackets := _too_deep(text):
        opened = sum(brackets.count(bracket) for bracket in "[{")
        if 2 * opened == len(brackets):
            return f"results are nested too deeply: {quoted} (at most {NESTING} brackets within each other)"
        return f"line is not JSON: {quoted} ({_ON_STDOUT})"
    try:
        reply = json.loads(text)
    except ValueError:
        return f"line is not JSON: {quoted} ({_ON_STDOUT})"
    return reply if isinstance(reply, dict) else f"reply is not a JSON object: {quoted}"


def _too_deep(text: str) -> str:
    """All brackets of a line in which more than ``NESTING`` stand within each other, those in strings left out; else
    "".

    They are counted one by one, since reading the line would recurse at each of them.
    """
    bare, depth = _STRING.sub("", text), 0
    for bracket in _BRACKET.finditer(bare):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > NESTING:
            return "".join(_BRACKET.findall(bare))
    return ""


def _misnamed(reply: dict[str, Any], expected: str) -> str:
    if "id" not in reply:
        return f"reply has no id: {shortened(json.dumps(reply))}"
    return f"reply has the id {shortened(json.dumps(reply['id']))}; expected {expected!r}"


def _answer(reply: dict[str, Any]) -> dict[str, Any] | Skipped | Errored:
    given = [kind for kind in _KINDS if kind in reply]
    if len(given) != 1:
        found = " and ".join(given) or "no result"
        return Errored(
            f"reply has {found}; expected one of {', '.join(_KINDS)}: {shortened(json.dumps(reply))}"
        )
    content = reply[given[0]]
    if given[0] == "skipped":
        return Skipped(str(content))
    if given[0] == "errored":
        return Errored(f"the harness reports: {content}")
    if not isinstance(content, dict):
        return Errored(
            f'"results" is not a JSON object like {{"value": ...}}: {shortened(json.dumps(content))}'
        )
    return {name: decode(value) for name, value in content.items()}
