"""Slips in how importance sampling's ln Z enters J, and in the gradient written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.by_hand import Finish
from nce_ref.oracle.families.importance.textbook import ImportanceSteps


class _Normaliser(ImportanceSteps):
    """J with ln Z multiplied by a number, or by n_data or 1/n_data; right: 1."""

    def __init__(self, factor: float, power: int = 0) -> None:
        self.factor, self.power = factor, power

    def importance(
        self, model_data: Array, model_noise: Array, noise_noise: Array
    ) -> tuple[Any, Any, Array, Array]:
        value, log_Z, of_data, of_noise = super().importance(model_data, model_noise, noise_noise)
        factor = self.factor * float(len(model_data)) ** self.power
        return value + log_Z - factor * log_Z, log_Z, of_data, factor * of_noise


_J = "J = mean_x ln p_m - ln Z, Z = mean_y w"

IS_NORMALIZER_ADDED = Mistake(
    "is-normalizer-added",
    "ln Z is added instead of subtracted",
    _Normaliser(-1.0),
    effect="J rises with the mass of the model: B goes to 0.",
    fix=f"{_J}; the slip: mean_x ln p_m + ln Z (c is -ln Z and is added)",
)

IS_NO_NORMALIZER = Mistake(
    "is-no-normalizer",
    "ln Z is left out",
    _Normaliser(0.0),
    effect="The largest J is at B = 0.",
    fix=f"{_J}; the slip: mean_x ln p_m",
)

IS_NORMALIZER_ONCE = Mistake(
    "is-normalizer-once",
    "ln Z is subtracted once from the sum over the data, not once a point, and all is divided by n_data",
    _Normaliser(1.0, -1),
    effect="B is too small by some n_data. Nothing to see with one data point.",
    fix=f"{_J}; the slip: (1/n_data) (sum_x ln p_m - ln Z)",
)


class _DataSummed(ImportanceSteps):
    def mean_log_model(self, log_model: Array) -> tuple[Any, Array]:
        return log_model.sum(), np.ones_like(log_model)


IS_DATA_SUMMED = Mistake(
    "is-data-summed",
    "the sum over the data for the mean, ln Z once",
    _DataSummed(),
    effect="B is too small by some n_data. Nothing to see with one data point.",
    fix=f"{_J}; with the sum over the data it is n_data ln Z. The slip: sum_x ln p_m - ln Z",
)

IS_C_FOR_LOG_NORMALIZER = Mistake(
    "is-c-for-log-normalizer",
    "c = -ln Z is returned as ln Z",
    Finish("log_normalizer", lambda log_Z, inputs: -log_Z),
    effect="c comes out with the wrong sign where it is read off: everything else is right.",
    fix="log_normalizer = ln Z, c = -ln Z; the slip: one for the other",
)


MISTAKES = (
    IS_NORMALIZER_ADDED,
    IS_NO_NORMALIZER,
    IS_NORMALIZER_ONCE,
    IS_DATA_SUMMED,
    IS_C_FOR_LOG_NORMALIZER,
)
