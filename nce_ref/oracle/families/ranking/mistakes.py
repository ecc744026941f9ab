"""Slips in what is compared with what: the denominator, the labels, the temperature, the rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.ranking.textbook import InfoNCESteps

_L = "L = mean_i [ln(e^{s_i} + sum_j e^{s_ij}) - s_i]"

# Where every row weighs the same, as these two take for granted.
_ALIKE_ROWS = (
    "info_nce_from_logits",
    "info_nce",
    "info_nce_unpaired",
    "info_nce_in_batch",
    "ranking_nce",
    "laplace_ica_ranking_nce",
    "nre_c",
    "clip",
    "nt_xent",
    "clip_shard",
    "nt_xent_shard",
)


class _PositiveLeftOut(InfoNCESteps):
    def loss(self, z: Array) -> tuple[Array, Array]:
        return z, np.ones_like(z)


POSITIVE_LEFT_OUT = Mistake(
    "info-nce-positive-left-out",
    "the denominator has the negatives alone: decoupled contrastive learning (DCL), or a mask that"
    " hides the positive",
    _PositiveLeftOut(),
    effect=(
        "Unbounded below where some pair is likelier than 1 - (1 - p(y))^m: along such pairs the"
        " loss falls for ever."
    ),
    fix=f"{_L}; the slip: ln sum_j e^{{s_ij}} - s_i",
)


class _PositiveTwice(InfoNCESteps):
    """The positive counts ``1 + more`` times in the denominator; right: more = 0."""

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        both = np.concatenate([negatives, positive[:, None]], axis=1)
        losses, of_positive, of_all = super().rows(positive, both)
        return losses, of_positive + of_all[:, -1], of_all[:, :-1]


POSITIVE_TWICE = Mistake(
    "info-nce-positive-twice",
    "the positive is among the negatives as well: keys of the whole batch, the diagonal not masked",
    _PositiveTwice(),
    effect="The loss cannot fall below ln 2, and the pull on the positive is weaker: 1 - 2 w_0 instead of 1 - w_0.",
    fix=f"{_L}, the positive once; the slip: 2 e^{{s_i}} + sum_j e^{{s_ij}}",
)


class _NegativesAveraged(InfoNCESteps):
    def log_sum(self, negatives: Array) -> tuple[Array, Array]:
        value, shares = super().log_sum(negatives)
        return value - negatives.dtype.type(np.log(negatives.shape[1])), shares


NEGATIVES_AVERAGED = Mistake(
    "info-nce-negatives-averaged",
    "the negatives' exponentials are averaged instead of summed",
    _NegativesAveraged(),
    effect=(
        "The negatives weigh m times less: the optimum keeps its shape but for a constant a row,"
        " the bound on mutual information goes."
    ),
    fix=f"{_L}; the slip: (1/m) sum_j e^{{s_ij}}. Nothing to see at m = 1.",
)


class _Hardest(InfoNCESteps):
    def log_sum(self, negatives: Array) -> tuple[Array, Array]:
        top = negatives.max(axis=1)
        at_top = negatives == top[:, None]
        return top, at_top / at_top.sum(axis=1, keepdims=True).astype(negatives.dtype)


HARDEST_NEGATIVE = Mistake(
    "info-nce-hardest-negative",
    "the largest negative stands for all: max for log-sum-exp",
    _Hardest(),
    effect="One negative a row is pushed away, the others do not count. Nothing to see at m = 1.",
    fix=f"{_L}; the slip: max_j s_ij for ln sum_j e^{{s_ij}}",
)


class _Pairs(InfoNCESteps):
    """Each negative beside the positive by itself, the losses of a row added or averaged."""

    def __init__(self, averaged: bool) -> None:
        self.averaged = averaged

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        n, m = negatives.shape
        losses, slopes = self.loss((negatives - positive[:, None]).ravel())
        factor = negatives.dtype.type(1.0 / m if self.averaged else 1.0)
        slopes = factor * slopes.reshape(n, m)
        return factor * losses.reshape(n, m).sum(axis=1), -slopes.sum(axis=1), slopes


PAIRS_SUMMED = Mistake(
    "info-nce-pairs-summed",
    "each negative is compared with the positive by itself: a sum of logistic losses of s_i - s_ij",
    _Pairs(False),
    effect=(
        "Bayesian personalised ranking, another objective: it estimates pairwise preferences, and"
        " has no softmax over the row. Nothing to see at m = 1."
    ),
    fix=f"{_L}; the slip: sum_j ln(1 + e^{{s_ij - s_i}})",
)

PAIRS_AVERAGED = Mistake(
    "info-nce-pairs-averaged",
    "each negative is compared with the positive by itself, and the pairs are averaged",
    _Pairs(True),
    effect="As info-nce-pairs-summed, m times smaller. Nothing to see at m = 1.",
    fix=f"{_L}; the slip: (1/m) sum_j ln(1 + e^{{s_ij - s_i}})",
)


class _Binary(InfoNCESteps):
    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        n, m = negatives.shape
        of_positive, up = self.loss(-positive)
        of_negatives, down = self.loss(negatives.ravel())
        losses = of_positive + of_negatives.reshape(n, m).sum(axis=1)
        return losses, -up, down.reshape(n, m)


BINARY_CROSS_ENTROPY = Mistake(
    "info-nce-binary-cross-entropy",
    "a sigmoid for every logit: binary cross-entropy, labels 1 and 0",
    _Binary(),
    effect="Binary NCE without ln nu, another objective: its optimum has no free constant a row, and is off by ln nu.",
    fix=f"{_L}; the slip: -ln sigma(s_i) - sum_j ln sigma(-s_ij)",
)


class _WrongLabel(InfoNCESteps):
    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        losses, of_first, of_rest = super().rows(
            negatives[:, 0], np.concatenate([positive[:, None], negatives[:, 1:]], axis=1)
        )
        return losses, of_rest[:, 0], np.concatenate([of_first[:, None], of_rest[:, 1:]], axis=1)


WRONG_LABEL = Mistake(
    "info-nce-wrong-label",
    "the label points at the first negative: the positive was joined behind it, or labels count from 1",
    _WrongLabel(),
    effect="A negative is pulled in and the positive pushed away.",
    fix=f"{_L}; the slip: ... - s_i1",
)


class _OverRows(InfoNCESteps):
    """The softmax runs over the rows of each column, where there are several."""

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        every = np.concatenate([positive[:, None], negatives], axis=1)
        powers = np.exp(every - every.max(axis=0))
        shares = powers / powers.sum(axis=0)
        losses = np.log(powers.sum(axis=0))[0] + every.max(axis=0)[0] - positive
        up = len(positive) * shares[:, 0] - 1.0
        return losses, up, np.zeros_like(negatives)


OVER_ROWS = Mistake(
    "info-nce-over-rows",
    "the softmax runs over the anchors instead of over the row: dim=0 for dim=1",
    _OverRows(),
    effect="Anchors compete for the positive; the negatives are never used, their gradient is 0.",
    fix=f"{_L}, along each row; the slip: ln sum_k e^{{s_k}} - s_i over the batch",
    only=_ALIKE_ROWS,
)


class _WholeBatch(InfoNCESteps):
    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        every = np.concatenate([positive[:, None], negatives], axis=1)
        top = every.max()
        powers = np.exp(every - top)
        shares = powers / powers.sum()
        losses = top + np.log(powers.sum()) - positive
        pushed = len(positive) * shares
        return losses, pushed[:, 0] - 1.0, pushed[:, 1:]


WHOLE_BATCH = Mistake(
    "info-nce-whole-batch",
    "one denominator for the whole batch: the sum has no axis",
    _WholeBatch(),
    effect=(
        "Rows compete with each other: the free constant a row is lost, and the loss grows by ln n."
        " Nothing to see with one row."
    ),
    fix=f"{_L}, a denominator a row; the slip: ln sum_i sum_j e^{{s_ij}}",
    only=_ALIKE_ROWS,
)


class _Tempered(InfoNCESteps):
    """Logits divided by a temperature; right: 1."""

    def __init__(self, t: float, of_positive: bool = True, of_negatives: bool = True) -> None:
        self.t, self.of_positive, self.of_negatives = t, of_positive, of_negatives

    def logits(self, positive: Array, negatives: Array) -> tuple[Array, Array, float, float]:
        t = positive.dtype.type(self.t)
        up = 1.0 / t if self.of_positive else positive.dtype.type(1.0)
        across = 1.0 / t if self.of_negatives else positive.dtype.type(1.0)
        return positive * up, negatives * across, up, across


_TEMPERATURES = (0.1, 0.07, 0.5, 0.05, 0.2)

TEMPERED = Mistake(
    "info-nce-tempered",
    "the logits, which have their temperature already, are divided by one",
    _Tempered(0.1),
    effect="The optimum is t (PMI + a constant a row): similarities are too small by the factor t.",
    fix=f"{_L}; the slip: s/t for s",
    number=Number("t", _Tempered, _TEMPERATURES),
)


def _negatives_alone(t: float) -> _Tempered:
    return _Tempered(t, of_positive=False)


TEMPERED_NEGATIVES = Mistake(
    "info-nce-tempered-negatives",
    "the negatives alone are divided by a temperature",
    _negatives_alone(0.1),
    effect="Positive and negatives are compared in different units: no softmax of one score is its optimum.",
    fix=f"{_L}; the slip: s_ij/t beside s_i",
    number=Number("t", _negatives_alone, _TEMPERATURES),
)


class _NotLogged(InfoNCESteps):
    """The probability of a miss for its cost: 1 - w_0 for -ln w_0."""

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        log_sum, shares = self.log_sum(negatives)
        _, missed = self.loss(log_sum - positive)
        _, hit = self.loss(positive - log_sum)
        return missed, -missed * hit, (missed * hit)[:, None] * shares


NOT_LOGGED = Mistake(
    "info-nce-not-logged",
    "the probability itself, not its logarithm: 1 - w_0",
    _NotLogged(),
    effect="Rows that are badly wrong no longer pull; the optimum ranks, and estimates no density ratio.",
    fix=f"{_L}; the slip: mean_i (1 - w_i0)",
)


class _SoftmaxTwice(InfoNCESteps):
    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        every = np.concatenate([positive[:, None], negatives], axis=1)
        powers = np.exp(every - every.max(axis=1, keepdims=True))
        w = powers / powers.sum(axis=1, keepdims=True)
        losses, of_positive, of_negatives = super().rows(w[:, 0], w[:, 1:])
        pulled = np.concatenate([of_positive[:, None], of_negatives], axis=1)
        back = w * (pulled - (pulled * w).sum(axis=1, keepdims=True))
        return losses, back[:, 0], back[:, 1:]


SOFTMAX_TWICE = Mistake(
    "info-nce-softmax-twice",
    "probabilities are handed to a cross-entropy that takes logits: the softmax is applied twice",
    _SoftmaxTwice(),
    effect=(
        "The loss stays between ln(1 + m/e) and ln(m + e), learning is slow, and the optimum is"
        " none of the softmax."
    ),
    fix=f"{_L}; the slip: cross_entropy(softmax(s))",
)


class _Smoothed(InfoNCESteps):
    """Labels 1 - eps + eps/(m + 1) and eps/(m + 1); right: eps = 0."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        losses, of_positive, of_negatives = super().rows(positive, negatives)
        eps, each = self.eps, self.eps / (negatives.shape[1] + 1)
        gap = (positive[:, None] - negatives).sum(axis=1)
        value = losses + positive.dtype.type(each) * gap
        up = of_positive + positive.dtype.type(eps - each)
        return value, up, of_negatives - positive.dtype.type(each)


