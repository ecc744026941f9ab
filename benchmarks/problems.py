"""What is evaluated and fitted: Laplace ICA, n = 4, as many noise points as data.

``Problem``     for the kernels: theta near the truth
``FitProblem``  for the fits, as in P10's experiment: a random mixing matrix of condition number below 10, Gaussian
                noise with the data's mean and covariance, starts B0 = 0.1 N(0, 1), c0 = N(0, 1)
"""

from __future__ import annotations

import numpy as np

import nce_ref as nr
from nce_ref._checks import Float
from paper_replication.mixing import random_mixing

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


class FitProblem:
    """Data set number ``k`` at ``n_data`` points."""

    def __init__(self, n_data: int, k: int, n_starts: int = 5) -> None:
        rng = np.random.default_rng([n_data, k])
        self.model = nr.LaplaceICA(n_sources=N_SOURCES)
        truth = self.model.normalize(
            self.model.pack(np.linalg.inv(random_mixing(N_SOURCES, rng)), 0.0)
        )
        self.x = self.model.sample(truth, n_data, rng)
        self.noise = nr.GaussianNoise.from_data(self.x)
        self.y = self.noise.sample(n_data, rng)
        self.starts: Float = np.stack([self.model.random_start(rng) for _ in range(n_starts)])
