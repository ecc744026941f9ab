r"""Sigma of NCE for the Laplace ICA model under Gaussian noise, by quadrature: the standard library alone, no contour,
no sampling.

    Sigma = I^-1 - (1 + 1/nu) I^-1 m m^T I^-1   per data sample,   I = E[P g g^T],   m = E[P g],
    P = nu p_n/(p_d + nu p_n)
                                                                             P10 Theorem 3 for nu = 1; J12 for any nu
    p_d(u) = |det B| 2^(-n/2) exp(-sqrt(2) sum_i |b_i . u|),
    g = d ln p_m/d(B, c) at the truth, c = c* = ln|det B| - (n/2) ln 2

In source coordinates s = B u the data are independent Laplace variables, the noise is N(B mean, B cov B^T), and with
B -> (1 + E) B, g_E,ij = -sqrt(2) sign(s_i) s_j, g_c = 1. So all of I and m is in E[P], E[P |s_k|], E[P |s_k||s_l|] of
the 2^n orthants, inside which the integrand is analytic: tensor products of Gauss-Legendre rules, finer until two of
them agree.

Conventions
-----------
inputs      as in ``exact``: floats taken exactly; B cov B^T, its inverse and determinant are fractions, and so are I^-1
            and Sigma once the integrals stand: the only roundings are those of the float64 integrals, some 1e-15
theta       (B row by row, c), n^2 + 1 numbers; E = dB B^-1 row by row likewise
digits      |error of Sigma_ij| < 10^-digits sqrt(Sigma_ii Sigma_jj). Judged by two resolutions, N and 3N/2 nodes an
            axis, and one digit fewer than they agree on: at a pole close by two rules of similar size have errors of
            the same sign
symmetry    a noise that is centred and uncorrelated in source coordinates makes P even in every source, so that one
            orthant serves for all; with equal variances P is symmetric as well, and unordered tuples of nodes serve for
            ordered ones. Both are taken as given where they hold to 1e-13
n           1, 2, 3: any Gaussian noise; 4: noise centred and uncorrelated in source coordinates; else
            NotImplementedError
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from typing import Any

from nce_ref.oracle.numbers import linear_algebra as linear
from nce_ref.oracle.numbers.linear_algebra import (
    Matrix,
    Number,
    Numbers,
    as_fraction,
    as_fractions,
    as_square,
    dot,
)

MAX_DIGITS = 12
_FEWEST, _MOST = 24, 3_000  # nodes an axis
_MAX_NODES = 60_000_000  # of a tensor rule: half a minute
_ROUNDING = 1e-13
_TAIL = 44.0  # what is cut off is e^-44 of what is left, or less
SQRT2 = math.sqrt(2.0)

Axis = list[tuple[float, float]]  # (|s|, weight with the Laplace density in it)
Floats = list[list[float]]
Orthant = tuple[
    tuple[int, ...], Floats
]  # signs of s, and E[P h h^T] over it, h = (1, |s_1|, .., |s_n|)


@dataclass(frozen=True)
class _Noise:
    """ln nu + ln p_n(s) = log_scale - 1/2 (s - mean)^T precision (s - mean), and what the symmetries and the tails
    need."""

    mean: list[float]
    precision: Floats
    log_scale: float
    log_nu: float
    deviations: list[float]
    even: bool
    symmetric: bool


def asymptotic_covariance(
    B: Sequence[Numbers],
    noise_mean: Numbers,
    noise_cov: Sequence[Numbers],
    nu: Number,
    *,
    digits: int = 10,
) -> dict[str, Any]:
    """``covariance``, (n^2 + 1, n^2 + 1) floats, and ``digits``, how many are stated: never fewer than asked for.

    Raises ValueError for a shape that does not fit, NaN or inf, nu <= 0, det B = 0, a covariance not symmetric and
    positive definite, digits not in 1..12, and noise so far off that I is singular; NotImplementedError for the n and
    noise named above; ArithmeticError where the digits are not reached (noise all but degenerate in source
    coordinates), or float64 overflows.
    """
    rows, ratio = as_square("B", B), as_fraction("nu", nu)
    if ratio <= 0:
        raise ValueError(f"nu: got {ratio}; expected a number above 0")
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= MAX_DIGITS:
        raise ValueError(f"digits: got {digits!r}; expected an integer from 1 to {MAX_DIGITS}")
    n = len(rows)
    linear.inverse_and_determinant("B", rows)
    noise = _in_source_coordinates(
        rows,
        as_fractions("noise_mean", noise_mean, n),
        linear.as_symmetric("noise_cov", noise_cov, n),
        ratio,
    )
    if n > 4 or (n == 4 and not noise.even):
        raise NotImplementedError(
            f"n = {n}: quadrature is for n <= 3, and for n = 4 where B noise_mean = 0 and B"
            f" noise_cov B^T is diagonal to {_ROUNDING:g}"
        )
    nodes, previous, error = _FEWEST, None, math.inf
    while nodes <= _MOST and _n_nodes(nodes, noise) <= _MAX_NODES:
        try:
            covariance = _in_theta(_sigma(_orthants(noise, nodes), ratio), rows)
        except OverflowError:
            raise ArithmeticError(
                "noise_mean, noise_cov: p_n/p_d overflows in float64; expected scales less extreme"
            ) from None
        error = _disagreement(previous, covariance)
        if error < 10.0**-digits:
            agreed = MAX_DIGITS if error < 10.0**-MAX_DIGITS else math.floor(-math.log10(error))
            return {
                "covariance": [[float(entry) for entry in row] for row in covariance],
                "digits": agreed,
            }
        nodes, previous = nodes * 3 // 2, covariance
    raise ArithmeticError(
        f"digits: {digits} were not reached with {nodes * 2 // 3} nodes an axis; the error is some {error:.1e}"
    )


def _in_source_coordinates(B: Matrix, mean: linear.Vector, cov: Matrix, nu: Fraction) -> _Noise:
    linear.inverse_and_determinant_of_covariance("noise_cov", cov)
    centre, n = [dot(row, mean) for row in B], len(B)
    spread = [[dot(a, [dot(row, b) for row in cov]) for b in B] for a in B]
    precision, determinant = linear.inverse_and_determinant_of_covariance("noise_cov", spread)
    deviations = [math.sqrt(spread[k][k]) for k in range(n)]
    even = all(abs(centre[k]) <= _ROUNDING * deviations[k] for k in range(n)) and all(
        abs(spread[k][l]) <= _ROUNDING * deviations[k] * deviations[l]
        for k in range(n)
        for l in range(k)
    )
    if even:
        centre = [Fraction(0)] * n
        precision = [
            [precision[k][l] if k == l else Fraction(0) for l in range(n)] for k in range(n)
        ]
    symmetric = even and all(
        abs(precision[k][k] - precision[0][0]) <= _ROUNDING * precision[0][0] for k in range(n)
    )
    if symmetric:
        precision = [[precision[0][0] * (k == l) for l in range(n)] for k in range(n)]
        deviations = [deviations[0]] * n
    log_scale = _log(nu) - 0.5 * (_log(determinant) + n * math.log(2.0 * math.pi))
    floats = [[float(v) for v in row] for row in precision]
    return _Noise(
        [float(v) for v in centre], floats, log_scale, _log(nu), deviations, even, symmetric
    )


def _orthants(noise: _Noise, nodes: int) -> list[Orthant]:
    every = list(itertools.product((1, -1), repeat=len(noise.mean)))
    one = _moments(noise, every[0], nodes)
    return [
        (signs, one if noise.even or signs == every[0] else _moments(noise, signs, nodes))
        for signs in every
    ]


def _moments(noise: _Noise, signs: tuple[int, ...], nodes: int) -> Floats:
    """The rule over one orthant: ordered (or unordered) tuples of nodes on all axes but the last, and the last axis
    inside.

    P = e^t/(1 + e^t) with t = ln nu + ln p_n - ln p_d = a + b d + t_last on the last axis, d = s - mean there.
    """
    n, mean, K, exp = len(signs), noise.mean, noise.precision, math.exp
    *outer, last = [_axis(noise, signs, k, nodes) for k in range(n)]
    radii, shifted = [r for r, _ in last], [signs[-1] * r - mean[-1] for r, _ in last]
    inner = [(w, v, SQRT2 * r - 0.5 * K[-1][-1] * v * v) for (r, w), v in zip(last, shifted)]
    squares = [r * r for r in radii]
    terms = {(k, l): list[float]() for l in range(n + 1) for k in range(l + 1)}
    for point, weight in _tuples(outer, noise.symmetric):
        d = [s * r - v for s, r, v in zip(signs, point, mean)]
        form = sum(K[k][l] * d[k] * d[l] for k in range(n - 1) for l in range(n - 1))
        a = noise.log_scale + 0.5 * n * math.log(2.0) + SQRT2 * sum(point) - 0.5 * form
        b = -sum(K[-1][k] * d[k] for k in range(n - 1))
        values = [w * (x := exp(a + b * v + t)) / (1.0 + x) for w, v, t in inner]
        one, first, second = (
            weight * math.fsum(v)
            for v in (values, map(mul, values, radii), map(mul, values, squares))
        )
        h = [1.0, *point]
        for l in range(n):
            terms[l, n].append(first * h[l])
            for k in range(l + 1):
                terms[k, l].append(one * h[k] * h[l])
        terms[n, n].append(second)
    total = {place: math.fsum(values) for place, values in terms.items()}
    if noise.symmetric:
        # Unordered tuples give the sums over the coordinates right, not the single ones.
        for alike in (
            [(0, l) for l in range(1, n + 1)],
            [(l, l) for l in range(1, n + 1)],
            [(k, l) for k, l in terms if 0 < k < l],
        ):
            total.update(
                dict.fromkeys(
                    alike, math.fsum(total[place] for place in alike) / max(1, len(alike))
                )
            )
    return [[total[min(k, l), max(k, l)] for l in range(n + 1)] for k in range(n + 1)]


def _tuples(axes: list[Axis], unordered: bool) -> Iterator[tuple[list[float], float]]:
    """(coordinates, product of the weights); each unordered tuple once, with as many times the weight as it has
    orders."""
    if not unordered:
        for chosen in itertools.product(*axes):
            yield [r for r, _ in chosen], math.prod(w for _, w in chosen)
        return
    for chosen in itertools.combinations_with_replacement(axes[0] if axes else [], len(axes)):
        repeats = math.prod(math.factorial(len(list(run))) for _, run in itertools.groupby(chosen))
        yield (
            [r for r, _ in chosen],
            math.prod(w for _, w in chosen) * (math.factorial(len(axes)) // repeats),
        )


def _n_nodes(nodes: int, noise: _Noise) -> int:
    n = len(noise.mean)
    outer: int = math.comb(nodes + n - 2, n - 1) if noise.symmetric else nodes ** (n - 1)
    return outer * nodes * (1 if noise.even else 2**n)


def _axis(noise: _Noise, signs: tuple[int, ...], k: int, nodes: int) -> Axis:
    """Nodes |s_k| and weights, times the Laplace density, where neither p_d nor nu p_n is negligible.

    p_d P is below both. What is left is about p_d or nu p_n at the noise's mean or more, which sets what is negligible.
    r = low + width v (1 + v)/2 puts more nodes where p_d is large.
    """
    tail = _TAIL + SQRT2 * math.fsum(map(abs, noise.mean)) + abs(noise.log_nu)
    centre, reach = signs[k] * noise.mean[k], noise.deviations[k] * math.sqrt(2.0 * tail)
    low, axis = max(0.0, centre - reach), []
    width = min(tail / SQRT2, centre + reach) - low
    if width <= 0.0:
        return []
    for x, w in _gauss_legendre(nodes):
        v = 0.5 * (1.0 + x)
        r = low + width * 0.5 * v * (1.0 + v)
        axis.append((r, 0.5 * w * width * (0.5 + v) * math.exp(-SQRT2 * r) / SQRT2))
    return axis


@functools.lru_cache(maxsize=32)
def _gauss_legendre(nodes: int) -> Axis:
    """(node, weight) on [-1, 1]: zeros of the Legendre polynomial by Newton's method, weights 2/((1 - x^2) P'(x)^2)."""
    rule: Axis = []
    for i in range(nodes):
        x = math.cos(math.pi * (i + 0.75) / (nodes + 0.5))
        for _ in range(100):
            before, value = 1.0, x
            for k in range(2, nodes + 1):
                before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
            slope = nodes * (before - x * value) / (1.0 - x * x)
            step = value / slope
            x -= step
            if abs(step) < 1e-15:
                break
        rule.append((x, 2.0 / ((1.0 - x * x) * slope * slope)))
    return rule


def _sigma(orthants: list[Orthant], nu: Fraction) -> Matrix:
    """Sigma in the coordinates (E, c), where g_E,ij = -sqrt(2) sign(s_i) sign(s_j) h_j and g_c = h_0; m is I's row for
    c."""
    n = len(orthants[0][0])
    places = [(i, j) for i in range(1, n + 1) for j in range(1, n + 1)] + [(0, 0)]
    each = [
        ({(i, j): -SQRT2 * s[i - 1] * s[j - 1] if i else 1.0 for i, j in places}, moments)
        for s, moments in orthants
    ]
    information = [
        [
            Fraction(math.fsum(g[p] * g[q] * moments[p[1]][q[1]] for g, moments in each))
            for q in places
        ]
        for p in places
    ]
    try:
        inverse, _ = linear.inverse_and_determinant("noise_cov", information)
    except ValueError:
        raise ValueError(
            "noise_mean, noise_cov: I is singular in float64; expected noise that covers the data"
        ) from None
    solved = [dot(row, information[-1]) for row in inverse]
    return [
        [entry - (1 + 1 / nu) * a * b for entry, b in zip(row, solved)]
        for row, a in zip(inverse, solved)
    ]


def _in_theta(sigma: Matrix, B: Matrix) -> Matrix:
    """dB = E B: T Sigma T^T with T = blockdiag(B^T, .., B^T, 1)."""
    n = len(B)

    def transform(row: linear.Vector) -> linear.Vector:
        blocks = [
            [dot([b[j] for b in B], row[i * n : (i + 1) * n]) for j in range(n)] for i in range(n)
        ]
        return [*itertools.chain.from_iterable(blocks), row[-1]]

    half = [transform(row) for row in sigma]
    return [list(column) for column in zip(*(transform(list(column)) for column in zip(*half)))]


def _disagreement(coarse: Matrix | None, fine: Matrix) -> float:
    """10 max_ij |difference|/sqrt(Sigma_ii Sigma_jj); infinity where there is no coarse one, or a variance is not
    positive."""
    variances = [row[i] for i, row in enumerate(fine)]
    if coarse is None or min(variances) <= 0:
        return math.inf
    scale = [math.sqrt(v) for v in variances]
    return 10.0 * max(
        abs(float(a - b)) / (p * q)
        for row, other, p in zip(coarse, fine, scale)
        for a, b, q in zip(row, other, scale)
    )


def _log(value: Fraction) -> float:
    """ln of a fraction whose size may be beyond float's."""
    return math.log(value.numerator) - math.log(value.denominator)
