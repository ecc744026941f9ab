"""Slips in which views are compared, in NT-Xent and SupCon: the anchor itself, its partner, its label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Inputs, Mistake, Number, Objective, Outputs
from nce_ref.oracle.families.ranking.textbook_embeddings import Places, Rows, others
from nce_ref.oracle.families.views.textbook import NTXentSteps, SupConSteps

_A = "each of the 2n views against all others: its partner is the positive, the other 2n - 2 are negatives"


class _Rows(NTXentSteps):
    """The rows replaced by a function of the right ones, (m, n, first, keys)."""

    def __init__(self, change: Callable[[Rows, int, int, int, int], Rows]) -> None:
        self.change = change

    def view_rows(self, m: int, n: int, first: int, keys: int) -> Rows:
        return self.change(super().view_rows(m, n, first, keys), m, n, first, keys)


def _own(m: int, n: int, first: int) -> Places:
    """The places of the anchors themselves among all views."""
    return np.concatenate([first + np.arange(m), n + first + np.arange(m)])


def _with_self(rows: Rows, m: int, n: int, first: int, keys: int) -> Rows:
    own = keys + _own(m, n, first)[:, None]
    return Rows(rows.anchors, rows.positives, np.concatenate([rows.negatives, own], axis=1))


SELF_KEPT = Mistake(
    "nt-xent-self-not-masked",
    "the view itself is in its denominator, with cosine 1",
    _Rows(_with_self),
    effect=(
        "The loss cannot fall below ln(1 + e^{1/t - s}): at least ln 2, and every negative weighs"
        " little beside e^{1/t}."
    ),
    fix=f"{_A}; the slip: 2n keys, the diagonal among them",
)


class _SelfAtZero(NTXentSteps):
    """The diagonal's logit set to 0, which counts as e^0."""

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        more = np.concatenate([negatives, np.zeros_like(positive)[:, None]], axis=1)
        losses, of_positive, of_negatives = super().rows(positive, more)
        return losses, of_positive, of_negatives[:, :-1]


SELF_AT_ZERO = Mistake(
    "nt-xent-self-logit-0",
    "the view's own logit is set to 0 instead of -inf: multiplied by 1 - I, and counted as e^0",
    _SelfAtZero(),
    effect="A negative more at a right angle: felt where the others are far, as late in training.",
    fix=f"{_A}; the slip: s_aa = 0",
    only=("nt_xent", "nt_xent_shard"),
)


def _across(rows: Rows, m: int, n: int, first: int, keys: int) -> Rows:
    own = first + np.arange(m)
    return Rows(
        rows.anchors,
        rows.positives,
        keys + np.concatenate([n + others(own, n), others(own, n)]),
    )


OTHER_VIEW_ALONE = Mistake(
    "nt-xent-other-view-alone",
    "the negatives are of the other view alone: n - 1 of them, as in CLIP",
    _Rows(_across),
    effect="Half of the negatives; the chance value is ln n, not ln(2n - 1).",
    fix=f"{_A}; the slip: the other view's n - 1",
)


def _within(rows: Rows, m: int, n: int, first: int, keys: int) -> Rows:
    own = first + np.arange(m)
    return Rows(
        rows.anchors,
        rows.positives,
        keys + np.concatenate([others(own, n), n + others(own, n)]),
    )


SAME_VIEW_ALONE = Mistake(
    "nt-xent-same-view-alone",
    "the negatives are of the anchor's own view alone",
    _Rows(_within),
    effect="Views of different augmentations are never told apart from each other: the two views may drift apart.",
    fix=f"{_A}; the slip: the own view's n - 1",
)


def _first_views(rows: Rows, m: int, n: int, first: int, keys: int) -> Rows:
    return Rows(rows.anchors[:m], rows.positives[:m], rows.negatives[:m])


ONE_DIRECTION = Mistake(
    "nt-xent-first-views-alone",
    "only the first views are anchors",
    _Rows(_first_views),
    effect="Half of the rows; the second views are pushed by others' rows alone.",
    fix=f"{_A}; the slip: n anchors",
)


def _neighbour(rows: Rows, m: int, n: int, first: int, keys: int) -> Rows:
    """The partner of stacked views where interleaved ones are expected: rows 2i and 2i + 1."""
    own = _own(m, n, first)
    partner = own ^ 1
    rest = np.array(
        [[k for k in range(2 * n) if k not in (a, p)] for a, p in zip(own, partner)], dtype=np.intp
    )
    return Rows(rows.anchors, keys + partner, keys + rest)


INTERLEAVED = Mistake(
    "nt-xent-views-interleaved",
    "rows 2i and 2i + 1 are taken for a pair, where i and n + i are one",
    _Rows(_neighbour),
    effect=(
        "Views of different examples are pulled together: nothing is learnt, while the loss falls."
        " Right for whoever stacks them so."
    ),
    fix=f"{_A}, partners i and n + i; the slip: 2i and 2i + 1",
)


