"""J12's trade-off: ten sources, the error of B and the time it takes, as the number of noise points a datum grows."""

from __future__ import annotations

from ..study import Experiment, Study
from .claim_list import all_claims
from .estimands import gather
from .plan import EXPERIMENT, PROFILES

STUDY = Study(
    name="tradeoff",
    title="The trade-off between error and time, ten sources",
    experiments=(
        Experiment(
            EXPERIMENT,
            "paper_replication.tradeoff.experiments.problem",
            # L-BFGS stalls beside kinks, where the last digits decide.
            on_rounding=("mle.*", "nce.*", "is.*", "sm.*", "newton.*"),
        ),
    ),
    profiles=PROFILES,
    claims=all_claims,
    gather=gather,
    text="TRADEOFF.md",
)
