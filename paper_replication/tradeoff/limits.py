r"""What the theory says of ten sources: Theorem 3's law of the error of B, by equivariance, without a fit.

*Conventions.* Methods are "mle" and whole numbers nu. With noise of the data's covariance B-hat = (I + E) B*, the law
of E that of B* = I: so n_data E|B-hat - B*|^2 -> K |B*|^2. ``size``: log10 of the law's median of n_data |E
B*|^2/|B*|^2 over mixings and samples; ``median``: the same of |E B*|^2 itself at n_data = 8000; ``log_relative``: the
law's mean of log10 n_data |E|^2. By draws with a fixed generator, good to 0.003.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from nce_ref import GaussianNoise, asymptotic_covariance, cramer_rao_bound

from .. import statistics as st
from ..mixing import random_mixings
from ..seeds import generator_for
from .experiments.problem import MODEL, N_DATA, N_SOURCES
from .plan import NUS

N_DRAWS = 10_000


@dataclass(frozen=True)
class Limit:
    """The law of one method; ``spread``: sqrt(n) times the standard error of a median over n problems."""

    K: float
    size: float
    median: float
    log_relative: float
    spread: float


@cache
def limits() -> dict[int | str, Limit]:
    """Return the laws; some seconds."""
    model, identity = MODEL, np.eye(N_SOURCES)
    theta = model.normalize(model.pack(identity, 0.0))
    noise = GaussianNoise(np.zeros(N_SOURCES), identity)
    rng = generator_for("tradeoff limits")
    demixings = np.linalg.inv(random_mixings(N_SOURCES, N_DRAWS, rng))
    norms = np.sum(demixings**2, axis=(1, 2))
    normal = rng.standard_normal((N_DRAWS, N_SOURCES**2))
    found: dict[int | str, Limit] = {}
    for method in ("mle", *NUS):
        sigma = (
            cramer_rao_bound(model, theta).covariance
            if isinstance(method, str)
            else asymptotic_covariance(model, theta, noise, float(method)).covariance
        )[:-1, :-1]
        values, vectors = np.linalg.eigh(sigma)
        root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
        changes = (normal @ root).reshape(-1, N_SOURCES, N_SOURCES)
        squares = np.sum((changes @ demixings) ** 2, axis=(1, 2))
        logs = np.log10(squares / N_DATA)
        found[method] = Limit(
            float(np.trace(sigma)) / N_SOURCES,
            float(np.median(np.log10(squares / norms))),
            float(np.median(logs)),
            float(np.mean(np.log10(np.sum(changes**2, axis=(1, 2))))),
            st.median_error(logs) * float(np.sqrt(N_DRAWS)),
        )
    return found
