r"""Proof of a maximum where J is concave as far as the next kink of the noise: THEORY.md, 7.6.

F, the smooth concave bound of ``objectives/point_terms.py``, is at least J until a kink of the noise is crossed; with
what the strictly active ridges take off, omega_k = w_k (1 - |mu_k|),

    J(theta + root z) <= J(theta) + delta + s|z| - m |z|^2/e        for L |z| <= 1,

s = |F's gradient|, m the least eigenvalue of gram = sum_t bends g'_t g'_t^T + sum_k omega_k a'_k a'_k^T, L the longest
g'_t and a'_k. The root is that of the inverse of gram, so that m = 1 to rounding and nothing has units: s = sqrt(xi^T
H^{-1} xi), L = max sqrt(g^T H^{-1} g). If radius = 3 s/m + sqrt(1.01 e delta/m) is short of the next valley and L
radius < 1, J has a local maximum within it.

Conventions
-----------
radius   in z, that is, in the metric of -Hessian; its square has the units of J
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from nce_ref._checks import Float
from nce_ref.objectives.base import Expansion
from nce_ref.objectives.point_terms import PointTerms
from nce_ref.optimize.local_sums import (
    UNIT,
    ActiveRidges,
    LocalSums,
    Valleys,
    active_ridges,
    local_sums,
    product_error,
)
from nce_ref.optimize.multipliers import MergedRidges, merged

# From this on another whitening would change nothing that matters.
_WHITE = 0.5
_MAX_WHITENINGS = 4
_SMALLEST = 1e-15
_GONE = 1e-100
# Unit directions with singular values above this are independent, whatever rounding did to them. Rational elimination
# of more is slow.
_INDEPENDENT, _MANY = 1e-8, 200


@dataclass(frozen=True)
class Proof:
    """What is known of the nearest maximum, in coordinates without units.

    ``proved``       a local maximum lies within ``radius`` of theta
    ``decrement``    length of the smallest subgradient in the metric, as computed
    ``rounding``     a bound on what rounding has added to or taken from it
    ``reach``        radius times L: above 1 the curvature at theta says nothing about the curvature at that distance
    ``clearance``    distance to the nearest kink of the noise where that is below the radius; else inf
    ``undetermined`` directions along which no term of J changes (fewer points than parameters); the rest is then about
    the others
    ``grain``        how far half an ulp of every entry moves theta, in the metric: no float64 theta need be nearer to
                     the maximum
    """

    proved: bool
    radius: float
    decrement: float
    rounding: float
    reach: float
    clearance: float
    undetermined: int = 0
    grain: float = 0.0


def by_concavity(
    here: Expansion,
    multipliers: Float,
    theta: Float,
    valleys: Valleys | None = None,
    accurate: bool = False,
) -> Proof:
    """Return what the point terms of ``here``, which is concave, prove; where valleys are active, on the given side of
    each."""
    terms = here.terms(accurate) if here.terms is not None else None
    if terms is None:
        return _by_steepness(here, multipliers)
    # Saturated samples leave slopes such as 1e-300, whose products underflow. A power of two changes F and J by a
    # factor alone.
    largest = float(np.abs(terms.slopes).max())
    if not 0.0 < largest < math.inf:
        return Proof(False, math.inf, 0.0, 0.0, math.inf, math.inf)
    unit = 2.0 ** -math.frexp(largest)[1] if largest > 1e-300 else 2.0**1000
    terms = _scaled(terms, unit)
    # The Hessian at hand whitens well enough to begin with where it is not singular to rounding; else it is built from
    # the points.
    slack = here.kinks.weights * np.maximum(1.0 - np.abs(multipliers), 0.0)
    gram = (-here.hessian + (here.kinks.directions.T * slack) @ here.kinks.directions) * unit
    start = whitening(gram) if np.isfinite(gram).all() and largest > _GONE else np.eye(len(theta))
    proof = _proof(here, terms, multipliers, theta, valleys, unit, start)
    if not proof.reach < math.inf:
        basis = _determined(here, terms, multipliers, valleys)
        if basis.shape[1] < len(theta):
            proof = _proof(here, terms, multipliers, theta, valleys, unit, basis)
            return replace(proof, undetermined=len(theta) - basis.shape[1])
    return proof


def _proof(
    here: Expansion,
    terms: PointTerms,
    multipliers: Float,
    theta: Float,
    valleys: Valleys | None,
    unit: float,
    root: Float,
) -> Proof:
    for _ in range(_MAX_WHITENINGS):
        ridges = active_ridges(here.kinks, multipliers, theta, root, terms.rest is not None)
        sums = local_sums(terms, multipliers, ridges.off, root, valleys)
        omega = ridges.slack * unit
        gram = sums.gram + (ridges.pull.T * omega) @ ridges.pull
        if not np.isfinite(gram).all():
            return Proof(False, math.inf, math.inf, math.inf, math.inf, math.inf)
        values = np.linalg.eigvalsh(gram)
        if values[0] >= _WHITE and values[-1] <= 1.0 / _WHITE:
            break
        root = root @ whitening(gram)
    return _within(
        here, terms, root, sums, ridges, omega, theta, float(values[0]), float(values[-1]), unit
    )


def _within(
    here: Expansion,
    terms: PointTerms,
    root: Float,
    sums: LocalSums,
    ridges: ActiveRidges,
    omega: Float,
    theta: Float,
    least: float,
    most: float,
    unit: float,
) -> Proof:
    n = len(root)
    gram_error = (
        sums.gram_error
        + float(
            omega
            @ (
                ridges.lengths
                * (2.0 * ridges.errors + 2.0 * (len(omega) + 2) * UNIT * ridges.lengths)
            )
        )
        + 4.0 * n * UNIT * most
    )
    m = least - gram_error
    decrement = float(np.linalg.norm(sums.gradient))
    # Where a ridge is not met, (a.(theta + d))^2 is (a.d)^2 less 2 |a.theta||a.d| at most.
    rounding = sums.gradient_error + 2.0 * float(omega @ (ridges.off * ridges.lengths))
    s = (decrement + rounding) * (1.0 + 4.0 * n * UNIT)
    # F, J and m are in units of 1/unit: a length z is as many times too large as a root of it.
    back = 1.0 / math.sqrt(unit * m) if m > 0.0 else math.nan
    if not m > 0.0:
        return Proof(
            False,
            math.inf,
            decrement / math.sqrt(unit),
            rounding / math.sqrt(unit),
            math.inf,
            math.inf,
        )
    # Where the bends are but a lower bound, every term's square by its slope is an upper one, and e covers its growth.
    top = max(m, 2.0)
    if terms.loose:
        top = max(top, math.e * float(np.abs(terms.slopes).sum()) * sums.longest**2)
    delta = _gap(here, terms, root, ridges, s, top, unit)
    radius = 3.0 * s / m + math.sqrt(1.01 * math.e * delta / m)
    longest = terms.rate * max(sums.longest, float(ridges.lengths.max(initial=0.0)))
    reach = longest * radius + float(ridges.off.max(initial=0.0))
    valley = terms.nearest(root, radius)[0] if math.isfinite(radius) else 0.0
    proved = reach < 1.0 and valley > radius
    # In the metric of gram, where m = 1, whatever is left of whitening.
    metric = math.sqrt(m)
    return Proof(
        proved,
        radius * metric / math.sqrt(unit),
        decrement * back,
        rounding * back,
        reach,
        valley * metric / math.sqrt(unit),
        grain=grain_of(root, theta) * metric / math.sqrt(unit),
    )


def grain_of(root: Float, theta: Float) -> float:
    """Half an ulp of every entry of theta, in z."""
    if root.shape[0] != root.shape[1]:
        return 0.0
    try:
        return UNIT * float(np.linalg.norm(np.abs(np.linalg.inv(root)) @ np.abs(theta)))
    except np.linalg.LinAlgError:
        return 0.0


def _gap(
    here: Expansion,
    terms: PointTerms,
    root: Float,
    ridges: ActiveRidges,
    s: float,
    top: float,
    unit: float,
) -> float:
    """A bound on F(theta) - J at some point as near as rounding: theta itself, or the one where all active ridges meet
    exactly.

    At theta it is sum w_k (1 + |mu_k|)|a_k . theta|. Independent ridges meet at a point within |off/lengths|/sigma of
    theta, sigma the least singular value of their unit directions, where F = J; F has fallen by s times that distance
    at most, and a second-order term.
    """
    kinks = here.kinks
    if len(ridges.off) == 0:
        return 0.0
    at_theta = 2.02 * float((kinks.weights * unit) @ ridges.off)
    ridge = meeting_point(here, root, ridges)
    if ridge is not None and terms.nearest(root, 1.01 * ridge) == (math.inf, math.inf):
        # F's curvature is at most that of gram, or ``top``, and grows by e at most on the way.
        return min(at_theta, s * ridge + top * ridge**2)
    return at_theta


def meeting_point(here: Expansion, root: Float, ridges: ActiveRidges) -> float | None:
    """A bound on the distance in z to a point where all active ridges are met exactly; None where they may not meet.

    They meet where they are independent, and where those that are not are dependent exactly (lattice data), which
    rational arithmetic tells.
    """
    if len(ridges.off) == 0:
        return 0.0
    return meeting_distance(merged(here.kinks.directions, here.kinks.weights), root, ridges.off)


def meeting_distance(merge: MergedRidges, root: Float, off_ridges: Float) -> float | None:
    """The same from merged ridges and bounds on each |a_k . theta|."""
    if len(merge.units) > _MANY or not merge.exact:
        return None
    off = np.full(len(merge.units), math.inf)
    with np.errstate(divide="ignore"):
        np.minimum.at(off, merge.group, off_ridges / np.abs(merge.signed))
    units = merge.units @ root
    lengths = np.linalg.norm(units, axis=1)
    if not (lengths > 0.0).all():
        return None
    spread = np.linalg.norm(np.abs(merge.units) @ np.abs(root), axis=1) / lengths
    rounding = product_error(root) * float(np.linalg.norm(spread)) + 4.0 * len(root) * UNIT
    sizes = np.linalg.svd(units / lengths[:, None], compute_uv=False)
    rank = int(np.sum(sizes > _INDEPENDENT))
    if rank < len(units) and rank != merge.rank():
        return None
    sigma = float(sizes[rank - 1]) - math.sqrt(len(units)) * rounding
    return (
        1.01 * float(np.linalg.norm(off / lengths)) / sigma if sigma > 0.5 * _INDEPENDENT else None
    )


def _scaled(terms: PointTerms, unit: float) -> PointTerms:
    """The terms times ``unit``; slopes and bends below 1e-100 count as errors and as 0: their products would leave the
    normal numbers."""
    slopes, bends = terms.slopes * unit, terms.bends * unit
    gone = np.abs(slopes) < _GONE
    return replace(
        terms,
        slopes=np.where(gone, 0.0, slopes),
        errors=terms.errors * unit + np.where(gone, _GONE, 0.0),
        bends=np.where(bends < _GONE, 0.0, bends),
    )


def _determined(
    here: Expansion, terms: PointTerms, multipliers: Float, valleys: Valleys | None
) -> Float:
    """A basis, (n, r), of the directions along which some g_t . d or strictly active a_k . d is not 0, to rounding."""
    sides = None if valleys is None else valleys.slopes
    centre = 0.0 if terms.centre is None else terms.centre[:, None]
    g = terms.jacobian(multipliers, sides)(slice(None)) - centre
    g = np.column_stack([g, here.kinks.directions[np.abs(multipliers) < 1.0 - 1e-9].T])
    size = np.abs(g).max(axis=1)
    size = np.where(size > 0.0, size, 1.0)
    g = g / size[:, None]
    g /= np.maximum(np.linalg.norm(g, axis=0), 1e-300)
    values, vectors = np.linalg.eigh(g @ g.T)
    return vectors[:, values > 1e-13 * values[-1]] / size[:, None]


def whitening(gram: Float) -> Float:
    """R with R^T gram R = 1 to rounding; where gram is singular to rounding, as far as it is not."""
    size = np.sqrt(np.maximum(np.diag(gram), 0.0))
    size = np.where(size > 0.0, size, 1.0)
    values, vectors = np.linalg.eigh(gram / np.outer(size, size))
    values = np.maximum(values, _SMALLEST * max(float(values[-1]), 1e-300))
    return (vectors / np.sqrt(values)) / size[:, None]


def _by_steepness(here: Expansion, multipliers: Float) -> Proof:
    """The same from the Hessian as it stands and from Euclidean bounds, for objectives that offer no more; rounding is
    left out."""
    kinks = here.kinks
    slack = kinks.weights * np.maximum(1.0 - np.abs(multipliers), 0.0)
    gram = -here.hessian + (kinks.directions.T * slack) @ kinks.directions
    root = whitening(gram)
    least = float(np.linalg.eigvalsh(root.T @ gram @ root)[0])
    rest = here.gradient - (kinks.directions.T * kinks.weights) @ multipliers
    decrement = float(np.linalg.norm(root.T @ rest))
    if not least > 0.5:
        return Proof(False, math.inf, decrement, 0.0, math.inf, math.inf)
    decrement, size = decrement / least, float(np.linalg.norm(root, 2))
    longest = max(here.steepness, float(np.linalg.norm(kinks.directions, axis=1).max(initial=0.0)))
    radius = 3.0 * decrement
    reach, clearance = radius * size * longest, here.kinks.clearance / size
    return Proof(reach < 1.0 and radius < clearance, radius, decrement, 0.0, reach, clearance)
