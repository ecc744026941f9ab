"""Claims as data, and the rule that turns an estimate into a verdict.

*Conventions.* a = level / family_size. Kinds and verdicts (confirmed / contradicted / otherwise *not resolved*):
    equivalence  1-2a interval inside target +- margin (two one-sided tests) / 1-a interval wholly outside
    greater      lower end of the 1-2a interval above the target / upper end below it        (less: the other way round)
    agreement    0 inside the 1-a interval and its half-width <= margin / 0 outside          (a published number against ours)
*Confirmed* asks besides for the attained power: the probability, at this run's standard error, that the rule sees what it
should: for equivalence that a true value on target is confirmed, for the others that a true value ``margin`` away from the
target is told apart from it. A run without that power may contradict, for which an interval suffices, but not confirm.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats

from .estimates import Estimand, Estimate, quantile

CONFIRMED, CONTRADICTED, NOT_RESOLVED = "confirmed", "contradicted", "not resolved"
MIN_RUNS = (
    20  # with fewer at a sample size, normal intervals and errors of medians are not to be trusted
)
KINDS = ("equivalence", "greater", "less", "agreement")


@dataclass(frozen=True)
class Claim:
    """One statement of the paper or its theory, fixed before the run: what is measured, against what, and how finely."""

    id: str
    family: str
    statement: str
    place: str
    estimand: Estimand
    kind: str
    target: float
    margin: float
    why_margin: str
    level: float = 0.05
    power: float = 0.8
    family_size: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(
                f"kind: got {self.kind!r} in claim {self.id}; expected one of {', '.join(KINDS)}"
            )
        if not (
            self.margin > 0.0
            and 0.0 < self.level < 0.5
            and 0.0 < self.power < 1.0
            and self.family_size >= 1
        ):
            raise ValueError(
                f"claim {self.id}: expected margin > 0, level in (0, 0.5), power in (0, 1), family_size >= 1"
            )

    @property
    def single_level(self) -> float:
        """The level of this claim alone (Bonferroni over its family)."""
        return self.level / self.family_size


@dataclass(frozen=True)
class Judgement:
    """A claim with what a run has to say about it."""

    claim: Claim
    estimate: Estimate | None
    low: float
    high: float
    attained_power: float
    verdict: str
    reason: str


def judge(claim: Claim, estimate: Estimate | None) -> Judgement:
    """Apply the claim's rule; no runs, fewer than ``MIN_RUNS`` at a size, or an infinite error are *not resolved*.

    Without the least number, two runs in which two optimisers happen to agree would prove that they always do.
    """
    if estimate is None:
        return Judgement(claim, None, -math.inf, math.inf, 0.0, NOT_RESOLVED, "no runs")
    n_runs = estimate.n if math.isinf(estimate.df) else estimate.df + 1
    if n_runs < MIN_RUNS:
        reason = f"fewer than {MIN_RUNS} runs"
        return Judgement(
            claim,
            estimate,
            *estimate.interval(1.0 - 2.0 * claim.single_level),
            0.0,
            NOT_RESOLVED,
            reason,
        )
    level = claim.single_level
    confidence = 1.0 - level if claim.kind == "agreement" else 1.0 - 2.0 * level
    low, high = estimate.interval(confidence)
    power = attained_power(claim, estimate)
    holds, fails = _decide(claim, estimate, low, high)
    if fails:
        verdict, reason = CONTRADICTED, "the interval excludes the claim"
    elif holds and power >= claim.power:
        verdict, reason = CONFIRMED, "the interval lies inside the claim"
    elif holds:
        verdict, reason = NOT_RESOLVED, f"power {power:.2f} below {claim.power:.2f}"
    else:
        verdict, reason = NOT_RESOLVED, "the interval is too wide or straddles the margin"
    return Judgement(claim, estimate, low, high, power, verdict, reason)


def judge_all(claims: Iterable[Claim], evidence: Any) -> list[Judgement]:
    """Judge every claim on the same evidence."""
    return [judge(claim, claim.estimand(evidence)) for claim in claims]


def attained_power(claim: Claim, estimate: Estimate) -> float:
    """The probability that the rule sees a deviation of ``margin`` at this standard error (normal approximation)."""
    error, level = estimate.standard_error, claim.single_level
    room = claim.margin - estimate.reading_error
    if not math.isfinite(error) or room <= 0.0:
        return 0.0
    if error == 0.0:
        return 1.0
    if claim.kind == "equivalence":
        return max(
            0.0, 2.0 * float(stats.norm.cdf(room / error - quantile(level, estimate.df))) - 1.0
        )
    tail = 0.5 * level if claim.kind == "agreement" else level
    return float(stats.norm.cdf(room / error - quantile(tail, estimate.df)))


def _decide(claim: Claim, estimate: Estimate, low: float, high: float) -> tuple[bool, bool]:
    target, margin = claim.target, claim.margin
    if claim.kind == "greater":
        return low > target, high < target
    if claim.kind == "less":
        return high < target, low > target
    if claim.kind == "agreement":
        inside = low <= target <= high
        return inside and 0.5 * (high - low) <= margin, not inside
    wide_low, wide_high = estimate.interval(1.0 - claim.single_level)
    return (
        target - margin < low and high < target + margin,
        wide_low > target + margin or wide_high < target - margin,
    )


def as_record(judgement: Judgement) -> dict[str, Any]:
    """Return what ``claims.json`` keeps of a judgement; numbers that do not exist (no runs, infinite ends) are null."""
    claim, estimate = judgement.claim, judgement.estimate
    return {
        "id": claim.id,
        "family": claim.family,
        "statement": claim.statement,
        "place": claim.place,
        "estimand": spell(claim.estimand),
        "kind": claim.kind,
        "target": claim.target,
        "margin": claim.margin,
        "why_margin": claim.why_margin,
        "level": claim.level,
        "family_size": claim.family_size,
        "power": claim.power,
        "estimate": None if estimate is None else _finite(estimate.value),
        "standard_error": None if estimate is None else _finite(estimate.standard_error),
        "interval": [_finite(judgement.low), _finite(judgement.high)],
        "n": 0 if estimate is None else estimate.n,
        "attained_power": _finite(judgement.attained_power),
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "note": "" if estimate is None else estimate.note,
    }


def claims_json(judgements: Sequence[Judgement]) -> str:
    """Return the judgements as JSON text, one claim after the other, sorted by id."""
    records = sorted(
        (as_record(judgement) for judgement in judgements), key=lambda record: record["id"]
    )
    return json.dumps(records, indent=1, sort_keys=True, allow_nan=False) + "\n"


def tally(judgements: Sequence[Judgement]) -> dict[str, dict[str, int]]:
    """Count the verdicts by family, families in their first order of appearance."""
    counts: dict[str, dict[str, int]] = {}
    for judgement in judgements:
        family = counts.setdefault(
            judgement.claim.family, dict.fromkeys((CONFIRMED, CONTRADICTED, NOT_RESOLVED), 0)
        )
        family[judgement.verdict] += 1
    return counts


def spell(estimand: Estimand) -> str:
    """Return the estimand as "function(argument=value, ...)"."""
    if isinstance(estimand, functools.partial):
        return f"{estimand.func.__name__}({', '.join(f'{name}={value!r}' for name, value in estimand.keywords.items())})"
    return str(getattr(estimand, "__name__", estimand))


def _finite(number: float) -> float | None:
    # Ten digits: what is beyond them is the machine's rounding, and no reader's business.
    return float(f"{number:.10g}") if math.isfinite(number) else None
