r"""Exact statements about one random machine, without samples: noise equal to the data, and other weights than NCE's.

    p_n = p_d:   Sigma = (1 + 1/nu) F^-1 for alpha,   F Fisher's information
    Sigma_w = A^-1 K A^-1 - (1 + 1/nu) e_c e_c^T,   A = E[w g g^T],  K = E[(w^2/P) g g^T],  P = 1/(1 + q/nu)

*In units of NCE's information.* Let Q R be the sqrt(p_d P) g^T of all states, a row each: columns of Q are
orthonormal, and R^T R = E[P g g^T]. With the diagonal D = w/P over the states, R A^-1 K A^-1 R^T = (Q^T D Q)^-1 Q^T
D^2 Q (Q^T D Q)^-1, and with D Q = Y L that is (Y^T Q)^-1 (Q^T Y)^-1: no matrix is inverted whose condition is the
square of the problem's. The *efficiencies* of w, along the directions in which they are the extreme ones, are
therefore the squared singular values of Y^T Q.

*Conventions.* Expectations are sums over the 2^n states. ``alike.off`` is the largest relative error of the first
line, ``nce.off`` that of the package's Sigma against the second at w = P, both in units of the covariance claimed
(largest singular value of the difference). ``best.<w>`` is the largest efficiency of a weight by direction;
``cost.<w>`` is log10 of the geometric mean over the directions of its variance over NCE's. A second witness, which
supposes no theorem: the second line summed as it stands, A scaled to unit diagonal and factored, beside the package's
Sigma. ``least.<w>`` is the smallest relative excess of its variance over that of the package's NCE by direction,
``off.<w>`` the largest difference of an efficiency from that of the first way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import linalg

import nce_ref as nr

from .fits import MODEL, STATES, Float, counts_of, draw_truth, fitted_noise

EXPERIMENT_VERSION = 1
WEIGHTS = {"importance": 0.0, "symmetric": -0.5, "inverse_importance": -1.0, "polynomial": 1.0}
_MANY = 100_000  # points whose means make the noise


class _Alike:
    """Noise with the law of the machine itself."""

    n_dim = MODEL.n_dim

    def __init__(self, theta: Float) -> None:
        self._theta = theta

    def log_density(self, u: Float) -> Float:
        return MODEL.log_density(self._theta, u)


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the differences, efficiencies and costs of one machine at ``nu``."""
    nu = float(params["nu"])
    truth = draw_truth(rng)
    log_p = MODEL.log_density(truth, STATES)
    noise = fitted_noise(counts_of(log_p, _MANY, rng))
    q = np.exp(log_p - noise.log_density(STATES))
    bound = nr.cramer_rao_bound(MODEL, truth).covariance[:-1, :-1]
    alike = nr.asymptotic_covariance(MODEL, truth, _Alike(truth), nu).covariance[:-1, :-1]
    ours = nr.asymptotic_covariance(MODEL, truth, noise, nu).covariance
    Q, R = information_root(np.exp(log_p), q, MODEL.jacobian(truth, STATES), nu)
    # Sigma + (1 + 1/nu) e_c e_c^T is R^-1 R^-T.
    ours[-1, -1] += 1.0 + 1.0 / nu
    root = linalg.cholesky(ours, lower=True)
    p, g = np.exp(log_p), MODEL.jacobian(truth, STATES)
    result = {
        "alike.off": _off(alike / (1.0 + 1.0 / nu), linalg.cholesky(bound, lower=True)),
        "nce.off": float(linalg.norm(R @ ours @ R.T - np.eye(len(R)), 2)),
    }
    for name, exponent in WEIGHTS.items():
        found = efficiencies(Q, q**exponent * (1.0 + q / nu))
        result |= {
            f"best.{name}": float(found.max()),
            f"cost.{name}": float(-np.mean(np.log10(found))),
        }
        # Singular values of root^-1 B, B B^T the covariance: variances over NCE's, and no difference of
        # large numbers.
        summed = half_of_sandwich(p, q, q**exponent, g, nu)
        variances = linalg.svdvals(linalg.solve_triangular(root, summed, lower=True)) ** 2
        result |= {
            f"least.{name}": float(variances.min() - 1.0),
            f"off.{name}": float(np.abs(np.sort(1.0 / variances) - np.sort(found)).max()),
        }
    return result


def information_root(p: Float, q: Float, g: Float, nu: float) -> tuple[Float, Float]:
    """Return Q (n_states, n_params) with orthonormal columns and R with R^T R = E[P g g^T]."""
    Q, R = linalg.qr(g * np.sqrt(p / (1.0 + q / nu))[:, None], mode="economic")
    return Q, R


def efficiencies(Q: Float, over_nce: Float) -> Float:
    """Return the variances of NCE over those of the weight w = P ``over_nce``, by direction: at most 1."""
    # Rows that differ by orders of magnitude: Householder's method is accurate row by row where the largest come first.
    order = np.argsort(-over_nce, kind="stable")
    Y, _ = linalg.qr((Q * over_nce[:, None])[order], mode="economic")
    return np.asarray(linalg.svdvals(Y.T @ Q[order]) ** 2)


def half_of_sandwich(p: Float, q: Float, w: Float, g: Float, nu: float) -> Float:
    """Return B (n_params, n_states) with B B^T = A^-1 E[w^2 (1 + q/nu) g g^T] A^-1, A = E[w g g^T] factored."""
    A = (g * (p * w)[:, None]).T @ g
    size = np.sqrt(np.diag(A))
    factor = linalg.cho_factor(A / np.outer(size, size), lower=True)
    rows = g * (w * np.sqrt(p * (1.0 + q / nu)))[:, None]
    return np.asarray(linalg.cho_solve(factor, (rows / size).T) / size[:, None])


def _off(matrix: Float, root: Float) -> float:
    """The largest singular value of root^-1 matrix root^-T - 1."""
    half = linalg.solve_triangular(root, matrix, lower=True)
    whole = linalg.solve_triangular(root, half.T, lower=True)
    return float(linalg.norm(whole - np.eye(len(root)), 2))


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run."""
    return 0.006
