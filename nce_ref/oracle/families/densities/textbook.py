"""Log-densities and the likelihood in plain NumPy, cut into steps that a mistake can replace.

Conventions
-----------
inputs     the objective's arguments: arrays all in one dtype, which is kept throughout; c and nu Python floats
slope      the derivative of an elementwise step, an array of the same shape, or one number for all
pullback   weights dJ/d(output) -> dJ/d(input);  for a log-density (n_points,) -> (dJ/dparameter, dJ/dc)
is_data    which sample a step is asked about: both are treated alike, except where the step's formula differs
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Outputs, Pullback, Steps


def forward_substitution(L: Array, b: Array) -> Array:
    """L^-1 b, row by row: a diagnosis calls it some thousand times on small matrices, for which LAPACK's threads wait
    longer than they work."""
    z = np.empty(b.shape, dtype=np.result_type(L, b))
    for i in range(len(L)):
        z[i] = (b[i] - L[i, :i] @ z[:i]) / L[i, i]
    return z


class GaussianSteps(Steps):
    """The right steps of a Gaussian log-density with a given covariance."""

    log_2pi = math.log(2.0 * math.pi)

    def centred(self, u: Array, mean: Array) -> Array:
        """u - mean."""
        return u - mean

    def half_quadratic(self, d: Array, cov: Array) -> Array:
        """1/2 d' cov^-1 d = 1/2 |L^-1 d|^2, cov = L L'."""
        z = forward_substitution(np.linalg.cholesky(cov), d.T)
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


class NoiseSteps(GaussianSteps):
    """The right steps of Gaussian noise beside a model."""

    def noise_log_density(self, u: Array, mean: Array, cov: Array, is_data: bool) -> Array:
        """ln p_n of a sample."""
        return self.gaussian_log_density(u, mean, cov)

    def noise_law(self, mean: Array, cov: Array, y: Array) -> tuple[Array, Array]:
        """The noise's mean and covariance: as they are given."""
        return mean, cov

    def model_points(self, u: Array, noise_mean: Array) -> Array:
        """Where the model is evaluated: at the points themselves."""
        return u


class ScaleSteps(Steps):
    """The scale of the Laplace density."""

    sqrt2 = math.sqrt(2.0)

    @property
    def laplace_scale(self) -> float:
        """sqrt 2, for sources of unit variance."""
        return self.sqrt2


class DemixingSteps(Steps):
    """How the demixing matrix is read."""

    def demixing(self, B: Array) -> tuple[Array, Callable[[Array], Array]]:
        """B as it is handed over, and dJ/dB of what was read -> dJ/dB."""
        return B, lambda of_B: of_B


class ConstantSteps(Steps):
    """The right steps of an unnormalised model's constant."""

    def constant(self, c: float, is_data: bool) -> tuple[float, float]:
        """c, and its slope."""
        return c, 1.0


class LaplaceSteps(ScaleSteps, DemixingSteps, ConstantSteps):
    """The right steps of the Laplace ICA model."""

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

    def laplace(self, B: Array, c: float, u: Array, is_data: bool = True) -> tuple[Array, Pullback]:
        """-sqrt(2) sum_i |b_i . u| + c."""
        read, turn = self.demixing(B)
        s, back = self.sources(read, u)
        total, slope = self.sum_of_sources(s)
        constant, up = self.constant(c, is_data)
        scale = self.laplace_scale
        return -scale * total + constant, lambda w: (
            turn(back(-scale * w[:, None] * slope)),
            up * w.sum(),
        )


class GaussianModelSteps(ConstantSteps):
    """The right steps of the Gaussian model."""

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


class LikelihoodSteps(LaplaceSteps):
    """The right steps of the Laplace ICA model's likelihood."""

    log_2 = math.log(2.0)

    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        """-ln Z = ln|det B| - (n/2) ln 2, and its gradient B^-T."""
        return np.linalg.slogdet(B)[1] - 0.5 * len(B) * self.log_2, np.linalg.inv(B).T


def gaussian_log_density(steps: GaussianSteps, u: Array, mean: Array, cov: Array) -> Outputs:
    """ln N(u; mean, cov)."""
    return {"value": steps.gaussian_log_density(u, mean, cov)}


def laplace_ica_log_density(steps: LaplaceSteps, B: Array, c: float, u: Array) -> Outputs:
    """ln p_m."""
    return {"value": steps.laplace(B, c, u)[0]}


def laplace_ica_mle(steps: LikelihoodSteps, B: Array, x: Array) -> Outputs:
    """The mean log-likelihood and its derivative."""
    log_density, pullback = steps.laplace(B, 0.0, x)
    constant, slope = steps.log_normaliser(B, len(x))
    grad, _ = pullback(np.full(len(x), 1.0 / len(x), dtype=x.dtype))
    return {"value": log_density.mean() + constant, "grad_B": grad + slope}
