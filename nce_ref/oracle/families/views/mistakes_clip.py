"""Slips in what CLIP compares, and in a scale that is learnt by its logarithm."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.ranking.textbook_embeddings import Rows, others
from nce_ref.oracle.families.views.textbook import ClipSteps, LogScaleSteps

_L = "the mean of the image rows and the text rows of s, halved; each against the other side alone"
_E = "s = e^l q"


class _Rows(ClipSteps):
    """The rows replaced by a function of the right ones, (m, n, first, (images, texts))."""

    def __init__(self, change: Callable[..., Rows]) -> None:
        self.change = change

    def clip_rows(self, m: int, n: int, first: int, keys: tuple[int, int]) -> Rows:
        return self.change(super().clip_rows(m, n, first, keys), m, n, first, keys)


def _cut(rows: Rows, where: slice) -> Rows:
    return Rows(rows.anchors[where], rows.positives[where], rows.negatives[where])


IMAGES_ALONE = Mistake(
    "clip-images-alone",
    "image rows alone: the softmax over texts, not that over images",
    _Rows(lambda rows, m, n, first, keys: _cut(rows, slice(0, m))),
    effect=(
        "InfoNCE, one way: s = PMI + any function of the image, so that texts cannot be ranked"
        " against each other for retrieval."
    ),
    fix=f"{_L}; the slip: the image rows",
)

TEXTS_ALONE = Mistake(
    "clip-texts-alone",
    "text rows alone: the softmax over images, not that over texts",
    _Rows(lambda rows, m, n, first, keys: _cut(rows, slice(m, None))),
    effect="As clip-images-alone, the other way: s = PMI + any function of the text.",
    fix=f"{_L}; the slip: the text rows",
)


class _SameSide(ClipSteps):
    """The other vectors of the anchor's own side are negatives as well."""

    def clip_rows(self, m: int, n: int, first: int, keys: tuple[int, int]) -> Rows:
        rows = super().clip_rows(m, n, first, keys)
        own = others(first + np.arange(m), n)
        images, texts = keys
        more = np.concatenate([images + own, texts + own])
        return Rows(rows.anchors, rows.positives, np.concatenate([rows.negatives, more], axis=1))


SAME_SIDE = Mistake(
    "clip-same-side-too",
    "the other images are negatives of an image as well as the other texts: NT-Xent's denominator",
    _SameSide(),
    effect=(
        "Half of the negatives come from the anchor's own law: the optimum is no density ratio of"
        " the pairs, and sides drift apart."
    ),
    fix=f"{_L}; the slip: 2n - 2 negatives a row",
)


class _OwnSide(ClipSteps):
    def clip_rows(self, m: int, n: int, first: int, keys: tuple[int, int]) -> Rows:
        rows = super().clip_rows(m, n, first, keys)
        own, (images, texts) = others(first + np.arange(m), n), keys
        return Rows(rows.anchors, rows.positives, np.concatenate([images + own, texts + own]))


OWN_SIDE = Mistake(
    "clip-own-side-alone",
    "the negatives are of the anchor's own side: image against images",
    _OwnSide(),
    effect="Each side is spread over the sphere by itself; a text is never compared with another image.",
    fix=f"{_L}; the slip: the other images are an image's negatives",
)


def _labels(rows: Rows, m: int, n: int, first: int, keys: tuple[int, int]) -> Rows:
    own = (first + np.arange(m) + 1) % n
    images, texts = keys
    return Rows(
        rows.anchors,
        np.concatenate([texts + own, images + own]),
        np.concatenate([texts + others(own, n), images + others(own, n)]),
    )


LABELS_OFF = Mistake(
    "clip-labels-off-by-one",
    "row i's label is i + 1",
    _Rows(_labels),
    effect="Every image is pulled to a stranger's text.",
    fix=f"{_L}, labels 0 ... n - 1; the slip: 1 ... n",
)


def _one_label(rows: Rows, m: int, n: int, first: int, keys: tuple[int, int]) -> Rows:
    own = np.full(m, first)
    images, texts = keys
    return Rows(
        rows.anchors,
        np.concatenate([texts + own, images + own]),
        np.concatenate([texts + others(own, n), images + others(own, n)]),
    )


