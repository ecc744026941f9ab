"""Cases with more structure than a pattern: Gaussian likelihood, score matching, and the flat directions of ln|det
B|."""

from __future__ import annotations

import itertools

import gmpy2
import numpy as np
from gmpy2 import mpfr, mpq

from .digits import (
    definite,
    double,
    eye,
    log_abs_det,
    null_space,
    rational,
    real,
    scaled_condition,
    solve,
    zeros,
)

SQRT2 = gmpy2.sqrt(mpfr(2))


def lower_triangle(theta, n: int) -> np.ndarray:
    out = zeros(n, n)
    for value, i, j in zip(theta, *np.tril_indices(n)):
        out[i, j] = out[j, i] = mpfr(float(value))
    return out


def _second_moment(x) -> np.ndarray:
    X = real(x)
    return X.T @ X / len(X)


def judge_gaussian_likelihood(problem, theta, answer):
    """L = 1/2 ln det P - 1/2 tr P S - (n/2) ln 2 pi is strictly concave and has its maximum at P = S^-1, S of full
    rank."""
    S, n = _second_moment(problem.x), problem.x.shape[1]
    P, best = lower_triangle(theta, n), solve(S, eye(n))
    D = (P - best) @ S
    distance = float(gmpy2.sqrt(abs(np.trace(D @ D))))

    def value(M):
        return (log_abs_det(M) - np.trace(M @ S) - n * gmpy2.log(2 * gmpy2.const_pi())) / 2

    gain = float(value(best) - value(P)) if definite(P) else np.inf
    margins = {"curvature": scaled_condition(S), "rounding": _rounding(best, S)}
    return answer("strict", "the inverse second moment", distance, best, value(best), gain, margins)


def _rounding(P, S) -> float:
    """How far rounding P to double may move it, in the metric tr (D S)^2: no P in float64 is sure to be nearer."""
    total = mpfr(0)
    for i, j in zip(*np.tril_indices(len(P))):
        total += P[i, j] ** 2 * (S[i, i] * S[j, j] + S[i, j] ** 2) * (1 if i == j else 2)
    return float(gmpy2.sqrt(total)) * 2.0**-53


def judge_score_matching(problem, theta, answer):
    if problem.model == "gaussian":
        S, n = _second_moment(problem.x), problem.x.shape[1]
        P, best = lower_triangle(theta, n), solve(S, eye(n))
        D = P - best
        distance = float(gmpy2.sqrt(abs(np.trace(D @ S @ D) / np.trace(best))))

        def value(M):
            return np.trace(M) - np.trace(M @ S @ M) / 2

        margins = {
            "curvature": scaled_condition(S),
            "affine": float(gmpy2.sqrt(abs(np.trace(D @ S @ D @ S)))),
            "rounding": float(gmpy2.sqrt((best * best @ np.diag(S)).sum() / np.trace(best)))
            * 2.0**-53,
        }
        gain = float((value(best) - value(P)) / abs(value(best)))
        return answer(
            "strict", "the inverse second moment", distance, best, value(best), gain, margins
        )
    found = _judge_ica_score(problem, theta, answer)
    if found.kind == "undecided" and _unbounded_score(problem):
        reason = "a row b = t v, v orthogonal to so many points that J grows like t^2, and no maximum found from here"
        return answer("infinity", reason)
    return found


def _unbounded_score(problem) -> bool:
    """With k of T points on v.x = 0 a row t v has the loss t^2 |v|^2 (1 - k/T - sqrt(2) slope k/T) + O(t): below 0 for
    most k."""
    X, n = rational(problem.x), problem.x.shape[1]
    points = [x for x in X if any(x)]
    zero = len(X) - len(points)
    best = zero
    for chosen in itertools.combinations(range(len(points)), n - 1):
        block = null_space(np.array([points[t] for t in chosen], dtype=object).reshape(-1, n), n)
        v = block[:, 0]
        best = max(best, zero + sum(not x @ v for x in points))
        if best * (1 + SQRT2 * problem.slope) > len(X) + mpfr(10) ** -30:
            return True
    return False


