r"""The scales of score matching.

    E_s = |B| |x|, z = slope s: E_z = slope E_s + |z|, t = tanh z: E_t = |t| + q E_z, q = 1 - t^2, which frameworks
    subtract: E_q = 1 + 2 t^2 + 2 |t| q E_z. Then products, B B' by its absolute summands |B| |B|'

Conventions
-----------
inputs   a vector's; want: the outputs as float64; out: the outputs' scales in float64
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales
from nce_ref.oracle.families.densities.scales import SQRT2


def laplace_ica_score_matching(
    B: Float, x: Float, slope: float, want: Mapping[str, Float]
) -> Scales:
    """Scales of value and grad_B."""
    size, absolute = np.abs(B), np.abs(B) @ np.abs(B).T
    z, E_z = np.abs(slope * (x @ B.T)), slope * (np.abs(x) @ size.T)
    E_z = E_z + z
    e = np.exp(-2.0 * z)
    t, q = np.tanh(z), 4.0 * e / (1.0 + e) ** 2
    E_t, E_q = t + q * E_z, 1.0 + 2.0 * t * t + 2.0 * t * q * E_z
    norms, u, n_data = np.diag(absolute), np.abs(x), len(x)
    value = np.einsum("tk,kl,tl->t", t, absolute, t + 2.0 * E_t) + SQRT2 * slope * (q + E_q) @ norms
    direct = 2.0 * (t.T @ (t + E_t) + E_t.T @ t) @ size
    by_score = 2.0 * slope * ((q + E_q) * (t @ absolute) + q * (E_t @ absolute)).T @ u
    by_divergence = 2.0 * SQRT2 * slope**2 * ((t * q + E_t * q + t * E_q) * norms).T @ u
    by_norms = 2.0 * SQRT2 * slope * (q + E_q).sum(axis=0)[:, None] * size
    return {
        "value": value.mean(),
        "grad_B": (direct + by_score + by_divergence + by_norms) / n_data,
    }
