"""Ranking objectives: InfoNCE from logits."""

from __future__ import annotations

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Family, Inputs, Objective, Output, Outputs, Relative
from nce_ref.oracle.families.nce.objectives import NCE_FROM_LOG_RATIOS
from nce_ref.oracle.families.ranking import (
    exact,
    many,
    mistakes,
    mistakes_arithmetic,
    mistakes_batch,
    mistakes_bounds,
    mistakes_embeddings,
    mistakes_gradients,
    mistakes_masked_rows,
    mistakes_models,
    mistakes_pullbacks,
    scales,
    textbook,
)
from nce_ref.oracle.families.ranking.as_nce import RELATIVES as AS_NCE
from nce_ref.oracle.families.ranking.embeddings import (
    INFO_NCE,
    INFO_NCE_IN_BATCH,
    INFO_NCE_UNPAIRED,
)
from nce_ref.oracle.families.ranking.models import (
    LAPLACE_ICA_RANKING_NCE,
    NRE_C,
    RANKING_NCE,
    RELATIVES,
)

EXACT = "nce_ref/oracle/families/ranking/exact.py: decimal arithmetic, its precision doubled until all digits agree"
_ROWS, _NEGATIVES = ("n_data",), ("n_data", "n_negatives")


def _margins(inputs: Inputs) -> tuple[Float, ...]:
    """t of L_i = -ln sigma(t): the positive less the negatives' log-sum."""
    return (inputs["logit_positive"] - np.logaddexp.reduce(inputs["logits_negative"], axis=1),)


def _logits(inputs: Inputs) -> Float:
    return np.concatenate([inputs["logit_positive"], inputs["logits_negative"].ravel()])


INFO_NCE_FROM_LOGITS = Objective(
    "info_nce_from_logits",
    {"logit_positive": _ROWS, "logits_negative": _NEGATIVES},
    (
        Output("value", (), tolerance="value"),
        Output("grad_logit_positive", _ROWS, "logit_positive", tolerance="gradient"),
        Output("grad_logits_negative", _NEGATIVES, "logits_negative", tolerance="gradient"),
    ),
    "L = (1/n_data) sum_i [ln(e^{s_i} + sum_j e^{s_ij}) - s_i], s_i = logit_positive, s_ij = logits_negative: a loss",
    "van den Oord, Li & Vinyals, arXiv 1807.03748, eq. 4; Ma & Collins, EMNLP 2018",
    is_mean=True,
    sense="minimise",
    exact=exact.info_nce_from_logits,
    many=many.info_nce_from_logits,
    has_halves=True,
    method=EXACT,
    scales=scales.info_nce_from_logits,
    right=textbook.InfoNCESteps(),
    answer=textbook.info_nce_from_logits,
    log_sigmoids=_margins,
    exponents=_logits,
    dimensions={"n_negatives": "negatives a row"},
)


def _every_datum_against_all(inputs: Inputs) -> Outputs:
    """-L of log-ratios, every noise point being a negative of every datum."""
    data, noise = inputs["log_ratio_data"], inputs["log_ratio_noise"]
    logits = {"logit_positive": data, "logits_negative": np.tile(noise, (len(data), 1))}
    found = INFO_NCE_FROM_LOGITS.evaluate(INFO_NCE_FROM_LOGITS.right, logits)
    return {
        "value": -found["value"],
        "grad_log_ratio_data": -found["grad_logit_positive"],
        "grad_log_ratio_noise": -found["grad_logits_negative"].sum(axis=0),
    }


FAMILY = Family(
    "ranking",
    (
        INFO_NCE_FROM_LOGITS,
        INFO_NCE,
        INFO_NCE_UNPAIRED,
        INFO_NCE_IN_BATCH,
        RANKING_NCE,
        LAPLACE_ICA_RANKING_NCE,
        NRE_C,
    ),
    relatives=(
        Relative(
            NCE_FROM_LOG_RATIOS.name,
            "info-nce-given",
            "InfoNCE is returned: a softmax of every datum against all noise points, without nu",
            INFO_NCE_FROM_LOGITS.name,
            _every_datum_against_all,
        ),
        *RELATIVES,
        *AS_NCE,
    ),
    mistakes=(
        ("InfoNCE: what is compared with what", mistakes.MISTAKES),
        ("Arithmetic of InfoNCE", mistakes_arithmetic.MISTAKES),
        ("Gradients of InfoNCE written by hand", mistakes_gradients.MISTAKES),
        ("Ranking NCE, and contrastive ratio estimation (NRE-C)", mistakes_models.MISTAKES),
        ("Embeddings: length, similarity, temperature", mistakes_embeddings.MISTAKES),
        ("Bounds on lengths and temperatures", mistakes_bounds.MISTAKES),
        ("Masks, and negatives from the batch", mistakes_batch.MISTAKES),
        ("Masks and rows without negatives", mistakes_masked_rows.MISTAKES),
        ("Gradients by embeddings and temperature written by hand", mistakes_pullbacks.MISTAKES),
    ),
)
