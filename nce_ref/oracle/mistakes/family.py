"""Slips in nu: the weights of the two sums and the ln nu inside the sigmoid.

With weights w1 and w0 of the two means (right: 1 and nu), h = sigma(G - ln kappa) (right: kappa = nu) and an error delta in
ln p_n (right: 0), c's estimate moves by ln(w1 kappa/w0) + delta and the other parameters' not: THEORY.md section 6.
"""

from __future__ import annotations

import math

from nce_ref.oracle.mistakes.making import NCE, made_by
from nce_ref.oracle.textbook import Steps


class _NoiseAveraged(Steps):
    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        return 1.0 / n_data, 1.0 / n_noise


class _NoLogNu(Steps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return 0.0


class _NuSign(Steps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return -math.log(nu)


class _MeanOfMeans(_NoiseAveraged, _NoLogNu):
    pass


class _NoiseTwice(Steps):
    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        return 1.0 / n_data, n_noise / n_data**2


class _NuInverted(_NuSign):
    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        return 1.0 / n_data, n_data / n_noise**2


class _NuNotLogged(Steps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return nu


class _Log2(Steps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log2(nu)


class _Log10(Steps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log10(nu)


class _NuInteger(Steps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log(math.floor(nu)) if nu >= 1.0 else -math.inf


class _NuWhole(Steps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log(max(1, int(nu)))


class _DataOnly(Steps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log(nu) if is_data else 0.0


class _NoiseOnly(Steps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return 0.0 if is_data else math.log(nu)


class _SignOnNoise(Steps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log(nu) if is_data else -math.log(nu)


class _SignOnData(Steps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return -math.log(nu) if is_data else math.log(nu)


class _PerNoise(Steps):
    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        return 1.0 / n_noise, 1.0 / n_noise


_TWO_SIDED = "No constant shift: B and c are both wrong unless nu = 1."
_H = "h = sigma(G - ln nu), G = ln p_m - ln p_n"

FAMILY = (
    made_by(
        _NoLogNu(),
        "no-log-nu",
        NCE,
        "ln nu is missing in h; the noise term is summed",
        effect="c is off by -ln nu (kappa = 1), B stays right. In a normalised model, where c is tied, all is wrong: 0.03 instead of 1 "
        "for the 1-D Laplace model at nu = 10.",
        fix=f"{_H}; the slip: h = sigma(G)",
        seen="demelin's NCE for PyTorch; asked in Stonesjtu/Pytorch-NCE #12",
    ),
    made_by(
        _NuSign(),
        "nu-sign",
        NCE,
        "ln nu is added to G instead of subtracted: nu is inverted in h alone",
        effect="c is off by -2 ln nu (kappa = 1/nu), B stays right.",
        fix=f"{_H}, 1 - h = sigma(ln nu - G); the slip: h = sigma(G + ln nu)",
    ),
    made_by(
        _NoiseAveraged(),
        "noise-averaged",
        NCE,
        "the noise term is averaged over the noise, ln nu is kept",
        effect="c is off by +ln nu (w0 = 1), B stays right in the limit. In a normalised model 1.0098 instead of 1 (1-D Laplace, nu = 10).",
        fix="(1/n_data) sum_y ln(1 - h) = nu mean_y ln(1 - h); the slip: mean_y ln(1 - h)",
        seen="Stonesjtu/Pytorch-NCE before its fix",
    ),
    made_by(
        _MeanOfMeans(),
        "mean-of-means",
        NCE,
        "mean over data + mean over noise, without ln nu",
        effect="Consistent (w0 = kappa = 1: no shift), but it is the objective of nu = 1: the noise beyond n_data is used less well, and "
        "values, variances and standard errors are not those of nu.",
        fix="mean_x ln sigma(G - ln nu) + nu mean_y ln sigma(ln nu - G); the slip: mean_x ln sigma(G) + mean_y ln sigma(-G)",
        seen="several two-dimensional demos of energy-based models",
    ),
    made_by(
        _NoiseTwice(),
        "noise-weighted-twice",
        NCE,
        "the noise term is summed and then multiplied by nu once more",
        effect="c is off by -ln nu (w0 = nu^2), B stays right in the limit.",
        fix="(1/n_data) sum_y ln(1 - h), or nu mean_y ln(1 - h), not both; the slip: (nu/n_data) sum_y ln(1 - h)",
    ),
    made_by(
        _NuInverted(),
        "nu-inverted",
        NCE,
        "nu is n_data/n_noise instead of n_noise/n_data, everywhere",
        effect="Consistent (w0 = kappa = 1/nu: no shift), but it is the objective of 1/nu: for nu > 1 a larger variance, and values, "
        "variances and standard errors are not those of nu.",
        fix="nu = n_noise/n_data; J = mean_x ln sigma(G - ln nu) + nu mean_y ln sigma(ln nu - G)",
    ),
    made_by(
        _NuNotLogged(),
        "nu-not-logged",
        NCE,
        "nu is subtracted from G instead of ln nu",
        effect="c is off by nu - ln nu (kappa = e^nu), by 1 at nu = 1; B stays right.",
        fix=f"{_H}; the slip: h = sigma(G - nu)",
    ),
    made_by(
        _Log2(),
        "nu-log2",
        NCE,
        "log2 nu instead of ln nu",
        effect="c is off by (1/ln 2 - 1) ln nu = 0.443 ln nu; B stays right.",
        fix=f"{_H}, natural logarithm; the slip: h = sigma(G - log2 nu)",
    ),
    made_by(
        _Log10(),
        "nu-log10",
        NCE,
        "log10 nu instead of ln nu (what `log` means in some languages)",
        effect="c is off by (1/ln 10 - 1) ln nu = -0.566 ln nu; B stays right.",
        fix=f"{_H}, natural logarithm; the slip: h = sigma(G - log10 nu)",
    ),
    made_by(
        _NuInteger(),
        "nu-integer",
        NCE,
        "nu by an integer division, n_noise // n_data",
        effect="c is off by ln(floor(nu)/nu), B stays right; for nu < 1 ln 0 = -inf, and J is -inf or NaN.",
        fix="nu = n_noise/n_data, a real number; the slip: floor(n_noise/n_data)",
    ),
    made_by(
        _NuWhole(),
        "nu-integer-at-least-1",
        NCE,
        "nu as a whole number of noise points a data point, at least 1: max(1, int(nu))",
        effect="c is off by ln(max(1, floor(nu))/nu), B stays right. Nothing to see where nu is a whole number.",
        fix="nu = n_noise/n_data, a real number; the slip: max(1, n_noise // n_data)",
    ),
    made_by(
        _DataOnly(),
        "log-nu-data-only",
        NCE,
        "ln nu is subtracted on the data, forgotten on the noise",
        effect=_TWO_SIDED,
        fix="ln(1 - h(y)) = ln sigma(ln nu - G); the slip: ln sigma(-G)",
    ),
    made_by(
        _NoiseOnly(),
        "log-nu-noise-only",
        NCE,
        "ln nu is used on the noise, forgotten on the data",
        effect=_TWO_SIDED,
        fix="ln h(x) = ln sigma(G - ln nu); the slip: ln sigma(G)",
    ),
    made_by(
        _SignOnNoise(),
        "log-nu-sign-noise",
        NCE,
        "on the noise the sign of G is turned, that of ln nu is not",
        effect=_TWO_SIDED,
        fix="ln(1 - h(y)) = ln sigma(-(G - ln nu)) = ln sigma(ln nu - G); the slip: ln sigma(-G - ln nu)",
    ),
    made_by(
        _SignOnData(),
        "log-nu-sign-data",
        NCE,
        "+ ln nu in both sigmoids, on the data too",
        effect=_TWO_SIDED,
        fix="ln h(x) = ln sigma(G - ln nu), ln(1 - h(y)) = ln sigma(ln nu - G); the slip: ln sigma(G + ln nu) on the data",
    ),
    made_by(
        _PerNoise(),
        "divided-by-n-noise",
        NCE,
        "both sums are divided by n_noise",
        effect="None on the estimate: a factor of 1/nu. But it is no declared reduction, and standard errors by J's curvature are off "
        "by sqrt(nu).",
        fix='divide by n_data ("per_data"), by n_data + n_noise ("mean"), or not at all ("sum")',
    ),
)
