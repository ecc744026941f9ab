"""Right forms of class NCE, negative sampling and sampled softmax, as people write them.

Conventions
-----------
arguments   an objective's own, all in one dtype; negatives (n, k), or (k,) for all rows; mask or None
gradients   in one matrix of (n, n_classes) slopes, or class by class; never by the package's steps
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_softmax, softmax

BASE = ("class_nce", "negative_sampling", "sampled_softmax")


def read(hidden, targets, negatives, mask):
    n = len(hidden)
    others = np.broadcast_to(negatives, (n, negatives.shape[-1])).astype(int)
    counts = np.ones(others.shape) if mask is None else mask
    return targets.astype(int), others, counts.astype(hidden.dtype)


def dense(hidden, class_vectors, slopes):
    """Derivatives from an (n, n_classes) matrix of slopes by the scores."""
    return {
        "grad_hidden": slopes @ class_vectors,
        "grad_class_vectors": slopes.T @ hidden,
        "grad_biases": slopes.sum(axis=0),
    }


def scattered(n, n_classes, own, others, of_own, of_others):
    slopes = np.zeros((n, n_classes), dtype=of_own.dtype)
    rows = np.arange(n)
    np.add.at(slopes, (rows, own), of_own)
    np.add.at(slopes, (np.repeat(rows, others.shape[1]), others.ravel()), of_others.ravel())
    return slopes


def bce_with_logits(t, label):
    """As TensorFlow has it."""
    return np.maximum(t, 0) - t * label + np.log1p(np.exp(-np.abs(t)))


def points(hidden, class_vectors, biases, targets, negatives, mask=None, log_expected=None):
    """All scores at once, then binary cross-entropy with logits."""
    own, others, counts = read(hidden, targets, negatives, mask)
    n, rows = len(hidden), np.arange(len(hidden))
    s = hidden @ class_vectors.T + biases
    t_own, t_others = s[rows, own], np.take_along_axis(s, others, axis=1)
    if log_expected is not None:
        with np.errstate(divide="ignore"):
            log_k = np.log(counts.sum(axis=1))
        t_own = t_own - log_expected[own] - log_k
        t_others = t_others - log_expected[others] - np.where(np.isinf(log_k), 0, log_k)[:, None]
    value = np.logaddexp(0, -t_own) + (counts * bce_with_logits(t_others, 0)).sum(axis=1)
    of_own, of_others = (expit(t_own) - 1) / n, counts * expit(t_others) / n
    slopes = scattered(n, len(class_vectors), own, others, of_own, of_others.astype(hidden.dtype))
    return {"value": value.mean(), **dense(hidden, class_vectors, slopes.astype(hidden.dtype))}


def class_nce(hidden, class_vectors, biases, targets, negatives, noise_probabilities, mask=None):
    q = np.log(noise_probabilities)
    return points(hidden, class_vectors, biases, targets, negatives, mask, q)


negative_sampling = points


def sampled_softmax(
    hidden, class_vectors, biases, targets, negatives, noise_probabilities, mask=None
):
    """A cross-entropy with label 0 on the target and its negatives, ln q off all columns."""
    own, others, counts = read(hidden, targets, negatives, mask)
    n = len(hidden)
    ids = np.concatenate([own[:, None], others], axis=1)
    t = (hidden @ class_vectors.T + biases - np.log(noise_probabilities))[
        np.arange(n)[:, None], ids
    ]
    t[:, 1:] = np.where(counts == 1, t[:, 1:], -np.inf)
    g = softmax(t, axis=1) / n
    value = -log_softmax(t, axis=1)[:, 0].mean()
    g[:, 0] -= np.asarray(1 / n, dtype=g.dtype)
    slopes = scattered(n, len(class_vectors), own, others, g[:, 0], g[:, 1:])
    return {"value": value, **dense(hidden, class_vectors, slopes.astype(hidden.dtype))}


def in_loops(name):
    """Row by row and class by class, the tables' gradients added as they come."""

    def loss(
        hidden, class_vectors, biases, targets, negatives, noise_probabilities=None, mask=None
    ):
        own, others, counts = read(hidden, targets, negatives, mask)
        n, kind = len(hidden), hidden.dtype.type
        value = kind(0)
        of_h, of_w, of_b = (np.zeros_like(z) for z in (hidden, class_vectors, biases))
        for i in range(n):
            drawn = [j for j, counted in zip(others[i], counts[i]) if counted]
            if not drawn and name != "negative_sampling":
                continue
            classes = [own[i], *drawn]
            t = np.array([(class_vectors[c] * hidden[i]).sum() + biases[c] for c in classes])
            if name == "sampled_softmax":
                t = t - np.log(noise_probabilities[classes])
                top = t.max()
                p = np.exp(t - top)
                value += np.log(p.sum()) + (top - t[0])
                g = p / p.sum()
                g[0] -= 1
            else:
                if name == "class_nce":
                    t = t - np.log(kind(len(drawn)) * noise_probabilities[classes])
                sign = np.ones_like(t)
                sign[0] = -1
                value += np.logaddexp(0, sign * t).sum()
                g = sign * expit(sign * t)
            for c, slope in zip(classes, g / kind(n)):
                of_h[i] += slope * class_vectors[c]
                of_w[c] += slope * hidden[i]
                of_b[c] += slope
        return {
            "value": value / kind(n),
            "grad_hidden": of_h,
            "grad_class_vectors": of_w,
            "grad_biases": of_b,
        }

    loss.__name__ = f"{name}_in_loops"
    return loss


FORMS = [
    (name, form)
    for name, one in zip(BASE, (class_nce, negative_sampling, sampled_softmax))
    for form in (one, in_loops(name))
]