def _next(rows: Rows, m: int, n: int, first: int, keys: int) -> Rows:
    own = first + np.arange(m)
    after = (own + 1) % n
    both, partner = np.concatenate([own, n + own]), np.concatenate([n + after, after])
    rest = np.array(
        [[k for k in range(2 * n) if k not in (a, p)] for a, p in zip(both, partner)],
        dtype=np.intp,
    )
    return Rows(rows.anchors, keys + partner, keys + rest)


PARTNER_OFF = Mistake(
    "nt-xent-partner-off-by-one",
    "the positive is the other view of the next example",
    _Rows(_next),
    effect="Every view is pulled to a stranger.",
    fix=f"{_A}; the slip: n + i + 1",
)


def _self_positive(rows: Rows, m: int, n: int, first: int, keys: int) -> Rows:
    own = _own(m, n, first)
    return Rows(rows.anchors, keys + own, keys + others(own, 2 * n))


SELF_POSITIVE = Mistake(
    "nt-xent-self-as-positive",
    "the view itself is its positive: labels 0 ... 2n - 1 on the whole matrix",
    _Rows(_self_positive),
    effect="The partner is pushed away like any other: uniformity, and no alignment.",
    fix=f"{_A}; the slip: label a of row a",
)

_P = (
    "P_i the others of i's label; (1/|P_i|) sum over them outside the logarithm; the mean over the"
    " anchors that have one"
)


class _Positive(SupConSteps):
    """Which keys are positives, by a function of (labels, all labels, places of the anchors)."""

    def __init__(self, positive: Callable[[Array, Array, Places], Array]) -> None:
        self.of = positive

    def is_positive(self, labels: Array, all_labels: Array, first: int) -> Array:
        return self.of(labels, all_labels, first + np.arange(len(labels)))


def _also_self(labels: Array, every: Array, own: Places) -> Array:
    return labels[:, None] == every[None, :]


class _SelfCounted(SupConSteps):
    """|P_i| counts the anchor itself, which is no term of the sum."""

    def over_positives(self, losses: Array, anchors: Places, m: int) -> tuple[Array, Array]:
        _, place, counts = np.unique(anchors, return_inverse=True, return_counts=True)
        share = (1.0 / (counts[place] + 1.0)).astype(losses.dtype)
        means = np.zeros(len(counts), dtype=losses.dtype)
        np.add.at(means, place, share * losses)
        return means, share


SELF_COUNTED = Mistake(
    "sup-con-self-counted",
    "the anchor counts among its positives when they are counted, not when they are summed",
    _SelfCounted(),
    effect="Anchors of small classes weigh less: 1/2 of what they should with one positive.",
    fix=f"{_P}; the slip: 1/(|P_i| + 1)",
)


def _different(labels: Array, every: Array, own: Places) -> Array:
    return labels[:, None] != every[None, :]


LABELS_TURNED = Mistake(
    "sup-con-labels-turned",
    "those of another label are the positives: the mask is inverted",
    _Positive(_different),
    effect="Classes are mixed as far as possible.",
    fix=f"{_P}; the slip: labels that differ",
)


def _first_alone(labels: Array, every: Array, own: Places) -> Array:
    same = labels[:, None] == every[None, :]
    same[np.arange(len(own)), own] = False
    return same & (np.cumsum(same, axis=1) == 1)


FIRST_POSITIVE = Mistake(
    "sup-con-first-positive-alone",
    "one positive an anchor, the first: argmax of the mask",
    _Positive(_first_alone),
    effect="The others of a class are negatives: it is pulled to one of its members and pushed off the rest.",
    fix=f"{_P}; the slip: the first of them",
)


class _Summed(SupConSteps):
    def over_positives(self, losses: Array, anchors: Places, m: int) -> tuple[Array, Array]:
        means, share = super().over_positives(losses, anchors, m)
        _, counts = np.unique(anchors, return_counts=True)
        _, place = np.unique(anchors, return_inverse=True)
        factor = counts.astype(losses.dtype)
        return factor * means, factor[place] * share


POSITIVES_SUMMED = Mistake(
    "sup-con-positives-summed",
    "the losses over the positives are added, not averaged",
    _Summed(),
    effect="Large classes weigh more, by their size squared.",
    fix=f"{_P}; the slip: without 1/|P_i|",
)


class _AllPairs(SupConSteps):
    """One mean over all pairs of anchor and positive."""

    def over_positives(self, losses: Array, anchors: Places, m: int) -> tuple[Array, Array]:
        means, share = super().over_positives(losses, anchors, m)
        _, place, counts = np.unique(anchors, return_inverse=True, return_counts=True)
        factor = (counts * len(counts) / counts.sum()).astype(losses.dtype)
        return factor * means, factor[place] * share


