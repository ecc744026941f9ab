r"""How much mass has an unnormalised density? Importance sampling, with its standard error and what it cannot see.

    ln M = ln int exp(ln p_m(u; theta)) du  ~  ln (1/n) sum_t w_t,     w_t = p_m(y_t; theta) / p_n(y_t),
    y_t drawn from p_n

c is in ln p_m: NCE fits c, so at a good fit M = 1 and ln M = 0. The model's ln Z, without c, is ln M - c.

**The weights' tail.** If P(w > v) falls like v^(-1/k), the variance of w is infinite from k = 1/2 on, its mean from k =
1 on. k-hat fits a generalised Pareto distribution to the largest weights (Zhang & Stephens, Technometrics 2009; tail
and prior as Vehtari et al., *Pareto smoothed importance sampling*, have them). It describes the sample, no more:
whether int p_m^2/p_n is finite is an analytic statement. For Laplace p_m over Gaussian p_n it is infinite for every
theta, and k = 1 up to a factor that falls more slowly than any power; at usual sizes k-hat lies well below.

Conventions
-----------
y   (n_points, n_dim), drawn from ``noise``. Not the noise of training: the fit has adapted to that very sample
w   (n_points,), held as logarithms and scaled by the largest, so nothing overflows
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_points, as_vector
from nce_ref.models.base import Model
from nce_ref.noise import Noise, refuse_unfit_noise

# Below this many points in the tail a shape fitted to them says nothing (Vehtari et al. take the same).
_SMALLEST_TAIL = 5


@dataclass(frozen=True)
class WeightDiagnosis:
    """What importance weights, given as logarithms, tell about their own mean.

    Attributes
    ----------
    log_mean : float
        ln of the mean of w.
    relative_standard_error : float
        sd(w)/(mean(w) sqrt(n)): of the mean relative to it, and of its ln by the delta method; 0 for one point.
    effective_sample_size : float
        (sum w)^2 / sum w^2, between 1 and n: as many draws from p_m itself would be worth as much.
    largest_share : float
        max w / sum w: where one point carries more than some percent, believe nothing.
    pareto_k : float
        k-hat of the largest min(n/5, 3 sqrt(n)) weights; -inf where they are all alike (no tail), +inf where fewer than
        5 are there to fit. Above 0.7 means are unreliable at any practical n (Vehtari et al.).
    n_points : int
    """

    log_mean: float
    relative_standard_error: float
    effective_sample_size: float
    largest_share: float
    pareto_k: float
    n_points: int


def diagnose_weights(log_weights: ArrayLike) -> WeightDiagnosis:
    """Say how far the mean of importance weights can be believed.

    Parameters
    ----------
    log_weights : (n_points,)
        ln w, of any size: they are scaled by the largest before exp is taken.

    Returns
    -------
    WeightDiagnosis

    Raises
    ------
    ValueError
        Where they are empty, NaN or inf.

    Notes
    -----
    Source of k-hat: Zhang & Stephens (Technometrics 2009), with the tail and prior of Vehtari et al., *Pareto smoothed
    importance sampling*. It describes the sample: whether the variance of w is finite is an analytic statement.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> found = nr.diagnose_weights(np.log([1.0, 1.0, 2.0]))
    >>> round(found.effective_sample_size, 3), found.largest_share
    (2.667, 0.5)
    """
    log_w = as_vector("log_weights", log_weights)
    n = len(log_w)
    with np.errstate(
        over="ignore"
    ):  # two logarithms at opposite ends of float64 are -inf apart, and exp makes that 0
        w = np.exp(log_w - float(log_w.max()))
    total = float(w.sum())
    relative_spread = float(w.std(ddof=1)) / (total / n) if n > 1 else 0.0
    effective = total**2 / float(w @ w)
    return WeightDiagnosis(
        log_mean_exp(log_w),
        relative_spread / math.sqrt(n),
        effective,
        1.0 / total,
        pareto_tail_index(log_w),
        n,
    )


def log_mean_exp(log_weights: Float) -> float:
    """Return ln of the mean of exp(log_weights), scaled by the largest: exp of the numbers themselves overflows from
    710 on."""
    top = float(log_weights.max())
    with np.errstate(over="ignore"):
        return top + math.log(float(np.exp(log_weights - top).mean()))


def pareto_tail_index(log_weights: Float) -> float:
    """Return k-hat for the largest min(n/5, 3 sqrt(n)) weights; see ``WeightDiagnosis.pareto_k``.

    Zhang & Stephens: P(excess > v) = (1 - b v)^(-1/k), b < 0 for a heavy tail, has for given b the likeliest k = mean
    ln(1 - b excess); b is averaged over a grid of 30 + sqrt(m) values by its profile likelihood. Then k-hat = (m k +
    5)/(m + 10), the weak prior around 1/2 of Vehtari et al. (at m = 200 it moves a k of 0 or 1 by 0.024).
    """
    n = len(log_weights)
    m = math.ceil(min(0.2 * n, 3.0 * math.sqrt(n)))
    if m < _SMALLEST_TAIL:
        return math.inf
    largest = np.sort(log_weights)[-m - 1 :] if m < n else np.sort(log_weights)
    with np.errstate(over="ignore"):
        w = np.exp(largest - largest[-1])
    excess = w[1:] - w[0]
    quarter = float(excess[int(m / 4.0 + 0.5) - 1])
    if excess[-1] <= 0.0:
        return -math.inf
    # Ties at the threshold have excess 0 and no scale; the smallest positive excess stands in.
    quarter = max(quarter if quarter > 0.0 else float(excess[excess > 0.0][0]), 1e-250)
    n_grid = 30 + int(math.sqrt(m))
    b = 1.0 / excess[-1] + (1.0 - np.sqrt(n_grid / (np.arange(1, n_grid + 1) - 0.5))) / (
        3.0 * quarter
    )
    k = np.log1p(-b[:, None] * excess).mean(axis=1)
    # Profile log-likelihood m (ln(-b/k) - k - 1); b and k have opposite signs, and at b = 0 their ratio is that of the
    # exponential.
    ratio = np.where(
        np.abs(b) * excess[-1] > 1e-12, -b / np.where(k == 0.0, 1.0, k), 1.0 / excess.mean()
    )
    log_likelihood = m * (np.log(ratio) - k - 1.0)
    weights = np.exp(log_likelihood - log_likelihood.max())
    best = float(weights @ b / weights.sum())
    return (m * float(np.log1p(-best * excess).mean()) + 5.0) / (m + 10.0)


def log_weights_of(model: Model, theta: Float, noise: Noise, y: Float) -> Float:
    """Return ln p_m(y; theta) - ln p_n(y). Raises ValueError where the noise does not fit the model, or a log-density
    is not finite."""
    refuse_unfit_noise(noise, model.n_dim)
    log_w = model.log_density(theta, y) - as_vector(
        "noise.log_density", noise.log_density(y), len(y)
    )
    top = float(log_w.max())
    if not math.isfinite(top):
        raise ValueError(
            f"theta: the largest ln p_m - ln p_n is {top}; expected finite log-densities"
        )
    return log_w


@dataclass(frozen=True)
class ImportanceIntegral:
    """An estimate of the logarithm of an integral, ln M, with what its weights tell about it.

    Attributes
    ----------
    log_integral : float
        ln M; 0 for a normalised density.
    standard_error : float
        Of ln M, by the delta method.
    effective_sample_size, largest_share, pareto_k : float
        Of the weights: see ``WeightDiagnosis``.
    n_points : int
    """

    log_integral: float
    standard_error: float
    effective_sample_size: float
    largest_share: float
    n_points: int
    pareto_k: float


def integral_by_importance(
    model: Model, theta: ArrayLike, noise: Noise, y: ArrayLike
) -> ImportanceIntegral:
    """Estimate ln of the integral of exp(ln p_m), c included, with points drawn from ``noise``.

        ln M ~ ln (1/n) sum_t p_m(y_t; theta)/p_n(y_t)

    Parameters
    ----------
    model : Model
    theta : (n_params,)
        c included: at a good NCE fit the integral is 1 and its logarithm 0. ln Z without c is ``log_integral`` - c.
    noise : Noise
    y : (n_points, n_dim)
        Drawn from ``noise``, afresh: a fit has adapted to the noise points it was trained on.

    Returns
    -------
    ImportanceIntegral

    Raises
    ------
    ValueError
        Where the model says that the integral is infinite (``model.is_integrable`` is False: no sample would show it),
        for fewer than two points, and for weights that are all 0 or not finite.

    Notes
    -----
    Inaccurate where p_n is small and p_m is not: a sample of p_n misses that mass, and its standard error with it. If
    int p_m^2/p_n is infinite (Laplace tails over Gaussian noise) there is no central limit theorem, while the standard
    error from any sample is finite; take noise with heavier tails. An effective sample size below some 100 is too small
    to trust.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> model, noise = nr.Gaussian(1), nr.GaussianNoise([0.0], [[2.0]])
    >>> y = noise.sample(20_000, np.random.default_rng(0))
    >>> found = nr.integral_by_importance(model, [1.0, 0.0], noise, y)  # exp(-u^2/2): sqrt(2 pi)
    >>> bool(abs(found.log_integral - 0.5 * np.log(2 * np.pi)) < 4 * found.standard_error)
    True
    """
    if getattr(model, "is_integrable", None) is False:
        raise ValueError(
            f"model: exp(ln p_m) of {model} has infinite mass for every theta; expected one with a"
            " base density, base=noise"
        )
    y = as_points("y", y, model.n_dim)
    if len(y) < 2:
        raise ValueError(f"y: got {len(y)} point; expected at least two, for a standard error")
    found = diagnose_weights(
        log_weights_of(model, as_vector("theta", theta, model.n_params), noise, y)
    )
    return ImportanceIntegral(
        found.log_mean,
        found.relative_standard_error,
        found.effective_sample_size,
        found.largest_share,
        found.n_points,
        found.pareto_k,
    )
