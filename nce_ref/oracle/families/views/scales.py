r"""The scales of CLIP, SigLIP, NT-Xent and SupCon: those of ``ranking/scales_embeddings`` over their rows.

    SigLIP    E_s = kappa E_q + 2 |kappa q| + |b|;   L: sum of softplus + sigma(-z s) (|s| + E_s);
    g: 1 + (1 + |s| + E_s) sigma(-z s)

Conventions
-----------
inputs   a vector's; want: the outputs as float64; out: the outputs' scales in float64
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales
from nce_ref.oracle.families.ranking.scales_embeddings import contrast, pulled_back, units
from nce_ref.oracle.families.ranking.textbook_embeddings import Rows
from nce_ref.oracle.families.views.textbook import ClipSteps, NTXentSteps, SiglipSteps, SupConSteps

_Names = Sequence[str]


def _learnt(vectors: Sequence[Float], rows: Rows, log_scale: float, names: _Names) -> Scales:
    scale = math.exp(log_scale)
    value, parts, of_scale = contrast(vectors, rows, scale, 1.0 / len(rows.anchors))
    found = dict(zip(names, parts, strict=True))
    # e^l moves by |l| eps e^l where l is handed on rounded.
    return {"value": value, **found, "grad_log_scale": (1.0 + abs(log_scale)) * scale * of_scale}


def _tempered(
    vectors: Sequence[Float], rows: Rows, t: float, weights: Float | float, names: _Names
) -> Scales:
    value, parts, of_scale = contrast(vectors, rows, 1.0 / t, weights)
    found = dict(zip(names, parts, strict=True))
    return {"value": value, **found, "grad_temperature": of_scale / t**2}


def clip(images: Float, texts: Float, log_scale: float, want: Mapping[str, Float]) -> Scales:
    """Both directions."""
    m = len(images)
    rows = ClipSteps().clip_rows(m, m, 0, (0, m))
    return _learnt((images, texts), rows, log_scale, ("grad_images", "grad_texts"))


def clip_shard(
    images: Float,
    texts: Float,
    all_images: Float,
    all_texts: Float,
    rank: float,
    log_scale: float,
    want: Mapping[str, Float],
) -> Scales:
    """One device's rows."""
    m, n = len(images), len(all_images)
    rows = ClipSteps().clip_rows(m, n, int(rank) * m, (2 * m, 2 * m + n))
    names = ("grad_images", "grad_texts", "grad_all_images", "grad_all_texts")
    return _learnt((images, texts, all_images, all_texts), rows, log_scale, names)


def nt_xent(views: Float, temperature: float, want: Mapping[str, Float]) -> Scales:
    """Every view's row."""
    m = len(views) // 2
    rows = NTXentSteps().view_rows(m, m, 0, 0)
    return _tempered((views,), rows, temperature, 0.5 / m, ("grad_views",))


def nt_xent_shard(
    views: Float, all_views: Float, rank: float, temperature: float, want: Mapping[str, Float]
) -> Scales:
    """One device's rows."""
    m, n = len(views) // 2, len(all_views) // 2
    rows = NTXentSteps().view_rows(m, n, int(rank) * m, 2 * m)
    names = ("grad_views", "grad_all_views")
    return _tempered((views, all_views), rows, temperature, 0.5 / m, names)


def label_rows(labels: Float, all_labels: Float, first: int, keys: int) -> tuple[Rows, Float]:
    """SupCon's rows and their weights."""
    steps = SupConSteps()
    rows = steps.label_rows(steps.is_positive(labels, all_labels, first), first, keys)
    means, slopes = steps.over_positives(np.zeros(len(rows.anchors)), rows.anchors, len(labels))
    return rows, slopes / len(means)


def sup_con(
    embeddings: Float, labels: Float, temperature: float, want: Mapping[str, Float]
) -> Scales:
    """Every anchor's rows."""
    rows, weights = label_rows(labels, labels, 0, 0)
    return _tempered((embeddings,), rows, temperature, weights, ("grad_embeddings",))


def sup_con_shard(
    embeddings: Float,
    labels: Float,
    all_embeddings: Float,
    all_labels: Float,
    rank: float,
    temperature: float,
    want: Mapping[str, Float],
) -> Scales:
    """One device's rows."""
    m = len(labels)
    rows, weights = label_rows(labels, all_labels, int(rank) * m, m)
    names = ("grad_embeddings", "grad_all_embeddings")
    return _tempered((embeddings, all_embeddings), rows, temperature, weights, names)


def siglip(
    images: Float, texts: Float, log_scale: float, bias: float, want: Mapping[str, Float]
) -> Scales:
    """Every pair."""
    return _sigmoids(images, texts, 0, log_scale, bias, "grad_texts")


def siglip_shard(
    images: Float,
    all_texts: Float,
    rank: float,
    log_scale: float,
    bias: float,
    want: Mapping[str, Float],
) -> Scales:
    """One device's pairs."""
    return _sigmoids(images, all_texts, int(rank) * len(images), log_scale, bias, "grad_all_texts")


def _sigmoids(
    images: Float, texts: Float, first: int, log_scale: float, bias: float, by_keys: str
) -> Scales:
    (u, size_u), (v, size_v) = units(images), units(texts)
    scale = math.exp(log_scale)
    q, E_q = u @ v.T, 5.0 * np.abs(u) @ np.abs(v).T
    s = scale * q + bias
    E_s = scale * E_q + 2.0 * np.abs(scale * q) + abs(bias) + abs(log_scale) * np.abs(scale * q)
    t = SiglipSteps().signs(len(u), len(v), first, np.float64) * s
    missed = np.exp(-np.logaddexp(0.0, t))
    n = len(u)
    E_g = (1.0 + (1.0 + np.abs(s) + E_s) * missed) / n
    g = missed / n
    back = scale * (E_g + 3.0 * g)
    return {
        "value": (np.logaddexp(0.0, -t) + missed * (np.abs(s) + E_s)).sum() / n,
        "grad_images": pulled_back(back @ np.abs(v), u, size_u),
        by_keys: pulled_back(back.T @ np.abs(u), v, size_v),
        "grad_log_scale": scale * (E_g * np.abs(q) + g * E_q).sum() * (1.0 + abs(log_scale)),
        "grad_bias": E_g.sum(),
    }
