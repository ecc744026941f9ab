"""Comparing suspects with what was returned: conventions, known mistakes, other objectives, and mistakes under
conventions.

Conventions
-----------
candidate    what a suspect would have returned, laid out as ``Observed`` has it
explained    by vector: every entry agrees, and where the vector fails, the suspect is much nearer than the truth is
complexity   0 a convention, 1 a mistake, 2 a mistake under a convention it does not declare, plus a little a word; the
             simplest explanation comes first
numeric      a mistake of arithmetic: how it rounds, and whether NaN or inf, varies between implementations: see
             ``_loosely``
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.conventions import Convention, all_conventions
from nce_ref.oracle.diagnosis.choices import plain, undeclared
from nce_ref.oracle.diagnosis.observed import Bools, Observed
from nce_ref.oracle.diagnosis.sources import (
    Source,
    every_source,
    laid_out,
    of_choice,
    scattered,
    stacked,
    truth,
)

_ROUGHLY = 0.05  # of an error may be left unexplained where rounding decides about the rest
_SMALL = {
    "bfloat16": 1e-1,
    "float16": 3e-2,
    "float32": 1e-3,
    "float64": 1e-6,
}  # of the scale: an error that is a matter of digits lost
_SCATTERED = 4.0  # times the range of an error over six inputs close by: two draws of it are hardly ever further apart
_LITERAL = 1e-3  # of a number: beyond that two finite numbers differ, and that is said
FAR_APART = 3  # vectors that differ so: a pair that does is none


Scatter: TypeAlias = Callable[[Bools], Float]


@dataclass(frozen=True, eq=False)
class Candidate:
    """Something that may explain the failures: ``explained`` by vector, ``contradicted`` passing vectors where it is
    off.

    ``alone``: the outputs in which it is made, where the others are right. ``apart``: the largest relative difference
    where it agrees loosely, ``n_apart``: by how many vectors it is beyond a thousandth.
    """

    kind: str
    id: str
    convention: Convention
    complexity: float
    explained: Bools
    contradicted: int
    nearness: float
    loose: bool = False
    blurred: bool = False
    alone: tuple[str, ...] = ()
    value: float | None = None
    apart: float = 0.0
    n_apart: int = 0

    @property
    def matches(self) -> int:
        """How many vectors it explains."""
        return int(self.explained.sum())


@dataclass(frozen=True, eq=False)
class Setting:
    """A convention that can be told from the others on these vectors."""

    convention: Convention
    factors: Float
    flipped: bool
    words: int


def settings(observed: Observed) -> tuple[Setting, ...]:
    """The declared convention, then every other that differs on what was returned, those with the fewest words changed
    first."""
    declared, objective = observed.convention, observed.objective
    each = (
        replace(one, choices=declared.choices, noise_ratio=declared.noise_ratio)
        for one in all_conventions()
    )
    every = sorted(each, key=lambda convention: _changed(convention, declared))
    found: list[Setting] = []
    for convention in every:
        flipped = objective.constant in objective.arguments and convention.c_sign != declared.c_sign
        factors = observed.factors(convention)
        if not any(
            flipped == other.flipped and np.array_equal(factors, other.factors) for other in found
        ):
            found.append(Setting(convention, factors, flipped, _changed(convention, declared)))
    return tuple(found)


def compare(
    observed: Observed,
    kind: str,
    name: str,
    candidate: Float,
    setting: Setting,
    complexity: float,
    scatter: Scatter | None = None,
    value: float | None = None,
) -> Candidate:
    """How well a candidate explains what was returned; ``scatter``: of a mistake of arithmetic, how it varies."""
    agree = observed.agree(candidate)
    loose = False
    if scatter is not None and not agree.all():
        loosely = _loosely(observed, candidate, agree, scatter)
        loose, agree = bool((loosely & ~agree).any()), loosely
    with np.errstate(all="ignore"):
        near = np.abs(observed.got - candidate) / observed.allowed(candidate)
        far = np.abs(observed.got - observed.want) / observed.allowed(observed.want)
        near, far = (
            np.where(agree & ~np.isfinite(near), 0.0, near),
            np.where(np.isfinite(far), far, np.inf),
        )
    distance = observed.worst(near)
    matched = observed.every(agree)
    closer_than_half = distance < 0.5 * observed.worst(far)
    closer = closer_than_half | loose
    explained = observed.failed & matched & closer
    if loose and not (explained & closer_than_half).any():
        explained = np.zeros_like(explained)
    contradicted = int((~observed.failed & ~matched).sum())
    nearness = float(np.max(distance[explained], initial=0.0))
    apart = _apart(observed, candidate)[explained] if loose else np.zeros(0)
    return Candidate(
        kind,
        name,
        setting.convention,
        complexity,
        explained,
        contradicted,
        nearness,
        loose,
        value=value,
        apart=float(np.max(apart, initial=0.0)),
        n_apart=int((apart > _LITERAL).sum()),
    )


def scatter_of(observed: Observed, source: Source, way: Setting) -> Scatter:
    """How a source's error varies under a convention, asked for the entries that matter alone."""

    def scatter(entries: Bools) -> Float:
        return np.abs(way.factors) * scattered(observed, source, way.flipped, entries)

    return scatter


