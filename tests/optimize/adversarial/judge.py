r"""An independent judge of "this theta is a local maximum", in 72 digits and exact rationals.

``judge(problem, theta)`` polishes theta by Newton's method on the manifold of the kinks it lies on (guessed from the
double theta, then confirmed or exchanged in high precision), and concludes one of VERDICTS from exact statements:

* *strict*: stationary to 50 digits, multipliers inside (-1, 1), curvature definite along the kinks that are met;
* *degenerate*: a maximum, where a multiplier is forced to +-1 (strict or not is left open);
* *plateau*: a maximum along with a segment of others;
* *saddle*: stationary, and J is higher beside it, in 72 digits;
* *infinity*: the supremum is not attained; a direction, verified in rationals, along which every term gains, or data of
  deficient rank for a likelihood;
* *undecided*: none of these was shown; the reason says how far it came.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import gmpy2
import numpy as np
from gmpy2 import mpfr

from . import closed_forms
from .digits import definite, rank, rational, real, scaled_condition, solve, zeros
from .formulas import NCE, Likelihood
from .infinity import separating_direction
from .multipliers import Row, examine_row, examine_zero_row

VERDICTS = ("strict", "degenerate", "plateau", "saddle", "infinity", "undecided")
NEAR = 1e-6
BEYOND_DOUBLE = 1e-8  # where rounding theta to float64 moves it as far, no theta in double is near the maximum for sure
_STATIONARY = mpfr(10) ** -90  # of the squared Newton decrement: 45 digits of the distance
_MOST_STEPS = 150
_GUESSES = (1e-9, 1e-12, 1e-14, 0.0, 1e-7, 1e-5, 1e-3)


@dataclass
class Verdict:
    """``distance``: from the given theta to the maximum, in the metric of the curvature there; ``margins``: how near it
    was to another verdict (multiplier: least 1 - |mu|; kink: least |b.u|/(|b||u|) of a kink that is not met; condition:
    of the curvature with its diagonal scaled to 1)."""

    kind: str
    reason: str
    distance: float = np.inf
    theta: np.ndarray | None = None
    value: mpfr | None = None
    gain: float = np.nan
    margins: dict = field(default_factory=dict)


def judge(problem, theta) -> Verdict:
    """``problem`` has estimator ("nce", "mle", "score"), model ("ica", "gaussian"), x, y, noise, slope."""
    theta = np.asarray(theta, dtype=float)
    if not np.isfinite(theta).all():
        return Verdict("undecided", "theta is not finite")
    if problem.estimator != "nce" and rank(rational(problem.x)) < problem.x.shape[1]:
        return Verdict(
            "infinity", "the data do not span the space, exactly: the objective is unbounded"
        )
    if problem.estimator == "score":
        return closed_forms.judge_score_matching(problem, theta, Verdict)
    if problem.estimator == "mle" and problem.model == "gaussian":
        return closed_forms.judge_gaussian_likelihood(problem, theta, Verdict)
    if problem.estimator == "mle":
        return _judge_kinked(Likelihood(problem.x), theta)
    return _judge_kinked(NCE(problem.model, problem.x, problem.y, problem.noise), theta)


def _judge_kinked(objective, theta: np.ndarray) -> Verdict:
    start = objective.coordinates(theta)
    if not objective.concave and any(not any(row) for row in objective.rows(start)):
        return Verdict("saddle", "a zero row: the likelihood is -inf", 0.0, start)
    relative = objective.relative(start)
    relative[objective.n_data :] = np.inf
    seen, last = set(), Verdict("undecided", "no guess of the active kinks led to a maximum")
    for guess in _GUESSES if objective.n_rows else (0.0,):
        near = relative <= guess
        key = near.tobytes()
        if key in seen:
            continue
        seen.add(key)
        found = _settle(objective, start, near, relative)
        if found.kind in ("strict", "degenerate", "plateau") and found.distance < NEAR:
            return found
        if found.kind == "saddle" and found.distance < NEAR:
            return found
        if (last.theta is None and last.kind == "undecided") or last.distance > found.distance:
            last = found
    if isinstance(objective, NCE) and not (last.kind == "strict" and last.distance < 1.0):
        v = separating_direction(objective, start)
        if v is not None:
            return Verdict(
                "infinity", "a direction along which no term falls, in rationals", theta=v
            )
    return last


def _settle(objective, start, near, relative) -> Verdict:
    """Active-set ascent: Newton steps on the manifold of the kinks held, stopped or passed on at each kink they
    reach."""
    n_rows, T, n = objective.n_rows, objective.n_data, objective.U.shape[1]
    arguments = objective.arguments(start)
    S = np.array([[int(gmpy2.sign(v)) for v in row] for row in arguments])
    S = S.reshape(len(arguments), n_rows)
    S[S == 0] = 1
    S[[not any(u) for u in objective.UQ]] = 0
    held = [
        _consistent(objective, np.flatnonzero(near[:, i]), relative[:, i]) if any(row) else None
        for i, row in enumerate(objective.rows(start))
    ]
    theta, made, releases = start, None, 0
    for _ in range(_MOST_STEPS):
        if made is None:
            made = Z, active = objective.manifold(held)
            at_zero = [not any(Z[i * n : (i + 1) * n].reshape(-1)) for i in range(n_rows)]
            if any(at_zero) and not objective.concave:
                return Verdict("undecided", "a row of the likelihood would have to vanish")
            pattern = np.where(active, 0, S)
            piece, ZR, kernel = objective.piece(pattern, Z), real(Z), None
            gram = ZR.T @ ZR
            z = solve(gram, ZR.T @ theta)
            theta = ZR @ z
        made_step = _step(objective, piece, z, kernel)
        if isinstance(made_step, str):
            return Verdict("undecided", made_step)
        step, length, H, kernel, settled = made_step
        if not settled:
            move = ZR @ (length * step)
            crossed = _first_crossing(objective, theta, theta + move, pattern)
            if crossed is None:
                z = z + length * step
                theta = ZR @ z
                # J_S is a minoriser: whatever raised it raised J, and the noise may have changed sides.
                if _turned(objective, theta, S, active):
                    made = None
                continue
            fraction, t, i = crossed
            theta = theta + fraction * move
            S[t, i] = -S[t, i]
            beyond = np.where(active, 0, S)
            if fraction < 1e-30 or not objective.gradient(theta, beyond) @ move > 0:
                held[i] = held[i] | {t}
            made = None
            continue
        if _first_crossing(objective, theta, theta, pattern) is not None:
            return Verdict("undecided", "stationary on a kink that is not held")
        slopes, weights = objective.gradient(theta, pattern), objective.kink_weights(theta)
        rows = []
        for i in range(n_rows):
            member = np.flatnonzero(active[:, i])
            if at_zero[i]:
                rows.append(examine_zero_row(objective.U[member], weights[member]))
                continue
            rows.append(examine_row(objective.UQ, member, slopes[i * n : (i + 1) * n], weights, T))
        if any(row.kind == "unknown" for row in rows):
            return Verdict("undecided", "a zero row in so many dimensions is not decided")
        bad = next((i for i, row in enumerate(rows) if row.kind == "ascent"), None)
        if bad is None:
            return _conclude(objective, start, theta, rows, H, Z, kernel, pattern)
        d = real(rows[bad].direction)
        if rows[bad].valley or at_zero[bad]:
            shown = _shown_saddle(objective, start, theta, bad, d, H, Z)
            tiny = shown.margins.get("rise", 1.0) < 1e-9
            if (shown.distance < NEAR and not tiny) or (
                shown.kind == "undecided" and not at_zero[bad]
            ):
                return shown
            # A valley and a ridge that are parallel but for a rounding: the maximum may lie as near, so climb on.
            d = d * shown.margins.get("sign", 1)
        releases += 1
        for t in np.flatnonzero(active[:, bad]):
            side = int(gmpy2.sign(objective.U[t] @ d))
            if side:
                S[t, bad] = side
        flat = [t for t in np.flatnonzero(active[:T, bad]) if not objective.U[t] @ d]
        held[bad] = set(map(int, flat))
        made = None
    return Verdict(
        "undecided", f"{_MOST_STEPS} steps did not settle, {releases} kinks were released"
    )


def _turned(objective, theta, S, active) -> bool:
    """Put the noise's signs in S right; did one change?"""
    T, changed = objective.n_data, False
    arguments = objective.arguments(theta)
    for t, i in zip(*np.nonzero(S[T:])):
        side = int(gmpy2.sign(arguments[T + t, i]))
        if side and side != S[T + t, i] and not active[T + t, i]:
            S[T + t, i], changed = side, True
    return changed


