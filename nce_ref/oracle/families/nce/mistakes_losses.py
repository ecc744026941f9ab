"""Other losses of the same log-ratio: focal, hinge, squared, linear, exponential, a softmax over all, a temperature.

Conventions
-----------
each      written for h and t = G - ln nu, so it is made in every layout; its slope is that of the other loss
optimum   what the loss is minimised by, at a point where data and noise have densities p_d and nu p_n: the right one is
          t = ln p_d - ln(nu p_n)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.nce.textbook import BinaryNceSteps, NceSteps

_J = "J = mean_x ln h + nu mean_y ln(1 - h), h = sigma(G - ln nu)"


_FLATTENED = (
    "Points that are told well hardly count. The loss is not proper: its optimum is a flattened log-ratio of data to "
    "noise, right where it is 0 alone, and no constant repairs it."
)


class _Focal(NceSteps):
    """(1 - h)^gamma ln h and h^gamma ln(1 - h)."""

    def __init__(self, gamma: float) -> None:
        self.gamma = gamma

    def log_h(self, t: Array) -> tuple[Array, Array]:
        return self._focal(t)

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        value, slope = self._focal(-t)
        return value, -slope

    def _focal(self, t: Array) -> tuple[Array, Array]:
        value, rest = self.log_sigmoid(t)
        power = np.power(rest, self.gamma)
        return power * value, power * (rest - self.gamma * np.exp(value) * value)


FOCAL_LOSS = Mistake(
    "focal-loss",
    "focal loss: the terms are weighted by (1 - h)^gamma and h^gamma",
    _Focal(2.0),
    effect=_FLATTENED,
    fix=f"{_J}; the slip: (1 - h)^gamma ln h, h^gamma ln(1 - h)",
    seen="Lin et al., arXiv 1708.02002, for detectors",
    number=Number("gamma", _Focal, (2.0, 1.0, 0.5, 3.0, 5.0)),
)


class _FocalWeighted(_Focal):
    """The same, the data times alpha = 0.25, the noise times 0.75."""

    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        data, noise = super().weights(n_data, n_noise)
        return 0.25 * data, 0.75 * noise


FOCAL_LOSS_WEIGHTED = Mistake(
    "focal-loss-weighted",
    "focal loss with alpha = 0.25: the data's terms times 0.25 (1 - h)^gamma, the noise's times 0.75 h^gamma",
    _FocalWeighted(2.0),
    effect=f"{_FLATTENED} The weights move c as well.",
    fix=f"{_J}; the slip: 0.25 (1 - h)^gamma ln h, 0.75 h^gamma ln(1 - h)",
    seen="the default of sigmoid_focal_loss",
    number=Number("gamma", _FocalWeighted, (2.0, 1.0, 0.5, 3.0, 5.0)),
)


class _OfRatio(NceSteps):
    """t = G/tau - ln nu."""

    def __init__(self, tau: float) -> None:
        self.tau = tau

    def term(self, log_ratio: Array, nu: float, is_data: bool) -> tuple[Array, Array]:
        value, slope = super().term(log_ratio / log_ratio.dtype.type(self.tau), nu, is_data)
        return value, slope / log_ratio.dtype.type(self.tau)


_TAUS = (0.5, 0.1, 0.07, 0.2, 0.05, 2.0)


TEMPERATURE = Mistake(
    "temperature",
    "a temperature: the log-ratio is divided by tau, h = sigma(G/tau - ln nu)",
    _OfRatio(0.5),
    effect="The optimum of G is tau times the log-ratio of data to noise: the model is (p_d/p_n)^tau p_n, not p_d.",
    fix=f"{_J}; the slip: h = sigma(G/tau - ln nu)",
    number=Number("tau", _OfRatio, _TAUS),
)


class _OfLogits(NceSteps):
    """t = (G - ln nu)/tau."""

    def __init__(self, tau: float) -> None:
        self.tau = tau

    def log_h(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().log_h(t / t.dtype.type(self.tau))
        return value, slope / t.dtype.type(self.tau)

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        value, slope = super().log_one_minus_h(t / t.dtype.type(self.tau))
        return value, slope / t.dtype.type(self.tau)


TEMPERATURE_OF_LOGITS = Mistake(
    "temperature-logits",
    "a temperature: the logits are divided by tau, ln nu too, h = sigma((G - ln nu)/tau)",
    _OfLogits(0.5),
    effect="The optimum of G is tau ln(p_d/p_n) + (1 - tau) ln nu: a power of the ratio, and c off besides.",
    fix=f"{_J}; the slip: h = sigma((G - ln nu)/tau)",
    number=Number("tau", _OfLogits, _TAUS),
)


class _OfModel(BinaryNceSteps):
    """G = ln p_m/tau - ln p_n."""

    def __init__(self, tau: float) -> None:
        self.tau = tau

    def log_ratio(self, log_model: Array, log_noise: Array, is_data: bool) -> tuple[Array, float]:
        tau = log_model.dtype.type(self.tau)
        value, slope = super().log_ratio(log_model / tau, log_noise, is_data)
        return value, slope / self.tau


TEMPERATURE_OF_MODEL = Mistake(
    "temperature-model",
    "a temperature in the model alone: G = ln p_m/tau - ln p_n",
    _OfModel(0.5),
    effect="The optimum of ln p_m is tau ln p_d: energies are right up to a factor tau, c with them.",
    fix="G = ln p_m - ln p_n; the slip: ln p_m/tau - ln p_n",
    number=Number("tau", _OfModel, _TAUS),
    only=("binary_nce",),
)


Term = Callable[[NceSteps, Array], tuple[Array, Array]]


class _Loss(NceSteps):
    """Two other functions of t in the places of ln h and ln(1 - h), each with its slope."""

    def __init__(self, of_data: Term, of_noise: Term) -> None:
        self.of_data, self.of_noise = of_data, of_noise

    def log_h(self, t: Array) -> tuple[Array, Array]:
        return self.of_data(self, t)

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        return self.of_noise(self, t)


def _hinge(steps: NceSteps, t: Array) -> tuple[Array, Array]:
    return np.minimum(t - 1, 0), (t < 1).astype(t.dtype)


def _squared_probability(steps: NceSteps, t: Array) -> tuple[Array, Array]:
    (value, rest) = steps.log_sigmoid(t)
    return -(rest**2), 2.0 * rest**2 * np.exp(value)


def _squared_logit(steps: NceSteps, t: Array) -> tuple[Array, Array]:
    return -((t - 1) ** 2), -2.0 * (t - 1)


def _squared_at_zero(steps: NceSteps, t: Array) -> tuple[Array, Array]:
    return -(t**2), -2.0 * t


def _squared_at_minus_one(steps: NceSteps, t: Array) -> tuple[Array, Array]:
    return -((t + 1) ** 2), -2.0 * (t + 1)


def _linear(steps: NceSteps, t: Array) -> tuple[Array, Array]:
    return t, np.ones_like(t)


def _exponential(steps: NceSteps, t: Array) -> tuple[Array, Array]:
    e = np.exp(-t)
    return -e, e


def _log_sigmoid(steps: NceSteps, t: Array) -> tuple[Array, Array]:
    return steps.log_sigmoid(t)


def _minus_log_sigmoid(steps: NceSteps, t: Array) -> tuple[Array, Array]:
    value, slope = steps.log_sigmoid(t)
    return -value, -slope


def _minus_log_rest(steps: NceSteps, t: Array) -> tuple[Array, Array]:
    value, slope = steps.log_sigmoid(-t)
    return -value, slope


def _at_minus(term: Term) -> Term:
    def mirrored(steps: NceSteps, t: Array) -> tuple[Array, Array]:
        value, slope = term(steps, -t)
        return value, -slope

    return mirrored


HINGE_LOSS = Mistake(
    "hinge-loss",
    "hinge loss: -max(0, 1 - t) on the data, -max(0, 1 + t) on the noise",
    _Loss(_hinge, _at_minus(_hinge)),
    effect="Its optimum is the sign of the log-ratio, t = 1 or -1: it tells data from noise and estimates no density.",
    fix=f"{_J}; the slip: min(0, t - 1), min(0, -t - 1)",
    seen="discriminators of adversarial networks",
)


SQUARED_PROBABILITIES = Mistake(
    "squared-error",
    "squared errors of the probabilities (Brier): -(1 - h)^2 on the data, -h^2 on the noise",
    _Loss(_squared_probability, _at_minus(_squared_probability)),
    effect="Consistent, since proper, but it is not NCE: values, variances and standard errors are others, and where h "
    "saturates the gradient is dead on the wrong side too.",
    fix=f"{_J}; the slip: (1 - h)^2, h^2 for -ln h, -ln(1 - h)",
)


LEAST_SQUARES = Mistake(
    "least-squares-loss",
    "least squares of the logits with labels 1 and 0: -(t - 1)^2 on the data, -t^2 on the noise",
    _Loss(_squared_logit, _squared_at_zero),
    effect="Its optimum is t = p_d/(p_d + nu p_n), a probability: t is no log-ratio, and c and B are both wrong.",
    fix=f"{_J}; the slip: (t - 1)^2, t^2",
    seen="Mao et al., arXiv 1611.04076, for adversarial networks",
)


LEAST_SQUARES_SYMMETRIC = Mistake(
    "least-squares-symmetric",
    "least squares of the logits with labels 1 and -1: -(t - 1)^2 on the data, -(t + 1)^2 on the noise",
    _Loss(_squared_logit, _squared_at_minus_one),
    effect="Its optimum is t = 2 p_d/(p_d + nu p_n) - 1: t is no log-ratio, and c and B are both wrong.",
    fix=f"{_J}; the slip: (t - 1)^2, (t + 1)^2",
)


LINEAR_LOSS = Mistake(
    "linear-loss",
    "no logarithm and no sigmoid: t on the data, -t on the noise (a critic's loss)",
    _Loss(_linear, _at_minus(_linear)),
    effect="Without a bound: it has no optimum unless something else keeps t small.",
    fix=f"{_J}; the slip: t, -t for ln h, ln(1 - h)",
    seen="Arjovsky et al., arXiv 1701.07875, for critics; contrastive divergence",
)


EXPONENTIAL_LOSS = Mistake(
    "exponential-loss",
    "exponential loss (boosting): -exp(-t) on the data, -exp(t) on the noise",
    _Loss(_exponential, _at_minus(_exponential)),
    effect="Its optimum is half the log-ratio of data to noise; it overflows where one point is far on the wrong side.",
    fix=f"{_J}; the slip: exp(-t), exp(t) for -ln h, -ln(1 - h)",
    arithmetic=True,
)


NOISE_NON_SATURATING = Mistake(
    "noise-non-saturating",
    "the generator's non-saturating term on the noise: -ln h(y) for ln(1 - h(y))",
    _Loss(_log_sigmoid, _minus_log_sigmoid),
    effect="h(y) is drawn to 0 without a bound: -ln h(y) grows for ever, and nothing is estimated.",
    fix=f"{_J}; the slip: -ln h(y), an adversarial network's other loss with its sign turned",
    seen="Goodfellow et al., arXiv 1406.2661, section 3: ln h(y) there, for the generator",
)


NOISE_TERM_SUBTRACTED = Mistake(
    "noise-term-subtracted",
    "the noise's term is subtracted: mean_x ln h - nu mean_y ln(1 - h)",
    _Loss(_log_sigmoid, _minus_log_rest),
    effect="h is drawn to 1 everywhere without a bound: G runs off to infinity on all points.",
    fix=f"{_J}; the slip: mean_x ln h - nu mean_y ln(1 - h), the sign that an adversarial game has for its generator",
)


class _NuPlusOne(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log1p(nu)


LOG_NU_PLUS_ONE = Mistake(
    "log-nu-plus-one",
    "ln(nu + 1) instead of ln nu: the data point is counted among the noise",
    _NuPlusOne(),
    effect="c is off by ln(1 + 1/nu) (kappa = nu + 1), by 0.69 at nu = 1; B stays right.",
    fix="h = sigma(G - ln nu); the slip: h = sigma(G - ln(nu + 1))",
)


class _SoftmaxOverAll(NceSteps):
    """A log-softmax over the G of all points, its mean over the data."""

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        top = max(ratio_data.max(), ratio_noise.max())
        at_data, at_noise = np.exp(ratio_data - top), np.exp(ratio_noise - top)
        total = at_data.sum() + at_noise.sum()
        n_data = ratio_data.dtype.type(ratio_data.size)
        return (
            (ratio_data - top).mean() - np.log(total),
            1 / n_data - at_data / total,
            -at_noise / total,
        )


SOFTMAX_OVER_ALL = Mistake(
    "softmax-over-all",
    "a softmax over all points: mean over the data of G less ln sum exp(G) over data and noise",
    _SoftmaxOverAll(),
    effect="A ranking objective whose denominator has the other data points as well: c drops out, and the optimum of "
    "exp(G) is proportional to p_d/(p_d + nu p_n), a probability, not to p_d/p_n.",
    fix=f"{_J}; the slip: G_i - ln(sum_x e^G + sum_y e^G)",
)


MISTAKES = (
    FOCAL_LOSS,
    FOCAL_LOSS_WEIGHTED,
    TEMPERATURE,
    TEMPERATURE_OF_LOGITS,
    TEMPERATURE_OF_MODEL,
    HINGE_LOSS,
    SQUARED_PROBABILITIES,
    LEAST_SQUARES,
    LEAST_SQUARES_SYMMETRIC,
    LINEAR_LOSS,
    EXPONENTIAL_LOSS,
    NOISE_NON_SATURATING,
    NOISE_TERM_SUBTRACTED,
    LOG_NU_PLUS_ONE,
    SOFTMAX_OVER_ALL,
)
