r"""Asymptotic covariance of noise-contrastive estimation, the Cramer-Rao bound, and the squared error they predict.

    sqrt(n_data) (theta_hat - theta*) -> N(0, Sigma)
    Sigma = I_nu^-1 - (1 + 1/nu) I_nu^-1 m_nu m_nu^T I_nu^-1
    I_nu = E[P_nu g g^T],  m_nu = E[P_nu g],  P_nu = nu p_n / (p_d + nu p_n),  g = d ln p_m / d theta at theta*

with E under p_d = p_m(.; theta*): P10 Theorem 3 for nu = 1, J12 for any nu. nu -> inf is maximum likelihood, so the
Cramer-Rao bound takes the same path with P = 1; there c's row is the delta method's for c = -ln Z (see THEORY.md).

Conventions
-----------
theta       (n_params,)            the truth; c is the last entry and must normalise: c = -ln Z
nu          n_noise / n_data, above 0; inf allowed
covariance  (n_params, n_params)   per data sample: divide by n_data for the covariance of an estimate

The integrals come from the first of these that applies; ``method`` says which one did:
1. the model's own ``noise_weighted_moments(theta, noise, nu)``, where it and the noise have a structure to use: closed forms,
   contour integrals, and for Laplace ICA of two or three sources under any Gaussian noise quadrature orthant by orthant;
2. one dimension: double-exponential quadrature on both sides of the median, with the step halved until it agrees;
3. randomised quasi-Monte-Carlo through ``model.transport(theta, uniforms)``, the map of the unit cube onto p_d
   (plain Monte Carlo through ``model.sample`` where there is no transport): needs ``rng``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, special

from nce_ref._checks import Float, as_count, as_generator, as_positive, as_square, as_vector
from nce_ref.models.moments import Moments
from nce_ref.noise import refuse_unfit_noise
from nce_ref.special import sigmoid

NORMALIZATION_TOLERANCE = 1e-8
REPLICATES = 8  # independent randomisations of a rule with random points
# Of a rule on the line, in logarithms: 1100 times the scale at first, then farther until nothing is left, up to 1e26 times.
FIRST_REACH, LAST_REACH = 7.0, 60.0
_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class AsymptoticCovariance:
    """What the theory says about an estimator, for one model, truth, noise and nu.

    covariance          (n_params, n_params) Sigma, per data sample
    integration_error   bound on the error of any entry, relative to the geometric mean of its two variances (so for a
                        variance, plainly relative). Deterministic methods: the disagreement of two resolutions or contours, and of
                        I_nu^-1 m_nu with e_c, and the rounding of I_nu and of the algebra, to first order, all added. Random ones:
                        99 % confidence half-width instead of the disagreement. Always below 1.
    method              how the integrals were done
    information, mean   I_nu and m_nu
    nu                  inf for maximum likelihood
    """

    covariance: Float
    integration_error: float
    method: str
    information: Float
    mean: Float
    nu: float


def asymptotic_covariance(
    model: Any,
    theta: ArrayLike,
    noise: Any,
    nu: float,
    *,
    rng: np.random.Generator | None = None,
    log2_points: int = 13,
) -> AsymptoticCovariance:
    """Return Sigma of NCE at the truth ``theta`` with noise ``noise`` and ``nu`` noise points a data point.

    ``rng`` is used only where no deterministic rule applies, then with 8 scramblings of 2**log2_points points each; the
    error falls about like the inverse square root of their number, or faster. ``noise`` is ignored for nu = inf.
    Raises ValueError where |c + ln Z(alpha)| > 1e-8 (``model.normalize(theta)`` mends it), where ``rng`` is needed and
    missing, where I_nu is singular (then theta is not identified), where so few random points are used that a variance
    comes out negative, and where the error to be stated is as large as the result; NotImplementedError where the model has no closed ln Z. Inaccurate where p_n is tiny on most of the
    data and rule 2 or 3 applies: I_nu then rests on few points. ``integration_error`` shows it unless none of them was hit.
    """
    nu = math.inf if isinstance(nu, (int, float)) and nu == math.inf else as_positive("nu", nu)
    theta = normalized_truth(model, theta)
    if math.isfinite(nu):
        refuse_unfit_noise(noise, model.n_dim)
    moments = _moments(model, theta, noise, nu, rng, as_count("log2_points", log2_points))
    covariance, error = _covariance_and_error(moments, nu, log2_points)
    return AsymptoticCovariance(covariance, error, moments.method, *moments.in_theta(), nu)


def cramer_rao_bound(
    model: Any, theta: ArrayLike, *, rng: np.random.Generator | None = None, log2_points: int = 13
) -> AsymptoticCovariance:
    """Return the covariance of maximum likelihood per data sample, c = -ln Z included by the delta method.

    The limit nu -> inf of ``asymptotic_covariance``: Sigma = E[g g^T]^-1 - e_c e_c^T. Its block for alpha is the inverse of
    the Fisher information F = Cov(g_alpha), its last entry (d ln Z/d alpha)^T F^-1 (d ln Z/d alpha). Raises like it.
    For Laplace ICA it is W Sigma_E W^T, with Sigma_E at B = I and W linear in B, right to rounding for any invertible B:

        Cov(B_ij, B_kl) = delta_ik [2/3 (B^T B)_jl + 1/3 B_ij B_il] - (1 - delta_ik) 1/3 B_kj B_il
        Cov(B_ij, c) = B_ij,  Var c = n
    """
    return asymptotic_covariance(model, theta, None, math.inf, rng=rng, log2_points=log2_points)


def predicted_squared_error(
    covariance: AsymptoticCovariance | ArrayLike,
    n_data: int,
    parameters: slice | Sequence[int] | None = None,
) -> float:
    """Return E||theta_hat - theta*||^2 = tr(Sigma)/n_data, over ``parameters`` only where given (P10, Corollary).

    ``parameters`` picks entries of theta: ``slice(0, -1)`` all but c, ``[-1]`` c alone. First order in 1/n_data: with
    Laplace data the true error is larger, by about 20 % at n_data = 2000 (n = 4, nu = 1).
    Raises ValueError for a matrix that is not square, n_data below 1, or positions that theta does not have.
    """
    matrix = (
        covariance.covariance
        if isinstance(covariance, AsymptoticCovariance)
        else as_square("covariance", covariance)
    )
    variances = np.diag(matrix)
    try:
        picked = (
            variances
            if parameters is None
            else variances[parameters if isinstance(parameters, slice) else list(parameters)]
        )
    except IndexError as error:
        raise ValueError(
            f"parameters: {error}; expected positions in theta, which has {len(variances)} entries"
        ) from None
    return float(picked.sum()) / as_count("n_data", n_data)


def normalized_truth(model: Any, theta: ArrayLike) -> Float:
    """Return theta as a vector. Raises ValueError where |c + ln Z(alpha)| > 1e-8: the theory speaks of the truth alone."""
    theta = as_vector("theta", theta, model.n_params)
    gap = float(theta[-1] + model.log_normalizer(theta))
    if not abs(gap) <= NORMALIZATION_TOLERANCE:
        raise ValueError(
            f"theta: c + ln Z(alpha) is {gap:.3g}; expected 0 within {NORMALIZATION_TOLERANCE:g}, e.g. model.normalize(theta)"
        )
    return theta


def _moments(
    model: Any,
    theta: Float,
    noise: Any,
    nu: float,
    rng: np.random.Generator | None,
    log2_points: int,
) -> Moments:
    if hasattr(model, "noise_weighted_moments"):
        offered: Moments | None = model.noise_weighted_moments(theta, noise, nu)
        if offered is not None:
            return offered
    if model.n_dim == 1:
        return _line_moments(model, theta, noise, nu)
    if rng is None:
        raise ValueError(
            f"rng: got None; expected a numpy.random.Generator, since {type(model).__name__} with {type(noise).__name__} "
            f"in {model.n_dim} dimensions has no deterministic rule"
        )
    return _random_moments(model, theta, noise, nu, as_generator("rng", rng), log2_points)


def _covariance_and_error(moments: Moments, nu: float, log2_points: int) -> tuple[Float, float]:
    information, change = moments.information, moments.change
    covariance, solved = _covariance(information, moments.mean, nu)
    pairs = moments.alternatives or ((information, moments.mean),)
    others = np.stack([_covariance(*pair, nu)[0] for pair in pairs])
    # c enters ln p_m by addition, so I_nu e_c = m_nu exactly: whatever is missing is error of m_nu, I_nu or the solution.
    factor = 1.0 + 1.0 / nu
    residual = solved.copy()
    residual[-1] -= 1.0
    exact = np.outer(residual, solved)
    shared = factor * np.abs(exact + exact.T)
    # An error of I_nu moves its inverse by I_nu^-1 error I_nu^-1, to first order; inversion errs as if I_nu were off by n eps of itself.
    inverse = np.abs(covariance + factor * np.outer(solved, solved))
    n_params = len(information)
    shared += inverse @ (moments.error + n_params * _EPS * np.abs(information)) @ inverse
    shared += 2.0 * _EPS * factor * np.outer(np.abs(solved), np.abs(solved))
    if change is not None:
        size = np.abs(change)
        shared = size @ (shared + 2.0 * n_params * _EPS * np.abs(covariance)) @ size.T
        covariance, others = change @ covariance @ change.T, change @ others @ change.T
        covariance = 0.5 * (covariance + covariance.T)
    variances = np.diag(covariance)
    if not (variances > 0.0).all():
        # E[P] <= nu/(1+nu), hence Var(c) >= 0, holds for the integral, not for a sum over too few random points.
        raise ValueError(
            f"log2_points: too few points, a variance came out as {variances.min():.3g}; expected more than 2**{log2_points}"
        )
    scale = np.sqrt(variances)
    if moments.random:
        count = len(others)
        quantile = float(special.stdtrit(count - 1, 0.995)) / math.sqrt(count)
        spread = quantile * others.std(axis=0, ddof=1)
    else:
        spread = np.abs(others - covariance).max(axis=0)
    error = float(((spread + shared) / np.outer(scale, scale)).max())
    return covariance, refuse_useless(error)


def refuse_useless(error: float) -> float:
    """Return the error, relative. Raises ValueError where it is as large as the result: then nothing is known."""
    if not error < 1.0:
        raise ValueError(
            f"theta: the covariance would be stated with an error of {error:.2g} of itself; expected noise that covers the data and a "
            "theta that the noise identifies, or more points where they are random"
        )
    return error


def _covariance(information: Float, mean: Float, nu: float) -> tuple[Float, Float]:
    """Sigma, and I_nu^-1 m_nu, by Cholesky of I_nu scaled to unit diagonal (the scale of theta is nobody's fault)."""
    variances = np.diag(information)
    try:
        if not (variances > 0.0).all():
            raise linalg.LinAlgError("a diagonal entry is not positive")
        size = np.sqrt(variances)
        factor = linalg.cholesky(information / np.outer(size, size), lower=True)
        inverse = linalg.cho_solve((factor, True), np.diag(1.0 / size)) / size[:, None]
    except linalg.LinAlgError as error:
        raise ValueError(
            f"theta: I_nu is singular ({error}); expected a theta that the noise identifies"
        ) from None
    inverse = 0.5 * (inverse + inverse.T)
    solved = inverse @ mean
    return inverse - (1.0 + 1.0 / nu) * np.outer(solved, solved), solved


def _weighted(
    model: Any, theta: Float, noise: Any, nu: float, u: Float, weights: Float
) -> tuple[Float, Float]:
    """sum_t weights[t] P(u_t) g(u_t) g(u_t)^T and the same with one g."""
    if math.isfinite(nu):
        # P = sigma(ln nu - G) keeps its digits on both tails, where nu p_n / (p_d + nu p_n) is 0/0.
        weights = weights * sigmoid(
            math.log(nu) - (model.log_density(theta, u) - noise.log_density(u))
        )
    g = model.jacobian(theta, u)
    weighted = g * weights[:, None]
    return weighted.T @ g, weighted.sum(axis=0)


def _line_moments(model: Any, theta: Float, noise: Any, nu: float) -> Moments:
    """Quadrature by ``line_rule``, the step halved until two agree."""
    rule = line_rule(model, theta)

    def sums(step: float, reach: float) -> tuple[Float, float, Float]:
        """I_nu with m_nu as its last row, what the density adds up to, and bounds on the error of I_nu."""
        u, slope = rule(step, reach)
        log_density = model.log_density(theta, u)
        density = slope * np.exp(log_density)
        information, mean = _weighted(model, theta, noise, nu, u, density)
        # What the outermost nodes carry is about what lies beyond, a unit of t wide; ln p is known to a few eps of itself.
        ends = _weighted(model, theta, noise, nu, u[[0, -1]], density[[0, -1]])[0]
        known = density * (4.0 * _EPS * (1.0 + np.abs(log_density)))
        error = np.abs(ends) / step + np.abs(_weighted(model, theta, noise, nu, u, known)[0])
        return np.vstack([information, mean]), float(density.sum()), error

    def disagreement(fine: Float, coarse: Float) -> float:
        size = np.sqrt(np.diag(fine))
        return float((np.abs(fine - coarse)[:-1] / np.outer(size, size)).max())

    def relative(found: Float, error: Float) -> float:
        return float((np.diag(error) / np.diag(found)).max())

    reach = FIRST_REACH
    while relative(*sums(1.0 / 8.0, reach)[::2]) > 1e-13 and reach < LAST_REACH:
        reach += 0.5
    step = 1.0 / 8.0
    found, mass, error = sums(step, reach)
    while True:
        step *= 0.5
        coarse = found
        found, mass, error = sums(step, reach)
        if disagreement(found, coarse) < max(1e-11, relative(found, error)) or step < 1e-4:
            break
    size = np.sqrt(np.diag(found))
    error = error + abs(mass - 1.0) * np.outer(size, size)
    return Moments(
        found[:-1],
        found[-1],
        ((coarse[:-1], coarse[-1]),),
        False,
        error,
        f"quadrature on the line, {2 * round((4.0 + reach) / step)} nodes",
    )


def line_rule(model: Any, theta: Float) -> Callable[[float, float], tuple[Float, Float]]:
    """Return (step, reach) -> (points, weights) on the line: u = centre +- scale exp(t - e^-t), trapezoidal in t, t in [-4, reach].

    The substitution puts a kink at the centre out of harm's way (the Laplace model's is at 0, its median) and turns
    tails that fall like e^-|u| into doubly exponential ones; |u - centre| runs from 4e-26 to e^reach times ``scale``, which
    is half the distance between the quartiles.
    """
    centre, scale = 0.0, 1.0
    if hasattr(model, "transport"):
        low, centre, high = (
            float(v) for v in model.transport(theta, np.array([[0.25], [0.5], [0.75]]))[:, 0]
        )
        scale = 0.5 * abs(high - low)  # the transport may fall: x = s/B does for B < 0

    def rule(step: float, reach: float) -> tuple[Float, Float]:
        t = np.arange(-4.0, reach + 0.5 * step, step)
        r = scale * np.exp(t - np.exp(-t))
        slope = r * (1.0 + np.exp(-t)) * step
        return np.concatenate([centre - r[::-1], centre + r])[:, None], np.concatenate(
            [slope[::-1], slope]
        )

    return rule


def _random_moments(
    model: Any, theta: Float, noise: Any, nu: float, rng: np.random.Generator, log2_points: int
) -> Moments:
    """Averages over independent randomisations of one rule, each unbiased by itself; their scatter is the error."""
    draw, name = random_rule(model, theta, rng, log2_points)
    weights = np.full(2**log2_points, 2.0**-log2_points)
    pairs = tuple(_weighted(model, theta, noise, nu, draw(), weights) for _ in range(REPLICATES))
    information = np.mean([pair[0] for pair in pairs], axis=0)
    mean = np.mean([pair[1] for pair in pairs], axis=0)
    method = f"{REPLICATES} sets of {2**log2_points} {name}"
    return Moments(information, mean, pairs, True, np.zeros_like(information), method)


def random_rule(
    model: Any, theta: Float, rng: np.random.Generator, log2_points: int
) -> tuple[Callable[[], Float], str]:
    """Return a function that draws 2**log2_points points of the density afresh, and what they are called."""
    count = 2**log2_points
    if not hasattr(model, "transport"):
        return lambda: np.asarray(
            model.sample(theta, count, rng), dtype=np.float64
        ), "independent points"
    # Imported here: scipy.stats takes longer to load than all the rest, and only this needs it.
    from scipy.stats import qmc

    # 50 bits and half a cell up: no coordinate is 0 or 1, where the inverse distribution function is infinite.
    def draw() -> Float:
        cube = (
            qmc.Sobol(model.n_dim, scramble=True, bits=50, seed=rng).random_base2(log2_points)
            + 2.0**-51
        )
        return np.asarray(model.transport(theta, cube), dtype=np.float64)

    return draw, "scrambled Sobol points"