ALL_PAIRS = Mistake(
    "sup-con-mean-of-all-pairs",
    "one mean over all pairs of an anchor and a positive",
    _AllPairs(),
    effect="Large classes weigh more, by their size.",
    fix=f"{_P}; the slip: sum over pairs / number of pairs",
)


class _Inside(SupConSteps):
    """-ln of the mean probability of the positives: L_in."""

    def over_positives(self, losses: Array, anchors: Places, m: int) -> tuple[Array, Array]:
        _, place, counts = np.unique(anchors, return_inverse=True, return_counts=True)
        least = np.full(len(counts), np.inf, dtype=losses.dtype)
        np.minimum.at(least, place, losses)
        total = np.zeros(len(counts), dtype=losses.dtype)
        np.add.at(total, place, np.exp(least[place] - losses))
        value = least - np.log(total) + np.log(counts).astype(losses.dtype)
        return value, np.exp(least[place] - losses) / total[place]


INSIDE = Mistake(
    "sup-con-inside-the-logarithm",
    "the mean over the positives stands inside the logarithm: L_in of the paper",
    _Inside(),
    effect="The nearest positive gets all the pull, the others none; the paper reports 67.4 % against 78.7 %.",
    fix=f"{_P}; the slip: -ln (1/|P_i|) sum_p softmax_p",
)


class _Zeros(SupConSteps):
    """Anchors without a positive count as 0 in the mean."""

    def over_anchors(self, means: Array, m: int) -> tuple[Any, Array]:
        value, weights = super().over_anchors(means, m)
        share = means.dtype.type(len(means) / m)
        return share * value, share * weights


ALONE_AS_ZERO = Mistake(
    "sup-con-alone-as-zero",
    "anchors without a positive count as 0 in the mean",
    _Zeros(),
    effect="A factor from batch to batch, the share of anchors that have a positive; a choice of several codes.",
    fix=f"{_P}; the slip: divided by all anchors",
)


class _NegativesAlone(SupConSteps):
    """The other positives are left out of the denominator."""

    def label_rows(self, positive: Array, first: int, keys: int) -> Rows:
        rows = super().label_rows(positive, first, keys)
        counts = ~positive[rows.anchors[:, None], rows.negatives - keys]
        return Rows(rows.anchors, rows.positives, rows.negatives, counts)


OTHER_POSITIVES_LEFT_OUT = Mistake(
    "sup-con-other-positives-left-out",
    "the other positives are left out of the denominator: each positive against negatives alone",
    _NegativesAlone(),
    effect="A class may shrink to a point at no cost: another objective (its optimum has no spread within a class).",
    fix="ln sum over all a != i; the slip: over p and other labels",
)


class _WithSelf(SupConSteps):
    def label_rows(self, positive: Array, first: int, keys: int) -> Rows:
        rows = super().label_rows(positive, first, keys)
        own = (keys + first + rows.anchors)[:, None]
        return Rows(rows.anchors, rows.positives, np.concatenate([rows.negatives, own], axis=1))


SELF_IN_DENOMINATOR = Mistake(
    "sup-con-self-not-masked",
    "the anchor itself is in its denominator, with cosine 1",
    _WithSelf(),
    effect="The loss cannot fall below ln 2; negatives weigh little beside e^{1/t}.",
    fix="ln sum over all a != i; the slip: over all a",
)


class _Based(SupConSteps):
    """The factor t/t_base."""

    def __init__(self, base: float) -> None:
        self.base = base

    def is_possible(self, objective: Objective) -> bool:
        return "labels" in objective.arguments

    def finish(self, objective: Objective, inputs: Inputs, outputs: Outputs) -> Outputs:
        t, base = inputs["temperature"], self.base
        scaled = {name: outputs[name] * (t / base) for name in outputs}
        of_factor = outputs["value"] / base
        return {**scaled, "grad_temperature": scaled["grad_temperature"] + of_factor}


T_BASE = Mistake(
    "sup-con-t-base",
    "the loss is multiplied by t/t_base, as the authors' code has it",
    _Based(0.07),
    effect=(
        "None on the optimum at a fixed temperature; where it is learnt, another optimum: low"
        " temperatures cost less."
    ),
    fix="L without a factor; the slip: (t/0.07) L",
    number=Number("t_base", _Based, (0.07, 1.0, 0.1, 0.5)),
)

MISTAKES = (
    SELF_KEPT,
    SELF_AT_ZERO,
    OTHER_VIEW_ALONE,
    SAME_VIEW_ALONE,
    ONE_DIRECTION,
    INTERLEAVED,
    PARTNER_OFF,
    SELF_POSITIVE,
    SELF_COUNTED,
    LABELS_TURNED,
    FIRST_POSITIVE,
    POSITIVES_SUMMED,
    ALL_PAIRS,
    INSIDE,
    ALONE_AS_ZERO,
    OTHER_POSITIVES_LEFT_OUT,
    SELF_IN_DENOMINATOR,
    T_BASE,
)
