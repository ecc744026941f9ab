"""Contrast between views as people write it: whole matrices of logits, cross-entropy on labels, loops.

Each returns value and all derivatives, in the dtype of its inputs.
"""

from __future__ import annotations

import math

import numpy as np


def unit(z):
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def by_length(z, of_unit):
    u = unit(z)
    along = (u * of_unit).sum(axis=1, keepdims=True)
    return (of_unit - along * u) / np.linalg.norm(z, axis=1, keepdims=True)


def cross_entropy(logits, labels):
    """The mean over rows of -log-softmax at the label, and its gradient."""
    rows = np.arange(len(logits))
    centred = logits - logits.max(axis=1, keepdims=True)
    log_p = centred - np.log(np.exp(centred).sum(axis=1, keepdims=True))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    return -log_p[rows, labels].mean(), grad / logits.dtype.type(len(logits))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x):
    return np.exp(-softplus(-x))


def clip(images, texts, log_scale):
    """open_clip: logits_per_image and its transpose, labels 0 ... n - 1."""
    u, v, scale = unit(images), unit(texts), images.dtype.type(math.exp(log_scale))
    q, labels = u @ v.T, np.arange(len(images))
    (one, g), (other, h) = cross_entropy(scale * q, labels), cross_entropy(scale * q.T, labels)
    g = (g + h.T) / 2
    return {
        "value": (one + other) / 2,
        "grad_images": by_length(images, scale * g @ v),
        "grad_texts": by_length(texts, scale * g.T @ u),
        "grad_log_scale": scale * (g * q).sum(),
    }


def clip_shard(images, texts, all_images, all_texts, rank, log_scale):
    """open_clip with local loss: one device's rows of both matrices, labels from rank m on."""
    u, v, U, V = map(unit, (images, texts, all_images, all_texts))
    scale = images.dtype.type(math.exp(log_scale))
    q, p, labels = u @ V.T, v @ U.T, int(rank) * len(u) + np.arange(len(u))
    (one, g), (other, h) = cross_entropy(scale * q, labels), cross_entropy(scale * p, labels)
    g, h = g / 2, h / 2
    return {
        "value": (one + other) / 2,
        "grad_images": by_length(images, scale * g @ V),
        "grad_texts": by_length(texts, scale * h @ U),
        "grad_all_images": by_length(all_images, scale * h.T @ v),
        "grad_all_texts": by_length(all_texts, scale * g.T @ u),
        "grad_log_scale": scale * ((g * q).sum() + (h * p).sum()),
    }


def _sigmoids(images, texts, first, log_scale, bias):
    kind = images.dtype.type
    u, v, scale = unit(images), unit(texts), kind(math.exp(log_scale))
    q = u @ v.T
    z = -np.ones_like(q)
    z[np.arange(len(u)), first + np.arange(len(u))] = 1
    s = scale * q + kind(bias)
    n = kind(len(u))
    g = -z * sigmoid(-z * s) / n
    found = (
        softplus(-z * s).sum() / n,
        by_length(images, scale * g @ v),
        by_length(texts, scale * g.T @ u),
        scale * (g * q).sum(),
        g.sum(),
    )
    return found


def siglip(images, texts, log_scale, bias):
    """The paper's algorithm: labels 2 I - 1, -sum log-sigmoid / n."""
    names = ("value", "grad_images", "grad_texts", "grad_log_scale", "grad_bias")
    return dict(zip(names, _sigmoids(images, texts, 0, log_scale, bias)))


def siglip_bce(images, texts, log_scale, bias):
    """Binary cross-entropy with logits, targets 0 and 1: max(s, 0) - s y + log1p(e^-|s|); sigmoid less target."""
    kind = images.dtype.type
    u, v, scale = unit(images), unit(texts), kind(math.exp(log_scale))
    q = u @ v.T
    s, y, n = scale * q + kind(bias), np.eye(len(u), dtype=kind), kind(len(u))
    g = (1 / (1 + np.exp(-np.clip(s, -80, 80))) - y) / n
    return {
        "value": (np.maximum(s, 0) - s * y + np.log1p(np.exp(-np.abs(s)))).sum() / n,
        "grad_images": by_length(images, scale * g @ v),
        "grad_texts": by_length(texts, scale * g.T @ u),
        "grad_log_scale": scale * (g * q).sum(),
        "grad_bias": g.sum(),
    }


def siglip_shard(images, all_texts, rank, log_scale, bias):
    """Labels -1 but for the block of the device's own rank."""
    names = ("value", "grad_images", "grad_all_texts", "grad_log_scale", "grad_bias")
    return dict(zip(names, _sigmoids(images, all_texts, int(rank) * len(images), log_scale, bias)))


