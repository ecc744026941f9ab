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
1. the model's own ``noise_weighted_moments(theta, noise, nu)``, where it and the noise have a structure to use: closed
   forms, contour integrals, and for Laplace ICA of two or three sources under any Gaussian noise quadrature orthant by
   orthant;
2. one dimension: double-exponential quadrature on both sides of the median, with the step halved until it agrees;
3. quasi-Monte-Carlo through ``model.transport(theta, uniforms)``, the map of the unit cube onto p_d: rotated Sobol
   points without ``rng``, scrambled ones with it;
4. plain Monte Carlo through ``model.sample``, which needs ``rng``.

A model of one's own needs no more than two functions in one dimension, with ln Z and a transport or with a sampler in
more; where ln Z is not known its place is taken by quadrature, or by bridge sampling (``asymptotics_layers.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, special

from nce_ref._checks import Float, as_count, as_generator, as_positive, as_square, as_vector
from nce_ref.asymptotics_layers import moments_by_sampler, with_layers
from nce_ref.asymptotics_rules import (
    line_moments,
    offers_transport,
    random_moments,
    rotated_moments,
)
from nce_ref.models.from_functions import FunctionModel
from nce_ref.models.layers import AnyModel
from nce_ref.models.moments import Moments
from nce_ref.noise import Noise, refuse_unfit_noise

NORMALIZATION_TOLERANCE = 1e-8
_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class AsymptoticCovariance:
    """What the theory says about an estimator, for one model, truth, noise and nu.

    Attributes
    ----------
    covariance : (n_params, n_params)
        Sigma, per data sample.
    integration_error : float
        Bound on the error of any entry, relative to the geometric mean of its two variances (so for a variance, plainly
        relative). Deterministic methods: the disagreement of two resolutions or contours, and of I_nu^-1 m_nu with e_c,
        and the rounding of I_nu and of the algebra, to first order, all added. Random ones: 99 % confidence half-width
        instead of the disagreement. Always below 1.
    method : str
        How the integrals were done.
    information, mean : (n_params, n_params), (n_params,)
        I_nu and m_nu.
    nu : float
        inf for maximum likelihood.
    """

    covariance: Float
    integration_error: float
    method: str
    information: Float
    mean: Float
    nu: float


def asymptotic_covariance(
    model: AnyModel,
    theta: ArrayLike,
    noise: Noise | None,
    nu: float,
    *,
    rng: np.random.Generator | None = None,
    log2_points: int = 13,
) -> AsymptoticCovariance:
    """Compute the asymptotic covariance of NCE, per data sample, at the truth.

        Sigma = I_nu^-1 - (1 + 1/nu) I_nu^-1 m_nu m_nu^T I_nu^-1,   I_nu = E_d[P g g^T],  m_nu = E_d[P g],
        P = nu p_n/(p_d + nu p_n)

    Parameters
    ----------
    model : Model
        With a rule: closed moments with this noise, one dimension, a transport with ln Z, or a sampler.
    theta : (n_params,)
        The truth, normalised: ``model.normalize(theta)``.
    noise : Noise
        Ignored for nu = inf.
    nu : float above 0
        Noise points a data point.
    rng : numpy.random.Generator, optional
        Used only where neither closed moments nor quadrature apply, then with 8 scramblings of 2**log2_points points
        each; the error falls about like the inverse square root of their number, or faster. Without it a transport is
        met with 8 rotations of as many points instead, whose scatter is a good guess of the error and no confidence
        interval.
    log2_points : int, optional

    Returns
    -------
    AsymptoticCovariance

    Raises
    ------
    ValueError
        Where |c + ln Z(alpha)| > 1e-8 (without ln Z: where quadrature or bridge sampling says so), for a model that has
        no rule, naming the members it lacks, where ``rng`` is needed and missing, where I_nu is singular (then theta is
        not identified), where so few random points are used that a variance comes out negative, and where the error to
        be stated is as large as the result.
    NotImplementedError
        Where the model has neither ln Z nor a sampler, in more than one dimension.

    Notes
    -----
    Source: J12, Theorem 3; P10, Theorem 3 (nu = 1). Inaccurate where p_n is tiny on most of the data and rule 2 or 3 of
    the module applies: I_nu then rests on few points. ``integration_error`` shows it unless none of them was hit.

    Examples
    --------
    >>> import nce_ref as nr
    >>> model = nr.Gaussian(1)
    >>> truth = model.normalize([1.0, 0.0])
    >>> alike = nr.GaussianNoise([0.0], [[1.0]])
    >>> sigma = nr.asymptotic_covariance(model, truth, alike, nu=1.0).covariance
    >>> round(sigma[0, 0], 6), round(nr.cramer_rao_bound(model, truth).covariance[0, 0], 6)  # 1 + 1/nu times as large
    (np.float64(4.0), np.float64(2.0))
    """
    nu = math.inf if isinstance(nu, (int, float)) and nu == math.inf else as_positive("nu", nu)
    model = with_layers(model, "asymptotics")
    if math.isfinite(nu):
        refuse_unfit_noise(noise, model.n_dim)
    theta = as_vector("theta", theta, model.n_params)
    moments = _moments(model, theta, noise, nu, rng, as_count("log2_points", log2_points))
    covariance, error = _covariance_and_error(moments, nu, log2_points)
    return AsymptoticCovariance(covariance, error, moments.method, *moments.in_theta(), nu)


def cramer_rao_bound(
    model: AnyModel,
    theta: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    log2_points: int = 13,
) -> AsymptoticCovariance:
    """Compute the covariance of maximum likelihood per data sample, c = -ln Z included by the delta method.

        Sigma = E[g g^T]^-1 - e_c e_c^T, the limit nu -> inf of ``asymptotic_covariance``

    Parameters
    ----------
    model : Model
    theta : (n_params,)
        The truth, normalised.
    rng : numpy.random.Generator, optional
    log2_points : int, optional
        As for ``asymptotic_covariance``.

    Returns
    -------
    AsymptoticCovariance
        Its block for alpha is the inverse of the Fisher information F = Cov(g_alpha), its last entry (d ln Z/d alpha)^T
        F^-1 (d ln Z/d alpha).

    Raises
    ------
    ValueError
        As ``asymptotic_covariance`` does.
    NotImplementedError
        Where the model has no closed ln Z.

    Notes
    -----
    For Laplace ICA it is W Sigma_E W^T, with Sigma_E at B = I and W linear in B, right to rounding for any invertible
    B:

        Cov(B_ij, B_kl) = delta_ik [2/3 (B^T B)_jl + 1/3 B_ij B_il] - (1 - delta_ik) 1/3 B_kj B_il
        Cov(B_ij, c) = B_ij,  Var c = n

    Examples
    --------
    >>> import nce_ref as nr
    >>> model = nr.LaplaceICA(1)
    >>> nr.cramer_rao_bound(model, model.normalize([2.0, 0.0])).covariance.round(6)
    array([[4., 2.],
           [2., 1.]])
    """
    return asymptotic_covariance(model, theta, None, math.inf, rng=rng, log2_points=log2_points)


def predicted_squared_error(
    covariance: AsymptoticCovariance | ArrayLike,
    n_data: int,
    parameters: slice | Sequence[int] | None = None,
) -> float:
    """Predict E||theta_hat - theta*||^2 = tr(Sigma)/n_data, over some parameters only where asked.

    Parameters
    ----------
    covariance : AsymptoticCovariance or (n_params, n_params)
    n_data : int
    parameters : slice or sequence of int, optional
        Entries of theta: ``slice(0, -1)`` all but c, ``[-1]`` c alone.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For a matrix that is not square, n_data below 1, or positions that theta does not have.

    Notes
    -----
    Source: P10, Corollary of Theorem 3. First order in 1/n_data: with Laplace data the true error is larger, by about
    20 % at n_data = 2000 (n = 4, nu = 1).

    Examples
    --------
    >>> import nce_ref as nr
    >>> nr.predicted_squared_error([[4.0, 1.0], [1.0, 2.0]], n_data=100, parameters=[-1])
    0.02
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
    """Return theta as a vector. Raises ValueError where |c + ln Z(alpha)| > 1e-8: the theory speaks of the truth
    alone."""
    theta = as_vector("theta", theta, model.n_params)
    gap = float(theta[-1] + model.log_normalizer(theta))
    if not abs(gap) <= NORMALIZATION_TOLERANCE:
        raise ValueError(
            f"theta: c + ln Z(alpha) is {gap:.3g}; expected 0 within {NORMALIZATION_TOLERANCE:g},"
            " e.g. model.normalize(theta)"
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
    try:
        theta, constant_known = normalized_truth(model, theta), True
    except NotImplementedError:
        # Another rule tells the mass: quadrature, or bridge sampling with the model's own points.
        if model.n_dim > 1 and rng is None and not isinstance(model, FunctionModel):
            raise
        constant_known = False
    if constant_known and hasattr(model, "noise_weighted_moments"):
        offered: Moments | None = model.noise_weighted_moments(theta, noise, nu)
        if offered is not None:
            return offered
    if model.n_dim == 1:
        return line_moments(model, theta, noise, nu, constant_known)
    if rng is None and constant_known and offers_transport(model, theta):
        return rotated_moments(model, theta, noise, nu, log2_points)
    if rng is None:
        raise ValueError(
            "rng: got None; expected a numpy.random.Generator, since"
            f" {type(getattr(model, 'given', model)).__name__} with {type(noise).__name__} in"
            f" {model.n_dim} dimensions has no deterministic rule"
        )
    rule = random_moments if constant_known else moments_by_sampler
    return rule(model, theta, noise, nu, as_generator("rng", rng), log2_points)


def _covariance_and_error(moments: Moments, nu: float, log2_points: int) -> tuple[Float, float]:
    information, change = moments.information, moments.change
    covariance, solved = _covariance(information, moments.mean, nu)
    pairs = moments.alternatives or ((information, moments.mean),)
    others = np.stack([_covariance(*pair, nu)[0] for pair in pairs])
    # c enters ln p_m by addition, so I_nu e_c = m_nu exactly: whatever is missing is error of m_nu, I_nu or the
    # solution.
    factor = 1.0 + 1.0 / nu
    residual = solved.copy()
    residual[-1] -= 1.0
    exact = np.outer(residual, solved)
    shared = factor * np.abs(exact + exact.T)
    # An error of I_nu moves its inverse by I_nu^-1 error I_nu^-1, to first order; inversion errs as if I_nu were off by
    # n eps of itself.
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
            f"log2_points: too few points, a variance came out as {variances.min():.3g}; expected"
            f" more than 2**{log2_points}"
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
            f"theta: the covariance would be stated with an error of {error:.2g} of itself;"
            " expected noise that covers the data and a theta that the noise identifies, or more"
            " points where they are random"
        )
    return error


def inverse_of_information(information: Float, name: str) -> Float:
    """Return the inverse, by Cholesky of the matrix scaled to unit diagonal (the scale of theta is nobody's fault).

    Raises ValueError where it is singular, ``name`` being what the matrix is called.
    """
    variances = np.diag(information)
    try:
        if not (variances > 0.0).all():
            raise linalg.LinAlgError("a diagonal entry is not positive")
        size = np.sqrt(variances)
        factor = linalg.cholesky(information / np.outer(size, size), lower=True)
        inverse = linalg.cho_solve((factor, True), np.diag(1.0 / size)) / size[:, None]
    except linalg.LinAlgError as error:
        raise ValueError(
            f"theta: {name} is singular ({error}); expected a theta that the noise identifies"
        ) from None
    return np.asarray(0.5 * (inverse + inverse.T))


def _covariance(information: Float, mean: Float, nu: float) -> tuple[Float, Float]:
    """Sigma, and I_nu^-1 m_nu."""
    inverse = inverse_of_information(information, "I_nu")
    solved = inverse @ mean
    return inverse - (1.0 + 1.0 / nu) * np.outer(solved, solved), solved
