"""The tables of every report: verdicts counted and one by one, for Markdown and for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .claims import CONFIRMED, CONTRADICTED, NOT_RESOLVED, OWNERS, Judgement, tally

VERDICTS = (CONFIRMED, CONTRADICTED, NOT_RESOLVED)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        "| " + " | ".join(entry.replace("|", "\\|") for entry in line) + " |\n" for line in lines
    )


def verdicts(judgements: Sequence[Judgement]) -> str:
    """Verdicts counted by whose claim it is, the paper's first, and by family."""
    return owners(judgements) + "\n" + _counts(judgements, "family", "claims about")


def owners(judgements: Sequence[Judgement]) -> str:
    """Verdicts counted by whose claim it is, the paper's first."""
    return _counts(judgements, "owner", "whose claims")


def _counts(judgements: Sequence[Judgement], by: str, head: str) -> str:
    counts = tally(judgements, by)
    total = {name: sum(count[name] for count in counts.values()) for name in VERDICTS}
    rows = [[one, *(str(count[name]) for name in VERDICTS)] for one, count in counts.items()]
    return markdown(
        [head, *VERDICTS],
        [*rows, ["**all**", *(f"**{n}**" for n in total.values())]],
    )


def plain_verdicts(judgements: Sequence[Judgement]) -> str:
    """The same for a terminal: whose claims, families, and the contradicted claims by owner and name."""
    against = [j for j in by_owner(judgements) if j.verdict == CONTRADICTED]
    parts = [plain_owners(judgements), "", _plain(judgements, "family", "claims about"), ""]
    return "\n".join([*parts, *map(plain_claim, against)]).rstrip()


def plain_owners(judgements: Sequence[Judgement], left: str = NOT_RESOLVED) -> str:
    """Verdicts by whose claim it is, for a terminal; ``left``: how to call what is not resolved."""
    return _plain(judgements, "owner", "whose claims", left)


def plain_claim(judgement: Judgement) -> str:
    """One claim with its numbers in a line."""
    claim = judgement.claim
    return f"{judgement.verdict}, {claim.owner}: {claim.id}: {_values(judgement)}; {_target(judgement)} claimed"


def _plain(judgements: Sequence[Judgement], by: str, head: str, left: str = NOT_RESOLVED) -> str:
    counts = tally(judgements, by)
    counts["all"] = {name: sum(count[name] for count in counts.values()) for name in VERDICTS}
    width = max(len(one) for one in [*counts, head])
    return "\n".join(
        [
            f"{head:{width}}  {' '.join(f'{name:>12}' for name in (*VERDICTS[:2], left))}",
            *(
                f"{one:{width}}  {' '.join(f'{count[name]:>12}' for name in VERDICTS)}"
                for one, count in counts.items()
            ),
        ]
    )


def by_owner(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Return them sorted by whose claim it is, the paper's first; in their order else."""
    return sorted(judgements, key=lambda j: OWNERS.index(j.claim.owner))


def not_confirmed(judgements: Sequence[Judgement]) -> str:
    """The contradicted claims in words with their estimates, and the names of those not resolved; empty where there are
    none."""
    against = [j for j in judgements if j.verdict == CONTRADICTED]
    left = [f"`{j.claim.id}`" for j in judgements if j.verdict == NOT_RESOLVED]
    told = "".join(
        f"- {j.claim.owner}, `{j.claim.id}`: {j.claim.statement}: {_values(j)}; {_target(j)} claimed\n"
        for j in by_owner(against)
    )
    parts = [f"Contradicted:\n\n{told}"] if against else []
    parts += [f"Not resolved ({len(left)}): {', '.join(left)}.\n"] if left else []
    return "\n".join(parts)


def all_claims(judgements: Sequence[Judgement]) -> str:
    """Every claim with its numbers."""
    rows = []
    for j in judgements:
        note = "" if j.estimate is None else j.estimate.note
        reason = "" if j.verdict == CONFIRMED else j.reason
        differs = f"not {j.claim.target:g}" if j.differs else ""
        rows.append(
            [
                f"`{j.claim.id}`",
                j.claim.owner,
                j.claim.statement,
                _target(j),
                _values(j),
                f"{j.attained_power:.2f}",
                f"**{j.verdict}**",
                "; ".join(t for t in (differs, note, reason) if t),
            ]
        )
    return markdown(
        ["id", "whose", "claim", "target", "estimate [interval]", "power", "verdict", "note"], rows
    )


def _target(judgement: Judgement) -> str:
    claim = judgement.claim
    if claim.kind in ("equivalence", "agreement"):
        return f"{claim.target:g} ± {claim.margin:g}"
    return f"{'>' if claim.kind == 'greater' else '<'} {claim.target:g}"


def _values(judgement: Judgement) -> str:
    if judgement.estimate is None:
        return "no runs"
    return f"{judgement.estimate.value:.4g} [{judgement.low:.4g}, {judgement.high:.4g}], n = {judgement.estimate.n}"
