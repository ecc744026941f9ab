r"""An independent judge of "this theta is a local maximum", in 72 digits and exact rationals.

``judge(problem, theta)`` polishes theta by Newton's method on the manifold of the kinks it lies on (guessed from the double
theta, then confirmed or exchanged in high precision), and concludes one of VERDICTS from exact statements:

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
from .digits import definite, double, rank, rational, real, solve, zeros
from .formulas import NCE, Likelihood
from .infinity import separating_direction
from .multipliers import Row, examine_row

VERDICTS = ("strict", "degenerate", "plateau", "saddle", "infinity", "undecided")
NEAR = 1e-6
_STATIONARY = mpfr(10) ** -90  # of the squared Newton decrement: 45 digits of the distance
_GUESSES = (1e-9, 1e-12, 1e-14, 0.0, 1e-7, 1e-5, 1e-3)


@dataclass
class Verdict:
    """``distance``: from the given theta to the maximum, in the metric of the curvature there; ``margins``: how near it was to
    another verdict (multiplier: least 1 - |mu|; kink: least |b.u|/(|b||u|) of a kink that is not met; condition: of the
    curvature with its diagonal scaled to 1)."""

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
        return Verdict("infinity", "the data do not span the space, exactly: the objective is unbounded")
    if problem.estimator == "score":
        return closed_forms.judge_score_matching(problem, theta, Verdict)
    if problem.estimator == "mle" and problem.model == "gaussian":
        return closed_forms.judge_gaussian_likelihood(problem, theta, Verdict)
    if problem.estimator == "mle":
        return _judge_kinked(Likelihood(problem.x), theta)
    return _judge_kinked(NCE(problem.model, problem.x, problem.y, problem.noise), theta)


def _judge_kinked(objective, theta: np.ndarray) -> Verdict:
    start = objective.coordinates(theta)
    if any(not any(row) for row in objective.rows(start)):
        return _zero_row(objective, start)
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
        if last.kind == "undecided" and found.kind != "undecided" or last.distance > found.distance:
            last = found
    if isinstance(objective, NCE) and not (last.kind == "strict" and last.distance < 1.0):
        v = separating_direction(objective, start)
        if v is not None:
            return Verdict("infinity", "a direction along which no term falls, in rationals", theta=v)
    return last


def _settle(objective, start, near, relative) -> Verdict:
    """Active-set ascent from ``start``: hold kinks, polish, take in those that are crossed, let go those that pull."""
    n_rows, T = objective.n_rows, objective.n_data
    arguments = objective.arguments(start)
    S = np.array([[int(gmpy2.sign(v)) for v in row] for row in arguments]).reshape(len(arguments), n_rows)
    S[T:][S[T:] == 0] = 1
    held = [_consistent(objective, np.flatnonzero(near[:, i]), relative[:, i]) for i in range(n_rows)]
    theta = start
    for _ in range(60):
        made = objective.manifold(held)
        if made is None:
            return Verdict("undecided", "the kinks held leave a row no direction")
        Z, active = made
        pattern = np.where(active, 0, S)
        polished = _polish(objective, theta, pattern, Z)
        if isinstance(polished, str):
            return Verdict("undecided", polished)
        point, H, kernel = polished
        crossed = _first_crossing(objective, theta, point, pattern)
        if crossed is not None:
            fraction, t, i = crossed
            theta = theta + fraction * (point - theta)
            S[t, i] = -S[t, i]
            if t < T:
                held[i] = held[i] | {t}
            continue
        theta = point
        slopes, weights = objective.gradient(theta, pattern), objective.kink_weights(theta)
        n, rows = objective.U.shape[1], []
        for i in range(n_rows):
            member = np.flatnonzero(active[:, i])
            rows.append(examine_row(objective.UQ, member, slopes[i * n : (i + 1) * n], weights, T))
        bad = next((i for i, row in enumerate(rows) if row.kind == "ascent"), None)
        if bad is not None:
            d = real(rows[bad].direction)
            for t in np.flatnonzero(active[:, bad]):
                side = int(gmpy2.sign(objective.U[t] @ d))
                if side:
                    S[t, bad] = side
                    held[bad] = held[bad] - {t}
            if rows[bad].valley:
                return _shown_saddle(objective, start, theta, bad, d, H, Z)
            flat = [t for t in np.flatnonzero(active[:T, bad]) if not objective.U[t] @ d]
            held[bad] = set(map(int, flat))
            continue
        return _conclude(objective, start, theta, rows, H, Z, kernel, pattern)
    return Verdict("undecided", "60 exchanges of active kinks did not settle")


def _consistent(objective, candidates, relative) -> set[int]:
    """The nearest of the candidates as long as they leave the row a direction."""
    order = candidates[np.argsort(relative[candidates], kind="stable")]
    n, kept = objective.U.shape[1], []
    for t in order:
        if any(objective.UQ[t]) and rank(objective.UQ[[*kept, t]]) < n:
            kept.append(int(t))
    return set(kept)


def _polish(objective, theta, pattern, Z):
    """The stationary point on the manifold: (theta, curvature in z, columns of Z that move it, or None), or what went wrong."""
    piece = objective.piece(pattern, Z)
    kernel = None
    ZR = real(Z)
    gram = ZR.T @ ZR
    z = solve(gram, ZR.T @ theta)
    value, g, H = piece.newton(z)
    for _ in range(80):
        if objective.concave and kernel is None and not definite(H):
            free = piece.independent()
            if len(free) == Z.shape[1]:
                return "the curvature vanishes to 45 digits"
            kernel = free
        columns = list(range(Z.shape[1])) if kernel is None else kernel
        g_free, H_free = g[columns], H[np.ix_(columns, columns)]
        step_free = solve(H_free, g_free)
        if step_free is None:
            if objective.concave:
                return "the curvature vanishes to 60 digits"
            step_free = _least_step(H_free, g_free)
        decrement = g_free @ step_free
        if not objective.concave and not definite(H) and abs(decrement) > 1e-6:
            B = piece.block_curvature(z)
            step_free = solve(B, g)
            if step_free is None:
                return "rows are dependent"
            decrement = g @ step_free
        if abs(decrement) < _STATIONARY:
            return ZR @ z, H, kernel
        step = zeros(Z.shape[1])
        step[columns] = step_free
        length = mpfr(1)
        damped = objective.concave or decrement > 1e-6
        while True:
            trial = z + length * step
            newton = piece.newton(trial)
            if newton is not None and (
                not damped
                or newton[0] >= value + length * decrement / 1000
                or abs(decrement) < mpfr(10) ** -50
            ):
                break
            length = length / 4
            if length < 1e-30:
                return "no ascent along Newton's step"
        z, (value, g, H) = trial, newton
        if abs(decrement) < mpfr(10) ** -60 and max(abs(v) for v in g @ step[:, None]) < _STATIONARY:
            return ZR @ z, H, kernel
    return "Newton's method did not converge in 80 steps: it runs off"


def _least_step(H, g):
    """Newton's step off the kernel of a singular H (a plateau of the likelihood), the kernel found in double."""
    size = np.sqrt(np.abs(double(np.diag(H)))) + 1e-300
    scaled = double(H) / np.outer(size, size)
    values, vectors = np.linalg.eigh(scaled)
    V = real(vectors[:, np.abs(values) > 1e-10] / size[:, None])
    return V @ solve(V.T @ H @ V, V.T @ g)


