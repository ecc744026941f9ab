"""Slips in InfoNCE's arithmetic: right formulas that overflow, underflow or are clipped."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.ranking.textbook import InfoNCESteps

_STABLE = "L_i = softplus(ln sum_j e^{s_ij} - s_i), each log-sum by its largest term"


class _Exponentials(InfoNCESteps):
    """-ln(e^{s_i}/(e^{s_i} + sum_j e^{s_ij})) as it stands, ``eps`` added inside the logarithm; right: logarithms
    throughout."""

    def __init__(self, eps: float = 0.0) -> None:
        self.eps = eps

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        up, across = np.exp(positive), np.exp(negatives)
        below = up + across.sum(axis=1)
        p, eps = up / below, positive.dtype.type(self.eps)
        pull = p / (p + eps)
        missed = across.sum(axis=1) / below
        return -np.log(p + eps), -pull * missed, (pull / below)[:, None] * across


PLAIN_EXP = Mistake(
    "info-nce-plain-exp",
    "exponentials of the logits as they are, and a quotient of them",
    _Exponentials(),
    effect=(
        "inf/inf = NaN for logits above 709.8 in float64 and 88.7 in float32; ln 0 = -inf where the"
        " positive underflows."
    ),
    fix=f"{_STABLE}; the slip: -ln(exp(s_i)/sum exp)",
    arithmetic=True,
)

EPS_IN_LOG = Mistake(
    "info-nce-eps-in-log",
    "an epsilon in the logarithm: -ln(w_0 + eps), by exponentials",
    _Exponentials(1e-8),
    effect="Rows with w_0 below eps stop pulling: the hardest ones. The loss cannot exceed -ln eps.",
    fix=f"{_STABLE}, no epsilon needed; the slip: -ln(w_0 + eps)",
    arithmetic=True,
    number=Number("eps", _Exponentials, (1e-8, 1e-6, 1e-7, 1e-10, 1e-12, 1e-5, 1e-4)),
)


class _Probability(InfoNCESteps):
    """-ln(w_0 + eps), w_0 by a softmax that overflows nowhere; None: eps is the type's smallest normal number."""

    def __init__(self, eps: float | None = None) -> None:
        self.eps = eps

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        top = np.maximum(positive, negatives.max(axis=1, initial=-np.inf))
        up, across = np.exp(positive - top), np.exp(negatives - top[:, None])
        below = up + across.sum(axis=1)
        p = up / below
        eps = np.finfo(p.dtype).tiny if self.eps is None else p.dtype.type(self.eps)
        pull = p / (p + eps)
        missed = across.sum(axis=1) / below
        return -np.log(p + eps), -pull * missed, (pull / below)[:, None] * across


EPS_BESIDE_SOFTMAX = Mistake(
    "info-nce-eps-beside-softmax",
    "an epsilon in the logarithm of a softmax that is right: -ln(w_0 + eps)",
    _Probability(1e-8),
    effect=(
        "Rows with w_0 below eps stop pulling: the hardest ones. The loss cannot exceed -ln eps, and where it is small"
        " it is eps too small: negative."
    ),
    fix=f"{_STABLE}, no epsilon needed; the slip: -ln(softmax(s)_0 + eps)",
    arithmetic=True,
    number=Number("eps", _Probability, (1e-8, 1e-6, 1e-7, 1e-10, 1e-12, 1e-5, 1e-4, 1e-20)),
)

TINY_BESIDE_SOFTMAX = Mistake(
    "info-nce-tiny-beside-softmax",
    "the type's smallest number in the logarithm of a softmax: -ln(w_0 + tiny)",
    _Probability(),
    effect=(
        "The loss of a row stops at 87.3 in float32 and 708.4 in float64, and its gradient is 0 there: rows that"
        " are most wrong, at temperatures below 0.02, no longer count."
    ),
    fix=f"{_STABLE}; the slip: -ln(softmax(s)_0 + finfo.tiny)",
    seen="pytorch-metric-learning 2.9.0, NTXentLoss",
    arithmetic=True,
)


class _BatchTop(InfoNCESteps):
    def log_sum(self, negatives: Array) -> tuple[Array, Array]:
        top = negatives.max()
        powers = np.exp(negatives - top)
        total = powers.sum(axis=1)
        return top + np.log(total), powers / total[:, None]


BATCH_TOP = Mistake(
    "info-nce-batch-top",
    "one largest logit is subtracted for the whole batch, not one a row",
    _BatchTop(),
    effect="Rows far below the largest underflow: ln 0 = -inf and 0/0 from 745 below in float64 and 104 in float32.",
    fix=f"{_STABLE}; the slip: s - s.max() without an axis",
    arithmetic=True,
)


class _Clipped(InfoNCESteps):
    def __init__(self, limit: float) -> None:
        self.limit = limit

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        limit = self.limit
        losses, up, across = super().rows(
            np.clip(positive, -limit, limit), np.clip(negatives, -limit, limit)
        )
        return losses, up * (np.abs(positive) <= limit), across * (np.abs(negatives) <= limit)


CLIP_LOGITS = Mistake(
    "info-nce-clip-logits",
    "the logits are clipped to [-limit, limit]",
    _Clipped(50.0),
    effect="Logits beyond the limit have no gradient, and a temperature that is learnt stops there.",
    fix=f"{_STABLE}, for any logits; the slip: clip(s, -limit, limit)",
    arithmetic=True,
    number=Number("limit", _Clipped, (50.0, 10.0, 20.0, 30.0, 88.0, 100.0)),
)

MISTAKES = (PLAIN_EXP, EPS_IN_LOG, EPS_BESIDE_SOFTMAX, TINY_BESIDE_SOFTMAX, BATCH_TOP, CLIP_LOGITS)
