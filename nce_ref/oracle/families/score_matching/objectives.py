"""Score matching of the Laplace ICA model, its score smoothed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Facts, Family, Inputs, Objective, Output
from nce_ref.oracle.families.densities import facts
from nce_ref.oracle.families.densities.objectives import SQUARE, X
from nce_ref.oracle.families.kernels.objectives import EXACT
from nce_ref.oracle.families.score_matching import (
    exact,
    mistakes,
    mistakes_divergence,
    mistakes_gradients,
    scales,
    textbook,
)


def above_0(name: str) -> Callable[[Inputs], Iterator[str]]:
    """Refuses a number that is not."""

    def refuses(inputs: Inputs) -> Iterator[str]:
        if inputs[name] <= 0:
            yield f"{name} {inputs[name]!r}; expected a number above 0"

    return refuses


def _exponents(inputs: Inputs) -> Float:
    return np.ravel(2.0 * inputs["slope"] * inputs["x"] @ inputs["B"].T)


LAPLACE_ICA_SCORE_MATCHING = Objective(
    "laplace_ica_score_matching",
    {"B": SQUARE, "x": X, "slope": ()},
    (Output("value", (), tolerance="value"), Output("grad_B", SQUARE, "B", tolerance="gradient")),
    "J = -(1/n_data) sum_x [1/2 |Psi|^2 + div Psi], Psi = B' g(B x), g(s) = -sqrt(2) tanh(slope s):"
    " the score of the Laplace model, smoothed; div Psi = sum_i g'(s_i) |b_i|^2",
    "P10 section 3.1, slope 10; Hyvarinen, JMLR 6, 2005; J is minus the loss",
    is_mean=True,
    exact=exact.laplace_ica_score_matching,
    method=f"nce_ref/oracle/families/score_matching/exact.py: {EXACT}",
    scales=scales.laplace_ica_score_matching,
    right=textbook.ScoreMatchingSteps(),
    answer=textbook.laplace_ica_score_matching,
    exponents=_exponents,
    saturating=lambda inputs: [0.5 * _exponents(inputs)],
    facts=(
        *facts.DEMIXING,
        Facts(
            properties={"where the slope is not 1": lambda inputs: inputs["slope"] != 1.0},
            refuses=above_0("slope"),
        ),
    ),
)

FAMILY = Family(
    "score_matching",
    (LAPLACE_ICA_SCORE_MATCHING,),
    mistakes=(
        (
            "Score matching",
            (
                *mistakes.MISTAKES,
                *mistakes_divergence.MISTAKES,
            ),
        ),
        ("Gradients of score matching written by hand", mistakes_gradients.MISTAKES),
    ),
)
