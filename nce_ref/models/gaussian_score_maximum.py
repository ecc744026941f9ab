r"""The maximum of the Gaussian's score matching by formula, with a bound on its rounding.

    J(Lambda) = tr Lambda - 1/2 tr Lambda S Lambda,      S = (1/T) sum_t x_t x_t^T;
    the maximum is Lambda* = S^{-1}: (Lambda S + S Lambda)/2 = I

J is a concave quadratic, so this one is global; it is attained, and strict, if and only if S has full rank. The metric
of minus the Hessian is |D|_H^2 = tr D S D, in which J(Lambda*) - J(Lambda* + D) = |D|_H^2/2, and |Lambda*|_H^2 = tr
S^{-1}.

S itself is never built: rounding it would leave S^{-1} with an error of u cond(x)^2. With any W near the inverse of R,
x/sqrt(T) = Q R, let y_t = W^T x_t, in twice the precision, and M = ((1/T) sum_t y_t y_t^T)^{-1}, which is I but for
rounding. Exactly,

    S^{-1} = W M W^T,       |W E W^T|_H = |W E M^{-1/2}|_F <= |W|_F |E| |M^{-1/2}|,

so that an error E of M counts as it stands, relative to |Lambda*|_H = |W M^{1/2}|_F, and cond(x) enters by the last
rounding of Lambda alone.

Conventions
-----------
x (n_data, n), precision (n, n);  sizes of rounding in u = 2^-53, worst cases
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from nce_ref._checks import Float
from nce_ref._compensated import UNIT, compensated_error, compensated_product

_MAX_WHITENINGS = 4
_WHITE = 0.25


@dataclass(frozen=True)
class ScoreMatchingMaximum:
    """``precision`` is S^{-1} rounded to float64; see ``models.base.ClosedMaximum`` for ``alpha`` and ``distance``.

    ``root``        R, R^T R = S to rounding, of relative size ``root_error``
    ``size``        at most |S^{-1}|_H
    ``error``       a bound on |precision - S^{-1}|_H
    """

    precision: Float
    root: Float
    root_error: float
    size: float
    error: float

    @property
    def alpha(self) -> Float:
        """The lower triangle of S^{-1}, row by row: theta without c."""
        return np.asarray(self.precision[np.tril_indices(len(self.precision))])

    def distance(self, alpha: Float) -> float:
        """A bound on |Lambda - S^{-1}|_H/|S^{-1}|_H, Lambda being that of ``alpha``; its own rounding included."""
        i, j = np.tril_indices(len(self.precision))
        off = np.zeros_like(self.precision)
        off[i, j] = off[j, i] = alpha - self.precision[i, j]
        sizes = float(np.linalg.norm(np.abs(off) @ np.abs(self.root.T)))
        rounding = 2.0 * (len(off) + 2) * UNIT + self.root_error
        length = float(np.linalg.norm(off @ self.root.T)) + rounding * sizes
        return 1.01 * (length + self.error) / self.size


def inverse_second_moment(x: Float) -> ScoreMatchingMaximum | None:
    """Return S^{-1} of the data x; None where rounding leaves open whether S has full rank."""
    n_data, n = x.shape
    largest = np.abs(x).max(axis=0)
    if n_data < n or not (largest > 0.0).all():
        return None
    # Powers of two: exact, and neither products nor squares leave float64.
    exponents = np.frexp(largest)[1].astype(np.int64)
    z = np.ldexp(x, -exponents)
    R = np.asarray(np.linalg.qr(z, mode="r")) / np.sqrt(n_data)
    if not (np.abs(np.diag(R)) > 0.0).all():
        return None
    W = np.asarray(solve_triangular(R, np.eye(n)))
    with np.errstate(all="ignore"):
        for _ in range(_MAX_WHITENINGS):
            moment, moment_error = _moment(W, z)
            if not np.isfinite(moment).all():
                return None
            values, axes = np.linalg.eigh(moment)
            if abs(values[0] - 1.0) <= _WHITE and abs(values[-1] - 1.0) <= _WHITE:
                break
            if not values[0] > 0.0:
                return None
            W = W @ (axes / np.sqrt(values))
        else:
            return None
        least, most = float(values[0]), float(values[-1])
        if not moment_error < 0.1 * least:
            return None
        M = np.linalg.inv(moment)
        M = 0.5 * (M + M.T)
        # (A + E)^{-1} - A^{-1} = -A^{-1} E (A + E)^{-1}; inv itself solves to n u of cond(A), which is below 2 here.
        off = 1.2 * moment_error / least**2 + 16.0 * n * n * UNIT / least
        half = compensated_product(W.T, M)  # W M, each entry right to u of itself
        half_error = UNIT * np.abs(half) + compensated_error(n) * (np.abs(W) @ np.abs(M))
        precision = compensated_product(half.T, W.T)
        precision_error = UNIT * np.abs(precision) + compensated_error(n) * (
            np.abs(half) @ np.abs(W.T)
        )
        i, j = np.tril_indices(n)
        # Both triangles bound S^{-1}; the lower one stands for both in theta.
        precision_error = precision_error + np.abs(precision - precision.T)
        precision[j, i] = precision[i, j]
        inverse = np.asarray(np.linalg.inv(W))
        root_error = 8.0 * n * UNIT * float(np.linalg.norm(inverse) * np.linalg.norm(W))
    # All but W, R and the precision are without units; these three go back into those of x.
    W, root = np.ldexp(W, -exponents[:, None]), np.ldexp(inverse, exponents)
    half_error = np.ldexp(half_error, -exponents[:, None])
    powers = -(exponents[:, None] + exponents)
    precision, precision_error = np.ldexp(precision, powers), np.ldexp(precision_error, powers)
    spread = 1.2 * float(np.sqrt(most))
    error = spread * (
        float(np.linalg.norm(W)) * off
        + float(np.linalg.norm(half_error))
        + float(np.linalg.norm(precision_error @ np.abs(root.T)))
    )
    size = 0.99 * float(np.linalg.norm(W)) / np.sqrt(most)
    finite = np.isfinite(precision).all() and np.isfinite(error) and 0.0 < size < np.inf
    if not (finite and root_error < 0.01):
        return None
    # S = W^{-T} moment W^{-1}: its root is W^{-1}, by rounding and by the moment's distance from I, a factor of
    # ``spread``.
    return ScoreMatchingMaximum(precision, spread * root, root_error, float(size), float(error))


def _moment(W: Float, z: Float) -> tuple[Float, float]:
    """(1/T) sum y y^T, y = W^T z in twice the precision, and a bound on the length of its error."""
    y = compensated_product(W, z.T)
    n_data = y.shape[1]
    off = UNIT * np.abs(y) + compensated_error(len(W)) * (np.abs(W.T) @ np.abs(z.T))
    lengths, off_lengths = np.linalg.norm(y, axis=0), np.linalg.norm(off, axis=0)
    moved = float(off_lengths @ (2.0 * lengths + off_lengths)) / n_data
    summed = (n_data + 4.0) * UNIT * float(lengths @ lengths) / n_data
    return y @ y.T / n_data, 1.01 * (moved + summed)
