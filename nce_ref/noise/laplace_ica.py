"""Noise with the law of the Laplace ICA model.

Conventions
-----------
u   (n_points, n_dim)   points are rows
B   (n_dim, n_dim)      demixing matrix: sources B u are independent, Laplace, of unit variance
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_square
from nce_ref.models.laplace_ica import LaplaceICA
from nce_ref.models.tails import Tails


class LaplaceICANoise:
    """Noise with the law of the ICA model at B: P10's fine tuning ("NCE LN") takes the first fit's B.

        ln p_n(u) = -sqrt(2) sum_i |b_i . u| + ln|det B| - (n/2) ln 2,   b_i the rows of B

    Parameters
    ----------
    B : (n_dim, n_dim), invertible
        The demixing matrix: the sources B u are independent, Laplace, of unit variance.

    Raises
    ------
    ValueError
        For a singular B.

    Notes
    -----
    Source: P10, section 3.1. It *is* the normalised model ``LaplaceICA``, evaluated and sampled by the same code.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> noise = nr.LaplaceICANoise(np.eye(2))
    >>> noise.log_density([[0.0, 0.0]]).round(4)  # -ln 2
    array([-0.6931])
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
