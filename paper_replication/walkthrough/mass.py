r"""How much mass of exp(f) lies within a distance, and whether it stops growing: the test that an affine f fails.

    M(R) = int over |v| < R of exp f(mean + L v) |det L| dv,     v standardised by the noise, cov = L L^T

For affine f = a.v + c the symmetric part gives int cosh(a.v) e^c, so M(2R)/M(R) >= 2^n for every R: it never stops.
For a density the ratio goes to 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nce_ref import GaussianNoise

from .problem import Float


def log_mass(
    log_density: Callable[[Float], Float],
    noise: GaussianNoise,
    radius: float,
    rng: np.random.Generator,
    n_points: int,
) -> float:
    """Return ln M(radius) up to a constant that does not depend on it, by points whose distance is uniform on (0,
    radius).

    Uniform in distance, not in volume: in four dimensions fifteen in sixteen points of a ball lie in its outer half.
    """
    direction = rng.standard_normal((n_points, noise.n_dim))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    distance = radius * (np.arange(n_points) + rng.random(n_points)) / n_points
    points = (distance[:, None] * direction) @ np.linalg.cholesky(noise.cov).T + noise.mean
    log_terms = log_density(points) + (noise.n_dim - 1) * np.log(distance)
    top = float(log_terms.max())
    return top + float(np.log(np.mean(np.exp(log_terms - top)))) + float(np.log(radius))


def log_mass_growth(
    log_density: Callable[[Float], Float],
    noise: GaussianNoise,
    radius: float,
    rng: np.random.Generator,
) -> float:
    """Return ln M(2 radius) - ln M(radius)."""
    n_points = 8000
    return log_mass(log_density, noise, 2.0 * radius, rng, n_points) - log_mass(
        log_density, noise, radius, rng, n_points
    )