def _apart(observed: Observed, candidate: Float) -> Float:
    """By vector, the largest relative difference between a number that came and the candidate's, beyond what is
    allowed."""
    with np.errstate(all="ignore"):
        off = np.abs(observed.got - candidate)
        relative = off / np.maximum(np.abs(observed.got), np.abs(candidate))
        said = np.isfinite(relative) & (off > observed.allowed(candidate))
    return observed.worst(np.where(said, relative, 0.0))


def search(
    observed: Observed, sources: Sequence[Source] | None = None, undeclared: bool = True
) -> list[Candidate]:
    """Every convention, mistake, other objective and mistake under a convention that explains at least one failing
    vector.

    With ``sources``, those alone, under every convention, or, not ``undeclared``, under the declared one. A source that
    explains none of a few failing vectors is dropped before it is evaluated on the rest, and c of the other sign is
    tried where nothing simple explains all.
    """
    ways = settings(observed)
    found: list[Candidate] = []
    if sources is None:
        found = _conventions(observed, ways) + _choices(observed, ways) + _of_sizes(observed, ways)
    if not undeclared or any(is_full(candidate, observed) for candidate in found):
        ways = ways[:1]
    few = observed.subset(_probes(observed))
    known = every_source(observed.objective.name) if sources is None else tuple(sources)
    are_numeric = np.array([source.is_numeric for source in known], dtype=bool)
    for flipped in sorted({way.flipped for way in ways}):
        these = [way for way in ways if way.flipped == flipped]
        factors = np.stack([few.factors(way.convention) for way in these])
        of_few = stacked(known, few.layout, few.dtype, flipped)
        likely = plausible(few, of_few, factors, are_numeric)
        for source, in_ways in zip(known, likely):
            if not in_ways.any():
                continue
            outputs = laid_out(observed, source, flipped)
            for way in itertools.compress(these, in_ways):
                complexity = 1.0 if way is ways[0] else 2.0 + 0.1 * way.words
                found.append(
                    compare(
                        observed,
                        source.kind,
                        source.id,
                        way.factors * outputs,
                        way,
                        complexity,
                        scatter_of(observed, source, way) if source.is_numeric else None,
                        source.value,
                    )
                )
        if any(is_full(candidate, observed) for candidate in found):
            break
    return sorted(
        (candidate for candidate in found if candidate.matches),
        key=lambda candidate: rank(candidate, observed),
    )


def search_alone(observed: Observed) -> tuple[Observed, list[Candidate]]:
    """The mistakes that explain every wrong output entirely where others are right: a slip in the value alone, or in
    one gradient.

    Comes with what was returned for the wrong outputs; no candidates where all outputs are wrong.
    """
    outputs = list(dict.fromkeys(slot.output for slot in observed.slots))
    wrong = tuple(
        name
        for name in outputs
        if any(slot.output == name and observed.is_wrong(slot) for slot in observed.slots)
    )
    vectors = sorted({slot.vector for slot in observed.slots if slot.output in wrong})
    if not wrong or len(wrong) == len(outputs):
        return observed, []
    part = observed.subset(vectors, wrong)
    sources = [
        source for source in every_source(observed.objective.name) if source.kind == "mistake"
    ]
    found = [
        candidate
        for candidate in search(part, sources, undeclared=False)
        if is_full(candidate, part)
    ]
    return part, [replace(candidate, alone=wrong) for candidate in found]


def rank(candidate: Candidate, observed: Observed) -> tuple[Any, ...]:
    """What sorts candidates: the vectors left unexplained, then simplicity, then how near."""
    unexplained = observed.n_failed - candidate.matches + candidate.contradicted
    # A relative of the objective comes after a known mistake that says the same.
    relative = candidate.kind in ("other objective", "convention") and candidate.complexity >= 1.0
    return (
        unexplained,
        int(candidate.complexity),
        candidate.loose,
        relative,
        candidate.complexity,
        candidate.nearness,
    )


def is_full(candidate: Candidate, observed: Observed) -> bool:
    """Whether it explains every failing vector and contradicts no passing one."""
    return 0 < candidate.matches == observed.n_failed and not candidate.contradicted


def _conventions(observed: Observed, ways: tuple[Setting, ...]) -> list[Candidate]:
    wanted = {False: observed.want / ways[0].factors}
    if any(way.flipped for way in ways):
        wanted[True] = laid_out(observed, truth(observed.objective.name), True, "float64")
    names = [_words(way.convention, observed.convention) for way in ways]
    return [
        compare(
            observed, "convention", name, way.factors * wanted[way.flipped], way, 0.1 * way.words
        )
        for name, way in zip(names[1:], ways[1:])
        if way.flipped in wanted
    ]


