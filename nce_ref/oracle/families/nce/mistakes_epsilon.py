"""Densities beside each other, taken by exp: an epsilon in the denominators of h and 1 - h or in the ratio, and r/(1 +
r)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.nce.textbook import BinaryNceSteps, NceSteps

_KNOWN = (1e-8, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-9, 1e-10, 1e-12)
_STABLE = "h = sigma(ln p_m - ln p_n - ln nu), ln h = min(t, 0) - log1p(exp(-|t|))"
_FAR = "exp overflows, NaN from ln p of 710 (float64) or 89 (float32) on."


class _InDenominators(NceSteps):
    """r/(r + nu + eps) and nu/(r + nu + eps), r = exp(G)."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def term(self, log_ratio: Array, nu: float, is_data: bool) -> tuple[Array, Array]:
        kind = log_ratio.dtype.type
        r, k, eps = np.exp(log_ratio), kind(np.exp(self.log_nu(nu, is_data))), kind(self.eps)
        whole = r + k + eps
        if is_data:
            return np.log(r / whole), (k + eps) / whole
        return np.log(k / whole), -r / whole


EPS_IN_DENOMINATORS = Mistake(
    "eps-in-denominators",
    "an epsilon in the denominators: h = r/(r + nu + eps), 1 - h = nu/(r + nu + eps), r = exp(G)",
    _InDenominators(1e-8),
    effect=f"Small beside nu, so hardly seen: ln h and ln(1 - h) are off by eps/(r + nu). But {_FAR}",
    fix=f"{_STABLE}; the slip: ln(r/(r + nu + eps))",
    arithmetic=True,
    number=Number("eps", _InDenominators, _KNOWN),
    only=("nce_from_log_ratios", "binary_nce"),
)


class _BesideDensities(BinaryNceSteps):
    """p_m/(p_m + nu p_n + eps) and nu p_n/(p_m + nu p_n + eps), ``inside``: with eps in the logarithm too."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def binary(
        self,
        model_data: Array,
        model_noise: Array,
        noise_data: Array,
        noise_noise: Array,
        nu: float,
    ) -> tuple[Any, Array, Array]:
        kind = model_data.dtype.type
        eps, k_data, k_noise = (
            kind(self.eps),
            kind(np.exp(self.log_nu(nu, True))),
            kind(np.exp(self.log_nu(nu, False))),
        )
        p, q = np.exp(model_data), k_data * np.exp(noise_data)
        of_data, up_data = np.log(p / (p + q + eps)), (q + eps) / (p + q + eps)
        p, q = np.exp(model_noise), k_noise * np.exp(noise_noise)
        of_noise, up_noise = np.log(q / (p + q + eps)), -p / (p + q + eps)
        data, noise = self.weights(len(model_data), len(model_noise))
        return data * of_data.sum() + noise * of_noise.sum(), data * up_data, noise * up_noise


EPS_BESIDE_DENSITIES = Mistake(
    "eps-beside-densities",
    "an epsilon beside the densities: h = p_m/(p_m + nu p_n + eps), 1 - h = nu p_n/(p_m + nu p_n +"
    " eps)",
    _BesideDensities(1e-8),
    effect=(
        "Where both densities are small, as they are in many dimensions, eps is all there is: ln h"
        f" and ln(1 - h) both go to -inf, and the model is drawn up at every point. {_FAR}"
    ),
    fix=f"{_STABLE}; the slip: ln(p_m/(p_m + nu p_n + eps))",
    arithmetic=True,
    number=Number("eps", _BesideDensities, _KNOWN),
    only=("binary_nce",),
)


class _InRatio(BinaryNceSteps):
    """G = ln p_m - ln(p_n + eps)."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def log_ratio(self, log_model: Array, log_noise: Array, is_data: bool) -> tuple[Array, float]:
        return log_model - np.log(np.exp(log_noise) + log_noise.dtype.type(self.eps)), 1.0


