"""What a suspect says should be declared, where what came is right under another convention, in part or as a whole."""

from __future__ import annotations

from dataclasses import replace

from nce_ref.oracle.conventions import Convention, declaration, own_convention
from nce_ref.oracle.diagnosis.observed import Observed
from nce_ref.oracle.diagnosis.suspects import Candidate
from nce_ref.oracle.diagnosis.verdict import Suspect
from nce_ref.oracle.families.base import Fitted
from nce_ref.oracle.objectives import with_noise_ratio


def to_declare(candidate: Candidate, observed: Observed, noise_ratio: str) -> str:
    """The convention under which a mistake is right, where the objective has it."""
    convention = replace(candidate.convention, noise_ratio=noise_ratio)
    try:
        with_noise_ratio(observed.objective, noise_ratio)
    except ValueError:
        return ""
    called = declaration(convention, observed.objective)
    what = "the objective of nu = 1 for any sizes"
    others = " and mend the other" if " + " in candidate.id else ""
    return f"if {what} is meant, declare convention={called}{others}"


def fitted_suspect(fitted: Fitted, observed: Observed) -> Suspect:
    """A fitted explanation, and the convention under which its data or its noise is right."""
    remedy = ""
    if observed.convention == own_convention(observed.objective) and fitted.declare is not None:
        sense, reduction, flipped = fitted.declare
        declare = Convention(sense, reduction, "subtracted" if flipped else "added")
        called = declaration(declare, observed.objective)
        remedy = f"declare convention={called} as well, if that is meant"
    return Suspect(
        "family",
        fitted.id,
        fitted.title,
        observed.n_failed,
        observed.n_failed,
        fitted.evidence,
        fitted.effect,
        fitted.fix,
        remedy,
    )
