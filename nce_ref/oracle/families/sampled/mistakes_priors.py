"""Slips in ln q and ln k, which are subtracted from the scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.sampled.textbook import ClassNceSteps, CountSteps, Ids, PriorSteps

_T = "s - ln q of the target and of the negatives, class NCE with ln k besides"
_Q = "ln q, q the probability with which each class is drawn"
_K = "t = s - ln(k q), k the negatives of a row"


class _Corrected(PriorSteps):
    """s + ``targets`` or ``negatives`` times ln q; right: -1 and -1."""

    def __init__(self, targets: float, negatives: float) -> None:
        self.targets, self.negatives = targets, negatives

    def corrected(self, s: Array, log_prior: Array, is_target: bool) -> Array:
        factor = s.dtype.type(self.targets if is_target else self.negatives)
        return s + factor * log_prior


ADDED = Mistake(
    "sampled-log-q-added",
    "ln q is added instead of subtracted",
    _Corrected(1.0, 1.0),
    effect="The optimum is ln p(y|x) - 2 ln q, but for a constant: rare classes are far too likely.",
    fix=f"{_T}; the slip: s + ln q",
)

MISSING = Mistake(
    "sampled-no-log-q",
    "ln q is not subtracted",
    _Corrected(0.0, 0.0),
    effect="The optimum is ln p(y|x) - ln q, but for a constant: the scores are those of p(y|x)/q, and "
    "predict rare classes.",
    fix=f"{_T}; the slip: s as it is",
)

MISSING_ON_TARGETS = Mistake(
    "sampled-no-log-q-on-targets",
    "ln q is subtracted from the negatives alone",
    _Corrected(0.0, -1.0),
    effect="Rare classes are too likely, about as much as with no ln q at all.",
    fix=f"{_T}; the slip: s_y beside s_j - ln q_j",
)

MISSING_ON_NEGATIVES = Mistake(
    "sampled-no-log-q-on-negatives",
    "ln q is subtracted from the target alone",
    _Corrected(-1.0, 0.0),
    effect="Rare classes are too likely, about as much as with no ln q at all.",
    fix=f"{_T}; the slip: s_y - ln q_y beside s_j",
)

TWICE = Mistake(
    "sampled-log-q-twice",
    "ln q is subtracted twice: by what draws and by the loss",
    _Corrected(-2.0, -2.0),
    effect="The optimum is ln p(y|x) + ln q, but for a constant: frequent classes are far too likely.",
    fix=f"{_T}; the slip: s - 2 ln q",
)


class _Prior(PriorSteps):
    """A function of (q, k) in the place of ln q, ``k`` (n, 1); right: ln q."""

    def __init__(self, of: Callable[[Array, Array], Array]) -> None:
        self.of = of

    def log_prior(self, q: Array, ids: Ids, k: Array, is_target: bool) -> Array:
        return np.asarray(self.of(q[ids], k), dtype=q.dtype)


LOG_2 = Mistake(
    "sampled-log-q-base-2",
    "the logarithm of q has base 2",
    _Prior(lambda q, k: np.log2(q)),
    effect="ln q counts 1.44 times: the optimum is ln p(y|x) + 0.44 ln q, but for a constant.",
    fix=f"{_Q}, natural; the slip: log2 q",
)

LOG_10 = Mistake(
    "sampled-log-q-base-10",
    "the logarithm of q has base 10",
    _Prior(lambda q, k: np.log10(q)),
    effect="ln q counts 0.43 times: the optimum is ln p(y|x) - 0.57 ln q, but for a constant.",
    fix=f"{_Q}, natural; the slip: log10 q",
)

INCLUSION = Mistake(
    "sampled-inclusion-probability",
    "the probability of being drawn at all, 1 - (1 - q)^k, in the place of k q",
    _Prior(lambda q, k: np.log(-np.expm1(k * np.log1p(-np.minimum(q, 1.0 - 1e-7)))) - np.log(k)),
    effect="Right for distinct classes to first order; with replacement frequent classes are too unlikely, by "
    "0.22 nats at q = 0.4, k = 2.",
    fix="k q, how often a class is expected among the negatives; the slip: -expm1(k log1p(-q)), which is for "
    "draws without replacement",
)


def _inside(eps: float) -> _Prior:
    return _Prior(lambda q, k: np.log(q + q.dtype.type(eps)))


EPS_IN_PRIOR = Mistake(
    "sampled-eps-in-log-q",
    "an epsilon in the logarithm: ln(q + eps)",
    _inside(1e-6),
    effect="Classes rarer than eps are corrected by ln eps: they are too unlikely.",
    fix=f"{_Q}: above 0 for whatever is drawn; the slip: ln(q + eps)",
    number=Number("eps", _inside, (1e-6, 1e-5, 1e-4, 1e-3)),
)


class _Whole(PriorSteps):
    """A function of the whole q in its place; right: q."""

    def __init__(self, of: Callable[[Array], Array]) -> None:
        self.of = of

    def log_prior(self, q: Array, ids: Ids, k: Array, is_target: bool) -> Array:
        return np.asarray(np.log(self.of(q))[ids], dtype=q.dtype)


FLATTENED = Mistake(
    "sampled-q-flattened-again",
    "q is raised to 0.75 and normalised once more, though it is what classes are drawn with",
    _Whole(lambda q: q**0.75 / (q**0.75).sum()),
    effect="A quarter of ln q is left in the scores: the optimum is ln p(y|x) - 0.25 ln q, but for a constant.",
    fix=f"{_Q}; the slip: q^0.75/sum q^0.75 of it",
)

ZIPF = Mistake(
    "sampled-log-uniform-assumed",
    "classes are taken to be drawn log-uniformly, by rank: q = ln(1 + 1/(c + 1))/ln(n_classes + 1)",
    _Whole(lambda q: np.log1p(1.0 / np.arange(1.0, len(q) + 1.0)) / np.log(len(q) + 1.0)),
    effect="Right where classes are numbered by frequency and drawn so; else the optimum is off by the "
    "difference of the two ln q.",
    fix=f"{_Q}; the slip: that of TensorFlow's default sampler",
)

SHIFTED = Mistake(
    "sampled-log-q-of-the-next-class",
    "each class has the probability of the next one: counts and classes are numbered from 0 and from 1",
    _Whole(lambda q: np.roll(q, -1)),
    effect="Every class is corrected by its neighbour's ln q.",
    fix=f"{_Q}; the slip: q[c + 1]",
)


class _Uniform(ClassNceSteps):
    def log_prior(self, q: Array, ids: Ids, k: Array, is_target: bool) -> Array:
        return np.full(ids.shape, -np.log(len(q)), dtype=q.dtype)


UNIFORM = Mistake(
    "class-nce-q-uniform",
    "q is taken as uniform, 1/n_classes",
    _Uniform(),
    effect="The optimum is ln p(y|x) - ln(n_classes q): that of negative sampling but for a constant.",
    fix=f"{_Q}; the slip: 1/n_classes",
    only=("class_nce",),
)


class _LogDrawn(ClassNceSteps):
    """A function of k in the place of ln k, where it is asked for; right: ln k for both."""

    def __init__(self, of: Callable[[Array], Array], where: str = "both") -> None:
        self.of, self.where = of, where

    def log_drawn(self, k: Array, is_target: bool) -> Array:
        if self.where not in ("both", "targets" if is_target else "negatives"):
            return super().log_drawn(k, is_target)
        return np.asarray(self.of(k), dtype=k.dtype)


NO_LOG_K = Mistake(
    "class-nce-no-log-k",
    "ln k is not subtracted: q for k q",
    _LogDrawn(np.zeros_like),
    effect="All scores are too low by ln k: ln p(y|x) - ln k, probabilities that add up to 1/k.",
    fix=f"{_K}; the slip: s - ln q",
)

LOG_K_ADDED = Mistake(
    "class-nce-log-k-added",
    "ln k is added instead of subtracted: q/k for k q",
    _LogDrawn(lambda k: -np.log(k)),
    effect="All scores are too low by 2 ln k.",
    fix=f"{_K}; the slip: s - ln(q/k)",
)

LOG_K_ON_TARGETS = Mistake(
    "class-nce-log-k-on-targets-only",
    "ln k is missing on the negatives",
    _LogDrawn(np.zeros_like, "negatives"),
    effect="Scores are too low, and not by one constant: the two kinds of term are about different logits.",
    fix=f"{_K}; the slip: s_j - ln q_j",
)

LOG_K_ON_NEGATIVES = Mistake(
    "class-nce-log-k-on-negatives-only",
    "ln k is missing on the targets",
    _LogDrawn(np.zeros_like, "targets"),
    effect="Scores are off, and not by one constant: the two kinds of term are about different logits.",
    fix=f"{_K}; the slip: s_y - ln q_y",
)

K_WITH_TARGET = Mistake(
    "class-nce-k-with-the-target",
    "the target is counted among the negatives: k + 1",
    _LogDrawn(lambda k: np.log(k + 1.0)),
    effect="All scores are too high by ln((k + 1)/k).",
    fix=f"{_K}; the slip: k + 1, the columns of target and negatives",
)


class _OfClasses(PriorSteps):
    def log_prior(self, q: Array, ids: Ids, k: Array, is_target: bool) -> Array:
        right = super().log_prior(q, ids, k, is_target)
        return np.asarray(right + np.log(len(q) / k), dtype=right.dtype)


K_OF_CLASSES = Mistake(
    "class-nce-k-of-classes",
    "k is the number of classes",
    _OfClasses(),
    effect="All scores are too high by ln(n_classes/k).",
    fix=f"{_K}; the slip: len(q) for k",
    only=("class_nce",),
)


class _OfTheTarget(PriorSteps):
    """The target's ln q for its negatives; the target is asked about first."""

    def __init__(self) -> None:
        self.own: Any = None

    def log_prior(self, q: Array, ids: Ids, k: Array, is_target: bool) -> Array:
        found = super().log_prior(q, ids, k, is_target)
        if is_target:
            self.own = found
            return found
        return np.asarray(np.broadcast_to(self.own, found.shape))


