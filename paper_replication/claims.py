"""Claims as data, and the rule that turns an estimate into a verdict.

*Conventions.* a = level / family_size. Kinds and verdicts (confirmed / contradicted / otherwise *not resolved*):
    equivalence  1-2a interval inside target +- margin (two one-sided tests) / 1-a interval wholly outside
    agreement    the same of a published number against ours, target 0
    greater      lower end of the 1-2a interval above the target / upper end below it        (less: the other way round)
For the first two nothing but the interval gives the verdict; whether the difference is 0 stands beside it (``differs``:
0 lies outside the 1-a interval), since a difference too small to matter can be there all the same. A one-sided claim is
*confirmed* only with the attained power: the probability, at this run's standard error, of telling a true value
``margin`` away from the target. A run without that power may contradict, for which an interval suffices.

*Owners*: whose claim it is, and so whose mistake if it is contradicted. A published number (read off a figure or a
table), a statement in a paper's words, a theorem (of the paper or derived, for large samples), or an expectation that
this project wrote down by itself.
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
NUMBER, STATEMENT, THEOREM, EXPECTATION = OWNERS = (
    "the paper's number",
    "the paper's statement",
    "a theorem",
    "this project's expectation",
)
KINDS = ("equivalence", "greater", "less", "agreement")


@dataclass(frozen=True)
class Claim:
    """One statement of the paper or its theory, fixed before the run: what is measured, against what, and how
    finely."""

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
    owner: str = EXPECTATION

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(
                f"kind: got {self.kind!r} in claim {self.id}; expected one of {', '.join(KINDS)}"
            )
        if self.owner not in OWNERS:
            raise ValueError(
                f"owner: got {self.owner!r} in claim {self.id}; expected one of {', '.join(OWNERS)}"
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
    differs: bool | None = None


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
    low, high = estimate.interval(1.0 - 2.0 * level)
    wide = estimate.interval(1.0 - level)
    power = attained_power(claim, estimate)
    holds, fails = _decide(claim, low, high, wide)
    one_sided = claim.kind in ("greater", "less")
    if fails:
        verdict, reason = CONTRADICTED, "the interval excludes the claim"
    elif holds and (power >= claim.power or not one_sided):
        verdict, reason = CONFIRMED, "the interval lies inside the claim"
    elif holds:
        verdict, reason = NOT_RESOLVED, f"power {power:.2f} below {claim.power:.2f}"
    else:
        verdict, reason = NOT_RESOLVED, "the interval is too wide or straddles the margin"
    differs = None if one_sided else not wide[0] <= claim.target <= wide[1]
    return Judgement(claim, estimate, low, high, power, verdict, reason, differs)


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
    if claim.kind in ("equivalence", "agreement"):
        return max(
            0.0, 2.0 * float(stats.norm.cdf(room / error - quantile(level, estimate.df))) - 1.0
        )
    return float(stats.norm.cdf(room / error - quantile(level, estimate.df)))


def _decide(claim: Claim, low: float, high: float, wide: tuple[float, float]) -> tuple[bool, bool]:
    target, margin = claim.target, claim.margin
    if claim.kind == "greater":
        return low > target, high < target
    if claim.kind == "less":
        return high < target, low > target
    inside = target - margin < low and high < target + margin
    return inside, wide[0] > target + margin or wide[1] < target - margin


def as_record(judgement: Judgement) -> dict[str, Any]:
    """Return what ``claims.json`` keeps of a judgement; numbers that do not exist (no runs, infinite ends) are null."""
    claim, estimate = judgement.claim, judgement.estimate
    return {
        "id": claim.id,
        "family": claim.family,
        "owner": claim.owner,
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
        "differs": judgement.differs,
        "note": "" if estimate is None else estimate.note,
    }


def claims_json(judgements: Sequence[Judgement]) -> str:
    """Return the judgements as JSON text, one claim after the other, sorted by id."""
    records = sorted(
        (as_record(judgement) for judgement in judgements), key=lambda record: record["id"]
    )
    return json.dumps(records, indent=1, sort_keys=True, allow_nan=False) + "\n"


def tally(judgements: Sequence[Judgement], by: str = "family") -> dict[str, dict[str, int]]:
    """Count the verdicts by family, families in their first order of appearance, or by owner, the paper's first."""
    counts: dict[str, dict[str, int]] = {}
    order = {owner: place for place, owner in enumerate(OWNERS)}
    found = sorted(judgements, key=lambda j: order[j.claim.owner] if by == "owner" else 0)
    for judgement in found:
        of_one = counts.setdefault(
            getattr(judgement.claim, by), dict.fromkeys((CONFIRMED, CONTRADICTED, NOT_RESOLVED), 0)
        )
        of_one[judgement.verdict] += 1
    return counts


def spell(estimand: Estimand) -> str:
    """Return the estimand as "function(argument=value, ...)"."""
    if isinstance(estimand, functools.partial):
        given = ", ".join(f"{name}={value!r}" for name, value in estimand.keywords.items())
        return f"{estimand.func.__name__}({given})"
    return str(getattr(estimand, "__name__", estimand))


def _finite(number: float) -> float | None:
    # Ten digits: what is beyond them is the machine's rounding, and no reader's business.
    return float(f"{number:.10g}") if math.isfinite(number) else None
