r"""E[P_nu g g^T] and E[P_nu g] of a discrete model, as sums over all of its states.

    I_nu = sum_s p(s) P(s) g(s) g(s)^T,   P = nu p_n/(p + nu p_n) = sigma(ln nu - ln p + ln p_n)

Conventions
-----------
blocks   (u, g, log_p) a block: (k, n_dim), (k, n_params) with 1 for c, (k,) normalised; together all states, each once
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.models.moments import Moments
from nce_ref.special import sigmoid

_EPS = float(np.finfo(float).eps)
# A probability mass function is at most 1 in sum; its values are right to some 1e-13 of themselves.
_MASS = 1e-9


def state_moments(
    blocks: Iterable[tuple[Float, Float, Float]], n_params: int, noise: Any, nu: float
) -> Moments:
    """Return I_nu and m_nu. Raises ValueError for a density in the place of noise that is a mass function.

    It is taken for one where its values exceed 1 in sum, or miss 1 while it is finite beside a state, too. Also raises
    for noise of mass 0 on a state: it does not cover the model.
    """
    information, error = np.zeros((n_params, n_params)), np.zeros((n_params, n_params))
    n_states, mass, beside = 0, 0.0, False
    for u, g, log_p in blocks:
        weights, size = np.exp(log_p), np.abs(log_p)
        if math.isfinite(nu):
            log_noise = np.asarray(noise.log_density(u), dtype=np.float64)
            _refuse_uncovered(u, log_noise)
            with np.errstate(over="ignore"):
                mass += float(np.exp(log_noise).sum())
            beside = beside or _finite_beside(noise, u)
            log_ratio = log_p - log_noise
            weights = weights * sigmoid(math.log(nu) - log_ratio)
            size = size + np.abs(log_ratio) + abs(math.log(nu))
        information += (g.T * weights) @ g
        sizes = np.abs(g)
        error += (sizes.T * (weights * (size + n_params + 16.0))) @ sizes
        n_states += len(u)
    if math.isfinite(nu) and (mass > 1.0 + _MASS or (mass < 1.0 - _MASS and beside)):
        raise ValueError(
            f"noise: its values on the model's {n_states} states add up to {mass:.6g}; expected a"
            " probability mass function on them, e.g. BernoulliNoise, not a density"
        )
    # The sums themselves: pairwise or blocked, a root of the number of states is generous.
    error *= _EPS * (1.0 + math.sqrt(n_states) / 16.0)
    method = f"sum over {n_states} states"
    return Moments(information, information[-1].copy(), (), False, error, method)


def _finite_beside(noise: Any, u: Float) -> bool:
    some = u[:16]
    return bool(np.isfinite(noise.log_density(some + 1e-3 * (1.0 + np.abs(some)))).any())


def _refuse_uncovered(u: Float, log_noise: Float) -> None:
    bad = ~np.isfinite(log_noise)
    if bad.any():
        where = int(np.argmax(bad))
        raise ValueError(
            f"noise: log_density is {log_noise[where]} at the state {u[where].tolist()}; expected"
            " noise with mass above 0 on every state, of the same two values"
        )