class ICAScore:
    """The loss 1/2 |Psi|^2 + div Psi per point, Psi = B^T phi, phi = -sqrt(2) tanh(a B u), and its gradient by B."""

    def __init__(self, x, slope: float) -> None:
        self.X, self.a = real(x), mpfr(float(slope))

    def loss_and_gradient(self, B):
        S, a = self.X @ B.T, self.a
        t = np.array([gmpy2.tanh(a * v) for v in S.reshape(-1)], dtype=object).reshape(S.shape)
        phi, first = -SQRT2 * t, -SQRT2 * a * (1 - t * t)
        second = 2 * SQRT2 * a * a * t * (1 - t * t)
        psi, squares = phi @ B, np.array([row @ row for row in B], dtype=object)
        loss = ((psi * psi).sum() / 2 + (first * squares).sum()) / len(self.X)
        gradient = phi.T @ psi + (first * (psi @ B.T) + second * squares).T @ self.X
        gradient = gradient + 2 * np.array([first.sum(axis=0)], dtype=object).T * B
        return loss, gradient / len(self.X)

    def newton(self, B):
        """Loss, gradient and Hessian by E, where B moves to (I + E) B; the Hessian from differences 1e-24 apart."""
        n = len(B)
        loss, g = self.loss_and_gradient(B)
        H, h = zeros(n * n, n * n), mpfr(10) ** -24
        for k in range(n * n):
            E = zeros(n * n)
            E[k] = h
            step = E.reshape(n, n) @ B
            up, down = self.loss_and_gradient(B + step)[1], self.loss_and_gradient(B - step)[1]
            H[k] = ((up - down) @ B.T / (2 * h)).reshape(-1)
        return loss, (g @ B.T).reshape(-1), (H + H.T) / 2


def _judge_ica_score(problem, theta, answer):
    n = problem.x.shape[1]
    start = real(theta)[: n * n].reshape(n, n)
    objective, B = ICAScore(problem.x, problem.slope), start
    loss, g, H = objective.newton(B)
    first = loss
    for _ in range(100):
        size, largest = max(abs(v) for v in np.diag(H)), max(abs(v) for v in g)
        step = solve(H, g)
        if step is not None and abs(g @ step) < abs(loss) * mpfr(10) ** -90:
            break
        if step is not None and not definite(H) and largest < size * mpfr(10) ** -5:
            # Beside a saddle: Newton's step as it is, as long as it leads to smaller gradients.
            trial = B - step.reshape(n, n) @ B
            there = objective.newton(trial)
            if max(abs(v) for v in there[1]) < largest / 2:
                B, (loss, g, H) = trial, there
                continue
        shift = mpfr(0)
        while not definite(H + shift * eye(n * n)):
            shift = max(4 * shift, size / 10000)
        step = solve(H + shift * eye(n * n), g)
        decrement, length = g @ step, mpfr(1)
        while abs(decrement) > abs(loss) * mpfr(10) ** -50:
            trial = B - length * step.reshape(n, n) @ B
            if objective.loss_and_gradient(trial)[0] <= loss - length * decrement / 1000:
                break
            length = length / 4
            if length < 1e-20:
                return answer("undecided", "no descent along Newton's step")
        B = B - length * step.reshape(n, n) @ B
        loss, g, H = objective.newton(B)
    else:
        return answer("undecided", "score matching: Newton's method did not converge in 100 steps")
    A = solve(B, eye(n))
    if A is None:
        return answer("undecided", "score matching leads to a singular B")
    distance = float(max(abs(v) for v in ((start - B) @ A).reshape(-1)))
    margins = {"curvature": scaled_condition(H)}
    gain = float((first - loss) / abs(loss))
    if definite(H):
        return answer(
            "strict", "Newton's method, positive definite", distance, B, -loss, gain, margins
        )
    size = max(abs(v) for v in H.reshape(-1)) or mpfr(1)
    E = real(np.linalg.eigh(double(H / size))[1][:, 0])
    for scale in (1e-3, 1e-6, 1e-12):
        for sign in (1, -1):
            there = objective.loss_and_gradient(B + sign * mpfr(scale) * E.reshape(n, n) @ B)[0]
            if there < loss:
                return answer("saddle", f"higher at {scale:g}", distance, B, -loss, gain, margins)
    return answer("undecided", "neither definite nor a saddle", distance)