EPS_IN_NOISE_DENSITY = Mistake(
    "eps-in-noise-density",
    "an epsilon in the ratio: G = ln p_m - ln(p_n + eps)",
    _InRatio(1e-6),
    effect="Points whose noise density is below eps count as if it were eps: the model's tails are too heavy there. "
    + _FAR,
    fix="G = ln p_m - ln p_n, in logarithms throughout; the slip: ln p_m - ln(exp(ln p_n) + eps)",
    arithmetic=True,
    number=Number("eps", _InRatio, (1e-6, 1e-8, 1e-3, 1e-4, 1e-5, 1e-7, 1e-9, 1e-10, 1e-12)),
    only=("binary_nce",),
)


class _InBoth(BinaryNceSteps):
    """G = ln(p_m + eps) - ln(p_n + eps)."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def log_ratio(self, log_model: Array, log_noise: Array, is_data: bool) -> tuple[Any, Any]:
        eps = log_model.dtype.type(self.eps)
        p = np.exp(log_model)
        return np.log(p + eps) - np.log(np.exp(log_noise) + eps), p / (p + eps)


EPS_IN_BOTH_DENSITIES = Mistake(
    "eps-in-both-densities",
    "an epsilon in both logarithms: G = ln(p_m + eps) - ln(p_n + eps)",
    _InBoth(1e-8),
    effect="Where both densities are below eps, G is 0 and its gradient dead: nothing is learned in the tails. "
    + _FAR,
    fix="G = ln p_m - ln p_n, in logarithms throughout; the slip: ln(p_m + eps) - ln(p_n + eps)",
    arithmetic=True,
    number=Number("eps", _InBoth, _KNOWN),
    only=("binary_nce",),
)


class _InRatioLog(NceSteps):
    """G = ln(r + eps)."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def term(self, log_ratio: Array, nu: float, is_data: bool) -> tuple[Array, Array]:
        r = np.exp(log_ratio)
        value, slope = super().term(np.log(r + log_ratio.dtype.type(self.eps)), nu, is_data)
        return value, slope * (r / (r + log_ratio.dtype.type(self.eps)))


EPS_IN_RATIO = Mistake(
    "eps-in-ratio",
    "an epsilon in the logarithm of the ratio: G = ln(exp(G) + eps)",
    _InRatioLog(1e-8),
    effect="G is never below ln eps, -18.4 for 1e-8, and its gradient dies there: far data no longer pull. "
    + _FAR,
    fix="G = ln p_m - ln p_n, in logarithms throughout; the slip: ln(p_m/p_n + eps)",
    arithmetic=True,
    number=Number("eps", _InRatioLog, _KNOWN),
    only=("nce_from_log_ratios", "binary_nce"),
)


class _NoiseSlopeOverflows(NceSteps):
    """r/(1 + r) for the slope sigma(t) of the noise, r = exp(t)."""

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        value, _ = super().log_one_minus_h(t)
        r = np.exp(t)
        return value, -(r / (1.0 + r))


GRADIENT_EXP_OVER_ONE_PLUS_EXP = Mistake(
    "gradient-exp-over-one-plus-exp",
    "the gradient of the noise has r/(1 + r), r = exp(G - ln nu), for h",
    _NoiseSlopeOverflows(),
    effect=(
        "inf/inf = NaN in the gradient for noise points at G - ln nu above 709.8 in float64 and"
        " 88.7 in float32; one such point ends the fit."
    ),
    fix="sigma(t) = 1/(1 + e^-t) for t >= 0, e^t/(1 + e^t) for t < 0; the slip: the latter for all",
    arithmetic=True,
    gradient=True,
    only=("nce_from_log_ratios", "binary_nce"),
)

MISTAKES = tuple(
    replace(mistake, flat=True)
    for mistake in (
        EPS_IN_DENOMINATORS,
        EPS_BESIDE_DENSITIES,
        EPS_IN_NOISE_DENSITY,
        EPS_IN_BOTH_DENSITIES,
        EPS_IN_RATIO,
        GRADIENT_EXP_OVER_ONE_PLUS_EXP,
    )
)
