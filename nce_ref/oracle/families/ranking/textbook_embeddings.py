r"""InfoNCE of embeddings in plain NumPy, cut into steps that a mistake can replace.

    u = z/|z|,   s = kappa u_a . u_k,   kappa = 1/t;   then the rows of ``textbook``
    dL/dkappa = sum g q,    dL/du_a = kappa sum_k g_k u_k,   dL/du_k = kappa g_k u_a,    dL/dz = (D - u (u . D))/|z|

Conventions
-----------
pool       all vectors, one block of rows after the other, (n_vectors, n_dim); gradients of what occurs in several rows
           are added
Rows       places in the pool: anchors (R,), positives (R,), negatives (R, m); counts (R, m) or None, 1 where a negative
           counts
t          a Python float; mask: 1 and 0 in an array of the dtype
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref.oracle.families.base import Array, Outputs, Steps
from nce_ref.oracle.families.ranking.textbook import InfoNCESteps

Places = NDArray[np.intp]
Back = Callable[[Array], Array]
Reduce = Callable[[Array], tuple[Any, Array]]


@dataclass(frozen=True)
class Rows:
    """What is compared with what."""

    anchors: Places
    positives: Places
    negatives: Places
    counts: Array | None = None


class EmbeddingSteps(Steps):
    """The right steps from vectors to cosines."""

    def normalise(self, z: Array) -> tuple[Array, Back]:
        """z/|z| by rows, and its pullback."""
        size = np.sqrt((z * z).sum(axis=1, keepdims=True))
        u = z / size
        return u, lambda g: (g - u * (u * g).sum(axis=1, keepdims=True)) / size

    def similarity(
        self, a: Array, keys: Array
    ) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
        """a . k of each row's keys, (R, 1 + m), and its pullback to both."""
        q = np.einsum("rd,rkd->rk", a, keys)
        return q, lambda g: (np.einsum("rk,rkd->rd", g, keys), g[:, :, None] * a[:, None, :])


class TemperatureSteps(Steps):
    """The right steps with a temperature."""

    def inverse(self, t: float) -> tuple[float, float]:
        """1/t, and its slope."""
        return 1.0 / t, -1.0 / t**2


class TwoSidedSteps(EmbeddingSteps):
    """The right steps with anchors of one kind and keys of another."""

    def normalise_anchors(self, z: Array) -> tuple[Array, Back]:
        """z/|z| of the anchors."""
        return self.normalise(z)

    def normalise_keys(self, z: Array) -> tuple[Array, Back]:
        """z/|z| of what they are compared with."""
        return self.normalise(z)


class MaskSteps(Steps):
    """The right steps where some negatives do not count."""

    def hide(self, negatives: Array, counts: Array) -> tuple[Array, Array]:
        """-inf for what does not count, after the temperature and before any maximum; and the slope."""
        return np.where(counts == 1.0, negatives, -np.inf).astype(negatives.dtype), counts


class BatchSteps(TemperatureSteps, TwoSidedSteps, InfoNCESteps):
    """The right steps of InfoNCE with in-batch negatives."""

    def batch(self, n: int) -> Rows:
        """Anchor i at i, its positive at n + i; the other positives are its negatives."""
        every = np.arange(n)
        return Rows(every, n + every, n + others(every, n))


class GivenSteps(TemperatureSteps, TwoSidedSteps, MaskSteps, InfoNCESteps):
    """The right steps of InfoNCE with given negatives."""

    def normalise_negatives(self, z: Array) -> tuple[Array, Back]:
        """z/|z| of the negatives, which are keys as the positives are."""
        return self.normalise_keys(z)


def others(of: Places, n: int) -> Places:
    """All of 0 ... n - 1 but the one, a row for each."""
    shifted = np.arange(n - 1)[None, :]
    return shifted + (shifted >= of[:, None])


