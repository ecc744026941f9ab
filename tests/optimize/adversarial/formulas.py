r"""The objectives, written anew from THEORY.md in 72 digits; nothing of nce_ref is imported here.

Coordinates of the judge: beta_i = sqrt(2) b_i, so that ln p_m(u) = c - sum_i |beta_i.u| has no irrational slope and
every kink's normal is a point of the sample, a rational vector. A Gaussian has no rows: theta is the lower triangle of
the precision, row by row, and c. A *pattern* S holds the sign of each beta_i.u_t, 0 where it is held at 0; for a fixed
pattern the objective is smooth, and theta = Z z runs through the rational subspace where the held kinks stay at 0.

Conventions
-----------
U (N, n) points, data first; S (N, R); theta (p,), row i of beta at [i n, (i+1) n); Z (p, q) rational
"""

from __future__ import annotations

import gmpy2
import numpy as np
from gmpy2 import mpfr, mpq

from .digits import (
    definite,
    double,
    eliminate,
    eye,
    log_abs_det,
    log_sigmoid,
    rational,
    real,
    sigmoid,
    solve,
    zeros,
)

HALF = mpfr(1) / 2
SQRT2 = gmpy2.sqrt(mpfr(2))
LOG2 = gmpy2.log(mpfr(2))
PI = gmpy2.const_pi()


def gaussian_log_density(mean, cov, u: np.ndarray) -> np.ndarray:
    """ln of the normal density at the rows of u."""
    C, centred = real(cov), u - real(mean)
    n = len(C)
    inverse = solve(C, eye(n))
    constant = log_abs_det(C) / 2 + mpfr(n) / 2 * gmpy2.log(2 * PI)
    return np.array([-(row @ (inverse @ row)) / 2 - constant for row in centred], dtype=object)


def laplace_log_density(B, u: np.ndarray) -> np.ndarray:
    """ln of the density of u = B^-1 s, the s_i independent Laplace variables of unit variance."""
    B = real(B)
    constant = log_abs_det(B) - mpfr(len(B)) / 2 * LOG2
    return constant - SQRT2 * np.array([sum(abs(v) for v in B @ row) for row in u], dtype=object)


class Kinked:
    """What both objectives share: points, kinks, patterns."""

    U: np.ndarray
    UQ: np.ndarray
    n_data: int
    n_rows: int
    n_params: int

    def rows(self, theta: np.ndarray) -> np.ndarray:
        n = self.U.shape[1]
        return theta[: self.n_rows * n].reshape(self.n_rows, n)

    def arguments(self, theta: np.ndarray) -> np.ndarray:
        """beta_i.u_t: (N, R)."""
        return self.U @ self.rows(theta).T if self.n_rows else zeros(len(self.U), 0)

    def relative(self, theta: np.ndarray) -> np.ndarray:
        """|beta_i.u_t| / (|beta_i||u_t|) in double; inf where u_t = 0, whose kink is none."""
        arguments = self.arguments(theta)
        b = [gmpy2.sqrt(row @ row) for row in self.rows(theta)]
        u = [gmpy2.sqrt(row @ row) for row in self.U]
        out = np.full(arguments.shape, np.inf)
        for t, i in np.ndindex(*arguments.shape):
            if u[t] > 0:
                out[t, i] = float(abs(arguments[t, i]) / (b[i] * u[t])) if b[i] > 0 else 0.0
        return out

    def manifold(self, held: list[set[int] | None]) -> tuple[np.ndarray, np.ndarray]:
        """Z, and which kinks vanish on it (exactly): (p, q), (N, R) bool. A row held by n points is 0; so is one held
        by None."""
        n, blocks = self.U.shape[1], []
        active = np.zeros((len(self.U), self.n_rows), bool)
        for i in range(self.n_rows):
            block = np.empty((n, 0), dtype=object)
            if held[i] is not None:
                block = null_block(self.UQ, held[i], n)
            blocks.append(block)
            if block.shape[1] == 0:
                active[:, i] = [any(u) for u in self.UQ]
            elif held[i]:
                D = double(real(block))
                size = np.abs(double(self.U)) @ np.abs(D)
                small = (np.abs(double(self.U) @ D) <= 1e-9 * size).all(axis=1)
                for t in np.flatnonzero(small):
                    u = self.UQ[t]
                    active[t, i] = any(u) and not any(u @ block)
        rest = self.n_params - self.n_rows * n
        q = sum(b.shape[1] for b in blocks) + rest
        Z = np.empty((self.n_params, q), dtype=object)
        Z.fill(mpq(0))
        at = 0
        for i, b in enumerate(blocks):
            Z[i * n : (i + 1) * n, at : at + b.shape[1]] = b
            at += b.shape[1]
        for k in range(rest):
            Z[self.n_rows * n + k, at + k] = mpq(1)
        return Z, active


