"""Is the judge right? Its formulas against differences, its verdicts against trial by points, and planted mistakes.

    python -m tests.optimize.adversarial.check_judge [number of problems]

* Every gradient and curvature equals the central difference of the 72-digit value to 20 digits.
* Beside a "strict" maximum J is lower in 60 random directions at each of four sizes, along the kinks that are met and
  off them; beside a "plateau" or "degenerate" one it is nowhere higher.
* theta moved off a maximum, in the curvature's metric, is found at that distance; a zero-gradient saddle, a point on a
  valley and a separable sample are never called a maximum.
"""

from __future__ import annotations

import sys

import gmpy2
import numpy as np
from gmpy2 import mpfr

from .campaign import fit
from .closed_forms import ICAScore
from .digits import double, eye, log_abs_det, real, solve, zeros
from .formulas import NCE, Likelihood
from .judge import NEAR, judge
from .problems import KINDS, Problem, problem

_SIZES = (1e-2, 1e-4, 1e-8, 1e-14)


def value_of(p: Problem):
    """J as a function of the judge's own coordinates, for trial by points."""
    if p.estimator == "nce":
        return NCE(p.model, p.x, p.y, p.noise).value
    if p.estimator == "mle" and p.model == "ica":
        return Likelihood(p.x).value
    S, n = real(p.x).T @ real(p.x) / len(p.x), p.n
    if p.estimator == "mle":
        return lambda P: (log_abs_det(P) - np.trace(P @ S)) / 2
    if p.model == "gaussian":
        return lambda P: np.trace(P) - np.trace(P @ S @ P) / 2
    score = ICAScore(p.x, p.slope)
    return lambda B: -score.loss_and_gradient(B.reshape(n, n))[0]


def trial_by_points(p: Problem, verdict, rng, tries: int = 60) -> list[str]:
    """Complaints: points near the maximum where J is not as the verdict says."""
    J, top = value_of(p), verdict.theta
    here, shape = J(top), np.shape(top)
    complaints = []
    kinked = p.model == "ica" and p.estimator != "score"
    unit = _units(p, top)
    for k in range(tries):
        d = rng.standard_normal(shape)
        if kinked and k % 2:  # along one row only, scaled or turned
            d = np.zeros(shape)
            i = int(rng.integers(p.n))
            d[i * p.n : (i + 1) * p.n] = rng.standard_normal(p.n)
        if shape == (p.n, p.n) and p.model == "gaussian":
            d = d + d.T
        step = unit(real(d))
        for size in _SIZES:
            rise = J(top + mpfr(size) * step) - here
            if rise > 0 or (rise == 0 and verdict.kind == "strict"):
                if size >= 1e-4 and verdict.kind == "strict":
                    continue  # a *local* maximum: so far off J may well be higher
                complaints.append(f"{verdict.kind}: J rises by {float(rise):.2g} at {size:g}")
    return complaints


def _units(p: Problem, top):
    """Turn a random array into a step that changes the log-densities of the sample by about 1."""
    n = p.n
    scale = real(np.where((p.x != 0).any(axis=0), np.sqrt((p.x**2).mean(axis=0)), 1.0))
    if p.model == "gaussian" and np.ndim(top) == 1:
        i, j = np.tril_indices(n)
        per = np.append(scale[i] * scale[j], mpfr(1))
        return lambda d: d / per
    if p.model == "gaussian":
        return lambda d: d / np.outer(scale, scale)
    if np.ndim(top) == 2:
        return lambda d: d / scale
    per = np.concatenate([np.tile(scale, n), np.full(len(top) - n * n, mpfr(1))])
    return lambda d: d / per


def check_formulas(rng) -> None:
    x, y = rng.standard_normal((7, 2)), rng.standard_normal((9, 2))
    h = mpfr(10) ** -24
    for p in (
        Problem("", 0, "nce", "ica", x, y, ("gaussian", np.ones(2), np.diag([2.0, 3.0])), None),
        Problem("", 0, "nce", "ica", x, y, ("laplace", np.array([[1.0, 0.2], [0.3, 1.0]])), None),
        Problem("", 0, "nce", "gaussian", x, y, ("gaussian", np.ones(2), np.eye(2) + 0.3), None),
    ):
        J = NCE(p.model, p.x, p.y, p.noise)
        theta = J.coordinates(rng.standard_normal(J.n_params))
        S = np.array([[int(gmpy2.sign(v)) for v in row] for row in J.arguments(theta)])
        S = S.reshape(len(J.U), J.n_rows)
        g, (_, gz, H) = J.gradient(theta, S), J.piece(S, eye(J.n_params)).newton(theta)
        for k, e in enumerate(eye(J.n_params)):
            slope = (J.value(theta + h * e) - J.value(theta - h * e)) / (2 * h)
            assert abs(slope - g[k]) < 1e-20 and abs(slope - gz[k]) < 1e-20, "gradient of NCE"
            bend = (J.gradient(theta + h * e, S) - J.gradient(theta - h * e, S)) / (2 * h)
            assert max(abs(v) for v in bend + H[k]) < 1e-20, "curvature of NCE"
    L = Likelihood(x)
    beta = L.coordinates(np.append(rng.standard_normal(4), 0.0))
    S = np.array([[int(gmpy2.sign(v)) for v in row] for row in L.arguments(beta)])
    g, H = L.gradient(beta, S), L.piece(S, eye(4)).curvature(beta)
    for k, e in enumerate(eye(4)):
        slope = (L.value(beta + h * e) - L.value(beta - h * e)) / (2 * h)
        assert abs(slope - g[k]) < 1e-20, "gradient of the likelihood"
        bend = (L.gradient(beta + h * e, S) - L.gradient(beta - h * e, S)) / (2 * h)
        assert max(abs(v) for v in bend + H[k]) < 1e-20, "curvature of the likelihood"
    score = ICAScore(x, 10.0)
    B = real(rng.standard_normal((2, 2)))
    g = score.loss_and_gradient(B)[1]
    for i, j in np.ndindex(2, 2):
        e = zeros(2, 2)
        e[i, j] = h
        up, down = score.loss_and_gradient(B + e)[0], score.loss_and_gradient(B - e)[0]
        assert abs((up - down) / (2 * h) - g[i, j]) < 1e-20, "gradient of score matching"


