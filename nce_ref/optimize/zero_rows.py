r"""Proof of a maximum where all rows of B are 0, so that every kink of every row is met: THEORY.md, 7.4.

There G_t(theta + (D, e)) = G_t + g_t . e - s sum_i |u_t . d_i| exactly, e being the smooth coordinates (c), and J is
concave in the G_t. So for any D, however large,

    J(theta + (D, e)) <= J(theta + (0, e)) - sum_i phi_e(d_i),      phi(d) = sum_x w_x |x . d| - sum_y w_y |y . d|

with w = s times the slopes at e, which are those at theta times e^(+-r) while |g_t . e| <= r. Let N(d) be phi with the
minus a plus. On each cell of the hyperplanes u_t . d = 0, phi - kappa N is linear, so phi >= kappa N everywhere if it
holds on the rays that bound the cells, those on which n - 1 of the hyperplanes meet. If kappa > e^r - 1, J is largest
at D = 0, strictly, and what is left is J as a smooth concave function of e: 7.6.

Conventions
-----------
normals (m, n)   the points u_t of one row's kinks; weights (m,), below 0 for noise
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from nce_ref._checks import Float
from nce_ref.objectives.base import Expansion
from nce_ref.optimize.concavity import Proof, proof_along
from nce_ref.optimize.local_sums import Valleys
from nce_ref.optimize.multipliers import merged

# kappa has to be above this: more than the rounding of sums over a hundred thousand points.
_STRICT = 1e-9
_MOST_RAYS, _MOST_DIMENSIONS = 3000, 3


def by_zero_rows(here: Expansion, theta: Float) -> Proof | None:
    """Return the proof in the smooth coordinates where all rows are 0 and J falls from there along each; else None."""
    kinks, terms = here.kinks, here.terms(False) if here.terms is not None else None
    normals = np.concatenate([kinks.directions, kinks.valleys])
    columns = normals.any(axis=0)
    plain = terms is not None and terms.row == 1 and terms.centre is None and not terms.loose
    if terms is None or not plain or not here.concave or theta[columns].any() or columns.all():
        return None
    smooth = terms.jacobian(np.zeros(len(kinks.directions)), np.zeros(len(kinks.valleys)))
    if (
        smooth(slice(None))[columns].any()
        or terms.nearest(np.eye(len(theta)), math.inf)[0] < math.inf
    ):
        return None
    sides = Valleys(np.ones(len(kinks.valleys)), np.zeros(len(kinks.valleys)))
    proof = proof_along(
        here, terms, np.zeros(len(kinks.directions)), theta, sides, np.eye(len(theta))[:, ~columns]
    )
    if not proof.proved:
        return None
    least = max(_STRICT, 1.01 * math.expm1(min(proof.reach, 1.0)))
    weights = np.concatenate([kinks.weights, -kinks.valley_weights])
    unknown = (
        1.01
        * terms.kink_slope
        * terms.errors[np.concatenate([terms.ridge_points, terms.valley_points])]
    )
    for block in _blocks(normals):
        rows = normals[block]
        if rows.any() and not _falls(
            rows[:, rows.any(axis=0)], weights[block], unknown[block], least
        ):
            return None
    return proof


def _falls(normals: Float, weights: Float, unknown: Float, least: float) -> bool:
    """Whether phi > ``least`` N on every ray, the weights being known to within ``unknown``."""
    n = normals.shape[1]
    lines = merged(normals, np.abs(weights) + unknown)
    distinct = lines.normals()[lines.forces > 0.0]
    if not lines.exact or n > _MOST_DIMENSIONS or math.comb(len(distinct), n - 1) > _MOST_RAYS:
        return False
    exact = [[Fraction(float(v)) for v in row] for row in distinct]
    rays = [ray for chosen in itertools.combinations(exact, n - 1) if any(ray := _ray(chosen))]
    if not rays:
        return False
    size = [max(map(abs, ray)) for ray in rays]
    unit = np.array([[float(v / s) for v in ray] for ray, s in zip(rays, size, strict=True)])
    terms = np.abs(unit @ normals.T)
    # A ray's own n - 1 lines are 0 to rounding: less than ``least`` grants.
    return bool((terms @ (weights - unknown) > least * (terms @ (np.abs(weights) + unknown))).all())


def _blocks(normals: Float) -> Iterator[list[int]]:
    """Normals that share no coordinate with those of another block: the rows of B."""
    left = list(range(len(normals)))
    while left:
        block = [left.pop(0)]
        columns = normals[block[0]] != 0.0
        while more := [k for k in left if (normals[k] != 0.0)[columns].any()]:
            block += more
            left = [k for k in left if k not in more]
            columns = normals[block].any(axis=0)
        yield sorted(block)


def _ray(rows: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    """What is orthogonal to one row in the plane, two in space; zeros where these are parallel. On the line: 1."""
    if not rows:
        return [Fraction(1)]
    if len(rows) == 1:
        ((a, b),) = rows
        return [-b, a]
    (a, b, c), (d, e, f) = rows
    return [b * f - c * e, c * d - a * f, a * e - b * d]
