"""Slips in what the noise's Gaussian log-density is given: a "safe" covariance, a count for another, one sample's mean,
a refit."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
    Number,
)
from nce_ref.oracle.families.densities.textbook import GaussianSteps, NoiseSteps


class _Jitter(GaussianSteps):
    def __init__(self, eps: float) -> None:
        self.eps = eps

    def gaussian_log_density(self, u: Array, mean: Array, cov: Array) -> Array:
        return super().gaussian_log_density(
            u, mean, cov + self.eps * np.eye(len(mean), dtype=cov.dtype)
        )


_RIGHT = "ln p_n = -1/2 (u - mean)' cov^-1 (u - mean) - 1/2 ln det cov - (n/2) ln 2 pi"


JITTER = Mistake(
    "jitter",
    "eps is added to the diagonal of cov before it is factorised",
    _Jitter(1e-6),
    effect=(
        "The noise is taken for wider than it is: hardly any where variances are near 1, gross"
        " where they are near eps. c cannot absorb it."
    ),
    fix=f"{_RIGHT}, with the cov that the noise was drawn by; the slip: cov + eps I",
    number=Number("eps", _Jitter, (1e-6, 1e-3, 1e-4, 1e-5, 1e-8)),
)


class _TwoPiOfPoints(GaussianSteps):
    def gaussian_log_density(self, u: Array, mean: Array, cov: Array) -> Array:
        right = self.gaussian_constant(len(mean))
        return super().gaussian_log_density(u, mean, cov) + (right - self.gaussian_constant(len(u)))


GAUSS_2PI_POINTS = Mistake(
    "gauss-2pi-points",
    "the number of points for the dimension n in -(n/2) ln 2 pi: u.shape[0] for u.shape[1]",
    _TwoPiOfPoints(),
    effect=(
        "c is off by a constant that grows with the sample, and by another one on each sample where"
        " the sizes differ, which c cannot absorb."
    ),
    fix=f"{_RIGHT}, n = u.shape[1]; the slip: -(n_points/2) ln 2 pi",
)


class _EinsumIndices(GaussianSteps):
    """1/2 sum_i d_i^2 sum_j (cov^-1)_ij."""

    def half_quadratic(self, d: Array, cov: Array) -> Array:
        return 0.5 * (d * d) @ np.linalg.inv(cov).sum(axis=1)


GAUSS_EINSUM_INDICES = Mistake(
    "gauss-einsum-indices",
    "an index slip in the noise's quadratic form: sum_i d_i^2 sum_j (cov^-1)_ij, d = u - mean, einsum('ti,ij,ti->t')",
    _EinsumIndices(),
    effect="Not a constant: c cannot absorb it, B and c are both wrong. Right at n = 1 and for a diagonal cov.",
    fix="1/2 einsum('ti,ij,tj->t', d, cov^-1, d); the slip: the last index i for j",
)


class _CentredOn(NoiseSteps):
    """The mean is subtracted on one sample only."""

    def __init__(self, data: bool) -> None:
        self.data = data

    def noise_log_density(self, u: Array, mean: Array, cov: Array, is_data: bool) -> Array:
        return super().noise_log_density(
            u, mean if is_data == self.data else np.zeros_like(mean), cov, is_data
        )


_NO_SHIFT = "No constant shift: B and c are both wrong. Nothing to see where the noise is centred."

NOISE_MEAN_DATA_ONLY = Mistake(
    "noise-mean-data-only",
    "the noise's mean is subtracted from the data, not from the noise points, in ln p_n",
    _CentredOn(data=True),
    effect=_NO_SHIFT,
    fix=f"{_RIGHT} at every point, x and y; the slip: y' cov^-1 y on the noise",
    only=("laplace_ica_nce", "gaussian_nce"),
)

NOISE_MEAN_NOISE_ONLY = Mistake(
    "noise-mean-noise-only",
    "the noise's mean is subtracted from the noise points, not from the data, in ln p_n",
    _CentredOn(data=False),
    effect=_NO_SHIFT,
    fix=f"{_RIGHT} at every point, x and y; the slip: x' cov^-1 x on the data",
    only=("laplace_ica_nce", "gaussian_nce"),
)


class _Refitted(NoiseSteps):
    """The noise points' own mean and covariance; NaN throughout where that is singular, as it is with too few of
    them."""

    def __init__(self, lost: int) -> None:
        self.lost = lost

    def noise_law(self, mean: Array, cov: Array, y: Array) -> tuple[Array, Array]:
        if len(y) <= len(mean):
            return mean, np.full_like(cov, np.nan)
        with np.errstate(all="ignore"):
            found = np.atleast_2d(np.cov(y.astype(np.float64).T, ddof=self.lost))
        singular = not np.isfinite(found).all() or np.linalg.cond(found) > 1e6
        return y.mean(axis=0), np.full_like(cov, np.nan) if singular else found.astype(cov.dtype)

    def gaussian_log_density(self, u: Array, mean: Array, cov: Array) -> Array:
        return (
            np.full_like(u[:, 0], np.nan)
            if np.isnan(cov).any()
            else super().gaussian_log_density(u, mean, cov)
        )


_OTHER_LAW = (
    "p_n is not the law that the points came from: estimates are off by some 1/sqrt(n_noise), which"
    " their standard errors do not know of. With no more noise points than dimensions there is no"
    " p_n at all."
)

NOISE_REFITTED = Mistake(
    "noise-refitted",
    "the noise's mean and covariance are estimated from the noise points (divided by n_noise)"
    " instead of taken as given",
    _Refitted(0),
    effect=_OTHER_LAW,
    fix=f"{_RIGHT}, with the mean and cov that the noise was drawn by; the slip: those of y",
    only=("laplace_ica_nce", "gaussian_nce", "laplace_ica_importance_sampling"),
)

NOISE_REFITTED_UNBIASED = Mistake(
    "noise-refitted-unbiased",
    "the noise's mean and covariance are estimated from the noise points (divided by n_noise - 1)"
    " instead of taken as given",
    _Refitted(1),
    effect=_OTHER_LAW,
    fix=f"{_RIGHT}, with the mean and cov that the noise was drawn by; the slip: those of y",
    only=("laplace_ica_nce", "gaussian_nce", "laplace_ica_importance_sampling"),
)


class _ModelCentred(NoiseSteps):
    def model_points(self, u: Array, noise_mean: Array) -> Array:
        return u - noise_mean


_MODEL = "ln p_m = -sqrt(2) sum_i |b_i . u| + c"

MODEL_CENTRED = Mistake(
    "model-centred",
    "the noise's mean is subtracted from the points in the model as well",
    _ModelCentred(),
    effect="The model is fitted around the wrong centre; nothing to see where the noise is centred.",
    fix=f"{_MODEL}; the slip: u - noise_mean for u",
)


MISTAKES = (
    JITTER,
    GAUSS_2PI_POINTS,
    GAUSS_EINSUM_INDICES,
    NOISE_MEAN_DATA_ONLY,
    NOISE_MEAN_NOISE_ONLY,
    NOISE_REFITTED,
    NOISE_REFITTED_UNBIASED,
    MODEL_CENTRED,
)