LABELS_SMOOTHED = Mistake(
    "info-nce-labels-smoothed",
    "labels are smoothed: 1 - eps + eps/(m + 1) for the positive, eps/(m + 1) for each negative",
    _Smoothed(0.1),
    effect="Logits are bounded at the optimum; it estimates no density ratio where the positive is nearly sure.",
    fix=f"{_L}; the slip: cross_entropy(..., label_smoothing=eps)",
    number=Number("eps", _Smoothed, (0.1, 0.05, 0.2, 0.01)),
)


class _BaseTwo(InfoNCESteps):
    def mean(self, losses: Array) -> tuple[Any, Array]:
        value, weights = super().mean(losses)
        log_2 = losses.dtype.type(np.log(2.0))
        return value / log_2, weights / log_2


BITS = Mistake(
    "info-nce-in-bits",
    "the loss is in bits: divided by ln 2",
    _BaseTwo(),
    effect="None on the optimum; rates and bounds are in other units.",
    fix=f"{_L}, natural logarithms; the slip: log2",
)


class _Shifted(InfoNCESteps):
    """The value less ``power`` ln(m + 1) or ln m."""

    def __init__(self, more: int) -> None:
        self.more = more

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        losses, of_positive, of_negatives = super().rows(positive, negatives)
        shift = positive.dtype.type(np.log(negatives.shape[1] + self.more))
        return losses - shift, of_positive, of_negatives


LESS_CHANCE = Mistake(
    "info-nce-less-chance",
    "ln(m + 1) is subtracted: minus the bound on mutual information, not the loss",
    _Shifted(1),
    effect="None on the optimum: a constant. Losses for different m are not those of the papers.",
    fix=f"{_L}; the slip: L - ln(m + 1)",
)

MISTAKES = (
    POSITIVE_LEFT_OUT,
    POSITIVE_TWICE,
    NEGATIVES_AVERAGED,
    HARDEST_NEGATIVE,
    PAIRS_SUMMED,
    PAIRS_AVERAGED,
    BINARY_CROSS_ENTROPY,
    WRONG_LABEL,
    OVER_ROWS,
    WHOLE_BATCH,
    TEMPERED,
    TEMPERED_NEGATIVES,
    NOT_LOGGED,
    SOFTMAX_TWICE,
    LABELS_SMOOTHED,
    BITS,
    LESS_CHANCE,
)
