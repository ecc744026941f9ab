"""Slips in how importance sampling's ln Z enters J, and in the gradient written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.mistakes.gradients import CLIMBS, Finish
from nce_ref.oracle.mistakes.making import IMPORTANCE, made_by
from nce_ref.oracle.textbook import Array, Steps


class _Normaliser(Steps):
    """J with ln Z multiplied by a number, or by n_data or 1/n_data; right: 1."""

    def __init__(self, factor: float, power: int = 0) -> None:
        self.factor, self.power = factor, power

    def importance(
        self, model_data: Array, model_noise: Array, noise_noise: Array
    ) -> tuple[Any, Any, Array, Array]:
        value, log_Z, of_data, of_noise = super().importance(model_data, model_noise, noise_noise)
        factor = self.factor * float(len(model_data)) ** self.power
        return value + log_Z - factor * log_Z, log_Z, of_data, factor * of_noise


class _DataSummed(Steps):
    def mean_log_model(self, log_model: Array) -> tuple[Any, Array]:
        return log_model.sum(), np.ones_like(log_model)


class _NoiseSlope(Steps):
    """The slope of -ln Z by ln p_m, multiplied by ``factor(n_noise)``; right: 1."""

    def slope(self, log_w: Array, shares: Array) -> Array:
        """What stands for the shares."""
        raise NotImplementedError

    def log_mean_weight(self, log_w: Array, n_data: int) -> tuple[Any, Array]:
        value, shares = super().log_mean_weight(log_w, n_data)
        return value, self.slope(log_w, shares)


class _NoiseForgotten(_NoiseSlope):
    def slope(self, log_w: Array, shares: Array) -> Array:
        return np.zeros_like(shares)


class _NoiseAdded(_NoiseSlope):
    def slope(self, log_w: Array, shares: Array) -> Array:
        return -shares


class _NoWeights(_NoiseSlope):
    def slope(self, log_w: Array, shares: Array) -> Array:
        return np.full_like(shares, 1.0 / len(shares))


class _SharesAveraged(_NoiseSlope):
    def slope(self, log_w: Array, shares: Array) -> Array:
        return shares / len(shares)


class _NotSelfNormalised(_NoiseSlope):
    def slope(self, log_w: Array, shares: Array) -> Array:
        return np.exp(log_w) / len(shares)


class _DataForgotten(Steps):
    def mean_log_model(self, log_model: Array) -> tuple[Any, Array]:
        value, slope = super().mean_log_model(log_model)
        return value, np.zeros_like(slope)


_J = "J = mean_x ln p_m - ln Z, Z = mean_y w"
_DZ = "d ln Z/d ln p_m(y_t) = w_t/sum w"

IMPORTANCE_TERMS = (
    made_by(
        _Normaliser(-1.0),
        "is-normalizer-added",
        IMPORTANCE,
        "ln Z is added instead of subtracted",
        effect="J rises with the mass of the model: B goes to 0.",
        fix=f"{_J}; the slip: mean_x ln p_m + ln Z (c is -ln Z and is added)",
    ),
    made_by(
        _Normaliser(0.0),
        "is-no-normalizer",
        IMPORTANCE,
        "ln Z is left out",
        effect="The largest J is at B = 0.",
        fix=f"{_J}; the slip: mean_x ln p_m",
    ),
    made_by(
        _Normaliser(1.0, -1),
        "is-normalizer-once",
        IMPORTANCE,
        "ln Z is subtracted once from the sum over the data, not once a point, and all is divided by n_data",
        effect="B is too small by some n_data. Nothing to see with one data point.",
        fix=f"{_J}; the slip: (1/n_data) (sum_x ln p_m - ln Z)",
    ),
    made_by(
        _DataSummed(),
        "is-data-summed",
        IMPORTANCE,
        "the sum over the data for the mean, ln Z once",
        effect="B is too small by some n_data. Nothing to see with one data point.",
        fix=f"{_J}; with the sum over the data it is n_data ln Z. The slip: sum_x ln p_m - ln Z",
    ),
    made_by(
        Finish("log_normalizer", lambda log_Z, inputs: -log_Z),
        "is-c-for-log-normalizer",
        IMPORTANCE[:1],
        "c = -ln Z is returned as ln Z",
        effect="c comes out with the wrong sign where it is read off: everything else is right.",
        fix="log_normalizer = ln Z, c = -ln Z; the slip: one for the other",
    ),
)

IMPORTANCE_GRADIENTS = (
    made_by(
        _NoiseForgotten(),
        "is-gradient-data-only",
        IMPORTANCE,
        "the gradient of the data term alone: the weights are detached, or ln Z forgotten",
        effect="Nothing holds the model down: B goes to 0. A finite-difference check sees it.",
        fix=f"{_DZ}; the slip: 0",
    ),
    made_by(
        _NoiseAdded(),
        "is-gradient-sign",
        IMPORTANCE,
        "the slope of ln Z is added instead of subtracted",
        effect="Data and noise both pull the model up. " + CLIMBS,
        fix=f"{_DZ}, and J has -ln Z; the slip: + w_t/sum w",
    ),
    made_by(
        _NoWeights(),
        "is-gradient-unweighted",
        IMPORTANCE,
        "the noise's points count alike: 1/n_noise for w_t/sum w",
        effect="The gradient's zero has the model's moments on the data equal to those on the noise, whatever the weights are. "
        + CLIMBS,
        fix=f"{_DZ}; the slip: 1/n_noise",
    ),
    made_by(
        _SharesAveraged(),
        "is-gradient-averaged",
        IMPORTANCE,
        "the shares, which add up to 1, are averaged instead of summed",
        effect="The normaliser's pull is n_noise times too weak: B goes towards 0. " + CLIMBS,
        fix=f"{_DZ}; the slip: w_t/(n_noise sum w)",
    ),
    made_by(
        _NotSelfNormalised(),
        "is-gradient-not-self-normalised",
        IMPORTANCE,
        "the weights are not divided by their sum in the gradient: that of Z, not of ln Z",
        effect="Right where Z = 1 only, a factor of Z elsewhere; it overflows with the weights. "
        + CLIMBS,
        fix=f"{_DZ}; the slip: w_t/n_noise",
    ),
    made_by(
        _DataForgotten(),
        "is-gradient-noise-only",
        IMPORTANCE,
        "the gradient of ln Z alone: the data term is detached or forgotten",
        effect="Nothing holds the model up: B goes to infinity. A finite-difference check sees it.",
        fix="dJ/dln p_m(x_t) = 1/n_data; the slip: 0",
    ),
)