def _first_crossing(objective, theta, point, pattern):
    if objective.n_rows == 0:
        return None
    before, after = objective.arguments(theta), objective.arguments(point)
    first = None
    for t, i in zip(*np.nonzero(pattern)):
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
            return answer("plateau", "concave and stationary; the log-odds do not move along some direction")
        return answer("strict", "stationary, strictly complementary, negative definite curvature")
    if definite(H):
        if strict:
            return answer("strict", "stationary, strictly complementary, negative definite curvature")
        return answer(*closed_forms.touching_ridges(objective, theta, rows, Z))
    return answer(*closed_forms.flat_likelihood(objective, theta, rows, H, Z, strict))


def _distance(objective, start, theta, H, Z) -> float:
    """sqrt(d.H d) of the part of d = start - theta on the manifold, and the part off it relative to the rows."""
    ZR = real(Z)
    d = start - theta
    z = solve(ZR.T @ ZR, ZR.T @ d)
    if objective.concave:
        along = gmpy2.sqrt(abs(z @ (H @ z)))
    else:
        A = solve(objective.rows(theta), np.array(_identity(objective.n_rows)))
        along = max(abs(v) for v in (objective.rows(ZR @ z) @ A).reshape(-1))
    off, across = d - ZR @ z, mpfr(0)
    for i, row in enumerate(objective.rows(off)):
        b = objective.rows(theta)[i]
        across = max(across, gmpy2.sqrt(row @ row) / gmpy2.sqrt(b @ b))
    return float(max(along, across))


