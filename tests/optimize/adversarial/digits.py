"""Arithmetic for the judge: 72 digits (MPFR) and exact rationals (GMP), in NumPy object arrays.

Every double is a rational number, so ranks, null spaces and separating directions of a sample are decided without any
tolerance; what is transcendental is rounded to 240 bits.
"""

from __future__ import annotations

import gmpy2
import numpy as np
from gmpy2 import mpfr, mpq

BITS = 240
gmpy2.get_context().precision = BITS
ROUNDING = mpfr(10) ** -60  # what 72 digits leave of a quantity that is 0, with room for some sums


def real(values) -> np.ndarray:
    """An object array of 240-bit numbers, from doubles, rationals or 240-bit numbers: exact for doubles."""
    values = np.asarray(values)
    out = np.empty(values.shape, dtype=object)
    out_flat, flat = out.reshape(-1), values.reshape(-1)
    for k, v in enumerate(flat):
        out_flat[k] = mpfr(v) if isinstance(v, (mpfr, mpq)) else mpfr(float(v))
    return out


def rational(values) -> np.ndarray:
    """An object array of exact rationals from doubles (or from 240-bit numbers, exact, too)."""
    values = np.asarray(values)
    out = np.empty(values.shape, dtype=object)
    out_flat, flat = out.reshape(-1), values.reshape(-1)
    for k, v in enumerate(flat):
        out_flat[k] = v if isinstance(v, mpq) else mpq(v if isinstance(v, mpfr) else float(v))
    return out


def double(values) -> np.ndarray:
    values = np.asarray(values, dtype=object)
    return np.array([float(v) for v in values.reshape(-1)], dtype=float).reshape(values.shape)


def zeros(*shape: int) -> np.ndarray:
    out = np.empty(shape, dtype=object)
    out.fill(mpfr(0))
    return out


def eye(n: int, one=None) -> np.ndarray:
    one = mpfr(1) if one is None else one
    out = np.empty((n, n), dtype=object)
    out.fill(one * 0)
    for k in range(n):
        out[k, k] = one
    return out


def eliminate(rows: np.ndarray) -> tuple[list[int], list[int], np.ndarray]:
    """Reduced row echelon form of a rational matrix: indices of independent rows, pivot columns, the pivot rows."""
    n = rows.shape[1]
    basis, pivots, kept = [], [], []
    for index, row in enumerate(rows):
        row = row.copy()
        for b, p in zip(basis, pivots):
            if row[p]:
                row = row - row[p] * b
        first = next((j for j in range(n) if row[j]), None)
        if first is None:
            continue
        row = row / row[first]
        for k, b in enumerate(basis):
            if b[first]:
                basis[k] = b - b[first] * row
        basis.append(row)
        pivots.append(first)
        kept.append(index)
        if len(basis) == n:
            break
    reduced = np.array(basis, dtype=object).reshape(len(basis), n)
    return kept, pivots, reduced


def rank(rows: np.ndarray) -> int:
    return len(eliminate(rows)[0])


def null_space(rows: np.ndarray, n: int) -> np.ndarray:
    """Columns, rational, that span {d : rows d = 0}."""
    _, pivots, reduced = eliminate(rows.reshape(-1, n))
    free = [j for j in range(n) if j not in pivots]
    out = np.empty((n, len(free)), dtype=object)
    out.fill(mpq(0))
    for k, j in enumerate(free):
        out[j, k] = mpq(1)
        for row, p in zip(reduced, pivots):
            out[p, k] = -row[j]
    return out


def solve(A: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """A^-1 b by elimination with complete row equilibration; None where A is singular to 60 digits."""
    n = len(A)
    M = np.concatenate([A, b.reshape(n, -1)], axis=1)
    for k in range(n):
        size = max(abs(v) for v in M[k, :n])
        if size == 0:
            return None
        M[k] = M[k] / size
    for k in range(n):
        p = max(range(k, n), key=lambda r: abs(M[r, k]))
        if abs(M[p, k]) <= ROUNDING:
            return None
        if p != k:
            M[[k, p]] = M[[p, k]]
        M[k] = M[k] / M[k, k]
        for r in range(n):
            if r != k and M[r, k] != 0:
                M[r] = M[r] - M[r, k] * M[k]
    return M[:, n:].reshape(b.shape)


def definite(H: np.ndarray) -> bool:
    """Is H, symmetric, positive definite? By Cholesky after scaling its diagonal to 1; pivots below 1e-45 count as
    0."""
    n = len(H)
    diagonal = [H[k, k] for k in range(n)]
    if any(d <= 0 for d in diagonal):
        return False
    s = np.array([1 / gmpy2.sqrt(d) for d in diagonal], dtype=object)
    M = H * np.outer(s, s)
    for k in range(n):
        if M[k, k] <= mpfr(10) ** -45:
            return False
        column = M[k + 1 :, k] / M[k, k]
        M[k + 1 :, k + 1 :] = M[k + 1 :, k + 1 :] - np.outer(column, M[k, k + 1 :])
    return True


def scaled_condition(H: np.ndarray) -> float:
    """Least over largest eigenvalue of H with its diagonal scaled to 1, in double."""
    size = [
        gmpy2.sqrt(abs(v)) if v else gmpy2.sqrt(max(map(abs, row))) for v, row in zip(np.diag(H), H)
    ]
    size = np.array([s or mpfr(1) for s in size], dtype=object)
    values = np.linalg.eigvalsh(double(H / np.outer(size, size)))
    return float(values[0] / max(values[-1], 1e-300))


def log_sigmoid(z: mpfr) -> mpfr:
    tail = gmpy2.log1p(gmpy2.exp(-abs(z)))
    return -tail if z >= 0 else z - tail


def sigmoid(z: mpfr) -> mpfr:
    e = gmpy2.exp(-abs(z))
    return 1 / (1 + e) if z >= 0 else e / (1 + e)


def log_abs_det(A: np.ndarray) -> mpfr:
    M, n, total = A.copy(), len(A), mpfr(0)
    for k in range(n):
        p = max(range(k, n), key=lambda r: abs(M[r, k]))
        if M[p, k] == 0:
            return mpfr("-inf")
        M[[k, p]] = M[[p, k]]
        total += gmpy2.log(abs(M[k, k]))
        for r in range(k + 1, n):
            M[r] = M[r] - (M[r, k] / M[k, k]) * M[k]
    return total
