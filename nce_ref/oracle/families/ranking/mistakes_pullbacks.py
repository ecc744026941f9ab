"""Gradients by vectors and temperature written by hand, or cut off: the value is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake
from nce_ref.oracle.families.by_hand import CLIMBS
from nce_ref.oracle.families.ranking.textbook_embeddings import (
    Back,
    EmbeddingSteps,
    TemperatureSteps,
    TwoSidedSteps,
)

_BACK = "dL/dz = (D - u (u . D))/|z|, D = dL/du"
_T = "dL/dt = -sum g q/t^2"


class _Pullback(EmbeddingSteps):
    """The pullback through the unit length replaced: (g, u, |z|)."""

    def __init__(self, back: Callable[[Array, Array, Array], Array]) -> None:
        self.back = back

    def normalise(self, z: Array) -> tuple[Array, Back]:
        u, _ = super().normalise(z)
        size = np.sqrt((z * z).sum(axis=1, keepdims=True))
        return u, lambda g: self.back(g, u, size)


LENGTH_DETACHED = Mistake(
    "pullback-length-detached",
    "the length is taken for a constant: D/|z|, as z / norm(z).detach() has it",
    _Pullback(lambda g, u, size: g / size),
    effect="Vectors grow or shrink for ever, since the part along z is left in. A finite-difference check sees it.",
    fix=f"{_BACK}; the slip: D/|z|",
    gradient=True,
)

LENGTH_FORGOTTEN = Mistake(
    "pullback-not-divided",
    "the pullback is not divided by the length",
    _Pullback(lambda g, u, size: g - u * (u * g).sum(axis=1, keepdims=True)),
    effect="Long vectors move too far and short ones too little. Nothing to see for vectors of length 1.",
    fix=f"{_BACK}; the slip: D - u (u . D)",
    gradient=True,
)

UNITS_GRADIENT = Mistake(
    "pullback-forgotten",
    "the derivative by the unit vectors is returned for that by the vectors",
    _Pullback(lambda g, u, size: g),
    effect="The gradient of another parameter: it has a part along z, and ignores the length.",
    fix=f"{_BACK}; the slip: D",
    gradient=True,
)

PROJECTED_WRONGLY = Mistake(
    "pullback-projection-sign",
    "the part along the vector is added instead of taken away",
    _Pullback(lambda g, u, size: (g + u * (u * g).sum(axis=1, keepdims=True)) / size),
    effect="The part along z is doubled where it should vanish: lengths run away.",
    fix=f"{_BACK}; the slip: (D + u (u . D))/|z|",
    gradient=True,
)


class _KeysDetached(TwoSidedSteps):
    def normalise_keys(self, z: Array) -> tuple[Array, Back]:
        u, _ = super().normalise_keys(z)
        return u, lambda g: np.zeros_like(g)


KEYS_DETACHED = Mistake(
    "embeddings-keys-detached",
    "no gradient reaches the keys, positives included",
    _KeysDetached(),
    effect="Right where another law moves the keys (a momentum encoder); else that side never learns.",
    fix="dL/du_k = kappa g_k u_a; the slip: 0",
    gradient=True,
)


class _AnchorsDetached(TwoSidedSteps):
    def normalise_anchors(self, z: Array) -> tuple[Array, Back]:
        u, _ = super().normalise_anchors(z)
        return u, lambda g: np.zeros_like(g)


ANCHORS_DETACHED = Mistake(
    "embeddings-anchors-detached",
    "no gradient reaches the anchors",
    _AnchorsDetached(),
    effect="The anchors' side never learns.",
    fix="dL/du_a = kappa sum_k g_k u_k; the slip: 0",
    gradient=True,
)


class _Anchors(EmbeddingSteps):
    """What the anchor's role gives multiplied by ``of_anchor``, what the key's gives by ``of_key``; right: 1 and 1."""

    def __init__(self, of_anchor: float, of_key: float) -> None:
        self.of_anchor, self.of_key = of_anchor, of_key

    def similarity(self, a: Array, keys: Array) -> tuple[Array, Any]:
        q, back = super().similarity(a, keys)

        def pull(g: Array) -> tuple[Array, Array]:
            of_a, of_keys = back(g)
            return self.of_anchor * of_a, self.of_key * of_keys

        return q, pull


KEY_ROLE_TWICE = Mistake(
    "pullback-key-role-twice",
    "what a vector gets as a key is counted twice",
    _Anchors(1.0, 2.0),
    effect=CLIMBS,
    fix="dL/du_k = kappa g_k u_a; the slip: 2 kappa g_k u_a",
    gradient=True,
)


class _Slope(TemperatureSteps):
    """The slope of 1/t replaced by ``slope(t)``."""

    def __init__(self, slope: Callable[[float], float]) -> None:
        self.slope = slope

    def inverse(self, t: float) -> tuple[float, float]:
        return super().inverse(t)[0], self.slope(t)


TEMPERATURE_NOT_SQUARED = Mistake(
    "temperature-gradient-not-squared",
    "the temperature's gradient is divided by t, not by t^2",
    _Slope(lambda t: -1.0 / t),
    effect="A learnt temperature moves too slowly by the factor t. Nothing to see at t = 1.",
    fix=f"{_T}; the slip: -sum g q/t",
    gradient=True,
)

TEMPERATURE_SIGN = Mistake(
    "temperature-gradient-sign",
    "the temperature's gradient has the wrong sign: that of a factor, not of a divisor",
    _Slope(lambda t: 1.0 / t**2),
    effect="A learnt temperature runs away from its optimum.",
    fix=f"{_T}; the slip: +sum g q/t^2",
    gradient=True,
)

TEMPERATURE_DETACHED = Mistake(
    "temperature-detached",
    "no gradient reaches the temperature",
    _Slope(lambda t: 0.0),
    effect="A temperature that was meant to be learnt stays where it began.",
    fix=f"{_T}; the slip: 0",
    gradient=True,
)

TEMPERATURE_AS_FACTOR = Mistake(
    "temperature-gradient-of-its-inverse",
    "the gradient by 1/t is returned for that by t",
    _Slope(lambda t: 1.0),
    effect="The wrong sign, and t^2 times too small: the temperature runs away.",
    fix=f"{_T}; the slip: sum g q",
    gradient=True,
)

MISTAKES = (
    LENGTH_DETACHED,
    LENGTH_FORGOTTEN,
    UNITS_GRADIENT,
    PROJECTED_WRONGLY,
    KEYS_DETACHED,
    ANCHORS_DETACHED,
    KEY_ROLE_TWICE,
    TEMPERATURE_NOT_SQUARED,
    TEMPERATURE_SIGN,
    TEMPERATURE_DETACHED,
    TEMPERATURE_AS_FACTOR,
)
