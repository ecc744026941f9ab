"""Slips of the hand in the gradient by the model's parameter; the value is right. A finite-difference check sees
them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
    Pullback,
)
from nce_ref.oracle.families.by_hand import CLIMBS, Finish
from nce_ref.oracle.families.densities.textbook import LaplaceSteps, LikelihoodSteps, ScaleSteps

_DB = "dJ/dB = -sqrt(2) sum_t (dJ/dG_t) sign(B u_t) u_t'"

GRADIENT_TRANSPOSED = Mistake(
    "gradient-transposed",
    "the gradient by B is transposed",
    Finish("grad_B", lambda grad, inputs: grad.T),
    effect=CLIMBS + " Nothing to see at n = 1.",
    fix=f"{_DB}: entry (i, j) from source i and coordinate j; the slip: u_t sign(B u_t)'",
    gradient=True,
)


class _ModelSlope(LaplaceSteps):
    """The Laplace model with its value right and ``slope(s)`` for sqrt(2) sign(s)."""

    def __init__(self, slope: Callable[[Array], Array]) -> None:
        self.slope = slope

    def laplace(self, B: Array, c: float, u: Array, is_data: bool = True) -> tuple[Array, Pullback]:
        value, pullback = super().laplace(B, c, u, is_data)
        s, back = self.sources(B, u)
        return value, lambda w: (back(-w[:, None] * self.slope(s)), pullback(w)[1])


GRADIENT_NO_SQRT2 = Mistake(
    "gradient-no-sqrt2",
    "sqrt(2) is in the value and not in the gradient by B",
    _ModelSlope(np.sign),
    effect="With NCE a factor on the gradient by B alone; the likelihood's gradient is 0 where B is sqrt(2) too large. "
    + CLIMBS,
    fix=f"{_DB}; the slip: without sqrt(2)",
    gradient=True,
)

GRADIENT_NO_SIGN = Mistake(
    "gradient-no-sign",
    "the sign of b_i . u is missing in the gradient by B",
    _ModelSlope(lambda s: np.full_like(s, ScaleSteps.sqrt2)),
    effect=CLIMBS + " All rows of the gradient are equal.",
    fix=f"{_DB}; the slip: without sign(B u_t)",
    gradient=True,
)

GRADIENT_TANH = Mistake(
    "gradient-tanh",
    "the gradient has tanh(10 s) for sign(s), the value has |s|",
    _ModelSlope(lambda s: ScaleSteps.sqrt2 * np.tanh(10.0 * s)),
    effect="The gradient's zero is that of another density. " + CLIMBS,
    fix=f"{_DB}; smooth both or neither. The slip: tanh(10 B u_t) for the sign",
    seen="the smoothing of P10's score matching, there in the score alone",
    gradient=True,
)


class _NoLogDetSlope(LikelihoodSteps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        value, slope = super().log_normaliser(B, n_data)
        return value, np.zeros_like(slope)


_DL = "dL/dB = -sqrt(2) mean_x sign(B x) x' + B^-T"

GRADIENT_NO_LOGDET_B = Mistake(
    "gradient-no-logdet-B",
    "B^-T is missing in the gradient of the likelihood, ln|det B| stands in the value",
    _NoLogDetSlope(),
    effect="The gradient always shrinks B. " + CLIMBS,
    fix=f"{_DL}; the slip: without B^-T",
    gradient=True,
)


class _InverseNotTransposed(LikelihoodSteps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        value, slope = super().log_normaliser(B, n_data)
        return value, slope.T


INVERSE_NOT_TRANSPOSED = Mistake(
    "inverse-not-transposed",
    "B^-1 instead of B^-T in the gradient of the likelihood",
    _InverseNotTransposed(),
    effect=CLIMBS + " A test with a symmetric B sees nothing.",
    fix=f"{_DL}; the slip: B^-1",
    gradient=True,
)

NATURAL_GRADIENT = Mistake(
    "natural-gradient",
    "the natural gradient, grad B' B, is returned as the gradient",
    Finish("grad_B", lambda grad, inputs: grad @ inputs["B"].T @ inputs["B"]),
    effect=(
        "None as a direction of ascent, and its zeros are right; but a line search or quasi-Newton"
        " method that takes it for the gradient is misled."
    ),
    fix=f"{_DL}; the natural gradient is that times B' B",
    seen="a method of its own, used for P10's maximum likelihood",
    gradient=True,
)


MISTAKES = (
    GRADIENT_TRANSPOSED,
    GRADIENT_NO_SQRT2,
    GRADIENT_NO_SIGN,
    GRADIENT_TANH,
    GRADIENT_NO_LOGDET_B,
    INVERSE_NOT_TRANSPOSED,
    NATURAL_GRADIENT,
)
