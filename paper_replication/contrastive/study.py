"""Ranking and conditional NCE on P10's model: T times their mean squared errors against their laws and against binary
NCE's."""

from __future__ import annotations

from collections.abc import Sequence

from ..claims import CONFIRMED
from ..columns import summary_csv
from ..conclusions import Conclusion
from ..profiles import Batch, Profile
from ..study import Experiment, Findings, Section, Study
from .claim_list import LARGEST, NAMES, SIZES, all_claims, over_law
from .laws import LAWS, METHODS, NOISES

BESIDE = """## Ranking and conditional NCE

Two other ways to use noise, on the same model: [their errors against their laws and against binary
NCE's](contrastive/CONTRASTIVE.md) (`python -m paper_replication run contrastive`)."""
FRONT = """# Ranking and conditional NCE on P10's model

Data of four Laplace sources, as in P10's Figure 1. **Ranking NCE** asks which of k + 1 points is the datum, **conditional NCE** which of two
neighbours came first; **binary NCE** asks of each point alone. The first two do not estimate c. All have k noise points a datum: binary and ranking
NCE the same Gaussian ones of the data's covariance, conditional NCE Gaussian steps of that covariance. Each fit climbs from the truth, and is
certified. The numbers are T |B-hat - B*|^2 / |B*|^2, which tends to the law's K whatever the mixing matrix
(`nce_ref/CONTRASTIVE.md`, *Covariances*).
"""
CAPTIONS = {
    "over_law": (
        "Mean of T times the squared error over the law's K, with 95 % intervals; left k = 1, right"
        " k = 5 noise points a datum."
    )
}


def table(findings: Findings) -> Sequence[Section]:
    """T times the mean squared error by size, the law below."""
    lines = []
    for k in NOISES:
        lines += [
            f"\nk = {k} noise points a datum:\n",
            "| T | " + " | ".join(NAMES[method] for method in METHODS) + " |",
            "|---" * (1 + len(METHODS)) + "|",
        ]
        for n_data in SIZES:
            cells = []
            for method in METHODS:
                found = over_law(findings.evidence, method=method, n_data=n_data, k=k)
                law = LAWS[method, k][0]
                cells.append(
                    f"{found.value * law:.3g} ± {found.standard_error * law:.2g} ({found.value:.3g})"
                    if found
                    else "–"
                )
            lines.append(f"| {n_data} | " + " | ".join(cells) + " |")
        lines.append(
            "| law | " + " | ".join(f"**{LAWS[method, k][0]:.4g}**" for method in METHODS) + " |"
        )
    lines.append("\nMean ± standard error (over the law).")
    return [
        (
            "T times the mean squared error",
            "\n".join(lines) + "\n" + findings.picture("over_law"),
        )
    ]


def conclusions(findings: Findings) -> list[Conclusion]:
    """What was found."""
    return [
        Conclusion(
            "**All three errors reach their laws**: at T = 32000 the mean squared error of binary, ranking and conditional NCE is within a fifth of what "
            "its covariance says, with 1 and with 5 noise points a datum.",
            {"limit.": CONFIRMED},
        ),
        Conclusion(
            "**Binary NCE is the most accurate, conditional NCE with steps of the data's covariance the least**: on the same data ranking NCE has "
            + " and ".join(f"{LAWS['ranking', k][0] / LAWS['nce', k][0]:.2f}" for k in NOISES)
            + " times binary NCE's squared error, conditional NCE "
            + " and ".join(f"{LAWS['conditional', k][0] / LAWS['nce', k][0]:.2f}" for k in NOISES)
            + " times, with 1 and 5 noise points a datum, as the laws say.",
            {"order.": CONFIRMED},
        ),
        Conclusion(
            "**The laws are approached from above**: at T = 1000 all three errors exceed them.",
            {"approach.": CONFIRMED},
        ),
        Conclusion(
            "**Every fit that climbs from the truth ends in a proved maximum**, ranking and conditional NCE's like binary NCE's.",
            {"certified.": CONFIRMED},
        ),
    ]


def _batches(n_repetitions: int, sizes: Sequence[int]) -> tuple[Batch, ...]:
    return tuple(
        Batch("errors", {"n_data": n_data, "k": k}, n_repetitions)
        for k in NOISES
        for n_data in sizes
    )


STUDY = Study(
    name="contrastive",
    title="Ranking and conditional NCE",
    experiments=(
        # Where a climb ends is known to its certificate's radius; the rest is rounding of the order of 1e-9 of it.
        Experiment("errors", "paper_replication.contrastive.experiments.errors"),
    ),
    profiles=(
        Profile("smoke", "two small runs each", 2.0, _batches(2, SIZES[:1])),
        Profile("quick", "24 matrices up to T = 4000", 25.0, _batches(24, SIZES[:3])),
        Profile(
            "full",
            f"400 matrices at T = {SIZES[0]}, 800 at {LARGEST}, of which the claims speak, 40"
            " between",
            300.0,
            (
                *_batches(400, SIZES[:1]),
                *_batches(40, SIZES[1:-1]),
                *_batches(800, (LARGEST,)),
            ),
        ),
    ),
    claims=all_claims,
    tables=lambda evidence: {"summary.csv": summary_csv(evidence)},
    figures=CAPTIONS,
    panels="paper_replication.contrastive.picture",
    front=lambda findings: FRONT,
    sections=table,
    conclusions=conclusions,
    poster="over_law",
    abstract=(
        "Ranking and conditional NCE beside binary NCE, at the same number of noise points: errors,"
        " laws, certificates."
    ),
    text="CONTRASTIVE.md",
    beside=BESIDE,
)
