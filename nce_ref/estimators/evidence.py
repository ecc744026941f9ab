"""What the verdict on a fit rests on: a proof, a second-order test, gradients alone, or nothing; and whose second
derivatives they are.

Conventions
-----------
``model.differenced``   names of the second derivatives that a model takes by differences of its gradients
                        (``models/from_functions.py``): "curvature", that of ln p_m, "log_normalizer_hessian",
                        "score_matching"; absent or empty where all are exact
"""

from __future__ import annotations

from typing import Any

from nce_ref.objectives.likelihood import LikelihoodObjective
from nce_ref.objectives.score_matching import ScoreMatchingObjective
from nce_ref.optimize.first_order import STATIONARY_BY_GRADIENT

# Up to here a differenced Hessian is cheap beside the climb: 2 n gradients each, n^2 numbers.
MOST_DIFFERENCED = 40
_HESSIAN = {False: "an exact Hessian", True: "a Hessian by differences of gradients"}


def differenced(problem: Any) -> bool:
    """Whether the objective's Hessian is by differences."""
    names = getattr(getattr(problem, "model", None), "differenced", ())
    if isinstance(problem, ScoreMatchingObjective):
        return "score_matching" in names
    return "curvature" in names or (
        "log_normalizer_hessian" in names and isinstance(problem, LikelihoodObjective)
    )


def by_gradients_alone(problem: Any) -> bool:
    """Whether the climb is by L-BFGS: many parameters, and no second derivatives but by differences."""
    return problem.n_params > MOST_DIFFERENCED and differenced(problem)


def rests_on(status: str, problem: Any) -> str:
    """In words, what stands behind a status."""
    if status == "certified":
        return f"a proof from {_HESSIAN[differenced(problem)]}, rounding included"
    if status == "passed":
        return f"a second-order test by {_HESSIAN[differenced(problem)]}: no proof"
    return "gradients alone" if status == STATIONARY_BY_GRADIENT else "nothing"


def proved(status: str, problem: Any) -> str:
    """The sentence of a summary on what was proved."""
    if status == "certified":
        return "Proved: a local maximum, as the first line says."
    if status == "passed":
        return (
            "Proved: nothing. Passed: the second-order test of a local maximum, by"
            f" {_HESSIAN[differenced(problem)]}."
        )
    if status == STATIONARY_BY_GRADIENT:
        return "Proved: nothing. By gradients alone: theta is stationary."
    return "Proved: nothing."
