"""How the catalogue's files write a mistake down: the right steps with one replaced, and where it can be made."""

from __future__ import annotations

import functools

from nce_ref.oracle.mistakes.base import Mistake
from nce_ref.oracle.textbook import Steps, evaluate
from nce_ref.oracle.textbook_covariance import CovarianceSteps, evaluate_covariance

IMPORTANCE_OF_MODEL = ("laplace_ica_importance_sampling",)
IMPORTANCE = ("importance_sampling_from_log_densities", *IMPORTANCE_OF_MODEL)
SCORE_MATCHING = ("laplace_ica_score_matching",)
LEAPFROG = ("leapfrog_gaussian", "leapfrog_laplace_ica")
DECISION = ("metropolis_decision",)
FROM_DENSITIES = (
    "binary_nce",
    "laplace_ica_nce",
    "gaussian_nce",
)  # those that see ln p_m and ln p_n, not only their difference
NCE = ("nce_from_log_ratios", *FROM_DENSITIES)
OF_MODELS = ("laplace_ica_nce", "gaussian_nce")
LOG_SIGMOID = ("log_sigmoid", *NCE)
GAUSSIAN = ("gaussian_log_density", *OF_MODELS, *IMPORTANCE_OF_MODEL)
LAPLACE = ("laplace_ica_log_density", "laplace_ica_nce", "laplace_ica_mle", *IMPORTANCE_OF_MODEL)
LAPLACE_AND_SCORE = (*LAPLACE, *SCORE_MATCHING, "leapfrog_laplace_ica")
LAPLACE_GRADIENT = ("laplace_ica_nce", "laplace_ica_mle", *IMPORTANCE_OF_MODEL)
MLE = ("laplace_ica_mle",)
COVARIANCE = ("asymptotic_covariance",)


def made_by(
    steps: Steps,
    id: str,
    objectives: tuple[str, ...],
    title: str,
    *,
    effect: str,
    fix: str,
    seen: str = "-",
    choice: bool = False,
) -> Mistake:
    """The mistake that ``steps`` make."""
    return Mistake(
        id, title, objectives, effect, fix, functools.partial(evaluate, steps), seen, choice
    )


def covariance_made_by(
    steps: CovarianceSteps, id: str, title: str, *, effect: str, fix: str, seen: str = "-"
) -> Mistake:
    """The mistake that ``steps`` make in the asymptotic covariance."""
    return Mistake(
        id, title, COVARIANCE, effect, fix, functools.partial(evaluate_covariance, steps), seen
    )
