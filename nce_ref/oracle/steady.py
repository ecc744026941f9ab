"""Does an implementation answer alike to the same inputs, and leave the arrays alone that it is handed?

Conventions
-----------
telling   the vector that tells most mistakes from the truth; the next one is asked twice in a row. Where none tells
          any, none is
asked     the telling vector before all others, so that what is kept from the first batch spoils the others, and again
          after them
copy      of an implementation as it was before its first call, with what it holds (attributes, closures, defaults, not
          globals): asked the second telling vector first of all, it tells a state that the first batch has frozen
differs   by more than twice the allowance, since both answers are rounded; NaN and inf by kind. Estimates are not asked
          twice: another random start may end at the same maximum in another order
alike     arrays handed in, before and after a call, bit for bit
"""

from __future__ import annotations

import copy
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.diagnosis.verdict import Suspect
from nce_ref.oracle.dtypes import declared
from nce_ref.oracle.judge import Unreadable, read
from nce_ref.oracle.results import Errored, Skipped
from nce_ref.oracle.tolerance import allowance
from nce_ref.oracle.vectors import Vector

REMEMBERS, WRITES = "remembers", "writes-to-its-inputs"
_DEPTH = 4  # functions within functions that are copied


class Watch:
    """What was seen of one implementation over its calls; ``findings`` says it."""

    def __init__(self, dtype: str, convention: Convention) -> None:
        self._dtype, self._convention = dtype, convention
        self._differences: list[str] = []
        self._n_calls = 0
        self._written: dict[str, list[str]] = {}

    def call(self, impl: Callable[..., Any], vector: Vector) -> Any:
        """What ``impl`` returns for a vector, or Errored with its exception in one line; its inputs are looked at
        afterwards."""
        inputs = self._convention.inputs(vector.objective, vector.arguments(self._dtype))
        handed = {name: value for name, value in inputs.items() if isinstance(value, np.ndarray)}
        before = {name: (value.shape, value.tobytes()) for name, value in handed.items()}
        with declared(self._dtype):
            answer = _answer(impl, inputs)
        self._n_calls += 1
        for name, value in handed.items():
            if before[name] != (value.shape, value.tobytes()):
                self._written.setdefault(name, []).append(vector.id)
        return answer

    def compare(self, vector: Vector, first: Any, again: Any, when: str) -> None:
        """Note where two answers to one vector differ; ``when`` says which."""
        if (said := difference(vector, first, again, self._dtype, self._convention)) is not None:
            self._differences.append(f"{vector.id}, {when}: {said}")

    @property
    def findings(self) -> tuple[Suspect, ...]:
        """The findings, the gravest first."""
        found = []
        if self._differences:
            found.append(remembers(self._differences))
        if self._written:
            where = "; ".join(
                f"{name} in {len(ids)} of {self._n_calls} calls, first at {ids[0]}"
                for name, ids in self._written.items()
            )
            found.append(
                Suspect(
                    "finding",
                    WRITES,
                    "it changes the arrays that it is handed",
                    max(map(len, self._written.values())),
                    self._n_calls,
                    where,
                    "whoever hands in the same arrays again gets another answer, and a training"
                    " loop's batch is spoilt",
                    "compute on new arrays: t = t - log_nu instead of t -= log_nu, no out= and no"
                    " in-place method on an argument",
                )
            )
        return tuple(found)


def remembers(differences: Sequence[str]) -> Suspect:
    """The finding that answers hang on more than the inputs."""
    return Suspect(
        "finding",
        REMEMBERS,
        "it answers differently to the same inputs",
        len(differences),
        len(differences),
        "; ".join(differences),
        "what it returns hangs on the calls before, or on chance: no stored number can be held"
        " against it, and nothing else is diagnosed",
        "let the answer follow from the arguments alone: no normaliser or average kept from an"
        " earlier batch, no dropout (eval mode), no random numbers drawn inside",
    )


def ask(impl: Callable[..., Any], vectors: Sequence[Vector], watch: Watch) -> dict[str, Any]:
    """The answers to all vectors, in their order; what differs is noted in ``watch``."""
    if not vectors:
        return {}
    first, second = telling(vectors)
    fresh = as_before(impl) if first.objective.kind != "estimate" else None
    answers: dict[str, Any] = {}
    for vector in in_order(vectors):
        answer = watch.call(impl, vector)
        if vector.id in answers:
            when = "before all others and after them" if vector is first else "twice in a row"
            watch.compare(vector, answers[vector.id], answer, f"called {when}")
        answers.setdefault(vector.id, answer)
    if fresh is not None and second is not first:
        inputs = watch._convention.inputs(second.objective, second.arguments(watch._dtype))
        alone = _answer(fresh, inputs)
        if not isinstance(alone, Errored):  # a copy may be broken by the copying
            said = "after other vectors, and by a copy to which it is the first"
            watch.compare(second, answers[second.id], alone, said)
    return {vector.id: answers[vector.id] for vector in vectors}


