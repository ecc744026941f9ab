"""Gradients by a log-scale and a bias written by hand, or cut off: the value is right."""

from __future__ import annotations

from typing import Any

from nce_ref.oracle.families.base import Array, Mistake
from nce_ref.oracle.families.views.textbook import LogScaleSteps, SiglipSteps

_L = "dL/dl = e^l sum g q"


class _NoChain(LogScaleSteps):
    def exponential(self, log_scale: float) -> tuple[float, float]:
        return super().exponential(log_scale)[0], 1.0


NO_CHAIN = Mistake(
    "log-scale-gradient-of-scale",
    "the gradient by e^l is returned for that by l",
    _NoChain(),
    effect="A learnt scale moves e^l times too slowly. Nothing to see at l = 0.",
    fix=f"{_L}; the slip: sum g q",
    gradient=True,
)


class _Detached(LogScaleSteps):
    def exponential(self, log_scale: float) -> tuple[float, float]:
        return super().exponential(log_scale)[0], 0.0


SCALE_DETACHED = Mistake(
    "log-scale-detached",
    "no gradient reaches the scale",
    _Detached(),
    effect="A scale that was meant to be learnt stays where it began.",
    fix=f"{_L}; the slip: 0",
    gradient=True,
)


class _Turned(LogScaleSteps):
    def exponential(self, log_scale: float) -> tuple[float, float]:
        scale, slope = super().exponential(log_scale)
        return scale, -slope


SCALE_SIGN = Mistake(
    "log-scale-gradient-sign",
    "the log-scale's gradient has the sign of a log-temperature's",
    _Turned(),
    effect="A learnt scale runs away from its optimum.",
    fix=f"{_L}; the slip: -e^l sum g q",
    gradient=True,
)


class _OfBias(SiglipSteps):
    """The slope by the bias multiplied; right: 1."""

    def __init__(self, slope: Any) -> None:
        self.slope = slope

    def affine(self, q: Array, scale: float, bias: float) -> tuple[Array, float, float]:
        s, of_q, _ = super().affine(q, scale, bias)
        return s, of_q, self.slope(scale, q.size)


BIAS_DETACHED = Mistake(
    "siglip-bias-detached",
    "no gradient reaches the bias",
    _OfBias(lambda scale, n_pairs: 0.0),
    effect="The bias stays where it began, and cannot follow ln(n - 1).",
    fix="dL/db = sum g; the slip: 0",
    gradient=True,
)

BIAS_AVERAGED = Mistake(
    "siglip-bias-gradient-averaged",
    "the bias's gradient is averaged over the pairs instead of added",
    _OfBias(lambda scale, n_pairs: 1.0 / n_pairs),
    effect="The bias moves n^2 times too slowly.",
    fix="dL/db = sum g; the slip: mean g",
    gradient=True,
)

BIAS_SCALED = Mistake(
    "siglip-bias-gradient-scaled",
    "the bias's gradient is multiplied by e^l",
    _OfBias(lambda scale, n_pairs: scale),
    effect="The bias moves e^l times too fast: it overshoots.",
    fix="dL/db = sum g; the slip: e^l sum g",
    gradient=True,
)

MISTAKES = (
    NO_CHAIN,
    SCALE_DETACHED,
    SCALE_SIGN,
    BIAS_DETACHED,
    BIAS_AVERAGED,
    BIAS_SCALED,
)