def _identity(n):
    return [[mpfr(i == j) for j in range(n)] for i in range(n)]


def _margins(objective, theta, rows, H, pattern) -> dict:
    margins = {"multiplier": min([row.slack for row in rows], default=1.0)}
    if objective.n_rows:
        relative = objective.relative(theta)[pattern != 0]
        margins["kink"] = float(relative.min(initial=1.0))
    size = np.array([gmpy2.sqrt(abs(v)) if v else mpfr(1) for v in np.diag(H)], dtype=object)
    scaled = np.linalg.eigvalsh(double(H / np.outer(size, size)))
    margins["curvature"] = float(scaled[0] / max(scaled[-1], 1e-300))
    return margins


def _shown_saddle(objective, start, theta, row, d, H, Z) -> Verdict:
    """A valley wins over the ridges: J rises along +-d in row ``row``; shown by evaluation."""
    step = zeros(objective.n_params)
    n = objective.U.shape[1]
    b = objective.rows(theta)[row]
    step[row * n : (row + 1) * n] = d * gmpy2.sqrt((b @ b) / (d @ d))
    here = objective.value(theta)
    for size in (1e-3, 1e-6, 1e-12, 1e-20):
        for sign in (1, -1):
            if objective.value(theta + sign * mpfr(size) * step) > here:
                distance = _distance(objective, start, theta, H, Z)
                return Verdict("saddle", f"higher at {size:g} across a valley", distance, theta, here)
    return Verdict("undecided", "a valley, but no higher value was found beside it")


def _zero_row(objective, theta) -> Verdict:
    """b_i = 0: J is even in b_i. Rises along some d, or is not decided."""
    here, n = objective.value(theta), objective.U.shape[1]
    if not gmpy2.is_finite(here):
        return Verdict("saddle", "a zero row: the likelihood is -inf", 0.0)
    scale = np.abs(double(objective.U)).max() or 1.0
    rng = np.random.default_rng(0)
    candidates = [*np.eye(n), *double(objective.U), *rng.standard_normal((50, n))]
    if n == 2:
        candidates += [np.array([-u[1], u[0]]) for u in double(objective.U)]
    for i, row in enumerate(objective.rows(theta)):
        for d in candidates if not any(row) else ():
            step = zeros(objective.n_params)
            step[i * n : (i + 1) * n] = real(d / (np.abs(d).max() or 1.0) / scale)
            for size in (1e-3, 1e-8):
                if objective.value(theta + mpfr(size) * step) > here:
                    return Verdict("saddle", "a zero row, and J rises from it", 0.0, theta, here)
    return Verdict("undecided", "a zero row from which no ascent was found")
