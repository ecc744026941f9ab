"""The tables of every report: verdicts counted and one by one, for Markdown and for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .claims import CONFIRMED, CONTRADICTED, NOT_RESOLVED, Judgement, tally


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        "| " + " | ".join(entry.replace("|", "\\|") for entry in line) + " |\n" for line in lines
    )


def verdicts(judgements: Sequence[Judgement]) -> str:
    """Verdicts counted by family."""
    counts = tally(judgements)
    total = {
        name: sum(count[name] for count in counts.values())
        for name in (CONFIRMED, CONTRADICTED, NOT_RESOLVED)
    }
    rows = [
        [family, *(str(count[name]) for name in (CONFIRMED, CONTRADICTED, NOT_RESOLVED))]
        for family, count in counts.items()
    ]
    return markdown(
        ["claims about", CONFIRMED, CONTRADICTED, NOT_RESOLVED],
        [*rows, ["**all**", *(f"**{n}**" for n in total.values())]],
    )


def plain_verdicts(judgements: Sequence[Judgement]) -> str:
    """The same for a terminal, with the contradicted claims by name."""
    counts = tally(judgements)
    width = max(len(family) for family in [*counts, "claims about"])
    lines = [f"{'claims about':{width}}  {CONFIRMED:>12} {CONTRADICTED:>12} {NOT_RESOLVED:>12}"]
    lines += [
        f"{family:{width}}  {c[CONFIRMED]:>12} {c[CONTRADICTED]:>12} {c[NOT_RESOLVED]:>12}"
        for family, c in counts.items()
    ]
    total = {
        name: sum(c[name] for c in counts.values())
        for name in (CONFIRMED, CONTRADICTED, NOT_RESOLVED)
    }
    lines.append(
        f"{'all':{width}}  {total[CONFIRMED]:>12} {total[CONTRADICTED]:>12} {total[NOT_RESOLVED]:>12}"
    )
    lines += [
        f"contradicted: {j.claim.id}: {_values(j)}" for j in judgements if j.verdict == CONTRADICTED
    ]
    return "\n".join(lines)


def not_confirmed(judgements: Sequence[Judgement]) -> str:
    """The contradicted claims in words with their estimates, and the names of those not resolved; empty where there are none."""
    against = [j for j in judgements if j.verdict == CONTRADICTED]
    left = [f"`{j.claim.id}`" for j in judgements if j.verdict == NOT_RESOLVED]
    told = "".join(
        f"- `{j.claim.id}`: {j.claim.statement}: {_values(j)}; {_target(j)} claimed\n"
        for j in against
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
        rows.append(
            [
                f"`{j.claim.id}`",
                j.claim.statement,
                _target(j),
                _values(j),
                f"{j.attained_power:.2f}",
                f"**{j.verdict}**",
                "; ".join(t for t in (note, reason) if t),
            ]
        )
    return markdown(
        ["id", "claim", "target", "estimate [interval]", "power", "verdict", "note"], rows
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
