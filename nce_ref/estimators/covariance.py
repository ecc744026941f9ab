r"""Standard errors from a fit: under the assumption that the model is right, and, ``robust=True``, without it.

NCE, with c free:     Sigma = I^{-1} - (1 + 1/nu) e_c e_c^T,   I = (1/n_data) sum over x and y of h(1 - h) g g^T
NCE, g_c not 1:       Sigma = I^{-1} - (1 + 1/nu) I^{-1} m m^T I^{-1},   m = (1/n_data) sum over x and y of h(1 - h) g
Maximum likelihood:   the Cramer-Rao bound at the fit (``asymptotics.cramer_rao_bound``), c by the delta method.

The second is the asymptotic covariance of J12 with I_nu and m_nu estimated at the fit; the first has I_nu^{-1} m_nu =
e_c put in, which is true wherever the model's last parameter is a free c, that is, where g_c = 1 at all points. Both
are positive semidefinite where sum h = n_data over both samples, as it is at a stationary point with a c: by Jensen m^T
I^{-1} m <= nu/(1 + nu).

Robust:               Sigma = H^{-1} V H^{-1},   V = Cov_x[(1 - h) g] + nu Cov_y[h g]    (likelihood: Cov_x[g]),

H the full negative Hessian of the *expected* objective, with the model's second derivatives and with what its kinks add
(``kink_curvature.py``). It is the covariance about the maximiser of the expected objective, the truth or not, for the
noise as it was used (Huber's sandwich; THEORY.md, 4.8 and 4.9). Each term of V is centred at its own mean.

Ranking and conditional NCE: ``contrastive_covariance.py``.

Conventions
-----------
covariance       (n_params, n_params)   of theta-hat: Sigma / n_data
standard_errors  (n_params,)            B row by row, then c
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import linalg

from nce_ref._checks import Float
from nce_ref.asymptotics import cramer_rao_bound
from nce_ref.estimators.contrastive_covariance import (
    contrastive_form,
    contrastive_kinks,
    with_c,
)
from nce_ref.estimators.evidence import by_gradients_alone
from nce_ref.estimators.kink_curvature import (
    KinkCurvature,
    classification_kinks,
    density_kinks,
)
from nce_ref.estimators.shifts import about_shift
from nce_ref.models.base import Pass
from nce_ref.objectives.base import ACTIVE, Objective
from nce_ref.objectives.covariance_forms import CovarianceForms
from nce_ref.objectives.likelihood import LikelihoodObjective
from nce_ref.objectives.nce import NCEObjective
from nce_ref.objectives.pairs import PairedObjective
from nce_ref.optimize.first_order import STATIONARY_BY_GRADIENT
from nce_ref.special import sigmoid

# Mean of (g_c - 1)^2 up to which the last parameter is taken for a free c: far above rounding, far below any other
# parameter.
_CONSTANT = 1e-12


class Fitted(Protocol):
    """As much of a ``Fit`` as its standard errors need."""

    @property
    def theta(self) -> Float: ...

    @property
    def converged(self) -> bool: ...

    @property
    def status(self) -> str: ...

    @property
    def message(self) -> str: ...

    @property
    def problem(self) -> Objective: ...


@dataclass(frozen=True, eq=False)
class EstimatedCovariance:
    """The covariance of an estimate.

    Attributes
    ----------
    covariance : (n_params, n_params)
        Of theta-hat: Sigma / n_data.
    standard_errors : (n_params,)
        The roots of its diagonal.
    method : str
        In words, what it rests on.
    """

    covariance: Float
    standard_errors: Float
    method: str


def estimate_covariance(
    fit: Fitted, *, robust: bool = False, rng: np.random.Generator | None = None
) -> EstimatedCovariance:
    """Estimate the covariance of a fit, Sigma / n_data, from the fit's own samples; see the module's formulas.

    Parameters
    ----------
    fit : Fit
        Converged, by ``fit_nce``, ``fit_mle``, ``fit_ranking_nce`` (noise of each datum's own) or
        ``fit_conditional_nce``.
    robust : bool, optional
        Do without the assumption of a correct model: the covariance of the maximiser for the noise as used (noise
        fitted to x moves it, and is not accounted for). With kinks it rests on a density estimate at each kink, whose
        error grows where the model is far from right: ``method`` states the smallest eigenvalue of H in units of the
        information, with its standard error; an eigenvalue below its own error is replaced by that error, which
        ``method`` says.
    rng : numpy.random.Generator, optional
        Serves a maximum-likelihood fit of a model of your own that offers no closed moments (``cramer_rao_bound``); the
        models here need none.

    Returns
    -------
    EstimatedCovariance

    Raises
    ------
    ValueError
        Where the fit has not converged (nor is "stationary" by gradients alone, which ``method`` tells), since nothing
        is known about such a point; where the curvature is singular or (robust) not positive definite, or known worse
        than the information is large; and where a variance comes out negative.

    Notes
    -----
    Source: J12, Theorem 3 (Sigma); THEORY.md, *Asymptotics*. Too small for n_data below some 2000 with Laplace ICA,
    whose kinks make the approach to the limit slow (at nu = 1 the squared error exceeds it by 20 % at 2000). For
    maximum likelihood an estimate whose B is badly conditioned gives a covariance as badly conditioned.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> x, noise = rng.standard_normal((4000, 1)), nr.GaussianNoise([0.0], [[2.0]])
    >>> fit = nr.fit_nce(nr.Gaussian(1), noise, x, noise.sample(20_000, rng), start=[1.0, 0.0])
    >>> nr.estimate_covariance(fit).standard_errors.round(3)
    array([0.024, 0.013])
    """
    by_gradients = fit.status == STATIONARY_BY_GRADIENT
    if not (fit.converged or by_gradients):
        raise ValueError(
            f"fit: not converged ({fit.status}: {fit.message}); expected a local maximum, certified or passed"
        )
    problem, theta, back = about_shift(fit.problem, fit.theta)
    ask = getattr(problem, "covariance_by", None)
    if ask is None:
        raise ValueError(
            f"fit: of {type(problem).__name__}; expected a fit by fit_nce or fit_mle, by"
            " fit_ranking_nce or fit_conditional_nce"
        )
    forms: CovarianceForms = _Forms(theta, robust, rng, moved=back is not None)
    covariance, method = ask(forms)
    if by_gradients:
        method += "; by gradients alone theta is stationary, and taken for a maximum"
    if back is not None:
        covariance = back @ covariance @ back.T
    covariance = covariance / problem.n_data
    return EstimatedCovariance(covariance, np.sqrt(np.maximum(np.diag(covariance), 0.0)), method)


@dataclass(frozen=True)
class _Forms:
    """The forms at theta, for a right model or without that; see ``objectives/covariance_forms.py``."""

    theta: Float
    robust: bool
    rng: np.random.Generator | None
    moved: bool

    def of_classification(self, problem: NCEObjective) -> tuple[Float, str]:
        return (_robust_nce if self.robust else _nce)(problem, self.theta)

    def of_likelihood(self, problem: LikelihoodObjective) -> tuple[Float, str]:
        if self.robust:
            return _robust_likelihood(problem, self.theta)
        # Far from 0 the rounding of c is that of its size there.
        theta = problem.model.normalize(self.theta) if self.moved else self.theta
        bound = cramer_rao_bound(problem.model, theta, rng=self.rng)
        return bound.covariance, "Cramer-Rao bound at the fit, c by the delta method"

    def of_pairs(self, problem: PairedObjective) -> tuple[Float, str]:
        return _paired(problem, self.theta, self.robust)


def _paired(problem: PairedObjective, theta: Float, robust: bool) -> tuple[Float, str]:
    name, hessian, spread = contrastive_form(problem, theta, robust)
    kinks = contrastive_kinks(problem, theta) if robust else None
    if kinks is not None:
        found, name = _sandwich(hessian, spread, spread, _without_c(kinks), problem.n_data)
        covariance, of_c = with_c(problem, theta, found)
        return covariance, f"{name}; {of_c}"
    inverse = _inverse(hessian)
    covariance, of_c = with_c(
        problem, theta, inverse if spread is hessian else inverse @ spread @ inverse
    )
    return covariance, f"{name}; {of_c}"


def _nce(problem: NCEObjective, theta: Float) -> tuple[Float, str]:
    once, log_odds = problem.whole_pass(theta)
    once = _settled(once)
    if _last_is_constant(once, len(log_odds)):
        if by_gradients_alone(problem):
            bends = problem.weighed(_bends(log_odds)) / problem.n_data
            covariance = _inverse(once.curvature(np.zeros(len(bends)), bends))
            method = "sum of h(1 - h) g g^T, less (1 + 1/nu) for c"
        else:
            covariance = _inverse(-problem.expand(theta).hessian)
            method = "objective's Hessian, less (1 + 1/nu) for c"
        covariance[-1, -1] -= 1.0 + 1.0 / problem.nu
        return covariance, method
    bends = problem.weighed(_bends(log_odds)) / problem.n_data
    inverse = _inverse(once.curvature(np.zeros(len(bends)), bends))
    mean = once.pullback(bends)
    solved = inverse @ mean
    if not float(mean @ solved) <= problem.nu / (1.0 + problem.nu):
        raise ValueError(
            f"fit: m^T I^-1 m = {float(mean @ solved):.3g} exceeds nu/(1 + nu) ="
            f" {problem.nu / (1.0 + problem.nu):.3g}, which a correct model without c does not at"
            " its maximum; expected more data, or robust=True"
        )
    covariance = inverse - (1.0 + 1.0 / problem.nu) * np.outer(solved, solved)
    return covariance, "weighted sums over the samples, for a model whose last parameter is no c"


def _robust_nce(problem: NCEObjective, theta: Float) -> tuple[Float, str]:
    once, log_odds = problem.whole_pass(theta)
    if problem.counts is not None and len(once.kinks().arguments):
        # The density of kinks is estimated from single points.
        problem = problem.repeated()
        once, log_odds = problem.whole_pass(theta)
    once = _settled(once)
    n, of_data = problem.n_data, np.zeros(len(log_odds), dtype=bool)
    of_data[problem.states] = True
    size = sigmoid(np.where(of_data, -log_odds, log_odds))  # 1 - h on the data, h on the noise
    zero, weighed = np.zeros(len(size)), problem.weighed(size)
    mean_x = once.pullback(np.where(of_data, weighed / n, 0.0))
    mean_y = once.pullback(np.where(of_data, 0.0, weighed / problem.n_noise))
    gram = once.curvature(zero, size * weighed / n)
    spread = gram - np.outer(mean_x, mean_x) - problem.n_noise / n * np.outer(mean_y, mean_y)
    kinks = once.kinks()
    return _sandwich(
        -problem.expand(theta).hessian,
        spread,
        once.curvature(zero, problem.weighed(_bends(log_odds)) / n),
        classification_kinks(kinks, log_odds, n, len(theta)) if len(kinks.arguments) else None,
        n,
    )


def _robust_likelihood(problem: LikelihoodObjective, theta: Float) -> tuple[Float, str]:
    alpha, n = theta[:-1], problem.n_data
    once = problem.whole_pass(alpha)
    if problem.counts is not None and len(once.kinks().arguments):
        problem = problem.repeated()
        once = problem.whole_pass(alpha)
    once = _settled(once)
    weights = np.full(n, 1.0 / n) if problem.counts is None else problem.counts / n
    mean = once.pullback(weights)
    gram = once.curvature(np.zeros(len(weights)), weights)
    spread = (gram - np.outer(mean, mean))[:-1, :-1]
    kinks = once.kinks()
    found = density_kinks(kinks, n, len(theta)) if len(kinks.arguments) else None
    if found is not None:
        found = _without_c(found)
    covariance, method = _sandwich(-problem.expand(alpha).hessian, spread, spread, found, n)
    # c = -ln Z(alpha).
    rows = np.vstack([np.eye(len(alpha)), -problem.model.log_normalizer_gradient(theta)[:-1]])
    return rows @ covariance @ rows.T, f"{method}; c by the delta method"


def _settled(once: Pass) -> Pass:
    """The pass with the derivative 0 of every |.| that is met: its sign is a rounding error, and one point's in n_data
    is seen."""
    kinks = once.kinks()
    return once.without(kinks.met(ACTIVE)) if len(kinks.arguments) else once


def _without_c(kinks: KinkCurvature) -> KinkCurvature:
    """The same in the coordinates of alpha; no kink has a part along c."""
    return KinkCurvature(
        kinks.matrix[:-1, :-1],
        lambda directions: kinks.error(np.pad(directions, ((0, 1), (0, 0)))),
        lambda covariance: kinks.crossings(np.pad(covariance, (0, 1)))[:-1, :-1],
    )


def _sandwich(
    smooth: Float, spread: Float, information: Float, kinks: KinkCurvature | None, n_data: int
) -> tuple[Float, str]:
    """H^-1 V H^-1 by the eigenvectors of H in units of the information: H = I E L E^T I, E^T I E = 1."""
    units = _unit_diagonal(information)
    scaled = information / np.outer(units, units)
    _inverse(scaled)
    hessian = smooth if kinks is None else smooth + kinks.matrix
    values, vectors = linalg.eigh(hessian / np.outer(units, units), scaled)
    vectors = vectors / units[:, None]
    method = "sandwich H^-1 V H^-1"
    if kinks is None:
        if not values[0] > 0.0:
            raise ValueError(
                f"fit: the Hessian is not negative definite, {values[0]:.3g} of the information;"
                " expected a strict maximum"
            )
    else:
        error = kinks.error(vectors)
        if not error.max() < 1.0:
            raise ValueError(
                f"fit: the curvature at the kinks is known to {error.max():.2g} of the information; expected more data"
            )
        method += (
            f"; H with the kinks by a kernel density, least eigenvalue {values[0]:.2g} +-"
            f" {error[0]:.1g} of the information's"
        )
        unresolved = int((values < error).sum())
        if unresolved:
            method += f", {unresolved} below the error, which takes its place"
        values = np.maximum(values, error)
    inverse = (vectors / values) @ vectors.T
    covariance = inverse @ spread @ inverse
    if kinks is not None:
        covariance = inverse @ (spread + kinks.crossings(covariance / n_data)) @ inverse
    return 0.5 * (covariance + covariance.T), method


def _last_is_constant(once: Pass, n_points: int) -> bool:
    """Whether g_c = 1 at all points, by sum (g_c - 1)^2 = sum g_c^2 - 2 sum g_c + n_points."""
    ones = np.ones(n_points)
    first, second = once.pullback(ones)[-1], once.curvature(np.zeros(n_points), ones)[-1, -1]
    return bool(abs(second - 2.0 * first + n_points) <= _CONSTANT * n_points)


def _bends(log_odds: Float) -> Float:
    """h(1 - h)."""
    return np.asarray(sigmoid(log_odds) * sigmoid(-log_odds))


def _unit_diagonal(matrix: Float) -> Float:
    """The roots of the diagonal: in these units no verdict depends on the units of the data."""
    diagonal = np.diag(matrix)
    return np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))


def _inverse(matrix: Float) -> Float:
    units = _unit_diagonal(matrix)
    scaled = matrix / np.outer(units, units)
    eigenvalues = np.linalg.eigvalsh(scaled)
    if not eigenvalues[0] > len(matrix) * np.finfo(float).eps * eigenvalues[-1]:
        spread = f"eigenvalues from {eigenvalues[0]:.3g} to {eigenvalues[-1]:.3g} at unit diagonal"
        raise ValueError(
            f"fit: its information matrix is singular, {spread}; draw more data or noise"
        )
    inverse = np.asarray(np.linalg.inv(scaled), dtype=np.float64) / np.outer(units, units)
    return 0.5 * (inverse + inverse.T)
