r"""The scales of conditional NCE.

    G         E_G = |ln phi(x)| + |ln p_c(y|x)| + |ln phi(y)| + |ln p_c(x|y)|
    a term    softplus(-G) + sigma(-G) E_G + 1;   its slope: sigma(-G)(1 + E_G) + 1

The 1 in both is what a softmax over the two orders owes: an absolute error of eps where the loss is far below eps.

Conventions
-----------
inputs   a vector's; want: the outputs as float64; where the mask is 0 nothing is read, and the scale is 0
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales


def conditional_nce(
    log_model_data: Float,
    log_model_noise: Float,
    log_noise_given_data: Float,
    log_data_given_noise: Float,
    want: Mapping[str, Float],
    mask: Float | None = None,
) -> Scales:
    """Scales of the value and both gradients."""
    kept = np.ones_like(log_model_noise) if mask is None else mask
    noise, there, back = (
        np.where(kept == 1.0, rows, 0.0)
        for rows in (log_model_noise, log_noise_given_data, log_data_given_noise)
    )
    data = log_model_data[:, None]
    gap = data + there - noise - back
    E_gap = np.abs(data) + np.abs(there) + np.abs(noise) + np.abs(back)
    missed = np.exp(-np.logaddexp(0.0, gap))
    share = 2.0 * kept / (len(gap) * np.maximum(kept.sum(axis=1, keepdims=True), 1.0))
    each = share * (missed * (1.0 + E_gap) + 1.0)
    return {
        "value": (share * (np.logaddexp(0.0, -gap) + missed * E_gap + 1.0)).sum(),
        "grad_log_model_data": each.sum(axis=1),
        "grad_log_model_noise": each,
    }
