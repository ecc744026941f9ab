r"""The multipliers of one row: is 0 in the subdifferential, and with how much room?

    gradient_i = sum_k mu_k w_k u_k + sum_m s_m omega_m u_m,    |mu_k| <= 1,    for every choice of signs s_m = +-1

k over the data points whose kink the row meets (ridges), m over noise points (valleys). By THEORY.md 7.5 (c) J is the
largest of the concave J_s, so theta is a maximum if and only if each of them is stationary. Parallel points share a
kink and are merged exactly (|alpha x . d| = |alpha||x . d|), with a valley's weight counted off; the ranks are exact;
only the choice among several valid multipliers is a linear programme in double, whose answer is lifted to 72 digits by
the exact basis.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from gmpy2 import mpfr, mpq
from scipy.optimize import linprog

from .digits import double, eliminate, null_space, rational, real, solve

_MOST_VALLEYS = 8


@dataclass
class Row:
    """kind "strict" (all |mu| < 1 by ``slack``), "touching" (|mu| = 1 forced, to 1e-9), or "ascent" along
    ``direction``."""

    kind: str
    slack: float = 1.0
    direction: np.ndarray | None = None
    valley: bool = False
    counted: tuple = ()  # of a touching row: the ridges with |mu| < 1


def examine_row(UQ, members, gradient, weights, n_data: int) -> Row:
    if len(members) == 0:
        return Row("strict")
    kinks = _merged(UQ, members, weights, n_data)
    ridges = [(u, w) for u, w in kinks if w > 0]
    valleys = [(u, -w) for u, w in kinks if w < 0]
    if len(valleys) > _MOST_VALLEYS:
        return Row("ascent", direction=valleys[0][0], valley=True)
    worst = Row("strict")
    for signs in itertools.product((1, -1), repeat=len(valleys)):
        pull = gradient + sum(
            (s * w * real(u) for s, (u, w) in zip(signs, valleys)), real(np.zeros(UQ.shape[1]))
        )
        row = _one_pattern(ridges, pull)
        row.valley = bool(valleys)
        if row.kind == "ascent":
            if valleys and row.direction is None:
                row.direction = valleys[0][0]
            return row
        if row.slack < worst.slack or row.kind == "touching":
            worst = row
    return worst


def examine_zero_row(U, weights) -> Row:
    """b_i = 0: is sum_t w_t |u_t.d| (noise negative) above 0 for all d? Linear between the planes u_t.d = 0, so their
    rays decide."""
    n = U.shape[1]
    points = double(U) / max(np.abs(double(U)).max(), 1e-300)
    w = double(weights / max(abs(v) for v in weights))
    if n == 1:
        rays = np.ones((1, 1))
    elif n == 2:
        rays = np.stack([-points[:, 1], points[:, 0]], axis=1)
    elif n == 3 and len(points) <= 200:
        a, b = np.triu_indices(len(points), 1)
        rays = np.cross(points[a], points[b])
    else:
        return Row("unknown")
    rays = rays[np.abs(rays).max(axis=1) > 1e-14]
    flat = np.linalg.matrix_rank(points) < n
    if len(rays) == 0 or flat:
        return Row("unknown")
    rays = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    terms = np.abs(rays @ points.T)
    margin = terms @ w / (terms @ np.abs(w))
    worst = int(np.argmin(margin))
    if margin[worst] > 1e-9:
        return Row("strict", float(margin[worst]))
    if margin[worst] > -1e-12:
        # Where another row b_j is not 0 this is the rule: (e b_j, (1-e) b_j) is the same density for all e in [0, 1].
        return Row("touching", 0.0)
    return Row("ascent", float(margin[worst]), direction=rational(rays[worst]))


def _merged(UQ, members, weights, n_data):
    groups: dict = {}
    for t in members:
        u = UQ[t]
        lead = next(v for v in u if v)
        key = tuple(v / lead for v in u)
        groups[key] = groups.get(key, mpfr(0)) + weights[t] * abs(mpfr(lead))
    return [(np.array(key, dtype=object), w) for key, w in groups.items()]


def _one_pattern(ridges, pull) -> Row:
    size = max(
        [abs(v) for v in pull] + [w * max(abs(mpfr(v)) for v in u) for u, w in ridges],
        default=mpfr(0),
    )
    if not ridges:
        return (
            Row("strict")
            if size < mpfr(10) ** -40
            else Row("ascent", direction=rational(pull), valley=True)
        )
    A = np.array([real(u) * w for u, w in ridges], dtype=object).T
    kept, _, _ = eliminate(np.array([u for u, _ in ridges], dtype=object))
    others = [k for k in range(len(ridges)) if k not in kept]
    B = A[:, kept]
    gram = B.T @ B
    base = solve(gram, B.T @ pull)
    if max(abs(v) for v in pull - B @ base) > size * mpfr(10) ** -40:
        residual = pull - B @ base
        return Row("ascent", direction=rational(residual), valley=True)
    if not others:
        return _row_of(ridges, kept, [], base, np.empty(0, object), pull)
    C = np.array([solve(gram, B.T @ A[:, k]) for k in others], dtype=object).T
    y = _most_room(double(C), double(base))
    return _row_of(ridges, kept, others, base - C @ real(y), real(y), pull)


def _most_room(C, base):
    """max t: |base - C y| + t <= 1, |y| + t <= 1."""
    r, k = C.shape
    up = np.vstack([np.hstack([-C, np.ones((r, 1))]), np.hstack([C, np.ones((r, 1))])])
    up = np.vstack(
        [up, np.hstack([np.eye(k), np.ones((k, 1))]), np.hstack([-np.eye(k), np.ones((k, 1))])]
    )
    right = np.concatenate([1 - base, 1 + base, np.ones(2 * k)])
    found = linprog(
        np.append(np.zeros(k), -1.0), A_ub=up, b_ub=right, bounds=[(None, None)] * k + [(None, 1.0)]
    )
    if abs(found.x[k]) > 1e-9:
        return found.x[:k]
    # Some |mu| = 1 is forced: the most room for each of the others, max sum t_k.
    each = np.vstack(
        [np.hstack([-C, np.eye(r), np.zeros((r, k))]), np.hstack([C, np.eye(r), np.zeros((r, k))])]
    )
    for sign in (1, -1):
        each = np.vstack([each, np.hstack([sign * np.eye(k), np.zeros((k, r)), np.eye(k)])])
    bounds = [(None, None)] * k + [(0, 1)] * (r + k)
    relaxed = linprog(
        np.append(np.zeros(k), -np.ones(r + k)), A_ub=each, b_ub=right + 1e-9, bounds=bounds
    )
    return found.x[:k] if relaxed.x is None else relaxed.x[:k]


def _row_of(ridges, kept, others, mu_kept, mu_others, pull) -> Row:
    mu = {**dict(zip(kept, mu_kept)), **dict(zip(others, mu_others))}
    slack = min(1 - abs(m) for m in mu.values())
    exact = not others
    if slack > (mpfr(10) ** -40 if exact else 1e-9):
        return Row("strict", float(slack))
    if slack >= (-(mpfr(10) ** -40) if exact else -1e-9):
        return Row(
            "touching",
            float(slack),
            counted=tuple(ridges[k][0] for k, m in mu.items() if 1 - abs(m) > 1e-8),
        )
    return Row("ascent", float(slack), direction=_steepest(ridges, pull))


def _steepest(ridges, pull) -> np.ndarray:
    """A vertex of max pull.d - sum w |u.d| over the cube, snapped to the kinks it lies on: rational."""
    U = double(np.array([real(u) for u, _ in ridges]))
    w = double([w for _, w in ridges])
    scale = np.abs(U).max(axis=0)
    scale[scale == 0] = 1.0
    U, p = U / scale, double(pull) / scale
    size = max(np.abs(p).max(), (w * np.abs(U).max(axis=1)).max())
    n, K = len(p), len(w)
    cost = np.concatenate([-p, w]) / size
    up = np.vstack([np.hstack([U, -np.eye(K)]), np.hstack([-U, -np.eye(K)])])
    found = linprog(cost, A_ub=up, b_ub=np.zeros(2 * K), bounds=[(-1, 1)] * n + [(0, None)] * K)
    d = found.x[:n]
    zero = np.abs(U @ d) <= 1e-9 * np.abs(U).sum(axis=1)
    d = rational(d / scale)
    if zero.any():
        basis = null_space(np.array([ridges[k][0] for k in np.flatnonzero(zero)], dtype=object), n)
        if basis.shape[1] == 0:
            return d
        N = real(basis)
        z = solve(N.T @ N, N.T @ real(d))
        d = basis @ rational(z)
    return d


__all__ = ["Row", "examine_row", "mpq"]
