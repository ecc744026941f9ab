"""Slips in which classes are meant and in their scores: places, rows, biases, lengths, temperatures, hits."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.sampled.textbook import Back, Ids, SampledSteps

_IDS = "class c is row c of class_vectors and entry c of biases"
_S = "s_ic = h_i . w_c + b_c, for the target and for the negatives alike"
_HITS = "classes are drawn with replacement, and one equal to the target counts as any other"


class _NextClass(SampledSteps):
    def class_ids(self, classes: Array, n_classes: int) -> Ids:
        return (super().class_ids(classes, n_classes) + 1) % n_classes


NEXT_CLASS = Mistake(
    "sampled-classes-one-on",
    "classes are one on in the tables: a row for padding or for unknown words stands in front",
    _NextClass(),
    effect="Every class learns its neighbour's row; ln q and hits are taken from there as well, so that all "
    "looks consistent.",
    fix=f"{_IDS}; the slip: row c + 1",
)


class _TargetOfNeighbour(SampledSteps):
    def class_ids(self, classes: Array, n_classes: int) -> Ids:
        ids = super().class_ids(classes, n_classes)
        return np.roll(ids, 1) if classes.ndim == 1 else ids


TARGETS_SHIFTED = Mistake(
    "sampled-targets-shifted",
    "each row has the target of the row before: inputs and labels are one step out of line",
    _TargetOfNeighbour(),
    effect="The optimum is p(y) of another datum: nothing about x is learnt. Nothing to see with one row.",
    fix="row i has targets[i]; the slip: targets[i - 1]",
)


class _FirstRow(SampledSteps):
    def drawn_for(self, negatives: Array, n: int) -> Array:
        return np.broadcast_to(negatives[:1], (n, negatives.shape[-1]))


FIRST_ROW = Mistake(
    "sampled-negatives-of-the-first-row",
    "the first row's negatives are every row's",
    _FirstRow(),
    effect="None on the optimum, and more noise in the gradient: draws that all rows share. It is the layout shared.",
    fix="row i has negatives[i]; the slip: negatives[0]",
)


class _Scored(SampledSteps):
    """s = factor h . w_c + bias b_c, ``factor`` of n_dim; right: 1 and 1, for targets and negatives."""

    def __init__(self, factor: Any = None, bias: float = 1.0, where: str = "both") -> None:
        self.factor, self.bias, self.where = factor or (lambda n_dim: 1.0), bias, where

    def class_scores(
        self, h: Array, w: Array, b: Array, ids: Ids, is_target: bool
    ) -> tuple[Array, Back]:
        if self.where not in ("both", "targets" if is_target else "negatives"):
            return super().class_scores(h, w, b, ids, is_target)
        of, with_bias = (h.dtype.type(one) for one in (self.factor(h.shape[1]), self.bias))
        s, back = super().class_scores(of * h, w, with_bias * b, ids, is_target)

        def pulled(g: Array) -> tuple[Array, Array, Array]:
            of_h, of_w, of_b = back(g)
            return of * of_h, of_w, with_bias * of_b

        return s, pulled


NO_BIAS = Mistake(
    "sampled-no-bias",
    "the biases are not added",
    _Scored(bias=0.0),
    effect="ln p(y) has to be written into the products: the optimum cannot be reached in few dimensions.",
    fix=f"{_S}; the slip: h . w_c",
)

BIAS_ON_TARGETS = Mistake(
    "sampled-bias-on-targets-only",
    "the biases are added to the targets' scores, not to the negatives'",
    _Scored(bias=0.0, where="negatives"),
    effect="A target's bias grows with nothing against it: without a bound where a sigmoid is used, and the "
    "scores of the two kinds differ.",
    fix=f"{_S}; the slip: h . w_j of the negatives",
)

BIAS_ON_NEGATIVES = Mistake(
    "sampled-bias-on-negatives-only",
    "the biases are added to the negatives' scores, not to the targets'",
    _Scored(bias=0.0, where="targets"),
    effect="Biases fall with nothing against it, and the scores of the two kinds differ.",
    fix=f"{_S}; the slip: h . w_y of the target",
)

DIVIDED_BY_ROOT = Mistake(
    "sampled-scores-by-root-of-dimension",
    "the products are divided by the root of the dimension, as attention's are",
    _Scored(lambda n_dim: 1.0 / np.sqrt(n_dim)),
    effect="The same functions with larger vectors; a table handed on from elsewhere gives other probabilities.",
    fix=f"{_S}; the slip: h . w_c/sqrt(n_dim)",
)


def _tempered(t: float) -> _Scored:
    return _Scored(lambda n_dim: 1.0 / t)


def _tempered_negatives(t: float) -> _Scored:
    return _Scored(lambda n_dim: 1.0 / t, where="negatives")


_TEMPERATURES = (0.1, 0.07, 0.5, 0.05, 0.2)

TEMPERED = Mistake(
    "sampled-tempered",
    "the products are divided by a temperature",
    _tempered(0.1),
    effect="The same functions with smaller vectors; the biases weigh less beside them.",
    fix=f"{_S}; the slip: h . w_c/t",
    number=Number("t", _tempered, _TEMPERATURES),
)

TEMPERED_NEGATIVES = Mistake(
    "sampled-tempered-negatives",
    "the negatives' products alone are divided by a temperature: it is missing on the target",
    _tempered_negatives(0.1),
    effect="Target and negatives are compared in different units: no score of one kind is the optimum.",
    fix=f"{_S}; the slip: h . w_j/t beside h . w_y",
    number=Number("t", _tempered_negatives, _TEMPERATURES),
)


class _Cosine(SampledSteps):
    """h/|h| and w/|w| where they are asked for; a vector of length 0 stays 0."""

    def __init__(self, of_hidden: bool, of_weights: bool) -> None:
        self.of_hidden, self.of_weights = of_hidden, of_weights

    def class_scores(
        self, h: Array, w: Array, b: Array, ids: Ids, is_target: bool
    ) -> tuple[Array, Back]:
        size_h, size_w = (
            np.where(size == 0.0, 1.0, size).astype(z.dtype) if wanted else np.ones_like(size)
            for z, wanted in ((h, self.of_hidden), (w, self.of_weights))
            for size in (np.sqrt((z * z).sum(axis=1, keepdims=True)),)
        )
        u, v = h / size_h, w / size_w
        s, back = super().class_scores(u, v, b, ids, is_target)

        def pulled(g: Array) -> tuple[Array, Array, Array]:
            of_u, of_v, of_b = back(g)
            if self.of_hidden:
                of_u = of_u - u * (u * of_u).sum(axis=1, keepdims=True)
            if self.of_weights:
                own = v[ids]
                of_v = of_v - own * (own * of_v).sum(axis=2, keepdims=True)
            return of_u / size_h, of_v / size_w[ids], of_b

        return s, pulled


COSINES = Mistake(
    "sampled-cosines",
    "cosines in the place of products: both vectors are brought to length 1",
    _Cosine(True, True),
    effect="Scores stay between -1 and 1 but for the bias: probabilities far from 1/2 cannot be reached.",
    fix=f"{_S}; the slip: h . w_c/(|h| |w_c|)",
)

HIDDEN_NORMALISED = Mistake(
    "sampled-hidden-normalised",
    "h alone is brought to length 1",
    _Cosine(True, False),
    effect="How sure a row is, its length, is lost.",
    fix=f"{_S}; the slip: h . w_c/|h|",
)


class _OtherHidden(SampledSteps):
    def class_scores(
        self, h: Array, w: Array, b: Array, ids: Ids, is_target: bool
    ) -> tuple[Array, Back]:
        if is_target:
            return super().class_scores(h, w, b, ids, is_target)
        s, back = super().class_scores(np.roll(h, 1, axis=0), w, b, ids, is_target)

        def pulled(g: Array) -> tuple[Array, Array, Array]:
            of_h, of_w, of_b = back(g)
            return np.roll(of_h, -1, axis=0), of_w, of_b

        return s, pulled


OTHER_HIDDEN = Mistake(
    "sampled-negatives-of-another-row",
    "the negatives are scored with the h of another row: rows and negatives are reshaped in different orders",
    _OtherHidden(),
    effect="The negatives say nothing about the row's own x: scores run off. Nothing to see with one row.",
    fix=f"{_S}; the slip: h_(i-1) . w_j",
)


class _Hits(SampledSteps):
    """Hits get the logit ``keep`` t - ``depth``; right: keep = 1, depth = 0."""

    def __init__(self, keep: float, depth: float = 0.0) -> None:
        self.keep, self.depth = keep, depth

    def hits(self, t: Array, own: Ids, others: Ids) -> tuple[Array, Any]:
        hit, keep, depth = own == others, t.dtype.type(self.keep), t.dtype.type(self.depth)
        return np.where(hit, keep * t - depth, t), np.where(hit, keep, t.dtype.type(1.0))


HITS_AS_ZERO = Mistake(
    "sampled-hits-multiplied",
    "hits' logits are multiplied by 0, and count as e^0",
    _Hits(0.0),
    effect="Neither kept nor removed: a hit costs ln 2 or stands as 1 in the denominator, whatever its score."
    " The optimum is neither ln p(y|x) "
    "nor its logit.",
    fix=f"{_HITS}; the slip: t_j [j != y]",
)


def _lowered(depth: float) -> _Hits:
    return _Hits(1.0, depth)


HITS_LOWERED = Mistake(
    "sampled-hits-lowered",
    "a small number is subtracted from hits' logits",
    _lowered(1.0),
    effect="Hits count e^depth times less: an optimum between ln p(y|x) and its logit.",
    fix=f"{_HITS}; the slip: t_j - depth [j = y]",
    number=Number("depth", _lowered, (1.0, 2.0, 5.0)),
)


class _BatchHits(SampledSteps):
    def hits(self, t: Array, own: Ids, others: Ids) -> tuple[Array, Any]:
        kept = ~np.isin(others, own)
        return np.where(kept, t, -np.inf).astype(t.dtype), kept


BATCH_TARGETS_REMOVED = Mistake(
    "sampled-targets-of-the-batch-removed",
    "negatives that are the target of any row are removed from all rows",
    _BatchHits(),
    effect="Frequent classes, targets of many rows, are hardly ever negatives: their scores are too high, the"
    " more so the larger the batch.",
    fix=f"{_HITS}; the slip: negatives without all targets",
)


class _AsSet(SampledSteps):
    def hits(self, t: Array, own: Ids, others: Ids) -> tuple[Array, Any]:
        before = np.tril(others[:, :, None] == others[:, None, :], -1).any(axis=2)
        return np.where(before, -np.inf, t).astype(t.dtype), ~before


AS_SET = Mistake(
    "sampled-repeats-removed",
    "a class drawn twice counts once: negatives as a set",
    _AsSet(),
    effect="A class counts 1 - (1 - q)^k times, not k q times: frequent classes are too likely, by 0.22 nats at "
    "q = 0.4, k = 2.",
    fix="classes are drawn with replacement, and count as often as they are drawn; the slip: unique(negatives)",
)

MISTAKES = (
    NEXT_CLASS,
    TARGETS_SHIFTED,
    FIRST_ROW,
    NO_BIAS,
    BIAS_ON_TARGETS,
    BIAS_ON_NEGATIVES,
    DIVIDED_BY_ROOT,
    TEMPERED,
    TEMPERED_NEGATIVES,
    COSINES,
    HIDDEN_NORMALISED,
    OTHER_HIDDEN,
    HITS_AS_ZERO,
    HITS_LOWERED,
    BATCH_TARGETS_REMOVED,
    AS_SET,
)
