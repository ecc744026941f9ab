"""Slips inside the integrals of the asymptotic covariance: which weight, over which law, by which model and which noise."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit

from nce_ref._checks import Float
from nce_ref.oracle.mistakes.base import Mistake
from nce_ref.oracle.mistakes.making import covariance_made_by
from nce_ref.oracle.textbook_covariance import CovarianceSteps, corrected_by, noise_posterior

_P = "P = nu p_n/(p_d + nu p_n)"
_I = f"I = E_d[P g g'], m = E_d[P g], {_P}"


def _no_nu(log_data: Float, log_noise: Float, nu: float) -> Float:
    return noise_posterior(log_data, log_noise, 1.0)


def _nu_inverted(log_data: Float, log_noise: Float, nu: float) -> Float:
    return noise_posterior(log_data, log_noise, 1.0 / nu)


def _data_posterior(log_data: Float, log_noise: Float, nu: float) -> Float:
    return np.exp(log_data) * expit(log_data - log_noise - math.log(nu))


def _logistic_over_data(log_data: Float, log_noise: Float, nu: float) -> Float:
    return noise_posterior(log_data, log_noise, nu) * expit(log_data - log_noise - math.log(nu))


def _logistic_over_both(log_data: Float, log_noise: Float, nu: float) -> Float:
    return noise_posterior(log_data, log_noise, nu) / (1.0 + nu)


def _data_alone(log_data: Float, log_noise: Float, nu: float) -> Float:
    return np.exp(log_data)


def _over_noise(log_data: Float, log_noise: Float, nu: float) -> Float:
    return np.exp(log_noise) * expit(math.log(nu) + log_noise - log_data)


def _over_noise_per_noise(log_data: Float, log_noise: Float, nu: float) -> Float:
    return noise_posterior(log_data, log_noise, nu) / nu


def _centred(B: Float, mean: Float, cov: Float) -> tuple[Float, float]:
    return np.zeros_like(mean), 0.0


def _no_2pi(B: Float, mean: Float, cov: Float) -> tuple[Float, float]:
    return mean, 0.5 * len(mean) * math.log(2.0 * math.pi)


def _no_log_det(B: Float, mean: Float, cov: Float) -> tuple[Float, float]:
    return mean, 0.5 * float(np.linalg.slogdet(cov)[1])


def _c_zero(B: Float, mean: Float, cov: Float) -> tuple[Float, float]:
    """ln p_n - (ln p_m - c) is ln p_n + c - ln p_m."""
    return mean, float(np.linalg.slogdet(B)[1]) - 0.5 * len(B) * math.log(2.0)


def _of_sources(B: Float, mean: Float, cov: Float) -> tuple[Float, float]:
    """ln p_n - (ln p_d - ln|det B|) is ln p_n + ln|det B| - ln p_d."""
    return mean, float(np.linalg.slogdet(B)[1])


_MISTAKES: tuple[tuple[CovarianceSteps, str, str, str, str], ...] = (
    (
        CovarianceSteps(_no_nu),
        "cov-P-no-nu",
        "P without nu, P_1 = p_n/(p_d + p_n), at any nu",
        "The standard errors of B are those of nu = 1: too large above it, too small below. Nothing to see at nu = 1.",
        f"{_P}; the slip: p_n/(p_d + p_n)",
    ),
    (
        CovarianceSteps(_nu_inverted),
        "cov-P-nu-inverted",
        "P with nu on the other density: p_n/(nu p_d + p_n)",
        "More noise seems to make the estimate worse. Nothing to see at nu = 1.",
        f"{_P}; the slip: p_n/(nu p_d + p_n)",
    ),
    (
        CovarianceSteps(_data_posterior),
        "cov-P-of-data",
        "the posterior probability of data, h, in the place of that of noise",
        "Noise that is easily told from data seems the best there is.",
        f"{_P}; the slip: h = p_d/(p_d + nu p_n)",
    ),
    (
        CovarianceSteps(_logistic_over_data),
        "cov-weight-h-P",
        "the weights h (1 - h) of a logistic regression, but averaged over the data points alone",
        "I is too small and every variance too large: the noise points' share of the information is forgotten.",
        f"{_I}; the slip: E_d[h (1 - h) g g'], without the noise's nu E_n[h (1 - h) g g']",
    ),
    (
        CovarianceSteps(_logistic_over_both),
        "cov-information-per-point",
        "I per point of either class, as the mean over all points of h (1 - h) g g', and the correction per data point",
        "The variances of B are too large by 1 + nu.",
        f"{_I}, a sum over both classes divided by n_data; the slip: divided by n_data + n_noise",
    ),
    (
        CovarianceSteps(_data_alone),
        "cov-no-P",
        "P is left out: I = E_d[g g']",
        "The standard errors of B are those of maximum likelihood, whatever the noise is: too small.",
        f"{_I}; the slip: E_d[g g'] and E_d[g]",
    ),
    (
        CovarianceSteps(
            _data_alone, sandwich=lambda information, nu: corrected_by(1.0, information)
        ),
        "cov-cramer-rao",
        "the Cramer-Rao bound is returned, which NCE reaches as nu grows without bound",
        "All standard errors are too small: what the noise sample adds is left out.",
        f"{_I}; the slip: the inverse of the Fisher information, c by the delta method",
    ),
    (
        CovarianceSteps(_over_noise),
        "cov-over-noise",
        "the expectation is over the noise instead of the data",
        "A matter of the noise's law: too small or too large. Nothing to see where the noise is the data's law.",
        f"{_I}; the slip: E_n[P g g'] for E_d[P g g']",
    ),
    (
        CovarianceSteps(_over_noise_per_noise),
        "cov-over-noise-no-nu",
        "the expectation is over the noise, with h for P as it should be, but without nu in front",
        "The variances of B are off by nu. Nothing to see at nu = 1.",
        f"{_I}, the same as nu E_n[h g g']; the slip: E_n[h g g']",
    ),
    (
        CovarianceSteps(scale=1.0),
        "cov-laplace-scale",
        "the model is exp(-|s|) instead of exp(-sqrt(2)|s|)",
        "The variances are those of data twice as wide in variance.",
        "p_d = |det B| 2^(-n/2) exp(-sqrt(2) sum_i |b_i . u|); the slip: without sqrt(2)",
    ),
    (
        CovarianceSteps(slope=1.0),
        "cov-gradient-no-sqrt2",
        "g is written by hand without the model's sqrt(2)",
        "The variances of B are twice too large, the covariances with c by sqrt(2).",
        "g_B = -sqrt(2) sign(B u) u'; the slip: -sign(B u) u'",
    ),
    (
        CovarianceSteps(noise=_centred),
        "cov-noise-no-mean",
        "noise_mean is ignored: the noise is taken as centred",
        "The standard errors are those of other noise, mostly too small. Nothing to see where the noise is centred.",
        "p_n = N(noise_mean, noise_cov); the slip: N(0, noise_cov)",
    ),
    (
        CovarianceSteps(noise=_no_2pi),
        "cov-noise-no-2pi",
        "p_n without (2 pi)^(-n/2) inside P",
        "The standard errors are those of (2 pi)^(n/2) times as much noise.",
        "ln p_n ends with -(n/2) ln 2 pi, in P too; the slip: without it",
    ),
    (
        CovarianceSteps(noise=_no_log_det),
        "cov-noise-no-logdet",
        "p_n without det(noise_cov)^(-1/2) inside P",
        "The standard errors are those of another amount of noise. Nothing to see where det noise_cov = 1.",
        "ln p_n has -1/2 ln det noise_cov, in P too; the slip: without it",
    ),
    (
        CovarianceSteps(noise=_c_zero),
        "cov-c-zero",
        "p_d inside P is the unnormalised model: c = 0",
        "The standard errors are those of another amount of noise. Nothing to see where Z = 1.",
        "P at the truth, c = ln|det B| - (n/2) ln 2; the slip: c = 0",
    ),
    (
        CovarianceSteps(noise=_of_sources),
        "cov-P-of-sources",
        "p_d inside P is the density of the sources, without |det B|; p_n is that of the points",
        "The standard errors are those of |det B| times as much noise. Nothing to see where |det B| = 1.",
        "p_d(u) = |det B| p_s(B u), inside P too; the slip: p_s(B u)",
    ),
)

COVARIANCE_INTEGRALS: tuple[Mistake, ...] = tuple(
    covariance_made_by(steps, id, title, effect=effect, fix=fix)
    for steps, id, title, effect, fix in _MISTAKES
)