def contrast(
    steps: Any,
    blocks: Sequence[tuple[Array, Callable[[Array], tuple[Array, Back]]]],
    rows: Rows,
    scale: float,
    reduce: Reduce | None = None,
) -> tuple[Any, list[Array], Any]:
    """L, its derivative by every block, and by the scale. A block comes with what normalises it."""
    units = [normalise(z) for z, normalise in blocks]
    pool = np.concatenate([u for u, _ in units])
    places = np.concatenate([rows.positives[:, None], rows.negatives], axis=1)
    q, back = steps.similarity(pool[rows.anchors], pool[places])
    s = q.dtype.type(scale) * q
    positive, negatives, up, across = steps.logits(s[:, 0], s[:, 1:])
    seen: Any = 1.0
    if rows.counts is not None:
        hide = getattr(steps, "hide", MaskSteps().hide)
        negatives, seen = hide(negatives, rows.counts.astype(q.dtype))
    losses, of_positive, of_negatives = steps.rows(positive, negatives)
    value, weights = (steps.mean if reduce is None else reduce)(losses)
    g = np.concatenate(
        [
            (up * weights * of_positive)[:, None],
            across * weights[:, None] * of_negatives * seen,
        ],
        axis=1,
    )
    of_anchors, of_keys = back(q.dtype.type(scale) * g)
    of_pool = np.zeros_like(pool)
    np.add.at(of_pool, rows.anchors, of_anchors)
    np.add.at(of_pool, places, of_keys)
    parts = np.split(of_pool, np.cumsum([len(z) for z, _ in blocks])[:-1])
    return value, [pull(part) for (_, pull), part in zip(units, parts)], (g * q).sum()


def _tempered(
    steps: Any, blocks: Sequence[tuple[Array, Any]], rows: Rows, temperature: float
) -> tuple[Outputs, list[Array]]:
    scale, slope = steps.inverse(temperature)
    value, parts, of_scale = contrast(steps, blocks, rows, scale)
    found = {
        "value": value,
        "grad_anchors": parts[0],
        "grad_positives": parts[1],
        "grad_temperature": slope * of_scale,
    }
    return found, parts


def info_nce(
    steps: GivenSteps,
    anchors: Array,
    positives: Array,
    negatives: Array,
    mask: Array,
    temperature: float,
) -> Outputs:
    """Negatives of each anchor's own."""
    n, m, n_dim = negatives.shape
    every = np.arange(n)
    rows = Rows(every, n + every, 2 * n + np.arange(n * m).reshape(n, m), mask)
    flat = negatives.reshape(n * m, n_dim)
    keys = steps.normalise_keys
    blocks = [
        (anchors, steps.normalise_anchors),
        (positives, keys),
        (flat, steps.normalise_negatives),
    ]
    found, parts = _tempered(steps, blocks, rows, temperature)
    return found | {"grad_negatives": parts[2].reshape(n, m, n_dim)}


def info_nce_unpaired(
    steps: GivenSteps,
    anchors: Array,
    positives: Array,
    negatives: Array,
    mask: Array,
    temperature: float,
) -> Outputs:
    """The same negatives for every anchor."""
    n, m = mask.shape
    every = np.arange(n)
    rows = Rows(every, n + every, np.tile(2 * n + np.arange(m), (n, 1)), mask)
    keys = steps.normalise_keys
    blocks = [
        (anchors, steps.normalise_anchors),
        (positives, keys),
        (negatives, steps.normalise_negatives),
    ]
    found, parts = _tempered(steps, blocks, rows, temperature)
    return found | {"grad_negatives": parts[2]}


def info_nce_in_batch(
    steps: BatchSteps, anchors: Array, positives: Array, temperature: float
) -> Outputs:
    """The other anchors' positives are the negatives."""
    blocks = [(anchors, steps.normalise_anchors), (positives, steps.normalise_keys)]
    return _tempered(steps, blocks, steps.batch(len(anchors)), temperature)[0]
