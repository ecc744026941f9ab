"""Slips in SigLIP: signs, bias, which pairs count."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.views.textbook import SiglipSteps

_Z = "z = 1 for an image and its own text, -1 for all others"
_S = "s = e^l q + b"
_L = "L = -(1/n) sum_ij ln sigma(z_ij s_ij)"


class _Signs(SiglipSteps):
    """z of an own pair and of all others; right: 1 and -1."""

    def __init__(self, own: float, other: float) -> None:
        self.own, self.other = own, other

    def signs(self, m: int, n: int, first: int, kind: Any) -> Array:
        z = super().signs(m, n, first, kind)
        return np.where(z > 0.0, kind.type(self.own), kind.type(self.other))


ZERO_LABELS = Mistake(
    "siglip-labels-0",
    "labels 0 and 1 where -1 and 1 are meant: negatives have z = 0",
    _Signs(1.0, 0.0),
    effect=(
        "Negatives give ln 2 each and no gradient: every vector is pulled to its partner and to"
        " nothing else, collapse."
    ),
    fix=f"{_Z}; the slip: the identity, without 2 I - 1",
)

SIGNS_TURNED = Mistake(
    "siglip-signs-turned",
    "the signs are the other way round",
    _Signs(-1.0, 1.0),
    effect="Pairs are pushed apart and strangers pulled together.",
    fix=f"{_Z}; the slip: 1 - 2 I",
)

ALL_NEGATIVE = Mistake(
    "siglip-all-negative",
    "every pair has z = -1: labels of a chunk that has no positives (the other devices') on the own chunk",
    _Signs(-1.0, -1.0),
    effect="Nothing is pulled together.",
    fix=f"{_Z}; the slip: -1 throughout",
)


class _Bias(SiglipSteps):
    """s = e^l (q + inside b) + outside b; right: 0 and 1."""

    def __init__(self, outside: float, inside: float = 0.0) -> None:
        self.outside, self.inside = outside, inside

    def affine(self, q: Array, scale: float, bias: float) -> tuple[Array, float, Array, float]:
        by_bias = self.outside + self.inside * scale
        of_scale = q + q.dtype.type(self.inside * bias)
        return q.dtype.type(scale) * q + q.dtype.type(by_bias * bias), scale, of_scale, by_bias


NO_BIAS = Mistake(
    "siglip-no-bias",
    "the bias is not added",
    _Bias(0.0),
    effect=(
        "Pairs are as likely as strangers to begin with: the first steps push everything apart, and"
        " PMI - ln(n - 1) cannot be reached."
    ),
    fix=f"{_S}; the slip: e^l q",
)

BIAS_SIGN = Mistake(
    "siglip-bias-subtracted",
    "the bias is subtracted",
    _Bias(-1.0),
    effect="Started at -10, it calls every pair a match: a loss of 10 a negative. What is learnt is -b.",
    fix=f"{_S}; the slip: e^l q - b",
)

BIAS_SCALED = Mistake(
    "siglip-bias-scaled",
    "the bias is multiplied by the scale: e^l (q + b)",
    _Bias(0.0, 1.0),
    effect=(
        "The same functions, other parameters: -10 at the start is -100 in the logits, and"
        " gradients of scale and bias mix."
    ),
    fix=f"{_S}; the slip: e^l (q + b)",
)


class _BiasFixed(SiglipSteps):
    def __init__(self, size: float) -> None:
        self.size = size

    def affine(self, q: Array, scale: float, bias: float) -> tuple[Array, float, Array, float]:
        return q.dtype.type(scale) * q - q.dtype.type(self.size), scale, q, 0.0


BIAS_FIXED = Mistake(
    "siglip-bias-fixed",
    "the bias handed over is not used: its start in its place",
    _BiasFixed(10.0),
    effect="The bias cannot follow ln(n - 1).",
    fix=f"{_S}; the slip: e^l q - 10",
    number=Number("-b", _BiasFixed, (10.0, 1.0, 5.0)),
)


class _Weighed(SiglipSteps):
    """Losses of own pairs and of others multiplied; right: 1 and 1."""

    def __init__(self, own: Any, other: Any) -> None:
        self.own_pairs, self.other_pairs = own, other

    def pairs(self, z: Array, s: Array) -> tuple[Array, Array]:
        losses, slopes = super().pairs(z, s)
        own, other = self.own_pairs(*z.shape), self.other_pairs(*z.shape)
        factor = np.where(z > 0.0, z.dtype.type(own), z.dtype.type(other))
        return factor * losses, factor * slopes


POSITIVES_ALONE = Mistake(
    "siglip-positives-alone",
    "the diagonal alone: an image and its own text",
    _Weighed(lambda m, n: 1.0, lambda m, n: 0.0),
    effect="Nothing is pushed apart: collapse, the loss goes to 0.",
    fix=f"{_L} over all pairs; the slip: j = i",
)

NEGATIVES_ALONE = Mistake(
    "siglip-negatives-alone",
    "the diagonal is left out",
    _Weighed(lambda m, n: 0.0, lambda m, n: 1.0),
    effect="Nothing is pulled together.",
    fix=f"{_L} over all pairs; the slip: j != i",
)

BALANCED = Mistake(
    "siglip-balanced",
    "negatives are divided by their number an image: as much weight as the positive",
    _Weighed(lambda m, n: 1.0, lambda m, n: 1.0 / (n - 1)),
    effect="The optimum is PMI instead of PMI - ln(n - 1); the bias starts far from it. Nothing to see at n = 2.",
    fix=f"{_L}; the slip: 1/(n - 1) for j != i",
)

POSITIVES_WEIGHED = Mistake(
    "siglip-positives-times-n",
    "positives are weighed by the number of negatives",
    _Weighed(lambda m, n: float(n - 1), lambda m, n: 1.0),
    effect="As siglip-balanced, n - 1 times larger.",
    fix=f"{_L}; the slip: n - 1 for j = i",
)


class _Probability(SiglipSteps):
    """1 - sigma for -ln sigma."""

    def pairs(self, z: Array, s: Array) -> tuple[Array, Array]:
        _, missed = self.log_sigmoid(z * s)
        _, hit = self.log_sigmoid(-z * s)
        return missed, -z * missed * hit


NOT_LOGGED = Mistake(
    "siglip-not-logged",
    "the probability of a miss, 1 - sigma(z s), not -ln sigma(z s)",
    _Probability(),
    effect="Pairs that are badly wrong do not pull; strangers at b = -10 give nothing to learn from.",
    fix=f"{_L}; the slip: 1 - sigma(z s)",
)


class _Smoothed(SiglipSteps):
    """Labels 1 - eps and eps for 1 and 0."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def pairs(self, z: Array, s: Array) -> tuple[Array, Array]:
        losses, slopes = super().pairs(z, s)
        eps = z.dtype.type(self.eps)
        return losses + eps * z * s, slopes + eps * z


SMOOTHED = Mistake(
    "siglip-labels-smoothed",
    "labels are smoothed: 1 - eps for a pair, eps for strangers",
    _Smoothed(0.1),
    effect="Logits are bounded; with n - 1 strangers a pair, eps of them called pairs swamps the pairs.",
    fix=f"{_L}; the slip: binary cross-entropy with targets 1 - eps and eps",
    number=Number("eps", _Smoothed, (0.1, 0.05, 0.01)),
)

MISTAKES = (
    ZERO_LABELS,
    SIGNS_TURNED,
    ALL_NEGATIVE,
    NO_BIAS,
    BIAS_SIGN,
    BIAS_SCALED,
    BIAS_FIXED,
    POSITIVES_ALONE,
    NEGATIVES_ALONE,
    BALANCED,
    POSITIVES_WEIGHED,
    NOT_LOGGED,
    SMOOTHED,
)
