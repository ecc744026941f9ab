r"""Is the supremum of an NCE objective at infinity? A direction along which no term falls, verified in rationals.

If F_t.v - sum_i |v_i.x_t| >= 0 on all data and F_t.v - sum_i s_it v_i.y_t <= 0 on all noise, one of them strictly, then
J_S (the concave minoriser of the noise pattern S, THEORY.md 7.5) rises along v for ever, from every theta. So J has no
maximum in the cell of S, nor, for a Gaussian, whose J has no pattern, anywhere.

The linear programme is solved in double and its answer lifted: the terms that it leaves at 0 are held there exactly.
"""

from __future__ import annotations

import gmpy2
import numpy as np
from gmpy2 import mpq
from scipy.optimize import linprog

from .digits import double, null_space, rational, real, solve


def separating_direction(objective, theta) -> np.ndarray | None:
    T, R, n = objective.n_data, objective.n_rows, objective.U.shape[1]
    arguments = objective.arguments(theta)
    S = np.array([[int(gmpy2.sign(v)) or 1 for v in row] for row in arguments]).reshape(
        len(arguments), R
    )
    exact = objective.features(S.astype(object), exact=True)  # rational: (N, p)
    exact[T:] = -exact[T:]  # every row is to be >= 0
    gains = double(real(exact))
    # Row i's kinks on the data keep their sign along v: then |v_i.x| is what the features say. Signs are re-checked
    # exactly.
    sides = []
    for i in range(R):
        block = np.zeros((T, objective.n_params))
        block[:, i * n : (i + 1) * n] = double(objective.U[:T]) * S[:T, i : i + 1]
        sides.append(block)
    sides = np.concatenate(sides) if sides else np.empty((0, objective.n_params))
    for kept in (sides, sides[:0]):
        v = _programme(gains, kept)
        if v is None:
            continue
        for tight in (1e-8, 1e-6, 1e-5, 1e-4):
            lifted = _lifted(exact, gains, kept, objective, S, v, tight)
            if lifted is not None and _verified(objective, S, lifted):
                return lifted
    return None


_SHARP = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def _programme(gains, sides):
    size = np.abs(gains).max(axis=0)
    size[size == 0] = 1.0
    A = gains / size
    length = np.abs(A).max(axis=1)
    A = A[length > 0] / length[length > 0, None]
    B = sides / size
    found = linprog(
        -A.mean(axis=0),
        A_ub=-np.vstack([A, B]),
        b_ub=np.zeros(len(A) + len(B)),
        bounds=(-1, 1),
        options=_SHARP,
    )
    if found.x is None or not -found.fun > 1e-7:
        return None
    # Among the directions the one with the most room: fewer terms at 0 by accident.
    p = A.shape[1]
    room = np.hstack([-A, np.ones((len(A), 1))])
    more = linprog(
        np.append(np.zeros(p), -1.0),
        A_ub=np.vstack([room, np.hstack([-B, np.zeros((len(B), 1))])]),
        b_ub=np.zeros(len(A) + len(B)),
        bounds=[(-1, 1)] * p + [(0, 1)],
        options=_SHARP,
    )
    v = more.x[:p] if more.x is not None and -more.fun > 1e-9 else found.x
    return v / size


def _lifted(exact, gains, sides, objective, S, v, relative: float):
    """v moved onto the exact null space of what it leaves at 0, up to ``relative``; whether that was right is verified
    after."""
    size = np.abs(gains) @ np.abs(v)
    tight = np.abs(gains @ v) <= relative * np.where(size > 0, size, 1.0)
    rows = [exact[t] for t in np.flatnonzero(tight)]
    n, T = objective.U.shape[1], objective.n_data
    for k in np.flatnonzero(np.abs(sides @ v) <= 0.1 * relative * (np.abs(sides) @ np.abs(v))):
        i, t = divmod(int(k), T)
        row = np.full(objective.n_params, mpq(0), dtype=object)
        row[i * n : (i + 1) * n] = objective.UQ[t]
        rows.append(row)
    rows = [np.array(row, dtype=object) for row in dict.fromkeys(map(tuple, rows))]
    found = _onto(rows, v)
    # Rows that are all but tied leave nothing between them: one of them may be let go.
    for k in range(len(rows) if found is None and len(rows) <= 12 else 0):
        found = _onto(rows[:k] + rows[k + 1 :], v)
        if found is not None and _verified(objective, S, found):
            break
    return found


def _onto(rows, v):
    """The nearest rational direction to v on which all rows vanish; None where there is none."""
    if not rows:
        return rational(v)
    basis = null_space(np.array(rows, dtype=object).reshape(-1, len(v)), len(v))
    if basis.shape[1] == 0:
        return None
    # Least squares in units of v's own entries, so that small ones are not lost.
    weight = real(1.0 / np.where(v == 0, np.abs(v).max(), np.abs(v)))
    N = real(basis) * weight[:, None]
    z = solve(N.T @ N, N.T @ (real(v) * weight))
    return None if z is None else basis @ rational(z)


def _verified(objective, S, v) -> bool:
    T, R, n = objective.n_data, objective.n_rows, objective.U.shape[1]
    linear = objective.F @ v
    strictly = False
    for t, term in enumerate(linear):
        kinks = [objective.UQ[t] @ v[i * n : (i + 1) * n] for i in range(R)]
        gain = (
            term - sum(map(abs, kinks))
            if t < T
            else sum(S[t, i] * k for i, k in enumerate(kinks)) - term
        )
        if gain < 0:
            return False
        strictly = strictly or gain > 0
    return strictly
