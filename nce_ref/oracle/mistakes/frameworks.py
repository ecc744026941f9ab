"""Slips in the arithmetic that come with a library call or with automatic differentiation: right formulas, tails apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.mistakes.making import LOG_SIGMOID, NCE, made_by
from nce_ref.oracle.textbook import Array, Steps


class _ClampedCrossEntropy(Steps):
    """torch's binary_cross_entropy on sigmoid(t): logarithms no lower than -100, and p (1 - p) in its slope no lower than 1e-12."""

    def _slope(self, p: Array, of_loss: Array) -> Array:
        product = p * (1.0 - p)
        return of_loss / np.maximum(product, 1e-12) * product

    def log_h(self, t: Array) -> tuple[Array, Array]:
        p = 1.0 / (1.0 + np.exp(-t))
        return np.maximum(np.log(p), -100.0), self._slope(p, 1.0 - p)

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        p = 1.0 / (1.0 + np.exp(-t))
        return np.maximum(np.log1p(-p), -100.0), self._slope(p, -p)


class _WhereOverflows(Steps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().log_sigmoid(t)
        return value, np.where(
            np.isinf(np.exp(np.abs(t))), np.asarray(np.nan, dtype=slope.dtype), slope
        )


class _ExpOverOnePlusExp(Steps):
    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        e = np.exp(t)
        below = 1.0 + e
        return e / below, e / below - e * (e * (1.0 / (below * below)))


class _TanhNotHalved(Steps):
    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().sigmoid(2.0 * t)
        return value, 2.0 * slope


class _LogOfDet(Steps):
    def half_log_det(self, cov: Array) -> Any:
        return 0.5 * np.log(np.linalg.det(cov))


_STABLE = "ln sigma(t) = min(t, 0) - log1p(exp(-|t|)), ln(1 - sigma(t)) = ln sigma(-t)"

FRAMEWORKS = (
    made_by(
        _ClampedCrossEntropy(),
        "bce-clamp",
        NCE,
        "binary cross-entropy of probabilities, sigma(t), instead of logits: PyTorch clamps the logarithms at -100",
        effect="1 - h rounds to 0 from t = 36.8 in float64 and 16.7 in float32: the term jumps to -100, and its gradient is 0 instead of "
        "-1. Far enough points no longer pull, and the loss looks finite.",
        fix=f"{_STABLE}: binary_cross_entropy_with_logits; the slip: binary_cross_entropy(sigmoid(t))",
    ),
    made_by(
        _WhereOverflows(),
        "where-nan-gradient",
        LOG_SIGMOID,
        "both branches of a where() are differentiated, and the one not taken overflows: 0 x inf",
        effect="The value is right, the gradient NaN for |t| above 709.8 in float64 and 88.7 in float32; one such point ends the fit.",
        fix=f"{_STABLE}, the exponential of -|t| in one branch for all t; the slip: where(t >= 0, -log1p(e^-t), t - log1p(e^t))",
    ),
    made_by(
        _ExpOverOnePlusExp(),
        "exp-over-one-plus-exp",
        ("sigmoid",),
        "e^t/(1 + e^t) for every t",
        effect="inf/inf = NaN for t above 709.8 in float64 and 88.7 in float32; its derivative by differentiation is 1 instead of 0 from "
        "half of that.",
        fix="sigma(t) = 1/(1 + e^-t) for t >= 0, e^t/(1 + e^t) for t < 0; the slip: the latter for all",
    ),
    made_by(
        _TanhNotHalved(),
        "tanh-no-half",
        ("sigmoid",),
        "(1 + tanh t)/2 for (1 + tanh(t/2))/2: it is sigma(2 t)",
        effect="Log-ratios count double: the model estimates half of ln p_d - ln p_n.",
        fix="sigma(t) = (1 + tanh(t/2))/2; the slip: t for t/2",
    ),
    made_by(
        _LogOfDet(),
        "det-not-logdet",
        ("gaussian_log_density",),
        "ln of a computed det cov",
        effect="det cov under- or overflows long before its logarithm is large: in 16 dimensions at standard deviations of 1e-11 in "
        "float64, of 1/30 in float32; ln p_n is then inf or -inf.",
        fix="ln det cov = 2 sum_i ln L_ii, or slogdet(cov)[1]; the slip: log(det(cov))",
    ),
)
