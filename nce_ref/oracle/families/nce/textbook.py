"""J in plain NumPy, from log-ratios, from log-densities and from models, cut into steps that a mistake can replace.

Conventions
-----------
inputs     the objective's arguments: arrays all in one dtype, which is kept throughout; c and nu Python floats
slope      the derivative of an elementwise step, an array of the same shape, or one number for all
pullback   weights dJ/d(output) -> dJ/d(input);  for a log-density (n_points,) -> (dJ/dparameter, dJ/dc)
is_data    which sample a step is asked about: both are treated alike, except where the step's formula differs
"""

from __future__ import annotations

import math
from typing import Any

from nce_ref.oracle.families.base import Array, Outputs, Pullback
from nce_ref.oracle.families.densities.textbook import GaussianModelSteps, LaplaceSteps, NoiseSteps
from nce_ref.oracle.families.kernels.textbook import LogSigmoidSteps


class NceSteps(LogSigmoidSteps):
    """The right steps of J from log-ratios."""

    def log_nu(self, nu: float, is_data: bool) -> float:
        """What is subtracted from G."""
        return math.log(nu)

    def log_nus(self, nu: Any, like: Array, is_data: bool) -> Any:
        """The same beside log-ratios: where each has its own nu, an array that broadcasts against them."""
        return self.log_nu(nu, is_data)

    def log_h(self, t: Array) -> tuple[Array, Array]:
        """ln h = ln sigma(t), and its slope sigma(-t), of the data."""
        return self.log_sigmoid(t)

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        """ln(1 - h) = ln sigma(-t), and its slope -sigma(t), of the noise."""
        value, slope = self.log_sigmoid(-t)
        return value, -slope

    def term(self, log_ratio: Array, nu: Any, is_data: bool) -> tuple[Array, Array]:
        """A point's term of J and its slope by G."""
        t = log_ratio - self.log_nus(nu, log_ratio, is_data)
        return self.log_h(t) if is_data else self.log_one_minus_h(t)

    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        """What the two sums are multiplied by."""
        return 1.0 / n_data, 1.0 / n_data

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        """J, dJ/dG on the data, dJ/dG on the noise."""
        of_data, slope_data = self.term(ratio_data, nu, True)
        of_noise, slope_noise = self.term(ratio_noise, nu, False)
        data, noise = self.weights(len(ratio_data), len(ratio_noise))
        return data * of_data.sum() + noise * of_noise.sum(), data * slope_data, noise * slope_noise


class BinaryNceSteps(NceSteps):
    """The right steps of J from log-densities."""

    def log_ratio(self, log_model: Array, log_noise: Array, is_data: bool) -> tuple[Array, float]:
        """G = ln p_m - ln p_n, and its slope by ln p_m."""
        return log_model - log_noise, 1.0

    def binary(
        self,
        model_data: Array,
        model_noise: Array,
        noise_data: Array,
        noise_noise: Array,
        nu: float,
    ) -> tuple[Any, Array, Array]:
        """J, dJ/dln p_m on the data and on the noise, from the four log-densities."""
        ratio_data, up_data = self.log_ratio(model_data, noise_data, True)
        ratio_noise, up_noise = self.log_ratio(model_noise, noise_noise, False)
        value, of_data, of_noise = self.nce(ratio_data, ratio_noise, nu)
        return value, up_data * of_data, up_noise * of_noise


class ModelNceSteps(BinaryNceSteps, NoiseSteps):
    """The right steps of J with Gaussian noise."""


class LaplaceNceSteps(ModelNceSteps, LaplaceSteps):
    """The right steps of J of the Laplace ICA model."""


class GaussianNceSteps(ModelNceSteps, GaussianModelSteps):
    """The right steps of J of the Gaussian model."""


def nce_from_log_ratios(
    steps: NceSteps, log_ratio_data: Array, log_ratio_noise: Array, nu: float
) -> Outputs:
    """J and its derivatives by the log-ratios."""
    value, of_data, of_noise = steps.nce(log_ratio_data, log_ratio_noise, nu)
    return {"value": value, "grad_log_ratio_data": of_data, "grad_log_ratio_noise": of_noise}


def binary_nce(
    steps: BinaryNceSteps,
    log_model_data: Array,
    log_model_noise: Array,
    log_noise_data: Array,
    log_noise_noise: Array,
    nu: float,
) -> Outputs:
    """J and its derivatives by ln p_m."""
    value, of_data, of_noise = steps.binary(
        log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu
    )
    return {"value": value, "grad_log_model_data": of_data, "grad_log_model_noise": of_noise}


def laplace_ica_nce(
    steps: LaplaceNceSteps,
    B: Array,
    c: float,
    x: Array,
    y: Array,
    noise_mean: Array,
    noise_cov: Array,
) -> Outputs:
    """J and its derivatives by B and c."""
    at_data, at_noise = steps.model_points(x, noise_mean), steps.model_points(y, noise_mean)
    passes = steps.laplace(B, c, at_data, True), steps.laplace(B, c, at_noise, False)
    return _model_nce(steps, "grad_B", passes, x, y, noise_mean, noise_cov)


def gaussian_nce(
    steps: GaussianNceSteps,
    precision: Array,
    c: float,
    x: Array,
    y: Array,
    noise_mean: Array,
    noise_cov: Array,
) -> Outputs:
    """J and its derivatives by the precision and c."""
    at_data, at_noise = steps.model_points(x, noise_mean), steps.model_points(y, noise_mean)
    passes = (
        steps.gaussian(precision, c, at_data, True),
        steps.gaussian(precision, c, at_noise, False),
    )
    return _model_nce(steps, "grad_precision", passes, x, y, noise_mean, noise_cov)


def _model_nce(
    steps: ModelNceSteps,
    name: str,
    passes: tuple[tuple[Array, Pullback], tuple[Array, Pullback]],
    x: Array,
    y: Array,
    mean: Array,
    cov: Array,
) -> Outputs:
    (model_data, back_data), (model_noise, back_noise) = passes
    mean, cov = steps.noise_law(mean, cov, y)
    noise_data, noise_noise = (
        steps.noise_log_density(x, mean, cov, True),
        steps.noise_log_density(y, mean, cov, False),
    )
    value, of_data, of_noise = steps.binary(
        model_data, model_noise, noise_data, noise_noise, len(y) / len(x)
    )
    (grad_x, grad_c_x), (grad_y, grad_c_y) = back_data(of_data), back_noise(of_noise)
    return {"value": value, name: grad_x + grad_y, "grad_c": grad_c_x + grad_c_y}
