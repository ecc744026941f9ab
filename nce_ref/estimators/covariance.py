r"""Standard errors from a fit, under the assumption that the model is right: p_d = p_m(.; theta*) for some theta*.

NCE, with c free:   Sigma = I^{-1} - (1 + 1/nu) e_c e_c^T,   I = (1/n_data) sum over x and y of h(1 - h) g g^T

which is the asymptotic covariance of J12 with I_nu^{-1} E[P_nu g] = e_c put in (true wherever c is free) and I_nu
estimated by the objective's own Hessian. It is positive semidefinite in every sample at a stationary point: there
sum h = n_data over both samples, so by Jensen I_cc <= nu/(1 + nu).

Maximum likelihood: the Cramer-Rao bound at the fit (``asymptotics.cramer_rao_bound``), c by the delta method.

Conventions
-----------
covariance       (n_params, n_params)   of theta-hat: Sigma / n_data
standard_errors  (n_params,)            B row by row, then c
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nce_ref._checks import Float
from nce_ref.asymptotics import cramer_rao_bound
from nce_ref.estimators.fit import Fit
from nce_ref.objectives.likelihood import LikelihoodObjective
from nce_ref.objectives.nce import NCEObjective


@dataclass(frozen=True, eq=False)
class EstimatedCovariance:
    """``covariance`` of theta-hat, ``standard_errors`` the roots of its diagonal, ``method`` in words."""

    covariance: Float
    standard_errors: Float
    method: str


def estimate_covariance(fit: Fit, *, rng: np.random.Generator | None = None) -> EstimatedCovariance:
    """Return Sigma / n_data at the fit. Assumes a correct model; for a wrong one the spread may be larger or smaller.

    Too small for n_data below some 2000 with Laplace ICA, whose kinks make the approach to the limit slow (facts: at
    nu = 1 the squared error exceeds it by 20 % at 2000). For maximum likelihood an estimate whose B is badly
    conditioned gives a covariance as badly conditioned. ``rng`` serves a maximum-likelihood fit of a model of your own that
    offers no closed moments (``asymptotics.cramer_rao_bound``); the models here need none.
    Raises ValueError where the fit has not converged, since nothing is known about such a point, or where the curvature
    is singular.
    """
    if not fit.converged:
        raise ValueError(
            f"fit: not converged ({fit.status}: {fit.message}); expected a certified local maximum"
        )
    problem = fit.problem
    if isinstance(problem, NCEObjective):
        hessian = problem.expand(fit.theta).hessian
        covariance = _inverse(-hessian)
        covariance[-1, -1] -= 1.0 + 1.0 / problem.nu
        method = "objective's Hessian, less (1 + 1/nu) for c"
    elif isinstance(problem, LikelihoodObjective):
        covariance = cramer_rao_bound(problem.model, fit.theta, rng=rng).covariance.copy()
        method = "Cramer-Rao bound at the fit, c by the delta method"
    else:
        raise ValueError(f"fit: of {type(problem).__name__}; expected a fit by fit_nce or fit_mle")
    covariance /= problem.n_data
    return EstimatedCovariance(covariance, np.sqrt(np.maximum(np.diag(covariance), 0.0)), method)


def _inverse(matrix: Float) -> Float:
    eigenvalues = np.linalg.eigvalsh(matrix)
    if eigenvalues[0] <= len(matrix) * np.finfo(float).eps * eigenvalues[-1]:
        spread = f"eigenvalues from {eigenvalues[0]:.3g} to {eigenvalues[-1]:.3g}"
        raise ValueError(
            f"fit: its information matrix is singular, {spread}; draw more data or noise"
        )
    inverse = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    return 0.5 * (inverse + inverse.T)
