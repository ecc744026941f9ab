r"""The scales of NCE's rivals and of one Hamiltonian transition: see ``scales`` for what a scale is.

E of a number is what its roundings are measured in, passed on by absolute slopes, as in ``scales_network``.

    ln w            E = |ln p_m| + |ln p_n| + what rounds inside them + |ln w - top|, the argument of exp
    ln Z            |top| + |ln mean exp(ln w - top)| + ln n_noise + 1 + sum_t v_t E_t
    shares v_t      v_t (1 + E_t + the scale of ln Z): also as exp(ln w_t - ln Z - ln n_noise)
    score matching  E_s = |B| |x|, z = slope s: E_z = slope E_s + |z|, t = tanh z: E_t = |t| + q E_z, q = 1 - t^2, which frameworks
                    subtract: E_q = 1 + 2 t^2 + 2 |t| q E_z. Then products, B B' by its absolute summands |B| |B|'
    leapfrog        E_u += |u| + e (|p| + E_p),  E_p += |p| + (kick) E_score;  score: |precision| (|u| + E_u), or sqrt(2) |B|' 1
                    energies by their summands before and after, and a normalising constant of n ln 2 pi, which may be in both
    Metropolis      p (1 + |H - H'|); a decision has no room

Conventions
-----------
inputs   a vector's; out: the outputs' scales in float64
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float

Scales = dict[str, Any]
Inside = tuple[Float, Float]  # a log-density and the size of what rounds inside it
SQRT2 = math.sqrt(2.0)


def importance_sampling_from_log_densities(
    log_model_data: Float, log_model_noise: Float, log_noise_noise: Float, want: Mapping[str, Float]
) -> Scales:
    """Scales from log-densities that come exact."""
    nothing = np.zeros_like(log_model_noise)
    of_log_Z, shares, _ = _normaliser((log_model_noise, nothing), (log_noise_noise, nothing))
    n_data = len(log_model_data)
    return {
        "value": np.abs(log_model_data).mean() + of_log_Z,
        "log_normalizer": of_log_Z,
        "grad_log_model_data": np.full(n_data, 1.0 / n_data),
        "grad_log_model_noise": shares,
    }


def of_importance_sampling(
    data: Inside, model: Inside, noise: Inside, x: Float, y: Float
) -> Scales:
    """Scales of value and grad_B, from ln p_m of both samples and ln p_n of the noise with what rounds inside them."""
    of_log_Z, shares, _ = _normaliser(model, noise)
    by_point = np.abs(x).mean(axis=0) + shares @ np.abs(y)
    return {
        "value": (np.abs(data[0]) + data[1]).mean() + of_log_Z,
        "grad_B": np.tile(SQRT2 * by_point, (x.shape[1], 1)),
    }


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


def _normaliser(model: Inside, noise: Inside) -> tuple[Any, Float, Float]:
    """The scale of ln Z, those of the shares, and the shares."""
    log_w = model[0] - noise[0]
    top = log_w.max()
    w = np.exp(log_w - top)
    shares = w / w.sum()
    inside = np.abs(model[0]) + model[1] + np.abs(noise[0]) + noise[1] + (top - log_w)
    of_log_Z = abs(top) + abs(np.log(w.mean())) + math.log(len(w)) + 1.0 + shares @ inside
    return of_log_Z, shares * (1.0 + inside + of_log_Z), shares


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


RIVAL_RULES: dict[str, Callable[..., Scales]] = {
    rule.__name__: rule
    for rule in (
        importance_sampling_from_log_densities,
        laplace_ica_score_matching,
        leapfrog_gaussian,
        leapfrog_laplace_ica,
        metropolis_decision,
    )
}