def nt_xent(views, temperature):
    """The whole matrix, -inf on the diagonal, partner's label."""
    u, n = unit(views), len(views)
    q = u @ u.T
    s = q / views.dtype.type(temperature)
    s[np.arange(n), np.arange(n)] = -np.inf
    value, g = cross_entropy(s, (np.arange(n) + n // 2) % n)
    return {
        "value": value,
        "grad_views": by_length(views, (g + g.T) @ u / views.dtype.type(temperature)),
        "grad_temperature": -(g * q).sum() / views.dtype.type(temperature) ** 2,
    }


def nt_xent_logits_first(views, temperature):
    """PyTorch Lightning's: positives by two diagonals, negatives selected, one row each; lse of both less the
    positive."""
    kind, n = views.dtype.type, len(views)
    u = unit(views)
    q = u @ u.T
    value, g = kind(0), np.zeros_like(q)
    for a in range(n):
        partner = (a + n // 2) % n
        rest = [k for k in range(n) if k not in (a, partner)]
        gaps = (q[a, rest] - q[a, partner]) / kind(temperature)
        top = max(gaps.max(), kind(0))
        lse = top + np.log(np.exp(-top) + np.exp(gaps - top).sum())
        value += lse / kind(n)
        w = np.exp(gaps - lse) / kind(n)
        g[a, rest] += w
        g[a, partner] -= w.sum()
    return {
        "value": value,
        "grad_views": by_length(views, (g + g.T) @ u / kind(temperature)),
        "grad_temperature": -(g * q).sum() / kind(temperature) ** 2,
    }


def nt_xent_shard(views, all_views, rank, temperature):
    """A device's rows of the matrix, its own diagonal at rank m."""
    m, n, kind = len(views) // 2, len(all_views) // 2, views.dtype.type
    u, U = unit(views), unit(all_views)
    own = int(rank) * m + np.arange(m)
    own, partner = np.append(own, n + own), np.append(n + own, own)
    q = u @ U.T
    s = q / kind(temperature)
    s[np.arange(2 * m), own] = -np.inf
    value, g = cross_entropy(s, partner)
    return {
        "value": value,
        "grad_views": by_length(views, g @ U / kind(temperature)),
        "grad_all_views": by_length(all_views, g.T @ u / kind(temperature)),
        "grad_temperature": -(g * q).sum() / kind(temperature) ** 2,
    }


def _supervised(u, U, labels, all_labels, first, temperature):
    """The authors' code, with the anchors that have no positive left out: masks, log-probabilities, mean over
    positives."""
    kind, m = u.dtype.type, len(u)
    q = u @ U.T
    s = q / kind(temperature)
    own = np.zeros(q.shape, dtype=bool)
    own[np.arange(m), first + np.arange(m)] = True
    same = (labels[:, None] == all_labels[None, :]) & ~own
    masked = np.where(own, -np.inf, s)
    top = masked.max(axis=1, keepdims=True)
    log_sum = top + np.log(np.exp(masked - top).sum(axis=1, keepdims=True))
    counts = same.sum(axis=1)
    used = counts > 0
    share = np.where(used, 1 / np.maximum(counts, 1) / used.sum(), 0).astype(u.dtype)
    value = (share[:, None] * same * (log_sum - np.where(own, 0, s))).sum()
    g = share[:, None] * (counts[:, None] * np.exp(masked - log_sum) - same)
    g = g.astype(u.dtype)
    return value, g, -(g * q).sum() / kind(temperature) ** 2


def sup_con(embeddings, labels, temperature):
    u = unit(embeddings)
    value, g, by_t = _supervised(u, u, labels, labels, 0, temperature)
    of_u = (g + g.T) @ u / u.dtype.type(temperature)
    return {
        "value": value,
        "grad_embeddings": by_length(embeddings, of_u),
        "grad_temperature": by_t,
    }


def sup_con_shard(embeddings, labels, all_embeddings, all_labels, rank, temperature):
    u, U, kind = unit(embeddings), unit(all_embeddings), embeddings.dtype.type
    value, g, by_t = _supervised(u, U, labels, all_labels, int(rank) * len(u), temperature)
    return {
        "value": value,
        "grad_embeddings": by_length(embeddings, g @ U / kind(temperature)),
        "grad_all_embeddings": by_length(all_embeddings, g.T @ u / kind(temperature)),
        "grad_temperature": by_t,
    }


FORMS = [
    ("clip", clip),
    ("clip_shard", clip_shard),
    ("siglip", siglip),
    ("siglip", siglip_bce),
    ("siglip_shard", siglip_shard),
    ("nt_xent", nt_xent),
    ("nt_xent", nt_xent_logits_first),
    ("nt_xent_shard", nt_xent_shard),
    ("sup_con", sup_con),
    ("sup_con_shard", sup_con_shard),
]
