r"""The scales of ranking NCE and of contrastive neural ratio estimation: those of a row of logits, what made the logits
added.

    ranking NCE    E_s = |ln phi| + |ln p_n| and what rounds inside them;  dL/dB: sqrt(2) sum_t E_g |u_t|
    NRE-C          E_s = |s|; for ln K - ln gamma |ln K| + |ln gamma|; 1/(1 + gamma) and gamma/(1 + gamma) are
                   quotients: twice

Conventions
-----------
inputs   a vector's; want: the outputs as float64; out: the outputs' scales in float64
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales
from nce_ref.oracle.families.densities.scales import SQRT2, gaussian, laplace
from nce_ref.oracle.families.ranking.scales_embeddings import rows_of_logits


def _joined(first: Float, rest: Float) -> Float:
    return np.concatenate([first[:, None], rest], axis=1)


def ranking_nce(
    log_model_data: Float,
    log_model_noise: Float,
    log_noise_data: Float,
    log_noise_noise: Float,
    want: Mapping[str, Float],
) -> Scales:
    """Scales from log-densities that come exact."""
    model, noise = (
        _joined(log_model_data, log_model_noise),
        _joined(log_noise_data, log_noise_noise),
    )
    _, E_g, _, E_losses = rows_of_logits(model - noise, np.abs(model) + np.abs(noise))
    return {
        "value": E_losses.mean(),
        "grad_log_model_data": E_g[:, 0] / len(model),
        "grad_log_model_noise": E_g[:, 1:] / len(model),
    }


def laplace_ica_ranking_nce(
    B: Float, x: Float, y: Float, noise_mean: Float, noise_cov: Float, want: Mapping[str, Float]
) -> Scales:
    """Scales of value and grad_B."""
    points = np.concatenate([x[:, None], y], axis=1)
    flat = points.reshape(-1, len(B))
    (model, in_model), (noise, in_noise) = (
        laplace(B, 0.0, flat),
        gaussian(flat, noise_mean, noise_cov),
    )
    E_s = np.abs(model) + np.abs(noise) + in_model + in_noise
    shape = points.shape[:2]
    g, E_g, _, E_losses = rows_of_logits((model - noise).reshape(shape), E_s.reshape(shape))
    each = ((E_g + np.abs(g)) / len(x)).ravel()
    return {
        "value": E_losses.mean(),
        "grad_B": np.tile(SQRT2 * each @ np.abs(flat), (len(B), 1)),
    }


def nre_c(
    logits_marginal: Float, logits_joint: Float, gamma: float, want: Mapping[str, Float]
) -> Scales:
    """Scales of the value and both gradients."""
    n, K = logits_joint.shape
    odds = np.full((n, 1), math.log(K) - math.log(gamma))
    E_odds = np.full((n, 1), math.log(K) + abs(math.log(gamma)))
    none, pair = 1.0 / (n * (1.0 + gamma)), gamma / (n * (1.0 + gamma))
    _, E_none, _, E_marginal = rows_of_logits(
        np.concatenate([odds, logits_marginal], axis=1),
        np.concatenate([E_odds, np.abs(logits_marginal)], axis=1),
    )
    _, E_pair, _, E_joint = rows_of_logits(
        np.concatenate([logits_joint, odds], axis=1),
        np.concatenate([np.abs(logits_joint), E_odds], axis=1),
    )
    return {
        "value": 2.0 * (none * E_marginal.sum() + pair * E_joint.sum()),
        "grad_logits_marginal": 2.0 * none * E_none[:, 1:],
        "grad_logits_joint": 2.0 * pair * E_pair[:, :-1],
    }
