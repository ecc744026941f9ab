"""One file an estimator: an objective handed to ``optimize``, and standard errors."""

from nce_ref.estimators.conditional import fit_conditional_nce
from nce_ref.estimators.contrastive_divergence import (
    ContrastiveDivergenceFit,
    fit_contrastive_divergence,
)
from nce_ref.estimators.covariance import EstimatedCovariance, estimate_covariance
from nce_ref.estimators.fit import Fit, StartResult
from nce_ref.estimators.held_out import (
    HeldOut,
    PairedDifference,
    compare_held_out,
    held_out_objective,
)
from nce_ref.estimators.importance import ImportanceFit, fit_importance_sampling
from nce_ref.estimators.mle import fit_mle
from nce_ref.estimators.nce import fit_nce
from nce_ref.estimators.nce_adam import AdamFit, fit_nce_adam
from nce_ref.estimators.noise_choice import NoiseChoice, NoiseComparison, compare_noises
from nce_ref.estimators.ranking import fit_ranking_nce
from nce_ref.estimators.score_matching import fit_score_matching
from nce_ref.estimators.weighted import fit_weighted

__all__ = [
    "AdamFit",
    "ContrastiveDivergenceFit",
    "EstimatedCovariance",
    "Fit",
    "HeldOut",
    "ImportanceFit",
    "NoiseChoice",
    "NoiseComparison",
    "PairedDifference",
    "StartResult",
    "compare_held_out",
    "compare_noises",
    "estimate_covariance",
    "fit_conditional_nce",
    "fit_contrastive_divergence",
    "fit_importance_sampling",
    "fit_mle",
    "fit_nce",
    "fit_nce_adam",
    "fit_ranking_nce",
    "fit_score_matching",
    "fit_weighted",
    "held_out_objective",
]
