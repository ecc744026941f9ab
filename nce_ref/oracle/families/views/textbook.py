r"""CLIP, SigLIP, NT-Xent and SupCon in plain NumPy, cut into steps that a mistake can replace.

The softmaxes are rows of ``ranking/textbook_embeddings``; SigLIP is a log-sigmoid of every pair.

Conventions
-----------
m, n         anchors of this device, of all devices; first = rank m is the place of the first of them among all
views        stacked: rows i and n/2 + i are a pair
places       in the pool: this device's vectors first, then the keys of all devices, where these are handed over apart
labels, rank   whole numbers that come in the dtype, rank as a Python float
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Outputs, Steps
from nce_ref.oracle.families.kernels.textbook import LogSigmoidSteps
from nce_ref.oracle.families.ranking.textbook import InfoNCESteps
from nce_ref.oracle.families.ranking.textbook_embeddings import (
    EmbeddingSteps,
    Places,
    Rows,
    TemperatureSteps,
    TwoSidedSteps,
    contrast,
    others,
)


class LogScaleSteps(Steps):
    """The right steps with a scale that is learnt by its logarithm."""

    def exponential(self, log_scale: float) -> tuple[float, float]:
        """e^l, and its slope."""
        scale = math.exp(log_scale)
        return scale, scale


class ShardSteps(Steps):
    """The right steps of one device of several."""

    def first_place(self, rank: float, m: int, n: int) -> int:
        """Where the device's anchors begin among all."""
        return int(rank) * m

    def gathered(self, gradient: Array, m: int, n: int) -> Array:
        """What the device's loss gives to the keys of all devices."""
        return gradient


class ClipSteps(LogScaleSteps, TwoSidedSteps, InfoNCESteps):
    """The right steps of CLIP."""

    def clip_rows(self, m: int, n: int, first: int, keys: tuple[int, int]) -> Rows:
        """Images against all texts, texts against all images; ``keys``: where all images and all texts begin."""
        own = first + np.arange(m)
        images, texts = keys
        return Rows(
            np.arange(2 * m),
            np.concatenate([texts + own, images + own]),
            np.concatenate([texts + others(own, n), images + others(own, n)]),
        )


class ClipShardSteps(ClipSteps, ShardSteps):
    """The right steps of CLIP on one device."""


class NTXentSteps(TemperatureSteps, EmbeddingSteps, InfoNCESteps):
    """The right steps of NT-Xent."""

    def view_rows(self, m: int, n: int, first: int, keys: int) -> Rows:
        """Each of 2m views against all 2n but itself; its positive is its example's other view."""
        one, two = first + np.arange(m), n + first + np.arange(m)
        both, partner = np.concatenate([one, two]), np.concatenate([two, one])
        return Rows(np.arange(2 * m), keys + partner, keys + all_but(both, partner, 2 * n))


class NTXentShardSteps(NTXentSteps, ShardSteps):
    """The right steps of NT-Xent on one device."""


class SupConSteps(TemperatureSteps, EmbeddingSteps, InfoNCESteps):
    """The right steps of SupCon."""

    def is_positive(self, labels: Array, all_labels: Array, first: int) -> Array:
        """(m, n), whether a key is a positive of an anchor: the same label, and not the anchor itself."""
        same = labels[:, None] == all_labels[None, :]
        same[np.arange(len(labels)), first + np.arange(len(labels))] = False
        return same

    def label_rows(self, positive: Array, first: int, keys: int) -> Rows:
        """A row for each anchor and positive: against all keys but these two."""
        anchors, partners = np.nonzero(positive)
        rest = all_but(first + anchors, partners, positive.shape[1])
        return Rows(anchors, keys + partners, keys + rest)

    def over_positives(self, losses: Array, anchors: Places, m: int) -> tuple[Array, Array]:
        """The mean of an anchor's losses over its positives, for those that have one, and its slope by each."""
        _, place, counts = np.unique(anchors, return_inverse=True, return_counts=True)
        share = (1.0 / counts[place]).astype(losses.dtype)
        means = np.zeros(len(counts), dtype=losses.dtype)
        np.add.at(means, place, share * losses)
        return means, share

    def over_anchors(self, means: Array, m: int) -> tuple[Any, Array]:
        """The mean over the anchors that have a positive, and the weight of each."""
        return self.mean(means) if len(means) else (means.sum(), means)


