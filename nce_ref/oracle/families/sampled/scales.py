r"""The scales of class NCE, negative sampling and sampled softmax: what rounds in a score, in its correction, in a
loss, and on the way back.

    s                 E_s = sum_d |h_d||w_d| + |b| + |s|;   t = s - ln q - ln k:   E_t = E_s + |ln q| + |ln k|
    a point's loss    softplus + E_t, as NCE has it: frameworks take t - ln sigma(t) for -ln sigma(-t)
    its slope         1 + sigma(-t)(1 + E_t) for the target, which frameworks subtract from 1; sigma(t)(1 + E_t) for a
    negative
    a row             that of ``ranking/scales_embeddings``
    dL/dh, dw, db     E_g + 3 |g| times |w|, |h|, 1, summed over all places

Conventions
-----------
inputs   a vector's; want: the outputs as float64; out: the outputs' scales in float64
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales
from nce_ref.oracle.families.ranking.scales_embeddings import rows_of_logits

# (t, E_t) of the target in front and the negatives, -inf where one does not count -> (g, E_g, E of the losses)
_Losses = Callable[[Float, Float], tuple[Float, Float, Float]]


def class_nce(
    hidden: Float,
    class_vectors: Float,
    biases: Float,
    targets: Float,
    negatives: Float,
    noise_probabilities: Float,
    want: Mapping[str, Float],
    mask: Float | None = None,
) -> Scales:
    """A sigmoid for every class."""
    return _scales(
        hidden, class_vectors, biases, targets, negatives, noise_probabilities, mask, True, _points
    )


def negative_sampling(
    hidden: Float,
    class_vectors: Float,
    biases: Float,
    targets: Float,
    negatives: Float,
    want: Mapping[str, Float],
    mask: Float | None = None,
) -> Scales:
    """The same without a correction."""
    one = np.ones(len(class_vectors))
    return _scales(hidden, class_vectors, biases, targets, negatives, one, mask, False, _points)


def sampled_softmax(
    hidden: Float,
    class_vectors: Float,
    biases: Float,
    targets: Float,
    negatives: Float,
    noise_probabilities: Float,
    want: Mapping[str, Float],
    mask: Float | None = None,
) -> Scales:
    """A softmax over the classes that occur."""
    return _scales(
        hidden, class_vectors, biases, targets, negatives, noise_probabilities, mask, False, _rows
    )


def _points(t: Float, E_t: Float) -> tuple[Float, Float, Float]:
    signed = np.concatenate([t[:, :1], -t[:, 1:]], axis=1)
    missed = np.exp(-np.logaddexp(0.0, signed))
    E_g = missed * (1.0 + E_t)
    E_g[:, 0] += 1.0
    E_losses = np.logaddexp(0.0, -signed) + np.where(np.isfinite(t), E_t, 0.0)
    return missed, E_g, E_losses.sum(axis=1)


def _rows(t: Float, E_t: Float) -> tuple[Float, Float, Float]:
    g, E_g, _, E_losses = rows_of_logits(t, E_t)
    return g, E_g, E_losses


def _scales(
    h: Float,
    w: Float,
    b: Float,
    targets: Float,
    negatives: Float,
    q: Float,
    mask: Float | None,
    with_k: bool,
    losses: _Losses,
) -> Scales:
    ids, t, E_t = logits(h, w, b, targets, negatives, q, mask, with_k)
    g, E_g, E_losses = losses(t, E_t)
    back = (E_g + 3.0 * np.abs(g)) / len(h)
    if mask is not None:
        back[:, 1:] *= mask
    of_w, of_b = np.zeros_like(w), np.zeros_like(b)
    np.add.at(of_w, ids, back[:, :, None] * np.abs(h)[:, None, :])
    np.add.at(of_b, ids, back)
    return {
        "value": E_losses.mean(),
        "grad_hidden": np.einsum("ik,ikd->id", back, np.abs(w)[ids]),
        "grad_class_vectors": of_w,
        "grad_biases": of_b,
    }


def logits(
    h: Float,
    w: Float,
    b: Float,
    targets: Float,
    negatives: Float,
    q: Float,
    mask: Float | None,
    with_k: bool,
) -> tuple[Any, Float, Float]:
    """(classes, t, E_t), the target in front; t of a negative that does not count is -inf."""
    n, k = len(h), negatives.shape[-1]
    others = np.broadcast_to(negatives, (n, k))
    ids = np.concatenate([targets[:, None], others], axis=1).astype(np.intp)
    s = np.einsum("id,ikd->ik", h, w[ids]) + b[ids]
    E_s = np.einsum("id,ikd->ik", np.abs(h), np.abs(w)[ids]) + np.abs(b)[ids] + np.abs(s)
    drawn = np.full((n, 1), float(k)) if mask is None else mask.sum(axis=1, keepdims=True)
    # A row without negatives has k = 0, and t = inf for its target: nothing rounds there.
    log_k = np.log(np.where(drawn > 0.0, drawn, 1.0)) if with_k else np.zeros((n, 1))
    log_q = np.log(q)[ids]
    t, E_t = s - log_q - log_k, E_s + np.abs(log_q) + np.abs(log_k)
    if with_k:
        t = np.where(drawn > 0.0, t, np.inf)
    if mask is not None:
        t[:, 1:] = np.where(mask == 1.0, t[:, 1:], -np.inf)
    return ids, t, E_t
