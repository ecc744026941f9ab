r"""Conditional NCE in plain NumPy, cut into steps that a mistake can replace.

    G = ln phi(x) + ln p_c(y|x) - ln phi(y) - ln p_c(x|y):  the pair in this order against the other
    L = (1/n) sum_i (2/kappa) sum_j -ln sigma(G_ij),    dL/dG = -(2/(kappa n)) sigma(-G)

Conventions
-----------
log_model_data     (n,); the other log-densities (n, kappa)
mask               None, or 1 where a noise point counts and 0 where it does not: its G is inf, and kappa of a row is
                   the number that count
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Outputs
from nce_ref.oracle.families.kernels.textbook import LogSigmoidSteps
from nce_ref.oracle.families.ranking.textbook import InfoNCESteps
from nce_ref.oracle.families.ranking.textbook_embeddings import MaskSteps


class ConditionalSteps(LogSigmoidSteps):
    """The right steps."""

    mean = InfoNCESteps.mean

    def gap(
        self, model_data: Array, model_noise: Array, there: Array, back: Array
    ) -> tuple[Array, float, float]:
        """G, and its slopes by ln phi(x) and ln phi(y); ``model_data`` (n, 1)."""
        return model_data + there - model_noise - back, 1.0, -1.0

    def pair_terms(self, gap: Array) -> tuple[Array, Array]:
        """-ln sigma(G), and its slope -sigma(-G)."""
        value, slope = self.log_sigmoid(gap)
        return -value, -slope

    def both_orders(self) -> float:
        """2: a pair that is drawn stands for two, in either order."""
        return 2.0

    def over_noise(self, losses: Array, kappa: Array) -> tuple[Array, Array]:
        """The mean of a row's losses, (n,), and the share of each, (n, kappa); 0 where there is none."""
        share = np.where(kappa > 0.0, 1.0 / np.maximum(kappa, 1.0), 0.0).astype(losses.dtype)
        return (share * losses).sum(axis=1), np.broadcast_to(share, losses.shape)


class MaskedConditionalSteps(ConditionalSteps, MaskSteps):
    """The right steps where some noise points do not count."""

    def n_counted(self, mask: Array) -> Array:
        """kappa of each row, (n, 1)."""
        return mask.sum(axis=1, keepdims=True)


def conditional_nce(
    steps: Any,
    log_model_data: Array,
    log_model_noise: Array,
    log_noise_given_data: Array,
    log_data_given_noise: Array,
    mask: Array | None = None,
) -> Outputs:
    """L and its derivatives by ln phi."""
    given = log_model_data[:, None], log_model_noise, log_noise_given_data, log_data_given_noise
    gap, up, across = steps.gap(*given)
    n, width = log_model_noise.shape
    kappa, seen = np.full((n, 1), width, dtype=gap.dtype), np.ones_like(gap)
    if mask is not None:
        against, seen = steps.hide(-gap, mask)
        gap, kappa = -against, np.asarray(steps.n_counted(mask), dtype=gap.dtype)
    losses, slopes = steps.pair_terms(gap)
    rows, shares = steps.over_noise(losses, kappa)
    value, weights = steps.mean(rows)
    factor = gap.dtype.type(steps.both_orders())
    g = factor * weights[:, None] * shares * slopes * seen
    return {
        "value": factor * value,
        "grad_log_model_data": up * g.sum(axis=1),
        "grad_log_model_noise": across * g,
    }
