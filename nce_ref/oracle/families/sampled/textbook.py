r"""Class NCE, negative sampling and sampled softmax in plain NumPy, cut into steps that a mistake can replace.

    s = h . w_c + b_c;   t = s - ln q - ln k of class NCE, s of negative sampling, s - ln q of sampled softmax, where
    k cancels
    L_i = -ln sigma(t_y) - sum_j ln sigma(-t_j), or the row of ``ranking/textbook``: softplus(lse t_j - t_y)
    dL/dt = g:   dL/dh_i = sum_c g w_c;   dL/dw_c and dL/db_c are added up over all places where c occurs

Conventions
-----------
targets, negatives   whole numbers that come in the dtype: (n, 1) and (n, k) once they are read; classes may be
                     repeated, hits count
is_target            which of the two a step is asked about
mask                 None, or 1 where a negative counts and 0 where it does not: its t is -inf, and k of a row is the
                     number that count
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref.oracle.families.base import Array, Outputs, Steps
from nce_ref.oracle.families.kernels.textbook import LogSigmoidSteps
from nce_ref.oracle.families.ranking.textbook import InfoNCESteps
from nce_ref.oracle.families.ranking.textbook_embeddings import MaskSteps

Ids = NDArray[np.intp]
Back = Callable[[Array], tuple[Array, Array, Array]]
Losses = Callable[[Array, Array], tuple[Array, Array, Array]]


class SampledSteps(Steps):
    """The right steps from classes to scores, and back."""

    def class_ids(self, classes: Array, n_classes: int) -> Ids:
        """Classes as places in the tables."""
        return classes.astype(np.intp)

    def drawn_for(self, negatives: Array, n: int) -> Array:
        """The negatives of each row, (n, k): its own, or those of all."""
        return np.broadcast_to(negatives, (n, negatives.shape[-1]))

    def class_scores(
        self, h: Array, w: Array, b: Array, ids: Ids, is_target: bool
    ) -> tuple[Array, Back]:
        """h_i . w_c + b_c, (n, k), and its pullback to h, and to w and b of each place."""
        own = w[ids]
        s = np.einsum("id,ikd->ik", h, own) + b[ids]
        return s, lambda g: (np.einsum("ik,ikd->id", g, own), g[:, :, None] * h[:, None, :], g)

    def hits(self, t: Array, own: Ids, others: Ids) -> tuple[Array, Any]:
        """The negatives' t, those equal to the target among them, and its slope: kept as they are."""
        return t, 1.0

    def added_up(self, pieces: Array, ids: Ids, n_classes: int) -> Array:
        """Pieces of a derivative by a table, added to the rows of their classes."""
        found = np.zeros((n_classes, *pieces.shape[1:]), dtype=pieces.dtype)
        np.add.at(found, ids, pieces)
        return found


class PriorSteps(Steps):
    """The right steps of what is subtracted from the scores."""

    def log_prior(self, q: Array, ids: Ids, k: Array, is_target: bool) -> Array:
        """ln q of each class; ``k``: negatives of each row, (n, 1)."""
        return np.asarray(np.log(q)[ids])

    def corrected(self, s: Array, log_prior: Array, is_target: bool) -> Array:
        """s - ln q."""
        return s - log_prior


class PointSteps(LogSigmoidSteps):
    """The right steps of a sigmoid for every class that occurs."""

    mean = InfoNCESteps.mean

    def target_terms(self, t: Array) -> tuple[Array, Array]:
        """-ln sigma(t), and its slope."""
        value, slope = self.log_sigmoid(t)
        return -value, -slope

    def negative_terms(self, t: Array) -> tuple[Array, Array]:
        """-ln sigma(-t), and its slope."""
        value, slope = self.log_sigmoid(-t)
        return -value, slope

    def term_weights(self, n: int, k: int) -> tuple[float, float]:
        """What a row's target and each of its negatives count."""
        return 1.0, 1.0


class NegativeSamplingSteps(SampledSteps, PointSteps):
    """The right steps of negative sampling."""


class ClassNceSteps(NegativeSamplingSteps, PriorSteps):
    """The right steps of class NCE."""

    def log_drawn(self, k: Array, is_target: bool) -> Array:
        """ln k, (n, 1)."""
        return np.log(k)


class SampledSoftmaxSteps(SampledSteps, PriorSteps, InfoNCESteps):
    """The right steps of sampled softmax."""


class CountSteps(MaskSteps):
    """The right steps where some negatives do not count."""

    def n_drawn(self, mask: Array) -> Array:
        """k of each row, (n, 1)."""
        return mask.sum(axis=1, keepdims=True)


class MaskedNegativeSamplingSteps(NegativeSamplingSteps, MaskSteps):
    """The right steps of negative sampling where some negatives do not count."""


class MaskedClassNceSteps(ClassNceSteps, CountSteps):
    """The right steps of class NCE where some negatives do not count."""


class MaskedSampledSoftmaxSteps(SampledSoftmaxSteps, MaskSteps):
    """The right steps of sampled softmax where some negatives do not count."""


