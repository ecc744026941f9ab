"""The rest of P10's comparison: its rival estimators in Figure 1 (a), error against time (b), and J12's sweep over nu.

The verdicts on speed depend on the times in ``clock.jsonl.gz``, all others on ``runs.jsonl.gz`` alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..store import Row
from ..study import Experiment, Study
from . import plan, tables, text
from .claim_list import all_claims
from .conclusions import conclusions
from .evidence import EXPERIMENTS, ON_ROUNDING, RivalEvidence, gather
from .limits import compute_limits

BESIDE = """## The rivals and the trade-off

The rest of Figure 1, panels (a) and (b) with importance sampling, score matching and contrastive divergence, and J12's sweep over ν:
[a report of its own](rivals/RIVALS.md) (`make replicate-rivals`)."""
CAPTIONS = {
    "figure1a": (
        "Figure 1 (a): median squared errors with 95 % intervals (filled) and the published medians"
        " (open). Left B, right c."
    ),
    "figure1b": (
        "Figure 1 (b): squared error of B against time, median over the matrices of the best error"
        " that a method has at that time over all T. The unit of time is MLE's median time to a"
        " squared error of 0.01 ‖B*‖²."
    ),
    "nu_sweep": (
        "The sweep over ν: median squared errors with bars from the 10 to the 90 % quantile"
        " (filled), the limit law's median (lines), published medians (open). Above B, below c."
    ),
    "beside_limit": (
        "Quantiles of the squared error over those of the limit law: 10 %, 50 %, 90 %. Above B,"
        " below c."
    ),
}


def gather_with_limits(rows: Sequence[Row], clock: Sequence[Row]) -> RivalEvidence:
    """The rows with the quantiles of the limit laws beside them, which take some seconds."""
    return gather(rows, clock, compute_limits())


STUDY = Study(
    name="rivals",
    title="The rivals and the trade-off",
    experiments=tuple(
        Experiment(name, module, ON_ROUNDING.get(name, ())) for name, module in EXPERIMENTS.items()
    ),
    profiles=plan.PROFILES,
    claims=all_claims,
    gather=gather_with_limits,
    tables=lambda evidence: {"summary.csv": tables.summary_csv(evidence)},
    figures=CAPTIONS,
    panels="paper_replication.rivals.figure_panels",
    front=text.front,
    sections=text.sections,
    conclusions=conclusions,
    poster="figure1a",
    abstract=(
        "The other estimators of Figure 1 (a) and (b), importance sampling, score matching and"
        " contrastive divergence, beside NCE; and NCE over nu, the number of noise points a data"
        " point."
    ),
    is_whole=True,
    text="RIVALS.md",
    beside=BESIDE,
)
