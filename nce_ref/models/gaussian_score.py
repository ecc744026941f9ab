r"""Score matching for the Gaussian model: a quadratic in the precision, whose minimum is the inverse second moment
(Hyvarinen 2005).

    1/2 |Lambda u|^2 - tr Lambda per point;      its sum has the derivative (Lambda S + S Lambda)/2 - n_points I,
    S = sum_t u_t u_t^T

Conventions
-----------
precision (n, n), u (n_points, n)
sums over points, in the coordinates of theta (lower triangle row by row, c); c's entries are 0
"""

from __future__ import annotations

import numpy as np

from nce_ref._checks import Float


class GaussianScoreMatching:
    """One pass over the points; see ``models.base.ScoreMatchingPass``."""

    def __init__(self, precision: Float, u: Float) -> None:
        self.precision, self.n_points = precision, len(u)
        self._S = u.T @ u
        self.total = float(
            0.5 * np.sum(precision * (precision @ self._S)) - self.n_points * np.trace(precision)
        )

    def gradient(self) -> Float:
        """(n_params,); an entry off the diagonal stands twice in the matrix."""
        half = self.precision @ self._S
        matrix = 0.5 * (half + half.T) - self.n_points * np.eye(len(half))
        i, j = np.tril_indices(len(half))
        return np.append(np.where(i == j, 1.0, 2.0) * matrix[i, j], 0.0)

    def hessian(self) -> Float:
        """(n_params, n_params): tr(D S D') for changes D, D' of the precision; positive semidefinite."""
        n = len(self.precision)
        i, j = np.tril_indices(n)
        changes = np.zeros((len(i), n, n))
        changes[np.arange(len(i)), i, j] = changes[np.arange(len(i)), j, i] = 1.0
        hessian = np.zeros((len(i) + 1, len(i) + 1))
        hessian[:-1, :-1] = np.einsum("aij,jk,bki->ab", changes, self._S, changes, optimize=True)
        return hessian
