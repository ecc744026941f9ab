r"""Sigma of NCE for the Laplace ICA model in plain NumPy, cut into steps that a mistake can replace: right as they
stand.

    Sigma = I^-1 - (1 + 1/nu) I^-1 m m' I^-1,   I = E_d[P g g'],   m = E_d[P g],   P = nu p_n/(p_d + nu p_n)
    in source coordinates s = B u:   g_B,ij = -sqrt(2) sign(s_i) u_j,  g_c = 1,  u = B^-1 s

All of I is in the integrals of w h h' over the 2^n orthants, h = (1, |s_1|, .., |s_n|), by tensor products of
Gauss-Legendre rules; w = p_d P, where nothing is wrong. A grid is made once a vector, an integral once a vector and w,
so that the mistakes that come after the integrals, most of them, cost nothing.

Conventions
-----------
inputs   those of ``asymptotic_covariance``; whatever their dtype, the quadrature is in float64, as anybody's is
digits   some 8 on the stored vectors, where ``tolerance`` asks for 6: a test compares with ``exact_covariance``
n        1, 2: any Gaussian noise; 3, 4: noise centred, uncorrelated and of equal variances in source coordinates; else
         ValueError
theta    (B row by row, c): m is the last column of I, since g_c = 1, and so the correction is (1 + 1/nu) in Sigma_cc
         alone
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from nce_ref._checks import Float

SQRT2 = math.sqrt(2.0)
_NODES = {1: 160, 2: 96, 3: 48, 4: 44}  # an axis
_TAIL = 24.0  # what is cut off is e^-24 of what is left, about
_ROUNDING = 1e-12

# (ln p_d, ln p_n, nu) -> what g g' is integrated against
Weight = Callable[[Float, Float, float], Float]
Noise = Callable[
    [Float, Float, Float], tuple[Float, float]
]  # (B, mean, cov) -> (mean, what is added to ln p_n)
Sandwich = Callable[[Float, float], Float]  # (I, nu) -> Sigma
Finish = Callable[[Float, Float, float], Float]  # (Sigma, B, nu) -> what is returned


def noise_posterior(log_data: Float, log_noise: Float, nu: float) -> Float:
    """p_d P."""
    return np.exp(log_data) * expit(math.log(nu) + log_noise - log_data)


def the_noise(B: Float, mean: Float, cov: Float) -> tuple[Float, float]:
    """The mean as it is, and ln p_n as it is."""
    return mean, 0.0


def corrected(information: Float, nu: float) -> Float:
    """I^-1 - (1 + 1/nu) I^-1 m m' I^-1."""
    return corrected_by(1.0 + 1.0 / nu, information)


def corrected_by(factor: float, information: Float) -> Float:
    """I^-1 - factor I^-1 m m' I^-1."""
    inverse = np.linalg.inv(information)
    solved = inverse @ information[:, -1]
    return np.asarray(inverse - factor * np.outer(solved, solved))


def as_it_is(sigma: Float, B: Float, nu: float) -> Float:
    """Sigma per data point, in the order and the coordinates of theta."""
    return sigma


@dataclass(frozen=True)
class CovarianceSteps:
    """The right steps. A mistake replaces one of them.

    ``scale``     of the density, exp(-scale sum_i |s_i|)
    ``slope``     of g, where it is another
    ``in_theta``  whether I is brought from dB B^-1 to B
    """

    weight: Weight = noise_posterior
    noise: Noise = the_noise
    sandwich: Sandwich = corrected
    returned: Finish = as_it_is
    scale: float = SQRT2
    slope: float | None = None
    in_theta: bool = True


