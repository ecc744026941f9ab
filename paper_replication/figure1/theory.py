"""What the theory says about the replication's numbers: limits of T times the errors, and their approach.

*Conventions.* Methods are "mle", "nce_gaussian", "nce_laplace". A covariance is (17, 17), per data sample, for theta =
(B row by row, c) at B* = I: by equivariance Bhat = (I + E) B*, where the law of E and of chat - c* is free of the
mixing, so this one matrix gives every limit:

    T E|E|^2          ->  trace of the first 16 = 4 K          relative error, any mixing
    T E|Bhat - B*|^2  ->  K |B*|^2                             E[E' E] is a multiple of I by symmetry of the sources
    T E(chat - c*)^2  ->  last diagonal entry

Noise for nce_gaussian has the data's covariance; for nce_laplace it is in the limit the data's own law, whose Sigma is
(1 + 1/nu) = 2 times the Cramer-Rao bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nce_ref.asymptotics import asymptotic_covariance, cramer_rao_bound
from nce_ref.models import LaplaceICA
from nce_ref.noise import GaussianNoise

from ..mixing import random_mixings
from ..seeds import generator_for

METHODS = ("mle", "nce_gaussian", "nce_laplace")
LABELS = {"mle": "MLE", "nce_gaussian": "NCE, Gaussian noise", "nce_laplace": "NCE, Laplace noise"}
N_SOURCES = 4
N_DRAWS = 40_000
# (n_data, relative excess of T E|Bhat - B*|^2 over its limit), Gaussian noise, nu = 1: an expansion's next term, found
# numerically. It falls like 1/sqrt(T), more slowly than a smooth model's 1/T, because of the Laplace model's kinks.
EXCESS_POINTS = ((2000, 0.20), (4000, 0.13), (10000, 0.09))
# T times the relative excess of Sigma for the noise of the fine tuning, the model at a first fit, over Sigma for the
# data's own law as noise; "B": of the trace over B, "c": of the last entry. By fits (100 at each T from 250 to 2000):
# 36.6 +- 2.4, 37.5 +- 2.8, 39.9 +- 3.4, 41 +- 4 for B, 17.9 +- 0.8, 18.6 +- 0.9, 19.4 +- 0.7, 21.3 +- 0.6 for c.
FITTED_NOISE = {"B": 38.0, "c": 19.0}


@dataclass(frozen=True)
class Theory:
    """Limiting covariances by method, each (17, 17) per data sample at B* = I."""

    covariance: Mapping[str, NDArray[np.float64]]

    def relative_error(self, method: str) -> float:
        """Limit of T E|E|^2, which is n K."""
        return float(np.trace(self.covariance[method][:-1, :-1]))

    def error_c(self, method: str) -> float:
        """Limit of T E(chat - c*)^2."""
        return float(self.covariance[method][-1, -1])

    def error_B(self, method: str, mean_norm: float) -> float:
        """Limit of T E|Bhat - B*|^2 for matrices whose |B*|^2 has the given mean."""
        return self.relative_error(method) / N_SOURCES * mean_norm

    def degrees_of_freedom(self, method: str) -> int:
        """Rank of the limiting covariance: 17 for Gaussian noise, else 16.

        For MLE c follows from B. With the data's own law as noise it does so in the limit: Sigma is twice the
        Cramer-Rao bound.
        """
        return N_SOURCES**2 + (method == "nce_gaussian")

    def limit_medians(self, method: str) -> dict[str, float]:
        """Medians over mixings and samples of T times the squared errors in the limit law.

        c: that of chi-square with one degree of freedom. B: by ``N_DRAWS`` draws of mixing and error with a fixed
        generator; the standard error is 0.4 %, less than a plotted line's width.
        """
        values, vectors = np.linalg.eigh(self.covariance[method][:-1, :-1])
        # The symmetric root is one and the same for every choice of eigenvectors; with repeated eigenvalues, as MLE has
        # them, another LAPACK chooses others, and a plain vectors * sqrt(values) would make another line of the same
        # draws.
        root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
        draws = (
            generator_for("limit_medians", method).standard_normal((N_DRAWS, len(values))) @ root.T
        )
        change = draws.reshape(-1, N_SOURCES, N_SOURCES) @ _demixings()
        return {
            "error_B": float(np.median(np.sum(change**2, axis=(1, 2)))),
            "error_c": self.error_c(method) * float(stats.chi2.ppf(0.5, 1)),
        }

    def mean_log_ratio(self, method: str, other: str) -> float:
        """Mean of log10 |E|^2 of one method less that of another in the limit law, by the same draws: good to 0.002."""
        means = []
        for name in (method, other):
            values = np.linalg.eigvalsh(self.covariance[name][:-1, :-1])
            normal = generator_for("mean_log_ratio").standard_normal((N_DRAWS, len(values)))
            means.append(float(np.mean(np.log10(normal**2 @ np.clip(values, 0.0, None)))))
        return means[0] - means[1]


@cache
def _demixings() -> NDArray[np.float64]:
    return np.linalg.inv(
        random_mixings(N_SOURCES, N_DRAWS, generator_for("limit_medians", "mixings"))
    )


def excess(n_data: float) -> float:
    """Relative excess of T E|Bhat - B*|^2 over its limit for NCE with Gaussian noise: a / sqrt(T), a from
    ``EXCESS_POINTS``."""
    coefficient = float(np.mean([value * np.sqrt(size) for size, value in EXCESS_POINTS]))
    return coefficient / float(np.sqrt(n_data))


def fitted_noise_excess(parameter: str, n_data: float) -> float:
    """Relative excess of the limit with the fitted noise of a finite first fit: falls like 1/T, from
    ``FITTED_NOISE``."""
    return FITTED_NOISE[parameter] / n_data


@cache
def compute_theory() -> Theory:
    """Return the limits from ``nce_ref.asymptotics``, by integration; some seconds."""
    identity = np.eye(N_SOURCES)
    model = LaplaceICA(n_sources=N_SOURCES)
    theta = model.normalize(model.pack(identity, 0.0))
    bound = cramer_rao_bound(model, theta).covariance
    gaussian = asymptotic_covariance(
        model, theta, GaussianNoise(np.zeros(N_SOURCES), identity), 1.0
    ).covariance
    return Theory({"mle": bound, "nce_gaussian": gaussian, "nce_laplace": 2.0 * bound})
