r"""Score matching's loss for a stranger's model that offers a score and no more: all derivatives by differences.

    sum_t 1/2 |Psi|^2 + div Psi,      Psi(u; theta) = d ln p_m / d u

Differences are central and of sixth order, (45 (f_1 - f_-1) - 9 (f_2 - f_-2) + (f_3 - f_-3))/60 h, by the point with
h = a hundredth of the coordinate's size, by theta with h = a hundredth of the parameter's: truncation h^6 and rounding
eps/h are both some 1e-13 of the terms where the score changes over lengths of that size. The Hessian is a central
difference of gradients over a thousandth of the size, right to some 1e-6. One loss costs 6 n_dim + 1 scores of each
point, a gradient 6 n_params losses, a Hessian 12 n_params^2.

Conventions
-----------
theta (n_params,), u (n_points, n_dim), sizes (n_params,)
sums over points; c's entry is 0, since a score does not see it
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float

_STEP, _HESSIAN_STEP = 1e-2, 1e-3
_STENCIL = ((1, 45.0), (2, -9.0), (3, 1.0))
_SUM = 60.0


class ScoreByDifferences:
    """One pass over the points; see ``models.base.ScoreMatchingPass``."""

    def __init__(
        self, score: Callable[[Float, Float], ArrayLike], theta: Float, u: Float, sizes: Float
    ) -> None:
        self._score, self._theta, self._u = score, theta, u
        # Powers of two: adding and taking away such a step rounds little, and blocks of points agree about it.
        self._steps = _power_of_two(_STEP * np.sqrt((u * u).mean(axis=0)))
        self._sizes = sizes
        self.total = self._loss(theta)

    def gradient(self) -> Float:
        """(n_params,), 0 for c."""
        return self._gradient(self._theta)

    def hessian(self) -> Float:
        """(n_params, n_params), 0 for c."""
        n = len(self._theta)
        hessian = np.zeros((n, n))
        for k in range(n - 1):
            up, down = (self._moved(self._theta, k, sign * _HESSIAN_STEP) for sign in (1.0, -1.0))
            hessian[k] = (self._gradient(up) - self._gradient(down)) / (up[k] - down[k])
        return 0.5 * (hessian + hessian.T)

    def _gradient(self, theta: Float) -> Float:
        gradient = np.zeros(len(theta))
        for k in range(len(theta) - 1):
            step = _STEP * self._sizes[k]
            for j, weight in _STENCIL:
                up, down = (self._moved(theta, k, sign * j * _STEP) for sign in (1.0, -1.0))
                gradient[k] += weight * (self._loss(up) - self._loss(down)) / (_SUM * step)
        return gradient

    def _moved(self, theta: Float, k: int, share: float) -> Float:
        moved = theta.copy()
        moved[k] += share * self._sizes[k]
        return moved

    def _loss(self, theta: Float) -> float:
        """All shifted copies of the points in one call."""
        n_points, n = self._u.shape
        shifts = [sign * j for j, _ in _STENCIL for sign in (1, -1)]
        copies = [self._u]
        for i in range(n):
            for shift in shifts:
                copy = self._u.copy()
                copy[:, i] += shift * self._steps[i]
                copies.append(copy)
        with np.errstate(all="ignore"):
            found = np.asarray(self._score(theta, np.concatenate(copies)), dtype=np.float64)
        if found.shape != (len(copies) * n_points, n):
            raise ValueError(
                f"model.score: got shape {found.shape}; expected {(len(copies) * n_points, n)}, one row a point"
            )
        psi = found[:n_points]
        total = 0.5 * float((psi * psi).sum())
        rest = found[n_points:].reshape(n, len(_STENCIL), 2, n_points, n)
        for i in range(n):
            for row, (_, weight) in zip(rest[i], _STENCIL):
                change = float((row[0, :, i] - row[1, :, i]).sum())
                total += weight * change / (_SUM * self._steps[i])
        return total


def _power_of_two(sizes: Float) -> Float:
    """The next one below, 2^-7 for a size of 0."""
    return np.asarray(np.exp2(np.floor(np.log2(np.where(sizes > 0.0, sizes, _STEP)))))
