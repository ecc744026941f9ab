r"""How the integrals of ranking and conditional NCE are done: quadrature on the line, or rows of random points.

    ranking:      I_k = E[Cov_w(g)] = F - int_0^inf [E_d(r g g^T e^{-s r}) N(s)^k + k a(s) a(s)^T N(s)^{k-1}] ds,
                  r = p_d/p_n,   N(s) = E_n e^{-s r},   a(s) = E_d(g e^{-s r}),   g less its mean under p_d
    conditional:  H = E[sigma(G) sigma(-G) d d^T],   M = E_x[m m^T],   m(x) = E[sigma(-G) d | x]

The first follows from E[Cov_w(g)] = E_d[g g^T] - E[g(x) (sum_j w_j g_j)^T], in which w_j = r_j int_0^inf e^{-s sum r}
ds and p_n r = p_d: its integrands are products over the row's points, whatever k. In ln s they are analytic within pi/2
of the real line, so that the trapezoidal rule of step h errs by e^{-pi^2/h}, 1e-17 at h = 1/4.

Conventions
-----------
theta (n_params,), at the truth; g (n_points, n_params - 1); a rule returns (H, M), for ranking (I_k, None)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg, special

from nce_ref._checks import Float
from nce_ref.asymptotics_rules import FIRST_REACH, line_rule, random_rule
from nce_ref.objectives.rows import row_losses
from nce_ref.special import sigmoid

_EPS = float(np.finfo(float).eps)
_AGREE = 1e-11
_FINEST, _FINEST_PAIRS = 1.0 / 512.0, 1.0 / 128.0
_CHUNK = 64  # values of ln s, or nodes x, at a time
_FARTHEST = 3000.0  # of |ln s|
BLOCK_OF_ROWS = 2048  # rows of random points at a time
FEW = 4  # noise points a row for H and M
_WIDEST = 500  # coordinates of a Sobol sequence

Pieces = tuple[Any, Any]


def ranking_on_the_line(
    model: Any, theta: Float, noise: Any, k: int
) -> tuple[Pieces, list[Pieces], float, str]:
    """I_k, other evaluations of it, a relative bound on rounding, and the method."""
    rule = line_rule(model, theta)

    def information(step: float, step_s: float) -> tuple[Float, float]:
        u, slope = rule(step, FIRST_REACH)
        log_density, log_noise = model.log_density(theta, u), noise.log_density(u)
        G = log_density - log_noise
        of_data, of_noise = slope * np.exp(log_density), slope * np.exp(log_noise)
        g = model.jacobian(theta, u)[:, :-1]
        g = g - of_data @ g / of_data.sum()
        p = g.shape[1]
        gg = (g[:, :, None] * g[:, None, :]).reshape(len(u), p * p)
        fisher = of_data @ gg
        largest = float(fisher.reshape(p, p).diagonal().max())

        def part(log_s: Float) -> Float:
            """The integrand in ln s: (len(log_s), p^2)."""
            with np.errstate(over="ignore"):
                sr = np.exp(np.minimum(log_s[:, None] + G, 700.0))
            fall = np.exp(-sr)
            # ln N = ln(1 - E_n(1 - e^-sr)): to its last digits near 1, whatever the power.
            with np.errstate(divide="ignore"):
                log_N = np.log1p(-np.minimum(-np.expm1(-sr) @ of_noise, 1.0))
            a = fall @ (of_data[:, None] * g)
            with np.errstate(under="ignore", invalid="ignore"):
                first = ((sr * fall) @ (of_data[:, None] * gg)) * np.exp(k * log_N)[:, None]
                # s N^(k-1) as one exponential; 0 inf where N is 0 and k is 1.
                power = np.exp(log_s + ((k - 1) * log_N if k > 1 else 0.0))
                second = k * (a[:, :, None] * a[:, None, :]).reshape(-1, p * p) * power[:, None]
            return step_s * (first + second)

        total = np.zeros(p * p)
        for way in (1.0, -1.0):
            first = 0.0 if way > 0.0 else step_s
            while first < _FARTHEST:
                found = part(way * (first + step_s * np.arange(_CHUNK, dtype=np.float64)))
                total += found.sum(axis=0)
                first += step_s * _CHUNK
                if np.abs(found[-8:]).max() < 1e-19 * largest and first > 8.0:
                    break
        mass = abs(float(of_data.sum()) - 1.0)
        return (fisher - total).reshape(p, p), mass + float(np.abs(found[-1]).max()) / largest

    step, step_s = 1.0 / 16.0, 0.25
    found, missing = information(step, step_s)
    while True:
        step *= 0.5
        coarse = found
        found, missing = information(step, step_s)
        if _apart(found, coarse) < _AGREE or step < _FINEST:
            break
    other = information(step, 0.625 * step_s)[0]
    # F and the integral are sums of positive numbers; I_k is their difference.
    inverse = 1.0 / max(float(linalg.eigvalsh(_unit(found))[0]), 1e-300)
    fisher_over = float((_fisher_diagonal(model, theta, rule, step) / np.diag(found)).max())
    rounding = (missing + 50.0 * _EPS) * (1.0 + fisher_over) * inverse
    others: list[Pieces] = [(coarse, None), (other, None)]
    return (found, None), others, rounding, "quadrature on the line, in u and in ln s"


def _fisher_diagonal(model: Any, theta: Float, rule: Any, step: float) -> Float:
    """The variances of g under the model: the diagonal of F."""
    u, slope = rule(step, FIRST_REACH)
    density = slope * np.exp(model.log_density(theta, u))
    g = model.jacobian(theta, u)[:, :-1]
    return np.asarray(density @ (g - density @ g) ** 2)


def conditional_on_the_line(
    model: Any, theta: Float, noise: Any
) -> tuple[Pieces, list[Pieces], float, str]:
    """H and M, their coarser evaluation, a relative bound on what that cannot show, and the method."""
    rule = line_rule(model, theta)

    def pieces(step: float) -> tuple[Pieces, float]:
        u, slope = rule(step, FIRST_REACH)
        log_density = model.log_density(theta, u)
        density = slope * np.exp(log_density)
        kept = (
            density > 1e-40 * density.max()
        )  # what lies beyond is nothing, and the pairs are many
        u, slope, log_density, density = (v[kept] for v in (u, slope, log_density, density))
        g = model.jacobian(theta, u)[:, :-1]
        p = g.shape[1]
        H, M, missing = np.zeros((p, p)), np.zeros((p, p)), 0.0
        for start in range(0, len(u), _CHUNK):
            block = slice(start, start + _CHUNK)
            x = u[block]
            ys = np.broadcast_to(u[None, :, :], (len(x), len(u), 1))
            xs = np.broadcast_to(x[None, :, :], (len(u), len(x), 1))
            forth = np.asarray(noise.log_density(np.ascontiguousarray(ys), x))
            back = np.asarray(noise.log_density(np.ascontiguousarray(xs), u)).T
            with np.errstate(invalid="ignore"):
                G = log_density[block, None] - log_density[None, :] + forth - back
            step_mass = slope * np.exp(forth)
            G = np.where(step_mass > 0.0, G, 0.0)
            d = g[block, None, :] - g[None, :, :]
            psi = (step_mass * sigmoid(-G))[:, :, None] * d
            H += np.einsum("xyp,xyq,xy,x->pq", psi, d, sigmoid(G), density[block])
            m = psi.sum(axis=1)
            M += (m * density[block, None]).T @ m
            missing += float(density[block] @ np.abs(step_mass.sum(axis=1) - 1.0))
        return (H, M), missing + abs(float(density.sum()) - 1.0)

    step = 1.0 / 8.0
    found, missing = pieces(step)
    while True:
        step *= 0.5
        coarse = found
        found, missing = pieces(step)
        gap = max(_apart(one, other) for one, other in zip(found, coarse, strict=True))
        if gap < _AGREE or step < _FINEST_PAIRS:
            break
    return found, [coarse], 2.0 * missing + 1e4 * _EPS, "quadrature on the line, in x and in y"


def rows_rule(
    model: Any,
    theta: Float,
    near: Callable[[Float, Float], Float] | None,
    far: Any,
    m: int,
    rng: Any,
    log2_points: int,
) -> tuple[Callable[[], tuple[Float, Float]], str]:
    """Return a function that draws 2**log2_points rows (x, y) afresh, y (n_points, m, n_dim), and what the points are
    called.

    ``near(x, z)`` makes y of standard normal z: x and z are then one scrambled Sobol sequence, where the model has a
    transport and its dimension is at most ``_WIDEST``. Else x is drawn by itself, and y by ``far(x)``.
    """
    n, count = model.n_dim, 2**log2_points
    smooth = _has_transport(model, theta)
    if near is None or not smooth or n * (m + 1) > _WIDEST:
        draw, name = (
            random_rule(model, theta, rng, log2_points)
            if smooth
            else (lambda: np.asarray(model.sample(theta, count, rng), dtype=np.float64), "its law")
        )

        def apart() -> tuple[Float, Float]:
            x = draw()
            return x, np.asarray(far(x), dtype=np.float64).reshape(count, m, n)

        return apart, f"x of {name}, y at random"
    # Imported here, as in ``asymptotics_rules.py``.
    from scipy.stats import qmc

    def together() -> tuple[Float, Float]:
        rule = qmc.Sobol(n * (m + 1), scramble=True, bits=50, seed=rng)
        cube = rule.random_base2(log2_points) + 2.0**-51
        x = np.asarray(model.transport(theta, cube[:, :n]), dtype=np.float64)
        return x, near(x, special.ndtri(cube[:, n:]).reshape(count, m, n))

    return together, "scrambled Sobol points"


def _has_transport(model: Any, theta: Float) -> bool:
    """Whether the model maps the unit cube onto its density; one of discrete data has the name and refuses."""
    try:
        model.transport(theta, np.full((1, model.n_dim), 0.5))
    except (AttributeError, NotImplementedError):
        return False
    return True


def ranking_rows(model: Any, theta: Float, noise: Any, x: Float, y: Float) -> Float:
    """The sum over rows of Cov_w(g)."""
    k = y.shape[1]
    u = np.concatenate([x[:, None, :], y], axis=1).reshape(len(x) * (k + 1), -1)
    s = (model.log_density(theta, u) - noise.log_density(u)).reshape(len(x), k + 1)
    g = model.jacobian(theta, u)[:, :-1].reshape(len(x), k + 1, -1)
    _, w = row_losses(s[:, 1:] - s[:, :1])
    d = g[:, 1:] - g[:, :1]
    root = (d * np.sqrt(w)[:, :, None]).reshape(len(x) * k, -1)
    mean = np.einsum("rj,rjp->rp", w, d)
    return np.asarray(root.T @ root - mean.T @ mean)


def conditional_rows(
    model: Any, theta: Float, noise: Any, x: Float, y: Float
) -> tuple[Float, Float]:
    """The sums over rows of H and of M, unbiased: M from the products of different y of one x."""
    flat = y.reshape(len(x) * FEW, -1)
    of_x = model.log_density(theta, x)[:, None]
    G = of_x - model.log_density(theta, flat).reshape(len(x), FEW)
    if not getattr(noise, "symmetric", False):
        back = noise.log_density(np.repeat(x, FEW, axis=0)[:, None, :], flat)
        G = G + noise.log_density(y, x) - np.asarray(back).reshape(len(x), FEW)
    d = model.jacobian(theta, x)[:, None, :-1] - model.jacobian(theta, flat)[:, :-1].reshape(
        len(x), FEW, -1
    )
    psi = sigmoid(-G)[:, :, None] * d
    H = np.einsum("xyp,xyq,xy->pq", psi, d, sigmoid(G)) / FEW
    total = psi.sum(axis=1)
    M = (total.T @ total - np.einsum("xyp,xyq->pq", psi, psi)) / (FEW * (FEW - 1))
    return H, M


def _unit(matrix: Float) -> Float:
    size = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    return np.asarray(matrix / np.outer(size, size))


def _apart(one: Float, other: Float) -> float:
    """The largest difference, in units of the diagonal's roots."""
    size = np.sqrt(np.maximum(np.diag(one), 1e-300))
    return float((np.abs(one - other) / np.outer(size, size)).max())
