"""Log-densities, and the likelihood of the Laplace ICA model."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Family, Inputs, Objective, Output, Relative, Ridges, Shape
from nce_ref.oracle.families.densities import (
    exact,
    facts,
    mistakes_gaussian,
    mistakes_gradients,
    mistakes_likelihood,
    mistakes_models,
    mistakes_noise,
    mistakes_terms,
    scales,
    textbook,
)
from nce_ref.oracle.families.kernels.objectives import EXACT

X: Shape = ("n_data", "n_dim")
Y: Shape = ("n_noise", "n_dim")
U: Shape = ("n_points", "n_dim")
SQUARE: Shape = ("n_dim", "n_dim")
NOISE: dict[str, Shape] = {"noise_mean": ("n_dim",), "noise_cov": SQUARE}
LAPLACE = "ln p_m(u) = -sqrt(2) sum_i |b_i . u| + c"
GAUSSIAN_NOISE = "ln p_n = ln N(u; noise_mean, noise_cov)"


def _mle_ridges(inputs: Inputs) -> list[Float]:
    x = inputs["x"]
    return facts.ridge_columns(inputs["B"], x, np.full(len(x), 1.0 / len(x)))


GAUSSIAN_LOG_DENSITY = Objective(
    "gaussian_log_density",
    {"u": U, "mean": ("n_dim",), "cov": SQUARE},
    (Output("value", ("n_points",), tolerance="density"),),
    "-1/2 (u - mean)' cov^-1 (u - mean) - 1/2 ln det cov - (n/2) ln(2 pi)",
    "the density of N(mean, cov)",
    exact=exact.gaussian_log_density,
    method=f"nce_ref/oracle/families/densities/exact.py: {EXACT}",
    scales=scales.gaussian_log_density,
    right=textbook.GaussianSteps(),
    answer=textbook.gaussian_log_density,
    facts=facts.GAUSSIAN,
    symmetric=("cov",),
)
LAPLACE_ICA_LOG_DENSITY = Objective(
    "laplace_ica_log_density",
    {"B": SQUARE, "c": (), "u": U},
    (Output("value", ("n_points",), tolerance="density"),),
    LAPLACE + "; normalised where c = ln|det B| - (n/2) ln 2",
    "P10 section 3.1",
    constant="c",
    exact=exact.laplace_ica_log_density,
    method=f"nce_ref/oracle/families/densities/exact.py: {EXACT}",
    scales=scales.laplace_ica_log_density,
    right=textbook.LaplaceSteps(),
    answer=textbook.laplace_ica_log_density,
    n_kinks=facts.n_kinks("u"),
    facts=facts.DEMIXING + facts.CONSTANT + facts.NORMALISED,
)
LAPLACE_ICA_MLE = Objective(
    "laplace_ica_mle",
    {"B": SQUARE, "x": X},
    (Output("value", (), tolerance="value"), Output("grad_B", SQUARE, "B", tolerance="gradient")),
    "mean_x[-sqrt(2) sum_i |b_i . x|] + ln|det B| - (n/2) ln 2",
    "P10 section 3.1",
    is_mean=True,
    exact=exact.laplace_ica_mle,
    method=f"nce_ref/oracle/families/densities/exact.py: {EXACT}",
    scales=scales.laplace_ica_mle,
    right=textbook.LikelihoodSteps(),
    answer=textbook.laplace_ica_mle,
    n_kinks=facts.n_kinks("x"),
    kink=Ridges(facts.KINK_CONVENTION, "B", _mle_ridges),
    facts=facts.DEMIXING,
)


def _normalised(inputs: Inputs) -> dict[str, Any]:
    constant, _ = LAPLACE_ICA_MLE.right.log_normaliser(inputs["B"], 1)
    density = LAPLACE_ICA_LOG_DENSITY
    return {"value": density.evaluate(density.right, {**inputs, "c": 0.0})["value"] + constant}


FAMILY = Family(
    "densities",
    (GAUSSIAN_LOG_DENSITY, LAPLACE_ICA_LOG_DENSITY, LAPLACE_ICA_MLE),
    relatives=(
        Relative(
            LAPLACE_ICA_LOG_DENSITY.name,
            "normalised-density",
            "the normalised density is returned: c is unused, -ln Z in its place",
            "",
            _normalised,
        ),
    ),
    mistakes=(
        (
            "The noise's Gaussian log-density",
            (
                *mistakes_gaussian.MISTAKES,
                *mistakes_noise.MISTAKES,
            ),
        ),
        (
            "The model and its constant c",
            (
                *mistakes_models.MISTAKES,
                *mistakes_terms.MISTAKES,
            ),
        ),
        ("The likelihood of the Laplace ICA model", mistakes_likelihood.MISTAKES),
        ("Gradients by the model's parameters written by hand", mistakes_gradients.MISTAKES),
    ),
)