def evaluate_covariance(
    steps: CovarianceSteps, objective: str, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """``covariance`` by these steps, in the inputs' dtype. KeyError for another objective, ValueError for noise it
    cannot do."""
    if objective != "asymptotic_covariance":
        raise KeyError(objective)
    B, mean, cov = (
        np.asarray(inputs[name], dtype=np.float64) for name in ("B", "noise_mean", "noise_cov")
    )
    nu, slope = float(inputs["nu"]), steps.scale if steps.slope is None else steps.slope
    place, added = steps.noise(B, mean, cov)
    grid = _grid(len(B), steps.scale, B.tobytes(), place.tobytes(), cov.tobytes())
    with np.errstate(all="ignore"):
        information = _information(_moments(grid, steps.weight, added, nu), slope)
        if steps.in_theta:
            # g_B's row i is B^-1 times g's row i in source coordinates.
            turn = np.eye(len(information))
            turn[:-1, :-1] = np.kron(np.eye(len(B)), np.linalg.inv(B))
            information = turn @ information @ turn.T
        sigma = steps.returned(steps.sandwich(information, nu), B, nu)
    return {"covariance": sigma.astype(np.asarray(inputs["B"]).dtype)}


@dataclass(frozen=True, eq=False)
class _Orthant:
    """Nodes of one orthant, or of all, where they are alike: ln p_d and ln p_n (of u), volumes, products of h."""

    signs: tuple[tuple[int, ...], ...]
    log_data: Float
    log_noise: Float
    volume: Float
    h: Float
    symmetric: bool


@functools.lru_cache(maxsize=64)
def _grid(
    n: int, scale: float, B_bytes: bytes, mean_bytes: bytes, cov_bytes: bytes
) -> tuple[_Orthant, ...]:
    B, cov = (np.frombuffer(stored).reshape(n, n) for stored in (B_bytes, cov_bytes))
    centre, spread = B @ np.frombuffer(mean_bytes), B @ cov @ B.T
    deviations = np.sqrt(np.diag(spread))
    diagonal = np.abs(spread - spread[0, 0] * np.eye(n)).max() <= _ROUNDING * spread[0, 0]
    symmetric = n > 1 and bool(diagonal and np.abs(centre).max() <= _ROUNDING * deviations.max())
    every = tuple(itertools.product((1, -1), repeat=n))
    if n > 4 or (n > 2 and not symmetric):
        raise ValueError(
            f"noise_cov: n = {n} is done for noise that is white in source coordinates only"
        )
    log_det = float(np.linalg.slogdet(B)[1])
    log_data_at_0 = log_det + n * math.log(scale / 2.0)
    log_noise_at_mean = (
        log_det - 0.5 * float(np.linalg.slogdet(spread)[1]) - 0.5 * n * math.log(2.0 * math.pi)
    )
    precision, found = np.linalg.inv(spread), []
    for signs in every[:1] if symmetric else every:
        axes = [
            _axis(scale, sign * middle, deviation, _NODES[n])
            for sign, middle, deviation in zip(signs, centre, deviations)
        ]
        r, volume = _unordered(*axes[0], n) if symmetric else _tensor(axes)
        d = r * np.array(signs) - centre
        log_data = log_data_at_0 - scale * r.sum(axis=1)
        log_noise = log_noise_at_mean - 0.5 * ((d @ precision) * d).sum(axis=1)
        h = _means(r) if symmetric else np.column_stack([np.ones(len(r)), r])
        # The grid is in s: p(s) = p(u)/|det B|.
        found.append(
            _Orthant(
                every if symmetric else (signs,),
                log_data,
                log_noise,
                volume * math.exp(-log_det),
                h,
                symmetric,
            )
        )
    return tuple(found)


def _axis(scale: float, centre: float, deviation: float, nodes: int) -> tuple[Float, Float]:
    """Nodes |s_k| and weights, denser at 0, where p_d is large, out to where both densities are negligible."""
    width = max(_TAIL / scale, centre + deviation * math.sqrt(2.0 * _TAIL))
    x, w = np.polynomial.legendre.leggauss(nodes)
    v = 0.5 * (1.0 + x)
    return width * 0.5 * v * (1.0 + v), 0.5 * w * width * (0.5 + v)


def _tensor(axes: list[tuple[Float, Float]]) -> tuple[Float, Float]:
    points = np.stack(np.meshgrid(*(r for r, _ in axes), indexing="ij"), axis=-1).reshape(
        -1, len(axes)
    )
    return points, functools.reduce(np.multiply.outer, (w for _, w in axes)).ravel()


def _unordered(r: Float, w: Float, n: int) -> tuple[Float, Float]:
    """Each unordered tuple of nodes once, with as many times the weight as it has orders."""
    chosen = _multisets(len(r), n)
    repeats, run = np.ones(len(chosen)), np.ones(len(chosen))
    for k in range(1, n):
        run = np.where(chosen[:, k] == chosen[:, k - 1], run + 1.0, 1.0)
        repeats *= run
    return r[chosen], w[chosen].prod(axis=1) * (math.factorial(n) / repeats)


@functools.lru_cache(maxsize=4)
def _multisets(nodes: int, n: int) -> Any:
    return np.array(list(itertools.combinations_with_replacement(range(nodes), n)))


def _means(r: Float) -> Float:
    """1, and the means of |s_k|, of s_k^2 and of |s_k||s_l| over the coordinates: what unordered tuples give."""
    n = r.shape[1]
    first, second = r.sum(axis=1), (r * r).sum(axis=1)
    return np.column_stack(
        [np.ones(len(r)), first / n, second / n, (first * first - second) / (n * (n - 1))]
    )


@functools.lru_cache(maxsize=1 << 10)
def _moments(
    grid: tuple[_Orthant, ...], weight: Weight, added: float, nu: float
) -> tuple[tuple[tuple[int, ...], Float], ...]:
    """(signs of an orthant, the integral of w h h' over it)."""
    found = []
    for orthant in grid:
        w = orthant.volume * weight(orthant.log_data, orthant.log_noise + added, nu)
        if orthant.symmetric:
            one, first, second, mixed = w @ orthant.h
            n = len(orthant.signs[0])
            moments = np.full((n + 1, n + 1), mixed)
            moments[0], moments[:, 0] = first, first
            np.fill_diagonal(moments, second)
            moments[0, 0] = one
        else:
            moments = (w[:, None] * orthant.h).T @ orthant.h
        found += [(signs, moments) for signs in orthant.signs]
    return tuple(found)


def _information(moments: tuple[tuple[tuple[int, ...], Float], ...], slope: float) -> Float:
    """I in the coordinates (dB B^-1 row by row, c): g_ij = -slope sign(s_i) s_j, g_c = 1."""
    n = len(moments[0][0])
    i, j = np.append(np.repeat(np.arange(n), n), 0), np.append(np.tile(np.arange(1, n + 1), n), 0)
    total = np.zeros((n * n + 1, n * n + 1))
    for signs, integral in moments:
        s = np.array(signs, dtype=np.float64)
        factor = np.append(-slope * s[i[:-1]] * s[j[:-1] - 1], 1.0)
        total += np.outer(factor, factor) * integral[np.ix_(j, j)]
    return total
