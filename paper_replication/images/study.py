"""Models of natural images (P10 section 3.2), on photographs that packages ship."""

from __future__ import annotations

from ..study import Experiment, Study
from . import plan
from .claim_list import all_claims

STUDY = Study(
    name="images",
    title="NCE on natural images",
    # Climbs in float32 to where J gains little: their ends hang on the last digits.
    experiments=(Experiment(plan.EXPERIMENT, "paper_replication.images.experiments.fits", ("*",)),),
    profiles=plan.PROFILES,
    claims=all_claims,
    text="IMAGES.md",
)
