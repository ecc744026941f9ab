"""Slips in the terms and in what they are compared with: labels, class_vectors, probabilities, denominators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.sampled.textbook import PointSteps, SampledSoftmaxSteps

_L = "L_i = -ln sigma(t_y) - sum_j ln sigma(-t_j)"


class _Weights(PointSteps):
    """What target and negatives count, of k; right: 1 and 1."""

    def __init__(self, target: Callable[[int], float], negative: Callable[[int], float]) -> None:
        self.target, self.negative = target, negative

    def term_weights(self, n: int, k: int) -> tuple[float, float]:
        return self.target(k), self.negative(k)


NEGATIVES_AVERAGED = Mistake(
    "sampled-negatives-averaged",
    "the negatives' terms are averaged instead of summed",
    _Weights(lambda k: 1.0, lambda k: 1.0 / k),
    effect="All scores are too high by ln k. Nothing to see at k = 1.",
    fix=f"{_L}; the slip: -(1/k) sum_j ln sigma(-t_j)",
)

NEGATIVES_ALONE = Mistake(
    "sampled-targets-left-out",
    "the target's term is left out",
    _Weights(lambda k: 0.0, lambda k: 1.0),
    effect="All scores fall without end, and the loss goes to 0.",
    fix=f"{_L}; the slip: the second sum alone",
)

TARGETS_ALONE = Mistake(
    "sampled-negatives-left-out",
    "the negatives' terms are left out",
    _Weights(lambda k: 1.0, lambda k: 0.0),
    effect="All scores rise without end, and the loss goes to 0.",
    fix=f"{_L}; the slip: the first term alone",
)

TARGETS_TIMES_K = Mistake(
    "sampled-targets-times-k",
    "the target's term counts k times: it is repeated beside each negative",
    _Weights(float, lambda k: 1.0),
    effect="All scores are too high by ln k. Nothing to see at k = 1.",
    fix=f"{_L}; the slip: -k ln sigma(t_y)",
)


class _Swapped(PointSteps):
    def target_terms(self, t: Array) -> tuple[Array, Array]:
        return super().negative_terms(t)

    def negative_terms(self, t: Array) -> tuple[Array, Array]:
        return super().target_terms(t)


LABELS_SWAPPED = Mistake(
    "sampled-labels-swapped",
    "labels are the other way round: 0 for the target and 1 for the negatives",
    _Swapped(),
    effect="The target is made unlikely and what is drawn likely: the scores are the negative of what they should be.",
    fix=f"{_L}; the slip: -ln sigma(-t_y) - sum_j ln sigma(t_j)",
)


class _AllTargets(PointSteps):
    def negative_terms(self, t: Array) -> tuple[Array, Array]:
        return self.target_terms(t)


NEGATIVE_SIGN = Mistake(
    "sampled-negative-sign",
    "ln sigma(t_j) for ln sigma(-t_j): every label is 1",
    _AllTargets(),
    effect="All scores rise without end, and the loss goes to 0 with nothing learnt.",
    fix=f"{_L}; the slip: -sum_j ln sigma(t_j)",
)


class _TargetAmongNegatives(PointSteps):
    def target_terms(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().target_terms(t)
        more, steeper = super().negative_terms(t)
        return value + more, slope + steeper


TARGET_AMONG_NEGATIVES = Mistake(
    "sampled-target-among-negatives",
    "the target is a negative as well: candidates are taken with the target in front",
    _TargetAmongNegatives(),
    effect="A class is expected k q + p(y|x) times as a negative: the optimum is below ln p(y|x), and at most"
    " at ln(k q).",
    fix=f"{_L}; the slip: -ln sigma(-t_y) besides",
)


class _Probability(PointSteps):
    def target_terms(self, t: Array) -> tuple[Array, Array]:
        return self._missed(t, -1.0)

    def negative_terms(self, t: Array) -> tuple[Array, Array]:
        return self._missed(-t, 1.0)

    def _missed(self, t: Array, sign: float) -> tuple[Array, Array]:
        log_hit, missed = self.log_sigmoid(t)
        return missed, t.dtype.type(sign) * missed * np.exp(log_hit)


NOT_LOGGED = Mistake(
    "sampled-not-logged",
    "probabilities, not their logarithms: 1 - sigma(t_y) + sum_j sigma(t_j)",
    _Probability(),
    effect="Rows that are badly wrong no longer pull; the optimum is a yes or no for every class, and no probability.",
    fix=f"{_L}; the slip: 1 - sigma(t_y) + sum_j sigma(t_j)",
)


class _Hinge(PointSteps):
    def target_terms(self, t: Array) -> tuple[Array, Array]:
        return np.maximum(1.0 - t, 0.0), np.where(t < 1.0, -1.0, 0.0).astype(t.dtype)

    def negative_terms(self, t: Array) -> tuple[Array, Array]:
        value, slope = self.target_terms(-t)
        return value, -slope


HINGE = Mistake(
    "sampled-hinge",
    "a hinge in the place of the logistic loss",
    _Hinge(),
    effect="It ranks, and estimates no probability: scores end at the margin.",
    fix=f"{_L}; the slip: max(0, 1 - t_y) + sum_j max(0, 1 + t_j)",
)


class _Smoothed(PointSteps):
    """Labels 1 - eps and eps; right: eps = 0."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def target_terms(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().target_terms(t)
        eps = t.dtype.type(self.eps)
        return value + eps * t, slope + eps

    def negative_terms(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().negative_terms(t)
        eps = t.dtype.type(self.eps)
        return value - eps * t, slope - eps


SMOOTHED = Mistake(
    "sampled-labels-smoothed",
    "labels are smoothed: 1 - eps for the target, eps for each negative",
    _Smoothed(0.05),
    effect="Probabilities are drawn to 1/2: rare classes are too likely, the surest too unlikely.",
    fix=f"{_L}; the slip: eps t_y - eps sum_j t_j besides",
    number=Number("eps", _Smoothed, (0.05, 0.1, 0.01)),
)


class _WholeBatch(SampledSoftmaxSteps):
    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        every = np.concatenate([positive[:, None], negatives], axis=1)
        top = every.max()
        powers = np.exp(every - top)
        pushed = len(positive) * powers / powers.sum()
        return top + np.log(powers.sum()) - positive, pushed[:, 0] - 1.0, pushed[:, 1:]


WHOLE_BATCH = Mistake(
    "sampled-softmax-whole-batch",
    "one denominator for all rows of sampled classes: the sum has no axis",
    _WholeBatch(),
    effect="Rows compete with each other: the free constant a row is lost, and p(x) enters the scores. "
    "Nothing to see with one row.",
    fix="L_i = ln(e^{t_y} + sum_j e^{t_j}) - t_y, a denominator a row; the slip: ln sum_i sum_j",
    only=("sampled_softmax",),
)

MISTAKES = (
    NEGATIVES_AVERAGED,
    NEGATIVES_ALONE,
    TARGETS_ALONE,
    TARGETS_TIMES_K,
    LABELS_SWAPPED,
    NEGATIVE_SIGN,
    TARGET_AMONG_NEGATIVES,
    NOT_LOGGED,
    HINGE,
    SMOOTHED,
    WHOLE_BATCH,
)
