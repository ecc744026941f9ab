r"""The objectives in plain NumPy, cut into steps that a mistake can replace: right as they stand, in float32 and in float64.

    evaluate(Steps(), "binary_nce", inputs) -> {"value": ..., "grad_log_model_data": ..., ...}

Every step returns its value together with its slope or its pullback, as a framework with automatic differentiation does. So
a slip in a step gives a wrong function with the gradient of that wrong function, and no finite difference will ever notice.
Slips of the hand, a wrong gradient of the right value, go into ``finish``, which sees the answer last.

Conventions
-----------
inputs     the arguments of ``objectives.py``: arrays all in one dtype, which is kept throughout; c and nu Python floats
slope      the derivative of an elementwise step, an array of the same shape, or one number for all
pullback   weights dJ/d(output) -> dJ/d(input);  for a log-density (n_points,) -> (dJ/dparameter, dJ/dc)
is_data    which sample a step is asked about: both are treated alike, except where the step's formula differs
warnings   none: a mistake may overflow, and -inf and NaN are answers
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from nce_ref.oracle.textbook_dynamics import DECISION, DynamicsSteps, Score
from nce_ref.oracle.textbook_network import NETWORKS, NetworkSteps
from nce_ref.oracle.textbook_rivals import IMPORTANCE, RivalSteps

Array = NDArray[Any]
Outputs = dict[str, Any]
Pullback = Callable[[Array], tuple[Array, Any]]


class Steps(RivalSteps, DynamicsSteps, NetworkSteps):
    """The right steps. A mistake inherits from this and overrides one of them."""

    sqrt2 = math.sqrt(2.0)
    log_2 = math.log(2.0)
    log_2pi = math.log(2.0 * math.pi)

    # --- the logistic function: (value, slope)

    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        """ln sigma(t) = min(t, 0) - ln(1 + e^-|t|), and sigma(-t): nothing overflows, nothing cancels."""
        e = np.exp(-np.abs(t))
        return np.minimum(t, 0.0) - np.log1p(e), np.maximum(e, t <= 0.0) / (1.0 + e)

    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        """sigma(t), and sigma(t) sigma(-t) = e/(1 + e)^2."""
        e = np.exp(-np.abs(t))
        return np.maximum(e, t >= 0.0) / (1.0 + e), e / (1.0 + e) ** 2

    # --- the objective

    def log_nu(self, nu: float, is_data: bool) -> float:
        """What is subtracted from G."""
        return math.log(nu)

    def log_h(self, t: Array) -> tuple[Array, Array]:
        """ln h = ln sigma(t), and its slope sigma(-t), of the data."""
        return self.log_sigmoid(t)

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        """ln(1 - h) = ln sigma(-t), and its slope -sigma(t), of the noise."""
        value, slope = self.log_sigmoid(-t)
        return value, -slope

    def term(self, log_ratio: Array, nu: float, is_data: bool) -> tuple[Array, Array]:
        """A point's term of J and its slope by G."""
        t = log_ratio - self.log_nu(nu, is_data)
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

    # --- Gaussian noise

    def centred(self, u: Array, mean: Array) -> Array:
        """u - mean."""
        return u - mean

    def half_quadratic(self, d: Array, cov: Array) -> Array:
        """1/2 d' cov^-1 d = 1/2 |L^-1 d|^2, cov = L L'."""
        z = solve_triangular(np.linalg.cholesky(cov), d.T, lower=True)
        return 0.5 * (z * z).sum(axis=0)

    def half_log_det(self, cov: Array) -> Any:
        """1/2 ln det cov = sum_i ln L_ii."""
        return np.log(np.diag(np.linalg.cholesky(cov))).sum()

    def gaussian_constant(self, n_dim: int) -> float:
        """(n/2) ln 2 pi."""
        return 0.5 * n_dim * self.log_2pi

    def gaussian_log_density(self, u: Array, mean: Array, cov: Array) -> Array:
        """ln N(u; mean, cov), (n_points,)."""
        return (
            -self.half_quadratic(self.centred(u, mean), cov)
            - self.half_log_det(cov)
            - self.gaussian_constant(len(mean))
        )

    def noise_log_density(self, u: Array, mean: Array, cov: Array, is_data: bool) -> Array:
        """ln p_n of a sample."""
        return self.gaussian_log_density(u, mean, cov)

    def noise_law(self, mean: Array, cov: Array, y: Array) -> tuple[Array, Array]:
        """The noise's mean and covariance: as they are given."""
        return mean, cov

    # --- the models: (ln p_m, its pullback)

    @property
    def laplace_scale(self) -> float:
        """sqrt 2, for sources of unit variance."""
        return self.sqrt2

    def sources(self, B: Array, u: Array) -> tuple[Array, Callable[[Array], Array]]:
        """s = B u, points as rows, and dJ/ds -> dJ/dB."""
        return u @ B.T, lambda of_s: of_s.T @ u

    def absolute(self, s: Array) -> tuple[Array, Array]:
        """|s|, and its slope: 0 at the kink."""
        return np.abs(s), np.sign(s)

    def sum_of_sources(self, s: Array) -> tuple[Array, Array]:
        """sum_i |s_i|, (n_points,), and its slope, (n_points, n_dim)."""
        value, slope = self.absolute(s)
        return value.sum(axis=1), slope

    def constant(self, c: float, is_data: bool) -> tuple[float, float]:
        """c, and its slope."""
        return c, 1.0

    def laplace(self, B: Array, c: float, u: Array, is_data: bool = True) -> tuple[Array, Pullback]:
        """-sqrt(2) sum_i |b_i . u| + c."""
        s, back = self.sources(B, u)
        total, slope = self.sum_of_sources(s)
        constant, up = self.constant(c, is_data)
        scale = self.laplace_scale
        return -scale * total + constant, lambda w: (
            back(-scale * w[:, None] * slope),
            up * w.sum(),
        )

    def model_half_quadratic(
        self, precision: Array, u: Array
    ) -> tuple[Array, Callable[[Array], Array]]:
        """1/2 u' precision u, and its pullback 1/2 sum_t w_t u_t u_t'."""
        return 0.5 * ((u @ precision) * u).sum(axis=1), lambda w: 0.5 * (w[:, None] * u).T @ u

    def gaussian(
        self, precision: Array, c: float, u: Array, is_data: bool = True
    ) -> tuple[Array, Pullback]:
        """-1/2 u' precision u + c."""
        half, back = self.model_half_quadratic(precision, u)
        constant, up = self.constant(c, is_data)
        return constant - half, lambda w: (back(-w), up * w.sum())

    def model_points(self, u: Array, noise_mean: Array) -> Array:
        """Where the model is evaluated: at the points themselves."""
        return u

    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        """-ln Z = ln|det B| - (n/2) ln 2, and its gradient B^-T."""
        return np.linalg.slogdet(B)[1] - 0.5 * len(B) * self.log_2, np.linalg.inv(B).T

    def finish(self, objective: str, inputs: Mapping[str, Any], outputs: Outputs) -> Outputs:
        """The last word, for slips of the hand in a gradient: ``outputs`` is fresh and may be changed."""
        return outputs


