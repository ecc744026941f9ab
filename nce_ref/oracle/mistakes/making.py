"""How the catalogue's files write a mistake down: the right steps with one replaced, and where it can be made."""

from __future__ import annotations

import functools

from nce_ref.oracle.mistakes.base import Mistake
from nce_ref.oracle.textbook import Steps, evaluate

FROM_DENSITIES = ("binary_nce", "laplace_ica_nce", "gaussian_nce")  # those that see ln p_m and ln p_n, not only their difference
NCE = ("nce_from_log_ratios", *FROM_DENSITIES)
OF_MODELS = ("laplace_ica_nce", "gaussian_nce")
LOG_SIGMOID = ("log_sigmoid", *NCE)
GAUSSIAN = ("gaussian_log_density", *OF_MODELS)
LAPLACE = ("laplace_ica_log_density", "laplace_ica_nce", "laplace_ica_mle")
LAPLACE_GRADIENT = ("laplace_ica_nce", "laplace_ica_mle")
MLE = ("laplace_ica_mle",)


def made_by(
    steps: Steps, id: str, objectives: tuple[str, ...], title: str, *, effect: str, fix: str, seen: str = "-", choice: bool = False
) -> Mistake:
    """The mistake that ``steps`` make."""
    return Mistake(id, title, objectives, effect, fix, functools.partial(evaluate, steps), seen, choice)
