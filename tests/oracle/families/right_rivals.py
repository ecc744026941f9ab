r"""NCE's rivals, the leapfrog and the Metropolis decision in plain NumPy, in the forms that people write: none may be
called wrong.

Conventions
-----------
forms   objective -> a function of its arguments, by name, in their dtype (``laplace_ica_importance_sampling`` is given
        ``log_noise``)
        BY_SOFTMAX   shares as a softmax; score matching by Psi, point by point in matrices; whole leapfrog steps;
                     exp(min(0, .))
        BY_SUMS      shares as exp(ln w - ln Z - ln n); score matching by B B'; merged kicks; decisions by the uniform's
                     logarithm
        IN_LOOPS     sums one after the other in the dtype, score matching in scalars, as a loop in C has it; the
                     velocity form
"""

from __future__ import annotations

import numpy as np

SQRT2 = np.sqrt(2.0)


def one_by_one(terms):
    return np.cumsum(terms, axis=0, dtype=terms.dtype)[-1]


# --- importance sampling: ln w -> (ln Z, shares)


def softmax(log_w):
    top = np.max(log_w)
    e = np.exp(log_w - top)
    return np.log(np.sum(e)) + top - np.log(log_w.dtype.type(len(e))), e / np.sum(e)


def log_add_exp(log_w):
    log_Z = np.logaddexp.reduce(log_w) - np.log(log_w.dtype.type(len(log_w)))
    return log_Z, np.exp(log_w - log_Z - np.log(log_w.dtype.type(len(log_w))))


def running(log_w):
    """One pass: the sum is scaled down where a larger ln w comes."""
    top, total = log_w[0], log_w.dtype.type(1)
    for value in log_w[1:]:
        top, total = (
            (value, total * np.exp(top - value) + 1)
            if value > top
            else (top, total + np.exp(value - top))
        )
    return top + np.log(total / log_w.dtype.type(len(log_w))), np.exp(log_w - top) / total


def importance(normaliser, total):
    def evaluate(log_model_data, log_model_noise, log_noise_noise):
        n_data = log_model_data.dtype.type(len(log_model_data))
        log_Z, shares = normaliser(log_model_noise - log_noise_noise)
        return {
            "value": total(log_model_data) / n_data - log_Z,
            "log_normalizer": log_Z,
            "grad_log_model_data": np.ones_like(log_model_data) / n_data,
            "grad_log_model_noise": -shares,
        }

    return evaluate


def importance_of_laplace(normaliser, total):
    by_densities = importance(normaliser, total)

    def evaluate(B, x, y, noise_mean, noise_cov, log_noise):
        scale = B.dtype.type(SQRT2)
        found = by_densities(
            *(-scale * np.abs(u @ B.T).sum(axis=1) for u in (x, y)),
            log_noise(y, noise_mean, noise_cov),
        )
        slopes = np.concatenate([found["grad_log_model_data"], found["grad_log_model_noise"]])
        points = np.concatenate([x, y])
        terms = -scale * slopes[:, None, None] * np.sign(points @ B.T)[:, :, None] * points[:, None]
        return {"value": found["value"], "grad_B": total(terms)}

    return evaluate


# --- score matching


def by_psi(B, x, slope):
    scale, a = B.dtype.type(SQRT2), B.dtype.type(slope)
    t = np.tanh(a * (x @ B.T))
    q = 1 - t * t
    psi = -scale * t @ B
    loss = 0.5 * (psi * psi).sum(axis=1) - scale * a * q @ (B * B).sum(axis=1)
    of_s = -scale * a * q * (psi @ B.T) + 2 * scale * a * a * t * q * (B * B).sum(axis=1)
    grad = (-scale * t).T @ psi + of_s.T @ x - 2 * scale * a * q.sum(axis=0)[:, None] * B
    return {"value": -loss.mean(), "grad_B": -grad / B.dtype.type(len(x))}


def by_gram_matrix(B, x, slope):
    """sech^2 by cosh; |Psi|^2 = 2 t' M t."""
    scale, n_data = B.dtype.type(SQRT2), B.dtype.type(len(x))
    a, M = B.dtype.type(slope), B @ B.T
    z = np.einsum("kj,tj->tk", B, a * x)
    t, q = np.tanh(z), 1 / np.cosh(z) ** 2
    value = np.einsum("tk,kl,tl->", t, M, t) - scale * a * (q * np.diag(M)).sum()
    weights = 2 * a * q * (t @ M) + 2 * scale * a**2 * t * q * np.diag(M)
    grad = 2 * t.T @ t @ B + weights.T @ x - 2 * scale * a * q.sum(axis=0)[:, None] * B
    return {"value": -value / n_data, "grad_B": -grad / n_data}


