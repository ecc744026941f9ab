"""Unnormalised log-densities ln p_m(u; theta), one file a model, with their derivatives written by hand."""

from nce_ref.models.base import Model
from nce_ref.models.boltzmann import BoltzmannMachine
from nce_ref.models.gaussian import Gaussian
from nce_ref.models.gaussian_with_mean import GaussianWithMean
from nce_ref.models.laplace_ica import LaplaceICA
from nce_ref.models.layers import (
    ModelByJacobian,
    ModelByPullback,
    ModelWithNormalizer,
    ModelWithSampler,
    ModelWithScore,
    ModelWithTransport,
)
from nce_ref.models.linear import FeatureModel
from nce_ref.models.mlp import MLP
from nce_ref.models.restricted_boltzmann import RestrictedBoltzmannMachine

__all__ = [
    "BoltzmannMachine",
    "FeatureModel",
    "Gaussian",
    "GaussianWithMean",
    "LaplaceICA",
    "MLP",
    "Model",
    "ModelByJacobian",
    "ModelByPullback",
    "ModelWithNormalizer",
    "ModelWithSampler",
    "ModelWithScore",
    "ModelWithTransport",
    "RestrictedBoltzmannMachine",
]
