r"""Hamiltonian Monte Carlo for many chains at once: leapfrog, the Metropolis decision, the step size (Neal 2011,
Handbook of MCMC).

    H(u, p) = -ln p_m(u) + |p|^2/2,     p drawn from N(0, I) before each transition

One leapfrog step: p += (e/2) score(u);  u += e p;  p += (e/2) score(u). Each line is a shear, so volume is preserved
exactly, and the map is its own inverse after p -> -p, whatever the score is. With the decision "accept with probability
min(1, exp(H - H'))" the transition is then in detailed balance with p_m, however wrong the trajectory: a wrong energy
costs acceptance, not truth.

Error in H over a trajectory of fixed length: O(e^2) where ln p_m is smooth. At the kink of a Laplace density it is
O(e): a step that crosses gives both sides half of it, the true motion gives side one a part s and side two 1 - s, so p
is off by e (s - 1/2) times the jump of the score. (Where the score is constant, between the kinks, the leapfrog is
exact.)

Conventions
-----------
u, p         (n_points, n_dim)   positions and momenta, one chain a row
log_density  u -> (n_points,), up to a constant;   score  u -> (n_points, n_dim), its derivative by u
step_size    one number, or (n_points,), one a chain: drawn apart from u it leaves the balance alone, and three steps of
             a fixed size may be half a period of a Gaussian, after which u' = -u and nothing even in u has changed
             (Neal 2011, section 5.4.2)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import (
    Float,
    as_array,
    as_count,
    as_generator,
    as_points,
    as_positive,
    as_vector,
)

Field = Callable[[Float], Float]
_MAX_DOUBLINGS = 40


@dataclass(frozen=True, eq=False)
class HMCTransition:
    """One transition of every chain.

    ``points``      where the chains stand now: the proposal where it was accepted, else the old point; always finite
    ``accepted``    (n_points,) which moved
    ``acceptance``  mean of min(1, exp(H - H')) over the chains: the acceptance rate without the noise of the decisions
    ``n_diverged``  trajectories that left the finite numbers; they are rejected, and count as 0 in ``acceptance``
    """

    points: Float
    accepted: NDArray[np.bool_]
    acceptance: float
    n_diverged: int


def leapfrog(
    score: Field, u: Float, momentum: Float, step_size: float | Float, n_leapfrog: int
) -> tuple[Float, Float]:
    """Return (u, p) after ``n_leapfrog`` steps of size ``step_size``: n_leapfrog + 1 evaluations of the score.

    A chain that leaves the finite numbers comes back with NaN in both; the score never sees anything but finite points.
    Nothing is checked here: a negative step size runs backwards in time, 0 stands still. ``hmc_transition`` is the
    door.
    """
    u = np.array(u, dtype=np.float64)
    step_size = np.reshape(step_size, (-1, 1))
    lost = np.zeros(len(u), dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        p = momentum + 0.5 * step_size * score(u)
        for k in range(n_leapfrog):
            u += step_size * p
            # One sum is finite where all entries are; the rows are looked for only where it is not.
            if not math.isfinite(float(u.sum())):
                gone = ~np.isfinite(u).all(axis=1)
                lost |= gone
                u[gone], p[gone] = 0.0, 0.0
            p += (step_size if k < n_leapfrog - 1 else 0.5 * step_size) * score(u)
    lost |= ~np.isfinite(p).all(axis=1)
    u[lost], p[lost] = np.nan, np.nan
    return u, p


def log_acceptance(
    log_density_before: Float, p: Float, log_density_after: Float, p_after: Float
) -> Float:
    """Return H - H' = ln p_m(u') - ln p_m(u) + (|p|^2 - |p'|^2)/2, one a chain; -inf where it is no number."""
    with np.errstate(over="ignore", invalid="ignore"):
        gain = (
            log_density_after
            - log_density_before
            + 0.5 * (np.square(p).sum(axis=1) - np.square(p_after).sum(axis=1))
        )
    return np.where(np.isnan(gain), -math.inf, gain)


def metropolis(log_ratio: Float, uniforms: Float) -> NDArray[np.bool_]:
    """Return which moves are accepted: those with uniform < exp(log_ratio), uniforms from [0, 1). NaN and -inf are
    refused."""
    with np.errstate(over="ignore"):
        return np.asarray(uniforms < np.exp(np.minimum(log_ratio, 0.0)))


def hmc_transition(
    log_density: Field,
    score: Field,
    u: Float,
    step_size: float | Float,
    n_leapfrog: int,
    rng: np.random.Generator,
) -> HMCTransition:
    """Move every chain by one transition: fresh momenta, ``n_leapfrog`` steps, one Metropolis decision each.

    Leaves exp(log_density) invariant for any step size. Raises ValueError for a step size not above 0, fewer than one
    leapfrog step, points with NaN or inf, and points at which the log-density is NaN or -inf, from which nothing could
    be decided.
    """
    u, n_leapfrog = as_points("u", u), as_count("n_leapfrog", n_leapfrog)
    if isinstance(step_size, np.ndarray) and step_size.ndim:
        as_positive("step_size", float(as_vector("step_size", step_size, len(u)).min()))
    else:
        step_size = as_positive(
            "step_size", step_size.item() if isinstance(step_size, np.ndarray) else step_size
        )
    momentum = as_generator("rng", rng).standard_normal(u.shape)
    before = as_array("log_density(u)", log_density(u), 1, (len(u),))
    proposal, momentum_after = leapfrog(score, u, momentum, step_size, n_leapfrog)
    lost = np.isnan(proposal[:, 0])
    proposal[lost] = u[lost]
    with np.errstate(over="ignore", invalid="ignore"):
        log_ratio = log_acceptance(before, momentum, log_density(proposal), momentum_after)
    accepted = metropolis(log_ratio, rng.random(len(u)))
    points = np.where(accepted[:, None], proposal, u)
    return HMCTransition(
        points, accepted, float(np.exp(np.minimum(log_ratio, 0.0)).mean()), int(lost.sum())
    )


def adapt_step_size(step_size: float, acceptance: float, target: float, rate: float = 0.5) -> float:
    """Return step_size exp(rate (acceptance - target)): longer steps where too much is accepted. Kept between 1e-100
    and 1e100."""
    return min(max(step_size * math.exp(rate * (acceptance - target)), 1e-100), 1e100)


def find_step_size(
    log_density: Field,
    score: Field,
    u: Float,
    step_size: float,
    n_leapfrog: int,
    target: float,
    rng: np.random.Generator,
) -> float:
    """Double or halve ``step_size`` until the acceptance crosses ``target``; the rest is ``adapt_step_size``'s
    business.

    After 40 doublings or halvings the last one is returned: the acceptance then tells that nothing suits.
    """
    factor = 0.0
    for _ in range(_MAX_DOUBLINGS):
        acceptance = hmc_transition(log_density, score, u, step_size, n_leapfrog, rng).acceptance
        direction = 2.0 if acceptance > target else 0.5
        if factor and direction != factor:
            return step_size if direction == 2.0 else 0.5 * step_size
        factor = direction
        step_size *= factor
    return step_size
