r"""Asymptotic covariance of the weight family (``weights.py``), why NCE's is the smallest, and which exist at all.

    Sigma_w = A^-1 {E[w^2 (1 + q/nu) g g^T] - (1 + 1/nu) m m^T} A^-1,      A = E[w g g^T],  m = E[w g],
    q = p_d/p_n at the truth

E under p_d. *Proof.* The estimating equation mean_x[w g] - mean_y[q w g] = 0 has the expected derivative -A (as q moves
by q g, the two terms in dw/dq cancel, since E_n[q f] = E[f]), and n_data times its covariance is Cov_d(w g) + Cov_n(q w
g)/nu, with E_n[q^2 w^2 g g^T] = E[q w^2 g g^T] and both means m.

**NCE is the best of them where c is free**, in the order of positive semidefinite matrices. 1 + q/nu = 1/P with NCE's
P, and the derivative by c being 1 makes m a column of A: A^-1 m = e_c for every w. So Sigma_w = A^-1 E[(w^2/P) g g^T]
A^-1 - (1 + 1/nu) e_c e_c^T, with the same last term for all. By Cauchy and Schwarz for matrices, with the vectors
(w/sqrt P) g and sqrt(P) g,

    E[(w^2/P) g g^T] >= A E[P g g^T]^-1 A,      equality for w = P:  NCE.

Where c is tied to alpha, A^-1 m is not e_c, and nothing of the kind holds.

**Where it is infinite.** E[w^2 g g^T] and E[q w^2 g g^T] hold E_d[q^s] with s = 2a, 2a + 1. With the weight's exponents
(``lower`` as q -> 0, ``upper`` as q -> inf) the smallest of them, 2 lower, matters where q is small, the largest, 2
upper + 1, where q is large; where -1 <= s <= 0 nothing diverges. Whether int p_d^(1+s) p_n^(-s) is finite otherwise the
*tails* of model and noise decide (``models/tails.py``): an estimate from a sample is always finite, whatever the truth.

Conventions
-----------
theta (n_params,), c last and normalising      nu = n_noise/n_data, inf allowed      covariance (n_params, n_params), per data sample
"""  # noqa: E501

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, special

from nce_ref._checks import Float, as_count, as_generator, as_positive
from nce_ref.asymptotics import AsymptoticCovariance, normalized_truth, refuse_useless
from nce_ref.asymptotics_rules import (
    FIRST_REACH,
    LAST_REACH,
    REPLICATES,
    line_rule,
    random_rule,
)
from nce_ref.models.tails import Tails, power_mass_is_finite
from nce_ref.noise import refuse_unfit_noise
from nce_ref.special import softplus
from nce_ref.weights import Weight, refuse_unfit_weight

_Moments = tuple[Float, Float, Float]  # A, m, E[w^2 (1 + q/nu) g g^T]
_EPS = float(np.finfo(float).eps)
_SMALLEST_STEP = 1e-4


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
    """Compute the asymptotic covariance of the estimator with a weight, per data sample, or refuse where it is
    infinite.

    Parameters
    ----------
    model : Model
    theta : (n_params,)
        The truth, normalised.
    noise : Noise
    nu : float above 0
        Noise points a data point.
    weight : Weight
        See ``weights.py``.
    rng : numpy.random.Generator, optional
        Required in more than one dimension.
    log2_points : int, optional

    Returns
    -------
    AsymptoticCovariance
        Its ``information`` and ``mean`` are A and m of the module, its ``integration_error`` as for NCE.

    Raises
    ------
    ValueError
        Where the covariance is infinite, by the module's analysis, where that cannot be told because the model or the
        noise has no ``tails``, for a theta that does not normalise, a missing ``rng``, a singular A, E_d[q^2s] = inf
        with random points, and where the error to be stated is as large as the result (next to the boundary of
        existence).

    Notes
    -----
    Quadrature in one dimension, as far out as anything is left; randomised quasi-Monte-Carlo in more, and only where
    the average has a variance: else the scatter of 8 randomisations, the ``integration_error``, would be that of the
    points that were hit.

    Examples
    --------
    >>> import nce_ref as nr
    >>> model, noise = nr.Gaussian(1), nr.GaussianNoise([0.0], [[2.0]])
    >>> truth = model.normalize([1.0, 0.0])
    >>> by_weight = nr.weighted_covariance(model, truth, noise, 5.0, nr.LogisticWeight(5.0)).covariance
    >>> by_name = nr.asymptotic_covariance(model, truth, noise, 5.0).covariance
    >>> bool(abs(by_weight - by_name).max() < 1e-8)
    True
    """
    nu = math.inf if isinstance(nu, (int, float)) and nu == math.inf else as_positive("nu", nu)
    theta = normalized_truth(model, theta)
    refuse_unfit_noise(noise, model.n_dim)
    refuse_unfit_weight(weight)
    infinite = divergent_power(model, theta, noise, weight, nu)
    if infinite is not None:
        raise ValueError(
            f"weight: {weight} has infinite asymptotic variance here: E_d[q^{infinite:g}], q ="
            f" p_d/p_n, diverges, by the tails of {type(model).__name__} and"
            f" {type(noise).__name__}; expected other noise, or NCE's weight, whose variance is"
            " always finite"
        )
    if model.n_dim == 1:
        return _on_the_line(model, theta, noise, nu, weight)
    if rng is None:
        raise ValueError(
            f"rng: got None; expected a numpy.random.Generator, since {model.n_dim} dimensions have"
            " no deterministic rule"
        )
    _refuse_infinite_scatter(model, theta, noise, weight, nu)
    draw, name = random_rule(
        model, theta, as_generator("rng", rng), as_count("log2_points", log2_points)
    )
    replicates, errors = [], []
    for _ in range(REPLICATES):
        u = draw()
        density = model.log_density(theta, u) + math.log(len(u))
        found, error = _moments(model, theta, noise, nu, weight, u, density)
        replicates.append(found)
        errors.append(error)
    pooled = _mean(replicates)
    covariance, rounding = _sandwich(pooled, _mean(errors), nu)
    spread = np.std([_sandwich(r, e, nu)[0] for r, e in zip(replicates, errors)], axis=0, ddof=1)
    spread *= float(special.stdtrit(REPLICATES - 1, 0.995)) / math.sqrt(REPLICATES)
    error_stated = refuse_useless(_relative(spread + rounding, covariance))
    method = f"{REPLICATES} sets of 2**{log2_points} {name}"
    return AsymptoticCovariance(covariance, error_stated, method, pooled[0], pooled[1], nu)


