"""What is maximised: a value, its gradient, and its expansion between kinks."""

from nce_ref.objectives.conditional import ConditionalObjective
from nce_ref.objectives.contrastive_divergence import ContrastiveDivergence
from nce_ref.objectives.importance_sampling import ImportanceSamplingObjective
from nce_ref.objectives.likelihood import LikelihoodObjective, log_likelihood
from nce_ref.objectives.log_ratios import nce_from_log_ratios
from nce_ref.objectives.nce import NCEObjective, nce_objective
from nce_ref.objectives.ranking import RankingObjective
from nce_ref.objectives.ranking_shared import SharedRankingObjective
from nce_ref.objectives.rows import ranking_from_log_ratios
from nce_ref.objectives.score_matching import ScoreMatchingObjective
from nce_ref.objectives.weighted import WeightedObjective

__all__ = [
    "ConditionalObjective",
    "ContrastiveDivergence",
    "ImportanceSamplingObjective",
    "LikelihoodObjective",
    "NCEObjective",
    "RankingObjective",
    "ScoreMatchingObjective",
    "SharedRankingObjective",
    "WeightedObjective",
    "log_likelihood",
    "nce_from_log_ratios",
    "nce_objective",
    "ranking_from_log_ratios",
]
