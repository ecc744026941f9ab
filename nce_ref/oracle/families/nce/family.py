"""The family of noise-contrastive estimation: its objectives, their layouts, what may be handed over in their place,
its mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Family, Inputs, Objective, Relative
from nce_ref.oracle.families.densities.objectives import LAPLACE_ICA_MLE
from nce_ref.oracle.families.nce import (
    at_one,
    mistakes_added,
    mistakes_arithmetic,
    mistakes_epsilon,
    mistakes_gradients,
    mistakes_losses,
    mistakes_masks,
    mistakes_model_gradients,
    mistakes_noise_density,
    mistakes_nu,
    mistakes_rows,
    mistakes_samples,
    mistakes_standardised,
)
from nce_ref.oracle.families.nce.layouts import LAYOUTS
from nce_ref.oracle.families.nce.objectives import (
    BINARY_NCE,
    GAUSSIAN_NCE,
    LAPLACE_ICA_NCE,
    NCE_FROM_LOG_RATIOS,
)

_FLAT = (NCE_FROM_LOG_RATIOS, BINARY_NCE, LAPLACE_ICA_NCE, GAUSSIAN_NCE)
_OBJECTIVES = {objective.name: objective for objective in (*_FLAT, *LAYOUTS)}


def _taken_as_log_ratios(name: str) -> Relative:
    """At ``binary_nce`` or one of its layouts."""
    use = name.replace(BINARY_NCE.name, NCE_FROM_LOG_RATIOS.name)
    return Relative(
        name,
        "log-ratios-expected",
        "log_model_data and log_model_noise are taken as log-ratios, ln p_n unused",
        use,
        lambda inputs: _as_log_ratios(_OBJECTIVES[use], inputs),
    )


def _as_log_ratios(ratios: Objective, inputs: Inputs) -> dict[str, Any]:
    given = {
        "log_ratio_data": inputs["log_model_data"],
        "log_ratio_noise": inputs["log_model_noise"],
        **{name: inputs[name] for name in ratios.arguments if name in inputs},
    }
    found = ratios.evaluate(ratios.right, given)
    return {name.replace("log_ratio", "log_model"): value for name, value in found.items()}


def _likelihood_at(name: str) -> Relative:
    """At ``laplace_ica_nce`` or its layout."""
    return Relative(
        name,
        "likelihood-given",
        "the mean log-likelihood of x is returned, y, c and noise unused",
        LAPLACE_ICA_MLE.name,
        _likelihood,
    )


def _likelihood(inputs: Inputs) -> dict[str, Any]:
    found = LAPLACE_ICA_MLE.evaluate(
        LAPLACE_ICA_MLE.right, {name: inputs[name] for name in LAPLACE_ICA_MLE.arguments}
    )
    return {**found, "grad_c": np.zeros((), dtype=inputs["x"].dtype)}


FAMILY = Family(
    "nce",
    _FLAT,
    relatives=(
        *(_taken_as_log_ratios(name) for name in _OBJECTIVES if name.startswith(BINARY_NCE.name)),
        *(_likelihood_at(name) for name in _OBJECTIVES if name.startswith(LAPLACE_ICA_NCE.name)),
    ),
    mistakes=(
        ("The noise ratio nu", mistakes_nu.MISTAKES),
        ("Samples, labels and densities mixed up", mistakes_samples.MISTAKES),
        ("ln p_n added or reordered", mistakes_noise_density.MISTAKES),
        ("Terms added to J", mistakes_added.MISTAKES),
        ("Other losses of the same log-ratio", mistakes_losses.MISTAKES),
        ("Batch normalisation in front of the loss", mistakes_standardised.MISTAKES),
        ("Arithmetic of J", mistakes_arithmetic.MISTAKES),
        ("Epsilons beside densities", mistakes_epsilon.MISTAKES),
        ("Gradients of J written by hand", mistakes_gradients.MISTAKES),
        (
            "Gradients of J by the model's parameters written by hand",
            mistakes_model_gradients.MISTAKES,
        ),
        ("Noise in rows", mistakes_rows.MISTAKES),
        ("Masks and weights", mistakes_masks.MISTAKES),
    ),
    layouts=LAYOUTS,
    at_one=at_one.OBJECTIVES,
    all_of_it="every NCE objective",
)
