r"""Noise-contrastive estimates to 40 digits, each with the numbers that prove it a local maximum, and its standard
errors.

As long as no argument b_i . u_t changes sign, ln p_m is affine in theta, so that J is the log-likelihood of a logistic
regression:

    t_k = g_k . theta - ln p_n(u_k) - ln nu,    h = sigma(t),
    J = (1/T_d) { sum_x ln h + sum_y ln(1 - h) }                  J12
    Laplace ICA   theta = (B row by row, c)          g = (-sqrt(2) s_i u_j, 1),
    s_i = sign(b_i . u), 0 at the active kinks
    Gaussian      theta = (lower triangle of Lambda row by row, c)   g = (-u_i u_j [i > j], -u_i^2/2 [i = j], 1)

``exact_logistic`` maximises it on the linear manifold of the active kinks, { b_i . x_t = 0 for (i, t) listed }.

The proof (THEORY.md, 7.5 and 7.6). With Z an orthonormal basis of that manifold and -M the Hessian of J:

1. Z^T M Z has a Cholesky factor, and m = 1/trace of its inverse is a lower bound of its least eigenvalue. With s the
   norm of the smallest subgradient, L >= |g_k| and rho = 3 s/m, J has a maximum on the manifold within rho of theta if
   L rho < 1 (0.1 is asked for) and no other kink lies within rho: |d ln h(1-h)/dt| <= 1 bounds how fast the curvature
   falls off.
2. There grad J = sum_k mu_k w_k a_k, w_k = sqrt(2) (1 - h)/T_d, a_k = x_t in the place of row i: mu_k is what stands
   for the sign. All |mu_k| computed at theta are below 1 by more than they can change within rho (``_slack``).
3. No kink of the noise lies within rho, and a stationary point off the noise's kinks is a local maximum of J.

The Gaussian's J is concave, so its local maximum is the global one. That no other maximum of the Laplace ICA model is
higher is *not* proved. Standard errors, ``pooled_plug_in``: with P = 1 - h and g at the estimate (s_i = 0 at the active
kinks), x and y pooled,

    I_hat = (1/T_d) sum P(1-P) g g^T,   m_hat = (1/T_d) sum P(1-P) g,
    Sigma_hat = I_hat^-1 - (1 + 1/nu) I_hat^-1 m_hat m_hat^T I_hat^-1,

J12's Sigma (P10 Theorem 3 at nu = 1) with I_hat for I_nu = E_d[P g g^T], whose mean it has at the truth, as p_d + nu
p_n = p_d/h. g_c = 1 makes m_hat a column of I_hat = M, so Sigma_hat = M^-1 - (1 + 1/nu) e_c e_c^T. The errors are
sqrt(diag Sigma_hat / T_d).

Conventions
-----------
x, y, B, precision, noise_mean, noise_cov   as in ``exact``; nu = T_n/T_d; the start's numbers may be decimal strings
active_kinks      [(i, t), ...]: b_i . x_t = 0, i a row of the B given, t a row of x, both from 0
distance          of theta to the kink (i, t): |b_i . u_t|/|u_t|; Infinity where there is none
outputs           a dict of Decimals to ``digits`` digits: the estimate, value, covariance (Sigma_hat, per data sample,
                  in the order of theta), standard_errors; and of the proof: gradient_norm (s), curvature (m), radius
                  (rho). What ought to be 0 (s, rho) is there by its size only
ValueError        a shape that does not fit, NaN or inf, a kink that is no pair of indices or not met by the start
ArithmeticError   no local maximum is proved; the message says which condition fails and by how much
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from nce_ref.oracle.families.densities.exact import gaussian_log_density
from nce_ref.oracle.numbers.linear_algebra import (
    Number,
    Numbers,
    Points,
    as_fraction,
    as_fractions,
    as_rows,
    as_square,
    as_symmetric,
)
from nce_ref.oracle.numbers.logarithms import DIGITS, Outputs
from nce_ref.oracle.numbers.logistic import (
    GUARD,
    ONE,
    ZERO,
    Column,
    Columns,
    LogisticMaximum,
    as_decimals,
    dot,
    identity,
    inverse_of_definite,
    length,
    maximise,
    off,
    rounded,
    times,
    trace,
    unit,
    working,
)

Kink = tuple[int, int]

METHOD = "pooled_plug_in"
_OFF_KINK = Decimal("1e-9")  # a start so far from a kink, as a cosine, does not mean that kink
_ON_KINK = Decimal("1e-30")  # an argument that is 0 but for rounding


def laplace_ica_nce_estimate(
    B: Points,
    c: Number,
    active_kinks: Sequence[Kink],
    x: Points,
    y: Points,
    noise_mean: Numbers,
    noise_cov: Points,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """The local maximum of J at the start (B, c), which meets ``active_kinks`` to 9 digits and is on the right side of
    all others.

    Beside the common outputs: ``B``, ``c``, ``multipliers`` (mu_k, in the order of ``active_kinks``),
    ``kink_distance_data`` and ``kink_distance_noise``, the least distance to a kink of the data that is not active and
    to one of the noise.
    """
    rows = as_square("B", B)
    n = len(rows)
    problem = _Problem.read(x, y, n, noise_mean, noise_cov, digits)
    kinks = _as_kinks(active_kinks, n, problem.n_data)
    with working(digits + GUARD):
        start = [v for row in as_decimals([*rows, [as_fraction("c", c)]]) for v in row]
        basis, theta = _manifold(kinks, problem.points, start, n)
        signs = _signs(theta, kinks, problem, n)
        # g depends on theta by its signs only. -1 where b_i . u > 0: d|b . u|/db = sign(b . u) u, and ln p_m has a
        # minus.
        times_root = [[Decimal(2).sqrt() * v for v in u] for u in problem.points]
        columns = [
            [-s * u[j] for s, u in zip(signs[i], times_root)] for i in range(n) for j in range(n)
        ]
        at = problem.maximise([*columns, [ONE] * len(problem.points)], theta, basis, digits)
        near_data, near_noise = _nearest_kinks(at.theta, problem, signs, n)
        pulls, rest, spread = _pulls(kinks, problem.points, at.gradient, n)
        weights = [Decimal(2).sqrt() * (1 - at.h[t]) / problem.n_data for _, t in kinks]
        multipliers = [pull / weight for pull, weight in zip(pulls, weights)]
        steepest = (1 + 2 * n * max(dot(u, u) for u in problem.points)).sqrt()
        radius = _radius(at, rest, steepest, digits)
        if not radius < min(near_data, near_noise):
            nearest = f"{min(near_data, near_noise):.3g}"
            raise ArithmeticError(
                f"a kink lies {nearest} away, within the {radius:.3g} to which the maximum is known"
            )
        slack = _slack(radius, steepest, spread, weights, problem.nu)
        for (i, t), mu in zip(kinks, multipliers):
            if not abs(mu) + slack < 1:
                raise ArithmeticError(
                    f"the multiplier of b_{i} . x_{t} = 0 is {mu:.6g}; at a maximum it lies between -1 and 1"
                )
        estimate = {
            "B": [at.theta[n * i : n * i + n] for i in range(n)],
            "c": at.theta[-1],
            "multipliers": multipliers,
        }
        distances = {"kink_distance_data": near_data, "kink_distance_noise": near_noise}
        return rounded(
            {**estimate, **problem.outputs(at, length(rest), radius), **distances}, digits
        )


def gaussian_nce_estimate(
    precision: Points,
    c: Number,
    x: Points,
    y: Points,
    noise_mean: Numbers,
    noise_cov: Points,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """The maximum of J of the unnormalised Gaussian, from a start near it. Beside the common outputs: ``precision`` and
    ``c``."""
    Lambda = as_symmetric("precision", precision)
    n = len(Lambda)
    problem = _Problem.read(x, y, n, noise_mean, noise_cov, digits)
    lower = [(i, j) for i in range(n) for j in range(i + 1)]
    with working(digits + GUARD):
        start = as_decimals([[Lambda[i][j] for i, j in lower] + [as_fraction("c", c)]])[0]
        columns = [[-u[i] * u[j] / (1 if i > j else 2) for u in problem.points] for i, j in lower]
        columns.append([ONE] * len(problem.points))
        at = problem.maximise(columns, start, identity(len(start)), digits)
        radius = _radius(at, at.gradient, max(length(list(g)) for g in zip(*columns)), digits)
        entries = dict(zip(lower, at.theta))
        estimate = {
            "precision": [[entries[max(i, j), min(i, j)] for j in range(n)] for i in range(n)],
            "c": at.theta[-1],
        }
        return rounded({**estimate, **problem.outputs(at, length(at.gradient), radius)}, digits)


@dataclass(frozen=True)
class _Problem:
    """Both samples, data first, and -ln p_n - ln nu at each point, in Decimals of the working precision."""

    points: Columns
    offsets: Column
    n_data: int
    nu: Decimal

    @classmethod
    def read(
        cls, x: Points, y: Points, n: int, noise_mean: Numbers, noise_cov: Points, digits: int
    ) -> _Problem:
        data, noise = as_rows("x", x, n), as_rows("y", y, n)
        mean, cov = (
            as_fractions("noise_mean", noise_mean, n),
            as_symmetric("noise_cov", noise_cov, n),
        )
        log_noise = gaussian_log_density(data + noise, mean, cov, digits=digits + GUARD)["value"]
        with working(digits + GUARD):
            nu = Decimal(len(noise)) / len(data)
            log_nu = nu.ln()
            return cls(as_decimals(data + noise), [-v - log_nu for v in log_noise], len(data), nu)

    def maximise(
        self, columns: Columns, theta: Column, basis: Columns, digits: int
    ) -> LogisticMaximum:
        return maximise(columns, self.offsets, self.n_data, theta, basis, digits)

    def outputs(self, at: LogisticMaximum, gradient_norm: Decimal, radius: Decimal) -> Outputs:
        """What every estimate has."""
        covariance = inverse_of_definite(at.M)
        covariance[-1][-1] -= 1 + 1 / self.nu
        return {
            "value": at.value,
            "gradient_norm": gradient_norm,
            "curvature": 1 / trace(at.reduced_inverse),
            "radius": radius,
            "covariance": covariance,
            "standard_errors": [
                (covariance[k][k] / self.n_data).sqrt() for k in range(len(covariance))
            ],
        }


def _as_kinks(active_kinks: Sequence[Kink], n: int, n_data: int) -> list[Kink]:
    kinks = [tuple(pair) for pair in active_kinks]
    right = all(
        len(k) == 2 and all(type(v) is int for v in k) and 0 <= k[0] < n and 0 <= k[1] < n_data
        for k in kinks
    )
    if not right or len(set(kinks)) < len(kinks):
        raise ValueError(
            f"active_kinks: got {active_kinks!r}; expected distinct pairs (row of B below {n}, row of x below {n_data})"
        )
    return [(i, t) for i, t in kinks]


def _manifold(kinks: list[Kink], points: Columns, start: Column, n: int) -> tuple[Columns, Column]:
    """An orthonormal basis of { theta: b_i . x_t = 0 at the kinks }, and its point next to the start."""
    basis, theta = [], start[:]
    for i in range(n):
        row, normals = start[n * i : n * i + n], Columns()
        for t in (t for k, t in kinks if k == i):
            if abs(dot(row, points[t])) > _OFF_KINK * length(points[t]) * length(row):
                raise ValueError(
                    f"active_kinks: b_{i} . x_{t} is {dot(row, points[t]):.3g} at the start; expected 0 to 9 digits"
                )
            left = off(normals, points[t])
            if len(normals) == n - 1 or not length(left) > _OFF_KINK * length(points[t]):
                raise ArithmeticError(
                    f"the active kinks of row {i} leave only b_{i} = 0, or are not independent: nothing is proved there"
                )
            normals.append(unit(left))
        theta[n * i : n * i + n] = off(normals, row)
        free = normals[:]
        while len(free) < n:
            free.append(unit(max((off(free, e) for e in identity(n)), key=length)))
        basis += [
            [ZERO] * (n * i) + z + [ZERO] * (n * (n - 1 - i) + 1) for z in free[len(normals) :]
        ]
    return [*basis, [ZERO] * n**2 + [ONE]], theta


def _arguments(theta: Column, points: Columns, n: int) -> Columns:
    """b_i . u_t, (n, n_points)."""
    return [[dot(theta[n * i : n * i + n], u) for u in points] for i in range(n)]


def _signs(theta: Column, kinks: list[Kink], problem: _Problem, n: int) -> list[list[int]]:
    """sign(b_i . u_t), 0 at the active kinks; no other may be 0."""
    signs = [
        [(v > 0) - (v < 0) if abs(v) > _ON_KINK else 0 for v in row]
        for row in _arguments(theta, problem.points, n)
    ]
    for i, row in enumerate(signs):
        for t, s in enumerate(row):
            if (i, t) in kinks:
                row[t] = 0
            elif s == 0:
                where = (
                    "a kink that is not listed as active"
                    if t < problem.n_data
                    else "a kink of the noise, where J bends upwards"
                )
                raise ArithmeticError(
                    f"b_{i} . {_name(t, problem)} = 0, {where}: not proved a maximum"
                )
    return signs


def _nearest_kinks(
    theta: Column, problem: _Problem, signs: list[list[int]], n: int
) -> tuple[Decimal, Decimal]:
    """The least distance to a kink of the data that is not active, and to one of the noise; theta must be on its side
    of each."""
    nearest = [Decimal("Infinity"), Decimal("Infinity")]
    lengths = [length(u) for u in problem.points]
    for i, row in enumerate(_arguments(theta, problem.points, n)):
        for t, (v, s) in enumerate(zip(row, signs[i])):
            if s and not v * s > 0:
                raise ArithmeticError(
                    f"b_{i} . {_name(t, problem)} changed its sign: other kinks are active, or the start is no maximum"
                )
            if s:
                of_noise = t >= problem.n_data
                nearest[of_noise] = min(nearest[of_noise], v * s / lengths[t])
    return nearest[0], nearest[1]


def _name(t: int, problem: _Problem) -> str:
    return f"x_{t}" if t < problem.n_data else f"y_{t - problem.n_data}"


def _pulls(
    kinks: list[Kink], points: Columns, gradient: Column, n: int
) -> tuple[Column, Column, Decimal]:
    """mu_k w_k by least squares, row by row; what they leave of the gradient; how far they move, at most, if the
    gradient moves by 1."""
    pulls, rest, spread = dict[Kink, Decimal](), gradient[:], ZERO
    for i in range(n):
        own = [k for k in kinks if k[0] == i]
        inverse = inverse_of_definite([[dot(points[s], points[t]) for _, t in own] for _, s in own])
        of_row = times(inverse, [dot(points[t], gradient[n * i : n * i + n]) for _, t in own])
        for (_, t), pull in zip(own, of_row):
            rest[n * i : n * i + n] = [
                a - pull * v for a, v in zip(rest[n * i : n * i + n], points[t])
            ]
        pulls.update(zip(own, of_row))
        spread = max(spread, trace(inverse).sqrt())
    return [pulls[k] for k in kinks], rest, spread


def _radius(at: LogisticMaximum, subgradient: Column, steepest: Decimal, digits: int) -> Decimal:
    """rho, the roundings of the sums counted in. Raises ArithmeticError unless L rho < 0.1."""
    s = length(subgradient) + Decimal(10) ** -(digits + 20)
    radius = 3 * s * trace(at.reduced_inverse)
    if not 10 * steepest * radius < 1:
        raise ArithmeticError(
            f"a gradient of {s:.3g} places the maximum within {radius:.3g} only: not proved, perhaps at infinity"
        )
    return radius


def _slack(
    radius: Decimal, steepest: Decimal, spread: Decimal, weights: Column, nu: Decimal
) -> Decimal:
    """A bound of |mu_k' - mu_k| within rho, for |mu_k| <= 1: as h(1-h) <= 1/4, grad J moves by (1 + nu) L^2 rho/4 at
    most, and w_k by a factor within e^(L rho) of 1. The 2 pays for L rho up to 0.1."""
    return (
        2 * steepest * radius * (1 + spread * (1 + nu) * steepest / (4 * min(weights, default=ONE)))
    )
