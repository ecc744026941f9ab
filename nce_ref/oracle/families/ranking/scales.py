r"""The scales of InfoNCE.

    log-sum     |top| + ln m + 1 + sum_j w_j (top - s_j)       the argument of each exp, weighed by its share
    z           E_z = |s_i| + the log-sum's
    L_i         L_i + sigma(z) E_z + 1               as log-softmax frameworks have it: (s_i - top) - ln sum e^{s - top}
    dL/ds_i     sigma(z) (1 + E_z) + 1                         which frameworks subtract: softmax less 1
    dL/ds_ij    w sigma(z) (1 + |s_ij| + E_z)

The 1 in the second and third is what cross-entropy on a softmax owes: an absolute error of eps where the loss is far
below eps.

Conventions
-----------
inputs   a vector's; want: the outputs as float64; out: the outputs' scales in float64
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales


def info_nce_from_logits(
    logit_positive: Float, logits_negative: Float, want: Mapping[str, Float]
) -> Scales:
    """Scales of the value and both gradients."""
    n, m = logits_negative.shape
    top = logits_negative.max(axis=1)
    shares = np.exp(logits_negative - top[:, None])
    shares /= shares.sum(axis=1, keepdims=True)
    inside = np.abs(top) + np.log(m) + 1.0 + (shares * (top[:, None] - logits_negative)).sum(axis=1)
    E_z = np.abs(logit_positive) + inside
    slopes = -n * want["grad_logit_positive"]
    z = top + np.log(np.exp(logits_negative - top[:, None]).sum(axis=1)) - logit_positive
    losses = np.logaddexp(0.0, z)
    return {
        "value": (losses + slopes * E_z + 1.0).mean(),
        "grad_logit_positive": (slopes * (1.0 + E_z) + 1.0) / n,
        "grad_logits_negative": want["grad_logits_negative"]
        * (1.0 + np.abs(logits_negative) + E_z[:, None]),
    }
