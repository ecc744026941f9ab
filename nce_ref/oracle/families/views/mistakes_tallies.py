"""Slips in what a batch counts for in SupCon: none without a negative, none for a loss of 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Inputs, Mistake, Objective, Outputs
from nce_ref.oracle.families.views.textbook import SupConSteps


class _NothingWithoutNegatives(SupConSteps):
    def is_possible(self, objective: Objective) -> bool:
        return "labels" in objective.arguments

    def finish(self, objective: Objective, inputs: Inputs, outputs: Outputs) -> Outputs:
        theirs = inputs.get("all_labels", inputs["labels"])
        if (inputs["labels"][:, None] != theirs).any():
            return outputs
        return {name: np.zeros_like(value) for name, value in outputs.items()}


ONE_LABEL_AS_ZERO = Mistake(
    "sup-con-one-label-as-zero",
    "a batch of one label has loss and gradients 0: an early return where there is no negative",
    _NothingWithoutNegatives(),
    effect=(
        "Such batches no longer draw their embeddings together (to spread them evenly is the loss's optimum there); a"
        " mean over batches has more zeros the smaller they are."
    ),
    fix="ln sum over all a != i, other labels or none; the slip: return 0 unless some label differs",
    seen="pytorch-metric-learning 2.9.0, SupConLoss",
)


class _LossesOf0LeftOut(SupConSteps):
    """A mean over the anchors whose loss is not 0 as it is computed, by a log-softmax: not below half an ulp of 1."""

    def over_anchors(self, means: Array, m: int) -> tuple[Any, Array]:
        if not len(means):
            return super().over_anchors(means, m)
        counts = means > 0.5 * np.finfo(means.dtype).eps
        if not counts.any():
            return means.dtype.type(0.0), np.zeros_like(means)
        weights = (counts / counts.sum()).astype(means.dtype)
        return (means * weights).sum(), weights


ZERO_LOSSES_LEFT_OUT = Mistake(
    "sup-con-zero-losses-left-out",
    "the mean is over the anchors whose loss is not 0 as it is rounded",
    _LossesOf0LeftOut(),
    effect=(
        "The better a class is told apart, the more the others weigh: an anchor leaves the mean where its loss falls"
        " below an ulp of 1, which hangs on the type and on the code. The optimum moves to what is hard."
    ),
    fix="the mean is over the anchors that have a positive; the slip: losses[losses > 0].mean()",
    seen="pytorch-metric-learning 2.9.0, SupConLoss: AvgNonZeroReducer is its default",
    arithmetic=True,
)

MISTAKES = (ONE_LABEL_AS_ZERO, ZERO_LOSSES_LEFT_OUT)
