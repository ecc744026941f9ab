"""Slips of sign in the two kernels, value and derivative together."""

from __future__ import annotations

from nce_ref.oracle.families.base import (
    LOG_2,
    Array,
    Mistake,
)
from nce_ref.oracle.families.kernels.textbook import LogSigmoidSteps, SigmoidSteps


class _Negated(LogSigmoidSteps, SigmoidSteps):
    """``of_value`` f(``of_t`` t) for both kernels; right: 1 and 1."""

    def __init__(self, of_value: float, of_t: float) -> None:
        self.of_value, self.of_t = of_value, of_t

    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().log_sigmoid(self.of_t * t)
        return self.of_value * value, self.of_value * self.of_t * slope

    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().sigmoid(self.of_t * t)
        return self.of_value * value, self.of_value * self.of_t * slope


_RIGHT = "ln sigma(t) = -softplus(-t)"

SOFTPLUS_SIGN = Mistake(
    "softplus-sign",
    "-softplus(t) for ln sigma(t): the sign inside is lost",
    _Negated(1.0, -1.0),
    effect="It is ln(1 - sigma(t)). In an objective it exchanges the labels: see labels-swapped.",
    fix=f"{_RIGHT}; the slip: -softplus(t)",
    only=("log_sigmoid",),
)

LOG_SIGMOID_NEGATED = Mistake(
    "log-sigmoid-negated",
    "softplus(-t) for ln sigma(t): the sign outside is lost",
    _Negated(-1.0, 1.0),
    effect=(
        "In an objective it turns the sense from maximise to minimise, which is a convention there;"
        " here it is a wrong value."
    ),
    fix=f"{_RIGHT}; the slip: softplus(-t)",
    only=("log_sigmoid",),
)


class _BaseTwo(LogSigmoidSteps):
    """log2(2^0 + 2^-t) for ln(e^0 + e^-t)."""

    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().log_sigmoid(LOG_2 * t)
        return value / LOG_2, slope


LOG_SIGMOID_BASE_2 = Mistake(
    "log-sigmoid-base-2",
    "-log2(1 + 2^-t): logaddexp2 for logaddexp",
    _BaseTwo(),
    effect=(
        "It is ln sigma(t ln 2)/ln 2: right in the tails, where both are t or 0, so that only"
        " points near the border are wrong."
    ),
    fix=f"{_RIGHT}, -logaddexp(0, -t); the slip: -logaddexp2(0, -t)",
)


class _NothingAtZero(SigmoidSteps):
    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().sigmoid(t)
        return value * (t != 0.0), slope * (t != 0.0)


SIGMOID_ZERO_LEFT_OUT = Mistake(
    "sigmoid-zero-left-out",
    "the masks t > 0 and t < 0 leave t = 0 as the array was made, at 0",
    _NothingAtZero(),
    effect=(
        "h = 0 instead of 1/2 at points on the border: rare in data, certain at a start with all"
        " parameters 0; ln h is then -inf."
    ),
    fix="t >= 0 and t < 0 cover every t; the slip: t > 0 and t < 0",
)

SIGMOID_SIGN = Mistake(
    "sigmoid-sign",
    "1/(1 + e^t) for sigma(t)",
    _Negated(1.0, -1.0),
    effect="It is 1 - sigma(t): data and noise are exchanged.",
    fix="sigma(t) = 1/(1 + e^-t); the slip: 1/(1 + e^t)",
    only=("sigmoid",),
)


MISTAKES = (
    SOFTPLUS_SIGN,
    LOG_SIGMOID_NEGATED,
    LOG_SIGMOID_BASE_2,
    SIGMOID_ZERO_LEFT_OUT,
    SIGMOID_SIGN,
)
