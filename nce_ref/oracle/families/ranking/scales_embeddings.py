r"""The scales of InfoNCE of embeddings: sums of absolute summands, forward and back.

    u          2 |u|                        the sum of squares, its root, the quotient
    q          E_q = 5 sum_d |a_d||k_d|     its own summands, and those of both units
    s = kappa q   E_s = kappa E_q + 2 |s|
    a row      as ``scales`` has it, the logits' E added: log-sum |top| + ln m + 1 + sum_j w_j (top - s_j + E_j), E_z =
               |s_p| + E_p + that L_i: L_i + sigma E_z + 1;  g_p: sigma (1 + E_z) + 1;
               g_j: w_j (1 + |s_j| + E_j + E_z), w of the whole row
    dL/du      kappa sum |k| E_g + 3 |g||k|;  dL/dz: (D + 2 |u| (|u| . D))/|z|;   dL/dkappa: sum |q| E_g + |g| E_q

Conventions
-----------
inputs   a vector's; want: the outputs as float64; out: the outputs' scales in float64
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales
from nce_ref.oracle.families.ranking.textbook_embeddings import BatchSteps, Rows


def units(z: Float) -> tuple[Float, Float]:
    """(z/|z|, |z|)."""
    size = np.sqrt((z * z).sum(axis=1, keepdims=True))
    return z / size, size


def pulled_back(of_units: Float, u: Float, size: Float) -> Float:
    """The scale of dL/dz from that of dL/du."""
    along = (np.abs(u) * of_units).sum(axis=1, keepdims=True)
    return np.asarray((of_units + 2.0 * np.abs(u) * along) / size)


def contrast(
    vectors: Sequence[Float], rows: Rows, scale: float, weights: Float | float
) -> tuple[float, list[Float], float]:
    """Scales of L, of its derivative by every block, and by the scale; ``weights`` of the rows."""
    pool, size = units(np.concatenate(vectors))
    places = np.concatenate([rows.positives[:, None], rows.negatives], axis=1)
    a, keys = pool[rows.anchors], pool[places]
    q, size_q = (np.einsum("rd,rkd->rk", of(a), of(keys)) for of in (np.asarray, np.abs))
    s = scale * q
    E_q = 5.0 * size_q
    E_s = scale * E_q + 2.0 * np.abs(s)
    if rows.counts is not None:
        s[:, 1:] = np.where(rows.counts == 1.0, s[:, 1:], -np.inf)
    g, E_g, losses, E_losses = rows_of_logits(s, E_s)
    weights = np.broadcast_to(weights, losses.shape)
    g, E_g = weights[:, None] * g, weights[:, None] * E_g
    back = scale * (E_g + 3.0 * np.abs(g))
    of_pool = np.zeros_like(pool)
    np.add.at(of_pool, rows.anchors, np.einsum("rk,rkd->rd", back, np.abs(keys)))
    np.add.at(of_pool, places, back[:, :, None] * np.abs(a)[:, None, :])
    parts = np.split(pulled_back(of_pool, pool, size), np.cumsum([len(z) for z in vectors])[:-1])
    of_scale = (E_g * np.abs(q) + np.abs(g) * E_q).sum()
    return float((weights * E_losses).sum()), list(parts), float(of_scale)


def rows_of_logits(s: Float, E_s: Float) -> tuple[Float, Float, Float, Float]:
    """(g, E of g, losses, E of losses) of rows whose first logit is the positive's; -inf where a negative does not
    count."""
    positive, negatives, E_p, E_n = s[:, 0], s[:, 1:], E_s[:, 0], E_s[:, 1:]
    if not negatives.size:
        one = np.ones_like(positive)
        return np.zeros_like(s), np.ones_like(s), 0.0 * one, one
    seen = negatives > -np.inf
    top = np.where(seen.any(axis=1), negatives.max(axis=1), 0.0)
    powers = np.exp(negatives - top[:, None])
    total = powers.sum(axis=1)
    with np.errstate(divide="ignore"):
        z = top + np.log(total) - positive
    shares = powers / np.where(total > 0.0, total, 1.0)[:, None]
    gaps = np.where(seen, top[:, None] - negatives, 0.0)
    inside = np.abs(top) + np.log(negatives.shape[1]) + 1.0 + (shares * (gaps + E_n)).sum(axis=1)
    E_z = np.abs(positive) + E_p + inside
    losses = np.logaddexp(0.0, z)
    slopes = np.exp(-np.logaddexp(0.0, -z))
    w = slopes[:, None] * shares
    sizes = np.where(seen, np.abs(negatives), 0.0)
    E_w = w * (1.0 + sizes + E_n + E_z[:, None])
    g = np.concatenate([-slopes[:, None], w], axis=1)
    E_g = np.concatenate([(slopes * (1.0 + E_z) + 1.0)[:, None], E_w], axis=1)
    return g, E_g, losses, losses + slopes * E_z + 1.0


def info_nce(
    anchors: Float,
    positives: Float,
    negatives: Float,
    mask: Float,
    temperature: float,
    want: Mapping[str, Float],
) -> Scales:
    """Negatives of each anchor's own."""
    n, m, n_dim = negatives.shape
    every = np.arange(n)
    rows = Rows(every, n + every, 2 * n + np.arange(n * m).reshape(n, m), mask)
    found = _tempered((anchors, positives, negatives.reshape(n * m, n_dim)), rows, temperature)
    return found | {"grad_negatives": found["grad_negatives"].reshape(n, m, n_dim)}


def info_nce_unpaired(
    anchors: Float,
    positives: Float,
    negatives: Float,
    mask: Float,
    temperature: float,
    want: Mapping[str, Float],
) -> Scales:
    """The same negatives for every anchor."""
    n, m = mask.shape
    every = np.arange(n)
    rows = Rows(every, n + every, np.tile(2 * n + np.arange(m), (n, 1)), mask)
    return _tempered((anchors, positives, negatives), rows, temperature)


def info_nce_in_batch(
    anchors: Float, positives: Float, temperature: float, want: Mapping[str, Float]
) -> Scales:
    """The other anchors' positives are the negatives."""
    return _tempered((anchors, positives), BatchSteps().batch(len(anchors)), temperature)


def _tempered(vectors: Sequence[Float], rows: Rows, t: float) -> Scales:
    value, parts, of_scale = contrast(vectors, rows, 1.0 / t, 1.0 / len(vectors[0]))
    names = ("grad_anchors", "grad_positives", "grad_negatives")
    return {"value": value, **dict(zip(names, parts)), "grad_temperature": of_scale / t**2}
