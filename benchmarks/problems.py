"""What every kernel benchmark evaluates: Laplace ICA, n = 4, as many noise points as data, theta near the truth."""

from __future__ import annotations

import numpy as np

import nce_ref as nr
from nce_ref._checks import Float

N_SOURCES = 4


class Problem:
    """Data, noise, ln p_n of both, and theta."""

    def __init__(self, n_data: int) -> None:
        rng = np.random.default_rng(n_data)
        self.model = nr.LaplaceICA(n_sources=N_SOURCES)
        truth = self.model.normalize(self.model.random_start(rng))
        self.x = self.model.sample(truth, n_data, rng)
        self.noise = nr.GaussianNoise.from_data(self.x)
        self.y = self.noise.sample(n_data, rng)
        self.theta: Float = truth + 0.05 * rng.normal(size=truth.size)
        self.log_noise = self.noise.log_density(self.x), self.noise.log_density(self.y)

    def objective(self, threads: int = 1) -> nr.NCEObjective:
        """nce_ref's own."""
        return nr.NCEObjective(self.model, self.noise, self.x, self.y, threads=threads)
