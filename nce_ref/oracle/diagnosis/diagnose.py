"""What is wrong: the convention, the known mistake, the other objective or the odd constant that explains the failures.

Conventions
-----------
matches    failing vectors on which the suspect returns what the implementation returned, of all that failed with
           numbers
best       explains every failing vector and contradicts no passing one, in all outputs, or in all that are wrong
           somewhere, where others are right; or, where nothing does, nearly every one
ambiguous  as likely as the best: as simple, and as many vectors
hints      computed facts, where no suspect explains the whole
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref.oracle.conventions import Convention, declaration, own_convention
from nce_ref.oracle.diagnosis.choices import by_choice, in_our_terms
from nce_ref.oracle.diagnosis.compound import search_easy, search_pairs
from nce_ref.oracle.diagnosis.hints import (
    compute_hints,
)
from nce_ref.oracle.diagnosis.lost_digits import lost_digits, lost_digits_fix, single_precision
from nce_ref.oracle.diagnosis.numbers import determined, fit_numbers
from nce_ref.oracle.diagnosis.observed import Observed, observe
from nce_ref.oracle.diagnosis.relatives import relatives_of, remedy
from nce_ref.oracle.diagnosis.sixteen_bits import in_own_type, sixteen_bits
from nce_ref.oracle.diagnosis.structural import search_two
from nce_ref.oracle.diagnosis.suspects import (
    Candidate,
    compare,
    is_full,
    rank,
    search,
    search_alone,
    settings,
)
from nce_ref.oracle.diagnosis.to_declare import fitted_suspect, to_declare
from nce_ref.oracle.diagnosis.verdict import Diagnosis, Suspect, merged
from nce_ref.oracle.dtypes import HALVES
from nce_ref.oracle.families.base import Fitted, Objective
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.results import CaseResult

_SHOWN = 8  # suspects kept in a report
_FEW = 3  # failing vectors explain nothing beside as many that got no answer
_CLEAR = 20.0  # allowances: a fitted explanation is not asked of what is wrong by less
_NEARLY = 0.75  # of the failing vectors, where none explains them all


@np.errstate(all="ignore")  # what overflows here did so in the answers
def diagnose(
    objective: Objective,
    results: Sequence[CaseResult],
    dtype: str = "float64",
    convention: Convention | None = None,
    evaluate: Callable[[Mapping[str, Any]], Any] | None = None,
) -> Diagnosis:
    """Say what explains the failures among ``results``; nothing is said where all pass.

    ``evaluate`` may call the implementation on inputs of ours, by which a gradient is told from a derivative.
    """
    convention = own_convention(objective) if convention is None else convention
    if convention.choices:
        results, evaluate = in_our_terms(objective, results, convention, evaluate)
    observed = observe(objective, results, dtype, convention)
    if not any(result.status == "failed" for result in results):
        return Diagnosis()
    n_errored = sum(result.status == "errored" for result in results)
    if observed.n_failed < _FEW <= n_errored:
        hint = (
            f"{n_errored} vectors got no answer that could be read: mend that first; "
            f"the {observed.n_failed} that failed with numbers are too few to be explained"
        )
        return Diagnosis(hints=(hint,))
    if objective.kind == "estimate":
        return _of_estimates(observed)
    if objective.kind == "covariance":
        return _of_covariance(observed, evaluate)
    if dtype not in HALVES and (own := sixteen_bits(observed)) is not None:
        return in_own_type(observed, own, results, convention, diagnose)
    if dtype in HALVES:
        evaluate = None  # no finite difference tells anything in 16 bits
    precision = single_precision(observed, dtype)
    if precision is not None and not observed.failed.any():
        count = observed.n_ran
        fix = "compute in float64 throughout: one float32 constant, cast or default dtype is enough"
        remedy = 'dtype="float32" in the check, if float32 is meant'
        suspect = Suspect(
            "hint",
            "float32",
            precision,
            count,
            count,
            "every answer is right to float32's allowance",
            "",
            fix,
            remedy,
        )
        return Diagnosis((suspect,), suspect)
    if not np.isfinite(observed.got).any():
        hint = (
            f"nothing but NaN and inf came, for all {observed.n_ran} vectors: see first whether the"
            " adapter hands over numbers"
        )
        return Diagnosis(hints=(hint,))
    found = _unique(search(observed))
    full = [candidate for candidate in found if is_full(candidate, observed)]
    if full:
        return _verdict(observed, found, full, precision)
    if fitted_numbers := fit_numbers(observed):
        return _verdict(observed, fitted_numbers + found, fitted_numbers, precision)
    part, alone = search_alone(observed)
    if alone:
        return _verdict(part, alone, alone, precision)
    if (fitted := _fitted(observed)) is not None:
        suspect = fitted_suspect(fitted, observed)
        ranked = [suspect, *(_suspect(candidate, observed) for candidate in found[:_SHOWN])]
        return Diagnosis(
            tuple(ranked), suspect, ranked[1] if len(ranked) > 1 else None, (), _noted(precision)
        )
    if (small := lost_digits(observed)) is not None:
        count = observed.n_failed
        fix = lost_digits_fix(observed)
        suspect = Suspect(
            "hint", "lost-digits", small, count, count, "every failing vector", "", fix
        )
        return Diagnosis(
            (suspect,), suspect, hints=_noted(precision) + compute_hints(observed, evaluate)
        )
    if two := _unique(search_two(observed)):
        return _verdict(observed, two + found, two, precision)
    firsts = _unique(search_easy(observed))
    if pairs := _unique(search_pairs(observed, firsts + found)):
        return _verdict(observed, pairs + found, pairs, precision)
    firsts = [candidate for candidate in firsts if not candidate.blurred]
    found = _unique(
        sorted(
            [_on_all(candidate, observed) for candidate in firsts] + found,
            key=lambda candidate: rank(candidate, observed),
        )
    )
    ranked = merged([_suspect(candidate, observed) for candidate in found[:_SHOWN]])
    best = ranked[0] if found and _is_nearly(found[0], observed, bool(firsts)) else None
    others = ranked[1:] if best else ranked
    return Diagnosis(
        tuple(ranked),
        best,
        others[0] if others else None,
        (),
        _noted(precision) + compute_hints(observed, evaluate),
    )


def _of_covariance(
    observed: Observed, evaluate: Callable[[Mapping[str, Any]], Any] | None
) -> Diagnosis:
    """A known mistake that explains all, or hints: there are no conventions, and digits lost are a quadrature's, not a
    dtype's."""
    found = _unique(search(observed))
    if full := [candidate for candidate in found if is_full(candidate, observed)]:
        return _verdict(observed, found, full, None)
    ranked = merged([_suspect(candidate, observed) for candidate in found[:_SHOWN]])
    return Diagnosis(
        tuple(ranked), None, ranked[0] if ranked else None, (), compute_hints(observed, evaluate)
    )


