"""Slips in who is who: the two samples, their labels, the two densities, and what is done to h before or after the
logarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import (
    LOG_2,
    Array,
    Mistake,
    Number,
)
from nce_ref.oracle.families.densities.textbook import ConstantSteps
from nce_ref.oracle.families.kernels.textbook import LogSigmoidSteps, SigmoidSteps
from nce_ref.oracle.families.nce.textbook import BinaryNceSteps, NceSteps


class _NoiseSign(NceSteps):
    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        return self.log_h(t)


_J = "J = (1/n_data) [sum_x ln h + sum_y ln(1 - h)]"

NOISE_SIGN = Mistake(
    "noise-sign",
    "ln h(y) instead of ln(1 - h(y)) on the noise",
    _NoiseSign(),
    effect='Nothing is contrasted: J rises to 0 as c goes to infinity, a "perfect loss" that has learnt nothing.',
    fix=f"{_J}, ln(1 - h) = ln sigma(ln nu - G); the slip: ln sigma(G - ln nu) on the noise",
    seen="tensorflow/recommenders #219 (fixed in #220)",
)


class _LabelsSwapped(NceSteps):
    def term(self, log_ratio: Array, nu: float, is_data: bool) -> tuple[Array, Array]:
        return super().term(log_ratio, nu, not is_data)


LABELS_SWAPPED = Mistake(
    "labels-swapped",
    "the labels are exchanged: data counts as noise and noise as data",
    _LabelsSwapped(),
    effect="The optimum is ln p_m = 2 ln p_n - ln p_d + 2 ln nu: the model avoids the data.",
    fix=f"{_J}; the slip: sum_x ln(1 - h) + sum_y ln h. The same comes of -softplus(t) for ln sigma(t)",
)


class _SamplesSwapped(NceSteps):
    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        value, of_noise, of_data = super().nce(ratio_noise, ratio_data, 1.0 / nu)
        return value, of_data, of_noise


SAMPLES_SWAPPED = Mistake(
    "samples-swapped",
    "the data is handed over as noise and the noise as data, nu = n_data/n_noise with it",
    _SamplesSwapped(),
    effect=(
        "The optimum is ln p_m = 2 ln p_n - ln p_d: the model avoids the data. The same function as"
        " ratio-swapped, divided by nu."
    ),
    fix="x are the n_data points from p_d, y the n_noise points from p_n, nu = n_noise/n_data",
)


class _RatioSwapped(NceSteps):
    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        value, of_data, of_noise = super().nce(-ratio_data, -ratio_noise, nu)
        return value, -of_data, -of_noise


RATIO_SWAPPED = Mistake(
    "ratio-swapped",
    "G has the wrong sign: ln p_n - ln p_m",
    _RatioSwapped(),
    effect="The optimum is ln p_m = 2 ln p_n - ln p_d: the model avoids the data.",
    fix="G = ln p_m - ln p_n; the slip: ln p_n - ln p_m",
)


class LogNoise(BinaryNceSteps):
    """ln p_n multiplied by one factor on the data, by another on the noise; right: 1 and 1."""

    def __init__(self, on_data: float, on_noise: float) -> None:
        self.on_data, self.on_noise = on_data, on_noise

    def log_ratio(self, log_model: Array, log_noise: Array, is_data: bool) -> tuple[Array, float]:
        return log_model - (self.on_data if is_data else self.on_noise) * log_noise, 1.0


_G = "G = ln p_m - ln p_n on both samples"

NO_LOG_PN_NOISE = Mistake(
    "no-log-pn-noise",
    "ln p_n is dropped on the noise points",
    LogNoise(1.0, 0.0),
    effect="No constant shift: 0.58 instead of 1 in the 1-D Laplace model at nu = 1.",
    fix=f"{_G}; the slip: G(y) = ln p_m(y)",
    seen="tutorials on energy-based models; lda2vec-tf #5 (one of the three forms)",
)

NO_LOG_PN_DATA = Mistake(
    "no-log-pn-data",
    "ln p_n is dropped on the data points",
    LogNoise(0.0, 1.0),
    effect="No constant shift: 0.61 instead of 1 in the 1-D Laplace model at nu = 1.",
    fix=f"{_G}; the slip: G(x) = ln p_m(x)",
    seen="tutorials on energy-based models; lda2vec-tf #5 (one of the three forms)",
)

NO_LOG_PN_EVERYWHERE = Mistake(
    "no-log-pn-everywhere",
    "ln p_n is dropped everywhere: h = sigma(ln p_m - ln nu), which is negative sampling",
    LogNoise(0.0, 0.0),
    effect=(
        "The model estimates ln p_d - ln p_n, not the density: 0.15 instead of 1 in the 1-D Laplace"
        " model at nu = 1."
    ),
    fix=f"{_G}; the slip: G = ln p_m",
    seen="tutorials on energy-based models; lda2vec-tf #5 (one of the three forms)",
)


class _NegativeSampling(LogNoise):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return 0.0


NEGATIVE_SAMPLING = Mistake(
    "negative-sampling",
    "ln(nu p_n) is dropped everywhere: h = sigma(ln p_m), which is word2vec's negative sampling",
    _NegativeSampling(0.0, 0.0),
    effect="The model estimates ln p_d - ln p_n - ln nu, not the density.",
    fix=f"{_G}, h = sigma(G - ln nu); the slip: h = sigma(ln p_m)",
    only=("binary_nce", "laplace_ica_nce", "gaussian_nce"),
)

LOG_PN_ADDED = Mistake(
    "log-pn-added",
    "ln p_n is added to ln p_m instead of subtracted",
    LogNoise(-1.0, -1.0),
    effect="The optimum is ln p_m = ln p_d - 2 ln p_n, which is no density where the noise has the lighter tails.",
    fix=f"{_G}; the slip: G = ln p_m + ln p_n",
)


class _AllPairs(BinaryNceSteps):
    """(N,) and (N, 1) broadcast to (N, N): every ln p_m with every ln p_n of its sample, averaged."""

    def binary(
        self,
        model_data: Array,
        model_noise: Array,
        noise_data: Array,
        noise_noise: Array,
        nu: float,
    ) -> tuple[Any, Array, Array]:
        of_data, slope_data = self.term(model_data[:, None] - noise_data, nu, True)
        of_noise, slope_noise = self.term(model_noise[:, None] - noise_noise, nu, False)
        data, noise = self.weights(len(model_data), len(model_noise))
        value = data * of_data.mean(axis=1).sum() + noise * of_noise.mean(axis=1).sum()
        return value, data * slope_data.mean(axis=1), noise * slope_noise.mean(axis=1)


BROADCAST_PAIRS = Mistake(
    "broadcast-pairs",
    "shapes (N, 1) and (N,) broadcast to (N, N): every ln p_m meets every ln p_n, averaged",
    _AllPairs(),
    effect=(
        "Neither B nor c is estimated: the noise density no longer belongs to the point. No"
        " exception, and the loss looks usual."
    ),
    fix=(
        "G_t = ln p_m(u_t) - ln p_n(u_t), both of shape (N,); the slip: G_st = ln p_m(u_s) - ln"
        " p_n(u_t)"
    ),
)


class _AllPairsSummed(_AllPairs):
    """The same, summed."""

    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        data, noise = super().weights(n_data, n_noise)
        return data * n_data, noise * n_noise


BROADCAST_SUMMED = Mistake(
    "broadcast-summed",
    "shapes (N, 1) and (N,) broadcast to (N, N): every ln p_m meets every ln p_n, summed",
    _AllPairsSummed(),
    effect=(
        "As broadcast-pairs, and each sum is N times too large: unless nu = 1, the noise's weight"
        " is wrong as well."
    ),
    fix=(
        "G_t = ln p_m(u_t) - ln p_n(u_t), both of shape (N,); the slip: a sum over s and t of G_st"
        " = ln p_m(u_s) - ln p_n(u_t)"
    ),
    only=("binary_nce", "laplace_ica_nce", "gaussian_nce"),
)


class _NoiseTruncated(NceSteps):
    """The noise points beyond the last multiple of n_data are dropped."""

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        kept = len(ratio_noise) // len(ratio_data) * len(ratio_data)
        value, of_data, of_kept = super().nce(ratio_data, ratio_noise[:kept], nu)
        of_noise = np.zeros_like(ratio_noise)
        of_noise[:kept] = of_kept
        return value, of_data, of_noise


NOISE_TRUNCATED = Mistake(
    "noise-truncated",
    "noise points are reshaped to so many a data point, and those left over are dropped",
    _NoiseTruncated(),
    effect=(
        "The noise's weight is floor(nu) while h has nu: c is off by ln(nu/floor(nu)), B stays"
        " right. At nu < 1 no noise is left at all, and c goes to infinity."
    ),
    fix=f"{_J}, every y in the sum; the slip: the first floor(nu) n_data of them",
)


class _LabelSmoothing(NceSteps):
    def __init__(self, eps: float) -> None:
        self.eps = eps

    def log_h(self, t: Array) -> tuple[Array, Array]:
        (yes, up), (no, down) = self.log_sigmoid(t), self.log_sigmoid(-t)
        return (1.0 - self.eps) * yes + self.eps * no, (1.0 - self.eps) * up - self.eps * down


LABEL_SMOOTHING = Mistake(
    "label-smoothing",
    "the data's label is 1 - eps instead of 1, that of the noise stays 0",
    _LabelSmoothing(0.1),
    effect=(
        "h cannot exceed 1 - eps: the log-ratio of data to noise is flattened where it is large,"
        " and no constant repairs it."
    ),
    fix="ln h(x); the slip: (1 - eps) ln h(x) + eps ln(1 - h(x))",
    number=Number("eps", _LabelSmoothing, (0.1, 0.2, 0.05, 0.3, 0.01)),
)


class _DoubleSigmoid(NceSteps, SigmoidSteps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        h, slope = self.sigmoid(t)
        value, up = super().log_sigmoid(h)
        return value, up * slope

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        h, slope = self.sigmoid(t)
        value, up = super().log_sigmoid(-h)
        return value, -up * slope


DOUBLE_SIGMOID = Mistake(
    "double-sigmoid",
    "a loss that takes logits is given probabilities: the sigmoid is applied twice",
    _DoubleSigmoid(),
    effect="h stays between 0.5 and 0.73 whatever the model says; the fit runs off to infinity, its gradient vanishes.",
    fix="ln sigma(t), t = G - ln nu; the slip: ln sigma(sigma(t))",
)


class _OneMinusLogit(NceSteps):
    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        value, slope = self.log_sigmoid(1.0 - t)
        return value, -slope


ONE_MINUS_LOGIT = Mistake(
    "one-minus-logit",
    "ln sigma(1 - t) instead of ln(1 - sigma(t)) on the noise",
    _OneMinusLogit(),
    effect="No constant shift: B and c are both wrong.",
    fix="ln(1 - sigma(t)) = ln sigma(-t); the slip: ln sigma(1 - t)",
    seen="slryou41/AnchorLoss #2 (not NCE, the same term; corrected there)",
)


class _OneMinusLog(NceSteps):
    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        value, slope = self.log_sigmoid(t)
        return 1.0 - value, -slope


ONE_MINUS_LOG = Mistake(
    "one-minus-log",
    "1 - ln h instead of ln(1 - h) on the noise: a parenthesis",
    _OneMinusLog(),
    effect="J has no upper bound: it grows as the noise is ever better told apart, and its value can be positive.",
    fix="ln(1 - h) = ln sigma(ln nu - G); the slip: 1 - ln sigma(G - ln nu)",
)


class _NotLogged(NceSteps, SigmoidSteps):
    def log_h(self, t: Array) -> tuple[Array, Array]:
        return self.sigmoid(t)

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        value, slope = self.sigmoid(-t)
        return value, -slope


NO_LOG = Mistake(
    "no-log",
    "the logarithm is forgotten: mean h + nu mean(1 - h)",
    _NotLogged(),
    effect=(
        "Any classifier with the right decisions is optimal, and a steeper one better: the scale of"
        " B has no maximum."
    ),
    fix=f"{_J}; the slip: h and 1 - h for their logarithms",
)


class _Bits(LogSigmoidSteps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().log_sigmoid(t)
        return value / LOG_2, slope / LOG_2


LOG2_LOSS = Mistake(
    "log2-loss",
    "the objective in bits: log2 h and log2(1 - h)",
    _Bits(),
    effect=(
        "None on the estimate: a factor of 1/ln 2 = 1.443. But values do not compare, and standard"
        " errors by J's curvature are off."
    ),
    fix=f"{_J}, natural logarithm",
)


class _COnData(ConstantSteps):
    def constant(self, c: float, is_data: bool) -> tuple[float, float]:
        return (c, 1.0) if is_data else (0.0, 0.0)


_MODEL = "ln p_m = -sqrt(2) sum_i |b_i . u| + c"

C_DATA_ONLY = Mistake(
    "c-data-only",
    "c is added on the data points and forgotten on the noise points",
    _COnData(),
    effect="No constant shift: B and c are both wrong.",
    fix=f"{_MODEL} at every point, x and y; the slip: no c at y",
    only=("laplace_ica_nce", "gaussian_nce"),
)


MISTAKES = (
    NOISE_SIGN,
    LABELS_SWAPPED,
    SAMPLES_SWAPPED,
    RATIO_SWAPPED,
    NO_LOG_PN_NOISE,
    NO_LOG_PN_DATA,
    NO_LOG_PN_EVERYWHERE,
    NEGATIVE_SAMPLING,
    LOG_PN_ADDED,
    BROADCAST_PAIRS,
    BROADCAST_SUMMED,
    NOISE_TRUNCATED,
    LABEL_SMOOTHING,
    DOUBLE_SIGMOID,
    ONE_MINUS_LOGIT,
    ONE_MINUS_LOG,
    NO_LOG,
    LOG2_LOSS,
    C_DATA_ONLY,
)
