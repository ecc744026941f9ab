r"""The direction that contrastive divergence follows (Hinton 2002), with Hamiltonian Monte Carlo from the data (P10
section 3.1).

    D(alpha) = mean_x g(x) - mean_x g(x'),     x' = x after k transitions of HMC for p_m(.; alpha),
    g = d ln p_m / d alpha

At p_m = p_d a transition leaves the data's law alone and E D = 0. D is the gradient of no function: there is no value
to go with it, and nothing to certify.

**Its own metric.** Let p* = p_m(.; alpha*) be the data's law and P the transition, P(alpha) with p_m(.; alpha)
invariant: E_alpha[P g] = E_alpha[g]. Differentiated at alpha*, where d p_m/p_m = g - E g: the derivative of E*[P g] is
E*[dg] + Cov(g, g) - Cov(g, P g), hence that of E D = E*[g] - E*[P g] is -(F - C), F = Cov(g), C = Cov(g(x), g(x')).
Hamiltonian transitions are reversible, so C is symmetric, and K = Cov(g(x) - g(x'))/2 = F - C: minus that derivative,
while 2K/n_data is the covariance of D. So K^{-1} D is Newton's step, and K tells how large a D is by chance. Where the
chains hardly move, D is small whatever alpha is, and so is K.

Conventions
-----------
x       (n_data, n_dim)   one chain a data point, started at it afresh for each D
alpha   (n_params - 1,)   theta without c, which D does not see
scale   (n_dim, n_dim)    HMC moves in coordinates z, u = scale z; p_m stays invariant whatever it is
jitter  each chain's step size is uniform on (1 - jitter, 1 + jitter) times the nominal one: see ``hmc.py``
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_count, as_points, as_square
from nce_ref.hmc import Field, find_step_size, hmc_transition
from nce_ref.models.base import Model
from nce_ref.models.from_functions import as_model

# A metric needs some points a parameter, not all of them.
_METRIC_POINTS = 4000


class ContrastiveDivergence:
    """D for fixed data. Raises ValueError for bad data, counts below 1, a jitter outside [0, 1), a scale not square or
    singular."""

    def __init__(
        self,
        model: Model,
        x: ArrayLike,
        n_transitions: int,
        n_leapfrog: int,
        scale: ArrayLike,
        jitter: float,
    ) -> None:
        self.model = model = as_model(model, "contrastive divergence", ("score",))
        self.x = as_points("x", x, model.n_dim)
        self.n_transitions, self.n_leapfrog = (
            as_count("n_transitions", n_transitions),
            as_count("n_leapfrog", n_leapfrog),
        )
        self.n_data = len(self.x)
        if not 0.0 <= jitter < 1.0:
            raise ValueError(f"jitter: got {jitter}; expected a number from 0 on, below 1")
        self.jitter = float(jitter)
        self.scale = as_square("scale", scale, model.n_dim)
        if not np.linalg.cond(self.scale) < 1.0 / np.finfo(float).eps:
            raise ValueError(
                f"scale: singular, its condition number is {np.linalg.cond(self.scale):.3g};"
                " expected an invertible matrix"
            )
        self._z: Float = np.linalg.solve(self.scale, self.x.T).T.astype(np.float64)

    def in_units(self, inverse: Float, with_scale: bool) -> ContrastiveDivergence:
        """D of the points inverse x, a function of ``model.rescaled``'s alpha; ``scale`` goes with them, or is the
        identity there."""
        return ContrastiveDivergence(
            self.model,
            self.x @ inverse.T,
            self.n_transitions,
            self.n_leapfrog,
            inverse @ self.scale if with_scale else np.eye(len(inverse)),
            self.jitter,
        )

    @property
    def n_params(self) -> int:
        """Length of alpha."""
        return self.model.n_params - 1

    def direction(
        self, alpha: Float, step_size: float, rng: np.random.Generator
    ) -> tuple[Float, float]:
        """Return (D, mean acceptance over the transitions): (n_params,)."""
        theta = np.append(alpha, 0.0)
        moved, acceptance = self._move(theta, self._z, step_size, rng)
        even = np.full(self.n_data, 1.0 / self.n_data)
        pull = [self.model.evaluate(theta, u).pullback(even)[:-1] for u in (self.x, moved)]
        return pull[0] - pull[1], acceptance

    def first_step_size(
        self, alpha: Float, step_size: float, target: float, rng: np.random.Generator
    ) -> float:
        """``step_size`` doubled or halved until the acceptance crosses ``target``."""
        return find_step_size(
            *self._density(np.append(alpha, 0.0)), self._z, step_size, self.n_leapfrog, target, rng
        )

    def metrics(
        self, alpha: Float, step_size: float, rng: np.random.Generator
    ) -> tuple[Float, Float]:
        """Return (K, F) from (at most 4000 of) the data, both (n_params, n_params); see the module."""
        theta = np.append(alpha, 0.0)
        moved, _ = self._move(theta, self._z[:_METRIC_POINTS], step_size, rng)
        with np.errstate(over="ignore", invalid="ignore"):
            before, after = (
                self.model.jacobian(theta, u)[:, :-1] for u in (self.x[:_METRIC_POINTS], moved)
            )
            K, F = (
                np.atleast_2d(np.cov(g, rowvar=False, bias=True)).astype(np.float64)
                for g in (before - after, before)
            )
        if not (np.isfinite(K).all() and np.isfinite(F).all()):
            raise ValueError(
                "x: the spread of d ln p_m/d alpha over it leaves float64; expected data scaled to unit variance"
            )
        return 0.5 * K, F

    def _move(
        self, theta: Float, z: Float, step_size: float, rng: np.random.Generator
    ) -> tuple[Float, float]:
        acceptance = 0.0
        for _ in range(self.n_transitions):
            steps = step_size * rng.uniform(1.0 - self.jitter, 1.0 + self.jitter, len(z))
            moved = hmc_transition(*self._density(theta), z, steps, self.n_leapfrog, rng)
            z, acceptance = moved.points, acceptance + moved.acceptance / self.n_transitions
        return z @ self.scale.T, acceptance

    def _density(self, theta: Float) -> tuple[Field, Field]:
        model, scale = self.model, self.scale
        return lambda z: model.log_density(
            theta, z @ scale.T
        ), lambda z: model.score(theta, z @ scale.T) @ scale