def check_plants(rng) -> None:
    """Points that are no maximum, each for another reason."""
    x = rng.laplace(size=(20, 2))
    y = 2.0 * rng.standard_normal((20, 2))
    noise = ("gaussian", np.zeros(2), 4.0 * np.eye(2))
    for estimator, model in (
        ("nce", "ica"),
        ("nce", "gaussian"),
        ("mle", "ica"),
        ("mle", "gaussian"),
    ):
        p = Problem(
            "",
            0,
            estimator,
            model,
            x,
            y,
            noise,
            np.append(np.eye(2).ravel(), -1.0)[: 5 if model == "ica" else 4],
        )
        if model == "gaussian":
            p.start = np.array([1.0, 0.0, 1.0, -1.0])
        top = fit(p).theta
        assert judge(p, top).kind == "strict" and judge(p, top).distance < 1e-9
        for size in (1e-5, 1e-3):
            moved = judge(p, top * (1.0 + size))
            assert not moved.distance < NEAR, f"{estimator} {model}: theta moved by {size} passes"
            assert 0.1 * size < moved.distance < 100 * size
    p_nce = Problem("", 0, "nce", "ica", x, y, noise, None)
    # Equal rows of the likelihood's axes turned by 45 degrees: a saddle on four symmetric points.
    cross = np.array([[1.0, 0.0], [0.0, 1.0]])
    p = Problem("", 0, "mle", "ica", cross, None, None, None)
    saddle = np.array([1.0, 1.0, 1.0, -1.0, 0.0]) / np.sqrt(2.0)
    assert judge(p, saddle).kind != "strict" or judge(p, saddle).distance > NEAR
    # The best point of the wrong manifold, one kink too many held: stationary on it, but its multiplier is beyond 1.
    J = NCE("ica", x, y, noise)
    theta = J.coordinates(
        fit(Problem("", 0, "nce", "ica", x, y, noise, np.array([1.0, 0, 0, 1, -1]))).theta
    )
    for t in range(5):
        held = [{t}, set()]
        Z, active = J.manifold(held)
        S = np.where(active, 0, np.where(double(J.arguments(theta)) > 0, 1, -1))
        piece, ZR = J.piece(S, Z), real(Z)
        z = solve(ZR.T @ ZR, ZR.T @ theta)
        for _ in range(40):
            _, g, H = piece.newton(z)
            z = z + solve(H, g)
        wrong = double(ZR @ z)
        wrong[:4] /= np.sqrt(2.0)
        assert not judge(p_nce, wrong).distance < NEAR, "a kink too many"
    # On a valley: b_1 orthogonal to a noise point.
    p = Problem("", 0, "nce", "ica", x, y, noise, None)
    valley = np.append(np.array([[-y[0, 1], y[0, 0]], [0.3, 1.0]]).ravel(), -1.0)
    assert not judge(p, valley).distance < NEAR
    # Separable: no theta is a maximum, however far out and however flat.
    far = Problem(
        "",
        0,
        "nce",
        "gaussian",
        x[:, :1],
        30.0 + np.abs(y[:, :1]),
        ("gaussian", np.array([30.0]), np.eye(1)),
        None,
    )
    for size in (1.0, 1e3, 1e6):
        assert judge(far, np.array([size, 500.0 * size])).kind == "infinity"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rng = np.random.default_rng(5)
    check_formulas(rng)
    check_plants(rng)
    tried, complaints = dict.fromkeys(("strict", "plateau", "degenerate"), 0), []
    kinds = [k for k in KINDS if not k.startswith(("hundreds", "much", "little"))]
    for seed in range(10_000, 10_000 + count):
        p = problem(kinds[seed % len(kinds)], seed)
        try:
            theta = fit(p).theta
        except ValueError:
            continue
        for verdict in (
            judge(p, theta),
            judge(p, p.start),
        ):  # from far off, too: the judge then climbs
            if verdict.kind in tried:
                tried[verdict.kind] += 1
                complaints += [f"{p.kind} {seed}: {c}" for c in trial_by_points(p, verdict, rng)]
    print("maxima tried by points:", tried, "complaints:", complaints or "none")
    sys.exit(bool(complaints))


if __name__ == "__main__":
    main()
