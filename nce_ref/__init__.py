"""Noise-contrastive estimation (Gutmann & Hyvarinen 2010, 2012) in plain NumPy, to be checked against.

The rooms, from the ground up: ``special``, ``models``, ``noise``, ``objectives``, ``optimize``, ``asymptotics``,
``asymptotics_weights``, ``estimators``; beside them ``weights``, ``matching``, ``importance``, ``hmc``, ``trace`` and ``gradcheck``.
THEORY.md, in this folder, derives what NCE and maximum likelihood rest on; the rivals' derivations stand in their own files.
"""

from nce_ref.asymptotics import (
    AsymptoticCovariance,
    asymptotic_covariance,
    cramer_rao_bound,
    predicted_squared_error,
)
from nce_ref.asymptotics_weights import divergent_power, weighted_covariance
from nce_ref.check_model import check_model
from nce_ref.check_noise import check_noise
from nce_ref.check_report import CheckReport, Finding
from nce_ref.estimators import (
    AdamFit,
    ContrastiveDivergenceFit,
    EstimatedCovariance,
    Fit,
    HeldOut,
    ImportanceFit,
    NoiseChoice,
    NoiseComparison,
    PairedDifference,
    StartResult,
    compare_held_out,
    compare_noises,
    estimate_covariance,
    fit_contrastive_divergence,
    fit_importance_sampling,
    fit_mle,
    fit_nce,
    fit_nce_adam,
    fit_score_matching,
    fit_weighted,
    held_out_objective,
)
from nce_ref.gradcheck import GradientReport, check_gradient
from nce_ref.importance import (
    ImportanceIntegral,
    WeightDiagnosis,
    diagnose_weights,
    integral_by_importance,
)
from nce_ref.matching import RowMatch, match_rows
from nce_ref.models import (
    MLP,
    BoltzmannMachine,
    FeatureModel,
    Gaussian,
    GaussianWithMean,
    LaplaceICA,
    RestrictedBoltzmannMachine,
)
from nce_ref.noise import (
    AffineNoise,
    BernoulliNoise,
    GaussianNoise,
    KernelDensityNoise,
    LaplaceICANoise,
    MixtureNoise,
    Noise,
    ProductNoise,
    StudentTNoise,
    UniformNoise,
    UnivariateNoise,
)
from nce_ref.objectives import (
    ImportanceSamplingObjective,
    LikelihoodObjective,
    NCEObjective,
    ScoreMatchingObjective,
    WeightedObjective,
    log_likelihood,
    nce_from_log_ratios,
    nce_objective,
)
from nce_ref.trace import Trace
from nce_ref.weights import LogisticWeight, PowerWeight

__all__ = [
    "Gaussian",
    "GaussianWithMean",
    "LaplaceICA",
    "MLP",
    "FeatureModel",
    "BoltzmannMachine",
    "RestrictedBoltzmannMachine",
    "GaussianNoise",
    "LaplaceICANoise",
    "StudentTNoise",
    "UniformNoise",
    "KernelDensityNoise",
    "UnivariateNoise",
    "BernoulliNoise",
    "MixtureNoise",
    "ProductNoise",
    "AffineNoise",
    "Noise",
    "check_model",
    "check_noise",
    "CheckReport",
    "Finding",
    "nce_from_log_ratios",
    "nce_objective",
    "log_likelihood",
    "NCEObjective",
    "LikelihoodObjective",
    "ImportanceSamplingObjective",
    "ScoreMatchingObjective",
    "fit_nce",
    "fit_nce_adam",
    "fit_mle",
    "fit_importance_sampling",
    "fit_score_matching",
    "fit_contrastive_divergence",
    "fit_weighted",
    "LogisticWeight",
    "PowerWeight",
    "WeightedObjective",
    "Trace",
    "Fit",
    "ImportanceFit",
    "ContrastiveDivergenceFit",
    "AdamFit",
    "StartResult",
    "estimate_covariance",
    "EstimatedCovariance",
    "held_out_objective",
    "HeldOut",
    "compare_held_out",
    "PairedDifference",
    "compare_noises",
    "NoiseComparison",
    "NoiseChoice",
    "asymptotic_covariance",
    "cramer_rao_bound",
    "predicted_squared_error",
    "AsymptoticCovariance",
    "weighted_covariance",
    "divergent_power",
    "integral_by_importance",
    "ImportanceIntegral",
    "diagnose_weights",
    "WeightDiagnosis",
    "match_rows",
    "RowMatch",
    "check_gradient",
    "GradientReport",
]
__version__ = "0.1.0"
