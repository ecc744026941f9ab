"""Conditional NCE from log-densities, and where some noise points are masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Facts, Family, Inputs, Objective, Outputs, Relative, Shape
from nce_ref.oracle.families.choices import other_mean
from nce_ref.oracle.families.conditional import (
    exact,
    many,
    mistakes,
    mistakes_gradients,
    scales,
    textbook,
)
from nce_ref.oracle.families.ranking.embeddings import EXACT, VALUE, gradient
from nce_ref.oracle.families.ranking.models import RANKING_NCE

_ROWS: Shape = ("n_data", "n_steps")
_NOISE = ("log_model_noise", "log_noise_given_data", "log_data_given_noise")


def _kept(inputs: Inputs) -> Any:
    return inputs["mask"] == 1.0 if "mask" in inputs else np.ones(_shape(inputs), dtype=bool)


def _shape(inputs: Inputs) -> tuple[int, int]:
    n, kappa = np.shape(inputs["log_model_noise"])
    return n, kappa


def _gaps(inputs: Inputs) -> Float:
    """G of the noise points that count."""
    kept = _kept(inputs)
    noise, there, back = (np.where(kept, inputs[name], 0.0) for name in _NOISE)
    return np.asarray((inputs["log_model_data"][:, None] + there - noise - back)[kept])


def _is_asymmetric(inputs: Inputs) -> bool:
    kept = _kept(inputs)
    return bool(np.any(inputs[_NOISE[1]][kept] != inputs[_NOISE[2]][kept]))


def _refuses_masks(inputs: Inputs) -> Iterator[str]:
    if not np.isin(inputs["mask"], (0.0, 1.0)).all():
        yield "mask with other numbers; expected 0 and 1"


_STEPS = Facts(
    flags={"asymmetric-steps": _is_asymmetric},
    properties={
        "where steps are not symmetric": _is_asymmetric,
        "where there is more than one step a datum": lambda inputs: _shape(inputs)[1] > 1,
    },
)
_MASKED = Facts(
    flags={
        "masked": lambda inputs: bool((inputs["mask"] == 0.0).any()),
        "empty-row": lambda inputs: bool((inputs["mask"].sum(axis=1) == 0.0).any()),
        "infinite-padding": lambda inputs: any(
            not np.isfinite(value).all() for value in inputs.values()
        ),
    },
    refuses=_refuses_masks,
)
_SUMMED = other_mean(
    "steps_summed",
    "a datum's steps are summed, not averaged: 2/n for 2/(kappa n)",
    lambda inputs: float(_shape(inputs)[1]),
)

CONDITIONAL_NCE = Objective(
    "conditional_nce",
    {"log_model_data": ("n_data",), **dict.fromkeys(_NOISE, _ROWS)},
    (VALUE, gradient("log_model_data", ("n_data",)), gradient("log_model_noise", _ROWS)),
    "L = (2/(n_steps n_data)) sum_ij ln(1 + e^{-G_ij}), G_ij = log_model_data_i + log_noise_given_data_ij - "
    "log_model_noise_ij - "
    "log_data_given_noise_ij: ln phi(x_i) + ln p_c(y_ij|x_i) - ln phi(y_ij) - ln p_c(x_i|y_ij); a loss",
    "Ceylan & Gutmann, ICML 2018, eq. 11, kappa = n_steps",
    is_mean=True,
    sense="minimise",
    exact=exact.conditional_nce,
    many=many.conditional_nce,
    has_halves=True,
    method=f"nce_ref/oracle/families/conditional/exact.py: {EXACT}",
    scales=scales.conditional_nce,
    right=textbook.ConditionalSteps(),
    answer=textbook.conditional_nce,
    log_sigmoids=lambda inputs: (_gaps(inputs),),
    exponents=_gaps,
    facts=(_STEPS,),
    choices=(_SUMMED,),
    dimensions={"n_steps": "noise points a datum, each a step away from it (kappa)"},
    right_there=("info-nce-in-bits",),  # a sigmoid's "log2-loss" says it
)
MASKED = replace(
    CONDITIONAL_NCE,
    name="conditional_nce/masked",
    arguments=CONDITIONAL_NCE.arguments | {"mask": _ROWS},
    formula=CONDITIONAL_NCE.formula.replace(
        "(2/(n_steps n_data)) sum_ij", "(1/n_data) sum_i (2/kappa_i) sum_j mask_ij"
    ).replace(
        "; a loss",
        "; kappa_i = sum_j mask_ij, nothing is read where mask_ij = 0, 0 where it is 0; a loss",
    ),
    many=None,
    has_halves=False,
    right=textbook.MaskedConditionalSteps(),
    draws=lambda rng, sizes: {
        "mask": (rng.uniform(size=(sizes["n_data"], sizes["n_steps"])) < 0.7).astype(float)
    },
    facts=(_STEPS, _MASKED),
    masks=dict.fromkeys(_NOISE, "mask"),
    choices=(),
)


def _ranked(inputs: Inputs) -> Outputs:
    """Ranking NCE of the gaps: a softmax over a datum and all its steps."""
    gaps = -(
        inputs["log_model_data"][:, None]
        + inputs[_NOISE[1]]
        - inputs[_NOISE[0]]
        - inputs[_NOISE[2]]
    )
    zero = np.zeros_like(gaps)
    given = {
        "log_model_data": zero[:, 0],
        "log_model_noise": gaps,
        "log_noise_data": zero[:, 0],
        "log_noise_noise": zero,
    }
    return RANKING_NCE.evaluate(RANKING_NCE.right, given)


def _by_one_density(inputs: Inputs) -> Outputs:
    """Ranking NCE with ln p_c(y|x) as the noise's density, the datum's own forgotten."""
    given = {
        "log_model_data": inputs["log_model_data"],
        "log_model_noise": inputs["log_model_noise"],
        "log_noise_data": np.zeros_like(inputs["log_model_data"]),
        "log_noise_noise": inputs[_NOISE[1]],
    }
    return RANKING_NCE.evaluate(RANKING_NCE.right, given)


FAMILY = Family(
    "conditional",
    (CONDITIONAL_NCE,),
    relatives=(
        Relative(
            CONDITIONAL_NCE.name,
            "ranking-of-steps-given",
            "a softmax over a datum and all its steps is returned: ln(1 + sum_j e^-G_ij), ranking NCE, which "
            "is right for noise that does not "
            "depend on x",
            RANKING_NCE.name,
            _ranked,
        ),
        Relative(
            CONDITIONAL_NCE.name,
            "ranking-nce-given",
            "ranking NCE is returned, ln p_c(y|x) in the place of the noise's ln p_n, which the datum has none of",
            RANKING_NCE.name,
            _by_one_density,
        ),
    ),
    mistakes=(
        ("Conditional NCE", mistakes.MISTAKES),
        ("Gradients of conditional NCE written by hand", mistakes_gradients.MISTAKES),
    ),
    layouts=(MASKED,),
)