OF_THE_TARGET = Mistake(
    "sampled-log-q-of-the-target",
    "the target's ln q is subtracted from its negatives too: broadcast over the row",
    _OfTheTarget(),
    effect=(
        "Negatives are held against how frequent the target is, not they: the optimum is no function of the"
        " class. In a softmax the target's ln q cancels, and the slip is that of no ln q."
    ),
    fix=f"{_T}, each class its own q; the slip: ln q_y for every column",
    only=("class_nce",),
)


class _AllDrawn(ClassNceSteps):
    def log_drawn(self, k: Array, is_target: bool) -> Array:
        return np.full_like(k, np.log(np.maximum(k.sum(), 1.0)))


K_OF_BATCH = Mistake(
    "class-nce-k-of-the-batch",
    "k counts the negatives of the whole batch",
    _AllDrawn(),
    effect="All scores are too high by ln n_data, and change with the batch. Nothing to see with one row.",
    fix=f"{_K}; the slip: n_data k",
)


class _Columns(ClassNceSteps, CountSteps):
    def n_drawn(self, mask: Array) -> Array:
        return np.full((len(mask), 1), mask.shape[1], dtype=mask.dtype)


K_OF_COLUMNS = Mistake(
    "class-nce-k-of-columns",
    "k is the number of columns, what is masked included",
    _Columns(),
    effect="Scores are too high by ln(columns/k) of a row: a constant that changes with the padding.",
    fix="k_i counts the negatives of row i; the slip: mask.shape[1]",
)


class _AtLeastOne(ClassNceSteps, CountSteps):
    def n_drawn(self, mask: Array) -> Array:
        return np.maximum(super().n_drawn(mask), 1.0).astype(mask.dtype)


K_AT_LEAST_1 = Mistake(
    "class-nce-k-at-least-1",
    "k is 1 where a row has no negatives, so that ln k is finite",
    _AtLeastOne(),
    effect="Rows without negatives pull at their targets with nothing against it: scores run off.",
    fix="a row without negatives gives 0, its target as well; the slip: max(k, 1)",
)

MISTAKES = (
    ADDED,
    MISSING,
    MISSING_ON_TARGETS,
    MISSING_ON_NEGATIVES,
    TWICE,
    LOG_2,
    LOG_10,
    INCLUSION,
    EPS_IN_PRIOR,
    FLATTENED,
    ZIPF,
    SHIFTED,
    UNIFORM,
    NO_LOG_K,
    LOG_K_ADDED,
    LOG_K_ON_TARGETS,
    LOG_K_ON_NEGATIVES,
    K_WITH_TARGET,
    K_OF_CLASSES,
    OF_THE_TARGET,
    K_OF_BATCH,
    K_OF_COLUMNS,
    K_AT_LEAST_1,
)
