"""Slips inside the integrals of the asymptotic covariance: which weight, over which law, by which model and which
noise."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Mistake
from nce_ref.oracle.families.covariance.textbook import (
    CovarianceSteps,
    corrected_by,
    noise_posterior,
)


def _no_nu(log_data: Float, log_noise: Float, nu: float) -> Float:
    return noise_posterior(log_data, log_noise, 1.0)


_P = "P = nu p_n/(p_d + nu p_n)"


COV_P_NO_NU = Mistake(
    "cov-P-no-nu",
    "P without nu, P_1 = p_n/(p_d + p_n), at any nu",
    CovarianceSteps(_no_nu),
    effect=(
        "The standard errors of B are those of nu = 1: too large above it, too small below. Nothing"
        " to see at nu = 1."
    ),
    fix=f"{_P}; the slip: p_n/(p_d + p_n)",
)


def _nu_inverted(log_data: Float, log_noise: Float, nu: float) -> Float:
    return noise_posterior(log_data, log_noise, 1.0 / nu)


COV_P_NU_INVERTED = Mistake(
    "cov-P-nu-inverted",
    "P with nu on the other density: p_n/(nu p_d + p_n)",
    CovarianceSteps(_nu_inverted),
    effect="More noise seems to make the estimate worse. Nothing to see at nu = 1.",
    fix=f"{_P}; the slip: p_n/(nu p_d + p_n)",
)


def _data_posterior(log_data: Float, log_noise: Float, nu: float) -> Float:
    return np.exp(log_data) * expit(log_data - log_noise - math.log(nu))


COV_P_OF_DATA = Mistake(
    "cov-P-of-data",
    "the posterior probability of data, h, in the place of that of noise",
    CovarianceSteps(_data_posterior),
    effect="Noise that is easily told from data seems the best there is.",
    fix=f"{_P}; the slip: h = p_d/(p_d + nu p_n)",
)


def _logistic_over_data(log_data: Float, log_noise: Float, nu: float) -> Float:
    return noise_posterior(log_data, log_noise, nu) * expit(log_data - log_noise - math.log(nu))


_I = f"I = E_d[P g g'], m = E_d[P g], {_P}"


COV_WEIGHT_H_P = Mistake(
    "cov-weight-h-P",
    "the weights h (1 - h) of a logistic regression, but averaged over the data points alone",
    CovarianceSteps(_logistic_over_data),
    effect="I is too small and every variance too large: the noise points' share of the information is forgotten.",
    fix=f"{_I}; the slip: E_d[h (1 - h) g g'], without the noise's nu E_n[h (1 - h) g g']",
)


def _logistic_over_both(log_data: Float, log_noise: Float, nu: float) -> Float:
    return noise_posterior(log_data, log_noise, nu) / (1.0 + nu)


COV_INFORMATION_PER_POINT = Mistake(
    "cov-information-per-point",
    "I per point of either class, as the mean over all points of h (1 - h) g g', and the correction per data point",
    CovarianceSteps(_logistic_over_both),
    effect="The variances of B are too large by 1 + nu.",
    fix=f"{_I}, a sum over both classes divided by n_data; the slip: divided by n_data + n_noise",
)


def _data_alone(log_data: Float, log_noise: Float, nu: float) -> Float:
    return np.exp(log_data)


COV_NO_P = Mistake(
    "cov-no-P",
    "P is left out: I = E_d[g g']",
    CovarianceSteps(_data_alone),
    effect="The standard errors of B are those of maximum likelihood, whatever the noise is: too small.",
    fix=f"{_I}; the slip: E_d[g g'] and E_d[g]",
)


COV_CRAMER_RAO = Mistake(
    "cov-cramer-rao",
    "the Cramer-Rao bound is returned, which NCE reaches as nu grows without bound",
    CovarianceSteps(_data_alone, sandwich=lambda information, nu: corrected_by(1.0, information)),
    effect="All standard errors are too small: what the noise sample adds is left out.",
    fix=f"{_I}; the slip: the inverse of the Fisher information, c by the delta method",
)


def _over_noise(log_data: Float, log_noise: Float, nu: float) -> Float:
    return np.exp(log_noise) * expit(math.log(nu) + log_noise - log_data)


COV_OVER_NOISE = Mistake(
    "cov-over-noise",
    "the expectation is over the noise instead of the data",
    CovarianceSteps(_over_noise),
    effect="A matter of the noise's law: too small or too large. Nothing to see where the noise is the data's law.",
    fix=f"{_I}; the slip: E_n[P g g'] for E_d[P g g']",
)


def _over_noise_per_noise(log_data: Float, log_noise: Float, nu: float) -> Float:
    return noise_posterior(log_data, log_noise, nu) / nu


COV_OVER_NOISE_NO_NU = Mistake(
    "cov-over-noise-no-nu",
    "the expectation is over the noise, with h for P as it should be, but without nu in front",
    CovarianceSteps(_over_noise_per_noise),
    effect="The variances of B are off by nu. Nothing to see at nu = 1.",
    fix=f"{_I}, the same as nu E_n[h g g']; the slip: E_n[h g g']",
)


COV_LAPLACE_SCALE = Mistake(
    "cov-laplace-scale",
    "the model is exp(-|s|) instead of exp(-sqrt(2)|s|)",
    CovarianceSteps(scale=1.0),
    effect="The variances are those of data twice as wide in variance.",
    fix="p_d = |det B| 2^(-n/2) exp(-sqrt(2) sum_i |b_i . u|); the slip: without sqrt(2)",
)


COV_GRADIENT_NO_SQRT2 = Mistake(
    "cov-gradient-no-sqrt2",
    "g is written by hand without the model's sqrt(2)",
    CovarianceSteps(slope=1.0),
    effect="The variances of B are twice too large, the covariances with c by sqrt(2).",
    fix="g_B = -sqrt(2) sign(B u) u'; the slip: -sign(B u) u'",
)


def _centred(B: Float, mean: Float, cov: Float) -> tuple[Float, float]:
    return np.zeros_like(mean), 0.0


COV_NOISE_NO_MEAN = Mistake(
    "cov-noise-no-mean",
    "noise_mean is ignored: the noise is taken as centred",
    CovarianceSteps(noise=_centred),
    effect="The standard errors are those of other noise, mostly too small. Nothing to see where the noise is centred.",
    fix="p_n = N(noise_mean, noise_cov); the slip: N(0, noise_cov)",
)


def _no_2pi(B: Float, mean: Float, cov: Float) -> tuple[Float, float]:
    return mean, 0.5 * len(mean) * math.log(2.0 * math.pi)


COV_NOISE_NO_2PI = Mistake(
    "cov-noise-no-2pi",
    "p_n without (2 pi)^(-n/2) inside P",
    CovarianceSteps(noise=_no_2pi),
    effect="The standard errors are those of (2 pi)^(n/2) times as much noise.",
    fix="ln p_n ends with -(n/2) ln 2 pi, in P too; the slip: without it",
)


def _no_log_det(B: Float, mean: Float, cov: Float) -> tuple[Float, float]:
    return mean, 0.5 * float(np.linalg.slogdet(cov)[1])


COV_NOISE_NO_LOGDET = Mistake(
    "cov-noise-no-logdet",
    "p_n without det(noise_cov)^(-1/2) inside P",
    CovarianceSteps(noise=_no_log_det),
    effect="The standard errors are those of another amount of noise. Nothing to see where det noise_cov = 1.",
    fix="ln p_n has -1/2 ln det noise_cov, in P too; the slip: without it",
)


def _c_zero(B: Float, mean: Float, cov: Float) -> tuple[Float, float]:
    """ln p_n - (ln p_m - c) is ln p_n + c - ln p_m."""
    return mean, float(np.linalg.slogdet(B)[1]) - 0.5 * len(B) * math.log(2.0)


COV_C_ZERO = Mistake(
    "cov-c-zero",
    "p_d inside P is the unnormalised model: c = 0",
    CovarianceSteps(noise=_c_zero),
    effect="The standard errors are those of another amount of noise. Nothing to see where Z = 1.",
    fix="P at the truth, c = ln|det B| - (n/2) ln 2; the slip: c = 0",
)


def _of_sources(B: Float, mean: Float, cov: Float) -> tuple[Float, float]:
    """ln p_n - (ln p_d - ln|det B|) is ln p_n + ln|det B| - ln p_d."""
    return mean, float(np.linalg.slogdet(B)[1])


COV_P_OF_SOURCES = Mistake(
    "cov-P-of-sources",
    "p_d inside P is the density of the sources, without |det B|; p_n is that of the points",
    CovarianceSteps(noise=_of_sources),
    effect="The standard errors are those of |det B| times as much noise. Nothing to see where |det B| = 1.",
    fix="p_d(u) = |det B| p_s(B u), inside P too; the slip: p_s(B u)",
)


MISTAKES = (
    COV_P_NO_NU,
    COV_P_NU_INVERTED,
    COV_P_OF_DATA,
    COV_WEIGHT_H_P,
    COV_INFORMATION_PER_POINT,
    COV_NO_P,
    COV_CRAMER_RAO,
    COV_OVER_NOISE,
    COV_OVER_NOISE_NO_NU,
    COV_LAPLACE_SCALE,
    COV_GRADIENT_NO_SQRT2,
    COV_NOISE_NO_MEAN,
    COV_NOISE_NO_2PI,
    COV_NOISE_NO_LOGDET,
    COV_C_ZERO,
    COV_P_OF_SOURCES,
)
