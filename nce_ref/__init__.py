"""Noise-contrastive estimation (Gutmann & Hyvarinen 2010, 2012) in plain NumPy, to be checked against.

The rooms, from the ground up: ``special``, ``models``, ``noise``, ``objectives``, ``optimize``, ``asymptotics``,
``estimators``; beside them ``matching`` and ``gradcheck``. THEORY.md, in this folder, derives every formula.
"""

from nce_ref.asymptotics import AsymptoticCovariance, asymptotic_covariance, cramer_rao_bound, predicted_squared_error
from nce_ref.estimators import EstimatedCovariance, Fit, StartResult, estimate_covariance, fit_mle, fit_nce
from nce_ref.gradcheck import GradientReport, check_gradient
from nce_ref.matching import RowMatch, match_rows
from nce_ref.models import Gaussian, LaplaceICA
from nce_ref.noise import GaussianNoise, LaplaceICANoise
from nce_ref.objectives import LikelihoodObjective, NCEObjective, log_likelihood, nce_from_log_ratios, nce_objective

__all__ = [
    "Gaussian",
    "LaplaceICA",
    "GaussianNoise",
    "LaplaceICANoise",
    "nce_from_log_ratios",
    "nce_objective",
    "log_likelihood",
    "NCEObjective",
    "LikelihoodObjective",
    "fit_nce",
    "fit_mle",
    "Fit",
    "StartResult",
    "estimate_covariance",
    "EstimatedCovariance",
    "asymptotic_covariance",
    "cramer_rao_bound",
    "predicted_squared_error",
    "AsymptoticCovariance",
    "match_rows",
    "RowMatch",
    "check_gradient",
    "GradientReport",
]
__version__ = "0.1.0"