def null_block(UQ: np.ndarray, held: set[int], n: int) -> np.ndarray:
    if not held:
        return eye(n, mpq(1))
    rows = UQ[sorted(held)]
    _, pivots, reduced = eliminate(rows)
    free = [j for j in range(n) if j not in pivots]
    out = np.empty((n, len(free)), dtype=object)
    out.fill(mpq(0))
    for k, j in enumerate(free):
        out[j, k] = mpq(1)
        for row, p in zip(reduced, pivots):
            out[p, k] = -row[j]
    return out


class NCE(Kinked):
    """J = (1/T) [sum_x ln s(G - ln nu) + sum_y ln s(ln nu - G)], G = F theta - sum_i |beta_i.u| - ln p_n."""

    concave = True

    def __init__(self, model: str, x, y, noise: tuple) -> None:
        self.model, n = model, np.shape(x)[1]
        points = np.concatenate([x, y])
        self.U, self.UQ = real(points), rational(points)
        self.n_data = len(x)
        if model == "ica":
            self.n_rows, self.n_params = n, n * n + 1
            self.F = np.full((len(points), self.n_params), mpq(0), dtype=object)
        else:
            i, j = np.tril_indices(n)
            self.n_rows, self.n_params = 0, len(i) + 1
            self.F = np.full((len(points), self.n_params), mpq(0), dtype=object)
            for k, (a, b) in enumerate(zip(i, j)):
                factor = mpq(-1, 2) if a == b else mpq(-1)
                self.F[:, k] = self.UQ[:, a] * self.UQ[:, b] * factor
        self.F[:, -1] = mpq(1)
        self.FR = real(self.F)
        log_noise = (
            gaussian_log_density(noise[1], noise[2], self.U)
            if noise[0] == "gaussian"
            else laplace_log_density(noise[1], self.U)
        )
        self.offset = -log_noise - gmpy2.log(mpfr(len(y)) / len(x))

    def coordinates(self, theta) -> np.ndarray:
        theta = real(theta)
        n = self.n_rows * self.U.shape[1]
        theta[:n] = theta[:n] * SQRT2
        return theta

    def log_odds(self, theta: np.ndarray) -> np.ndarray:
        """G - ln nu, kinks and all."""
        z = self.FR @ theta + self.offset
        for column in self.arguments(theta).T:
            z = z - np.abs(column)
        return z

    def value(self, theta: np.ndarray) -> mpfr:
        z, T = self.log_odds(theta), self.n_data
        return (sum(map(log_sigmoid, z[:T])) + sum(map(log_sigmoid, -z[T:]))) / T

    def features(self, S: np.ndarray, exact: bool = False) -> np.ndarray:
        """The gradient of G in the pattern S: (N, p)."""
        U, F = (self.UQ, self.F.copy()) if exact else (self.U, self.FR.copy())
        n = U.shape[1]
        for i in range(self.n_rows):
            F[:, i * n : (i + 1) * n] -= U * S[:, i : i + 1]
        return F

    def piece(self, S: np.ndarray, Z: np.ndarray) -> Piece:
        return Piece(self, S, Z)

    def gradient(self, theta: np.ndarray, S: np.ndarray) -> np.ndarray:
        return self.slopes(theta) @ self.features(S)

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        """dJ/dG: (1-h)/T on the data, -h/T on the noise."""
        z, T = self.log_odds(theta), self.n_data
        return np.array([sigmoid(-v) for v in z[:T]] + [-sigmoid(v) for v in z[T:]], object) / T

    def bends(self, theta: np.ndarray) -> np.ndarray:
        """h(1-h) of each point."""
        h = np.array([sigmoid(v) for v in self.log_odds(theta)], dtype=object)
        return h * (1 - h)

    def kink_weights(self, theta: np.ndarray) -> np.ndarray:
        """By how much J falls per |d.u_t| (data, positive) or rises (noise, negative)."""
        return self.slopes(theta)


class Piece:
    """J in one pattern as a function of z: a logistic regression, concave."""

    def __init__(self, parent: NCE, S: np.ndarray, Z: np.ndarray) -> None:
        self.parent, self.S, self.Z = parent, S, Z
        self.A = parent.features(S) @ real(Z)

    def newton(self, z: np.ndarray) -> tuple[mpfr, np.ndarray, np.ndarray]:
        odds, T = self.A @ z + self.parent.offset, self.parent.n_data
        odds = np.concatenate([odds[:T], -odds[T:]])
        h = np.array([sigmoid(-v) for v in odds], dtype=object)
        slopes = np.concatenate([h[:T], -h[T:]])
        value = sum(map(log_sigmoid, odds)) / T
        H = self.A.T @ (self.A * (h * (1 - h))[:, None]) / T
        return value, slopes @ self.A / T, H

    def value(self, z: np.ndarray) -> mpfr:
        odds, T = self.A @ z + self.parent.offset, self.parent.n_data
        return (sum(map(log_sigmoid, odds[:T])) + sum(map(log_sigmoid, -odds[T:]))) / T

    def independent(self) -> list[int]:
        """Columns of Z along which the log-odds are independent, exactly; the rest is a plateau's."""
        A = self.parent.features(self.S.astype(object), exact=True) @ self.Z
        return eliminate(A)[1]


