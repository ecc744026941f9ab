r"""The scales of one Hamiltonian transition.

    leapfrog        E_u += |u| + e (|p| + E_p),  E_p += |p| + (kick) E_score;  score: |precision| (|u| + E_u), or
                    sqrt(2) |B|' 1 energies by their summands before and after, and a normalising constant of n ln 2 pi,
                    which may be in both
    Metropolis      p (1 + |H - H'|); a decision has no room

Conventions
-----------
inputs   a vector's; want: the outputs as float64; out: the outputs' scales in float64
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales
from nce_ref.oracle.families.densities.scales import SQRT2

Inside = tuple[Float, Float]  # a score and the size of what rounds inside it


def leapfrog_gaussian(
    precision: Float,
    u: Float,
    momentum: Float,
    step_size: float,
    n_steps: float,
    want: Mapping[str, Float],
) -> Scales:
    """Scales of the state after, and of the change of energy."""
    size = np.abs(precision)

    def score(u: Float, E_u: Float) -> Inside:
        return -(u @ precision), (np.abs(u) + E_u) @ size

    def potential(u: Float, E_u: Float) -> Float:
        return np.asarray((np.abs(u) * ((0.5 * np.abs(u) + E_u) @ size)).sum(axis=1))

    return _leapfrog(score, potential, u, momentum, step_size, int(n_steps))


def leapfrog_laplace_ica(
    B: Float, u: Float, momentum: Float, step_size: float, n_steps: float, want: Mapping[str, Float]
) -> Scales:
    """The same; the signs of the sources are right, since the vectors keep clear of the kinks."""
    size = np.abs(B)

    def score(u: Float, E_u: Float) -> Inside:
        return -SQRT2 * np.sign(u @ B.T) @ B, SQRT2 * np.ones_like(u) @ size

    def potential(u: Float, E_u: Float) -> Float:
        return np.asarray(SQRT2 * ((np.abs(u) + E_u) @ size.T).sum(axis=1))

    return _leapfrog(score, potential, u, momentum, step_size, int(n_steps))


def metropolis_decision(
    energy_before: Float, energy_after: Float, uniforms: Float, want: Mapping[str, Float]
) -> Scales:
    """Scales of the probability, and of a decision."""
    p = want["probability"]
    with np.errstate(over="ignore"):
        moved = np.where(p > 0, np.maximum(energy_after - energy_before, 0.0), 0.0)
    return {"probability": p * (1.0 + moved), "accepted": np.abs(want["accepted"])}


def _leapfrog(
    score: Callable[[Float, Float], Inside],
    potential: Callable[[Float, Float], Float],
    u: Float,
    p: Float,
    step_size: float,
    n_steps: int,
) -> Scales:
    def energy(u: Float, E_u: Float, p: Float, E_p: Float) -> Float:
        return (
            potential(u, E_u)
            + (np.abs(p) * (0.5 * np.abs(p) + E_p)).sum(axis=1)
            + 0.5 * u.shape[1] * math.log(2.0 * math.pi)
        )

    E_u, E_p = np.zeros_like(u), np.zeros_like(p)
    changed = energy(u, E_u, p, E_p)
    for _ in range(n_steps):
        for drift, kick in ((0.0, 0.5 * step_size), (step_size, 0.5 * step_size)):
            u, E_u = u + drift * p, E_u + drift * (np.abs(p) + E_p)
            E_u = E_u + np.abs(u) * (drift > 0)
            slope, E_slope = score(u, E_u)
            p, E_p = p + kick * slope, E_p + kick * E_slope
            E_p = E_p + np.abs(p)
    changed = changed + energy(u, E_u, p, E_p)
    return {"u_after": E_u, "momentum_after": E_p, "energy_change": changed}
