"""Slips in the likelihood of the Laplace ICA model: its normalising constant, ln|det B| - (n/2) ln 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.mistakes.making import MLE, made_by
from nce_ref.oracle.textbook import Array, Steps


class _UnitScale(Steps):
    log_2 = 2.0 * Steps.log_2

    @property
    def laplace_scale(self) -> float:
        return 1.0


class _LogNormaliser(Steps):
    """ln|det B| and -(n/2) ln 2, multiplied by factors; right: 1 and 1."""

    def __init__(self, of_log_det: float, of_constant: float) -> None:
        self.of_log_det, self.of_constant = of_log_det, of_constant

    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        constant = 0.5 * len(B) * self.log_2
        value, slope = super().log_normaliser(B, n_data)
        return self.of_log_det * (
            value + constant
        ) - self.of_constant * constant, self.of_log_det * slope


class _LogDetOnce(Steps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        value, slope = super().log_normaliser(B, n_data)
        return value / n_data, slope / n_data


class _LogOfDet(Steps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        return np.log(np.linalg.det(B)) - 0.5 * len(B) * self.log_2, np.linalg.inv(B).T


class _LogDetAloneOnce(Steps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        return np.linalg.slogdet(B)[1] / n_data - 0.5 * len(B) * self.log_2, np.linalg.inv(
            B
        ).T / n_data


class _ConstantOfPoints(Steps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        return np.linalg.slogdet(B)[1] - 0.5 * n_data * self.log_2, np.linalg.inv(B).T


class _ConstantOnce(Steps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        value, slope = super().log_normaliser(B, n_data)
        return value + 0.5 * (len(B) - 1) * self.log_2, slope


class _NoSlopeBelowZero(_LogOfDet):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        value, slope = super().log_normaliser(B, n_data)
        return value, slope * (np.linalg.det(B) > 0.0)


_LIKELIHOOD = "mean_x ln p_m = -sqrt(2) mean_x sum_i |b_i . x| + ln|det B| - (n/2) ln 2"

LIKELIHOOD = (
    made_by(
        _UnitScale(),
        "laplace-unit-scale",
        MLE,
        "the whole density of scale 1, exp(-|s|)/2, of variance 2",
        effect="B is sqrt(2) times too large.",
        fix=f"{_LIKELIHOOD}; the slip: -mean_x sum_i |b_i . x| + ln|det B| - n ln 2",
    ),
    made_by(
        _LogNormaliser(0.0, 1.0),
        "no-logdet-B",
        MLE,
        "ln|det B| is missing in the likelihood",
        effect="The maximum is at B = 0.",
        fix=f"{_LIKELIHOOD}, gradient with + B^-T; the slip: without ln|det B|",
    ),
    made_by(
        _LogNormaliser(-1.0, 1.0),
        "logdet-B-sign",
        MLE,
        "-ln|det B|: the determinant of the mixing matrix",
        effect="No maximum: the value grows without bound as B becomes singular.",
        fix=f"{_LIKELIHOOD}; the slip: -ln|det B| = ln|det A|",
    ),
    made_by(
        _LogDetOnce(),
        "logdet-B-once",
        MLE,
        "the normalising constant is added once to a sum over the data, not once a point",
        effect="B is too small by a factor of n_data.",
        fix=f"{_LIKELIHOOD}; the slip: (1/n_data) (ln|det B| - (n/2) ln 2)",
    ),
    made_by(
        _LogDetAloneOnce(),
        "logdet-B-alone-once",
        MLE,
        "ln|det B| is added once to a sum over the data, not once a point; -(n/2) ln 2 is right",
        effect="B is too small by a factor of n_data.",
        fix=f"{_LIKELIHOOD}; the slip: (1/n_data) ln|det B|",
    ),
    made_by(
        _ConstantOfPoints(),
        "mle-constant-points",
        MLE,
        "the number of points for the dimension n in -(n/2) ln 2: len(x) for x.shape[1]",
        effect="None on B; the value is off by a constant that grows with the sample, so likelihoods of different samples do not compare.",
        fix=f"{_LIKELIHOOD}, n = x.shape[1]; the slip: -(n_data/2) ln 2",
    ),
    made_by(
        _ConstantOnce(),
        "mle-constant-once",
        MLE,
        "-1/2 ln 2 once instead of once a dimension",
        effect="None on B; the value is off by ((n-1)/2) ln 2, so likelihoods of different models do not compare. Nothing to see at n = 1.",
        fix=f"{_LIKELIHOOD}; the slip: -1/2 ln 2 at the end",
    ),
    made_by(
        _LogOfDet(),
        "log-det-negative",
        MLE,
        "ln(det B) instead of ln|det B|",
        effect="NaN wherever det B < 0, half of all random starts; det itself over- or underflows in high dimensions.",
        fix="slogdet(B)[1]; the slip: log(det(B))",
        seen="picard #77 (the overflow variant)",
    ),
    made_by(
        _NoSlopeBelowZero(),
        "logdet-not-slogdet",
        MLE,
        "torch.logdet(B), which is NaN where det B < 0 and whose derivative is 0 there",
        effect="NaN for half of all random starts; an optimiser that does not look at the value gets a gradient without B^-T, which "
        "shrinks B.",
        fix="slogdet(B).logabsdet; the slip: logdet(B)",
    ),
    made_by(
        _LogNormaliser(1.0, 2.0),
        "mle-constant-not-halved",
        MLE,
        "-n ln 2, the constant of the density exp(-|s|)/2, beside the right sqrt(2)",
        effect="None on B; the value is off by (n/2) ln 2, so likelihoods of different models do not compare.",
        fix=f"{_LIKELIHOOD}; the slip: -n ln 2 at the end",
    ),
    made_by(
        _LogNormaliser(1.0, 0.0),
        "mle-no-constant",
        MLE,
        "-(n/2) ln 2 is missing in the likelihood",
        effect="None on B; the value is off by (n/2) ln 2, so likelihoods of different models do not compare.",
        fix=f"{_LIKELIHOOD}; the slip: without the last term",
    ),
)