def _choices(observed: Observed, ways: tuple[Setting, ...]) -> list[Candidate]:
    """What the right steps return by a choice that was not declared: as simple as a mistake, since some mistakes return
    the same."""
    found: list[Candidate] = []
    if observed.convention.choices:
        return found
    for words, evaluate in undeclared(observed.objective.name):
        outputs = laid_out(observed, of_choice(evaluate), False)
        for way in plain(observed.objective, words, ways):
            chosen = replace(way, convention=replace(way.convention, choices=words))
            name = ",".join(filter(None, (_words(way.convention, observed.convention), *words)))
            complexity = 1.0 + 0.1 * (way.words + len(words))
            found.append(
                compare(observed, "convention", name, way.factors * outputs, chosen, complexity)
            )
    return found


def _of_sizes(observed: Observed, ways: tuple[Setting, ...]) -> list[Candidate]:
    """What the right steps return by the ratio of the sizes, where that of nu = 1 was declared."""
    objective, found = observed.objective, list[Candidate]()
    if objective.stored == objective.name:
        return found
    for way in ways:
        outputs = laid_out(observed, truth(objective.stored), way.flipped, "float64")
        stored = replace(way, convention=replace(way.convention, noise_ratio="sizes"))
        name = _words(stored.convention, observed.convention)
        complexity = 0.1 * (way.words + 1)
        found.append(
            compare(observed, "convention", name, way.factors * outputs, stored, complexity)
        )
    return found


def _probes(observed: Observed) -> list[int]:
    """A few failing vectors, those with the most numbers in and out of the tails."""
    size = np.diff([*observed.starts, observed.got.size])
    failing = [int(vector) for vector in np.flatnonzero(observed.failed)]
    failing.sort(key=lambda vector: (-min(int(size[vector]), 40), vector))
    easy = [vector for vector in failing if not observed.is_hard(vector)]
    hard = [vector for vector in failing if observed.is_hard(vector)]
    return sorted(easy[:2] + hard[: max(1, 3 - len(easy[:2]))])


def plausible(few: Observed, outputs: Float, factors: Float, are_numeric: Bools) -> Bools:
    """By source and convention, whether the outputs are what came for any probe, roughly where they are not finite or
    not exact."""
    found = np.empty((len(outputs), len(factors)), dtype=bool)
    bad_got, numeric = ~np.isfinite(few.got), are_numeric[:, None]
    for way, of_way in enumerate(factors):
        candidates = of_way * outputs
        with np.errstate(all="ignore"):
            bad = ~np.isfinite(candidates)
            roughly = np.maximum(
                _ROUGHLY * np.abs(candidates - few.want), _SMALL[few.dtype] * few.scale
            )
            near = np.abs(few.got - candidates) <= np.maximum(few.allowed(candidates), roughly)
            near &= ~bad & ~bad_got
        agree = near | (bad & bad_got) | (numeric & (bad | bad_got))
        found[:, way] = np.logical_and.reduceat(agree, few.starts, axis=1).any(axis=1)
    return found


def _changed(convention: Convention, declared: Convention) -> int:
    return len(_different(convention, declared))


def _words(convention: Convention, declared: Convention) -> str:
    """What differs from the declared convention, as an id: ``sense=minimise,reduction=sum``."""
    words = _different(convention, declared)
    return ",".join(f"{word}={getattr(convention, word)}" for word in words)


def _different(one: Convention, other: Convention) -> list[str]:
    words = ("sense", "reduction", "c_sign", "noise_ratio")
    return [word for word in words if getattr(one, word) != getattr(other, word)]


def _loosely(observed: Observed, candidate: Float, agree: Bools, scatter: Scatter) -> Bools:
    """Agreement for mistakes of arithmetic: where they overflow, and how they round on the way there, varies with the
    code.

    Bad pairs with bad, whichever of NaN and the infinities it is, and where the value is bad the gradient is not asked:
    it may be NaN by 0 x inf, inf, or right. No number is explained by one that is not finite, nor the other way round.
    Elsewhere it is the same error to 5 % and to what digits lost amount to, or both are errors of digits lost that
    differ by no more than the mistake's own error does among inputs close by (``sources.scattered``): where it loses
    none, what came may not either.
    """
    bad_got, bad_candidate = ~np.isfinite(observed.got), ~np.isfinite(candidate)
    bad = bad_got | bad_candidate
    with np.errstate(all="ignore"):
        error, mine = np.abs(observed.got - observed.want), np.abs(candidate - observed.want)
        apart = np.abs(observed.got - candidate)
        small = _SMALL[observed.dtype] * observed.scale
        loosely = (
            agree
            | (bad_got & bad_candidate)
            | ((apart <= np.minimum(_ROUGHLY * mine, small)) & ~bad)
        )
        loosely |= bad & (bad_got & bad_candidate)[observed.value_of] & observed.has_value
        asked = ~loosely & ~bad & (mine <= small) & (error <= small)
        # The scatter costs evaluations: it is asked where the whole vector may agree then.
        asked &= observed.every(loosely | asked)[observed.vector_of]
        if asked.any():
            loosely |= asked & (apart <= observed.allowed(candidate) + _SCATTERED * scatter(asked))
    return loosely
