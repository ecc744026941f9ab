r"""Exact statements about one random machine, without samples: noise equal to the data, and other weights than NCE's.

    p_n = p_d:   Sigma = (1 + 1/nu) (F^-1 for alpha),   F Fisher's information
    Sigma_w = A^-1 {E[w^2 (1 + q/nu) g g^T] - (1 + 1/nu) m m^T} A^-1,   A = E[w g g^T],  m = E[w g]   (``asymptotics_weights.py``)

*Conventions.* Expectations are sums over the 2^n states. ``alike.*``: the largest relative difference of an entry from its claimed value.
``weight.*``: log10 of tr(Sigma_w) without c over that of NCE, and ``least.*`` the smallest eigenvalue of Sigma_w - Sigma in units of Sigma.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import linalg

import nce_ref as nr

from .machine import MODEL, STATES, counts_of, draw_truth, fitted_noise

EXPERIMENT_VERSION = 1
WEIGHTS = {"importance": 0.0, "symmetric": -0.5, "inverse_importance": -1.0, "polynomial": 1.0}
_MANY = 100_000  # points whose means make the noise


class _Alike:
    """Noise with the law of the machine itself."""

    n_dim = MODEL.n_dim

    def __init__(self, theta: np.ndarray) -> None:
        self._theta = theta

    def log_density(self, u: np.ndarray) -> np.ndarray:
        return MODEL.log_density(self._theta, u)


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the differences and ratios of one machine at ``nu``."""
    nu = float(params["nu"])
    truth = draw_truth(rng)
    log_p = MODEL.log_density(truth, STATES)
    noise = fitted_noise(counts_of(log_p, _MANY, rng))
    q = np.exp(log_p - noise.log_density(STATES))
    bound = nr.cramer_rao_bound(MODEL, truth).covariance[:-1, :-1]
    alike = nr.asymptotic_covariance(MODEL, truth, _Alike(truth), nu).covariance[:-1, :-1]
    size = np.sqrt(np.outer(np.diag(bound), np.diag(bound)))
    best = nr.asymptotic_covariance(MODEL, truth, noise, nu).covariance
    result = {
        "alike.largest": float(np.abs(alike / (1.0 + 1.0 / nu) - bound).max() / size.max()),
        "nce.largest": _apart(_sandwich(log_p, q, 1.0 / (1.0 + q / nu), truth, nu), best),
        "nce.over_mle": float(np.log10(np.trace(best[:-1, :-1]) / np.trace(bound))),
    }
    for name, exponent in WEIGHTS.items():
        other = _sandwich(log_p, q, q**exponent, truth, nu)
        result |= {
            f"weight.{name}": float(np.log10(np.trace(other[:-1, :-1]) / np.trace(best[:-1, :-1]))),
            f"least.{name}": float(linalg.eigh(other - best, best, eigvals_only=True)[0]),
        }
    return result


def _sandwich(
    log_p: np.ndarray, q: np.ndarray, w: np.ndarray, truth: np.ndarray, nu: float
) -> np.ndarray:
    """Sigma_w by the sum over all states."""
    g, p = MODEL.jacobian(truth, STATES), np.exp(log_p)
    A, m = (g * (p * w)[:, None]).T @ g, (p * w) @ g
    middle = (g * (p * w * w * (1.0 + q / nu))[:, None]).T @ g - (1.0 + 1.0 / nu) * np.outer(m, m)
    inverse = linalg.inv(A)
    return inverse @ middle @ inverse.T


def _apart(first: np.ndarray, second: np.ndarray) -> float:
    size = np.sqrt(np.outer(np.diag(second), np.diag(second)))
    return float((np.abs(first - second) / size).max())


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run."""
    return 0.02
