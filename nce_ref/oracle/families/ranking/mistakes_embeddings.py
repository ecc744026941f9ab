"""Slips between vectors and logits: the unit length, the similarity, the temperature."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.ranking.textbook_embeddings import (
    Back,
    EmbeddingSteps,
    GivenSteps,
    TemperatureSteps,
    TwoSidedSteps,
)

_U = "u = z/|z|, one length a row"
_Q = "q = u_a . u_k"
_S = "s = q/t, t the argument"


def _as_it_is(z: Array) -> tuple[Array, Back]:
    return z, lambda g: g


def _divided(z: Array, size: Array, slope: Array) -> tuple[Array, Back]:
    """z/size by one number or a number a row; slope = d size/dz, of the same shape as z."""
    u = z / size

    def back(g: Array) -> Array:
        along = (g * u).sum(axis=-1, keepdims=True) if np.ndim(size) else (g * u).sum()
        return g / size - along / size * slope

    return u, back


class _NotNormalised(EmbeddingSteps):
    def normalise(self, z: Array) -> tuple[Array, Back]:
        return _as_it_is(z)


NOT_NORMALISED = Mistake(
    "embeddings-not-normalised",
    "the vectors are compared as they are: inner products instead of cosines",
    _NotNormalised(),
    effect=(
        "Lengths are learnt in the temperature's place: they grow, and the temperature means"
        " nothing. A choice of some codes, not this loss."
    ),
    fix=f"{_U}; the slip: u = z",
)


class _AnchorsAsTheyAre(TwoSidedSteps):
    def normalise_anchors(self, z: Array) -> tuple[Array, Back]:
        return _as_it_is(z)


ANCHORS_NOT_NORMALISED = Mistake(
    "embeddings-anchors-not-normalised",
    "the keys are normalised, the anchors are not",
    _AnchorsAsTheyAre(),
    effect="Each anchor has a temperature of its own, t/|z|, and makes itself sure by growing.",
    fix=f"{_U}, on both sides; the slip: u = z for the anchors",
)


class _KeysAsTheyAre(TwoSidedSteps):
    def normalise_keys(self, z: Array) -> tuple[Array, Back]:
        return _as_it_is(z)


KEYS_NOT_NORMALISED = Mistake(
    "embeddings-keys-not-normalised",
    "the anchors are normalised, the keys are not",
    _KeysAsTheyAre(),
    effect="Long keys win whatever they are: hubs, near to every anchor.",
    fix=f"{_U}, on both sides; the slip: u = z for the keys",
)


class _NegativesAsTheyAre(GivenSteps):
    def normalise_negatives(self, z: Array) -> tuple[Array, Back]:
        return _as_it_is(z)


NEGATIVES_NOT_NORMALISED = Mistake(
    "embeddings-negatives-not-normalised",
    "anchors and positives are normalised, the negatives are not",
    _NegativesAsTheyAre(),
    effect="Long negatives weigh more, short ones hardly anything: which are pushed away hangs on their lengths.",
    fix=f"{_U}, of all three; the slip: u = z for the negatives",
)


class _WholeNorm(EmbeddingSteps):
    def normalise(self, z: Array) -> tuple[Array, Back]:
        size = np.sqrt((z * z).sum())
        return _divided(z, size, z / size)


WHOLE_NORM = Mistake(
    "embeddings-norm-of-the-batch",
    "one length for the whole array: the norm has no axis",
    _WholeNorm(),
    effect="Lengths remain, and all similarities shrink as the batch grows. Nothing to see with one row.",
    fix=f"{_U}; the slip: z / norm(z)",
)


class _ColumnNorm(EmbeddingSteps):
    def normalise(self, z: Array) -> tuple[Array, Back]:
        turned, back = super().normalise(z.T)
        return turned.T, lambda g: back(g.T).T


COLUMN_NORM = Mistake(
    "embeddings-normalised-by-columns",
    "each coordinate is normalised over the batch: dim=0 for dim=1",
    _ColumnNorm(),
    effect="A row's similarities hang on the other rows; with one row all coordinates are 1 or -1.",
    fix=f"{_U}; the slip: z_j/|z_j| over the batch, j a coordinate",
)


class _SquaredNorm(EmbeddingSteps):
    def normalise(self, z: Array) -> tuple[Array, Back]:
        return _divided(z, (z * z).sum(axis=1, keepdims=True), 2.0 * z)


SQUARED_NORM = Mistake(
    "embeddings-squared-norm",
    "divided by |z|^2: the root is missing",
    _SquaredNorm(),
    effect="Short vectors are made long: similarities are divided by both lengths, and shrink by growth.",
    fix=f"{_U}; the slip: z/|z|^2. Nothing to see for vectors of length 1.",
)


class _AbsoluteNorm(EmbeddingSteps):
    def normalise(self, z: Array) -> tuple[Array, Back]:
        return _divided(z, np.abs(z).sum(axis=1, keepdims=True), np.sign(z))


ABSOLUTE_NORM = Mistake(
    "embeddings-l1-norm",
    "divided by sum_j |z_j|: the other norm (p=1)",
    _AbsoluteNorm(),
    effect="Cosines are too small by up to the dimension, more so for vectors off the axes.",
    fix=f"{_U}, |z| the root of the sum of squares; the slip: z/sum |z_j|",
)


class _LayerNorm(EmbeddingSteps):
    def normalise(self, z: Array) -> tuple[Array, Back]:
        d = z - z.mean(axis=1, keepdims=True)
        size = np.sqrt((d * d).mean(axis=1, keepdims=True))
        n = z.dtype.type(z.shape[1])
        u = d / size

        def back(g: Array) -> Array:
            along = g / size - u * (g * u).sum(axis=1, keepdims=True) / (n * size)
            return along - along.mean(axis=1, keepdims=True)

        return u, back


LAYER_NORM = Mistake(
    "embeddings-layer-norm",
    "layer normalisation instead of unit length: less the mean, divided by the standard deviation",
    _LayerNorm(),
    effect="Vectors have length sqrt(n_dim): the temperature is n_dim times lower, and the mean direction is lost.",
    fix=f"{_U}; the slip: (z - mean)/std",
)


class _EpsInNorm(EmbeddingSteps):
    def __init__(self, eps: float) -> None:
        self.eps = eps

    def normalise(self, z: Array) -> tuple[Array, Back]:
        size = np.sqrt((z * z).sum(axis=1, keepdims=True))
        return _divided(z, size + z.dtype.type(self.eps), z / size)


EPS_IN_NORM = Mistake(
    "embeddings-eps-in-norm",
    "an epsilon is added to the length",
    _EpsInNorm(1e-4),
    effect="Short vectors have cosines that are too small; none where lengths are far above it.",
    fix=f"{_U}, at most max(|z|, 1e-12); the slip: z/(|z| + eps)",
    number=Number("eps", _EpsInNorm, (1e-4, 1e-3, 1e-5, 1e-6, 1e-8)),
)


class _Distance(EmbeddingSteps):
    def similarity(self, a: Array, keys: Array) -> tuple[Array, Any]:
        apart = a[:, None, :] - keys
        size = np.sqrt((apart * apart).sum(axis=2))
        unit = apart / np.where(size == 0.0, 1.0, size)[:, :, None]

        def back(g: Array) -> tuple[Array, Array]:
            each = g[:, :, None] * unit
            return -each.sum(axis=1), each

        return -size, back


DISTANCE = Mistake(
    "embeddings-distance",
    "minus the distance of the unit vectors instead of their cosine",
    _Distance(),
    effect=(
        "Another similarity: steep near 0, where the cosine is flat. Minus the squared distance"
        " would be 2 (q - 1), twice the logits."
    ),
    fix=f"{_Q}; the slip: -|u_a - u_k|",
)


class _Opposite(EmbeddingSteps):
    def similarity(self, a: Array, keys: Array) -> tuple[Array, Any]:
        q, back = super().similarity(a, keys)
        return -q, lambda g: back(-g)


OPPOSITE = Mistake(
    "embeddings-similarity-sign",
    "a distance is taken for a similarity: the sign of the logits is wrong",
    _Opposite(),
    effect="Positives are pushed apart and negatives pulled together.",
    fix=f"{_Q}; the slip: -u_a . u_k, as 1 - cosine would have it",
)


class _Clipped(EmbeddingSteps):
    def similarity(self, a: Array, keys: Array) -> tuple[Array, Any]:
        q, back = super().similarity(a, keys)
        return np.maximum(q, 0.0), lambda g: back(g * (q > 0.0))


CLIPPED = Mistake(
    "embeddings-similarity-clipped",
    "cosines below 0 are set to 0",
    _Clipped(),
    effect="Nothing pushes a negative beyond a right angle, and nothing pulls a positive that is beyond one.",
    fix=f"{_Q}, of either sign; the slip: max(q, 0)",
)


class _Multiplied(TemperatureSteps):
    def inverse(self, t: float) -> tuple[float, float]:
        return t, 1.0


MULTIPLIED = Mistake(
    "temperature-multiplied",
    "the cosines are multiplied by the temperature instead of divided by it",
    _Multiplied(),
    effect="Logits are too small by t^2: nearly at chance, all negatives weigh the same. Nothing to see at t = 1.",
    fix=f"{_S}; the slip: s = q t",
)


class _Fixed(TemperatureSteps):
    def __init__(self, t: float) -> None:
        self.t = t

    def inverse(self, t: float) -> tuple[float, float]:
        return 1.0 / self.t, 0.0


FIXED = Mistake(
    "temperature-fixed",
    "the temperature handed over is not used: none, or a constant in its place",
    _Fixed(1.0),
    effect=(
        "The optimum is scaled by what the temperature should be: at 1, cosines between -1 and 1"
        " cannot tell a positive from many negatives."
    ),
    fix=f"{_S}; the slip: q, or q/0.07",
    number=Number("t", _Fixed, (1.0, 0.07, 0.5, 0.1, 0.05, 0.2)),
)


class _Root(TemperatureSteps):
    def inverse(self, t: float) -> tuple[float, float]:
        return 1.0 / np.sqrt(t), -0.5 / t**1.5


ROOT = Mistake(
    "temperature-root",
    "divided by sqrt t, or by each side's sqrt t once too few",
    _Root(),
    effect="Logits are too small by sqrt t.",
    fix=f"{_S}; the slip: s = q/sqrt(t)",
)


class _Squared(TemperatureSteps):
    def inverse(self, t: float) -> tuple[float, float]:
        return 1.0 / t**2, -2.0 / t**3


SQUARED = Mistake(
    "temperature-squared",
    "divided by the temperature twice: both sides, or vectors and logits",
    _Squared(),
    effect="Logits are too large by 1/t: only the hardest negative counts.",
    fix=f"{_S}; the slip: s = q/t^2",
)

MISTAKES = (
    NOT_NORMALISED,
    ANCHORS_NOT_NORMALISED,
    KEYS_NOT_NORMALISED,
    NEGATIVES_NOT_NORMALISED,
    WHOLE_NORM,
    COLUMN_NORM,
    SQUARED_NORM,
    ABSOLUTE_NORM,
    LAYER_NORM,
    EPS_IN_NORM,
    DISTANCE,
    OPPOSITE,
    CLIPPED,
    MULTIPLIED,
    FIXED,
    ROOT,
    SQUARED,
)
