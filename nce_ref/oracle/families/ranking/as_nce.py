"""Ranking objectives in the place of NCE: every datum against all noise points, from log-ratios and from
log-densities."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Inputs, Outputs, Relative
from nce_ref.oracle.families.nce.objectives import BINARY_NCE, NCE_FROM_LOG_RATIOS


def _ranked(
    data: Array, noise: Array, with_positive: bool = True, log_weight: float = 0.0
) -> tuple[Any, Array, Array]:
    """mean_i [s_i - ln(e^{s_i} + w sum_j e^{t_j})] and its derivatives; w = exp(log_weight)."""
    top = noise.max()
    shares = np.exp(noise - top)
    log_sum = top + np.log(shares.sum()) + data.dtype.type(log_weight)
    bottom = np.logaddexp(data, log_sum) if with_positive else np.full_like(data, log_sum)
    taken = np.exp(data - bottom) if with_positive else np.zeros_like(data)
    others = np.exp(log_sum - bottom) if with_positive else np.ones_like(data)
    return (
        (data - bottom).mean(),
        (1.0 - taken) / len(data),
        -others.mean() * shares / shares.sum(),
    )


def _of_ratios(**how: Any) -> Any:
    def evaluate(inputs: Inputs) -> Outputs:
        value, of_data, of_noise = _ranked(
            inputs["log_ratio_data"], inputs["log_ratio_noise"], **how
        )
        return {"value": value, "grad_log_ratio_data": of_data, "grad_log_ratio_noise": of_noise}

    return evaluate


def _of_densities(with_noise: bool = True, **how: Any) -> Any:
    def evaluate(inputs: Inputs) -> Outputs:
        data, noise = inputs["log_model_data"], inputs["log_model_noise"]
        if with_noise:
            data, noise = data - inputs["log_noise_data"], noise - inputs["log_noise_noise"]
        value, of_data, of_noise = _ranked(data, noise, **how)
        return {"value": value, "grad_log_model_data": of_data, "grad_log_model_noise": of_noise}

    return evaluate


def _averaged(of: Any, noise: str) -> Any:
    """With the mean of the noise's terms in the place of their sum."""
    return lambda inputs: of(log_weight=-float(np.log(len(inputs[noise]))))(inputs)


_WITHOUT = (
    "; the datum is not in its own denominator, so the objective has no upper bound (decoupled)"
)
_RATIO, _DENSITY = NCE_FROM_LOG_RATIOS.name, BINARY_NCE.name
_USE = "info_nce_from_logits"
_TITLE = "ranking NCE (InfoNCE) is returned: a softmax of every datum against all noise points, without nu"

RELATIVES = (
    Relative(_DENSITY, "info-nce-given", f"{_TITLE}, of ln p_m - ln p_n", _USE, _of_densities()),
    Relative(
        _DENSITY,
        "info-nce-of-model-given",
        f"{_TITLE}, of ln p_m alone: ln p_n is unused",
        _USE,
        _of_densities(with_noise=False),
    ),
    Relative(
        _DENSITY,
        "info-nce-averaged-given",
        f"{_TITLE}, the noise's terms averaged, of ln p_m - ln p_n",
        _USE,
        _averaged(_of_densities, "log_model_noise"),
    ),
    Relative(
        _DENSITY,
        "info-nce-decoupled-given",
        f"{_TITLE}{_WITHOUT}, of ln p_m - ln p_n",
        "",
        _of_densities(with_positive=False),
    ),
    Relative(
        _RATIO,
        "info-nce-averaged-given",
        f"{_TITLE}, the noise's terms averaged",
        _USE,
        _averaged(_of_ratios, "log_ratio_noise"),
    ),
    Relative(
        _RATIO,
        "info-nce-decoupled-given",
        f"{_TITLE}{_WITHOUT}",
        "",
        _of_ratios(with_positive=False),
    ),
)
