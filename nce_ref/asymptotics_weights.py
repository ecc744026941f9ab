r"""Asymptotic covariance of the weight family (``weights.py``), why NCE's is the smallest, and which exist at all.

    Sigma_w = A^-1 {E[w^2 (1 + q/nu) g g^T] - (1 + 1/nu) m m^T} A^-1,      A = E[w g g^T],  m = E[w g],  q = p_d/p_n at the truth

E under p_d. *Proof.* The estimating equation mean_x[w g] - mean_y[q w g] = 0 has the expected derivative -A (as q moves by q g, the two
terms in dw/dq cancel, since E_n[q f] = E[f]), and n_data times its covariance is Cov_d(w g) + Cov_n(q w g)/nu, with
E_n[q^2 w^2 g g^T] = E[q w^2 g g^T] and both means m.

**NCE is the best of them where c is free**, in the order of positive semidefinite matrices. 1 + q/nu = 1/P with NCE's P, and the
derivative by c being 1 makes m a column of A: A^-1 m = e_c for every w. So Sigma_w = A^-1 E[(w^2/P) g g^T] A^-1 - (1 + 1/nu) e_c e_c^T,
with the same last term for all. By Cauchy and Schwarz for matrices, with the vectors (w/sqrt P) g and sqrt(P) g,

    E[(w^2/P) g g^T] >= A E[P g g^T]^-1 A,      equality for w = P:  NCE.

Where c is tied to alpha, A^-1 m is not e_c, and nothing of the kind holds.

**Where it is infinite.** E[w^2 g g^T] and E[q w^2 g g^T] hold E_d[q^s] with s = 2a, 2a + 1. With the weight's exponents (``lower``
as q -> 0, ``upper`` as q -> inf) the smallest of them, 2 lower, matters where q is small, the largest, 2 upper + 1, where q is large;
where -1 <= s <= 0 nothing diverges. Whether int p_d^(1+s) p_n^(-s) is finite otherwise the *tails* of model and noise decide
(``models/tails.py``): an estimate from a sample is always finite, whatever the truth.

Conventions
-----------
theta (n_params,), c last and normalising      nu = n_noise/n_data, inf allowed      covariance (n_params, n_params), per data sample
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, special

from nce_ref._checks import Float, as_count, as_generator, as_positive
from nce_ref.asymptotics import (
    REPLICATES,
    AsymptoticCovariance,
    line_rule,
    normalized_truth,
    random_rule,
)
from nce_ref.models.tails import Tails, power_mass_is_finite
from nce_ref.noise import refuse_unfit_noise
from nce_ref.special import softplus
from nce_ref.weights import Weight, refuse_unfit_weight

_Moments = tuple[Float, Float, Float]  # A, m, E[w^2 (1 + q/nu) g g^T]


def weighted_covariance(
    model: Any,
    theta: ArrayLike,
    noise: Any,
    nu: float,
    weight: Weight,
    *,
    rng: np.random.Generator | None = None,
    log2_points: int = 13,
) -> AsymptoticCovariance:
    """Return Sigma_w at the truth ``theta``; its ``information`` and ``mean`` are A and m, its ``integration_error`` as for NCE.

    Quadrature in one dimension; randomised quasi-Monte-Carlo, with ``rng``, in more: then trust it only where E_d[q^s] converges well,
    which ``integration_error``, the scatter of 8 randomisations, cannot tell near the boundary of existence.
    Raises ValueError where the covariance is infinite, by the analysis above, where that cannot be told because the model
    or the noise has no ``tails``, for a theta that does not normalise, a missing ``rng``, and a singular A.
    """
    nu = math.inf if isinstance(nu, (int, float)) and nu == math.inf else as_positive("nu", nu)
    theta = normalized_truth(model, theta)
    refuse_unfit_noise(noise, model.n_dim)
    refuse_unfit_weight(weight)
    infinite = divergent_power(model, theta, noise, weight, nu)
    if infinite is not None:
        raise ValueError(
            f"weight: {weight} has infinite asymptotic variance here: E_d[q^{infinite:g}], q = p_d/p_n, diverges, by the tails of "
            f"{type(model).__name__} and {type(noise).__name__}; expected other noise, or NCE's weight, whose variance is always finite"
        )
    if model.n_dim == 1:
        return _on_the_line(model, theta, noise, nu, weight)
    if rng is None:
        raise ValueError(
            f"rng: got None; expected a numpy.random.Generator, since {model.n_dim} dimensions have no deterministic rule"
        )
    draw, name = random_rule(
        model, theta, as_generator("rng", rng), as_count("log2_points", log2_points)
    )
    replicates = []
    for _ in range(REPLICATES):
        u = draw()
        replicates.append(
            _moments(
                model, theta, noise, nu, weight, u, model.log_density(theta, u) + math.log(len(u))
            )
        )
    pooled = (
        np.mean([r[0] for r in replicates], axis=0),
        np.mean([r[1] for r in replicates], axis=0),
        np.mean([r[2] for r in replicates], axis=0),
    )
    covariance = _sandwich(pooled, nu)
    spread = np.std([_sandwich(one, nu) for one in replicates], axis=0, ddof=1)
    spread *= float(special.stdtrit(REPLICATES - 1, 0.995)) / math.sqrt(REPLICATES)
    error = _relative(spread, covariance) + _rounding(pooled[0])
    return AsymptoticCovariance(
        covariance, error, f"{REPLICATES} sets of 2**{log2_points} {name}", pooled[0], pooled[1], nu
    )


def divergent_power(
    model: Any, theta: ArrayLike, noise: Any, weight: Weight, nu: float = 1.0
) -> float | None:
    """Return an s for which Sigma_w holds E_d[q^s] = inf, or None: then Sigma_w is finite.

    Raises ValueError where a power outside of [-1, 0] matters and the model has no ``tails(theta)``, or the noise no ``tails``.
    """
    # Where q is small a high power does no harm, where it is large a low one does none. With endless noise only Cov_d(w g) is
    # left, without the factor q.
    lowest, highest = 2.0 * weight.lower, 2.0 * weight.upper + (1.0 if math.isfinite(nu) else 0.0)
    harmful = [lowest] * (lowest < -1.0) + [highest] * (highest > 0.0)
    if not harmful:
        return None
    for name, thing in (("model", model), ("noise", noise)):
        if not hasattr(thing, "tails"):
            raise ValueError(
                f"{name}: {type(thing).__name__} has no tails, so whether E_d[q^{harmful[0]:g}] is finite is unknown; "
                "expected tails (models/tails.py), or NCE's weight, which needs none"
            )
    data: Tails = model.tails(theta)
    return next((s for s in harmful if not power_mass_is_finite(data, noise.tails, s)), None)


def _on_the_line(
    model: Any, theta: Float, noise: Any, nu: float, weight: Weight
) -> AsymptoticCovariance:
    rule = line_rule(model, theta)

    def moments(step: float) -> tuple[_Moments, float, float]:
        u, width = rule(step)
        log_width = np.log(width)
        found = _moments(model, theta, noise, nu, weight, u, -log_width)
        # What the outermost nodes carry, relative: the rule ends there, the integral does not.
        ends = _moments(model, theta, noise, nu, weight, u[[0, -1]], -log_width[[0, -1]])
        missing = float((np.diag(ends[2]) / np.diag(found[2])).max()) / step
        return found, abs(float((width * np.exp(model.log_density(theta, u))).sum()) - 1.0), missing

    step = 1.0 / 8.0
    pieces, mass, missing = moments(step)
    covariance = _sandwich(pieces, nu)
    while True:
        step *= 0.5
        coarse = covariance
        pieces, mass, missing = moments(step)
        covariance = _sandwich(pieces, nu)
        change = _relative(np.abs(covariance - coarse), covariance)
        if change < 1e-11 or step < 1e-4:
            break
    error = change + mass + missing + _rounding(pieces[0])
    method = f"quadrature on the line, {2 * round(11.0 / step)} nodes"
    return AsymptoticCovariance(covariance, error, method, pieces[0], pieces[1], nu)


def _moments(
    model: Any,
    theta: Float,
    noise: Any,
    nu: float,
    weight: Weight,
    u: Float,
    log_density_of_points: Float,
) -> _Moments:
    """(A, m, E[w^2 (1 + q/nu) g g^T]) as sums over points that lie with the given density."""
    log_data = model.log_density(theta, u)
    G = log_data - noise.log_density(u)
    g, log_w = model.jacobian(theta, u), weight.log_weight(G)
    # Summed as logarithms: far out p_d underflows and w^2 or q overflows, while their product is an ordinary number.
    once = np.exp(log_data - log_density_of_points + log_w)
    log_twice = log_data - log_density_of_points + 2.0 * log_w
    twice = np.exp(log_twice + softplus(G - math.log(nu)) if math.isfinite(nu) else log_twice)
    weighted = g * once[:, None]
    return weighted.T @ g, weighted.sum(axis=0), (g * twice[:, None]).T @ g


def _sandwich(moments: _Moments, nu: float) -> Float:
    """Sigma_w, by Cholesky of A scaled to unit diagonal."""
    A, m, V = moments
    size = np.sqrt(np.diag(A))
    try:
        if not (size > 0.0).all():
            raise linalg.LinAlgError("a diagonal entry is not positive")
        factor = linalg.cholesky(A / np.outer(size, size), lower=True)
    except linalg.LinAlgError as error:
        raise ValueError(
            f"theta: A = E[w g g^T] is singular ({error}); expected a theta that the noise identifies"
        ) from None
    half = linalg.cho_solve((factor, True), V / size[:, None]) / size[:, None]
    inner = linalg.cho_solve((factor, True), half.T / size[:, None]) / size[:, None]
    solved = linalg.cho_solve((factor, True), m / size) / size
    covariance = 0.5 * (inner + inner.T) - (1.0 + 1.0 / nu) * np.outer(solved, solved)
    return np.asarray(covariance, dtype=np.float64)


def _relative(difference: Float, covariance: Float) -> float:
    variances = np.diag(covariance)
    if not (variances > 0.0).all():
        raise ValueError(
            f"log2_points: too few points, a variance came out as {variances.min():.3g}; expected more"
        )
    scale = np.sqrt(variances)
    return float((difference / np.outer(scale, scale)).max())


def _rounding(A: Float) -> float:
    size = np.sqrt(np.diag(A))
    return float(np.finfo(float).eps * np.linalg.cond(A / np.outer(size, size)))
