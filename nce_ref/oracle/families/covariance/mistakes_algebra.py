"""Slips in the asymptotic covariance after the integrals: the correction, the sandwich, the scale, the order of the
entries.

Since g_c = 1, m is I's column of c, I^-1 m is the unit vector of c, and the correction is (1 + 1/nu) in Sigma_cc and
nothing anywhere else. So the standard errors of B are right under any slip in it: a test of B's alone sees none of
them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Mistake
from nce_ref.oracle.families.covariance.textbook import (
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


COV_NO_CORRECTION = Mistake(
    "cov-no-correction",
    "the correction is left out: I^-1 alone, as for a likelihood, or as a logistic regression on"
    " the two classes reports it",
    CovarianceSteps(sandwich=_factor(lambda nu: 0.0)),
    effect=f"The variance of c is too large by 1 + 1/nu. {_OF_B}",
    fix=f"{_RIGHT}, per data point; the slip: Sigma = I^-1",
)


COV_CORRECTION_SIGN = Mistake(
    "cov-correction-sign",
    "the correction is added instead of subtracted",
    CovarianceSteps(sandwich=_factor(lambda nu: -1.0 - 1.0 / nu)),
    effect=f"The variance of c is too large by 2 (1 + 1/nu). {_OF_B}",
    fix=f"{_RIGHT}, per data point; the slip: + (1 + 1/nu)",
)


COV_CORRECTION_EQUAL_SIZES = Mistake(
    "cov-correction-equal-sizes",
    "the correction's factor is 2, that of as many noise as data points, at any nu",
    CovarianceSteps(sandwich=_factor(lambda nu: 2.0)),
    effect=(
        f"The variance of c is off by 1 - 1/nu, and can come out negative. {_OF_B} Nothing to see"
        " at nu = 1, the 2010 paper's case."
    ),
    fix=f"{_RIGHT}, per data point; the slip: 2 for 1 + 1/nu",
)


COV_CORRECTION_DATA_ONLY = Mistake(
    "cov-correction-data-only",
    "the correction's factor is 1: what the finite number of data points takes off, without the noise's 1/nu",
    CovarianceSteps(sandwich=_factor(lambda nu: 1.0)),
    effect=f"The variance of c is too large by 1/nu. {_OF_B} Less to see the larger nu is.",
    fix=f"{_RIGHT}, per data point; the slip: 1 for 1 + 1/nu",
)


COV_CORRECTION_NOISE_ONLY = Mistake(
    "cov-correction-noise-only",
    "the correction's factor is 1/nu: what the finite number of noise points takes off, without the data's 1",
    CovarianceSteps(sandwich=_factor(lambda nu: 1.0 / nu)),
    effect=f"The variance of c is too large by 1. {_OF_B}",
    fix=f"{_RIGHT}, per data point; the slip: 1/nu for 1 + 1/nu",
)


COV_CORRECTION_NU_INVERTED = Mistake(
    "cov-correction-nu-inverted",
    "the correction's factor is 1 + nu instead of 1 + 1/nu: nu taken for n_data/n_noise there",
    CovarianceSteps(sandwich=_factor(lambda nu: 1.0 + nu)),
    effect=f"The variance of c is off by nu - 1/nu, and can come out negative. {_OF_B} Nothing to see at nu = 1.",
    fix=f"{_RIGHT}, per data point; the slip: 1 + nu for 1 + 1/nu",
)


def _outside(information: Float, nu: float) -> Float:
    """m m' beside I^-1 instead of inside it."""
    m = information[:, -1]
    return np.asarray(np.linalg.inv(information) - (1.0 + 1.0 / nu) * np.outer(m, m))


COV_CORRECTION_NOT_SOLVED = Mistake(
    "cov-correction-not-solved",
    "m m' is subtracted as it is, without I^-1 on either side",
    CovarianceSteps(sandwich=_outside),
    effect="The variances of B are too small and can come out negative; that of c is too large.",
    fix=f"{_RIGHT}, per data point; the slip: - (1 + 1/nu) m m'",
)


COV_INFORMATION = Mistake(
    "cov-information",
    "the information matrix I is returned, not a covariance",
    CovarianceSteps(sandwich=lambda information, nu: information),
    effect="What is called a variance is a precision: it grows where the estimate gets better.",
    fix=f"{_RIGHT}, per data point; the slip: I",
)