def divergent_power(
    model: Any, theta: ArrayLike, noise: Any, weight: Weight, nu: float = 1.0
) -> float | None:
    """Say whether the covariance of the estimator with a weight is infinite, and by which power of q = p_d/p_n.

    Parameters
    ----------
    model, theta, noise, weight
        As for ``weighted_covariance``.
    nu : float above 0, optional

    Returns
    -------
    float or None
        An s for which Sigma_w holds E_d[q^s] = inf; None if Sigma_w is finite.

    Raises
    ------
    ValueError
        Where a power outside of [-1, 0] matters and the model has no ``tails(theta)``, or the noise no ``tails``.

    Examples
    --------
    >>> import nce_ref as nr
    >>> model = nr.LaplaceICA(1)
    >>> truth, noise = model.normalize([1.0, 0.0]), nr.GaussianNoise([0.0], [[1.0]])
    >>> nr.divergent_power(model, truth, noise, nr.PowerWeight(0.0)), nr.divergent_power(model, truth, noise, nr.LogisticWeight(1.0))
    (1.0, None)
    """  # noqa: E501
    harmful = _harmful_powers(weight, nu)
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


def _harmful_powers(weight: Weight, nu: float) -> list[float]:
    # Where q is small a high power does no harm, where it is large a low one does none. With endless noise only Cov_d(w
    # g) is left, without the factor q.
    lowest, highest = 2.0 * weight.lower, 2.0 * weight.upper + (1.0 if math.isfinite(nu) else 0.0)
    return [lowest] * (lowest < -1.0) + [highest] * (highest > 0.0)


def _refuse_infinite_scatter(
    model: Any, theta: Float, noise: Any, weight: Weight, nu: float
) -> None:
    """An average of q^s over points from p_d has the variance E_d[q^2s] - E_d[q^s]^2."""
    for s in _harmful_powers(weight, nu):
        if not power_mass_is_finite(model.tails(theta), noise.tails, 2.0 * s):
            raise ValueError(
                f"weight: {weight} has a finite asymptotic variance here, but E_d[q^{2.0 * s:g}]"
                " diverges, so that an average over random points would have none and its error"
                " could not be told; expected one dimension, or noise farther from the boundary"
            )


def _on_the_line(
    model: Any, theta: Float, noise: Any, nu: float, weight: Weight
) -> AsymptoticCovariance:
    rule = line_rule(model, theta)

    def moments(step: float, reach: float) -> tuple[_Moments, _Moments, float, float]:
        """The moments, bounds on their errors, |mass of p_d - 1|, and what lies beyond the rule, relative."""
        u, width = rule(step, reach)
        log_width = np.log(width)
        found, rounding = _moments(model, theta, noise, nu, weight, u, -log_width)
        # What the outermost nodes carry is about what lies beyond, a unit of t wide: the rule ends there, the integral
        # does not.
        ends, _ = _moments(model, theta, noise, nu, weight, u[[0, -1]], -log_width[[0, -1]])
        A, m, V = (error + np.abs(end) / step for error, end in zip(rounding, ends))
        with np.errstate(invalid="ignore"):
            missing = float((np.diag(ends[2]) / np.diag(found[2])).max()) / step
        return (
            found,
            (A, m, V),
            abs(float((width * np.exp(model.log_density(theta, u))).sum()) - 1.0),
            missing,
        )

    step, reach = 1.0 / 8.0, FIRST_REACH
    # By small steps: next to the boundary of existence all but the rounding cancels far out, and farther than needed it
    # grows.
    while moments(step, reach)[3] > 1e-13 and reach < LAST_REACH:
        reach += 0.5
    pieces, errors, mass, _ = moments(step, reach)
    if not np.isfinite(pieces[2]).all():
        raise ValueError(
            f"weight: {weight} is so near to an infinite asymptotic variance here that it overflows"
            " float64; expected other noise"
        )
    covariance, _ = _sandwich(pieces, errors, nu)
    while True:
        step *= 0.5
        coarse = covariance
        pieces, errors, mass, _ = moments(step, reach)
        covariance, shared = _sandwich(pieces, errors, nu)
        change, rounding = (
            _relative(np.abs(covariance - coarse), covariance),
            _relative(shared, covariance),
        )
        if (
            change < max(1e-11, rounding) or step < _SMALLEST_STEP
        ):  # no use in halving below the rounding
            break
    error = refuse_useless(change + mass + rounding)
    method = f"quadrature on the line, {2 * round((4.0 + reach) / step)} nodes"
    return AsymptoticCovariance(covariance, error, method, pieces[0], pieces[1], nu)


