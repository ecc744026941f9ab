r"""The leapfrog and the Metropolis decision in plain NumPy, cut into steps that a mistake can replace.

    p += kick_0 score(u);  for k = 1 ... n_steps: u += drift_k p, p += kick_k score(u)       kicks e/2, e, ..., e, e/2, drifts e
    accepted where uniform < min(1, exp(H - H'))

Conventions
-----------
u, p     (n_points, n_dim)   one chain a row; inputs are not written to
score    u -> (n_points, n_dim), the derivative of ln p_m by the point
H        (n_points,)   -ln p_m + |p|^2/2
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Outputs, Steps
from nce_ref.oracle.families.densities.textbook import GaussianModelSteps, LaplaceSteps

Score = Callable[[Array], Array]


class LeapfrogSteps(Steps):
    """The right steps of a trajectory."""

    def kicks(self, step_size: float, n_steps: int) -> list[float]:
        """What the score is multiplied by, n_steps + 1 of them."""
        return [0.5 * step_size, *[step_size] * (n_steps - 1), 0.5 * step_size]

    def drifts(self, step_size: float, n_steps: int) -> list[float]:
        """What the momentum is multiplied by."""
        return [step_size] * n_steps

    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        """(u, p) after n_steps steps."""
        first, *kicks = self.kicks(step_size, n_steps)
        p = p + first * score(u)
        for drift, kick in zip(self.drifts(step_size, n_steps), kicks, strict=True):
            u = u + drift * p
            p = p + kick * score(u)
        return u, p

    def kinetic(self, p: Array) -> Array:
        """|p|^2/2."""
        return 0.5 * (p * p).sum(axis=1)

    def energy(self, log_density: Array, p: Array) -> Array:
        """H."""
        return self.kinetic(p) - log_density

    def energy_change(self, before: Array, after: Array) -> Array:
        """H' - H."""
        return after - before

    def leapfrog(
        self, log_density: Score, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array, Array]:
        """(u', p', H' - H)."""
        u_after, p_after = self.trajectory(score, u, p, step_size, n_steps)
        before, after = self.energy(log_density(u), p), self.energy(log_density(u_after), p_after)
        return u_after, p_after, self.energy_change(before, after)


class GaussianLeapfrogSteps(LeapfrogSteps, GaussianModelSteps):
    """The right steps of a trajectory in the Gaussian model."""

    def gaussian_score(self, precision: Array, u: Array) -> Array:
        """-precision u."""
        return -(u @ precision)


class LaplaceLeapfrogSteps(LeapfrogSteps, LaplaceSteps):
    """The right steps of a trajectory in the Laplace ICA model."""

    def laplace_score(self, B: Array, u: Array, scale: float) -> Array:
        """-sqrt(2) B' sign(B u)."""
        B, _ = self.demixing(B)
        return -scale * np.sign(u @ B.T) @ B


class MetropolisSteps(Steps):
    """The right steps of a decision."""

    def log_acceptance(self, before: Array, after: Array) -> Array:
        """H - H'."""
        return before - after

    def acceptance(self, before: Array, after: Array) -> Array:
        """min(1, exp(H - H')): the minimum first, so that nothing overflows."""
        return np.exp(np.minimum(self.log_acceptance(before, after), 0.0))

    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        """Which moves are made."""
        return uniforms < probability

    def metropolis(self, before: Array, after: Array, uniforms: Array) -> tuple[Array, Array]:
        """The probabilities, and the decisions as 0 and 1."""
        probability = self.acceptance(before, after)
        accepted = self.is_accepted(uniforms, probability, self.log_acceptance(before, after))
        return probability, accepted.astype(probability.dtype)


def leapfrog_gaussian(steps: GaussianLeapfrogSteps, precision: Array, **state: Any) -> Outputs:
    """State and change of energy after a trajectory."""
    return _leapfrog(
        steps,
        lambda u: steps.gaussian(precision, 0.0, u)[0],
        lambda u: steps.gaussian_score(precision, u),
        **state,
    )


def leapfrog_laplace_ica(steps: LaplaceLeapfrogSteps, B: Array, **state: Any) -> Outputs:
    """State and change of energy after a trajectory."""
    scale = steps.laplace_scale
    return _leapfrog(
        steps,
        lambda u: steps.laplace(B, 0.0, u)[0],
        lambda u: steps.laplace_score(B, u, scale),
        **state,
    )


def metropolis_decision(
    steps: MetropolisSteps, energy_before: Array, energy_after: Array, uniforms: Array
) -> Outputs:
    """Probabilities and decisions."""
    probability, accepted = steps.metropolis(energy_before, energy_after, uniforms)
    return {"probability": probability, "accepted": accepted}


def _leapfrog(
    steps: LeapfrogSteps,
    log_density: Score,
    score: Score,
    u: Array,
    momentum: Array,
    step_size: float,
    n_steps: float,
) -> Outputs:
    found = steps.leapfrog(log_density, score, u, momentum, step_size, int(n_steps))
    return dict(zip(("u_after", "momentum_after", "energy_change"), found))