def class_nce(
    steps: ClassNceSteps,
    hidden: Array,
    class_vectors: Array,
    biases: Array,
    targets: Array,
    negatives: Array,
    noise_probabilities: Array,
    mask: Array | None = None,
) -> Outputs:
    """A sigmoid for every class that occurs, ln k q beside it."""
    k = _drawn(steps, hidden, negatives, mask)
    by_prior = _by_prior(steps, noise_probabilities, k)

    def corrected(s: Array, ids: Ids, is_target: bool) -> Array:
        return np.asarray(by_prior(s, ids, is_target) - steps.log_drawn(k, is_target))

    return _sampled(
        steps, hidden, class_vectors, biases, targets, negatives, mask, corrected, _points(steps)
    )


def negative_sampling(
    steps: NegativeSamplingSteps,
    hidden: Array,
    class_vectors: Array,
    biases: Array,
    targets: Array,
    negatives: Array,
    mask: Array | None = None,
) -> Outputs:
    """A sigmoid for every class that occurs."""

    def as_it_is(s: Array, ids: Ids, is_target: bool) -> Array:
        return s

    return _sampled(
        steps, hidden, class_vectors, biases, targets, negatives, mask, as_it_is, _points(steps)
    )


def sampled_softmax(
    steps: SampledSoftmaxSteps,
    hidden: Array,
    class_vectors: Array,
    biases: Array,
    targets: Array,
    negatives: Array,
    noise_probabilities: Array,
    mask: Array | None = None,
) -> Outputs:
    """A softmax over the target and the negatives, ln q beside each."""
    by_prior = _by_prior(steps, noise_probabilities, _drawn(steps, hidden, negatives, mask))
    return _sampled(
        steps, hidden, class_vectors, biases, targets, negatives, mask, by_prior, _softmax(steps)
    )


def _by_prior(
    steps: ClassNceSteps | SampledSoftmaxSteps, noise_probabilities: Array, k: Array
) -> Callable[[Array, Ids, bool], Array]:
    """The scores, corrected by ln q of their classes."""

    def corrected(s: Array, ids: Ids, is_target: bool) -> Array:
        prior = steps.log_prior(noise_probabilities, ids, k, is_target)
        return steps.corrected(s, prior, is_target)

    return corrected


def _drawn(steps: Any, hidden: Array, negatives: Array, mask: Array | None) -> Array:
    if mask is None:
        return np.full((len(hidden), 1), negatives.shape[-1], dtype=hidden.dtype)
    count = getattr(steps, "n_drawn", CountSteps().n_drawn)
    return np.asarray(count(mask), dtype=hidden.dtype)


def _points(steps: Any) -> Losses:
    def losses(target: Array, negatives: Array) -> tuple[Array, Array, Array]:
        of_target, up = steps.target_terms(target)
        of_negatives, across = steps.negative_terms(negatives)
        own, each = (target.dtype.type(w) for w in steps.term_weights(*negatives.shape))
        return own * of_target + each * of_negatives.sum(axis=1), own * up, each * across

    return losses


def _softmax(steps: Any) -> Losses:
    def losses(target: Array, negatives: Array) -> tuple[Array, Array, Array]:
        positive, others, up, across = steps.logits(target, negatives)
        found, of_positive, of_negatives = steps.rows(positive, others)
        return found, up * of_positive, across * of_negatives

    return losses


def _sampled(
    steps: Any,
    h: Array,
    w: Array,
    b: Array,
    targets: Array,
    negatives: Array,
    mask: Array | None,
    corrected: Callable[[Array, Ids, bool], Array],
    losses: Losses,
) -> Outputs:
    n, n_classes = len(h), len(w)
    own = steps.class_ids(targets, n_classes)[:, None]
    others = steps.class_ids(steps.drawn_for(negatives, n), n_classes)
    s_own, back_own = steps.class_scores(h, w, b, own, True)
    s_others, back_others = steps.class_scores(h, w, b, others, False)
    t_own = corrected(s_own, own, True)[:, 0]
    t_others, slope = steps.hits(corrected(s_others, others, False), own, others)
    seen: Any = 1.0
    if mask is not None:
        t_others, seen = steps.hide(t_others, mask)
    found, of_own, of_others = losses(t_own, t_others)
    value, share = steps.mean(found)
    g_own, g_others = (share * of_own)[:, None], share[:, None] * of_others * slope * seen
    up_h, up_w, up_b = back_own(g_own)
    across_h, across_w, across_b = back_others(g_others)
    every = np.concatenate([own.ravel(), others.ravel()])
    of_w = np.concatenate([up_w.reshape(-1, w.shape[1]), across_w.reshape(-1, w.shape[1])])
    of_b = np.concatenate([up_b.ravel(), across_b.ravel()])
    return {
        "value": value,
        "grad_hidden": up_h + across_h,
        "grad_class_vectors": steps.added_up(of_w, every, n_classes),
        "grad_biases": steps.added_up(of_b, every, n_classes),
    }