def evaluate(steps: Steps, objective: str, inputs: Mapping[str, Any]) -> Outputs:
    """The outputs of an objective of kind "function" by these steps, in the dtype of the inputs. KeyError for another objective."""
    with np.errstate(all="ignore"):
        return steps.finish(objective, inputs, _OBJECTIVES[objective](steps, **inputs))


def _log_sigmoid(steps: Steps, t: Array) -> Outputs:
    value, grad = steps.log_sigmoid(t)
    return {"value": value, "grad": grad}


def _sigmoid(steps: Steps, t: Array) -> Outputs:
    value, grad = steps.sigmoid(t)
    return {"value": value, "grad": grad}


def _nce_from_log_ratios(
    steps: Steps, log_ratio_data: Array, log_ratio_noise: Array, nu: float
) -> Outputs:
    value, of_data, of_noise = steps.nce(log_ratio_data, log_ratio_noise, nu)
    return {"value": value, "grad_log_ratio_data": of_data, "grad_log_ratio_noise": of_noise}


def _binary_nce(
    steps: Steps,
    log_model_data: Array,
    log_model_noise: Array,
    log_noise_data: Array,
    log_noise_noise: Array,
    nu: float,
) -> Outputs:
    value, of_data, of_noise = steps.binary(
        log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu
    )
    return {"value": value, "grad_log_model_data": of_data, "grad_log_model_noise": of_noise}


def _gaussian_log_density(steps: Steps, u: Array, mean: Array, cov: Array) -> Outputs:
    return {"value": steps.gaussian_log_density(u, mean, cov)}


def _laplace_ica_log_density(steps: Steps, B: Array, c: float, u: Array) -> Outputs:
    return {"value": steps.laplace(B, c, u)[0]}


