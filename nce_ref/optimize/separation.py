r"""Can a linear rule separate two samples? Then a logistic regression on it has its supremum at infinity (Albert &
Anderson 1984).

    wanted: d with  a_t.d >= 0 for every row of the *gains*, a_t.d > 0 for one of them, and b_k.d >= 0 for every *guard*

A gain is g(x) of a data point or -g(y) of a noise point: along d no term of J falls and one rises for ever. Guards keep
d inside the cone where the model stays affine. No such d exists if and only if positive weights w_t and v_k >= 0
balance, sum w_t a_t + sum v_k b_k = 0 (Stiemke's theorem); at a stationary point the terms' slopes are such weights.

A linear programme finds d, numbers confirm it, so the programme's own tolerances do not enter:

* *separated*: every gain is above its rounding, |a.d| > 8 (n + 2) eps |a|.|d| taken entry by entry;
* *separated but for a boundary* (a class of a category that never occurs, a column of zeros): gains that the programme
  leaves at 0 are made so, by taking d off their span, and are 0 then up to that rounding; the others are above theirs.
  This is true to rounding: of gains that are 0 to rounding only, nothing more can be said.

Rows are taken into the programme as they are found violated: a hundred are enough as a rule, however many there are.

Conventions
-----------
gains (m, n), guards (k, n)   any units: columns are scaled to size 1, then rows to length 1
direction (n,)                in the units of the columns
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from nce_ref._checks import Float

_EPS = float(np.finfo(float).eps)
_MAX_ROUNDS = 60
# The solver holds its constraints to 1e-9, so a margin, or a mean gain, of 1e-7 is one.
_TOLERANCE, _MARGIN = 1e-9, 1e-7


def separating_direction(gains: Float, guards: Float | None = None) -> Float | None:
    """Return a confirmed d, scaled to a largest entry of 1 in units of the columns; None where none was found."""
    n = gains.shape[1]
    guards = np.empty((0, n)) if guards is None else guards
    scale = np.abs(np.concatenate([gains, guards])).max(axis=0, initial=0.0)
    used = scale > 0.0
    if not used.any() or not np.isfinite(scale).all():
        return None
    rows, fences = _unit(gains[:, used] / scale[used]), _unit(guards[:, used] / scale[used])
    found = _strictly(rows, fences)
    if found is None:
        found = _but_for_a_boundary(rows, fences)
    if found is None:
        return None
    direction = np.zeros(n)
    direction[used] = found / scale[used]
    return direction / float(np.abs(direction * np.where(used, scale, 1.0)).max())


def _strictly(rows: Float, fences: Float) -> Float | None:
    """The d of the widest margin t: rows.d >= t, fences.d >= t, |d_j| <= 1."""
    n, everything = rows.shape[1], np.concatenate([rows, fences])
    with_margin = np.column_stack([everything, -np.ones(len(everything))])
    d = _programme(with_margin, np.append(np.zeros(n), 1.0))
    if d is None or d[-1] < _MARGIN:
        return None
    return d[:-1] if (_signs(everything, d[:-1]) > 0).all() else None


def _but_for_a_boundary(rows: Float, fences: Float) -> Float | None:
    """The d of the largest mean gain, freed of the rows that it leaves at 0."""
    everything = np.concatenate([rows, fences])
    gain = rows.mean(axis=0)
    d = _programme(everything, gain)
    if d is None or float(gain @ d) < _MARGIN:
        return None
    for _ in range(3):
        on = everything @ d < _MARGIN
        if on.any():
            met = everything[on]
            if (
                len(met) > len(d)
            ):  # its triangular factor: the full SVD's U would be as large as the square of the rows
                met = np.asarray(np.linalg.qr(met, mode="r"))
            _, size, axes = np.linalg.svd(met, full_matrices=True)
            rank = int(np.sum(size > 1e-10 * size.max()))
            d = axes[rank:].T @ (axes[rank:] @ d)
        if not np.abs(d).max() > _MARGIN:
            return None
        d = d / float(np.abs(d).max())
        signs = _signs(everything, d)
        if (signs >= 0).all():
            return d if (signs[: len(rows)] > 0).any() else None
    return None


def _programme(constraints: Float, objective: Float) -> Float | None:
    """Maximise objective.d subject to constraints.d >= 0, |d_j| <= 1; the violated constraints join round by round."""
    m, n = constraints.shape
    taken = np.zeros(m, bool)
    taken[:: max(1, m // (20 * n))] = True
    for _ in range(_MAX_ROUNDS):
        solved = linprog(
            -objective,
            A_ub=-constraints[taken],
            b_ub=np.zeros(int(taken.sum())),
            bounds=(-1.0, 1.0),
            method="highs",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if solved.x is None or not float(objective @ solved.x) > 0.0:
            return None
        d = np.asarray(solved.x, dtype=np.float64)
        slack = constraints @ d
        violated = np.flatnonzero((slack < -_TOLERANCE) & ~taken)
        if len(violated) == 0:
            return d
        taken[violated[np.argsort(slack[violated], kind="stable")[: 20 * n]]] = True
    return None


def _signs(rows: Float, d: Float) -> Float:
    """The sign of each rows.d, 0 where rounding could have changed it."""
    room = 8.0 * (rows.shape[1] + 2) * _EPS * (np.abs(rows) @ np.abs(d))
    value = rows @ d
    return np.where(np.abs(value) <= room, 0.0, np.sign(value))


def _unit(rows: Float) -> Float:
    lengths = np.linalg.norm(rows, axis=1)
    kept = lengths > 0.0
    return np.ascontiguousarray(rows[kept] / lengths[kept, None])