class SupConShardSteps(SupConSteps, ShardSteps):
    """The right steps of SupCon on one device."""


class SiglipSteps(LogScaleSteps, TwoSidedSteps, LogSigmoidSteps):
    """The right steps of SigLIP."""

    def affine(self, q: Array, scale: float, bias: float) -> tuple[Array, float, Array, float]:
        """s = e^l q + b, and its slopes by q, by e^l and by b."""
        return q.dtype.type(scale) * q + q.dtype.type(bias), scale, q, 1.0

    def signs(self, m: int, n: int, first: int, kind: Any) -> Array:
        """1 where the text is the image's own, -1 elsewhere."""
        z = np.full((m, n), -1.0, dtype=kind)
        z[np.arange(m), first + np.arange(m)] = 1.0
        return z

    def pairs(self, z: Array, s: Array) -> tuple[Array, Array]:
        """-ln sigma(z s) of each pair, and its slope by s."""
        value, slope = self.log_sigmoid(z * s)
        return -value, -z * slope

    def all_pairs(self, losses: Array) -> tuple[Any, float]:
        """The sum over all pairs, divided by the number of images."""
        return losses.sum() / losses.dtype.type(len(losses)), 1.0 / len(losses)


class SiglipShardSteps(SiglipSteps, ShardSteps):
    """The right steps of SigLIP on one device."""


def all_but(one: Places, other: Places, n: int) -> Places:
    """All of 0 ... n - 1 but two, which differ, a row for each pair of them."""
    low, high = np.minimum(one, other)[:, None], np.maximum(one, other)[:, None]
    shifted = np.arange(n - 2)[None, :]
    shifted = shifted + (shifted >= low)
    return np.asarray(shifted + (shifted >= high))


def clip(steps: ClipSteps, images: Array, texts: Array, log_scale: float) -> Outputs:
    """Both directions, halved."""
    m = len(images)
    blocks = [(images, steps.normalise_anchors), (texts, steps.normalise_keys)]
    scale, slope = steps.exponential(log_scale)
    value, parts, of_scale = contrast(steps, blocks, steps.clip_rows(m, m, 0, (0, m)), scale)
    return {
        "value": value,
        "grad_images": parts[0],
        "grad_texts": parts[1],
        "grad_log_scale": slope * of_scale,
    }


def clip_shard(
    steps: ClipShardSteps,
    images: Array,
    texts: Array,
    all_images: Array,
    all_texts: Array,
    rank: float,
    log_scale: float,
) -> Outputs:
    """One device's images against all texts, and its texts against all images."""
    m, n = len(images), len(all_images)
    of_image, of_text = steps.normalise_anchors, steps.normalise_keys
    blocks = [(images, of_image), (texts, of_text), (all_images, of_image), (all_texts, of_text)]
    scale, slope = steps.exponential(log_scale)
    rows = steps.clip_rows(m, n, steps.first_place(rank, m, n), (2 * m, 2 * m + n))
    value, parts, of_scale = contrast(steps, blocks, rows, scale)
    return {
        "value": value,
        "grad_images": parts[0],
        "grad_texts": parts[1],
        "grad_all_images": steps.gathered(parts[2], m, n),
        "grad_all_texts": steps.gathered(parts[3], m, n),
        "grad_log_scale": slope * of_scale,
    }


def nt_xent(steps: NTXentSteps, views: Array, temperature: float) -> Outputs:
    """Every view against all others."""
    m = len(views) // 2
    scale, slope = steps.inverse(temperature)
    blocks = [(views, steps.normalise)]
    value, parts, of_scale = contrast(steps, blocks, steps.view_rows(m, m, 0, 0), scale)
    return {"value": value, "grad_views": parts[0], "grad_temperature": slope * of_scale}


def nt_xent_shard(
    steps: NTXentShardSteps, views: Array, all_views: Array, rank: float, temperature: float
) -> Outputs:
    """One device's views against those of all devices."""
    m, n = len(views) // 2, len(all_views) // 2
    scale, slope = steps.inverse(temperature)
    rows = steps.view_rows(m, n, steps.first_place(rank, m, n), 2 * m)
    blocks = [(views, steps.normalise), (all_views, steps.normalise)]
    value, parts, of_scale = contrast(steps, blocks, rows, scale)
    return {
        "value": value,
        "grad_views": parts[0],
        "grad_all_views": steps.gathered(parts[1], m, n),
        "grad_temperature": slope * of_scale,
    }


