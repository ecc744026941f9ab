"""Noise: what can be sampled and evaluated. NCE needs both, of the *same* density and normalised.

Any object with ``log_density`` and ``sample`` will do (``Noise``); two families are here.

Conventions
-----------
u          (n_points, n_dim)   points are rows
mean, cov  (n_dim,), (n_dim, n_dim)   cov symmetric positive definite
B          (n_dim, n_dim)      demixing matrix: sources B u are independent, Laplace, of unit variance

One factor serves sampling and evaluation alike: a density evaluated with another covariance than it was drawn with
(a Cholesky factor on the wrong side, standard deviations for variances) is a mistake that c cannot absorb. A density
short of a constant (a missing ln 2 pi or ln det) is one that c absorbs in silence.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_solve, solve_triangular

from nce_ref._checks import (
    Float,
    as_count,
    as_covariance,
    as_generator,
    as_points,
    as_square,
    as_vector,
)
from nce_ref.models.laplace_ica import LaplaceICA
from nce_ref.models.tails import Tails, gaussian_tails
from nce_ref.special import LOG_2PI


class Noise(Protocol):
    """The face of noise. One that tells its dimension, as ``n_dim``, has it compared with the model's."""

    def log_density(self, u: Float, /) -> Float:
        """Return ln p_n(u), normalised: (n_points,)."""
        ...

    def sample(self, n_points: int, rng: np.random.Generator, /) -> Float:
        """Draw from the same density: (n_points, n_dim)."""
        ...


def refuse_unfit_noise(noise: object, n_dim: int) -> None:
    """Raise ValueError for an object without ``log_density``, or for noise of another dimension than the model's."""
    if not callable(getattr(noise, "log_density", None)):
        raise ValueError(
            f"noise: got {type(noise).__name__}; expected an object with log_density(u), e.g. GaussianNoise(mean, cov)"
        )
    got = getattr(noise, "n_dim", n_dim)
    if got != n_dim:
        raise ValueError(f"noise: got dimension {got}; expected {n_dim}, the model's")


class GaussianNoise:
    """Normal noise N(mean, cov): ln p_n(u) = -1/2 |L^{-1}(u - mean)|^2 - sum_i ln L_ii - (n/2) ln 2 pi, cov = L L^T.

    Raises ValueError for a covariance that is not symmetric or not positive definite, or not of the mean's size.
    """

    def __init__(self, mean: ArrayLike, cov: ArrayLike) -> None:
        self.mean = as_vector("mean", mean).copy()
        self.cov, self._factor = as_covariance("cov", cov, len(self.mean))

    @classmethod
    def from_data(cls, x: ArrayLike) -> GaussianNoise:
        """Noise with the data's sample mean and sample covariance (divided by n_data - 1), the choice of P10 section 3.1.

        Raises ValueError where the sample covariance is singular: n_data <= n_dim, or collinear data.
        """
        x = as_points("x", x)
        if len(x) <= x.shape[1]:
            raise ValueError(
                f"x: {len(x)} points in {x.shape[1]} dimensions have a singular covariance; expected more points"
            )
        try:
            return cls(x.mean(axis=0), np.atleast_2d(np.cov(x, rowvar=False, ddof=1)))
        except ValueError as error:
            raise ValueError(f"x: its sample covariance cannot serve as noise ({error})") from None

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return len(self.mean)

    @property
    def normal_parameters(self) -> tuple[Float, Float]:
        """(mean, cov). A noise with this name promises that ln p_n *is* that normal density: the theory integrates it."""
        return self.mean, self.cov

    @property
    def tails(self) -> Tails:
        """How ln p_n falls far out: like -1/2 u^T cov^{-1} u."""
        return gaussian_tails(
            np.asarray(cho_solve((self._factor, True), np.eye(self.n_dim)), dtype=np.float64)
        )

    def log_density(self, u: ArrayLike) -> Float:
        """Return ln p_n(u): (n_points,)."""
        z = solve_triangular(
            self._factor,
            (as_points("u", u, self.n_dim) - self.mean).T,
            lower=True,
            overwrite_b=True,
            check_finite=False,
        )
        log_constant = float(np.log(np.diag(self._factor)).sum()) + 0.5 * self.n_dim * LOG_2PI
        return -0.5 * np.einsum("it,it->t", z, z) - log_constant

    def score(self, u: ArrayLike) -> Float:
        """Return d ln p_n / d u = -cov^{-1} (u - mean): (n_points, n_dim)."""
        return -np.ascontiguousarray(
            cho_solve((self._factor, True), (as_points("u", u, self.n_dim) - self.mean).T).T
        )

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw mean + L z: (n_points, n_dim)."""
        z = as_generator("rng", rng).standard_normal((as_count("n_points", n_points), self.n_dim))
        return z @ self._factor.T + self.mean


class LaplaceICANoise:
    """Noise with the law of the ICA model at B: P10's fine tuning ("NCE LN") takes the first fit's B.

    It *is* that model, normalised. Raises ValueError for a singular B.
    """

    def __init__(self, B: ArrayLike) -> None:
        self.B = as_square("B", B).copy()
        self._model = LaplaceICA(len(self.B))
        theta = self._model.pack(self.B, 0.0)
        if not math.isfinite(self._model.log_normalizer(theta)):
            raise ValueError(
                f"B: singular, its condition number is {np.linalg.cond(self.B):.3g}; expected an invertible matrix"
            )
        self._theta = self._model.normalize(theta)

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return len(self.B)

    @property
    def laplace_demixing(self) -> Float:
        """B. A noise with this name promises that ln p_n *is* that of Laplace sources B u: the theory integrates it."""
        return self.B

    @property
    def tails(self) -> Tails:
        """How ln p_n falls far out: like -sum_i |sqrt(2) b_i . u|."""
        return self._model.tails(self._theta)

    def log_density(self, u: ArrayLike) -> Float:
        """Return ln p_n(u) = -sqrt(2) sum_i |b_i . u| + ln|det B| - (n/2) ln 2: (n_points,)."""
        return self._model.log_density(self._theta, u)

    def score(self, u: ArrayLike) -> Float:
        """Return d ln p_n / d u: (n_points, n_dim); 0 for a source at its kink."""
        return self._model.score(self._theta, u)

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw B^{-1} s with s of independent Laplace(0, 1/sqrt(2)) entries: (n_points, n_dim)."""
        return self._model.sample(self._theta, n_points, rng)