def _score_variance(information: Float, nu: float) -> Float:
    m = information[:, -1]
    return np.asarray(information - (1.0 + 1.0 / nu) * np.outer(m, m))


COV_SCORE_VARIANCE = Mistake(
    "cov-score-variance",
    "the variance of the gradient of J is returned, the inside of the sandwich",
    CovarianceSteps(sandwich=_score_variance),
    effect="It grows where the estimate gets better.",
    fix=f"{_RIGHT}, per data point; the slip: I - (1 + 1/nu) m m'",
)


def _inverse_of_score_variance(information: Float, nu: float) -> Float:
    return np.asarray(np.linalg.inv(_score_variance(information, nu)))


COV_INVERSE_OF_SCORE_VARIANCE = Mistake(
    "cov-inverse-of-score-variance",
    "the variance of the gradient is inverted, as if it were the information, which it is for a likelihood only",
    CovarianceSteps(sandwich=_inverse_of_score_variance),
    effect=f"The variance of c is far too large, without bound where the model is good. {_OF_B}",
    fix=f"{_RIGHT}, per data point; the slip: [I - (1 + 1/nu) m m']^-1",
)


def _c_known(information: Float, nu: float) -> Float:
    """The covariance of B's estimate where c is not estimated; c's row is 0."""
    inverse, m = np.linalg.inv(information[:-1, :-1]), information[:-1, -1]
    found = np.zeros_like(information)
    found[:-1, :-1] = inverse - (1.0 + 1.0 / nu) * np.outer(inverse @ m, inverse @ m)
    return found


COV_C_KNOWN = Mistake(
    "cov-c-known",
    "c is taken as known: I without c's row and column, zeros in their place",
    CovarianceSteps(sandwich=_c_known),
    effect="The standard errors of B are too small, since they are those of a normalised model whose c is given.",
    fix=f"{_RIGHT}, per data point; the slip: the same of B's block of I alone",
)


COV_HESSIAN_OF_HALF = Mistake(
    "cov-hessian-of-half",
    "I is taken from the Hessian of J/2, the 2010 paper's J_T, and is half of what it should be",
    CovarianceSteps(sandwich=lambda information, nu: corrected(information / 2.0, nu)),
    effect="The variances of B are twice too large.",
    fix=f"{_RIGHT}, per data point; the slip: 2 I^-1 for I^-1, the 1/2 of J_T",
)


COV_PER_NOISE_POINT = Mistake(
    "cov-per-noise-point",
    "per noise point instead of per data point: nu Sigma, to be divided by n_noise",
    CovarianceSteps(returned=lambda sigma, B, nu: nu * sigma),
    effect=(
        "Divided by n_data it is too large by nu, or too small where there is less noise than data."
        " Nothing to see at nu = 1."
    ),
    fix=f"{_RIGHT}, per data point; the slip: nu Sigma",
)


COV_PER_POINT = Mistake(
    "cov-per-point",
    "per point of either class instead of per data point: (1 + nu) Sigma, to be divided by n_data + n_noise",
    CovarianceSteps(returned=lambda sigma, B, nu: (1.0 + nu) * sigma),
    effect="Divided by n_data it is too large by 1 + nu.",
    fix=f"{_RIGHT}, per data point; the slip: (1 + nu) Sigma",
)


def _correlation(sigma: Float, B: Float, nu: float) -> Float:
    deviations = np.sqrt(np.diag(sigma))
    return sigma / np.outer(deviations, deviations)


COV_CORRELATION = Mistake(
    "cov-correlation",
    "the correlation matrix is returned",
    CovarianceSteps(returned=_correlation),
    effect="Nothing is said about the size of the errors.",
    fix=f"{_RIGHT}, per data point; the slip: Sigma_ij/sqrt(Sigma_ii Sigma_jj)",
)


COV_DIAGONAL = Mistake(
    "cov-diagonal",
    "the variances alone are returned, zeros off the diagonal",
    CovarianceSteps(returned=lambda sigma, B, nu: np.diag(np.diag(sigma))),
    effect="The standard errors are right; those of anything made of several entries of B are not.",
    fix=f"{_RIGHT}, per data point; the slip: diag(Sigma)",
)


def _reordered(order: Callable[[int], Float]) -> Finish:
    def finish(sigma: Float, B: Float, nu: float) -> Float:
        places = order(len(B)).astype(int)
        return sigma[np.ix_(places, places)]

    return finish


def _columns_first(n: int) -> Float:
    return np.append(np.arange(n * n).reshape(n, n).T, n * n)


