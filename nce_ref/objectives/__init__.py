"""What is maximised: a value, its gradient, and its expansion between kinks."""

from nce_ref.objectives.likelihood import LikelihoodObjective, log_likelihood
from nce_ref.objectives.nce import NCEObjective, nce_from_log_ratios, nce_objective

__all__ = ["LikelihoodObjective", "NCEObjective", "log_likelihood", "nce_from_log_ratios", "nce_objective"]
