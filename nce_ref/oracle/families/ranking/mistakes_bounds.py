"""Slips by a bound: lengths and temperatures kept away from 0, which their slopes no longer see."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.ranking.textbook_embeddings import (
    Back,
    EmbeddingSteps,
    TemperatureSteps,
)


class _AtLeast(EmbeddingSteps):
    """|z| bounded from below, as by a bound on the squared length."""

    def __init__(self, least: float) -> None:
        self.least = least

    def normalise(self, z: Array) -> tuple[Array, Back]:
        size = np.sqrt((z * z).sum(axis=1, keepdims=True))
        held = size < self.least
        bound = np.where(held, z.dtype.type(self.least), size)
        u = z / bound

        def back(g: Array) -> Array:
            along = np.where(held, 0.0, (u * g).sum(axis=1, keepdims=True)).astype(z.dtype)
            return np.asarray((g - u * along) / bound)

        return u, back


LENGTH_BOUNDED = Mistake(
    "embeddings-length-bounded",
    "lengths are bounded from below: shorter vectors keep a length of less than 1",
    _AtLeast(2.0**-11.5),
    effect=(
        "Vectors shorter than the bound have cosines that are too small, and gradients that push them to grow: no"
        " effect once they have, none at all where lengths are far above it."
    ),
    fix="u = z/|z|, at most max(|z|, 1e-12); the slip: z/max(|z|, bound), or z/sqrt(max(|z|^2, bound^2))",
    seen="optax 0.2.8, losses.ntxent in float32: squared lengths are clipped at eps, lengths at 3.5e-4",
    number=Number("bound", _AtLeast, (2.0**-11.5, 1e-2, 1e-3, 1e-4, 1e-6)),
)


class _Held(TemperatureSteps):
    """The temperature bounded from below."""

    def __init__(self, least: float) -> None:
        self.least = least

    def inverse(self, t: float) -> tuple[float, float]:
        if t < self.least:
            return 1.0 / self.least, 0.0
        found: tuple[Any, Any] = super().inverse(t)
        return found


TEMPERATURE_BOUNDED = Mistake(
    "temperature-bounded",
    "the temperature is bounded from below, and where it is below the bound has no gradient",
    _Held(0.02),
    effect=(
        "At a lower temperature the loss is that of the bound. Where it is learnt it stops at the bound, and once"
        " below it never comes back."
    ),
    fix="s = q/t, t the argument; the slip: q/max(t, bound)",
    seen="contrastive-ne 0.4.0: 0.02, as a comment there says",
    number=Number("bound", _Held, (0.02, 0.01, 0.05, 0.1, 0.07)),
)

MISTAKES = (LENGTH_BOUNDED, TEMPERATURE_BOUNDED)
