"""Slips in the arithmetic: right formulas that overflow, saturate or lose their digits where the classes are easily
told apart."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
    Number,
)
from nce_ref.oracle.families.kernels.textbook import LogSigmoidSteps, SigmoidSteps


class _ClipLogits(LogSigmoidSteps, SigmoidSteps):
    def __init__(self, limit: float) -> None:
        self.limit = limit

    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().log_sigmoid(np.clip(t, -self.limit, self.limit))
        return value, slope * (np.abs(t) <= self.limit)

    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().sigmoid(np.clip(t, -self.limit, self.limit))
        return value, slope * (np.abs(t) <= self.limit)


_GUARDED = (
    "Far enough points no longer pull: an estimate started badly stays there, and the loss looks"
    " finite and calm."
)

_STABLE = "ln sigma(t) = min(t, 0) - log1p(exp(-|t|)), ln(1 - sigma(t)) = ln sigma(-t)"


CLIP_LOGITS = Mistake(
    "clip-logits",
    "t = G - ln nu is clipped to [-limit, limit]",
    _ClipLogits(30.0),
    effect=f"The gradient is exactly 0 beyond |t| = limit. {_GUARDED}",
    fix=f"{_STABLE}, for any t; the slip: ln sigma(clip(t, -limit, limit))",
    arithmetic=True,
    number=Number("limit", _ClipLogits, (30.0, 10.0, 15.0, 20.0, 50.0, 100.0, 500.0)),
)


class _MinusLog1pExp(LogSigmoidSteps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        e = np.exp(-t)
        return -np.log1p(e), e / (1.0 + e)


LOG1P_EXP = Mistake(
    "log1p-exp",
    "-log1p(exp(-t)), or -ln(1 + exp(-t)), for every t",
    _MinusLog1pExp(),
    effect=(
        "exp overflows from t = -709.8 in float64 and -88.7 in float32: the value is -inf, the"
        " gradient NaN. In an objective the two forms cannot be told apart."
    ),
    fix=f"{_STABLE}; the slip: -log1p(e^-t)",
    arithmetic=True,
)


class _MinusLogOnePlusExp(LogSigmoidSteps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        e = np.exp(-t)
        return -np.log(1.0 + e), e / (1.0 + e)


LOG_ONE_PLUS_EXP = Mistake(
    "log-one-plus-exp",
    "-ln(1 + exp(-t)) for every t",
    _MinusLogOnePlusExp(),
    effect=(
        "As log1p-exp; besides, for t above 36.7 in float64 and 16.6 in float32 the value is 0"
        " instead of -e^-t. In float32 it is naive-log-sigmoid to the last digit that counts."
    ),
    fix=f"{_STABLE}; the slip: -ln(1 + e^-t)",
    arithmetic=True,
    only=("log_sigmoid",),
)


class _LogForLog1p(LogSigmoidSteps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        e = np.exp(-np.abs(t))
        return np.minimum(t, 0.0) - np.log(1.0 + e), super().log_sigmoid(t)[1]


LOG_FOR_LOG1P = Mistake(
    "log-for-log1p",
    "ln(1 + e) for log1p(e)",
    _LogForLog1p(),
    effect=(
        "Hardly any: the value is 0 instead of -e^-t for t above 36.7 (float64) or 16.6 (float32)."
        " It matters to a log-sigmoid used elsewhere, where its tail is multiplied."
    ),
    fix=f"{_STABLE}; the slip: log(1 + exp(-|t|))",
    arithmetic=True,
    only=("log_sigmoid",),
)


class _WhereOverflows(LogSigmoidSteps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().log_sigmoid(t)
        return value, np.where(
            np.isinf(np.exp(np.abs(t))), np.asarray(np.nan, dtype=slope.dtype), slope
        )


WHERE_NAN_GRADIENT = Mistake(
    "where-nan-gradient",
    "both branches of a where() are differentiated, and the one not taken overflows: 0 x inf",
    _WhereOverflows(),
    effect=(
        "The value is right, the gradient NaN for |t| above 709.8 in float64 and 88.7 in float32;"
        " one such point ends the fit."
    ),
    fix=(
        f"{_STABLE}, the exponential of -|t| in one branch for all t; the slip: where(t >= 0,"
        " -log1p(e^-t), t - log1p(e^t))"
    ),
    arithmetic=True,
)


class _ExpOverOnePlusExp(SigmoidSteps):
    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        e = np.exp(t)
        below = 1.0 + e
        return e / below, e / below - e * (e * (1.0 / (below * below)))


EXP_OVER_ONE_PLUS_EXP = Mistake(
    "exp-over-one-plus-exp",
    "e^t/(1 + e^t) for every t",
    _ExpOverOnePlusExp(),
    effect=(
        "inf/inf = NaN for t above 709.8 in float64 and 88.7 in float32; its derivative by"
        " differentiation is 1 instead of 0 from half of that."
    ),
    fix="sigma(t) = 1/(1 + e^-t) for t >= 0, e^t/(1 + e^t) for t < 0; the slip: the latter for all",
    arithmetic=True,
)


class _TanhNotHalved(SigmoidSteps):
    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().sigmoid(2.0 * t)
        return value, 2.0 * slope


TANH_NO_HALF = Mistake(
    "tanh-no-half",
    "(1 + tanh t)/2 for (1 + tanh(t/2))/2: it is sigma(2 t)",
    _TanhNotHalved(),
    effect="Log-ratios count double: the model estimates half of ln p_d - ln p_n.",
    fix="sigma(t) = (1 + tanh(t/2))/2; the slip: t for t/2",
    arithmetic=True,
)


MISTAKES = (
    CLIP_LOGITS,
    LOG1P_EXP,
    LOG_ONE_PLUS_EXP,
    LOG_FOR_LOG1P,
    WHERE_NAN_GRADIENT,
    EXP_OVER_ONE_PLUS_EXP,
    TANH_NO_HALF,
)
