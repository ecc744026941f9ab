"""Importance sampling: the normalising constant as a mean of weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Family, Inputs, Objective, Output, Relative, Ridges
from nce_ref.oracle.families.densities import facts
from nce_ref.oracle.families.densities.objectives import (
    GAUSSIAN_NOISE,
    LAPLACE,
    LAPLACE_ICA_MLE,
    NOISE,
    SQUARE,
    X,
    Y,
)
from nce_ref.oracle.families.importance import (
    exact,
    many,
    mistakes,
    mistakes_gradients,
    mistakes_terms,
    scales,
    textbook,
)
from nce_ref.oracle.families.kernels.objectives import EXACT
from nce_ref.oracle.families.nce.objectives import log_ratios, noise_varies

_J = "J = (1/n_data) sum_x ln p_m - ln Z, Z = (1/n_noise) sum_y w"


def _log_weights(inputs: Inputs) -> Float:
    return np.asarray(inputs["log_model_noise"] - inputs["log_noise_noise"])


def _laplace_log_weights(inputs: Inputs) -> Float:
    laplace = LAPLACE_ICA_IMPORTANCE_SAMPLING.right.laplace
    return log_ratios(lambda u: laplace(inputs["B"], 0.0, u)[0], inputs)[1]


def _ridges(inputs: Inputs) -> list[Float]:
    x, y = inputs["x"], inputs["y"]
    right = LAPLACE_ICA_IMPORTANCE_SAMPLING.right
    shares = right.log_mean_weight(_laplace_log_weights(inputs), len(x))[1]
    weights = np.append(np.full(len(x), 1.0 / len(x)), -shares)
    return facts.ridge_columns(inputs["B"], np.concatenate([x, y]), weights)


IMPORTANCE_SAMPLING_FROM_LOG_DENSITIES = Objective(
    "importance_sampling_from_log_densities",
    {
        "log_model_data": ("n_data",),
        "log_model_noise": ("n_noise",),
        "log_noise_noise": ("n_noise",),
    },
    (
        Output("value", (), tolerance="value"),
        Output("log_normalizer", (), follows_value=False, tolerance="value"),
        Output("grad_log_model_data", ("n_data",), "log_model_data", tolerance="gradient"),
        Output("grad_log_model_noise", ("n_noise",), "log_model_noise", tolerance="gradient"),
    ),
    f"{_J}, w = exp(log_model_noise - log_noise_noise), the model without c; log_normalizer is ln Z, so that c = -ln Z",
    "P10 section 3.1; Geyer, JRSS B 56, 1994",
    is_mean=True,
    exact=exact.importance_sampling_from_log_densities,
    many=many.importance_sampling_from_log_densities,
    has_halves=True,
    method=f"nce_ref/oracle/families/importance/exact.py: {EXACT}",
    scales=scales.importance_sampling_from_log_densities,
    right=textbook.ImportanceSteps(),
    answer=textbook.importance_sampling_from_log_densities,
    exponents=_log_weights,
    facts=(noise_varies("log_noise_noise"),),
)
LAPLACE_ICA_IMPORTANCE_SAMPLING = Objective(
    "laplace_ica_importance_sampling",
    {"B": SQUARE, "x": X, "y": Y, **NOISE},
    (Output("value", (), tolerance="value"), Output("grad_B", SQUARE, "B", tolerance="gradient")),
    f"{_J}, w = p_m(y)/p_n(y), {LAPLACE} with c = 0, {GAUSSIAN_NOISE}",
    "P10 section 3.1; Geyer, JRSS B 56, 1994",
    is_mean=True,
    exact=exact.laplace_ica_importance_sampling,
    method=f"nce_ref/oracle/families/importance/exact.py: {EXACT}",
    scales=scales.laplace_ica_importance_sampling,
    right=textbook.LaplaceImportanceSteps(),
    answer=textbook.laplace_ica_importance_sampling,
    exponents=_laplace_log_weights,
    n_kinks=facts.n_kinks("x", "y"),
    kink=Ridges(facts.KINK_CONVENTION, "B", _ridges),
    facts=facts.DEMIXING + facts.NOISE,
    symmetric=("noise_cov",),
)


def _exact_normaliser(inputs: Inputs) -> dict[str, Any]:
    return LAPLACE_ICA_MLE.evaluate(
        LAPLACE_ICA_MLE.right, {name: inputs[name] for name in LAPLACE_ICA_MLE.arguments}
    )


FAMILY = Family(
    "importance",
    (IMPORTANCE_SAMPLING_FROM_LOG_DENSITIES, LAPLACE_ICA_IMPORTANCE_SAMPLING),
    relatives=(
        Relative(
            LAPLACE_ICA_IMPORTANCE_SAMPLING.name,
            "exact-normaliser",
            "ln Z is the exact one, y and noise unused",
            LAPLACE_ICA_MLE.name,
            _exact_normaliser,
        ),
    ),
    mistakes=(
        (
            "Importance sampling",
            (
                *mistakes.MISTAKES,
                *mistakes_terms.MISTAKES,
            ),
        ),
        ("Gradients of importance sampling written by hand", mistakes_gradients.MISTAKES),
    ),
)
