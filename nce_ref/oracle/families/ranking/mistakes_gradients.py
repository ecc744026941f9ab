"""Gradients of InfoNCE written by hand, or cut off: the value is right."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake
from nce_ref.oracle.families.ranking.textbook import InfoNCESteps

_UP, _ACROSS = "dL/ds_i = -(1/n) (1 - w_i0)", "dL/ds_ij = (1/n) w_ij"


class _Pulled(InfoNCESteps):
    """Derivatives of each row multiplied by ``of_positive`` and ``of_negatives``; right: 1 and 1."""

    def __init__(self, of_positive: float, of_negatives: float) -> None:
        self.of_positive, self.of_negatives = of_positive, of_negatives

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        losses, up, across = super().rows(positive, negatives)
        return losses, self.of_positive * up, self.of_negatives * across


NEGATIVES_DETACHED = Mistake(
    "info-nce-negatives-detached",
    "no gradient reaches the negatives: their keys are detached",
    _Pulled(1.0, 0.0),
    effect=(
        "Nothing is pushed away by the negatives' side: right for a memory of keys (MoCo), a"
        " collapse where they are to learn."
    ),
    fix=f"{_ACROSS}; the slip: 0",
    gradient=True,
)

POSITIVE_DETACHED = Mistake(
    "info-nce-positive-detached",
    "no gradient reaches the positive",
    _Pulled(0.0, 1.0),
    effect="Negatives are pushed away and nothing is pulled in.",
    fix=f"{_UP}; the slip: 0",
    gradient=True,
)

NEGATIVES_PULLED = Mistake(
    "info-nce-negatives-pulled",
    "the negatives' gradient has the positive's sign",
    _Pulled(1.0, -1.0),
    effect="Everything is pulled together: collapse, while the printed loss is right.",
    fix=f"{_ACROSS}; the slip: its negative",
    gradient=True,
)


class _AmongNegatives(InfoNCESteps):
    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        losses, up, _ = super().rows(positive, negatives)
        return losses, up, self.log_sum(negatives)[1]


AMONG_NEGATIVES = Mistake(
    "info-nce-shares-among-negatives",
    "the softmax of the negatives alone in their gradient: without the positive in the denominator",
    _AmongNegatives(),
    effect=(
        "Negatives are pushed with full force even where the row is right already. A"
        " finite-difference check sees it."
    ),
    fix=f"{_ACROSS}, w of the whole row; the slip: e^{{s_ij}}/sum over negatives",
    gradient=True,
)


class _Certain(InfoNCESteps):
    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        losses, up, across = super().rows(positive, negatives)
        return losses, np.full_like(up, -1.0), across


POSITIVE_CERTAIN = Mistake(
    "info-nce-positive-minus-one",
    "the log-sum's part of the positive's gradient is forgotten: -1/n",
    _Certain(),
    effect=(
        "The positive is pulled as hard when the row is right: its logit grows for ever. A"
        " finite-difference check sees it."
    ),
    fix=f"{_UP}; the slip: -1/n",
    gradient=True,
)


MISTAKES = (
    NEGATIVES_DETACHED,
    POSITIVE_DETACHED,
    NEGATIVES_PULLED,
    AMONG_NEGATIVES,
    POSITIVE_CERTAIN,
)