def _consistent(objective, candidates, relative) -> set[int]:
    """The nearest of the candidates as long as they leave the row a direction."""
    order = candidates[np.argsort(relative[candidates], kind="stable")]
    n, kept = objective.U.shape[1], []
    for t in order:
        if any(objective.UQ[t]) and rank(objective.UQ[[*kept, t]]) < n:
            kept.append(int(t))
    return set(kept)


def _step(objective, piece, z, kernel):
    """(step, length, curvature, columns that move or None, is it settled?), or what is in the way."""
    if not objective.concave:
        found = piece.ascent(z)
        if found is None:
            return "rows are dependent"
        step, size = found
        return step, mpfr(1), piece.curvature(z), None, size < _STATIONARY
    value, g, H = piece.newton(z)
    if kernel is None and not definite(H):
        kernel = piece.independent()
        if len(kernel) == len(z):
            return _linear_step(objective, piece, z, value, g, H)
    columns = list(range(len(z))) if kernel is None else kernel
    H_free = H[np.ix_(columns, columns)]
    step, step_free = zeros(len(z)), solve(H_free, g[columns])
    if step_free is None:
        return "the curvature vanishes to 60 digits"
    step[columns] = step_free
    decrement, length = g @ step, mpfr(1)
    if abs(decrement) < _STATIONARY:
        # Near infinity every term, and with them the decrement and the curvature, fades: THEORY.md 7.6 asks for L rho <
        # 1.
        if not _bounded(piece, H_free, columns, decrement):
            return "the decrement is small only because the terms fade: the supremum may be at infinity"
        return step, length, H, kernel, True
    while decrement > mpfr(10) ** -50:
        if piece.value(z + length * step) >= value + length * decrement / 1000:
            break
        length = length / 4
        if length < 1e-30:
            return "no ascent along Newton's step"
    return step, length, H, kernel, False