def in_order(vectors: Sequence[Vector]) -> list[Vector]:
    """The vectors as they are to be asked: the telling one first and last, the next one twice in a row."""
    if not vectors or vectors[0].objective.kind == "estimate":
        return list(vectors)
    first, second = telling(vectors)
    if not first.kills:
        return list(vectors)
    others = [vector for vector in vectors if vector is not first]
    at = others.index(second) + 1 if second is not first else 0
    return [first, *others[:at], second, *others[at:], first]


def telling(vectors: Sequence[Vector]) -> tuple[Vector, Vector]:
    """The two vectors that tell most mistakes from the truth; one twice, where there is one."""
    ranked = sorted(vectors, key=lambda vector: -len(vector.kills))
    return ranked[0], ranked[min(1, len(ranked) - 1)]


def difference(
    vector: Vector, first: Any, again: Any, dtype: str, convention: Convention
) -> str | None:
    """How two answers to one vector differ, in words; None where they are alike."""
    one, two = (_read(vector, answer) for answer in (first, again))
    if isinstance(one, str) or isinstance(two, str):
        kinds = [words if isinstance(words, str) else "numbers" for words in (one, two)]
        alike = isinstance(one, str) and isinstance(two, str)
        return None if alike else f"{kinds[0]}, then {kinds[1]}"
    if one.keys() != two.keys():
        return f"{', '.join(one) or 'nothing'} returned, then {', '.join(two) or 'nothing'}"
    for name in one:
        factor = abs(convention.factor(vector.objective, name, vector.inputs))
        scale = factor * vector.expected[name].scale
        allowed = 2.0 * allowance(vector.objective, name, scale, dtype)
        a, b = (np.asarray(given[name], dtype=np.float64) for given in (one, two))
        with np.errstate(all="ignore"):
            alike = (a == b) | (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= allowed)
        if not alike.all():
            at = tuple(int(k) for k in np.argwhere(~alike)[0])
            where = f"[{', '.join(map(str, at))}]" if at else ""
            return f"{name}{where} is {a[at]:.17g}, then {b[at]:.17g}"
    return None


def as_before(impl: Callable[..., Any]) -> Callable[..., Any] | None:
    """A copy of ``impl`` with what it holds, or None where nothing can be copied."""
    try:
        fresh = _copied(impl, _DEPTH)
    except Exception:  # whose code this is, is not known
        return None
    return None if fresh is impl else fresh


def _copied(thing: Any, depth: int) -> Any:
    if not isinstance(thing, types.FunctionType):
        try:
            return copy.deepcopy(thing)
        except Exception:
            return thing
    if not depth or not (thing.__closure__ or thing.__defaults__ or thing.__kwdefaults__):
        return thing
    cells = []
    for cell in thing.__closure__ or ():
        try:
            cells.append(types.CellType(_copied(cell.cell_contents, depth - 1)))
        except ValueError:  # an empty cell
            cells.append(cell)
    fresh = types.FunctionType(
        thing.__code__, thing.__globals__, thing.__name__, thing.__defaults__, tuple(cells) or None
    )
    fresh.__defaults__ = copy.deepcopy(thing.__defaults__)
    fresh.__kwdefaults__ = copy.deepcopy(thing.__kwdefaults__)
    return fresh


def _answer(impl: Callable[..., Any], inputs: Mapping[str, Any]) -> Any:
    # Overflow in exp is an implementation's own affair as long as its numbers are right.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _kept(impl(**inputs))
        except (Exception, SystemExit) as error:
            text = " ".join(str(error).split())
            kind = type(error).__name__
            return Errored(f"raised {kind}: {text}" if text else f"raised {kind}")


def _kept(answer: Any) -> Any:
    """The answer as it is now: arrays that an implementation uses again are its own affair."""
    if isinstance(answer, np.ndarray):
        return answer.copy()
    if type(answer) is dict:
        return {name: _kept(value) for name, value in answer.items()}
    return answer


def _read(vector: Vector, answer: Any) -> dict[str, Any] | str:
    """The outputs, or one word for what is none."""
    if isinstance(answer, Errored):
        return "an error"
    if isinstance(answer, Skipped):
        return "a case that is skipped"
    try:
        return read(vector, answer)
    except Unreadable:
        return "what cannot be read"