def _laplace_ica_nce(
    steps: Steps, B: Array, c: float, x: Array, y: Array, noise_mean: Array, noise_cov: Array
) -> Outputs:
    at_data, at_noise = steps.model_points(x, noise_mean), steps.model_points(y, noise_mean)
    passes = steps.laplace(B, c, at_data, True), steps.laplace(B, c, at_noise, False)
    return _model_nce(steps, "grad_B", passes, x, y, noise_mean, noise_cov)


def _gaussian_nce(
    steps: Steps,
    precision: Array,
    c: float,
    x: Array,
    y: Array,
    noise_mean: Array,
    noise_cov: Array,
) -> Outputs:
    at_data, at_noise = steps.model_points(x, noise_mean), steps.model_points(y, noise_mean)
    passes = (
        steps.gaussian(precision, c, at_data, True),
        steps.gaussian(precision, c, at_noise, False),
    )
    return _model_nce(steps, "grad_precision", passes, x, y, noise_mean, noise_cov)


def _model_nce(
    steps: Steps,
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


def _laplace_ica_mle(steps: Steps, B: Array, x: Array) -> Outputs:
    log_density, pullback = steps.laplace(B, 0.0, x)
    constant, slope = steps.log_normaliser(B, len(x))
    grad, _ = pullback(np.full(len(x), 1.0 / len(x), dtype=x.dtype))
    return {"value": log_density.mean() + constant, "grad_B": grad + slope}


def _laplace_ica_importance_sampling(
    steps: Steps, B: Array, x: Array, y: Array, noise_mean: Array, noise_cov: Array
) -> Outputs:
    at_data, at_noise = steps.model_points(x, noise_mean), steps.model_points(y, noise_mean)
    (model_data, back_data), (model_noise, back_noise) = (
        steps.laplace(B, 0.0, at_data, True),
        steps.laplace(B, 0.0, at_noise, False),
    )
    mean, cov = steps.noise_law(noise_mean, noise_cov, y)
    noise_noise = steps.noise_log_density(y, mean, cov, False)
    value, _, of_data, of_noise = steps.importance(model_data, model_noise, noise_noise)
    return {"value": value, "grad_B": back_data(of_data)[0] + back_noise(of_noise)[0]}


def _laplace_ica_score_matching(steps: Steps, B: Array, x: Array, slope: float) -> Outputs:
    value, grad = steps.score_matching(B, x, slope, steps.laplace_scale)
    return {"value": value, "grad_B": grad}


def _leapfrog(
    steps: Steps,
    log_density: Score,
    score: Score,
    u: Array,
    momentum: Array,
    step_size: float,
    n_steps: float,
) -> Outputs:
    found = steps.leapfrog(log_density, score, u, momentum, step_size, int(n_steps))
    return dict(zip(("u_after", "momentum_after", "energy_change"), found))


def _leapfrog_gaussian(steps: Steps, precision: Array, **state: Any) -> Outputs:
    return _leapfrog(
        steps,
        lambda u: steps.gaussian(precision, 0.0, u)[0],
        lambda u: steps.gaussian_score(precision, u),
        **state,
    )


def _leapfrog_laplace_ica(steps: Steps, B: Array, **state: Any) -> Outputs:
    scale = steps.laplace_scale
    return _leapfrog(
        steps,
        lambda u: steps.laplace(B, 0.0, u)[0],
        lambda u: steps.laplace_score(B, u, scale),
        **state,
    )


_OBJECTIVES: dict[str, Callable[..., Outputs]] = {
    "log_sigmoid": _log_sigmoid,
    "sigmoid": _sigmoid,
    "nce_from_log_ratios": _nce_from_log_ratios,
    "binary_nce": _binary_nce,
    "gaussian_log_density": _gaussian_log_density,
    "laplace_ica_log_density": _laplace_ica_log_density,
    "laplace_ica_nce": _laplace_ica_nce,
    "laplace_ica_mle": _laplace_ica_mle,
    "gaussian_nce": _gaussian_nce,
    **NETWORKS,
    **IMPORTANCE,
    **DECISION,
    "laplace_ica_importance_sampling": _laplace_ica_importance_sampling,
    "laplace_ica_score_matching": _laplace_ica_score_matching,
    "leapfrog_gaussian": _leapfrog_gaussian,
    "leapfrog_laplace_ica": _leapfrog_laplace_ica,
}
