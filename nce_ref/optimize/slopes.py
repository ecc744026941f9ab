"""Slopes of J along directions where kinks meet: exact at the active kinks, and the steepest that is found.

THEORY.md (7.1): J'(theta; d) = gradient.d - sum_ridges w |a.d| + sum_valleys w |a.d|.

Conventions
-----------
direction   (n,), of any length; slopes are per unit of it
"""

from __future__ import annotations

import numpy as np

from nce_ref._checks import Float
from nce_ref.objectives.base import Expansion, LocalKinks


def directional_derivative(here: Expansion, direction: Float) -> float:
    """Return J'(theta; d) = gradient.d - sum_ridges w |a.d| + sum_valleys w |a.d|, exact for active kinks."""
    kinks = here.kinks
    ridges = float(kinks.weights @ np.abs(kinks.directions @ direction))
    return (
        float(here.gradient @ direction)
        - ridges
        + float(kinks.valley_weights @ np.abs(kinks.valleys @ direction))
    )


def steepest_found(here: Expansion) -> float:
    """Return the largest slope of J over a family of unit directions, both ways: a positive one proves that J rises.

    Coordinates; eigenvectors of the valleys' pull less the ridges'; each valley's direction freed of the active ridges,
    along which J'(d) + J'(-d) > 0 by construction.
    """
    kinks, n = here.kinks, len(here.gradient)
    candidates = [
        np.eye(n),
        np.linalg.eigh(
            _spread(kinks.valleys, kinks.valley_weights) - _spread(kinks.directions, kinks.weights)
        )[1].T,
    ]
    if 0 < len(kinks.valleys) <= 100 and len(kinks.directions) < n:
        candidates.append(kinks.valleys @ off_ridges(kinks))
    slopes = [0.0]
    for d in np.concatenate(candidates):
        length = float(np.linalg.norm(d))
        if length > 1e-12:
            slopes += [
                directional_derivative(here, d / length),
                directional_derivative(here, -d / length),
            ]
    return max(slopes)


def _spread(directions: Float, weights: Float) -> Float:
    lengths = np.maximum(np.linalg.norm(directions, axis=1), 1e-300)
    return (directions.T * (weights / lengths)) @ directions


def null_space(rows: Float, n: int) -> Float:
    """Return an orthonormal basis, (n, n - rank), of the directions orthogonal to every row."""
    # From n rows on the thin V is square already; the full U would be as large as the square of the active kinks
    # (lattice data).
    _, size, V = np.linalg.svd(rows.reshape(-1, n), full_matrices=len(rows) < n)
    return V[int(np.sum(size > 1e-12 * size.max(initial=0.0))) :].T


def off_ridges(kinks: LocalKinks) -> Float:
    """Return the projection, (n, n), on the directions that no active ridge sees."""
    basis = null_space(kinks.directions, kinks.valleys.shape[1])
    return basis @ basis.T
