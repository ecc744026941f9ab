r"""Standard errors of ranking and conditional NCE from a fit; CONTRASTIVE.md derives both.

Ranking:       Sigma = I_k^{-1},   I_k = (1/n_data) sum_i Cov_{w_i}(g), minus the Hessian off the kinks
Conditional:   Sigma = H^{-1} V H^{-1},   H minus the Hessian off the kinks, V = (1/n_data) sum_i psi_i psi_i^T, psi_i the gradient of row i
Robust:        Sigma = H^{-1} V H^{-1} for both, psi less its mean; what kinks add to H is in ``row_kinks.py``

psi_i = sum_j p_ij (g(x_i) - g(y_ij)) is a mean over the datum's k terms: what they share, through x_i, is in V.

Conventions
-----------
covariance   (n_params - 1, n_params - 1)   of alpha-hat, times n_data; ``with_c`` makes it (n_params, n_params)
"""  # noqa: E501

from __future__ import annotations

import math

import numpy as np

from nce_ref._checks import Float
from nce_ref.estimators.kink_curvature import KinkCurvature
from nce_ref.estimators.row_kinks import row_kinks
from nce_ref.objectives.conditional import ConditionalObjective
from nce_ref.objectives.pairs import PairedObjective
from nce_ref.objectives.without_c import knows_normalizer


def contrastive_form(
    problem: PairedObjective, theta: Float, robust: bool
) -> tuple[str, Float, Float]:
    """Return the method's name, H off the kinks and V, where Sigma = H^{-1} V H^{-1}; V = H where H^{-1} is meant."""
    alpha = theta[:-1]
    hessian = -problem.expand(alpha).hessian
    if not robust and not isinstance(problem, ConditionalObjective):
        return "objective's Hessian", hessian, hessian
    spread, mean = np.zeros_like(hessian), np.zeros(len(alpha))
    for psi in problem.row_gradients(alpha):
        spread += psi.T @ psi
        mean += psi.sum(axis=0)
    spread /= problem.n_data
    mean /= problem.n_data
    return "sandwich H^-1 V H^-1", hessian, spread - np.outer(mean, mean)


def with_c(problem: PairedObjective, theta: Float, covariance: Float) -> tuple[Float, str]:
    """The covariance with c's row: by the delta method for c = -ln Z(alpha), or, where c is not identified, an infinite
    variance."""
    if knows_normalizer(problem.model, theta):
        slope = -np.asarray(problem.model.log_normalizer_gradient(theta))[:-1]
        rows = np.vstack([np.eye(len(slope)), slope])
        return rows @ covariance @ rows.T, "c by the delta method"
    whole = np.zeros((len(theta), len(theta)))
    whole[:-1, :-1] = covariance
    whole[-1, -1] = math.inf
    return whole, "c is not identified: its variance is infinite"


def contrastive_kinks(problem: PairedObjective, theta: Float) -> KinkCurvature | None:
    """What kinks add to H, in the coordinates of theta; None for a model without any."""
    once, G = problem.whole_pass(theta[:-1])
    kinks = once.kinks()
    if not len(kinks.arguments):
        return None
    return row_kinks(kinks, G, isinstance(problem, ConditionalObjective), len(theta))