LABELS_ZERO = Mistake(
    "clip-labels-all-first",
    "every row's label is 0: labels for a positive that stands in front",
    _Rows(_one_label),
    effect="Everything is pulled to the first pair: collapse.",
    fix=f"{_L}, labels 0 ... n - 1; the slip: zeros",
)


class _Weighed(ClipSteps):
    """The image rows weigh ``share`` of the whole; right: 1/2."""

    def __init__(self, share: float) -> None:
        self.share = share

    def mean(self, losses: Array) -> tuple[Any, Array]:
        half = np.arange(len(losses)) < len(losses) // 2
        factor = np.where(half, 2.0 * self.share, 2.0 - 2.0 * self.share).astype(losses.dtype)
        weights = factor / losses.dtype.type(len(losses))
        return (weights * losses).sum(), weights


UNEVEN = Mistake(
    "clip-uneven-directions",
    "the two directions weigh 3/4 and 1/4, as ConVIRT has it",
    _Weighed(0.75),
    effect="The optimum stays PMI + a constant; gradients favour one side.",
    fix=f"{_L}; the slip: lambda L_image + (1 - lambda) L_text, lambda = 3/4",
    number=Number("lambda", _Weighed, (0.75, 0.25, 0.9, 0.1)),
    only=("clip", "clip_shard"),
)


class _Scale(LogScaleSteps):
    def __init__(self, scale: Callable[[float], tuple[float, float]]) -> None:
        self.of = scale

    def exponential(self, log_scale: float) -> tuple[float, float]:
        return self.of(log_scale)


NOT_EXPONENTIATED = Mistake(
    "log-scale-not-exponentiated",
    "the logarithm of the scale is taken for the scale: s = l q",
    _Scale(lambda l: (l, 1.0)),
    effect=(
        "Logits are too small: 2.66 instead of 14.3 at the usual start, and nearly at chance."
        " Nothing is learnt about the scale's sign."
    ),
    fix=f"{_E}; the slip: s = l q",
)

SCALE_INVERTED = Mistake(
    "log-scale-divided",
    "the cosines are divided by e^l: a temperature's logarithm is expected",
    _Scale(lambda l: (math.exp(-l), -math.exp(-l))),
    effect="Logits of 0.07 where 14 is meant: chance, whatever is learnt. Right for whoever learns ln t.",
    fix=f"{_E}; the slip: s = e^-l q",
)


class _Clamped(LogScaleSteps):
    def __init__(self, limit: float) -> None:
        self.limit = limit

    def exponential(self, log_scale: float) -> tuple[float, float]:
        scale, slope = super().exponential(log_scale)
        return (scale, slope) if scale <= self.limit else (self.limit, 0.0)


CLAMPED = Mistake(
    "log-scale-clamped",
    "the scale is clamped inside the loss: min(e^l, limit)",
    _Clamped(100.0),
    effect="Beyond the limit the scale has no gradient and never comes back; clamped after the step, it does.",
    fix=f"{_E}, the parameter clamped after the step if at all; the slip: min(e^l, 100)",
    number=Number("limit", _Clamped, (100.0, 10.0, 20.0, 50.0)),
)

SCALE_FIXED = Mistake(
    "log-scale-unused",
    "the scale is not used: s = q",
    _Scale(lambda l: (1.0, 0.0)),
    effect="Cosines as logits: at most e^2 apart, at chance among more than a few.",
    fix=f"{_E}; the slip: s = q",
)

SCALE_TWICE = Mistake(
    "log-scale-twice",
    "the scale multiplies both sides: s = e^2l q",
    _Scale(lambda l: (math.exp(2.0 * l), 2.0 * math.exp(2.0 * l))),
    effect="Logits of 200 at the usual start: only the hardest negative counts. None on what can be reached.",
    fix=f"{_E}; the slip: (e^l u) . (e^l v)",
)

MISTAKES = (
    IMAGES_ALONE,
    TEXTS_ALONE,
    SAME_SIDE,
    OWN_SIDE,
    LABELS_OFF,
    LABELS_ZERO,
    UNEVEN,
    NOT_EXPONENTIATED,
    SCALE_INVERTED,
    CLAMPED,
    SCALE_FIXED,
    SCALE_TWICE,
)
