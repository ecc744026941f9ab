"""Slips in the arithmetic: right formulas that overflow, saturate or lose their digits where the classes are easily told apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.mistakes.base import Mistake
from nce_ref.oracle.mistakes.making import (
    FROM_DENSITIES,
    GAUSSIAN,
    LAPLACE_AND_SCORE,
    LOG_SIGMOID,
    made_by,
)
from nce_ref.oracle.textbook import Array, Steps


class _LogOfProbability(Steps):
    """ln of a computed h and of a computed 1 - h, with what differentiation makes of it: 0/0 where h has saturated."""

    def probability(self, h: Array) -> tuple[Array, Array | float]:
        """What is done to h, and its slope."""
        return h, 1.0

    def log(self, p: Array) -> tuple[Array, Array]:
        """ln p, and its slope."""
        return np.log(p), 1.0 / p

    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        raw = 1.0 / (1.0 + np.exp(-t))
        h, up = self.probability(raw)
        value, slope = self.log(h)
        return value, slope * up * raw * (1.0 - raw)

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        raw = 1.0 / (1.0 + np.exp(-t))
        h, up = self.probability(raw)
        value, slope = self.log(1.0 - h)
        return value, -slope * up * raw * (1.0 - raw)


class _EpsInLog(_LogOfProbability):
    def __init__(self, eps: float) -> None:
        self.eps = eps

    def log(self, p: Array) -> tuple[Array, Array]:
        return super().log(p + self.eps)


class _ClipProbability(_LogOfProbability):
    def __init__(self, eps: float) -> None:
        self.eps = eps

    def probability(self, h: Array) -> tuple[Array, Array | float]:
        clipped = np.clip(h, self.eps, 1.0 - self.eps)
        return clipped, (clipped == h).astype(h.dtype)


class _ClipLogits(Steps):
    def __init__(self, limit: float) -> None:
        self.limit = limit

    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().log_sigmoid(np.clip(t, -self.limit, self.limit))
        return value, slope * (np.abs(t) <= self.limit)

    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().sigmoid(np.clip(t, -self.limit, self.limit))
        return value, slope * (np.abs(t) <= self.limit)


class _MinusLog1pExp(Steps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        e = np.exp(-t)
        return -np.log1p(e), e / (1.0 + e)


class _MinusLogOnePlusExp(Steps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        e = np.exp(-t)
        return -np.log(1.0 + e), e / (1.0 + e)


class _LogForLog1p(Steps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        e = np.exp(-np.abs(t))
        return np.minimum(t, 0.0) - np.log(1.0 + e), super().log_sigmoid(t)[1]


class _Densities(Steps):
    def binary(
        self,
        model_data: Array,
        model_noise: Array,
        noise_data: Array,
        noise_noise: Array,
        nu: float,
    ) -> tuple[Any, Array, Array]:
        of_model, of_noise = np.exp(model_data), nu * np.exp(noise_data)
        h, rest = of_model / (of_model + of_noise), of_noise / (of_model + of_noise)
        of_data, up_data = np.log(h), h * rest / h
        of_model, of_noise = np.exp(model_noise), nu * np.exp(noise_noise)
        h, rest = of_model / (of_model + of_noise), of_noise / (of_model + of_noise)
        of_noise, up_noise = np.log(rest), -h * rest / rest
        data, noise = self.weights(len(model_data), len(model_noise))
        return data * of_data.sum() + noise * of_noise.sum(), data * up_data, noise * up_noise


class _Truncated(Steps):
    sqrt2 = 1.414
    log_2 = 0.693
    log_2pi = 1.838


_STABLE = "ln sigma(t) = min(t, 0) - log1p(exp(-|t|)), ln(1 - sigma(t)) = ln sigma(-t)"
_GUARDED = "Far enough points no longer pull: an estimate started badly stays there, and the loss looks finite and calm."


def _eps_in_log(eps: str, seen: str = "-", suffix: str = "") -> Mistake:
    return made_by(
        _EpsInLog(float(eps)),
        f"eps-in-log{suffix}",
        LOG_SIGMOID,
        f"ln(h + {eps}) and ln(1 - h + {eps})",
        effect=f"The loss saturates at -ln {eps} = {-np.log(float(eps)):.3g} a point, and the gradient dies like e^t/{eps} beyond. "
        + _GUARDED,
        fix=f"{_STABLE}; the slip: ln(sigma(t) + {eps})",
        seen=seen,
    )


def _clip_prob(eps: str, seen: str = "-", suffix: str = "") -> Mistake:
    limit = np.log((1.0 - float(eps)) / float(eps))
    return made_by(
        _ClipProbability(float(eps)),
        f"clip-prob{suffix}",
        LOG_SIGMOID,
        f"h is clipped to [{eps}, 1 - {eps}]",
        effect=f"The gradient is exactly 0 beyond |t| = {limit:.3g}. {_GUARDED} "
        "Where 1 - eps rounds to 1 (float32, eps below 6e-8) the upper clip does nothing and ln(1 - h) is -inf.",
        fix=f"{_STABLE}; the slip: ln(clip(sigma(t), {eps}, 1 - {eps}))",
        seen=seen,
    )


def _clip_logits(limit: int, suffix: str = "") -> Mistake:
    return made_by(
        _ClipLogits(float(limit)),
        f"clip-logits{suffix}",
        (*LOG_SIGMOID, "sigmoid") if limit <= 50 else LOG_SIGMOID,
        f"t = G - ln nu is clipped to [-{limit}, {limit}]",
        effect=f"The gradient is exactly 0 beyond |t| = {limit}. {_GUARDED}",
        fix=f"{_STABLE}, for any t; the slip: ln sigma(clip(t, -{limit}, {limit}))",
    )


NUMERICS = (
    made_by(
        _LogOfProbability(),
        "naive-log-sigmoid",
        LOG_SIGMOID,
        "ln of a computed sigma(t), and ln(1 - sigma(t))",
        effect="ln(1 - h) is -inf from t = 36.8 in float64 and 16.7 in float32, ln h from t = -709.8 and -88.7; the gradients are NaN "
        "there, and one such point ends the fit.",
        fix=f"{_STABLE}; the slip: ln(1/(1 + e^-t)), ln(1 - 1/(1 + e^-t))",
        seen="DeepSpeedExamples #501, CaVE #4",
    ),
    _eps_in_log("1e-8"),
    _eps_in_log("1e-3", suffix="-1e-3"),
    _eps_in_log("1e-4", suffix="-1e-4"),
    _eps_in_log("1e-5", suffix="-1e-5"),
    _eps_in_log("1e-6", suffix="-1e-6"),
    _eps_in_log("1e-7", suffix="-1e-7"),
    _eps_in_log("1e-9", "slryou41/AnchorLoss #2, as a former remedy", "-1e-9"),
    _eps_in_log("1e-10", suffix="-1e-10"),
    _eps_in_log("1e-12", suffix="-1e-12"),
    _clip_prob("1e-7"),
    _clip_prob("1e-3", suffix="-1e-3"),
    _clip_prob("1e-4", suffix="-1e-4"),
    _clip_prob("1e-5", suffix="-1e-5"),
    _clip_prob("1e-6", suffix="-1e-6"),
    _clip_prob("1e-8", suffix="-1e-8"),
    _clip_prob("1e-12", suffix="-1e-12"),
    _clip_logits(30),
    _clip_logits(10, "-10"),
    _clip_logits(15, "-15"),
    _clip_logits(20, "-20"),
    _clip_logits(50, "-50"),
    _clip_logits(100, "-100"),
    _clip_logits(500, "-500"),
    made_by(
        _MinusLog1pExp(),
        "log1p-exp",
        LOG_SIGMOID,
        "-log1p(exp(-t)), or -ln(1 + exp(-t)), for every t",
        effect="exp overflows from t = -709.8 in float64 and -88.7 in float32: the value is -inf, the gradient NaN. In an objective "
        "the two forms cannot be told apart.",
        fix=f"{_STABLE}; the slip: -log1p(e^-t)",
    ),
    made_by(
        _MinusLogOnePlusExp(),
        "log-one-plus-exp",
        ("log_sigmoid",),
        "-ln(1 + exp(-t)) for every t",
        effect="As log1p-exp; besides, for t above 36.7 in float64 and 16.6 in float32 the value is 0 instead of -e^-t. In float32 it "
        "is naive-log-sigmoid to the last digit that counts.",
        fix=f"{_STABLE}; the slip: -ln(1 + e^-t)",
    ),
    made_by(
        _LogForLog1p(),
        "log-for-log1p",
        ("log_sigmoid",),
        "ln(1 + e) for log1p(e)",
        effect="Hardly any: the value is 0 instead of -e^-t for t above 36.7 (float64) or 16.6 (float32). It matters to a log-sigmoid used "
        "elsewhere, where its tail is multiplied.",
        fix=f"{_STABLE}; the slip: log(1 + exp(-|t|))",
    ),
    made_by(
        _Densities(),
        "densities-not-logs",
        FROM_DENSITIES,
        "h = p_m/(p_m + nu p_n) from the densities themselves",
        effect="Densities underflow: 0/0 = NaN where ln p is below -745 (float64) or -103 (float32), -inf where one of them is.",
        fix="h = sigma(ln p_m - ln p_n - ln nu), in logarithms throughout; the slip: exp(ln p_m)/(exp(ln p_m) + nu exp(ln p_n))",
        seen="Element-Research/dpnn, NCECriterion.lua",
    ),
    made_by(
        _Truncated(),
        "truncated-constants",
        tuple(dict.fromkeys((*GAUSSIAN, *LAPLACE_AND_SCORE))),
        "constants typed in with three decimals: sqrt(2) = 1.414, ln 2 pi = 1.838, ln 2 = 0.693",
        effect="B is off by a factor of 1.00015, c by some 1e-4: more than float32's rounding by a thousand.",
        fix="sqrt(2.0), log(2.0 * pi), log(2.0), computed once",
    ),
)
