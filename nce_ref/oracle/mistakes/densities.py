"""Slips in the noise's Gaussian log-density: constants that c absorbs in silence, and shapes that it cannot absorb."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from nce_ref.oracle.mistakes.making import GAUSSIAN, made_by
from nce_ref.oracle.textbook import Array, Steps


class _Constant(Steps):
    """ln p_n with its two constants multiplied by factors; right: 1 and 1."""

    def __init__(self, of_2pi: float, of_log_det: float) -> None:
        self.of_2pi, self.of_log_det = of_2pi, of_log_det

    def gaussian_constant(self, n_dim: int) -> float:
        return self.of_2pi * super().gaussian_constant(n_dim)

    def half_log_det(self, cov: Array) -> Any:
        return self.of_log_det * super().half_log_det(cov)


class _TwoPiOnce(Steps):
    def gaussian_constant(self, n_dim: int) -> float:
        return super().gaussian_constant(1)


class _NoHalf(Steps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        return 2.0 * super().half_quadratic(d, cov)


class _NoMean(Steps):
    def centred(self, u: Array, mean: Array) -> Array:
        return u


class _NotInverted(Steps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        return 0.5 * ((d @ cov) * d).sum(axis=1)


class _PrecisionForCovariance(_NotInverted):
    def half_log_det(self, cov: Array) -> Any:
        return -super().half_log_det(cov)


class _OtherCovariance(Steps):
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


class _StandardDeviations(_OtherCovariance):
    def other(self, cov: Array) -> Array:
        std = np.sqrt(np.diag(cov))
        return cov / np.sqrt(np.outer(std, std))


class _CovarianceAsFactor(Steps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        z = np.linalg.solve(cov, d.T)
        return 0.5 * (z * z).sum(axis=0)

    def half_log_det(self, cov: Array) -> Any:
        return 2.0 * super().half_log_det(cov)


class _OtherSide(Steps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        z = solve_triangular(np.linalg.cholesky(cov).T, d.T, lower=False)
        return 0.5 * (z * z).sum(axis=0)


class _OtherTriangle(Steps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        z = d / np.diag(np.linalg.cholesky(cov))
        return 0.5 * (z * z).sum(axis=1)


class _Multiplied(Steps):
    def half_quadratic(self, d: Array, cov: Array) -> Array:
        z = d @ np.linalg.cholesky(cov).T
        return 0.5 * (z * z).sum(axis=1)


class _Standard(Steps):
    def gaussian_log_density(self, u: Array, mean: Array, cov: Array) -> Array:
        return super().gaussian_log_density(
            u, np.zeros_like(mean), np.eye(len(mean), dtype=cov.dtype)
        )


class _Averaged(Steps):
    def gaussian_log_density(self, u: Array, mean: Array, cov: Array) -> Array:
        return super().gaussian_log_density(u, mean, cov) / len(mean)


_RIGHT = "ln p_n = -1/2 (u - mean)' cov^-1 (u - mean) - 1/2 ln det cov - (n/2) ln 2 pi"
_SHAPE = "Not a constant: c cannot absorb it, B and c are both wrong."
_STAYS = "B stays right."

DENSITIES = (
    made_by(
        _Constant(0.0, 1.0),
        "gauss-no-2pi",
        GAUSSIAN,
        "the Gaussian log-density without -(n/2) ln 2 pi",
        effect=f"c is off by delta = +(n/2) ln 2 pi, 0.919 n; {_STAYS}",
        fix=f"{_RIGHT}; the slip: without the last term",
    ),
    made_by(
        _TwoPiOnce(),
        "gauss-2pi-once",
        GAUSSIAN,
        "-1/2 ln 2 pi once instead of once a dimension",
        effect=f"c is off by delta = +((n-1)/2) ln 2 pi; {_STAYS} Nothing to see at n = 1.",
        fix=f"{_RIGHT}; the slip: -1/2 ln 2 pi at the end",
    ),
    made_by(
        _Constant(2.0, 1.0),
        "gauss-2pi-not-halved",
        GAUSSIAN,
        "-n ln 2 pi instead of half of it",
        effect=f"c is off by delta = -(n/2) ln 2 pi; {_STAYS}",
        fix=f"{_RIGHT}; the slip: -n ln 2 pi at the end",
    ),
    made_by(
        _Constant(1.0, 0.0),
        "gauss-no-logdet",
        GAUSSIAN,
        "the Gaussian log-density without -1/2 ln det cov",
        effect=f"c is off by delta = +1/2 ln det cov; {_STAYS} Nothing to see where cov = I. Points whitened before a standard normal "
        "density, without the Jacobian, are this.",
        fix=f"{_RIGHT}; the slip: without the middle term",
    ),
    made_by(
        _Constant(1.0, 2.0),
        "gauss-logdet-not-halved",
        GAUSSIAN,
        "-ln det cov instead of half of it",
        effect=f"c is off by delta = -1/2 ln det cov; {_STAYS}",
        fix=f"{_RIGHT}; the slip: -ln det cov in the middle",
    ),
    made_by(
        _Constant(1.0, 0.5),
        "gauss-logdet-of-factor",
        GAUSSIAN,
        "-1/2 ln det L for -ln det L, where cov = L L': halved twice",
        effect=f"c is off by delta = +1/4 ln det cov; {_STAYS}",
        fix=f"{_RIGHT}, 1/2 ln det cov = sum_i ln L_ii; the slip: 1/2 sum_i ln L_ii",
    ),
    made_by(
        _Constant(1.0, -1.0),
        "gauss-logdet-sign",
        GAUSSIAN,
        "+1/2 ln det cov instead of -1/2 ln det cov",
        effect=f"c is off by delta = +ln det cov; {_STAYS}",
        fix=f"{_RIGHT}; the slip: the sign of the middle term",
    ),
    made_by(
        _Constant(0.0, 0.0),
        "gauss-unnormalised",
        GAUSSIAN,
        "the quadratic form alone, without either constant",
        effect=f"c is off by delta = +1/2 ln det cov + (n/2) ln 2 pi; {_STAYS}",
        fix=f"{_RIGHT}; the slip: the first term alone",
    ),
    made_by(
        _NoHalf(),
        "gauss-no-half",
        GAUSSIAN,
        "1/2 forgotten in the quadratic form",
        effect=_SHAPE + " The noise is taken for half its variance.",
        fix=f"{_RIGHT}; the slip: -(u - mean)' cov^-1 (u - mean)",
    ),
    made_by(
        _NoMean(),
        "gauss-no-mean",
        GAUSSIAN,
        "the mean is not subtracted",
        effect=_SHAPE + " Nothing to see where the noise is centred.",
        fix=f"{_RIGHT}; the slip: u' cov^-1 u",
    ),
    made_by(
        _NotInverted(),
        "gauss-not-inverted",
        GAUSSIAN,
        "cov instead of its inverse in the quadratic form",
        effect=_SHAPE,
        fix=f"{_RIGHT}; the slip: (u - mean)' cov (u - mean)",
    ),
    made_by(
        _PrecisionForCovariance(),
        "precision-for-covariance",
        GAUSSIAN,
        "the covariance is taken for the precision matrix, in both terms",
        effect=_SHAPE + " In one dimension a variance of 4 is taken for 1/4.",
        fix=f"{_RIGHT}; the slip: cov^-1 for cov throughout",
    ),
    made_by(
        _Diagonal(),
        "gauss-diagonal",
        GAUSSIAN,
        "only the variances are used, the covariances are dropped",
        effect=_SHAPE + " Nothing to see at n = 1.",
        fix=f"{_RIGHT}; the slip: diag(cov) for cov",
    ),
    made_by(
        _StandardDeviations(),
        "std-for-variance",
        GAUSSIAN,
        "standard deviations where variances are due (correlations kept)",
        effect=_SHAPE + " Noise is drawn from one covariance and evaluated with another.",
        fix=f"{_RIGHT}, cov_ii = std_i^2; the slip: cov_ij/sqrt(std_i std_j) for cov_ij",
    ),
    made_by(
        _CovarianceAsFactor(),
        "cov-as-factor",
        GAUSSIAN,
        "variances where standard deviations are due: cov is handed over as the factor L (`scale`, `scale_tril`)",
        effect=_SHAPE + " The noise is taken for N(mean, cov cov').",
        fix=f"{_RIGHT}, the factor is L with L L' = cov; the slip: L = cov",
    ),
    made_by(
        _OtherSide(),
        "cholesky-side",
        GAUSSIAN,
        "the Cholesky factor on the wrong side: L' for L, that is cov = L' L",
        effect=_SHAPE + " Right at n = 1 and for a diagonal cov; ln det is right everywhere.",
        fix="(u - mean)' cov^-1 (u - mean) = |L^-1 (u - mean)|^2, cov = L L'; the slip: |L'^-1 (u - mean)|^2",
    ),
    made_by(
        _OtherTriangle(),
        "cholesky-triangle",
        GAUSSIAN,
        "an upper Cholesky factor read as a lower one: only its diagonal is seen",
        effect=_SHAPE + " Right at n = 1 and for a diagonal cov; ln det is right everywhere.",
        fix="say which triangle to both functions (scipy.linalg.cholesky is upper by default); the slip: sum_i ((u_i - mean_i)/L_ii)^2",
    ),
    made_by(
        _Multiplied(),
        "cholesky-multiplied",
        GAUSSIAN,
        "the centred points are multiplied by L instead of solved for",
        effect=_SHAPE,
        fix="|L^-1 (u - mean)|^2, by a triangular solve; the slip: |L (u - mean)|^2",
    ),
    made_by(
        _Standard(),
        "gauss-standard",
        GAUSSIAN,
        "the standard normal density, whatever mean and cov are",
        effect=_SHAPE + " Nothing to see where the noise is N(0, I).",
        fix=f"{_RIGHT}; the slip: -1/2 |u|^2 - (n/2) ln 2 pi",
    ),
    made_by(
        _Averaged(),
        "gauss-averaged",
        GAUSSIAN,
        "the log-density is averaged over the dimensions instead of summed",
        effect=_SHAPE + " Nothing to see at n = 1.",
        fix="ln p_n(u) = sum over dimensions; the slip: 1/n of it",
    ),
)
