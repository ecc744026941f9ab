"""Slips in the arithmetic: right formulas that overflow, saturate or lose their digits where the classes are easily
told apart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
    Number,
)
from nce_ref.oracle.families.nce.textbook import BinaryNceSteps, NceSteps


class _LogOfProbability(NceSteps):
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


_STABLE = "ln sigma(t) = min(t, 0) - log1p(exp(-|t|)), ln(1 - sigma(t)) = ln sigma(-t)"

NAIVE_LOG_SIGMOID = Mistake(
    "naive-log-sigmoid",
    "ln of a computed sigma(t), and ln(1 - sigma(t))",
    _LogOfProbability(),
    effect=(
        "ln(1 - h) is -inf from t = 36.8 in float64 and 16.7 in float32, ln h from t = -709.8 and"
        " -88.7; the gradients are NaN there, and one such point ends the fit."
    ),
    fix=f"{_STABLE}; the slip: ln(1/(1 + e^-t)), ln(1 - 1/(1 + e^-t))",
    seen="DeepSpeedExamples #501, CaVE #4",
    arithmetic=True,
)


class _EpsInLog(_LogOfProbability):
    def __init__(self, eps: float) -> None:
        self.eps = eps

    def log(self, p: Array) -> tuple[Array, Array]:
        return super().log(p + self.eps)


_GUARDED = (
    "Far enough points no longer pull: an estimate started badly stays there, and the loss looks"
    " finite and calm."
)


EPS_IN_LOG = Mistake(
    "eps-in-log",
    "ln(h + eps) and ln(1 - h + eps)",
    _EpsInLog(1e-8),
    effect="The loss saturates at -ln eps a point, 18.4 for 1e-8, and the gradient dies like e^t/eps beyond. "
    + _GUARDED,
    fix=f"{_STABLE}; the slip: ln(sigma(t) + eps)",
    seen="1e-9 in slryou41/AnchorLoss #2, as a former remedy",
    arithmetic=True,
    number=Number("eps", _EpsInLog, (1e-8, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-9, 1e-10, 1e-12)),
)


class _ClipProbability(_LogOfProbability):
    def __init__(self, eps: float) -> None:
        self.eps = eps

    def probability(self, h: Array) -> tuple[Array, Array | float]:
        clipped = np.clip(h, self.eps, 1.0 - self.eps)
        return clipped, (clipped == h).astype(h.dtype)


CLIP_PROB = Mistake(
    "clip-prob",
    "h is clipped to [eps, 1 - eps]",
    _ClipProbability(1e-7),
    effect=f"The gradient is exactly 0 beyond |t| = ln(1/eps - 1), 16.1 for 1e-7. {_GUARDED} "
    "Where 1 - eps rounds to 1 (float32, eps below 6e-8) the upper clip does nothing and ln(1 - h) is -inf.",
    fix=f"{_STABLE}; the slip: ln(clip(sigma(t), eps, 1 - eps))",
    arithmetic=True,
    number=Number("eps", _ClipProbability, (1e-7, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-12)),
)


class _Densities(BinaryNceSteps):
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


DENSITIES_NOT_LOGS = Mistake(
    "densities-not-logs",
    "h = p_m/(p_m + nu p_n) from the densities themselves",
    _Densities(),
    effect=(
        "Densities underflow: 0/0 = NaN where ln p is below -745 (float64) or -103 (float32), -inf"
        " where one of them is."
    ),
    fix=(
        "h = sigma(ln p_m - ln p_n - ln nu), in logarithms throughout; the slip: exp(ln"
        " p_m)/(exp(ln p_m) + nu exp(ln p_n))"
    ),
    seen="Element-Research/dpnn, NCECriterion.lua",
    arithmetic=True,
)


class _ClampedCrossEntropy(NceSteps):
    """torch's binary_cross_entropy on sigmoid(t): logarithms no lower than -100, and p (1 - p) in its slope no lower
    than 1e-12."""

    def _slope(self, p: Array, of_loss: Array) -> Array:
        product = p * (1.0 - p)
        return of_loss / np.maximum(product, 1e-12) * product

    def log_h(self, t: Array) -> tuple[Array, Array]:
        p = 1.0 / (1.0 + np.exp(-t))
        return np.maximum(np.log(p), -100.0), self._slope(p, 1.0 - p)

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        p = 1.0 / (1.0 + np.exp(-t))
        return np.maximum(np.log1p(-p), -100.0), self._slope(p, -p)


BCE_CLAMP = Mistake(
    "bce-clamp",
    "binary cross-entropy of probabilities, sigma(t), instead of logits: PyTorch clamps the"
    " logarithms at -100",
    _ClampedCrossEntropy(),
    effect=(
        "1 - h rounds to 0 from t = 36.8 in float64 and 16.7 in float32: the term jumps to -100,"
        " and its gradient is 0 instead of -1. Far enough points no longer pull, and the loss looks"
        " finite."
    ),
    fix=f"{_STABLE}: binary_cross_entropy_with_logits; the slip: binary_cross_entropy(sigmoid(t))",
    arithmetic=True,
)


class _LossClamped(NceSteps):
    def __init__(self, limit: float) -> None:
        self.limit = limit

    def term(self, log_ratio: Array, nu: Any, is_data: bool) -> tuple[Array, Array]:
        value, slope = super().term(log_ratio, nu, is_data)
        return np.maximum(value, -self.limit), slope * (value >= -self.limit)


LOSS_CLAMPED = Mistake(
    "loss-clamped",
    "every point's loss is clamped at a largest one: max(ln h, -limit), max(ln(1 - h), -limit)",
    _LossClamped(10.0),
    effect=f"The gradient is exactly 0 beyond t = -limit. {_GUARDED}",
    fix=f"{_STABLE}, as large as it is; the slip: max(ln sigma(t), -limit)",
    number=Number("limit", _LossClamped, (10.0, 5.0, 20.0, 30.0, 50.0, 100.0)),
)


class _SumTruncated(NceSteps):
    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        _, of_data, of_noise = super().nce(ratio_data, ratio_noise, nu)
        total = 0
        for term in (*self.term(ratio_data, nu, True)[0], *self.term(ratio_noise, nu, False)[0]):
            total = math.trunc(total + float(term))
        return ratio_data.dtype.type(total / len(ratio_data)), of_data, of_noise


SUM_TRUNCATED = Mistake(
    "sum-truncated",
    "the terms are added up in an integer, which is truncated after every one; the gradients are right",
    _SumTruncated(),
    effect="The value is far too near 0 (terms above -1 add nothing), so a line search that goes by it is lost.",
    fix="std::accumulate(begin, end, 0.0): the start's type is the sum's; the slip: a start of 0",
    seen="C++'s std::accumulate",
)


MISTAKES = (
    NAIVE_LOG_SIGMOID,
    EPS_IN_LOG,
    CLIP_PROB,
    DENSITIES_NOT_LOGS,
    BCE_CLAMP,
    LOSS_CLAMPED,
    SUM_TRUNCATED,
)