def _of_estimates(observed: Observed) -> Diagnosis:
    """The mistakes that the estimates maximise, or hints from what B and c are off by."""
    # The slope there needs half of the package; a function's values need none of it.
    from nce_ref.oracle.diagnosis.stationary import suspects_of_estimates

    suspects = suspects_of_estimates(observed)
    if not suspects:
        argmax = observed.objective.argmax
        return Diagnosis(hints=() if argmax is None else argmax.tools().hints(observed))
    return Diagnosis(suspects, suspects[0], None, suspects[1:])


def _verdict(
    observed: Observed, found: list[Candidate], full: list[Candidate], precision: str | None
) -> Diagnosis:
    """Something explains everything: the simplest, those as simple, the next."""
    full = _of_what_came(observed, [determined(observed, candidate) for candidate in full])
    # A number that no vector determines adds nothing to an explanation that has none, which comes first.
    full.sort(key=lambda one: (int(one.complexity), one.loose, _is_undetermined(one)))
    found = [*full, *(one for one in found if all(one.id != two.id for two in full))]
    first = full[0]
    as_likely = {
        candidate.id
        for candidate in full[1:]
        if (int(candidate.complexity), candidate.loose) == (int(first.complexity), first.loose)
        and (first.complexity < 2 or candidate.complexity <= first.complexity)
        and not (first.loose and candidate.nearness > 10.0 * first.nearness + 1.0)
    }
    ranked = merged(
        [_suspect(candidate, observed) for candidate in found[: max(_SHOWN, len(full))]]
    )
    ambiguous = tuple(suspect for suspect in ranked[1:] if suspect.id in as_likely)
    others = [suspect for suspect in ranked[1:] if suspect.id not in as_likely]
    return Diagnosis(
        tuple(ranked), ranked[0], others[0] if others else None, ambiguous, _noted(precision)
    )


