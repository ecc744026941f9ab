r"""Score matching for the Laplace ICA model: Hyvarinen's loss with |s| smoothed, and its derivatives by B (P10 section
3.1).

With phi_i = g(s_i), s = B u, g(s) = -sqrt(2) tanh(a s), M = B B^T and the smoothed score Psi = B^T phi, per point

    1/2 |Psi|^2 + div Psi = 1/2 phi^T M phi + sum_i g'(s_i) M_ii,

since d Psi_n / d u_n = sum_i g'(s_i) B_in^2. The density behind it is exp(-(sqrt(2)/a) sum_i ln cosh(a s_i)). With t =
tanh(a s):

    g' = -sqrt(2) a (1 - t^2),    g'' = 2 sqrt(2) a^2 t (1 - t^2),    g''' = 2 sqrt(2) a^3 (1 - t^2)(1 - 3 t^2)

    d/db_k = phi_k Psi + [g'_k (M phi)_k + g''_k M_kk] u + 2 g'_k b_k

Without smoothing, g' is 0 off the kinks and minus infinity's worth of mass on them: the sample's loss would miss the
second term, and have its minimum at B = 0.

Conventions
-----------
B (n, n), u (n_points, n); a the slope, above 0; sources as rows, (n, n_points)
sums over points, in the coordinates of theta: c's entries are 0, since no score depends on c
"""

from __future__ import annotations

import numpy as np

from nce_ref._checks import Float
from nce_ref.special import SQRT_2


class LaplaceICAScoreMatching:
    """One pass over the points; see ``models.base.ScoreMatchingPass``."""

    def __init__(self, B: Float, u: Float, slope: float) -> None:
        self.B, self.u, self.slope = B, u, slope
        self._M = B @ B.T
        self._t = np.tanh(slope * (B @ u.T))
        self._left = (1.0 - self._t) * (1.0 + self._t)
        self._phi = -SQRT_2 * self._t
        self._phi1 = (-SQRT_2 * slope) * self._left
        self._outer = self._phi @ self._phi.T
        self.total = float(
            0.5 * np.sum(self._M * self._outer) + np.diag(self._M) @ self._phi1.sum(axis=1)
        )

    def gradient(self) -> Float:
        """(n_params,)."""
        weights = self._phi1 * (self._M @ self._phi) + self._phi2() * np.diag(self._M)[:, None]
        in_B = (
            self._outer @ self.B + weights @ self.u + 2.0 * self._phi1.sum(axis=1)[:, None] * self.B
        )
        return np.append(in_B.ravel(), 0.0)

    def hessian(self) -> Float:
        """(n_params, n_params): block (k, l) is the derivative of d/db_k by b_l."""
        B, M, u, phi, phi1, n = self.B, self._M, self.u, self._phi, self._phi1, len(self.B)
        phi2 = self._phi2()
        phi3 = (2.0 * SQRT_2 * self.slope**3) * self._left * (1.0 - 3.0 * self._t**2)
        projected, bends, psi = M @ phi, phi2 @ u, B.T @ phi
        hessian = np.zeros((n * n + 1, n * n + 1))
        for k in range(n):
            for m in range(k, n):
                weights = M[k, m] * phi1[k] * phi1[m]
                block = self._outer[k, m] * np.eye(n)
                block += np.outer(B[m], (phi[k] * phi1[m]) @ u) + np.outer(
                    (phi1[k] * phi[m]) @ u, B[k]
                )
                if k == m:
                    weights = weights + phi2[k] * projected[k] + phi3[k] * M[k, k]
                    block += 2.0 * phi1[k].sum() * np.eye(n)
                    moved = (psi * phi1[k]) @ u + 2.0 * np.outer(B[k], bends[k])
                    block += moved + moved.T
                block += (u.T * weights) @ u
                rows, columns = slice(k * n, (k + 1) * n), slice(m * n, (m + 1) * n)
                hessian[rows, columns] = block
                hessian[columns, rows] = block.T
        return hessian

    def _phi2(self) -> Float:
        return (2.0 * SQRT_2 * self.slope**2) * self._t * self._left
