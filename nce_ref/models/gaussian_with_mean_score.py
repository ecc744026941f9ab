r"""Score matching for the Gaussian with a mean: a quadratic in (eta, Lambda), whose minimum has the sample's mean and
covariance.

    1/2 |eta - Lambda u|^2 - tr Lambda per point,      Psi = eta - Lambda u

Conventions
-----------
shift (n,) eta, precision (n, n), u (n_points, n)
sums over points, in the coordinates of theta (eta, lower triangle row by row, c); c's entries are 0
"""

from __future__ import annotations

import numpy as np

from nce_ref._checks import Float
from nce_ref.models.gaussian_score import GaussianScoreMatching


class GaussianWithMeanScoreMatching:
    """One pass over the points; see ``models.base.ScoreMatchingPass``."""

    def __init__(self, shift: Float, precision: Float, u: Float) -> None:
        self.shift, self.precision, self.n_points = shift, precision, len(u)
        self._centred = GaussianScoreMatching(precision, u)
        self._sum = u.sum(axis=0)
        crossed = float(shift @ precision @ self._sum)
        self.total = self._centred.total + 0.5 * len(u) * float(shift @ shift) - crossed

    def gradient(self) -> Float:
        """(n_params,)."""
        i, j = np.tril_indices(len(self.shift))
        crossed = np.outer(self.shift, self._sum)
        of_precision = self._centred.gradient()
        # Off the diagonal an entry stands in two places.
        of_precision[:-1] -= np.where(i == j, crossed[i, j], crossed[i, j] + crossed[j, i])
        of_shift = self.n_points * self.shift - self.precision @ self._sum
        return np.concatenate([of_shift, of_precision])

    def hessian(self) -> Float:
        """(n_params, n_params), positive semidefinite: sum |e - D u|^2 for changes e of eta and D of Lambda."""
        n = len(self.shift)
        i, j = np.tril_indices(n)
        of_precision = self._centred.hessian()
        hessian = np.zeros((n + len(of_precision),) * 2)
        hessian[:n, :n] = self.n_points * np.eye(n)
        hessian[n:, n:] = of_precision
        mixed = np.zeros((n, len(i)))
        columns = np.arange(len(i))
        mixed[i, columns] -= self._sum[j]
        mixed[j, columns] -= np.where(i == j, 0.0, self._sum[i])
        hessian[:n, n:-1], hessian[n:-1, :n] = mixed, mixed.T
        return hessian