def _linear_step(objective, piece, z, value, g, H):
    """Where h(1-h) fades but the slope does not (ln h = G - ln nu far down): along the slope in the metric of sum g g^T
    / 4."""
    step = solve(piece.A.T @ piece.A / (4 * objective.n_data), g)
    if step is None or g @ step < 1e-6:
        return "the curvature vanishes to 45 digits"
    length = mpfr(1)
    best = piece.value(z + step)
    while True:
        further = piece.value(z + 4 * length * step)
        if not further > best:
            break
        length, best = 4 * length, further
        if length > 1e12:
            return "J rises along a ray for ever"
    return (step, length, H, None, False) if best > value else "no ascent along the slope"


def _bounded(piece, H, columns, decrement) -> bool:
    """3 lambda L < 1e-20 with L = max sqrt(g.H^-1 g) over the points, lambda the Newton decrement: a maximum within 3
    lambda."""
    A = piece.A[:, columns]
    inverse = solve(H, A.T)
    if inverse is None:
        return False
    steepness = gmpy2.sqrt(max(abs(a @ c) for a, c in zip(A, inverse.T)))
    return 3 * gmpy2.sqrt(abs(decrement)) * steepness < mpfr(10) ** -20


def _first_crossing(objective, theta, point, pattern):
    if objective.n_rows == 0:
        return None
    before, after = objective.arguments(theta), objective.arguments(point)
    first = None
    for t, i in zip(*np.nonzero(pattern[: objective.n_data])):
        if pattern[t, i] * gmpy2.sign(after[t, i]) <= 0:
            move = before[t, i] - after[t, i]
            fraction = max(mpfr(0), before[t, i] / move) if move else mpfr(0)
            if pattern[t, i] * before[t, i] < 0:
                fraction = mpfr(0)
            if first is None or fraction < first[0]:
                first = (fraction, int(t), int(i))
    return first


