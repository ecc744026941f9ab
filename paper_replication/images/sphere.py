r"""The sphere: uniform noise on it, moves along great circles, and ln of a model's mass by annealed importance
sampling.

    ln M = ln int_sphere p_m,   0 for a model whose c is -ln Z

*Annealing* (Neal 2001). Densities p_n^{1-t} p_m^t, t from 0 to 1; a point drawn from p_n walks through them, and its
weight is the product of
the densities' ratios, whose mean is M whatever the walk, if each step leaves its density invariant.

*A move.* x' = x cos a + |x| v sin a, v a uniform direction orthogonal to x, a of either sign: reversible for the
uniform law, so that the
Metropolis decision needs p_m alone, and no gradient.

*Conventions.* Points are rows of length ``radius``; a density on the sphere is by its surface.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from nce_ref import diagnose_weights
from nce_ref.importance import WeightDiagnosis

from .models import Array, Float, Shaped


class SphereNoise:
    """Uniform noise: ln p_n = -[ln 2 + (d/2) ln pi - ln Gamma(d/2) + (d - 1) ln radius]."""

    def __init__(self, n_dim: int, radius: float | None = None) -> None:
        self.n_dim = n_dim
        self.radius = math.sqrt(n_dim) if radius is None else radius
        surface = math.log(2.0) + 0.5 * n_dim * math.log(math.pi) - float(gammaln(0.5 * n_dim))
        self.constant = -(surface + (n_dim - 1) * math.log(self.radius))

    def log_density(self, u: Array) -> Float:
        """Return ln p_n, the same everywhere: (n_points,)."""
        return np.full(len(u), self.constant)

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw points: normal ones, drawn out to the sphere."""
        return to_sphere(rng.standard_normal((n_points, self.n_dim)), self.radius)


def to_sphere(points: Array, radius: float) -> Array:
    """Return the points' directions at that distance from 0."""
    return points * (radius / np.linalg.norm(points, axis=1, keepdims=True))


def great_circle(x: Float, angle: float, rng: np.random.Generator) -> Float:
    """Return x' at a normal angle of that deviation from x, in a uniform direction."""
    radius = float(np.linalg.norm(x[0]))
    v = rng.standard_normal(x.shape)
    v -= x * (np.sum(v * x, axis=1, keepdims=True) / radius**2)
    a = angle * rng.standard_normal((len(x), 1))
    moved = x * np.cos(a) + to_sphere(v, radius) * np.sin(a)
    return np.asarray(to_sphere(moved, radius))  # rounding would take it off


def anneal(
    model: Shaped, theta: Float, noise: SphereNoise, rng: np.random.Generator, n: int, steps: int
) -> tuple[WeightDiagnosis, Float, Float]:
    """Return what ``n`` walks of ``steps`` temperatures say of ln M, where they end, and their log-weights.

    Temperatures (k/steps)^2, slow at the start, where ln p_m varies most. The angle follows the acceptance (0.5) of
    the moves before.
    """
    x = noise.sample(n, rng)
    log_ratio = model.log_density(theta, x) - noise.constant
    log_weight, angle, before = np.zeros(n), 0.5, 0.0
    for k in range(1, steps + 1):
        now = (k / steps) ** 2
        log_weight += (now - before) * log_ratio
        x, log_ratio, angle = move(model, theta, noise, x, log_ratio, now, angle, rng)
        before = now
    return diagnose_weights(log_weight), x, log_weight


def move(
    model: Shaped,
    theta: Float,
    noise: SphereNoise,
    x: Float,
    log_ratio: Float,
    power: float,
    angle: float,
    rng: np.random.Generator,
) -> tuple[Float, Float, float]:
    """One Metropolis move of every point for (p_m/p_n)^power; returns points, their ln(p_m/p_n), and the angle for
    the next move."""
    proposal = great_circle(x, angle, rng)
    proposed = model.log_density(theta, proposal) - noise.constant
    accepted = np.log(rng.random(len(x))) < power * (proposed - log_ratio)
    angle = min(1.5, angle * (1.05 if accepted.mean() > 0.5 else 0.95))
    x = np.where(accepted[:, None], proposal, x)
    return x, np.where(accepted, proposed, log_ratio), angle


def sample_model(
    model: Shaped,
    theta: Float,
    noise: SphereNoise,
    rng: np.random.Generator,
    n: int,
    steps: int,
) -> Float:
    """Draw points of the model: the ends of annealed walks, drawn anew by their weights, and ``steps`` moves more
    each."""
    _, x, log_weight = anneal(model, theta, noise, rng, n, steps)
    weights = np.exp(log_weight - log_weight.max())
    x = x[rng.choice(n, n, p=weights / weights.sum())]
    log_ratio, angle = model.log_density(theta, x) - noise.constant, 0.3
    for _ in range(steps):
        x, log_ratio, angle = move(model, theta, noise, x, log_ratio, 1.0, angle, rng)
    return x