def _moments(
    model: Any,
    theta: Float,
    noise: Any,
    nu: float,
    weight: Weight,
    u: Float,
    log_density_of_points: Float,
) -> tuple[_Moments, _Moments]:
    """(A, m, E[w^2 (1 + q/nu) g g^T]) as sums over points that lie with the given density, and bounds on their
    rounding."""
    log_data, log_noise = model.log_density(theta, u), noise.log_density(u)
    G = log_data - log_noise
    g, log_w = model.jacobian(theta, u), weight.log_weight(G)
    # Summed as logarithms: far out p_d underflows and w^2 or q overflows, while their product is an ordinary number.
    with np.errstate(over="ignore"):
        once = np.exp(log_data - log_density_of_points + log_w)
    log_twice = log_data - log_density_of_points + 2.0 * log_w
    if math.isfinite(nu):
        log_twice = log_twice + softplus(G - math.log(nu))
    with np.errstate(over="ignore"):
        twice = np.exp(log_twice)
    # Each log-density is known to a few eps of itself, and next to the boundary of existence large ones all but cancel.
    off_data, off_noise = 4.0 * _EPS * np.abs(log_data), 4.0 * _EPS * np.abs(log_noise)
    off_w = np.abs(weight.elasticity(G)) * (off_data + off_noise) + _EPS * np.abs(log_w)
    off_once = off_data + off_w + 4.0 * _EPS * (1.0 + np.abs(log_density_of_points))
    off_twice = off_once + off_w + (off_data + off_noise if math.isfinite(nu) else 0.0)
    size = np.abs(g)
    found = _sums(g, once, twice)
    return found, _sums(size, once * off_once, twice * off_twice)


def _sums(g: Float, once: Float, twice: Float) -> _Moments:
    with np.errstate(over="ignore", invalid="ignore"):
        weighted = g * once[:, None]
        return weighted.T @ g, weighted.sum(axis=0), (g * twice[:, None]).T @ g


def _mean(moments: list[_Moments]) -> _Moments:
    A, m, V = (np.mean(part, axis=0) for part in zip(*moments))
    return A, m, V


def _sandwich(moments: _Moments, errors: _Moments, nu: float) -> tuple[Float, Float]:
    """Sigma_w, by Cholesky of A scaled to unit diagonal, and what the errors of the moments and of the algebra make of
    it.

    To first order: A^-1 (error of V) A^-1, twice A^-1 (error of A) A^-1 V A^-1, and what A^-1 m is off by.
    """
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
    inverse = linalg.cho_solve((factor, True), np.diag(1.0 / size)) / size[:, None]
    half = linalg.cho_solve((factor, True), V / size[:, None]) / size[:, None]
    inner = linalg.cho_solve((factor, True), half.T / size[:, None]) / size[:, None]
    solved = linalg.cho_solve((factor, True), m / size) / size
    correction = 1.0 + 1.0 / nu
    covariance = 0.5 * (inner + inner.T) - correction * np.outer(solved, solved)
    rounding = len(A) * _EPS
    of_A, of_m, of_V = (e + rounding * np.abs(f) for e, f in zip(errors, moments))
    size_of_inverse, size_of_solved = np.abs(inverse), np.abs(solved)
    through_A = size_of_inverse @ of_A @ np.abs(inner)
    off = size_of_inverse @ (of_m + of_A @ size_of_solved)
    through_m = correction * np.outer(off + _EPS * size_of_solved, size_of_solved)
    error_of_it = size_of_inverse @ of_V @ size_of_inverse
    error_of_it += through_A + through_A.T + through_m + through_m.T
    return np.asarray(covariance, dtype=np.float64), np.asarray(error_of_it, dtype=np.float64)


def _relative(difference: Float, covariance: Float) -> float:
    variances = np.diag(covariance)
    if not (variances > 0.0).all():
        raise ValueError(
            f"log2_points: too few points, a variance came out as {variances.min():.3g}; expected more"
        )
    scale = np.sqrt(variances)
    return float((difference / np.outer(scale, scale)).max())
