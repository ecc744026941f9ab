r"""Importance sampling in plain NumPy, cut into steps that a mistake can replace.

    J = mean_x ln p_m - ln Z, ln Z = top + ln mean exp(ln w - top), top = max ln w: nothing overflows

Conventions
-----------
log_w, shares  (n_noise,): ln p_m - ln p_n, and w/sum w, which are the slope of ln Z by ln w
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Outputs, Steps
from nce_ref.oracle.families.densities.textbook import LaplaceSteps, NoiseSteps


class ImportanceSteps(Steps):
    """The right steps from log-densities."""

    def log_weight(self, log_model: Array, log_noise: Array) -> tuple[Array, float]:
        """ln w, and its slope by ln p_m."""
        return log_model - log_noise, 1.0

    def log_mean_weight(self, log_w: Array, n_data: int) -> tuple[Any, Array]:
        """ln Z = ln mean w, and its slope by ln w."""
        top = log_w.max()
        w = np.exp(log_w - top)
        return top + np.log(w.mean()), w / w.sum()

    def mean_log_model(self, log_model: Array) -> tuple[Any, Array]:
        """mean_x ln p_m, and its slope."""
        return log_model.mean(), np.full_like(log_model, 1.0 / len(log_model))

    def log_normalizer(self, log_model: Array, log_noise: Array, n_data: int) -> tuple[Any, Array]:
        """ln Z, and its slope by ln p_m on the noise."""
        log_w, up = self.log_weight(log_model, log_noise)
        log_Z, shares = self.log_mean_weight(log_w, n_data)
        return log_Z, up * shares

    def importance(
        self, model_data: Array, model_noise: Array, noise_noise: Array
    ) -> tuple[Any, Any, Array, Array]:
        """J, ln Z, dJ/dln p_m on the data and on the noise."""
        of_data, slope = self.mean_log_model(model_data)
        log_Z, shares = self.log_normalizer(model_noise, noise_noise, len(model_data))
        return of_data - log_Z, log_Z, slope, -shares


class LaplaceImportanceSteps(ImportanceSteps, NoiseSteps, LaplaceSteps):
    """The right steps of the Laplace ICA model."""


def importance_sampling_from_log_densities(
    steps: ImportanceSteps, log_model_data: Array, log_model_noise: Array, log_noise_noise: Array
) -> Outputs:
    """J, ln Z and the derivatives of J."""
    value, log_Z, of_data, of_noise = steps.importance(
        log_model_data, log_model_noise, log_noise_noise
    )
    return {
        "value": value,
        "log_normalizer": log_Z,
        "grad_log_model_data": of_data,
        "grad_log_model_noise": of_noise,
    }


def laplace_ica_importance_sampling(
    steps: LaplaceImportanceSteps, B: Array, x: Array, y: Array, noise_mean: Array, noise_cov: Array
) -> Outputs:
    """J and its derivative by B."""
    at_data, at_noise = steps.model_points(x, noise_mean), steps.model_points(y, noise_mean)
    (model_data, back_data), (model_noise, back_noise) = (
        steps.laplace(B, 0.0, at_data, True),
        steps.laplace(B, 0.0, at_noise, False),
    )
    mean, cov = steps.noise_law(noise_mean, noise_cov, y)
    noise_noise = steps.noise_log_density(y, mean, cov, False)
    value, _, of_data, of_noise = steps.importance(model_data, model_noise, noise_noise)
    return {"value": value, "grad_B": back_data(of_data)[0] + back_noise(of_noise)[0]}
