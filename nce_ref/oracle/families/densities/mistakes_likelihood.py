"""Slips in the likelihood of the Laplace ICA model: its normalising constant, ln|det B| - (n/2) ln 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.densities.textbook import GaussianSteps, LikelihoodSteps


class _UnitScale(LikelihoodSteps):
    log_2 = 2.0 * LikelihoodSteps.log_2

    @property
    def laplace_scale(self) -> float:
        return 1.0


_LIKELIHOOD = "mean_x ln p_m = -sqrt(2) mean_x sum_i |b_i . x| + ln|det B| - (n/2) ln 2"

LAPLACE_UNIT_SCALE = Mistake(
    "laplace-unit-scale",
    "the whole density of scale 1, exp(-|s|)/2, of variance 2",
    _UnitScale(),
    effect="B is sqrt(2) times too large.",
    fix=f"{_LIKELIHOOD}; the slip: -mean_x sum_i |b_i . x| + ln|det B| - n ln 2",
    only=("laplace_ica_mle",),
)


class _LogNormaliser(LikelihoodSteps):
    """ln|det B| and -(n/2) ln 2, multiplied by factors; right: 1 and 1."""

    def __init__(self, of_log_det: float, of_constant: float) -> None:
        self.of_log_det, self.of_constant = of_log_det, of_constant

    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        constant = 0.5 * len(B) * self.log_2
        value, slope = super().log_normaliser(B, n_data)
        return self.of_log_det * (
            value + constant
        ) - self.of_constant * constant, self.of_log_det * slope


NO_LOGDET_B = Mistake(
    "no-logdet-B",
    "ln|det B| is missing in the likelihood",
    _LogNormaliser(0.0, 1.0),
    effect="The maximum is at B = 0.",
    fix=f"{_LIKELIHOOD}, gradient with + B^-T; the slip: without ln|det B|",
)

LOGDET_B_SIGN = Mistake(
    "logdet-B-sign",
    "-ln|det B|: the determinant of the mixing matrix",
    _LogNormaliser(-1.0, 1.0),
    effect="No maximum: the value grows without bound as B becomes singular.",
    fix=f"{_LIKELIHOOD}; the slip: -ln|det B| = ln|det A|",
)


class _LogDetOnce(LikelihoodSteps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        value, slope = super().log_normaliser(B, n_data)
        return value / n_data, slope / n_data


LOGDET_B_ONCE = Mistake(
    "logdet-B-once",
    "the normalising constant is added once to a sum over the data, not once a point",
    _LogDetOnce(),
    effect="B is too small by a factor of n_data.",
    fix=f"{_LIKELIHOOD}; the slip: (1/n_data) (ln|det B| - (n/2) ln 2)",
)


class _LogDetAloneOnce(LikelihoodSteps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        return np.linalg.slogdet(B)[1] / n_data - 0.5 * len(B) * self.log_2, np.linalg.inv(
            B
        ).T / n_data


LOGDET_B_ALONE_ONCE = Mistake(
    "logdet-B-alone-once",
    "ln|det B| is added once to a sum over the data, not once a point; -(n/2) ln 2 is right",
    _LogDetAloneOnce(),
    effect="B is too small by a factor of n_data.",
    fix=f"{_LIKELIHOOD}; the slip: (1/n_data) ln|det B|",
)


class _ConstantOfPoints(LikelihoodSteps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        return np.linalg.slogdet(B)[1] - 0.5 * n_data * self.log_2, np.linalg.inv(B).T


MLE_CONSTANT_POINTS = Mistake(
    "mle-constant-points",
    "the number of points for the dimension n in -(n/2) ln 2: len(x) for x.shape[1]",
    _ConstantOfPoints(),
    effect=(
        "None on B; the value is off by a constant that grows with the sample, so likelihoods of"
        " different samples do not compare."
    ),
    fix=f"{_LIKELIHOOD}, n = x.shape[1]; the slip: -(n_data/2) ln 2",
)


class _ConstantOnce(LikelihoodSteps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        value, slope = super().log_normaliser(B, n_data)
        return value + 0.5 * (len(B) - 1) * self.log_2, slope


MLE_CONSTANT_ONCE = Mistake(
    "mle-constant-once",
    "-1/2 ln 2 once instead of once a dimension",
    _ConstantOnce(),
    effect=(
        "None on B; the value is off by ((n-1)/2) ln 2, so likelihoods of different models do not"
        " compare. Nothing to see at n = 1."
    ),
    fix=f"{_LIKELIHOOD}; the slip: -1/2 ln 2 at the end",
)


class _LogOfDet(LikelihoodSteps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        return np.log(np.linalg.det(B)) - 0.5 * len(B) * self.log_2, np.linalg.inv(B).T


LOG_DET_NEGATIVE = Mistake(
    "log-det-negative",
    "ln(det B) instead of ln|det B|",
    _LogOfDet(),
    effect="NaN wherever det B < 0, half of all random starts; det itself over- or underflows in high dimensions.",
    fix="slogdet(B)[1]; the slip: log(det(B))",
    seen="picard #77 (the overflow variant)",
)


class _NoSlopeBelowZero(_LogOfDet):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        value, slope = super().log_normaliser(B, n_data)
        return value, slope * (np.linalg.det(B) > 0.0)


LOGDET_NOT_SLOGDET = Mistake(
    "logdet-not-slogdet",
    "torch.logdet(B), which is NaN where det B < 0 and whose derivative is 0 there",
    _NoSlopeBelowZero(),
    effect=(
        "NaN for half of all random starts; an optimiser that does not look at the value gets a"
        " gradient without B^-T, which shrinks B."
    ),
    fix="slogdet(B).logabsdet; the slip: logdet(B)",
)

MLE_CONSTANT_NOT_HALVED = Mistake(
    "mle-constant-not-halved",
    "-n ln 2, the constant of the density exp(-|s|)/2, beside the right sqrt(2)",
    _LogNormaliser(1.0, 2.0),
    effect="None on B; the value is off by (n/2) ln 2, so likelihoods of different models do not compare.",
    fix=f"{_LIKELIHOOD}; the slip: -n ln 2 at the end",
)

MLE_NO_CONSTANT = Mistake(
    "mle-no-constant",
    "-(n/2) ln 2 is missing in the likelihood",
    _LogNormaliser(1.0, 0.0),
    effect="None on B; the value is off by (n/2) ln 2, so likelihoods of different models do not compare.",
    fix=f"{_LIKELIHOOD}; the slip: without the last term",
)


class _Truncated(GaussianSteps, LikelihoodSteps):
    sqrt2 = 1.414
    log_2 = 0.693
    log_2pi = 1.838


TRUNCATED_CONSTANTS = Mistake(
    "truncated-constants",
    "constants typed in with three decimals: sqrt(2) = 1.414, ln 2 pi = 1.838, ln 2 = 0.693",
    _Truncated(),
    effect="B is off by a factor of 1.00015, c by some 1e-4: more than float32's rounding by a thousand.",
    fix="sqrt(2.0), log(2.0 * pi), log(2.0), computed once",
    arithmetic=True,
)


MISTAKES = (
    LAPLACE_UNIT_SCALE,
    NO_LOGDET_B,
    LOGDET_B_SIGN,
    LOGDET_B_ONCE,
    LOGDET_B_ALONE_ONCE,
    MLE_CONSTANT_POINTS,
    MLE_CONSTANT_ONCE,
    LOG_DET_NEGATIVE,
    LOGDET_NOT_SLOGDET,
    MLE_CONSTANT_NOT_HALVED,
    MLE_NO_CONSTANT,
    TRUNCATED_CONSTANTS,
)