def _source_blocks(objective, theta, blocks):
    """Each row's admissible changes in source coordinates, d = e B: a list of (k, n) arrays, each of largest entry
    1."""
    A = solve(objective.rows(theta), eye(objective.n_rows))
    out = []
    for block in blocks:
        e = real(block).T @ A
        out.append(np.array([row / max(abs(v) for v in row) for row in e], dtype=object))
    return out


def _row_blocks(objective, Z):
    n, at, blocks = objective.U.shape[1], 0, []
    for i in range(objective.n_rows):
        rows = Z[i * n : (i + 1) * n]
        columns = [k for k in range(Z.shape[1]) if any(rows[:, k])]
        blocks.append(rows[:, columns])
        at += len(columns)
    return blocks


def _cyclic(changes) -> bool:
    """Has the graph i -> j (row i may move along b_j, j != i) a cycle? If not, det(I + E) = prod (1 + E_ii) on it."""
    n, tiny = len(changes), mpfr(10) ** -40
    edge = np.array(
        [
            [i != j and any(abs(row[j]) > tiny for row in e) for j in range(n)]
            for i, e in enumerate(changes)
        ]
    )
    reach = edge.copy()
    for _ in range(n):
        reach = reach | ((reach.astype(int) @ edge.astype(int)) > 0)
    return bool(np.diag(reach).any())


def _ascent(objective, theta, changes, tries: int = 300):
    here, n = objective.value(theta), objective.n_rows
    rng = np.random.default_rng(0)
    for k in range(tries):
        E = zeros(n, n)
        for i, e in enumerate(changes):
            if len(e):
                E[i] = real(rng.standard_normal(len(e))) @ e
                E[i, i] = mpfr(0) if k % 2 else E[i, i]
        if (
            k % 2
        ):  # the scalings of the rows are of no use: their first-order term is 0, their second negative
            E = E * 1
        for size in (1e-1, 1e-3, 1e-6):
            step = (mpfr(size) * E @ objective.rows(theta)).reshape(-1)
            if objective.value(theta + step) > here:
                return size
    return None


def flat_likelihood(objective, theta, rows, H, Z, strict: bool):
    """The curvature along the kinks that are met is not definite: a plateau or a saddle, by the graph of the free
    directions."""
    changes = _source_blocks(objective, theta, _row_blocks(objective, Z))
    if not _cyclic(changes):
        if strict:
            return (
                "plateau",
                "det(I + E) is the product of 1 + E_ii on the manifold: a median is not unique",
            )
        return touching_ridges(objective, theta, rows, Z)
    size = _ascent(objective, theta, changes)
    if size is not None:
        return "saddle", f"free directions form a cycle, and L is higher at {size:g}"
    return "undecided", "free directions form a cycle, but no higher value was found"


def touching_ridges(objective, theta, rows, Z):
    """Some |mu| = 1 is forced: first the larger space on which only the others stay met, then points of the cone."""
    n = objective.U.shape[1]
    blocks = []
    for row, block in zip(rows, _row_blocks(objective, Z)):
        if row.kind == "touching":
            directions = np.array(row.counted, dtype=object).reshape(-1, n)
            block = null_space(directions, n) if len(directions) else eye(n, mpq(1))
        blocks.append(block)
    changes = _source_blocks(objective, theta, blocks)
    if not _cyclic(changes):
        return (
            "degenerate",
            "a multiplier is forced to 1; the free directions have no cycle: a maximum",
        )
    size = _ascent(objective, theta, changes)
    if size is not None:
        return "saddle", f"a multiplier is forced to 1, and L is higher at {size:g}"
    return "undecided", "a multiplier is forced to 1, and the free directions form a cycle"
