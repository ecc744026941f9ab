r"""Asymptotic covariance of ranking and of conditional noise-contrastive estimation, per data sample; CONTRASTIVE.md
derives both.

    ranking, k own noise points a datum:   Sigma_k = I_k^{-1},   I_k = E[Cov_w(g)],
    w = softmax of ln p_d - ln p_n over the row
    conditional, kappa points a datum:     Sigma_kappa = H^{-1} [H/kappa + (1 - 1/kappa) M] H^{-1},
                                           H = E[sigma(G) sigma(-G) d d^T],   M = E_x[m m^T],
                                           m(x) = E[sigma(-G) d | x],   d = g(x) - g(y)

g = d ln p_m / d alpha at the truth; c is no parameter of either. Two rules:

* one dimension: quadrature on the line, for any k (``asymptotics_contrastive_rules.py``);
* more dimensions: 8 sets of rows, quasi-random ones where the model has a transport and the noise is normal; M from
  products of different y.

Conventions
-----------
theta        (n_params,)                       the truth, c included: it must normalise
covariance   (n_params - 1, n_params - 1)      of alpha-hat, times n_data
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, special

from nce_ref._checks import Float, as_count, as_generator
from nce_ref.asymptotics import inverse_of_information, normalized_truth, refuse_useless
from nce_ref.asymptotics_contrastive_rules import (
    BLOCK_OF_ROWS,
    FEW,
    Pieces,
    conditional_on_the_line,
    conditional_rows,
    ranking_on_the_line,
    ranking_rows,
    rows_rule,
)
from nce_ref.asymptotics_rules import REPLICATES
from nce_ref.noise import refuse_unfit_noise
from nce_ref.noise.conditional import refuse_unfit_conditional_noise


@dataclass(frozen=True, eq=False)
class ContrastiveCovariance:
    """What the theory says about ranking or conditional NCE, for one model, truth, noise and number of noise points.

    Attributes
    ----------
    covariance : (n_params - 1, n_params - 1)
        Sigma of alpha, per data sample: divide by n_data for the covariance of an estimate.
    integration_error : float
        On any entry, relative to the geometric mean of its two variances: the disagreement of two resolutions and
        rounding, or, for random points, a 99 % confidence half-width.
    method : str
        How the integrals were done.
    information : (n_params - 1, n_params - 1)
        I_k of ranking NCE, H of conditional NCE.
    shared : (n_params - 1, n_params - 1) or None
        M of conditional NCE, what the terms of a datum share; None for ranking NCE.
    """

    covariance: Float
    integration_error: float
    method: str
    information: Float
    shared: Float | None


def ranking_covariance(
    model: Any,
    theta: ArrayLike,
    noise: Any,
    k: int,
    *,
    rng: np.random.Generator | None = None,
    log2_points: int = 13,
) -> ContrastiveCovariance:
    """Compute the asymptotic covariance of ranking NCE, per data sample, for k noise points of each datum's own.

        Sigma_k = I_k^{-1},   I_k = E[Cov_w(g)],
        x from p_d, y_1 ... y_k from p_n, w = softmax of ln p_d - ln p_n over the row

    Parameters
    ----------
    model : Model
    theta : (n_params,)
        The truth, normalised.
    noise : Noise
        Sampled, too, in more than one dimension.
    k : int
        Noise points a datum.
    rng : numpy.random.Generator, optional
        Required in more than one dimension.
    log2_points : int, optional
        Rows a set, of 8 sets, in more than one dimension.

    Returns
    -------
    ContrastiveCovariance
        Without c, which ranking NCE does not identify.

    Raises
    ------
    ValueError
        For a theta that does not normalise, a missing ``rng``, a singular I_k, and an error as large as the result.
    NotImplementedError
        Where the model has no closed ln Z.

    Notes
    -----
    Holds for noise of each datum's own alone. With noise equal to the data I_k = k/(k + 1) F; as k grows I_k tends to
    the Fisher information F (CONTRASTIVE.md).

    Examples
    --------
    >>> import nce_ref as nr
    >>> model = nr.Gaussian(1)
    >>> truth, noise = model.normalize([1.0, 0.0]), nr.GaussianNoise([0.0], [[1.0]])  # noise = data: Sigma = 2 (k + 1)/k
    >>> nr.ranking_covariance(model, truth, noise, 4).covariance.round(6)
    array([[2.5]])
    """  # noqa: E501
    theta, k = normalized_truth(model, theta), as_count("k", k)
    refuse_unfit_noise(noise, model.n_dim)
    if model.n_dim == 1:
        return _result(*ranking_on_the_line(model, theta, noise, k), 1.0)
    generator, log2_points = _random(model, rng, log2_points)
    near = None
    if hasattr(noise, "normal_parameters"):
        mean, cov = noise.normal_parameters
        factor = linalg.cholesky(cov, lower=True)

        def near(x: Float, z: Float) -> Float:
            return np.asarray(mean + z @ factor.T)

    draw, name = rows_rule(
        model, theta, near, lambda x: noise.sample(len(x) * k, generator), k, generator, log2_points
    )
    sets: list[Pieces] = []
    for _ in range(REPLICATES):
        (x, y), total = draw(), np.zeros((len(theta) - 1, len(theta) - 1))
        for start in range(0, len(x), BLOCK_OF_ROWS):
            block = slice(start, start + BLOCK_OF_ROWS)
            total = total + ranking_rows(model, theta, noise, x[block], y[block])
        sets.append((total / len(x), None))
    return _random_result(sets, f"{REPLICATES} sets of {2**log2_points} rows, {name}", 1.0)


def conditional_covariance(
    model: Any,
    theta: ArrayLike,
    conditional_noise: Any,
    kappa: float,
    *,
    rng: np.random.Generator | None = None,
    log2_points: int = 13,
) -> ContrastiveCovariance:
    """Compute the asymptotic covariance of conditional NCE, per data sample, for kappa noise points a datum.

        Sigma_kappa = H^{-1} [H/kappa + (1 - 1/kappa) M] H^{-1},   H = E[sigma(G) sigma(-G) d d^T],   M = E_x[m m^T],
        m = E[sigma(-G) d | x]

    Parameters
    ----------
    model : Model
    theta : (n_params,)
        The truth, normalised.
    conditional_noise : ConditionalNoise
        Sampled, too, in more than one dimension.
    kappa : int or inf
        Noise points a datum.
    rng : numpy.random.Generator, optional
        Required in more than one dimension.
    log2_points : int, optional
        Rows a set, of 8 sets, in more than one dimension.

    Returns
    -------
    ContrastiveCovariance
        Without c. ``information`` is H, ``shared`` is M.

    Raises
    ------
    ValueError
        For a theta that does not normalise, a missing ``rng``, a singular H, and an error as large as the result (steps
        too small for the rule).
    NotImplementedError
        Where the model has no closed ln Z.

    Notes
    -----
    Not efficient as kappa grows. For steps of size eps -> 0 it grows like 1/(kappa eps^2); at kappa = inf it has score
    matching's limit for a smooth model and grows like 1/eps for one with kinks, such as Laplace ICA.

    Examples
    --------
    >>> import nce_ref as nr
    >>> model = nr.LaplaceICA(1)
    >>> truth, steps = model.normalize([1.0, 0.0]), nr.GaussianSteps([[1.0]])
    >>> nr.conditional_covariance(model, truth, steps, 1).covariance.round(6)
    array([[6.103404]])
    """
    theta = normalized_truth(model, theta)
    endless = isinstance(kappa, (int, float)) and kappa == math.inf
    share = 0.0 if endless else 1.0 / as_count("kappa", kappa)
    refuse_unfit_conditional_noise(conditional_noise, model.n_dim)
    if model.n_dim == 1:
        return _result(*conditional_on_the_line(model, theta, conditional_noise), share)
    generator, log2_points = _random(model, rng, log2_points)
    draw, name = rows_rule(
        model,
        theta,
        getattr(conditional_noise, "step", None),
        lambda x: conditional_noise.sample(x, FEW, generator),
        FEW,
        generator,
        log2_points,
    )
    sets = []
    for _ in range(REPLICATES):
        x, y = draw()
        H = M = np.zeros((len(theta) - 1, len(theta) - 1))
        for start in range(0, len(x), BLOCK_OF_ROWS):
            block = slice(start, start + BLOCK_OF_ROWS)
            h, m = conditional_rows(model, theta, conditional_noise, x[block], y[block])
            H, M = H + h, M + m
        sets.append((H / len(x), M / len(x)))
    return _random_result(sets, f"{REPLICATES} sets of {2**log2_points} rows, {name}", share)


def _random(model: Any, rng: Any, log2_points: int) -> tuple[np.random.Generator, int]:
    if rng is None:
        raise ValueError(
            f"rng: got None; expected a numpy.random.Generator, since {model.n_dim} dimensions have"
            " no deterministic rule"
        )
    return as_generator("rng", rng), as_count("log2_points", log2_points)


def _random_result(sets: list[Pieces], method: str, share: float) -> ContrastiveCovariance:
    H = np.mean([one[0] for one in sets], axis=0)
    M = None if sets[0][1] is None else np.mean([one[1] for one in sets], axis=0)
    covariance = _covariance(H, M, share)
    # The inverse of a mean: replicates of its linear part, H^{-1}(piece)H^{-1}, have its scatter without the bias of 8
    # small samples.
    inverse = inverse_of_information(H, "the information")
    linear = [
        _linear(inverse, covariance, one[0] - H, None if M is None else one[1] - M, share)
        for one in sets
    ]
    quantile = float(special.stdtrit(len(sets) - 1, 0.995)) / math.sqrt(len(sets))
    scale = _scale(covariance)
    error = float((quantile * np.std(linear, axis=0, ddof=1) / np.outer(scale, scale)).max())
    return ContrastiveCovariance(covariance, refuse_useless(error), method, H, M)


def _linear(inverse: Float, covariance: Float, dH: Float, dM: Float | None, share: float) -> Float:
    """The change of Sigma to first order: -(H^{-1} dH Sigma + transposed) + H^{-1} [share dH + (1 - share) dM]
    H^{-1}."""
    if dM is None:
        return np.asarray(-inverse @ dH @ inverse)
    first = inverse @ dH @ covariance
    return np.asarray(inverse @ (share * dH + (1.0 - share) * dM) @ inverse - first - first.T)


def _result(
    found: Pieces, others: list[Pieces], rounding: float, method: str, share: float
) -> ContrastiveCovariance:
    covariance = _covariance(*found, share)
    scale = _scale(covariance)
    spread = max(
        float((np.abs(_covariance(*one, share) - covariance) / np.outer(scale, scale)).max())
        for one in others
    )
    error = refuse_useless(spread + rounding)
    return ContrastiveCovariance(covariance, error, method, found[0], found[1])


def _covariance(H: Float, M: Float | None, share: float) -> Float:
    inverse = inverse_of_information(H, "the information")
    if M is None:
        return inverse
    covariance = inverse @ (share * H + (1.0 - share) * M) @ inverse
    return np.asarray(0.5 * (covariance + covariance.T))


def _scale(covariance: Float) -> Float:
    variances = np.diag(covariance)
    if not (variances > 0.0).all():
        raise ValueError(
            f"log2_points: too few points, a variance came out as {variances.min():.3g}; expected more"
        )
    return np.sqrt(variances)