def _is_undetermined(candidate: Candidate) -> bool:
    mistake = CATALOGUE.get(candidate.id)
    number = mistake is not None and mistake.number is not None
    return number and candidate.value is None and candidate.complexity < 2


def _of_what_came(observed: Observed, full: list[Candidate]) -> list[Candidate]:
    """Where no value was returned, slips in a gradient alone, if there are any: nothing is said about a value that
    nobody saw."""
    has_value = any(output.name == "value" for output in observed.objective.outputs)
    if not has_value or "value" in _returned(observed):
        return full
    of_gradients = [
        candidate
        for candidate in full
        if candidate.kind == "mistake"
        and candidate.complexity < 2
        and all(CATALOGUE[name].gradient for name in candidate.id.split(" + "))
    ]
    return of_gradients or full


def _fitted(observed: Observed) -> Fitted | None:
    """The fitted explanation, if it is told from the truth on every failing vector: rounding errors fit many."""
    off = observed.worst(np.abs(observed.got - observed.want) / observed.allowed(observed.want))[
        observed.failed
    ]
    if observed.objective.fit is None or off.size < 3 or not np.median(off) > _CLEAR:
        return None
    fitted = observed.objective.fit(observed)
    if fitted is None:
        return None
    candidate = compare(observed, "family", "", fitted.prediction, settings(observed)[0], 1.0)
    return fitted if is_full(candidate, observed) else None


def _unique(candidates: list[Candidate]) -> list[Candidate]:
    """Each suspect once, under the convention that suits it best."""
    first: dict[tuple[str, str], Candidate] = {}
    for candidate in candidates:
        first.setdefault((candidate.kind, candidate.id), candidate)
    return list(first.values())


def _on_all(candidate: Candidate, observed: Observed) -> Candidate:
    """What was found on the vectors outside tails and kinks, counted on all."""
    explained = np.zeros(observed.n_ran, dtype=bool)
    explained[[vector for vector in range(observed.n_ran) if not observed.is_hard(vector)]] = (
        candidate.explained
    )
    return replace(candidate, explained=explained)


def _noted(precision: str | None) -> tuple[str, ...]:
    return (precision,) if precision else ()


def _is_nearly(candidate: Candidate, observed: Observed, easy: bool) -> bool:
    if candidate.contradicted or candidate.complexity >= 2:
        return False
    hard = sum(
        observed.is_hard(int(vector))
        for vector in np.flatnonzero(observed.failed & ~candidate.explained)
    )
    unexplained = observed.n_failed - candidate.matches
    return candidate.matches >= 3 and (
        candidate.matches >= _NEARLY * observed.n_failed or (easy and hard == unexplained)
    )


