"""Gradients over sampled classes written by hand, or lost on the way to the tables: the value is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake
from nce_ref.oracle.families.sampled.textbook import Back, Ids, PointSteps, SampledSteps

_W = "dL/dw_c = sum of g h_i over all places where c occurs, targets and negatives"
_H = "dL/dh_i = sum of g w_c over the row's target and negatives"
_CHECK = "A finite-difference check sees it."


class _Pulled(SampledSteps):
    """Derivatives by h, w and b multiplied, of the targets' places and of the negatives'; right: 1 throughout."""

    def __init__(
        self,
        targets: tuple[float, float, float] = (1.0, 1.0, 1.0),
        negatives: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> None:
        self.targets, self.negatives = targets, negatives

    def class_scores(
        self, h: Array, w: Array, b: Array, ids: Ids, is_target: bool
    ) -> tuple[Array, Back]:
        s, back = super().class_scores(h, w, b, ids, is_target)
        factors = self.targets if is_target else self.negatives

        def pulled(g: Array) -> tuple[Array, Array, Array]:
            of_h, of_w, of_b = (g.dtype.type(f) * d for f, d in zip(factors, back(g)))
            return of_h, of_w, of_b

        return s, pulled


TARGETS_DETACHED = Mistake(
    "sampled-targets-detached",
    "no gradient reaches the targets' rows of the tables",
    _Pulled(targets=(1.0, 0.0, 0.0)),
    effect=f"Rows are pushed away and nothing is pulled in: scores fall. {_CHECK}",
    fix=f"{_W}; the slip: negatives alone",
    gradient=True,
)

NEGATIVES_DETACHED = Mistake(
    "sampled-negatives-detached",
    "no gradient reaches the negatives' rows of the tables",
    _Pulled(negatives=(1.0, 0.0, 0.0)),
    effect=f"Rows are pulled in and nothing is pushed away: all rows end alike. {_CHECK}",
    fix=f"{_W}; the slip: targets alone",
    gradient=True,
)

HIDDEN_FROM_TARGETS = Mistake(
    "sampled-hidden-from-targets",
    "the gradient by h comes from the target alone",
    _Pulled(negatives=(0.0, 1.0, 1.0)),
    effect=f"h follows its target's row and grows without end. {_CHECK}",
    fix=f"{_H}; the slip: g_y w_y",
    gradient=True,
)

HIDDEN_FROM_NEGATIVES = Mistake(
    "sampled-hidden-from-negatives",
    "the gradient by h comes from the negatives alone",
    _Pulled(targets=(0.0, 1.0, 1.0)),
    effect=f"h flees what is drawn and is drawn to nothing. {_CHECK}",
    fix=f"{_H}; the slip: sum_j g_j w_j",
    gradient=True,
)

HIDDEN_DETACHED = Mistake(
    "sampled-hidden-detached",
    "no gradient reaches h",
    _Pulled((0.0, 1.0, 1.0), (0.0, 1.0, 1.0)),
    effect="Only the tables learn: the network before them stays as it was.",
    fix=f"{_H}; the slip: 0",
    gradient=True,
)

WEIGHTS_DETACHED = Mistake(
    "sampled-weights-detached",
    "no gradient reaches the table of class vectors",
    _Pulled((1.0, 0.0, 1.0), (1.0, 0.0, 1.0)),
    effect="Only h and the biases learn: classes keep the directions that they began with.",
    fix=f"{_W}; the slip: 0",
    gradient=True,
)

BIASES_DETACHED = Mistake(
    "sampled-biases-detached",
    "no gradient reaches the biases",
    _Pulled((1.0, 1.0, 0.0), (1.0, 1.0, 0.0)),
    effect="ln p(y) has to be written into the products.",
    fix="dL/db_c = sum of g over all places where c occurs; the slip: 0",
    gradient=True,
)


BIASES_FROM_NEGATIVES = Mistake(
    "sampled-biases-from-negatives",
    "the gradient by the biases comes from the negatives alone",
    _Pulled(targets=(1.0, 1.0, 0.0)),
    effect=f"Biases fall, of frequent classes the most. {_CHECK}",
    fix="dL/db_c = sum of g over all places where c occurs; the slip: negatives alone",
    gradient=True,
)

BIASES_FROM_TARGETS = Mistake(
    "sampled-biases-from-targets",
    "the gradient by the biases comes from the targets alone",
    _Pulled(negatives=(1.0, 1.0, 0.0)),
    effect=f"Biases grow without end, of frequent classes the most. {_CHECK}",
    fix="dL/db_c = sum of g over all places where c occurs; the slip: targets alone",
    gradient=True,
)


class _Buffered(SampledSteps):
    """grad[ids] += pieces by the targets and by each column of negatives: of equal places in one array the last
    counts."""

    def __init__(self) -> None:
        self.n = 0

    def drawn_for(self, negatives: Array, n: int) -> Array:
        self.n = n
        return super().drawn_for(negatives, n)

    def added_up(self, pieces: Array, ids: Ids, n_classes: int) -> Array:
        if pieces.ndim == 1:
            return super().added_up(pieces, ids, n_classes)
        found = np.zeros((n_classes, *pieces.shape[1:]), dtype=pieces.dtype)
        others = np.arange(self.n, len(ids)).reshape(self.n, -1)
        for places in (np.arange(self.n), *others.T):
            found[ids[places]] += pieces[places]
        return found


BUFFERED = Mistake(
    "sampled-gradient-buffered",
    "grad[ids] += pieces in NumPy, targets and columns of negatives one after the other",
    _Buffered(),
    effect=f"Of a class that is the target of several rows, or drawn by several, one piece is kept. {_CHECK}",
    fix=f"{_W}, added: np.add.at, index_add, scatter_add; the slip: grad[ids] += g h",
    gradient=True,
)


class _Overwritten(SampledSteps):
    def added_up(self, pieces: Array, ids: Ids, n_classes: int) -> Array:
        found = np.zeros((n_classes, *pieces.shape[1:]), dtype=pieces.dtype)
        for k, c in enumerate(ids):
            found[c] = pieces[k]
        return found


OVERWRITTEN = Mistake(
    "sampled-gradient-overwritten",
    "a class that occurs several times gets its last piece alone: grad[ids] = pieces",
    _Overwritten(),
    effect=f"Frequent classes, and targets that are drawn, lose most of their gradient. Nothing to see where "
    f"classes are distinct. {_CHECK}",
    fix=f"{_W}, added: np.add.at, index_add, scatter_add; the slip: grad[ids] = g h, or grad[ids] += g h in NumPy",
    gradient=True,
)


class _Averaged(SampledSteps):
    def added_up(self, pieces: Array, ids: Ids, n_classes: int) -> Array:
        found = super().added_up(pieces, ids, n_classes)
        times = np.maximum(np.bincount(ids, minlength=n_classes), 1).astype(pieces.dtype)
        return np.asarray(found / times.reshape(-1, *[1] * (found.ndim - 1)))


AVERAGED = Mistake(
    "sampled-gradient-averaged",
    "a class that occurs several times gets the mean of its pieces",
    _Averaged(),
    effect=f"Frequent classes learn no faster than rare ones: their scores are no longer probabilities. {_CHECK}",
    fix=f"{_W}, added; the slip: divided by how often it occurs",
    gradient=True,
)


class _HitsCut(SampledSteps):
    def hits(self, t: Array, own: Ids, others: Ids) -> tuple[Array, Any]:
        return t, own != others


HITS_CUT = Mistake(
    "sampled-hits-detached",
    "hits count in the value and not in the gradient",
    _HitsCut(),
    effect="The optimum is that of hits removed, with a loss that says otherwise. " + _CHECK,
    fix=f"{_W}, hits among them; the slip: a mask on the gradient",
    gradient=True,
)


class _Slopes(PointSteps):
    """Slopes of the negatives multiplied, ``certain``: of the targets -1; right: 1, not certain."""

    def __init__(self, negatives: float = 1.0, certain: bool = False) -> None:
        self.negatives, self.certain = negatives, certain

    def target_terms(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().target_terms(t)
        return value, np.full_like(slope, -1.0) if self.certain else slope

    def negative_terms(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().negative_terms(t)
        return value, t.dtype.type(self.negatives) * slope


NEGATIVES_PULLED = Mistake(
    "sampled-negatives-pulled",
    "the negatives' slope has the target's sign",
    _Slopes(negatives=-1.0),
    effect=f"All scores rise, while the printed loss is right. {_CHECK}",
    fix="dL_i/dt_j = sigma(t_j); the slip: -sigma(t_j)",
    gradient=True,
)

TARGET_CERTAIN = Mistake(
    "sampled-target-minus-one",
    "the target's slope is -1: sigma(t_y) is forgotten",
    _Slopes(certain=True),
    effect=f"The target is pulled as hard when it is right: its score grows for ever. {_CHECK}",
    fix="dL_i/dt_y = -sigma(-t_y); the slip: -1",
    gradient=True,
)

MISTAKES = (
    TARGETS_DETACHED,
    NEGATIVES_DETACHED,
    HIDDEN_FROM_TARGETS,
    HIDDEN_FROM_NEGATIVES,
    HIDDEN_DETACHED,
    WEIGHTS_DETACHED,
    BIASES_DETACHED,
    BIASES_FROM_NEGATIVES,
    BIASES_FROM_TARGETS,
    BUFFERED,
    OVERWRITTEN,
    AVERAGED,
    HITS_CUT,
    NEGATIVES_PULLED,
    TARGET_CERTAIN,
)
