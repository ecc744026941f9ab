"""Quantiles of T times the squared errors in the limit law N(0, Sigma_nu), over mixing matrices and samples.

*Conventions.* As in ``figure1/theory.py``: Sigma_nu, (17, 17) per data sample, at B* = I, gives every mixing's law by
equivariance, Bhat = (I + E) B*. Noise has the data's covariance. The quantiles of B come from draws of mixing and E
with a fixed generator (about 0.5 % good), those of c are the chi-square's with one degree of freedom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

from nce_ref import GaussianNoise, LaplaceICA, asymptotic_covariance

from ..figure1.theory import N_DRAWS, N_SOURCES
from ..mixing import random_mixings
from ..seeds import generator_for
from .published import NUS

QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Limits:
    """``quantiles[nu, parameter, q]``: of T times the squared error of "B" or "c"."""

    quantiles: Mapping[tuple[float, str, float], float]


@cache
def compute_limits() -> Limits:
    """Return the limits for every nu of the sweep; some seconds."""
    identity = np.eye(N_SOURCES)
    model = LaplaceICA(n_sources=N_SOURCES)
    theta = model.normalize(model.pack(identity, 0.0))
    noise = GaussianNoise(np.zeros(N_SOURCES), identity)
    demixings = np.linalg.inv(
        random_mixings(N_SOURCES, N_DRAWS, generator_for("rivals limits", "mixings"))
    )
    normal = generator_for("rivals limits", "errors").standard_normal((N_DRAWS, N_SOURCES**2))
    found = {}
    for nu in NUS:
        covariance = asymptotic_covariance(model, theta, noise, nu).covariance
        values, vectors = np.linalg.eigh(covariance[:-1, :-1])
        root = (
            vectors * np.sqrt(np.clip(values, 0.0, None))
        ) @ vectors.T  # one and the same for every choice of eigenvectors
        errors = np.sum(
            ((normal @ root.T).reshape(-1, N_SOURCES, N_SOURCES) @ demixings) ** 2, axis=(1, 2)
        )
        for q in QUANTILES:
            found[nu, "B", q] = float(np.quantile(errors, q))
            found[nu, "c", q] = float(covariance[-1, -1] * stats.chi2.ppf(q, 1))
    return Limits(found)
