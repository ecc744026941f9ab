"""Slips in the asymptotic covariance after the integrals: the correction, the sandwich, the scale, the order of the entries.

Since g_c = 1, m is I's column of c, I^-1 m is the unit vector of c, and the correction is (1 + 1/nu) in Sigma_cc and nothing
anywhere else. So the standard errors of B are right under any slip in it: a test of B's alone sees none of them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.mistakes.base import Mistake
from nce_ref.oracle.mistakes.making import covariance_made_by
from nce_ref.oracle.textbook_covariance import (
    CovarianceSteps,
    Finish,
    Sandwich,
    corrected,
    corrected_by,
)

_RIGHT = "Sigma = I^-1 - (1 + 1/nu) I^-1 m m' I^-1, m = E_d[P g]"
_OF_B = "The standard errors of B are right."


def _factor(of_nu: Callable[[float], float]) -> Sandwich:
    return lambda information, nu: corrected_by(of_nu(nu), information)


def _score_variance(information: Float, nu: float) -> Float:
    m = information[:, -1]
    return np.asarray(information - (1.0 + 1.0 / nu) * np.outer(m, m))


def _inverse_of_score_variance(information: Float, nu: float) -> Float:
    return np.asarray(np.linalg.inv(_score_variance(information, nu)))


def _c_known(information: Float, nu: float) -> Float:
    """The covariance of B's estimate where c is not estimated; c's row is 0."""
    inverse, m = np.linalg.inv(information[:-1, :-1]), information[:-1, -1]
    found = np.zeros_like(information)
    found[:-1, :-1] = inverse - (1.0 + 1.0 / nu) * np.outer(inverse @ m, inverse @ m)
    return found


def _outside(information: Float, nu: float) -> Float:
    """m m' beside I^-1 instead of inside it."""
    m = information[:, -1]
    return np.asarray(np.linalg.inv(information) - (1.0 + 1.0 / nu) * np.outer(m, m))


def _correlation(sigma: Float, B: Float, nu: float) -> Float:
    deviations = np.sqrt(np.diag(sigma))
    return sigma / np.outer(deviations, deviations)


def _c_of_other_sign(sigma: Float, B: Float, nu: float) -> Float:
    sign = np.append(np.ones(len(sigma) - 1), -1.0)
    return sigma * np.outer(sign, sign)


def _reordered(order: Callable[[int], Float]) -> Finish:
    def finish(sigma: Float, B: Float, nu: float) -> Float:
        places = order(len(B)).astype(int)
        return sigma[np.ix_(places, places)]

    return finish


def _columns_first(n: int) -> Float:
    return np.append(np.arange(n * n).reshape(n, n).T, n * n)


def _c_first(n: int) -> Float:
    return np.append(n * n, np.arange(n * n))


def _by_other_side(sigma: Float, B: Float, nu: float) -> Float:
    """Sigma in source coordinates, carried to B by B in the place of B'."""
    turn = np.eye(len(sigma))
    turn[:-1, :-1] = np.kron(np.eye(len(B)), B)
    return np.asarray(turn @ sigma @ turn.T)


def _normalised_score(sigma: Float, B: Float, nu: float) -> Float:
    """g_B + B^-T g_c for g_B: another c, c - ln|det B| to first order, beside the same B."""
    turn = np.eye(len(sigma))
    turn[-1, :-1] = -np.linalg.inv(B).T.ravel()
    return np.asarray(turn @ sigma @ turn.T)


