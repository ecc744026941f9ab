"""Slips at masks by code that gives a row whose negatives are all hidden its 0, or counts those that are not."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.ranking.textbook import InfoNCESteps
from nce_ref.oracle.families.ranking.textbook_embeddings import MaskSteps

_MASKED = ("info_nce", "info_nce_unpaired")
_HIDE = "a negative that does not count has the logit -inf, after the temperature and before any maximum"
_L = "L = mean_i [ln(e^{s_i} + sum_j e^{s_ij}) - s_i], the sum over what counts"


class _ZeroedInRows(MaskSteps):
    def hide(self, negatives: Array, counts: Array) -> tuple[Array, Array]:
        some = counts.sum(axis=1, keepdims=True) > 0.0
        return np.where(some, negatives * counts, -np.inf).astype(negatives.dtype), counts


ZEROED_IN_ROWS = Mistake(
    "mask-multiplied-but-empty-rows",
    "logits are multiplied by the mask, and count as e^0 where it is 0; rows without negatives are set to 0 apart",
    _ZeroedInRows(),
    effect="The denominator has a 1 for everything hidden: the longer the padding, the farther from 0 the loss stays.",
    fix=f"{_HIDE}; the slip: s_ij mask",
)


class _Soft(MaskSteps):
    def __init__(self, eps: float) -> None:
        self.eps = eps

    def hide(self, negatives: Array, counts: Array) -> tuple[Array, Array]:
        kept = np.log(counts + negatives.dtype.type(self.eps))
        return (negatives + kept).astype(negatives.dtype), np.ones_like(counts)


SOFT = Mistake(
    "mask-soft",
    "ln(mask + eps) is added to the logits: what is hidden weighs eps",
    _Soft(1e-6),
    effect=(
        "What is hidden counts where its logit exceeds the others' by ln 1/eps, as padding does at low temperatures; a"
        " row without negatives is not 0."
    ),
    fix=f"{_HIDE}; the slip: s_ij + ln(mask + eps)",
    number=Number("eps", _Soft, (1e-6, 1e-8, 1e-5, 1e-4, 1e-10, 1e-45)),
)


class _AveragedByCount(InfoNCESteps):
    def log_sum(self, negatives: Array) -> tuple[Array, Array]:
        value, shares = super().log_sum(negatives)
        count = np.maximum((negatives > -np.inf).sum(axis=1), 1)
        return (value - np.log(count)).astype(negatives.dtype), shares


AVERAGED_BY_COUNT = Mistake(
    "mask-negatives-averaged",
    "the exponentials of the negatives that count are averaged instead of summed",
    _AveragedByCount(),
    effect="A row's negatives weigh as one, however many count: the optimum has another constant a row.",
    fix=f"{_L}; the slip: their mean, by the number that count",
    only=_MASKED,
)


class _DecoupledOrNothing(InfoNCESteps):
    def loss(self, z: Array) -> tuple[Array, Array]:
        empty = z == -np.inf
        return np.where(empty, 0.0, z).astype(z.dtype), (~empty).astype(z.dtype)


DECOUPLED_OR_NOTHING = Mistake(
    "mask-positive-left-out-but-empty-rows",
    "the denominator has the negatives alone (DCL); rows without negatives are set to 0 apart",
    _DecoupledOrNothing(),
    effect="Unbounded below, as info-nce-positive-left-out.",
    fix=f"{_L}; the slip: ln sum_j e^{{s_ij}} - s_i, 0 in empty rows",
    only=_MASKED,
)

MISTAKES = (ZEROED_IN_ROWS, SOFT, AVERAGED_BY_COUNT, DECOUPLED_OR_NOTHING)
