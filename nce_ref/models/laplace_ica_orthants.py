r"""E[P_nu g g^T] and E[P_nu g] of the Laplace ICA model under any Gaussian noise, two or three sources: orthant by
orthant.

    E[P f] = sum over orthants of int f P prod_k e^(-sqrt2 r_k)/sqrt2 dr,     r_k = |s_k|,   P = sigma(t),
    t = ln nu + ln p_n - ln p_d = log_scale + sqrt2 sum_k r_k - |W (s - mean)|^2/2,
    log_scale = ln nu - ln det(2 pi cov)/2 + (n/2) ln 2

p_d has its kinks where a source changes sign, so inside of an orthant the integrand is analytic. Its poles, t an odd
multiple of i pi, come near, at a distance of pi/|grad t|, along the surface p_d = nu p_n alone: the narrower the noise
or the farther off, the nearer. ``boxes.py`` finds that surface. Derived here; Sigma's formula is P10's Theorem 3 and
J12's.

With the signs sigma of an orthant, g_E_ij = -sqrt2 sigma_i sigma_j r_j and g_c = 1 in the relative coordinates of
``laplace_ica_moments``: E[P], E[P r_k] and E[P r_k r_l] of each orthant are all that is needed.

    (E_ij, E_kl): 2 sum_sigma sigma_i sigma_j sigma_k sigma_l E_sigma[P r_j r_l]
    (E_ij, c):    -sqrt2 sum_sigma sigma_i sigma_j E_sigma[P r_j]                   (c, c): sum_sigma E_sigma[P]

Conventions
-----------
mean, cov    (n,), (n, n)   of the noise in source coordinates, B mean and B cov B^T;   W = L^-1, cov = L L^T
n_orthants   2^n or fewer: of those to which the noise looks the same (mean 0: s and -s), one serves for all
sums         (n_orthants, n_moments)   E[P r^a] over an orthant, one column for each row a of ``_powers``
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from nce_ref._checks import Float
from nce_ref.models.boxes import Boxes, Index, grid, refine
from nce_ref.models.moments import Moments
from nce_ref.special import LOG_2PI, SQRT_2, sigmoid

MAX_SOURCES = 3
TARGET = 1e-13  # relative, for each moment
REACHED = 1e-6  # what is not as good as this leaves the field to random points
NODES = (12, 10)  # on an axis of a box: the rule, and the one that judges it
MAX_EVALUATIONS = 2**27  # of P: some three seconds
# Boxes of the start, in standard deviations of a source given the others (the noise's narrowest scale along its axis):
# a node every 1.5 of them, so that no bump of P hides between nodes.
_FIRST_WIDTH = 16.0
_TAIL = 46.0  # e^-46 = 1e-20
_EPS = float(np.finfo(float).eps)
_SUMMATION = 10.0 * _EPS  # relative error of a sum of products, all positive
_BLOCK = 2**16  # evaluations at a time, half a megabyte an array


@dataclass(frozen=True)
class _Problem:
    """The noise in the coordinates r of each orthant: mean (n_orthants, n), whiten (n_orthants, n, n); |W (s - mean)|^2
    is known to ``known`` of itself.

    signs (2^n, n) are the sign patterns, which (2^n,) tells the orthant that serves for each, count (n_orthants,) for
    how many.
    """

    signs: Float
    which: Index
    count: Index
    mean: Float
    whiten: Float
    log_scale: float
    known: float


def orthant_moments(mean: Float, cov: Float, nu: float, known: float = 0.0) -> Moments | None:
    r"""Return I_nu and m_nu in the coordinates (E row by row, c) for noise N(mean, cov) on the sources, 0 < nu < inf.

    ``known``: to what part of its standard deviations the noise's law is known in these coordinates, beside rounding.

    None for one source (a line has its own rule), for more than ``MAX_SOURCES``, and where ``MAX_EVALUATIONS`` do not
    bring the error below ``REACHED``: noise all but degenerate. ``alternatives`` are the sums of the coarser rule.
    ``error`` holds all *absolute* disagreements of the two, in which nothing cancels (the rule itself errs less, often
    by a factor of 10), rounding, eps times the size of t's terms and the condition number of the noise's correlations,
    and what is cut off far out. Takes some 5 ms for two sources and 0.1 s for three; longer, the smaller the noise's
    narrowest scale is against its widest. Raises ValueError where P underflows on all of the data.
    """
    n = len(mean)
    if not 2 <= n <= MAX_SOURCES:
        return None
    try:
        problem = _seen_from_orthants(mean, cov, nu, known)
    except np.linalg.LinAlgError:  # positive definite before B, not after: all but degenerate
        return None
    tau = np.sqrt(np.diag(cov))
    narrowest = 1.0 / np.linalg.norm(problem.whiten[0], axis=0)
    # p_d P is below p_d and below nu p_n, so out of reach of either there is nothing. What is left is about p_d or nu
    # p_n at the noise's mean, times the volume of the noise: that, too, has to be e^46 times larger.
    tail = (
        _TAIL
        + SQRT_2 * float(np.abs(mean).sum())
        + abs(math.log(nu))
        - float(np.minimum(0.0, np.log(narrowest)).sum())
    )
    reach = tau * math.sqrt(2.0 * tail)
    low, high = (
        np.maximum(0.0, problem.mean - reach),
        np.minimum(tail / SQRT_2, problem.mean + reach),
    )
    max_boxes = MAX_EVALUATIONS // sum(m**n for m in NODES)
    boxes = grid(low, high, _FIRST_WIDTH * narrowest, max_boxes // 2)
    if boxes is None:
        return None
    found = refine(
        lambda some: _integrate(problem, some),
        boxes,
        problem.count,
        max(TARGET, min(problem.known, REACHED)),  # no use in refining beyond
        max_boxes,
    )
    n_moments = len(_powers(n))
    sums, coarse, apart = (v[:, :n_moments] for v in (found.fine, found.coarse, found.disagreement))
    whole = problem.count @ sums
    if not (whole > 0.0).all():
        raise ValueError(
            "noise: P_nu = nu p_n/(p_d + nu p_n) underflows on all of the data; expected noise that overlaps the data"
        )
    if float((problem.count @ apart / whole).max()) > REACHED:
        return None
    cut = 2.0 * n * (1.0 + nu) * (1.0 + tail) ** 2 * math.exp(-tail)
    off = apart + _SUMMATION * sums + found.fine[:, n_moments:] + cut
    pairs = [_assemble(problem, one) for one in (sums, coarse)]
    method = f"quadrature in the orthants of the sources, {found.n_boxes} boxes of {NODES[0]}^{n} Gauss-Legendre nodes"
    return Moments(
        *pairs[0],
        alternatives=tuple(pairs[1:]),
        random=False,
        error=np.abs(
            _assemble(dataclasses.replace(problem, signs=np.ones_like(problem.signs)), off)[0]
        ),
        method=method,
    )


def _seen_from_orthants(mean: Float, cov: Float, nu: float, known: float) -> _Problem:
    n, tau = len(mean), np.sqrt(np.diag(cov))
    # The correlations are known to eps at best, and their inverse to that times their condition number.
    known = n * (known + _EPS) * float(np.linalg.cond(cov / np.outer(tau, tau)))
    factor = np.linalg.cholesky(cov)
    whiten = solve_triangular(factor, np.eye(n), lower=True)
    log_scale = (
        math.log(nu) - float(np.log(np.diag(factor)).sum()) - 0.5 * n * (LOG_2PI - math.log(2.0))
    )
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=n)))
    # s - mean = sigma (r - sigma mean). Equal means and precisions are equal orthants; changes of sign do not round.
    means, precisions = signs * mean, signs[:, :, None] * (whiten.T @ whiten) * signs[:, None, :]
    looks = np.hstack([means, precisions.reshape(2**n, n * n)]) + 0.0
    _, first, which, count = np.unique(
        looks, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    return _Problem(
        signs,
        which.ravel(),
        count,
        means[first],
        (whiten * signs[:, None, :])[first],
        log_scale,
        known,
    )


def _powers(n: int) -> list[tuple[int, ...]]:
    """Exponents of r_1, .., r_n with a sum of at most 2."""
    return [a for a in itertools.product(range(3), repeat=n) if sum(a) <= 2]


def _integrate(problem: _Problem, boxes: Boxes) -> tuple[Float, Float]:
    n = boxes.low.shape[1]
    step = max(1, _BLOCK // NODES[0] ** n)
    fine, coarse = (
        np.concatenate(
            [
                _product_rule(problem, boxes[start : start + step], m, m == NODES[0])
                for start in range(0, len(boxes), step)
            ]
        )
        for m in NODES
    )
    return fine, np.hstack([coarse, fine[:, coarse.shape[1] :]])


def _product_rule(problem: _Problem, boxes: Boxes, m: int, with_rounding: bool) -> Float:
    """The moments over each box, (n_boxes, n_moments), with m^n nodes; with their roundings, P(1 - P) |error of t| in
    place of P."""
    n_boxes, n = boxes.low.shape
    node, weight = np.polynomial.legendre.leggauss(m)
    r = boxes.low[:, :, None] + boxes.width[:, :, None] * (0.5 + 0.5 * node)
    t = -0.5 * _squared_distance(
        problem.whiten[boxes.domain], r - problem.mean[boxes.domain][:, :, None]
    )
    off = (problem.known + _EPS) * -t if with_rounding else t
    t += problem.log_scale
    for k in range(n):
        t += _along(SQRT_2 * r[:, k], k, n)
    # (n_boxes, n, m, 3): weights for r^0, r^1, r^2 under the Laplace density.
    density = np.exp(-SQRT_2 * r) * (boxes.width[:, :, None] * (0.5 / SQRT_2) * weight)
    weights = density[..., None] * r[..., None] ** np.arange(3)
    # Axis by axis from the last, which leaves its three powers behind the axes done before.
    places = np.ravel_multi_index(tuple(np.transpose(_powers(n))), (3,) * n)

    def summed(values: Float) -> Float:
        sums = values.reshape(n_boxes, -1, m) @ weights[:, n - 1]
        for k in range(n - 2, -1, -1):
            sums = weights[:, k].swapaxes(1, 2)[:, None] @ sums.reshape(n_boxes, m**k, m, -1)
        return np.asarray(sums.reshape(n_boxes, 3**n)[:, places], dtype=np.float64)

    P = sigmoid(t)
    if not with_rounding:
        return summed(P)
    off += _EPS * (2.0 * abs(problem.log_scale) + np.abs(t))  # t is the sum of three terms
    return np.hstack([summed(P), summed(P * (1.0 - P) * off)])


def _squared_distance(whiten: Float, d: Float) -> Float:
    """|W d|^2 at all nodes, (n_boxes, m, .., m). A sum of squares: the quadratic form's terms cancel for correlated
    noise."""
    n = d.shape[1]
    total = np.zeros((1,) * (n + 1))
    for i in range(n):
        z = np.zeros((1,) * (n + 1))
        for k in range(i + 1):
            z = z + _along(whiten[:, i, k, None] * d[:, k], k, n)
        total = total + z * z
    return total


def _along(values: Float, k: int, n: int) -> Float:
    """(n_boxes, m) as an array over boxes and nodes that varies with the k-th of the n coordinates alone."""
    shape = [len(values), *[1] * n]
    shape[k + 1] = values.shape[1]
    return values.reshape(shape)


def _assemble(problem: _Problem, sums: Float) -> tuple[Float, Float]:
    n = problem.signs.shape[1]
    place, unit = {a: column for column, a in enumerate(_powers(n))}, np.eye(n, dtype=int)
    constant, first = place[(0,) * n], [place[tuple(e)] for e in unit]
    second = [[place[tuple(e + f)] for f in unit] for e in unit]
    information = np.zeros((n * n + 1, n * n + 1))
    for signs, orthant in zip(problem.signs, problem.which):
        both = np.outer(signs, signs)
        block = 2.0 * both[:, :, None, None] * both * sums[orthant][second][:, None, :]
        column = -SQRT_2 * both * sums[orthant][first]
        information[:-1, :-1] += block.reshape(n * n, n * n)
        information[-1] += np.append(column, sums[orthant, constant])
    information[:-1, -1] = information[-1, :-1]
    return information, information[-1].copy()