def _conclude(objective, start, theta, rows: list[Row], H, Z, kernel, pattern) -> Verdict:
    distance = _distance(objective, start, theta, H, Z)
    margins = _margins(objective, theta, rows, H, pattern)
    value = objective.value(theta)
    gain = float(value - objective.value(start))

    def answer(kind: str, reason: str) -> Verdict:
        return Verdict(kind, reason, distance, theta, value, gain, margins)

    strict = all(row.kind == "strict" for row in rows)
    if objective.concave:
        if not strict:
            return answer("degenerate", "concave and stationary; a multiplier is forced to 1")
        if kernel is not None:
            return answer(
                "plateau", "concave and stationary; the log-odds do not move along some direction"
            )
        return answer("strict", "stationary, strictly complementary, negative definite curvature")
    if definite(H):
        if strict:
            return answer(
                "strict", "stationary, strictly complementary, negative definite curvature"
            )
        return answer(*closed_forms.touching_ridges(objective, theta, rows, Z))
    return answer(*closed_forms.flat_likelihood(objective, theta, rows, H, Z, strict))


def _distance(objective, start, theta, H, Z) -> float:
    """sqrt(d.H d) of the part of d = start - theta on the manifold, and the part off it relative to the rows."""
    ZR = real(Z)
    d = start - theta
    z = solve(ZR.T @ ZR, ZR.T @ d)
    if objective.concave:
        # Per unit of the largest weight h(1-h), so that a maximum far out, where all are tiny, is not near everything.
        w = objective.bends(theta)
        along = gmpy2.sqrt(abs(z @ (H @ z)) / max(w))
    else:
        A = solve(objective.rows(theta), np.array(_identity(objective.n_rows)))
        along = max(abs(v) for v in (objective.rows(ZR @ z) @ A).reshape(-1))
    off, across = d - ZR @ z, mpfr(0)
    for i, row in enumerate(objective.rows(off)):
        b = objective.rows(theta)[i]
        if any(b):
            across = max(across, gmpy2.sqrt(row @ row) / gmpy2.sqrt(b @ b))
        else:  # a zero row: in units of the points
            across = max([across, *(abs(v) for v in objective.U @ row)])
    return float(max(along, across))


def _identity(n):
    return [[mpfr(i == j) for j in range(n)] for i in range(n)]


def _margins(objective, theta, rows, H, pattern) -> dict:
    margins = {"multiplier": min([row.slack for row in rows], default=1.0)}
    if objective.n_rows:
        relative = objective.relative(theta)[pattern != 0]
        margins["kink"] = float(relative.min(initial=1.0))
    margins["curvature"] = scaled_condition(H)
    # How far, in the same metric, rounding theta to double may move it: no theta in float64 is sure to be nearer.
    if objective.concave:
        bends = objective.bends(theta)
        A = objective.features(pattern)
        second = [(bends * A[:, k] * A[:, k]).sum() for k in range(len(theta))]
        moved = sum(t * t * s for t, s in zip(theta, second)) / (objective.n_data * max(bends))
        margins["rounding"] = float(gmpy2.sqrt(moved)) * 2.0**-53
    return margins


def _shown_saddle(objective, start, theta, row, d, H, Z) -> Verdict:
    """A valley wins over the ridges: J rises along +-d in row ``row``; shown by evaluation."""
    step = zeros(objective.n_params)
    n = objective.U.shape[1]
    b = objective.rows(theta)[row]
    size = gmpy2.sqrt((b @ b) / (d @ d)) if any(b) else 1 / max(abs(v) for v in objective.U @ d)
    step[row * n : (row + 1) * n] = d * size
    here = objective.value(theta)
    for size in (1e-1, 1e-3, 1e-6, 1e-12, 1e-20):
        for sign in (1, -1):
            if objective.value(theta + sign * mpfr(size) * step) > here:
                distance = _distance(objective, start, theta, H, Z)
                return Verdict(
                    "saddle",
                    f"higher at {size:g} across a valley or from a zero row",
                    distance,
                    theta,
                    here,
                    margins={"rise": size, "sign": sign},
                )
    return Verdict("undecided", "a valley or a zero row, but no higher value was found beside it")