class Likelihood(Kinked):
    """L = ln|det beta| - (1/T) sum_t sum_i |beta_i.x_t| - n ln 2, of the Laplace ICA model."""

    concave = False

    def __init__(self, x) -> None:
        n = np.shape(x)[1]
        self.U, self.UQ, self.n_data = real(x), rational(x), len(x)
        self.n_rows, self.n_params = n, n * n

    def coordinates(self, theta) -> np.ndarray:
        return real(theta)[: self.n_params] * SQRT2

    def value(self, theta: np.ndarray) -> mpfr:
        total = sum(abs(v) for v in self.arguments(theta).reshape(-1))
        return log_abs_det(self.rows(theta)) - total / self.n_data - self.n_rows * LOG2

    def gradient(self, theta: np.ndarray, S: np.ndarray) -> np.ndarray:
        A = solve(self.rows(theta), eye(self.n_rows))
        return (A.T - (S.T.astype(object) @ self.U) / self.n_data).reshape(-1)

    def kink_weights(self, theta: np.ndarray) -> np.ndarray:
        return np.full(len(self.U), mpfr(1) / self.n_data, dtype=object)

    def piece(self, S: np.ndarray, Z: np.ndarray) -> LikelihoodPiece:
        return LikelihoodPiece(self, S, Z)


class LikelihoodPiece:
    """L in one pattern as a function of z; its curvature tr(A D A D') is indefinite."""

    def __init__(self, parent: Likelihood, S: np.ndarray, Z: np.ndarray) -> None:
        self.parent, self.Z = parent, real(Z)
        self.mean = (S.T.astype(object) @ parent.U / parent.n_data).reshape(-1)

    def value(self, z: np.ndarray) -> mpfr:
        theta = self.Z @ z
        return log_abs_det(self.parent.rows(theta)) - self.mean @ theta

    def curvature(self, z: np.ndarray) -> np.ndarray:
        """Minus the second derivative by z: tr(D A D' A) over the columns D of Z as (n, n) matrices."""
        n = self.parent.n_rows
        A = solve(self.parent.rows(self.Z @ z), eye(n))
        DA = [column.reshape(n, n) @ A for column in self.Z.T]
        H = zeros(len(DA), len(DA))
        for k, l in np.ndindex(H.shape):
            H[k, l] = (DA[k] * DA[l].T).sum()
        return H

    def ascent(self, z: np.ndarray) -> tuple[np.ndarray, mpfr] | None:
        """A step and its squared size in units of the rows: 0 where stationary.

        Row i may be scaled, where L is ln s - s m_i.b_i, at its top for s = 1/(m_i.b_i); and moved by d = sum_j e_j b_j
        with e_i = 0, where det B does not change and L is linear, -m_i.d, until a kink is reached: the step then has no
        end.
        """
        n = self.parent.n_rows
        beta, mean = self.parent.rows(self.Z @ z), self.mean.reshape(n, n)
        A = solve(beta, eye(n))
        if A is None:
            return None
        step, size = zeros(len(z)), mpfr(0)
        for i in range(n):
            block = self.Z[i * n : (i + 1) * n]
            columns = [k for k in range(len(z)) if any(block[:, k])]
            if len(columns) > 1:
                e = block[:, columns].T @ A
                scale = np.array([1 / max(abs(v) for v in row) for row in e], dtype=object)
                e = e * scale[:, None]
                q, r = e[:, i], -(mean[i] @ block[:, columns]) * scale
                both = solve(e @ e.T, np.array([r, q], dtype=object).T)
                if both is None:
                    return None
                y = both[:, 0] - both[:, 1] * (q @ both[:, 0]) / (q @ both[:, 1])
                if r @ y > mpfr(10) ** -80:
                    step = zeros(len(z))
                    step[columns] = y * scale * mpfr(10) ** 9 / gmpy2.sqrt(r @ y)
                    return step, mpfr(1)
            pull = mean[i] @ beta[i]
            step[columns] = z[columns] * (1 / pull - 1)
            size += (1 - pull) ** 2
        return step, size


__all__ = ["NCE", "Likelihood", "LikelihoodPiece", "Piece", "definite"]
