"""Slips in the noise's Gaussian log-density: constants that c absorbs in silence, and shapes that it cannot absorb."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.densities.textbook import GaussianSteps


class _Constant(GaussianSteps):
    """ln p_n with its two constants multiplied by factors; right: 1 and 1."""

    def __init__(self, of_2pi: float, of_log_det: float) -> None:
        self.of_2pi, self.of_log_det = of_2pi, of_log_det

    def gaussian_constant(self, n_dim: int) -> float:
        return self.of_2pi * super().gaussian_constant(n_dim)

    def half_log_det(self, cov: Array) -> Any:
        return self.of_log_det * super().half_log_det(cov)


_STAYS = "B stays right."

_RIGHT = "ln p_n = -1/2 (u - mean)' cov^-1 (u - mean) - 1/2 ln det cov - (n/2) ln 2 pi"

GAUSS_NO_2PI = Mistake(
    "gauss-no-2pi",
    "the Gaussian log-density without -(n/2) ln 2 pi",
    _Constant(0.0, 1.0),
    effect=f"c is off by delta = +(n/2) ln 2 pi, 0.919 n; {_STAYS}",
    fix=f"{_RIGHT}; the slip: without the last term",
)


class _TwoPiOnce(GaussianSteps):
    def gaussian_constant(self, n_dim: int) -> float:
        return super().gaussian_constant(1)


GAUSS_2PI_ONCE = Mistake(
    "gauss-2pi-once",
    "-1/2 ln 2 pi once instead of once a dimension",
    _TwoPiOnce(),
    effect=f"c is off by delta = +((n-1)/2) ln 2 pi; {_STAYS} Nothing to see at n = 1.",
    fix=f"{_RIGHT}; the slip: -1/2 ln 2 pi at the end",
)

GAUSS_2PI_NOT_HALVED = Mistake(
    "gauss-2pi-not-halved",
    "-n ln 2 pi instead of half of it",
    _Constant(2.0, 1.0),
    effect=f"c is off by delta = -(n/2) ln 2 pi; {_STAYS}",
    fix=f"{_RIGHT}; the slip: -n ln 2 pi at the end",
)

GAUSS_NO_LOGDET = Mistake(
    "gauss-no-logdet",
    "the Gaussian log-density without -1/2 ln det cov",
    _Constant(1.0, 0.0),
    effect=(
        f"c is off by delta = +1/2 ln det cov; {_STAYS} Nothing to see where cov = I. Points"
        " whitened before a standard normal density, without the Jacobian, are this."
    ),
    fix=f"{_RIGHT}; the slip: without the middle term",
)

GAUSS_LOGDET_NOT_HALVED = Mistake(
    "gauss-logdet-not-halved",
    "-ln det cov instead of half of it",
    _Constant(1.0, 2.0),
    effect=f"c is off by delta = -1/2 ln det cov; {_STAYS}",
    fix=f"{_RIGHT}; the slip: -ln det cov in the middle",
)

GAUSS_LOGDET_OF_FACTOR = Mistake(
    "gauss-logdet-of-factor",
    "-1/2 ln det L for -ln det L, where cov = L L': halved twice",
    _Constant(1.0, 0.5),
    effect=f"c is off by delta = +1/4 ln det cov; {_STAYS}",
    fix=f"{_RIGHT}, 1/2 ln det cov = sum_i ln L_ii; the slip: 1/2 sum_i ln L_ii",
)

GAUSS_LOGDET_SIGN = Mistake(
    "gauss-logdet-sign",
    "+1/2 ln det cov instead of -1/2 ln det cov",
    _Constant(1.0, -1.0),
    effect=f"c is off by delta = +ln det cov; {_STAYS}",
    fix=f"{_RIGHT}; the slip: the sign of the middle term",
)

GAUSS_UNNORMALISED = Mistake(
    "gauss-unnormalised",
    "the quadratic form alone, without either constant",
    _Constant(0.0, 0.0),
    effect=f"c is off by delta = +1/2 ln det cov + (n/2) ln 2 pi; {_STAYS}",
    fix=f"{_RIGHT}; the slip: the first term alone",
)


class _NoHalf(GaussianSteps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        return 2.0 * super().half_quadratic(d, cov)


_SHAPE = "Not a constant: c cannot absorb it, B and c are both wrong."

GAUSS_NO_HALF = Mistake(
    "gauss-no-half",
    "1/2 forgotten in the quadratic form",
    _NoHalf(),
    effect=_SHAPE + " The noise is taken for half its variance.",
    fix=f"{_RIGHT}; the slip: -(u - mean)' cov^-1 (u - mean)",
)


class _NoMean(GaussianSteps):
    def centred(self, u: Array, mean: Array) -> Array:
        return u


GAUSS_NO_MEAN = Mistake(
    "gauss-no-mean",
    "the mean is not subtracted",
    _NoMean(),
    effect=_SHAPE + " Nothing to see where the noise is centred.",
    fix=f"{_RIGHT}; the slip: u' cov^-1 u",
)


class _NotInverted(GaussianSteps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        return 0.5 * ((d @ cov) * d).sum(axis=1)


GAUSS_NOT_INVERTED = Mistake(
    "gauss-not-inverted",
    "cov instead of its inverse in the quadratic form",
    _NotInverted(),
    effect=_SHAPE,
    fix=f"{_RIGHT}; the slip: (u - mean)' cov (u - mean)",
)


class _PrecisionForCovariance(_NotInverted):
    def half_log_det(self, cov: Array) -> Any:
        return -super().half_log_det(cov)


PRECISION_FOR_COVARIANCE = Mistake(
    "precision-for-covariance",
    "the covariance is taken for the precision matrix, in both terms",
    _PrecisionForCovariance(),
    effect=_SHAPE + " In one dimension a variance of 4 is taken for 1/4.",
    fix=f"{_RIGHT}; the slip: cov^-1 for cov throughout",
)


class _OtherCovariance(GaussianSteps):
    """The density of N(mean, ``other(cov)``)."""

    def other(self, cov: Array) -> Array:
        raise NotImplementedError

    def half_quadratic(self, d: Array, cov: Array) -> Array:
        return super().half_quadratic(d, self.other(cov))

    def half_log_det(self, cov: Array) -> Any:
        return super().half_log_det(self.other(cov))


class _Diagonal(_OtherCovariance):
    def other(self, cov: Array) -> Array:
        return np.diag(np.diag(cov))


GAUSS_DIAGONAL = Mistake(
    "gauss-diagonal",
    "only the variances are used, the covariances are dropped",
    _Diagonal(),
    effect=_SHAPE + " Nothing to see at n = 1.",
    fix=f"{_RIGHT}; the slip: diag(cov) for cov",
)


class _StandardDeviations(_OtherCovariance):
    def other(self, cov: Array) -> Array:
        std = np.sqrt(np.diag(cov))
        return cov / np.sqrt(np.outer(std, std))


STD_FOR_VARIANCE = Mistake(
    "std-for-variance",
    "standard deviations where variances are due (correlations kept)",
    _StandardDeviations(),
    effect=_SHAPE + " Noise is drawn from one covariance and evaluated with another.",
    fix=f"{_RIGHT}, cov_ii = std_i^2; the slip: cov_ij/sqrt(std_i std_j) for cov_ij",
)


class _CovarianceAsFactor(GaussianSteps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        z = np.linalg.solve(cov, d.T)
        return 0.5 * (z * z).sum(axis=0)

    def half_log_det(self, cov: Array) -> Any:
        return 2.0 * super().half_log_det(cov)


COV_AS_FACTOR = Mistake(
    "cov-as-factor",
    "variances where standard deviations are due: cov is handed over as the factor L (`scale`, `scale_tril`)",
    _CovarianceAsFactor(),
    effect=_SHAPE + " The noise is taken for N(mean, cov cov').",
    fix=f"{_RIGHT}, the factor is L with L L' = cov; the slip: L = cov",
)


class _OtherSide(GaussianSteps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        z = np.linalg.solve(np.linalg.cholesky(cov).T, d.T)
        return 0.5 * (z * z).sum(axis=0)


CHOLESKY_SIDE = Mistake(
    "cholesky-side",
    "the Cholesky factor on the wrong side: L' for L, that is cov = L' L",
    _OtherSide(),
    effect=_SHAPE + " Right at n = 1 and for a diagonal cov; ln det is right everywhere.",
    fix="(u - mean)' cov^-1 (u - mean) = |L^-1 (u - mean)|^2, cov = L L'; the slip: |L'^-1 (u - mean)|^2",
)


class _OtherTriangle(GaussianSteps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        z = d / np.diag(np.linalg.cholesky(cov))
        return 0.5 * (z * z).sum(axis=1)


CHOLESKY_TRIANGLE = Mistake(
    "cholesky-triangle",
    "an upper Cholesky factor read as a lower one: only its diagonal is seen",
    _OtherTriangle(),
    effect=_SHAPE + " Right at n = 1 and for a diagonal cov; ln det is right everywhere.",
    fix=(
        "say which triangle to both functions (scipy.linalg.cholesky is upper by default); the"
        " slip: sum_i ((u_i - mean_i)/L_ii)^2"
    ),
)


class _Multiplied(GaussianSteps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        z = d @ np.linalg.cholesky(cov).T
        return 0.5 * (z * z).sum(axis=1)


CHOLESKY_MULTIPLIED = Mistake(
    "cholesky-multiplied",
    "the centred points are multiplied by L instead of solved for",
    _Multiplied(),
    effect=_SHAPE,
    fix="|L^-1 (u - mean)|^2, by a triangular solve; the slip: |L (u - mean)|^2",
)


class _Standard(GaussianSteps):
    def gaussian_log_density(self, u: Array, mean: Array, cov: Array) -> Array:
        return super().gaussian_log_density(
            u, np.zeros_like(mean), np.eye(len(mean), dtype=cov.dtype)
        )


GAUSS_STANDARD = Mistake(
    "gauss-standard",
    "the standard normal density, whatever mean and cov are",
    _Standard(),
    effect=_SHAPE + " Nothing to see where the noise is N(0, I).",
    fix=f"{_RIGHT}; the slip: -1/2 |u|^2 - (n/2) ln 2 pi",
)


class _Averaged(GaussianSteps):
    def gaussian_log_density(self, u: Array, mean: Array, cov: Array) -> Array:
        return super().gaussian_log_density(u, mean, cov) / len(mean)


GAUSS_AVERAGED = Mistake(
    "gauss-averaged",
    "the log-density is averaged over the dimensions instead of summed",
    _Averaged(),
    effect=_SHAPE + " Nothing to see at n = 1.",
    fix="ln p_n(u) = sum over dimensions; the slip: 1/n of it",
)


class _LogOfDet(GaussianSteps):
    def half_log_det(self, cov: Array) -> Any:
        return 0.5 * np.log(np.linalg.det(cov))


DET_NOT_LOGDET = Mistake(
    "det-not-logdet",
    "ln of a computed det cov",
    _LogOfDet(),
    effect=(
        "det cov under- or overflows long before its logarithm is large: in 16 dimensions at"
        " standard deviations of 1e-11 in float64, of 1/30 in float32; ln p_n is then inf or -inf."
    ),
    fix="ln det cov = 2 sum_i ln L_ii, or slogdet(cov)[1]; the slip: log(det(cov))",
    arithmetic=True,
    only=("gaussian_log_density",),
)


MISTAKES = (
    GAUSS_NO_2PI,
    GAUSS_2PI_ONCE,
    GAUSS_2PI_NOT_HALVED,
    GAUSS_NO_LOGDET,
    GAUSS_LOGDET_NOT_HALVED,
    GAUSS_LOGDET_OF_FACTOR,
    GAUSS_LOGDET_SIGN,
    GAUSS_UNNORMALISED,
    GAUSS_NO_HALF,
    GAUSS_NO_MEAN,
    GAUSS_NOT_INVERTED,
    PRECISION_FOR_COVARIANCE,
    GAUSS_DIAGONAL,
    STD_FOR_VARIANCE,
    COV_AS_FACTOR,
    CHOLESKY_SIDE,
    CHOLESKY_TRIANGLE,
    CHOLESKY_MULTIPLIED,
    GAUSS_STANDARD,
    GAUSS_AVERAGED,
    DET_NOT_LOGDET,
)