def score_matching_in_loops(B, x, slope):
    dtype = B.dtype.type
    n, scale, a, n_data = len(B), dtype(SQRT2), dtype(slope), dtype(len(x))
    norms = [one_by_one(b * b) for b in B]
    value, grad = dtype(0), np.zeros_like(B)
    for u in x:
        t = [np.tanh(a * one_by_one(b * u)) for b in B]
        psi = [
            -scale * one_by_one(np.array([t[k] * B[k, j] for k in range(n)], dtype=dtype))
            for j in range(n)
        ]
        for j in range(n):
            value = value + dtype(0.5) * psi[j] * psi[j]
        for k in range(n):
            q = (1 - t[k]) * (1 + t[k])
            value = value - scale * a * q * norms[k]
            back = one_by_one(np.array([B[k, j] * psi[j] for j in range(n)], dtype=dtype))
            for j in range(n):
                grad[k, j] += (
                    -scale * t[k] * psi[j]
                    - scale * a * q * back * u[j]
                    + 2 * scale * a * a * t[k] * q * norms[k] * u[j]
                )
                grad[k, j] -= 2 * scale * a * q * B[k, j]
    return {"value": -value / n_data, "grad_B": -grad / n_data}


# --- the leapfrog: (score, potential) of a model -> its objective


def gaussian(precision):
    return (lambda u: -(u @ precision)), lambda u: 0.5 * np.einsum("ti,ij,tj->t", u, precision, u)


def laplace(B):
    scale = B.dtype.type(SQRT2)
    return (
        lambda u: -scale * (np.sign(u @ B.T) @ B)
    ), lambda u: scale * np.abs(B @ u.T).sum(axis=0)


def normalised_gaussian(precision):
    """With the normalising constant in the log-density, where it has one."""
    score, potential = gaussian(precision)
    sign, log_det = np.linalg.slogdet(precision)
    constant = precision.dtype.type(
        0.5 * len(precision) * np.log(2 * np.pi) - (0.5 * log_det if sign > 0 else 0.0)
    )
    return score, lambda u: potential(u) + constant


def whole_steps(score, u, p, e, n_steps):
    for _ in range(n_steps):
        p = p + 0.5 * e * score(u)
        u = u + e * p
        p = p + 0.5 * e * score(u)
    return u, p


def merged(score, u, p, e, n_steps):
    p = p + e / 2 * score(u)
    for _ in range(n_steps - 1):
        u = u + e * p
        p = p + e * score(u)
    u = u + e * p
    return u, p + e / 2 * score(u)


def by_displacements(score, u, p, e, n_steps):
    """In units of the step: d = e p, u += d + e^2/2 score, the velocity form."""
    e = u.dtype.type(e)
    slope = score(u)
    for _ in range(n_steps):
        u = u + e * p + e * e / 2 * slope
        before, slope = slope, score(u)
        p = p + e / 2 * (before + slope)
    return u, p


def leapfrog(model, integrate):
    def evaluate(u, momentum, step_size, n_steps, **parameter):
        score, potential = model(*parameter.values())
        end, p = integrate(score, u, momentum, step_size, int(n_steps))
        before, after = (
            potential(q) + 0.5 * (r * r).sum(axis=1) for q, r in ((u, momentum), (end, p))
        )
        return {"u_after": end, "momentum_after": p, "energy_change": after - before}

    return evaluate


# --- the Metropolis decision


def decide(energy_before, energy_after, uniforms):
    p = np.exp(np.minimum(energy_before - energy_after, 0))
    return {"probability": p, "accepted": (uniforms < p).astype(p.dtype)}


def decide_by_logarithm(energy_before, energy_after, uniforms):
    log_ratio = energy_before - energy_after
    accepted = (np.log(uniforms) < log_ratio).astype(uniforms.dtype)
    return {"probability": np.minimum(1, np.exp(log_ratio)), "accepted": accepted}


def decide_one_by_one(energy_before, energy_after, uniforms):
    p = np.array(
        [np.exp(h - k) if k > h else 1 for h, k in zip(energy_before, energy_after)],
        dtype=uniforms.dtype,
    )
    return {"probability": p, "accepted": (p > uniforms).astype(p.dtype)}


def forms(normaliser, total, score_matching, of_gaussian, integrate, decision):
    return {
        "importance_sampling_from_log_densities": importance(normaliser, total),
        "laplace_ica_importance_sampling": importance_of_laplace(normaliser, total),
        "laplace_ica_score_matching": score_matching,
        "leapfrog_gaussian": leapfrog(of_gaussian, integrate),
        "leapfrog_laplace_ica": leapfrog(laplace, integrate),
        "metropolis_decision": decision,
    }


BY_SOFTMAX = forms(softmax, lambda terms: terms.sum(axis=0), by_psi, gaussian, whole_steps, decide)
BY_SUMS = forms(
    log_add_exp,
    lambda terms: terms.sum(axis=0),
    by_gram_matrix,
    normalised_gaussian,
    merged,
    decide_by_logarithm,
)
IN_LOOPS = forms(
    running, one_by_one, score_matching_in_loops, gaussian, by_displacements, decide_one_by_one
)
RIVALS = tuple(BY_SOFTMAX)
