"""Slips in which keys are negatives: masks, and the batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.ranking.textbook import InfoNCESteps
from nce_ref.oracle.families.ranking.textbook_embeddings import (
    BatchSteps,
    MaskSteps,
    Rows,
    others,
)

_HIDE = "a negative that does not count has the logit -inf, after the temperature and before any maximum"
_BATCH = "anchor i against positive i, the other positives its negatives"


class _Ignored(MaskSteps):
    def hide(self, negatives: Array, counts: Array) -> tuple[Array, Array]:
        return negatives, np.ones_like(counts)


IGNORED = Mistake(
    "mask-ignored",
    "the mask is not used: padding and false negatives count",
    _Ignored(),
    effect="Rows are compared with what is not there, and pushed away from their own kind.",
    fix=f"{_HIDE}; the slip: no mask",
)


class _Inverted(MaskSteps):
    def hide(self, negatives: Array, counts: Array) -> tuple[Array, Array]:
        return super().hide(negatives, 1.0 - counts)


INVERTED = Mistake(
    "mask-inverted",
    "the mask is read the other way round: 1 hides",
    _Inverted(),
    effect="The negatives are left out and the padding is compared with. Nothing fails: shapes are right.",
    fix=f"{_HIDE}, 1 counts; the slip: masked_fill(mask, -inf)",
)


class _Zeroed(MaskSteps):
    def hide(self, negatives: Array, counts: Array) -> tuple[Array, Array]:
        return negatives * counts, counts


ZEROED = Mistake(
    "mask-multiplied",
    "logits are multiplied by the mask: what is hidden has the logit 0, and counts as e^0",
    _Zeroed(),
    effect=(
        "The denominator has a 1 for everything hidden: the loss cannot fall to 0, the more so the"
        " longer the padding."
    ),
    fix=f"{_HIDE}; the slip: s_ij mask",
)


class _Filled(MaskSteps):
    def __init__(self, depth: float) -> None:
        self.depth = depth

    def hide(self, negatives: Array, counts: Array) -> tuple[Array, Array]:
        return np.where(counts == 1.0, negatives, np.full_like(negatives, -self.depth)), counts


FILLED = Mistake(
    "mask-filled-with-a-small-number",
    "what is hidden gets a logit that is not small enough",
    _Filled(1.0),
    effect=(
        "It counts where the other logits are as small, and all the more at low temperatures, where"
        " logits are large."
    ),
    fix=f"{_HIDE}; the slip: -depth for -inf",
    number=Number("depth", _Filled, (1.0, 10.0, 100.0, 1000.0)),
)


class _Rescaled(MaskSteps):
    def hide(self, negatives: Array, counts: Array) -> tuple[Array, Array]:
        hidden, slope = super().hide(negatives, counts)
        seen = counts.sum(axis=1, keepdims=True)
        share = np.where(seen > 0.0, counts.shape[1] / np.maximum(seen, 1.0), 1.0)
        return hidden + np.log(share).astype(negatives.dtype), slope


RESCALED = Mistake(
    "mask-rescaled",
    "the masked sum is brought to the full number of negatives: their mean times m",
    _Rescaled(),
    effect="Rows with few negatives are held against more than they have: another constant a row.",
    fix=f"{_HIDE}; the slip: (m/number that count) sum of those that count",
)


class _OneMore(MaskSteps):
    def hide(self, negatives: Array, counts: Array) -> tuple[Array, Array]:
        return super().hide(negatives, np.roll(counts, 1, axis=1))


SHIFTED_MASK = Mistake(
    "mask-shifted",
    "the mask is one column off: it was made with the positive in front",
    _OneMore(),
    effect="A negative is left out and a hidden one counts, in every row where they differ.",
    fix=f"{_HIDE}, column j of the mask for negative j; the slip: column j - 1",
)


class _LeftOut(MaskSteps, InfoNCESteps):
    """Rows without negatives are left out of the mean."""

    def __init__(self) -> None:
        self.left: Any = None

    def hide(self, negatives: Array, counts: Array) -> tuple[Array, Array]:
        self.left = (counts.sum(axis=1) > 0.0).mean()
        return super().hide(negatives, counts)

    def mean(self, losses: Array) -> tuple[Any, Array]:
        value, weights = super().mean(losses)
        share = losses.dtype.type(self.left if self.left else 1.0)
        return value / share, weights / share


EMPTY_LEFT_OUT = Mistake(
    "mask-empty-rows-left-out",
    "rows whose negatives are all hidden are left out of the mean",
    _LeftOut(),
    effect=(
        "None on the optimum of one batch; over batches, rows weigh more where others are empty."
    ),
    fix=(
        "L = (1/n_data) sum over all rows, an empty one giving 0; the slip: divided by the number"
        " of rows with negatives"
    ),
    only=("info_nce", "info_nce_unpaired"),
)


class _SwappedSides(BatchSteps):
    def batch(self, n: int) -> Rows:
        every = np.arange(n)
        return Rows(n + every, every, others(every, n))


SWAPPED_SIDES = Mistake(
    "batch-transposed",
    "the softmax runs over the anchors of each positive: the logits are transposed, or dim=0 for dim=1",
    _SwappedSides(),
    effect="The free constant belongs to the other side: f = PMI + c(y) instead of c(x).",
    fix=f"{_BATCH}; the slip: positive i against all anchors",
)


class _AmongAnchors(BatchSteps):
    def batch(self, n: int) -> Rows:
        every = np.arange(n)
        return Rows(every, n + every, others(every, n))


AMONG_ANCHORS = Mistake(
    "batch-negatives-among-anchors",
    "the negatives are the other anchors, not the other positives",
    _AmongAnchors(),
    effect=(
        "Anchors are spread over the sphere and the positives' side is never compared with: two"
        " encoders drift apart."
    ),
    fix=f"{_BATCH}; the slip: the other anchors its negatives",
)


class _BothSides(BatchSteps):
    def batch(self, n: int) -> Rows:
        every = np.arange(n)
        return Rows(
            every, n + every, np.concatenate([others(every, n), n + others(every, n)], axis=1)
        )


BOTH_SIDES = Mistake(
    "batch-both-sides",
    "the other anchors are negatives as well as the other positives: NT-Xent's denominator, one view's rows",
    _BothSides(),
    effect="Twice the negatives, half of them from the anchors' own law: the optimum is no density ratio of the pairs.",
    fix=f"{_BATCH}; the slip: 2n - 2 negatives",
)


class _NextLabel(BatchSteps):
    def batch(self, n: int) -> Rows:
        every = np.arange(n)
        other = (every + 1) % n
        return Rows(every, n + other, n + others(other, n))


NEXT_LABEL = Mistake(
    "batch-labels-off-by-one",
    "row i's label is i + 1: labels count from 1, or one side is a batch ahead",
    _NextLabel(),
    effect="Every anchor is pulled to a stranger and pushed off its own.",
    fix=f"{_BATCH}; the slip: positive i + 1",
)


class _Neighbour(BatchSteps):
    def batch(self, n: int) -> Rows:
        every = np.arange(n)
        return Rows(every, n + every, n + ((every + 1) % n)[:, None])


ONE_NEIGHBOUR = Mistake(
    "batch-rolled-negative",
    "one negative a row, the next positive: the batch rolled by one",
    _Neighbour(),
    effect=(
        "Learns from one negative where n - 1 were at hand; the bound on mutual information is ln"
        " 2. Nothing to see at n = 2."
    ),
    fix=f"{_BATCH}; the slip: positive i + 1 alone",
)

MISTAKES = (
    IGNORED,
    INVERTED,
    ZEROED,
    FILLED,
    RESCALED,
    SHIFTED_MASK,
    EMPTY_LEFT_OUT,
    SWAPPED_SIDES,
    AMONG_ANCHORS,
    BOTH_SIDES,
    NEXT_LABEL,
    ONE_NEIGHBOUR,
)
