r"""What the walkthrough draws: x = A s with Laplace sources, noise, and held-out samples with their loss.

*Conventions.* Points are rows. *Loss* is -J, as training curves have it: L = -J, smaller is better, J of ``nce_ref``
(per data point, natural logarithms). ``truth`` is the theta of ``nr.LaplaceICA`` whose exp(ln p_m) is p_d.
Sources of variance v have the density of unit-variance ones times sqrt(v), so p_d is the ICA model at B = A^-1 /
sqrt(v).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nce_ref import GaussianNoise, LaplaceICA, nce_from_log_ratios
from nce_ref.models.base import Model
from nce_ref.noise import Noise

Float = NDArray[np.float64]

N_SOURCES, N_DATA = 4, 1000
LAYERS = (N_SOURCES, 36, 64, 1)
MODEL = LaplaceICA(n_sources=N_SOURCES)


def truth_of(mixing: Float, variance: float = 1.0) -> Float:
    """Return theta of the ICA model that *is* the density of x = A s with sources of that variance."""
    return MODEL.normalize(MODEL.pack(np.linalg.inv(mixing) / np.sqrt(variance), 0.0))


def standard_noise() -> GaussianNoise:
    """The walkthrough's noise, N(0, I), whatever the data's covariance is."""
    return GaussianNoise(np.zeros(N_SOURCES), np.eye(N_SOURCES))


@dataclass(frozen=True)
class Sample:
    """Data and noise points to evaluate on, apart from the training's, and the nu of the loss; len(y) a multiple of nu
    len(x)."""

    noise: Noise
    x: Float
    y: Float
    nu: float = 1.0

    def loss(self, model: Model, theta: Float) -> float:
        """Return -J of the model on these points."""
        return self.loss_of(model.log_density(theta, self.x), model.log_density(theta, self.y))

    def loss_of(self, log_density_x: Float, log_density_y: Float) -> float:
        """Return -J from ln p_m on data and noise. More noise than nu len(x) makes it more precise, and no other
        loss."""
        copies = round(len(self.y) / (self.nu * len(self.x)))
        if abs(copies * self.nu * len(self.x) - len(self.y)) > 1e-9 * len(self.y) or copies < 1:
            raise ValueError(
                f"y: got {len(self.y)} points; expected a multiple of nu * len(x) = {self.nu * len(self.x):g}"
            )
        ratio_x = np.tile(log_density_x - self.noise.log_density(self.x), copies)
        return -nce_from_log_ratios(ratio_x, log_density_y - self.noise.log_density(self.y))[0]


def held_out(
    truth: Float, noise: Noise, n_points: int, rng: np.random.Generator, nu: int = 1
) -> Sample:
    """Draw fresh data from the truth and nu times as much fresh noise."""
    return Sample(
        noise, MODEL.sample(truth, n_points, rng), noise.sample(nu * n_points, rng), float(nu)
    )


def against_truth(log_density: Float, log_truth: Float) -> tuple[float, float]:
    """Return the correlation and the root-mean-square error of two log-densities on the same points."""
    correlation = (
        float(np.corrcoef(log_density, log_truth)[0, 1]) if np.ptp(log_density) > 0.0 else 0.0
    )
    return correlation, float(np.sqrt(np.mean((log_density - log_truth) ** 2)))