COV_COLUMNS_OF_B_FIRST = Mistake(
    "cov-columns-of-B-first",
    "B's entries are taken column by column instead of row by row",
    CovarianceSteps(returned=_reordered(_columns_first)),
    effect=(
        "The standard errors belong to the entries of B'. Nothing to see at n = 1; MATLAB, R, Julia"
        " and Fortran do so."
    ),
    fix=f"{_RIGHT}, per data point; the slip: theta = (B column by column, c)",
)


def _c_first(n: int) -> Float:
    return np.append(n * n, np.arange(n * n))


COV_C_FIRST = Mistake(
    "cov-c-first",
    "c comes first instead of last, as an intercept does",
    CovarianceSteps(returned=_reordered(_c_first)),
    effect="Every standard error belongs to another parameter.",
    fix=f"{_RIGHT}, per data point; the slip: theta = (c, B row by row)",
)


def _c_of_other_sign(sigma: Float, B: Float, nu: float) -> Float:
    sign = np.append(np.ones(len(sigma) - 1), -1.0)
    return sigma * np.outer(sign, sign)


COV_C_SIGN = Mistake(
    "cov-c-sign",
    "c is ln Z, subtracted from the model: the covariances of c with B have the other sign",
    CovarianceSteps(returned=_c_of_other_sign),
    effect="A convention rather than an error: the variances are right.",
    fix=f"{_RIGHT}, per data point; the slip: Cov(B, -c) for Cov(B, c)",
)


COV_SOURCE_COORDINATES = Mistake(
    "cov-source-coordinates",
    "the covariance of dB B^-1 is returned, B's error in source coordinates, as the literature on ICA has it",
    CovarianceSteps(in_theta=False),
    effect="The errors are relative to B: right where B = I only.",
    fix=f"{_RIGHT}, per data point; the slip: Sigma of dB B^-1 for Sigma of dB",
)


def _by_other_side(sigma: Float, B: Float, nu: float) -> Float:
    """Sigma in source coordinates, carried to B by B in the place of B'."""
    turn = np.eye(len(sigma))
    turn[:-1, :-1] = np.kron(np.eye(len(B)), B)
    return np.asarray(turn @ sigma @ turn.T)


COV_OTHER_SIDE = Mistake(
    "cov-other-side",
    "B's error is carried from source coordinates by B in the place of B'",
    CovarianceSteps(in_theta=False, returned=_by_other_side),
    effect="Nothing to see where B is symmetric.",
    fix=f"{_RIGHT}, per data point; the slip: dB_i = B e_i for B' e_i, e_i the rows of dB B^-1",
)


def _normalised_score(sigma: Float, B: Float, nu: float) -> Float:
    """g_B + B^-T g_c for g_B: another c, c - ln|det B| to first order, beside the same B."""
    turn = np.eye(len(sigma))
    turn[-1, :-1] = -np.linalg.inv(B).T.ravel()
    return np.asarray(turn @ sigma @ turn.T)


COV_NORMALISED_SCORE = Mistake(
    "cov-normalised-score",
    "g_B is the score of the normalised model, with B^-T, although c is a parameter of its own",
    CovarianceSteps(returned=_normalised_score),
    effect=f"The row of c is that of c - ln|det B|: its standard error and its covariances with B are wrong. {_OF_B}",
    fix=f"{_RIGHT}, per data point; the slip: g_B + B^-T for g_B",
)


MISTAKES = (
    COV_NO_CORRECTION,
    COV_CORRECTION_SIGN,
    COV_CORRECTION_EQUAL_SIZES,
    COV_CORRECTION_DATA_ONLY,
    COV_CORRECTION_NOISE_ONLY,
    COV_CORRECTION_NU_INVERTED,
    COV_CORRECTION_NOT_SOLVED,
    COV_INFORMATION,
    COV_SCORE_VARIANCE,
    COV_INVERSE_OF_SCORE_VARIANCE,
    COV_C_KNOWN,
    COV_HESSIAN_OF_HALF,
    COV_PER_NOISE_POINT,
    COV_PER_POINT,
    COV_CORRELATION,
    COV_DIAGONAL,
    COV_COLUMNS_OF_B_FIRST,
    COV_C_FIRST,
    COV_C_SIGN,
    COV_SOURCE_COORDINATES,
    COV_OTHER_SIDE,
    COV_NORMALISED_SCORE,
)
