"""Slips of the hand: the value is right and its gradient is not. A finite-difference check sees every one of them."""

from __future__ import annotations

from typing import Any

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.by_hand import CLIMBS, SCALES, Factor, Negated
from nce_ref.oracle.families.kernels.textbook import SigmoidSteps
from nce_ref.oracle.families.nce.textbook import NceSteps

_DJ = "dJ/dG = (1 - h)/n_data on the data, -h/n_data on the noise"

GRADIENT_NEGATED = Mistake(
    "gradient-negated",
    "the value is J, the gradient that of the loss -J",
    Negated(),
    effect="Descent where ascent is meant: the optimiser walks away from the maximum, or stops at once.",
    fix=f'{_DJ}; value and gradient both of J, or both of -J (sense="minimise")',
    gradient=True,
)

GRADIENT_SUMMED = Mistake(
    "gradient-summed",
    "the value is a mean, the gradient a sum",
    Factor(lambda n_data, n_noise: float(n_data)),
    effect=SCALES,
    fix=f"{_DJ}; the slip: without 1/n_data",
    gradient=True,
)

GRADIENT_PER_NOISE = Mistake(
    "gradient-per-noise",
    "the value is divided by n_data, the gradient by n_noise",
    Factor(lambda n_data, n_noise: n_data / n_noise),
    effect=SCALES,
    fix=f"{_DJ}; the slip: n_noise for n_data",
    gradient=True,
    only=("nce_from_log_ratios", "binary_nce", "laplace_ica_nce", "gaussian_nce"),
)

GRADIENT_HALF = Mistake(
    "gradient-half",
    "the gradient is that of J/2, the value is not",
    Factor(lambda n_data, n_noise: 0.5),
    effect=SCALES,
    fix=f"{_DJ}; the half of P10's J_T belongs to both or to neither",
    gradient=True,
)


class _NoiseSlope(NceSteps):
    """The slope of J on the noise, multiplied by a factor; right: 1."""

    def __init__(self, on_noise: float) -> None:
        self.on_noise = on_noise

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        value, of_data, of_noise = super().nce(ratio_data, ratio_noise, nu)
        return value, of_data, self.on_noise * of_noise


GRADIENT_DATA_ONLY = Mistake(
    "gradient-data-only",
    "the gradient of the data term alone: the noise term is detached or forgotten",
    _NoiseSlope(0.0),
    effect="Nothing holds c back: it goes to infinity.",
    fix=f"{_DJ}; the slip: 0 on the noise",
    gradient=True,
)


class _NoiseSlopeAveraged(NceSteps):
    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        value, of_data, of_noise = super().nce(ratio_data, ratio_noise, nu)
        return value, of_data, of_noise * (ratio_data.size / ratio_noise.size)


GRADIENT_NOISE_AVERAGED = Mistake(
    "gradient-noise-averaged",
    "the slope of the noise term is divided by n_noise, its value by n_data",
    _NoiseSlopeAveraged(),
    effect="The gradient's zero has c off by ln nu, the value's maximum has not. " + CLIMBS,
    fix=f"{_DJ}; the slip: -h/n_noise on the noise",
    gradient=True,
)

GRADIENT_NOISE_SIGN = Mistake(
    "gradient-noise-sign",
    "the slope of the noise term has the wrong sign",
    _NoiseSlope(-1.0),
    effect="Data and noise both pull c upwards: it goes to infinity.",
    fix=f"{_DJ}; the slip: +h/n_data on the noise",
    gradient=True,
)


class _DataSlope(NceSteps):
    """The slope of J on the data, multiplied by a factor; right: 1."""

    def __init__(self, on_data: float) -> None:
        self.on_data = on_data

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        value, of_data, of_noise = super().nce(ratio_data, ratio_noise, nu)
        return value, self.on_data * of_data, of_noise


GRADIENT_DATA_DOUBLED = Mistake(
    "gradient-data-doubled",
    "the slope of the data term counts twice: backward() on the data term, and again on J, without"
    " clearing what was accumulated",
    _DataSlope(2.0),
    effect="The gradient's zero has c off by ln 2, the value's maximum has not. " + CLIMBS,
    fix=f"{_DJ}; the slip: 2 (1 - h)/n_data on the data",
    gradient=True,
)

GRADIENT_NOISE_ONLY = Mistake(
    "gradient-noise-only",
    "the gradient of the noise term alone: the data term is detached or forgotten",
    _DataSlope(0.0),
    effect="Nothing holds c up: it goes to minus infinity.",
    fix=f"{_DJ}; the slip: 0 on the data",
    gradient=True,
)


class _DataSlopeOfH(NceSteps, SigmoidSteps):
    def log_h(self, t: Array) -> tuple[Array, Array]:
        return super().log_h(t)[0], self.sigmoid(t)[0]


GRADIENT_DATA_H = Mistake(
    "gradient-data-h",
    "the slope on the data is h instead of 1 - h, that on the noise is right",
    _DataSlopeOfH(),
    effect="Data points pull hardest where they are classified best. " + CLIMBS,
    fix=f"{_DJ}; the slip: h/n_data on the data",
    gradient=True,
)


class _SlopeWithoutNu(NceSteps):
    def term(self, log_ratio: Array, nu: float, is_data: bool) -> tuple[Array, Array]:
        return super().term(log_ratio, nu, is_data)[0], super().term(log_ratio, 1.0, is_data)[1]


GRADIENT_NO_LOG_NU = Mistake(
    "gradient-no-log-nu",
    "ln nu is missing in the gradient's h, not in the value",
    _SlopeWithoutNu(),
    effect="The gradient's zero has c off by -ln nu, the value's maximum has not. " + CLIMBS,
    fix=f"{_DJ}, h = sigma(G - ln nu) here too; the slip: h = sigma(G)",
    gradient=True,
)


MISTAKES = (
    GRADIENT_NEGATED,
    GRADIENT_SUMMED,
    GRADIENT_PER_NOISE,
    GRADIENT_HALF,
    GRADIENT_DATA_ONLY,
    GRADIENT_NOISE_AVERAGED,
    GRADIENT_NOISE_SIGN,
    GRADIENT_DATA_DOUBLED,
    GRADIENT_NOISE_ONLY,
    GRADIENT_DATA_H,
    GRADIENT_NO_LOG_NU,
)
