r"""The laws: n_data E|B-hat - B*|^2 / |B*|^2 -> K, by method and number of noise points.

With noise matched to the data all three estimators are equivariant, B-hat = (I + E) B* with a law of E that A does not
change, and flipping the sign of a source kills Cov(E_ij, E_ik), j != k: as in THEORY.md, 4.5, the limit is K |B*|^2,
K = tr Sigma_E / n.

*Conventions.* ``LAWS[method, k]`` is (K, bound on its relative error). "nce" by the contour integral, in which all
digits shown are right; the others by ``ranking_covariance`` and ``conditional_covariance`` at B = I with 8 sets of 2^17
rows, plain random noise points, seed 7: 99 % confidence. ``computed`` makes them again, with quasi-random points, hence
in other last digits.
"""

from __future__ import annotations

import numpy as np

from nce_ref import (
    GaussianNoise,
    GaussianSteps,
    LaplaceICA,
    asymptotic_covariance,
    conditional_covariance,
    ranking_covariance,
)

N_SOURCES = 4
METHODS = ("nce", "ranking", "conditional")
NOISES = (1, 5)
LAWS = {
    ("nce", 1): (8.330081182, 1e-9),
    ("ranking", 1): (9.239865, 6.3e-3),
    ("conditional", 1): (20.255338, 7.8e-3),
    ("nce", 5): (4.625882160, 1e-9),
    ("ranking", 5): (4.721357, 4.9e-3),
    ("conditional", 5): (6.742637, 1.8e-2),
}


def computed(method: str, k: int, log2_points: int = 17) -> tuple[float, float]:
    """Return K and its relative error afresh."""
    model = LaplaceICA(N_SOURCES)
    truth = model.normalize(model.pack(np.eye(N_SOURCES), 0.0))
    noise, rng = GaussianNoise(np.zeros(N_SOURCES), np.eye(N_SOURCES)), np.random.default_rng(7)
    if method == "nce":
        law = asymptotic_covariance(model, truth, noise, float(k))
        return float(np.trace(law.covariance[:-1, :-1])) / N_SOURCES, law.integration_error
    if method == "ranking":
        found = ranking_covariance(model, truth, noise, k, rng=rng, log2_points=log2_points)
    else:
        steps = GaussianSteps(np.eye(N_SOURCES))
        found = conditional_covariance(model, truth, steps, k, rng=rng, log2_points=log2_points)
    return float(np.trace(found.covariance)) / N_SOURCES, found.integration_error
