"""Unnormalised log-densities ln p_m(u; theta), one file a model, with their derivatives written by hand."""

from nce_ref.models.gaussian import Gaussian
from nce_ref.models.laplace_ica import LaplaceICA
from nce_ref.models.mlp import MLP

__all__ = ["Gaussian", "LaplaceICA", "MLP"]