def _supervised(
    steps: SupConSteps,
    vectors: Sequence[Array],
    labels: Array,
    all_labels: Array,
    first: int,
    temperature: float,
) -> tuple[Any, list[Array], Any]:
    m = len(labels)
    scale, slope = steps.inverse(temperature)
    positive = steps.is_positive(labels, all_labels, first)
    rows = steps.label_rows(positive, first, m if len(vectors) > 1 else 0)

    def reduce(losses: Array) -> tuple[Any, Array]:
        means, slopes = steps.over_positives(losses, rows.anchors, m)
        value, weights = steps.over_anchors(means, m)
        _, place = np.unique(rows.anchors, return_inverse=True)
        return value, weights[place] * slopes

    blocks = [(z, steps.normalise) for z in vectors]
    value, parts, of_scale = contrast(steps, blocks, rows, scale, reduce)
    return value, parts, slope * of_scale


def sup_con(steps: SupConSteps, embeddings: Array, labels: Array, temperature: float) -> Outputs:
    """Every embedding against all others."""
    value, parts, of_t = _supervised(steps, [embeddings], labels, labels, 0, temperature)
    return {"value": value, "grad_embeddings": parts[0], "grad_temperature": of_t}


def sup_con_shard(
    steps: SupConShardSteps,
    embeddings: Array,
    labels: Array,
    all_embeddings: Array,
    all_labels: Array,
    rank: float,
    temperature: float,
) -> Outputs:
    """One device's embeddings against those of all devices."""
    m, n = len(embeddings), len(all_embeddings)
    first = steps.first_place(rank, m, n)
    value, parts, of_t = _supervised(
        steps, [embeddings, all_embeddings], labels, all_labels, first, temperature
    )
    return {
        "value": value,
        "grad_embeddings": parts[0],
        "grad_all_embeddings": steps.gathered(parts[1], m, n),
        "grad_temperature": of_t,
    }


def _sigmoids(
    steps: SiglipSteps, images: Array, texts: Array, first: int, log_scale: float, bias: float
) -> tuple[Any, Array, Array, Any, Any]:
    (u, back_u), (v, back_v) = steps.normalise_anchors(images), steps.normalise_keys(texts)
    scale, slope = steps.exponential(log_scale)
    q, back = steps.similarity(u, np.broadcast_to(v, (len(u), *v.shape)))
    s, of_q, of_scale, of_bias = steps.affine(q, scale, bias)
    losses, slopes = steps.pairs(steps.signs(len(u), len(v), first, q.dtype), s)
    value, weight = steps.all_pairs(losses)
    g = q.dtype.type(weight) * slopes
    of_u, of_v = back(q.dtype.type(of_q) * g)
    return (
        value,
        back_u(of_u),
        back_v(of_v.sum(axis=0)),
        slope * (g * of_scale).sum(),
        of_bias * g.sum(),
    )


def siglip(
    steps: SiglipSteps, images: Array, texts: Array, log_scale: float, bias: float
) -> Outputs:
    """Every pair of an image and a text, a sigmoid each."""
    found = _sigmoids(steps, images, texts, 0, log_scale, bias)
    names = ("value", "grad_images", "grad_texts", "grad_log_scale", "grad_bias")
    return dict(zip(names, found, strict=True))


def siglip_shard(
    steps: SiglipShardSteps,
    images: Array,
    all_texts: Array,
    rank: float,
    log_scale: float,
    bias: float,
) -> Outputs:
    """One device's images against the texts of all devices."""
    m, n = len(images), len(all_texts)
    found = _sigmoids(steps, images, all_texts, steps.first_place(rank, m, n), log_scale, bias)
    names = ("value", "grad_images", "grad_all_texts", "grad_log_scale", "grad_bias")
    outputs = dict(zip(names, found, strict=True))
    return outputs | {"grad_all_texts": steps.gathered(outputs["grad_all_texts"], m, n)}