def _suspect(candidate: Candidate, observed: Observed) -> Suspect:
    numbers = sum(
        slot.where.stop - slot.where.start
        for slot in observed.slots
        if candidate.explained[slot.vector]
    )
    evidence = (
        f"it gives the {numbers} numbers that came for {candidate.matches} of the"
        f" {observed.n_failed} vectors that fail"
    )
    left = [int(vector) for vector in np.flatnonzero(observed.failed & ~candidate.explained)]
    if left and all(observed.is_hard(vector) for vector in left):
        evidence += (
            "; the others are in the tails or at kinks, where something else is wrong as well"
        )
    if candidate.n_apart:
        evidence += (
            f", but for {candidate.apart:.1%} at {candidate.n_apart} of them, where digits are lost"
        )
    elif candidate.loose:
        evidence += (
            ", up to rounding, which varies with the code, and to which of NaN and inf comes"
        )
    if candidate.contradicted:
        evidence += f"; but {candidate.contradicted} that pass would fail"
    counts = (candidate.matches, observed.n_failed, evidence)
    called = declaration(candidate.convention, observed.objective)
    declare = f"convention={called}"
    if candidate.kind == "convention":
        title = f"right under another convention: {candidate.id}{by_choice(observed.objective, candidate)}"
        effect = (
            "none: the argmax is the same, up to the sign of c where that is turned; a choice that"
            " has to be declared"
        )
        if candidate.convention.noise_ratio != observed.convention.noise_ratio:
            effect = (
                "consistent either way, but another objective: values, variances and standard"
                " errors are those of its own nu; a choice that has to be declared"
            )
        return Suspect(
            "convention", candidate.id, title, *counts, effect, "nothing to mend", declare
        )
    undeclared = candidate.convention != observed.convention
    also = f", under {called}" if undeclared else ""
    also_declare = f"declare {declare} as well" if undeclared else ""
    if candidate.kind == "other objective":
        relative = next(
            relative for relative in relatives_of(observed.objective) if relative.id == candidate.id
        )
        words = "; ".join(filter(None, (remedy(relative, observed.objective), also_declare)))
        return Suspect(
            candidate.kind,
            candidate.id,
            relative.title + also,
            *counts,
            "the answer to another question",
            "",
            words,
        )
    mistakes = [CATALOGUE[name] for name in candidate.id.split(" + ")]
    if meant := next((one.declares for one in mistakes if one.declares), ""):
        also_declare = to_declare(candidate, observed, meant) or also_declare
    value = ""
    if candidate.value is not None and mistakes[0].number is not None:
        value = f", {mistakes[0].number.symbol} = {candidate.value:g}"
    title, effect, fix = (
        " And: ".join(getattr(mistake, name) for mistake in mistakes)
        for name in ("title", "effect", "fix")
    )
    return Suspect(
        "mistake",
        candidate.id,
        title + value + _where(candidate, observed) + also,
        *counts,
        effect,
        fix,
        also_declare,
        candidate.value,
    )


def _where(candidate: Candidate, observed: Observed) -> str:
    """``, in the value alone; the gradients are right``, where the other outputs are."""
    if not candidate.alone:
        return ""
    names = _returned(observed)
    right = [name for name in names if name not in candidate.alone]
    gradients = [name for name in names if observed.objective.output(name).derivative_of]
    of_wrong, of_right = (
        "the value" if some == ["value"] else " and ".join(some)
        for some in (list(candidate.alone), right)
    )
    if right == gradients:
        of_right = "the gradients" if len(gradients) > 1 else "the gradient"
    elif list(candidate.alone) == gradients:
        of_wrong = "the gradients" if len(gradients) > 1 else "the gradient"
    return (
        f", in {of_wrong} alone; {of_right}"
        f" {'are' if of_right.endswith('gradients') or ' and ' in of_right else 'is'} right"
    )


def _returned(observed: Observed) -> list[str]:
    """The outputs that came for any vector, in the objective's order; not those alone that are looked at."""
    came = {name for result in observed.results for name in result.outputs}
    return [output.name for output in observed.objective.outputs if output.name in came]