_MISTAKES: tuple[tuple[CovarianceSteps, str, str, str, str], ...] = (
    (
        CovarianceSteps(sandwich=_factor(lambda nu: 0.0)),
        "cov-no-correction",
        "the correction is left out: I^-1 alone, as for a likelihood, or as a logistic regression on the two classes reports it",
        f"The variance of c is too large by 1 + 1/nu. {_OF_B}",
        "Sigma = I^-1",
    ),
    (
        CovarianceSteps(sandwich=_factor(lambda nu: -1.0 - 1.0 / nu)),
        "cov-correction-sign",
        "the correction is added instead of subtracted",
        f"The variance of c is too large by 2 (1 + 1/nu). {_OF_B}",
        "+ (1 + 1/nu)",
    ),
    (
        CovarianceSteps(sandwich=_factor(lambda nu: 2.0)),
        "cov-correction-equal-sizes",
        "the correction's factor is 2, that of as many noise as data points, at any nu",
        f"The variance of c is off by 1 - 1/nu, and can come out negative. {_OF_B} Nothing to see at nu = 1, the 2010 paper's case.",
        "2 for 1 + 1/nu",
    ),
    (
        CovarianceSteps(sandwich=_factor(lambda nu: 1.0)),
        "cov-correction-data-only",
        "the correction's factor is 1: what the finite number of data points takes off, without the noise's 1/nu",
        f"The variance of c is too large by 1/nu. {_OF_B} Less to see the larger nu is.",
        "1 for 1 + 1/nu",
    ),
    (
        CovarianceSteps(sandwich=_factor(lambda nu: 1.0 / nu)),
        "cov-correction-noise-only",
        "the correction's factor is 1/nu: what the finite number of noise points takes off, without the data's 1",
        f"The variance of c is too large by 1. {_OF_B}",
        "1/nu for 1 + 1/nu",
    ),
    (
        CovarianceSteps(sandwich=_factor(lambda nu: 1.0 + nu)),
        "cov-correction-nu-inverted",
        "the correction's factor is 1 + nu instead of 1 + 1/nu: nu taken for n_data/n_noise there",
        f"The variance of c is off by nu - 1/nu, and can come out negative. {_OF_B} Nothing to see at nu = 1.",
        "1 + nu for 1 + 1/nu",
    ),
    (
        CovarianceSteps(sandwich=_outside),
        "cov-correction-not-solved",
        "m m' is subtracted as it is, without I^-1 on either side",
        "The variances of B are too small and can come out negative; that of c is too large.",
        "- (1 + 1/nu) m m'",
    ),
    (
        CovarianceSteps(sandwich=lambda information, nu: information),
        "cov-information",
        "the information matrix I is returned, not a covariance",
        "What is called a variance is a precision: it grows where the estimate gets better.",
        "I",
    ),
    (
        CovarianceSteps(sandwich=_score_variance),
        "cov-score-variance",
        "the variance of the gradient of J is returned, the inside of the sandwich",
        "It grows where the estimate gets better.",
        "I - (1 + 1/nu) m m'",
    ),
    (
        CovarianceSteps(sandwich=_inverse_of_score_variance),
        "cov-inverse-of-score-variance",
        "the variance of the gradient is inverted, as if it were the information, which it is for a likelihood only",
        f"The variance of c is far too large, without bound where the model is good. {_OF_B}",
        "[I - (1 + 1/nu) m m']^-1",
    ),
    (
        CovarianceSteps(sandwich=_c_known),
        "cov-c-known",
        "c is taken as known: I without c's row and column, zeros in their place",
        "The standard errors of B are too small, since they are those of a normalised model whose c is given.",
        "the same of B's block of I alone",
    ),
    (
        CovarianceSteps(sandwich=lambda information, nu: corrected(information / 2.0, nu)),
        "cov-hessian-of-half",
        "I is taken from the Hessian of J/2, the 2010 paper's J_T, and is half of what it should be",
        "The variances of B are twice too large.",
        "2 I^-1 for I^-1, the 1/2 of J_T",
    ),
    (
        CovarianceSteps(finish=lambda sigma, B, nu: nu * sigma),
        "cov-per-noise-point",
        "per noise point instead of per data point: nu Sigma, to be divided by n_noise",
        "Divided by n_data it is too large by nu, or too small where there is less noise than data. Nothing to see at nu = 1.",
        "nu Sigma",
    ),
    (
        CovarianceSteps(finish=lambda sigma, B, nu: (1.0 + nu) * sigma),
        "cov-per-point",
        "per point of either class instead of per data point: (1 + nu) Sigma, to be divided by n_data + n_noise",
        "Divided by n_data it is too large by 1 + nu.",
        "(1 + nu) Sigma",
    ),
    (
        CovarianceSteps(finish=_correlation),
        "cov-correlation",
        "the correlation matrix is returned",
        "Nothing is said about the size of the errors.",
        "Sigma_ij/sqrt(Sigma_ii Sigma_jj)",
    ),
    (
        CovarianceSteps(finish=lambda sigma, B, nu: np.diag(np.diag(sigma))),
        "cov-diagonal",
        "the variances alone are returned, zeros off the diagonal",
        "The standard errors are right; those of anything made of several entries of B are not.",
        "diag(Sigma)",
    ),
    (
        CovarianceSteps(finish=_reordered(_columns_first)),
        "cov-columns-of-B-first",
        "B's entries are taken column by column instead of row by row",
        "The standard errors belong to the entries of B'. Nothing to see at n = 1; MATLAB, R, Julia and Fortran do so.",
        "theta = (B column by column, c)",
    ),
    (
        CovarianceSteps(finish=_reordered(_c_first)),
        "cov-c-first",
        "c comes first instead of last, as an intercept does",
        "Every standard error belongs to another parameter.",
        "theta = (c, B row by row)",
    ),
    (
        CovarianceSteps(finish=_c_of_other_sign),
        "cov-c-sign",
        "c is ln Z, subtracted from the model: the covariances of c with B have the other sign",
        "A convention rather than an error: the variances are right.",
        "Cov(B, -c) for Cov(B, c)",
    ),
    (
        CovarianceSteps(in_theta=False),
        "cov-source-coordinates",
        "the covariance of dB B^-1 is returned, B's error in source coordinates, as the literature on ICA has it",
        "The errors are relative to B: right where B = I only.",
        "Sigma of dB B^-1 for Sigma of dB",
    ),
    (
        CovarianceSteps(in_theta=False, finish=_by_other_side),
        "cov-other-side",
        "B's error is carried from source coordinates by B in the place of B'",
        "Nothing to see where B is symmetric.",
        "dB_i = B e_i for B' e_i, e_i the rows of dB B^-1",
    ),
    (
        CovarianceSteps(finish=_normalised_score),
        "cov-normalised-score",
        "g_B is the score of the normalised model, with B^-T, although c is a parameter of its own",
        f"The row of c is that of c - ln|det B|: its standard error and its covariances with B are wrong. {_OF_B}",
        "g_B + B^-T for g_B",
    ),
)


COVARIANCE_ALGEBRA: tuple[Mistake, ...] = tuple(
    covariance_made_by(
        steps, id, title, effect=effect, fix=f"{_RIGHT}, per data point; the slip: {slip}"
    )
    for steps, id, title, effect, slip in _MISTAKES
)
