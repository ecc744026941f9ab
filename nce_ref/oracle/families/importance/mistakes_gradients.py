"""Slips in how importance sampling's ln Z enters J, and in the gradient written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.by_hand import CLIMBS
from nce_ref.oracle.families.importance.textbook import ImportanceSteps


class _NoiseSlope(ImportanceSteps):
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


_DZ = "d ln Z/d ln p_m(y_t) = w_t/sum w"

IS_GRADIENT_DATA_ONLY = Mistake(
    "is-gradient-data-only",
    "the gradient of the data term alone: the weights are detached, or ln Z forgotten",
    _NoiseForgotten(),
    effect="Nothing holds the model down: B goes to 0. A finite-difference check sees it.",
    fix=f"{_DZ}; the slip: 0",
    gradient=True,
)


class _NoiseAdded(_NoiseSlope):
    def slope(self, log_w: Array, shares: Array) -> Array:
        return -shares


IS_GRADIENT_SIGN = Mistake(
    "is-gradient-sign",
    "the slope of ln Z is added instead of subtracted",
    _NoiseAdded(),
    effect="Data and noise both pull the model up. " + CLIMBS,
    fix=f"{_DZ}, and J has -ln Z; the slip: + w_t/sum w",
    gradient=True,
)


class _NoWeights(_NoiseSlope):
    def slope(self, log_w: Array, shares: Array) -> Array:
        return np.full_like(shares, 1.0 / len(shares))


IS_GRADIENT_UNWEIGHTED = Mistake(
    "is-gradient-unweighted",
    "the noise's points count alike: 1/n_noise for w_t/sum w",
    _NoWeights(),
    effect=(
        "The gradient's zero has the model's moments on the data equal to those on the noise,"
        " whatever the weights are. "
    )
    + CLIMBS,
    fix=f"{_DZ}; the slip: 1/n_noise",
    gradient=True,
)


class _SharesAveraged(_NoiseSlope):
    def slope(self, log_w: Array, shares: Array) -> Array:
        return shares / len(shares)


IS_GRADIENT_AVERAGED = Mistake(
    "is-gradient-averaged",
    "the shares, which add up to 1, are averaged instead of summed",
    _SharesAveraged(),
    effect="The normaliser's pull is n_noise times too weak: B goes towards 0. " + CLIMBS,
    fix=f"{_DZ}; the slip: w_t/(n_noise sum w)",
    gradient=True,
)


class _NotSelfNormalised(_NoiseSlope):
    def slope(self, log_w: Array, shares: Array) -> Array:
        return np.exp(log_w) / len(shares)


IS_GRADIENT_NOT_SELF_NORMALISED = Mistake(
    "is-gradient-not-self-normalised",
    "the weights are not divided by their sum in the gradient: that of Z, not of ln Z",
    _NotSelfNormalised(),
    effect="Right where Z = 1 only, a factor of Z elsewhere; it overflows with the weights. "
    + CLIMBS,
    fix=f"{_DZ}; the slip: w_t/n_noise",
    gradient=True,
)


class _DataForgotten(ImportanceSteps):
    def mean_log_model(self, log_model: Array) -> tuple[Any, Array]:
        value, slope = super().mean_log_model(log_model)
        return value, np.zeros_like(slope)


IS_GRADIENT_NOISE_ONLY = Mistake(
    "is-gradient-noise-only",
    "the gradient of ln Z alone: the data term is detached or forgotten",
    _DataForgotten(),
    effect="Nothing holds the model up: B goes to infinity. A finite-difference check sees it.",
    fix="dJ/dln p_m(x_t) = 1/n_data; the slip: 0",
    gradient=True,
)


MISTAKES = (
    IS_GRADIENT_DATA_ONLY,
    IS_GRADIENT_SIGN,
    IS_GRADIENT_UNWEIGHTED,
    IS_GRADIENT_AVERAGED,
    IS_GRADIENT_NOT_SELF_NORMALISED,
    IS_GRADIENT_NOISE_ONLY,
)
