"""Slips of sign in the two kernels, value and derivative together."""

from __future__ import annotations

from nce_ref.oracle.mistakes.making import made_by
from nce_ref.oracle.textbook import Array, Steps


class _Negated(Steps):
    """``of_value`` f(``of_t`` t) for both kernels; right: 1 and 1."""

    def __init__(self, of_value: float, of_t: float) -> None:
        self.of_value, self.of_t = of_value, of_t

    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().log_sigmoid(self.of_t * t)
        return self.of_value * value, self.of_value * self.of_t * slope

    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().sigmoid(self.of_t * t)
        return self.of_value * value, self.of_value * self.of_t * slope


class _BaseTwo(Steps):
    """log2(2^0 + 2^-t) for ln(e^0 + e^-t)."""

    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().log_sigmoid(self.log_2 * t)
        return value / self.log_2, slope


class _NothingAtZero(Steps):
    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().sigmoid(t)
        return value * (t != 0.0), slope * (t != 0.0)


_RIGHT = "ln sigma(t) = -softplus(-t)"

KERNELS = (
    made_by(
        _Negated(1.0, -1.0),
        "softplus-sign",
        ("log_sigmoid",),
        "-softplus(t) for ln sigma(t): the sign inside is lost",
        effect="It is ln(1 - sigma(t)). In an objective it exchanges the labels: see labels-swapped.",
        fix=f"{_RIGHT}; the slip: -softplus(t)",
    ),
    made_by(
        _Negated(-1.0, 1.0),
        "log-sigmoid-negated",
        ("log_sigmoid",),
        "softplus(-t) for ln sigma(t): the sign outside is lost",
        effect="In an objective it turns the sense from maximise to minimise, which is a convention there; here it is a wrong value.",
        fix=f"{_RIGHT}; the slip: softplus(-t)",
    ),
    made_by(
        _BaseTwo(),
        "log-sigmoid-base-2",
        ("log_sigmoid",),
        "-log2(1 + 2^-t): logaddexp2 for logaddexp",
        effect="It is ln sigma(t ln 2)/ln 2: right in the tails, where both are t or 0, so that only points near the border are wrong.",
        fix=f"{_RIGHT}, -logaddexp(0, -t); the slip: -logaddexp2(0, -t)",
    ),
    made_by(
        _NothingAtZero(),
        "sigmoid-zero-left-out",
        ("sigmoid",),
        "the masks t > 0 and t < 0 leave t = 0 as the array was made, at 0",
        effect="h = 0 instead of 1/2 at points on the border: rare in data, certain at a start with all parameters 0; ln h is then -inf.",
        fix="t >= 0 and t < 0 cover every t; the slip: t > 0 and t < 0",
    ),
    made_by(
        _Negated(1.0, -1.0),
        "sigmoid-sign",
        ("sigmoid",),
        "1/(1 + e^t) for sigma(t)",
        effect="It is 1 - sigma(t): data and noise are exchanged.",
        fix="sigma(t) = 1/(1 + e^-t); the slip: 1/(1 + e^t)",
    ),
)
