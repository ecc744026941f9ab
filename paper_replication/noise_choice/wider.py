"""How much wider than the data, and how many noise points: ``nr.compare_noises`` for Gaussian noise of the data's
shape, in one to five dimensions.

Conventions
-----------
width      the noise's deviations over the data's, along every axis
relative   (1 + nu) error over that of noise with the data's covariance at nu = 1: the squared error at a fixed budget
           of points
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

import nce_ref as nr

WIDTHS = (1.0, 1.2, 1.5, 2.0, 3.0)
NUS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0, 10.0, 50.0)
_LOG2_POINTS = 13


@dataclass(frozen=True)
class Wider:
    """One model: for each width the best nu at a fixed budget and what it costs there and at 0.75, and the errors of
    nu = 10 and 50 at given data."""

    model: str
    best_nu: tuple[float, ...]
    relative: tuple[float, ...]
    at_three_quarters: tuple[float, ...]
    ten_over_fifty: tuple[float, ...]


def compare() -> list[Wider]:
    """Return the table's rows; points are Sobol's, so nothing is drawn."""
    rows = []
    for n in (1, 2, 5):
        gaussian = nr.Gaussian(n)
        rows.append(
            _row(f"Gaussian, {n}-dimensional", gaussian, np.eye(n), gaussian.pack(np.eye(n), 0.0))
        )
    for n in (2, 4):
        ica = nr.LaplaceICA(n)
        B = np.eye(n) + 0.5 * np.roll(np.eye(n), 1, axis=1)
        A = np.linalg.inv(B)
        rows.append(_row(f"Laplace ICA, {n} sources", ica, A @ A.T, ica.pack(B, 0.0)))
    return rows


def _row(
    name: str, model: nr.LaplaceICA | nr.Gaussian, cov: np.ndarray, theta: np.ndarray
) -> Wider:
    n = model.n_dim
    truth = model.normalize(theta)
    points = qmc.Sobol(2 * n, scramble=False).random_base2(_LOG2_POINTS) + 0.5 ** (_LOG2_POINTS + 1)
    of_noise = nr.Gaussian(n)
    y = of_noise.transport(of_noise.pack(np.linalg.inv(cov), 0.0), points[:, n:])
    noise = nr.GaussianNoise(np.zeros(n), cov)
    pilot = nr.fit_nce(model, noise, model.transport(truth, points[:, :n]), y, start=truth)
    named = {f"{w:g}": nr.GaussianNoise(np.zeros(n), w * w * cov) for w in WIDTHS}
    found = {(one.noise, one.nu): one for one in nr.compare_noises(pilot, named, NUS).choices}
    equal = found["1", 1.0].per_point
    best = [min((found[w, nu] for nu in NUS), key=lambda one: one.per_point) for w in named]
    return Wider(
        name,
        tuple(one.nu for one in best),
        tuple(one.per_point / equal for one in best),
        tuple(found[w, 0.75].per_point / equal for w in named),
        tuple(found[w, 10.0].error / found[w, 50.0].error for w in named),
    )
