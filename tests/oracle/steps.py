r"""The objectives in plain NumPy by name: most steps in one class, so that a test replaces one of them wherever it
stands.

evaluate(Steps(), "binary_nce", inputs) -> {"value": ..., "grad_log_model_data": ..., ...}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nce_ref.oracle.families.base import Array, Outputs, Pullback, laid_over
from nce_ref.oracle.families.densities.textbook import LikelihoodSteps
from nce_ref.oracle.families.dynamics.textbook import (
    GaussianLeapfrogSteps,
    LaplaceLeapfrogSteps,
    MetropolisSteps,
)
from nce_ref.oracle.families.importance.textbook import LaplaceImportanceSteps
from nce_ref.oracle.families.kernels.textbook import SigmoidSteps
from nce_ref.oracle.families.nce.textbook import GaussianNceSteps, LaplaceNceSteps
from nce_ref.oracle.families.networks.textbook import ReluSteps, SoftplusSteps, TanhSteps
from nce_ref.oracle.families.score_matching.textbook import ScoreMatchingSteps
from nce_ref.oracle.objectives import OBJECTIVES

__all__ = ["Array", "Outputs", "Pullback", "Steps", "evaluate"]


class Steps(
    LaplaceNceSteps,
    GaussianNceSteps,
    LaplaceImportanceSteps,
    LikelihoodSteps,
    ScoreMatchingSteps,
    LaplaceLeapfrogSteps,
    GaussianLeapfrogSteps,
    MetropolisSteps,
    SigmoidSteps,
    TanhSteps,
    SoftplusSteps,
    ReluSteps,
):
    """The right steps of the families up to dynamics; a later family's are its own."""


def evaluate(steps: Any, objective: str, inputs: Mapping[str, Any]) -> Outputs:
    """The outputs of an objective by these steps, in the dtype of the inputs. KeyError for another objective."""
    place = OBJECTIVES[objective]
    return place.evaluate(laid_over(steps, place.right), inputs)
