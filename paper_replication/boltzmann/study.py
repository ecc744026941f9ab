"""A discrete model on which everything is exact: the fully visible Boltzmann machine, by sums over its states."""

from __future__ import annotations

from ..study import Experiment, Study
from . import plan
from .claim_list import all_claims

STUDY = Study(
    name="boltzmann",
    title="NCE on a discrete model",
    experiments=(
        Experiment(
            plan.FITS,
            "paper_replication.boltzmann.experiments.fits",
            # A sample without a maximum: where its climb gives up.
            on_rounding=("nce.*", "mle.*"),
        ),
        Experiment(plan.SUMS, "paper_replication.boltzmann.experiments.sums", ("*.off", "off.*")),
    ),
    profiles=plan.PROFILES,
    claims=all_claims,
    text="BOLTZMANN.md",
)
