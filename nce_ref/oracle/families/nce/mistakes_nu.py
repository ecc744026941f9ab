"""Slips in nu: the weights of the two sums and the ln nu inside the sigmoid.

With weights w1 and w0 of the two means (right: 1 and nu), h = sigma(G - ln kappa) (right: kappa = nu) and an error
delta in ln p_n (right: 0), c's estimate moves by ln(w1 kappa/w0) + delta and the other parameters' not: THEORY.md
section 5.
"""

from __future__ import annotations

import math

from nce_ref.oracle.families.base import (
    Mistake,
)
from nce_ref.oracle.families.nce.textbook import NceSteps


class _NoLogNu(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return 0.0


_H = "h = sigma(G - ln nu), G = ln p_m - ln p_n"

NO_LOG_NU = Mistake(
    "no-log-nu",
    "ln nu is missing in h; the noise term is summed",
    _NoLogNu(),
    effect=(
        "c is off by -ln nu (kappa = 1), B stays right. In a normalised model, where c is tied, all"
        " is wrong: 0.03 instead of 1 for the 1-D Laplace model at nu = 10."
    ),
    fix=f"{_H}; the slip: h = sigma(G)",
    seen="demelin's NCE for PyTorch; asked in Stonesjtu/Pytorch-NCE #12",
)


class _NuSign(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return -math.log(nu)


NU_SIGN = Mistake(
    "nu-sign",
    "ln nu is added to G instead of subtracted: nu is inverted in h alone",
    _NuSign(),
    effect="c is off by -2 ln nu (kappa = 1/nu), B stays right.",
    fix=f"{_H}, 1 - h = sigma(ln nu - G); the slip: h = sigma(G + ln nu)",
)


class _NoiseAveraged(NceSteps):
    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        return 1.0 / n_data, 1.0 / n_noise if n_noise else math.inf


NOISE_AVERAGED = Mistake(
    "noise-averaged",
    "the noise term is averaged over the noise, ln nu is kept",
    _NoiseAveraged(),
    effect=(
        "c is off by +ln nu (w0 = 1), B stays right in the limit. In a normalised model 1.0098"
        " instead of 1 (1-D Laplace, nu = 10)."
    ),
    fix="(1/n_data) sum_y ln(1 - h) = nu mean_y ln(1 - h); the slip: mean_y ln(1 - h)",
    seen="Stonesjtu/Pytorch-NCE before its fix",
)


class _MeanOfMeans(_NoiseAveraged, _NoLogNu):
    pass


MEAN_OF_MEANS = Mistake(
    "mean-of-means",
    "mean over data + mean over noise, without ln nu",
    _MeanOfMeans(),
    effect=(
        "Consistent (w0 = kappa = 1: no shift), but it is the objective of nu = 1: the noise beyond"
        " n_data is used less well, and values, variances and standard errors are not those of nu."
    ),
    fix=(
        "mean_x ln sigma(G - ln nu) + nu mean_y ln sigma(ln nu - G); the slip: mean_x ln sigma(G) +"
        " mean_y ln sigma(-G)"
    ),
    seen="several two-dimensional demos of energy-based models",
    declares="one",
)


class _NoiseTwice(NceSteps):
    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        return 1.0 / n_data, n_noise / n_data**2


NOISE_WEIGHTED_TWICE = Mistake(
    "noise-weighted-twice",
    "the noise term is summed and then multiplied by nu once more",
    _NoiseTwice(),
    effect="c is off by -ln nu (w0 = nu^2), B stays right in the limit.",
    fix="(1/n_data) sum_y ln(1 - h), or nu mean_y ln(1 - h), not both; the slip: (nu/n_data) sum_y ln(1 - h)",
)


class _NuInverted(_NuSign):
    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        return 1.0 / n_data, n_data / n_noise**2


NU_INVERTED = Mistake(
    "nu-inverted",
    "nu is n_data/n_noise instead of n_noise/n_data, everywhere",
    _NuInverted(),
    effect=(
        "Consistent (w0 = kappa = 1/nu: no shift), but it is the objective of 1/nu: for nu > 1 a"
        " larger variance, and values, variances and standard errors are not those of nu."
    ),
    fix="nu = n_noise/n_data; J = mean_x ln sigma(G - ln nu) + nu mean_y ln sigma(ln nu - G)",
)


class _NuNotLogged(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return nu


NU_NOT_LOGGED = Mistake(
    "nu-not-logged",
    "nu is subtracted from G instead of ln nu",
    _NuNotLogged(),
    effect="c is off by nu - ln nu (kappa = e^nu), by 1 at nu = 1; B stays right.",
    fix=f"{_H}; the slip: h = sigma(G - nu)",
)


class _Log2(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log2(nu)


NU_LOG2 = Mistake(
    "nu-log2",
    "log2 nu instead of ln nu",
    _Log2(),
    effect="c is off by (1/ln 2 - 1) ln nu = 0.443 ln nu; B stays right.",
    fix=f"{_H}, natural logarithm; the slip: h = sigma(G - log2 nu)",
)


class _Log10(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log10(nu)


NU_LOG10 = Mistake(
    "nu-log10",
    "log10 nu instead of ln nu (what `log` means in some languages)",
    _Log10(),
    effect="c is off by (1/ln 10 - 1) ln nu = -0.566 ln nu; B stays right.",
    fix=f"{_H}, natural logarithm; the slip: h = sigma(G - log10 nu)",
)


class _NuInteger(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log(math.floor(nu)) if nu >= 1.0 else -math.inf


NU_INTEGER = Mistake(
    "nu-integer",
    "nu by an integer division, n_noise // n_data",
    _NuInteger(),
    effect="c is off by ln(floor(nu)/nu), B stays right; for nu < 1 ln 0 = -inf, and J is -inf or NaN.",
    fix="nu = n_noise/n_data, a real number; the slip: floor(n_noise/n_data)",
)


class _NuWhole(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log(max(1, int(nu)))


NU_INTEGER_AT_LEAST_1 = Mistake(
    "nu-integer-at-least-1",
    "nu as a whole number of noise points a data point, at least 1: max(1, int(nu))",
    _NuWhole(),
    effect="c is off by ln(max(1, floor(nu))/nu), B stays right. Nothing to see where nu is a whole number.",
    fix="nu = n_noise/n_data, a real number; the slip: max(1, n_noise // n_data)",
)


class _DataOnly(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log(nu) if is_data else 0.0


_TWO_SIDED = "No constant shift: B and c are both wrong unless nu = 1."

LOG_NU_DATA_ONLY = Mistake(
    "log-nu-data-only",
    "ln nu is subtracted on the data, forgotten on the noise",
    _DataOnly(),
    effect=_TWO_SIDED,
    fix="ln(1 - h(y)) = ln sigma(ln nu - G); the slip: ln sigma(-G)",
)


class _NoiseOnly(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return 0.0 if is_data else math.log(nu)


LOG_NU_NOISE_ONLY = Mistake(
    "log-nu-noise-only",
    "ln nu is used on the noise, forgotten on the data",
    _NoiseOnly(),
    effect=_TWO_SIDED,
    fix="ln h(x) = ln sigma(G - ln nu); the slip: ln sigma(G)",
)


class _SignOnNoise(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log(nu) if is_data else -math.log(nu)


LOG_NU_SIGN_NOISE = Mistake(
    "log-nu-sign-noise",
    "on the noise the sign of G is turned, that of ln nu is not",
    _SignOnNoise(),
    effect=_TWO_SIDED,
    fix="ln(1 - h(y)) = ln sigma(-(G - ln nu)) = ln sigma(ln nu - G); the slip: ln sigma(-G - ln nu)",
)


class _SignOnData(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return -math.log(nu) if is_data else math.log(nu)


LOG_NU_SIGN_DATA = Mistake(
    "log-nu-sign-data",
    "+ ln nu in both sigmoids, on the data too",
    _SignOnData(),
    effect=_TWO_SIDED,
    fix="ln h(x) = ln sigma(G - ln nu), ln(1 - h(y)) = ln sigma(ln nu - G); the slip: ln sigma(G + ln nu) on the data",
)


class _PerNoise(NceSteps):
    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        return 1.0 / n_noise, 1.0 / n_noise


DIVIDED_BY_N_NOISE = Mistake(
    "divided-by-n-noise",
    "both sums are divided by n_noise",
    _PerNoise(),
    effect=(
        "None on the estimate: a factor of 1/nu. But it is no declared reduction, and standard"
        " errors by J's curvature are off by sqrt(nu)."
    ),
    fix='divide by n_data ("per_data"), by n_data + n_noise ("mean"), or not at all ("sum")',
)


class _DataTimesNu(NceSteps):
    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        return n_noise / n_data**2, 1.0 / n_data


POS_WEIGHT = Mistake(
    "pos-weight",
    "the data term is multiplied by nu, as BCEWithLogits does with pos_weight = n_noise/n_data, and the sums are"
    " kept",
    _DataTimesNu(),
    effect=(
        "The classes are balanced once more after ln nu has done it: c is off by ln nu (w1 = nu), B stays right in"
        " the limit."
    ),
    fix=f"no pos_weight beside ln nu: {_H}; the slip: (nu/n_data) sum_x ln h + (1/n_data) sum_y ln(1 - h)",
    seen="the usual advice for unbalanced classes",
    flat=True,
)


MISTAKES = (
    NO_LOG_NU,
    NU_SIGN,
    NOISE_AVERAGED,
    MEAN_OF_MEANS,
    NOISE_WEIGHTED_TWICE,
    NU_INVERTED,
    NU_NOT_LOGGED,
    NU_LOG2,
    NU_LOG10,
    NU_INTEGER,
    NU_INTEGER_AT_LEAST_1,
    LOG_NU_DATA_ONLY,
    LOG_NU_NOISE_ONLY,
    LOG_NU_SIGN_NOISE,
    LOG_NU_SIGN_DATA,
    DIVIDED_BY_N_NOISE,
    POS_WEIGHT,
)
