r"""InfoNCE in plain NumPy, cut into steps that a mistake can replace.

    L = mean_i softplus(z_i),   z_i = ln sum_j e^{s_ij} - s_i:   the first by its largest term, so that nothing overflows
    dL/ds_i = -sigma(z_i)/n,    dL/ds_ij = sigma(z_i) w_ij/n,    w_i = softmax of the row's negatives

Conventions
-----------
positive, negatives   (n,), (n, m): rows are anchors
z, losses, slopes     (n,): the negatives' log-sum less the positive, softplus(z), and its derivative sigma(z)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Outputs, Steps


class InfoNCESteps(Steps):
    """The right steps."""

    def logits(self, positive: Array, negatives: Array) -> tuple[Array, Array, float, float]:
        """The logits as the loss takes them, and their slopes by those handed in."""
        return positive, negatives, 1.0, 1.0

    def log_sum(self, negatives: Array) -> tuple[Array, Array]:
        """ln sum_j e^{s_j} of each row, and its slope, the softmax of the row."""
        top = negatives.max(axis=1, keepdims=True)
        powers = np.exp(negatives - top)
        total = powers.sum(axis=1, keepdims=True)
        return (top + np.log(total))[:, 0], powers / total

    def loss(self, z: Array) -> tuple[Array, Array]:
        """softplus(z) = ln(1 + e^z), and sigma(z)."""
        e = np.exp(-np.abs(z))
        return np.maximum(z, 0.0) + np.log1p(e), np.where(z >= 0, 1.0, e) / (1.0 + e)

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        """The loss of each row, and its derivatives by the row's positive and negatives."""
        log_sum, shares = self.log_sum(negatives)
        losses, slopes = self.loss(log_sum - positive)
        return losses, -slopes, slopes[:, None] * shares

    def mean(self, losses: Array) -> tuple[Any, Array]:
        """The mean over the rows, and the weight of each in it."""
        return losses.mean(), np.full_like(losses, 1.0 / len(losses))


def info_nce_from_logits(
    steps: InfoNCESteps, logit_positive: Array, logits_negative: Array
) -> Outputs:
    """L and its derivatives."""
    positive, negatives, up, across = steps.logits(logit_positive, logits_negative)
    losses, of_positive, of_negatives = steps.rows(positive, negatives)
    value, weights = steps.mean(losses)
    return {
        "value": value,
        "grad_logit_positive": up * weights * of_positive,
        "grad_logits_negative": across * weights[:, None] * of_negatives,
    }
