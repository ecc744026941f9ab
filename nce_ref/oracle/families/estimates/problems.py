"""What an estimate's judge asks of J at a point: the package's own objective, the order of rows, the directions without
kinks.

Conventions
-----------
theta   (matrix row by row, or its lower triangle; c), as the models pack it
kinks   where |b_i . x| or |B's column i . x| is below ``_AT_A_KINK`` of its size the slope jumps: that direction is not
        asked
"""

from __future__ import annotations

import numpy as np

from nce_ref._checks import Float
from nce_ref.matching import match_rows
from nce_ref.models.gaussian import Gaussian
from nce_ref.models.laplace_ica import LaplaceICA
from nce_ref.noise import GaussianNoise
from nce_ref.objectives.nce import NCEObjective
from nce_ref.oracle.families.base import Inputs, Tools
from nce_ref.oracle.families.estimates.shifts import estimate_hints

_AT_A_KINK = 1e-4


def _laplace_ica(inputs: Inputs) -> NCEObjective:
    """J of the Laplace ICA model on a vector's samples."""
    return _objective(LaplaceICA(inputs["x"].shape[1]), inputs)


def _gaussian(inputs: Inputs) -> NCEObjective:
    """J of the Gaussian model on a vector's samples."""
    return _objective(Gaussian(inputs["x"].shape[1]), inputs)


def _objective(model: LaplaceICA | Gaussian, inputs: Inputs) -> NCEObjective:
    noise = GaussianNoise(inputs["noise_mean"], inputs["noise_cov"])
    return NCEObjective(model, noise, inputs["x"], inputs["y"])


def _rows_matched(theta: Float, other: Float) -> Float:
    """theta with B's rows in the order and with the signs of ``other``'s."""
    n = round((len(theta) - 1) ** 0.5)
    match = match_rows(theta[:-1].reshape(n, n), other[:-1].reshape(n, n))
    return match.apply_theta(theta)


def _without_kinks(B: Float, inputs: Inputs, curvature: Float) -> tuple[Float, Float]:
    """Directions along which no kink of the data moves (a maximum has none at a noise point: there the kink is a
    valley)."""
    basis = _basis_without_kinks(B, inputs["x"])
    return basis, basis.T @ curvature @ basis


def _symmetric(precision: Float, inputs: Inputs, curvature: Float) -> tuple[Float, Float]:
    """Symmetric changes: the curvature is by the lower triangle already."""
    return _duplication(len(precision)), curvature


def _duplication(n: int) -> Float:
    """(n^2 + 1, n(n+1)/2 + 1): how all entries of the precision, and c, follow from the lower triangle."""
    rows, columns = np.tril_indices(n)
    found = np.zeros((n * n + 1, len(rows) + 1))
    for k, (i, j) in enumerate(zip(rows, columns)):
        found[i * n + j, k] = found[j * n + i, k] = 1.0
    found[-1, -1] = 1.0
    return found


def _basis_without_kinks(B: Float, u: Float) -> Float:
    """An orthonormal basis of the directions of (B, c) along which no b_i . u that is 0, or column of B . u, moves."""
    n, size = len(B), np.linalg.norm(u, axis=1)
    directions = []
    for transposed, rows in ((False, B), (True, B.T)):
        near = np.abs(u @ rows.T) <= _AT_A_KINK * size[:, None] * np.linalg.norm(rows, axis=1)
        for t, i in zip(*np.nonzero(near)):
            direction = np.zeros((n, n))
            direction[i] = u[t]
            directions.append(np.append(direction.T if transposed else direction, 0.0))
    if not directions:
        return np.eye(n * n + 1)
    left, values, _ = np.linalg.svd(np.array(directions).T, full_matrices=True)
    rank = int((values > 1e-10 * max(values[0], 1e-300)).sum())
    if rank > n * (n - 1):  # a row with more kinks than that is 0: none of a maximum's is
        raise ValueError("B: every direction is at a kink")
    return np.asarray(left[:, rank:])


LAPLACE_ICA = Tools(_laplace_ica, _rows_matched, _without_kinks, estimate_hints)
GAUSSIAN = Tools(_gaussian, lambda theta, other: theta, _symmetric, estimate_hints)
