"""Ranking NCE, of log-densities and of the Laplace ICA model, and contrastive neural ratio estimation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Facts, Inputs, Objective, Outputs, Relative, Ridges
from nce_ref.oracle.families.densities import facts
from nce_ref.oracle.families.densities.objectives import NOISE, SQUARE, X
from nce_ref.oracle.families.nce.objectives import (
    BINARY_NCE,
    LAPLACE_ICA_NCE,
    NCE_FROM_LOG_RATIOS,
    log_ratios,
)
from nce_ref.oracle.families.ranking import exact_models, scales_models, textbook
from nce_ref.oracle.families.ranking.embeddings import EXACT, VALUE, exponents, gradient, margins
from nce_ref.oracle.families.score_matching.objectives import above_0

_METHOD = f"nce_ref/oracle/families/ranking/exact_models.py: {EXACT}"
_ROWS, _NOISE_ROWS = ("n_data",), ("n_data", "n_negatives")
_DIMENSIONS = {"n_negatives": "negatives a row"}
_SOURCE = "Ma & Collins, EMNLP 2018, eq. 3, as a loss"


def _log_ratios(inputs: Inputs) -> tuple[Float, Float]:
    return (
        inputs["log_model_data"] - inputs["log_noise_data"],
        inputs["log_model_noise"] - inputs["log_noise_noise"],
    )


def _varies(inputs: Inputs) -> bool:
    both = np.append(inputs["log_noise_data"], inputs["log_noise_noise"])
    return bool(np.ptp(both) > 0)


RANKING_NCE = Objective(
    "ranking_nce",
    {
        "log_model_data": _ROWS,
        "log_model_noise": _NOISE_ROWS,
        "log_noise_data": _ROWS,
        "log_noise_noise": _NOISE_ROWS,
    },
    (VALUE, gradient("log_model_data", _ROWS), gradient("log_model_noise", _NOISE_ROWS)),
    "L = (1/n_data) sum_i [ln(e^{s_i} + sum_j e^{s_ij}) - s_i], s = log_model - log_noise: a row is"
    " a datum and noise points of its own; a loss",
    _SOURCE,
    is_mean=True,
    sense="minimise",
    exact=exact_models.ranking_nce,
    has_halves=True,
    method=_METHOD,
    scales=scales_models.ranking_nce,
    right=textbook.RankingSteps(),
    answer=textbook.ranking_nce,
    log_sigmoids=lambda inputs: margins(*_log_ratios(inputs)),
    exponents=lambda inputs: exponents(*_log_ratios(inputs)),
    facts=(Facts(flags={"noise-varies": _varies}),),
    dimensions=_DIMENSIONS,
)


def _laplace_rows(inputs: Inputs) -> tuple[Float, Float]:
    flat = {**inputs, "y": inputs["y"].reshape(-1, inputs["x"].shape[1])}
    data, noise = log_ratios(lambda u: LAPLACE_ICA_NCE.right.laplace(inputs["B"], 0.0, u)[0], flat)
    return data, noise.reshape(inputs["y"].shape[:2])


def _ridges(inputs: Inputs) -> list[Float]:
    _, of_data, of_noise = textbook.ranking(RANKING_NCE.right, *_laplace_rows(inputs))
    points = np.concatenate([inputs["x"], inputs["y"].reshape(-1, inputs["x"].shape[1])])
    return facts.ridge_columns(inputs["B"], points, np.append(of_data, of_noise))


# Slips that move ln p_n by a constant, which cancels within a row.
_CANCELS = (
    "gauss-no-2pi",
    "gauss-2pi-once",
    "gauss-2pi-not-halved",
    "gauss-no-logdet",
    "gauss-logdet-not-halved",
    "gauss-logdet-of-factor",
    "gauss-logdet-sign",
    "gauss-unnormalised",
)

LAPLACE_ICA_RANKING_NCE = Objective(
    "laplace_ica_ranking_nce",
    {"B": SQUARE, "x": X, "y": ("n_data", "n_negatives", "n_dim"), **NOISE},
    (VALUE, gradient("B", SQUARE)),
    "L = (1/n_data) sum_i [ln(e^{s_i} + sum_j e^{s_ij}) - s_i], s = -sqrt(2) sum_k |b_k . u| - ln"
    " N(u; noise_mean, noise_cov), u = x_i, y_ij: noise own to each datum, no constant; a loss",
    _SOURCE,
    is_mean=True,
    sense="minimise",
    exact=exact_models.laplace_ica_ranking_nce,
    method=_METHOD,
    scales=scales_models.laplace_ica_ranking_nce,
    right=textbook.LaplaceRankingSteps(),
    answer=textbook.laplace_ica_ranking_nce,
    log_sigmoids=lambda inputs: margins(*_laplace_rows(inputs)),
    exponents=lambda inputs: exponents(*_laplace_rows(inputs)),
    n_kinks=facts.n_kinks("x", "y"),
    kink=Ridges(facts.KINK_CONVENTION, "B", _ridges),
    facts=facts.DEMIXING + facts.NOISE,
    symmetric=("noise_cov",),
    right_there=_CANCELS,
    dimensions=_DIMENSIONS,
)


def _nre_rows(inputs: Inputs) -> tuple[Float, ...]:
    K = inputs["logits_joint"].shape[1]
    odds = np.full((len(inputs["logits_joint"]), 1), np.log(K) - np.log(inputs["gamma"]))
    joint = inputs["logits_joint"]
    return (
        *margins(odds[:, 0], inputs["logits_marginal"]),
        *margins(joint[:, 0], np.concatenate([joint[:, 1:], odds], axis=1)),
    )


_LOGITS = ("n_data", "n_contrasts")


def _draws_of_nre(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Any]:
    shape, size = (sizes["n_data"], sizes["n_contrasts"]), rng.choice([0.25, 1.0, 3.0, 30.0, 300.0])
    return {
        "logits_marginal": size * rng.normal(size=shape),
        "logits_joint": size * rng.normal(size=shape),
        "gamma": float(rng.choice([0.25, 0.5, 1.0, 1.75, 3.0, 10.0])),
    }


NRE_C = Objective(
    "nre_c",
    {"logits_marginal": _LOGITS, "logits_joint": _LOGITS, "gamma": ()},
    (VALUE, gradient("logits_marginal", _LOGITS), gradient("logits_joint", _LOGITS)),
    "L = [mean_i softplus(ln sum_k e^{m_ik} - o) + gamma mean_i softplus(ln(e^o + sum_{k>1}"
    " e^{f_ik}) - f_i1)]/(1 + gamma), o = ln n_contrasts - ln gamma, m = logits_marginal, f ="
    " logits_joint, the pair of each row in its first column; a loss",
    "Miller, Weniger & Forre, NeurIPS 2022, eq. 7; NRE-A (Hermans et al.) and NRE-B (Durkan et al.)"
    " are limits",
    is_mean=True,
    sense="minimise",
    exact=exact_models.nre_c,
    has_halves=True,
    method=_METHOD,
    scales=scales_models.nre_c,
    right=textbook.NreSteps(),
    answer=textbook.nre_c,
    log_sigmoids=_nre_rows,
    exponents=lambda inputs: np.append(inputs["logits_marginal"], inputs["logits_joint"]),
    facts=(
        Facts(
            properties={
                "where gamma is not 1": lambda inputs: inputs["gamma"] != 1.0,
                "where there is more than one contrast": lambda inputs: (
                    inputs["logits_joint"].shape[1] > 1
                ),
            },
            offsets={"ln gamma": lambda inputs: float(np.log(inputs["gamma"]))},
            refuses=above_0("gamma"),
        ),
    ),
    draws=_draws_of_nre,
    dimensions={"n_contrasts": "logits a row of ratio estimation, the pair's own among them"},
)


def _binary(inputs: Inputs) -> Outputs:
    """Minus J of binary NCE, all noise points of all data together, nu = K."""
    flat = {name: np.ravel(value) for name, value in inputs.items()}
    nu = inputs["log_model_noise"].size / inputs["log_model_data"].size
    found = BINARY_NCE.evaluate(BINARY_NCE.right, {**flat, "nu": nu})
    return {
        "value": -found["value"],
        "grad_log_model_data": -found["grad_log_model_data"],
        "grad_log_model_noise": -found["grad_log_model_noise"].reshape(
            inputs["log_model_noise"].shape
        ),
    }


def _binary_of_model(inputs: Inputs) -> Outputs:
    flat = {**inputs, "y": inputs["y"].reshape(-1, inputs["x"].shape[1]), "c": 0.0}
    found = LAPLACE_ICA_NCE.evaluate(LAPLACE_ICA_NCE.right, flat)
    return {"value": -found["value"], "grad_B": -found["grad_B"]}


def _nre_a(inputs: Inputs) -> Outputs:
    """Half the binary cross-entropy of the first column of each, as many with a pair as without."""
    joint, marginal = inputs["logits_joint"], inputs["logits_marginal"]
    found = NCE_FROM_LOG_RATIOS.evaluate(
        NCE_FROM_LOG_RATIOS.right,
        {"log_ratio_data": joint[:, 0], "log_ratio_noise": marginal[:, 0], "nu": 1.0},
    )
    of_joint, of_marginal = np.zeros_like(joint), np.zeros_like(marginal)
    of_joint[:, 0] = -0.5 * found["grad_log_ratio_data"]
    of_marginal[:, 0] = -0.5 * found["grad_log_ratio_noise"]
    return {
        "value": -0.5 * found["value"],
        "grad_logits_marginal": of_marginal,
        "grad_logits_joint": of_joint,
    }


def _nre_b(inputs: Inputs) -> Outputs:
    joint = inputs["logits_joint"]
    if joint.shape[1] == 1:
        value, own, others = joint.dtype.type(0.0), np.zeros_like(joint[:, 0]), joint[:, 1:]
    else:
        value, own, others = textbook.ranking(RANKING_NCE.right, joint[:, 0], joint[:, 1:])
    return {
        "value": value,
        "grad_logits_marginal": np.zeros_like(joint),
        "grad_logits_joint": np.concatenate([own[:, None], others], axis=1),
    }


RELATIVES: tuple[Any, ...] = (
    Relative(
        RANKING_NCE.name,
        "binary-nce-given",
        "binary NCE is returned, as a loss: a sigmoid for every point with ln nu, nu = n_negatives",
        BINARY_NCE.name,
        _binary,
    ),
    Relative(
        LAPLACE_ICA_RANKING_NCE.name,
        "binary-nce-of-model-given",
        "binary NCE with c = 0 is returned, as a loss: a sigmoid for every point with ln nu, nu ="
        " n_negatives",
        LAPLACE_ICA_NCE.name,
        _binary_of_model,
    ),
    Relative(
        NRE_C.name,
        "nre-a-given",
        "NRE-A is returned: the mean binary cross-entropy of the first column of each, gamma and"
        " the other contrasts unused",
        NCE_FROM_LOG_RATIOS.name,
        _nre_a,
    ),
    Relative(
        NRE_C.name,
        "nre-b-given",
        "NRE-B is returned: a softmax over each row with a pair, gamma and the rows without one"
        " unused",
        "info_nce_from_logits",
        _nre_b,
    ),
)
