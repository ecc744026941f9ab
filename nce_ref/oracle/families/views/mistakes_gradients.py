"""Gradients by a log-scale, a bias and gathered keys written by hand, or cut off: the value is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake
from nce_ref.oracle.families.views.textbook import LogScaleSteps, ShardSteps, SiglipSteps

_L = "dL/dl = e^l sum g q"
_G = "the derivative of the device's loss by all keys"


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

    def affine(self, q: Array, scale: float, bias: float) -> tuple[Array, float, Array, float]:
        s, of_q, of_scale, _ = super().affine(q, scale, bias)
        return s, of_q, of_scale, self.slope(scale, q.size)


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


class _Gathered(ShardSteps):
    def __init__(self, change: Callable[[Array, int, int], Array]) -> None:
        self.change = change

    def gathered(self, gradient: Array, m: int, n: int) -> Array:
        return self.change(gradient, m, n)


GATHERED_DETACHED = Mistake(
    "shard-keys-detached",
    "no gradient reaches the gathered keys: all_gather without autograd",
    _Gathered(lambda g, m, n: np.zeros_like(g)),
    effect=(
        "Each vector learns as an anchor and never as a key: half of the gradient of the whole, in"
        " another direction."
    ),
    fix=f"{_G}; the slip: 0",
    gradient=True,
    # SigLIP has no other keys: embeddings-keys-detached there.
    only=("clip_shard", "nt_xent_shard", "sup_con_shard"),
)

GATHERED_TIMES = Mistake(
    "shard-gradient-times-devices",
    "the gathered keys' gradient is multiplied by the number of devices",
    _Gathered(lambda g, m, n: g * g.dtype.type(n // m)),
    effect="The keys' part of the gradient outweighs the anchors': another direction. Nothing to see with one device.",
    fix=f"{_G}; the slip: n/m times",
    gradient=True,
)

GATHERED_MEAN = Mistake(
    "shard-gradient-averaged",
    "the gathered keys' gradient is divided by the number of devices",
    _Gathered(lambda g, m, n: g / g.dtype.type(n // m)),
    effect=(
        "As shard-gradient-times-devices, the other way. Right where what all devices give is"
        " averaged, not added: then the anchors' too."
    ),
    fix=f"{_G}; the slip: m/n times",
    gradient=True,
)


def _own_alone(g: Array, m: int, n: int) -> Array:
    """Zero but for one block of m rows: the first."""
    kept = np.zeros_like(g)
    kept[:m] = g[:m]
    return kept


FIRST_BLOCK = Mistake(
    "shard-gradient-first-block",
    "the gradient of the gathered keys is kept for the first device's alone",
    _Gathered(_own_alone),
    effect="The other devices' keys are never pushed. Nothing to see with one device.",
    fix=f"{_G}; the slip: the first m rows",
    gradient=True,
)

MISTAKES = (
    NO_CHAIN,
    SCALE_DETACHED,
    SCALE_SIGN,
    BIAS_DETACHED,
    BIAS_AVERAGED,
    BIAS_SCALED,
    GATHERED_DETACHED,
    GATHERED_TIMES,
    GATHERED_MEAN,
    FIRST_BLOCK,
)
