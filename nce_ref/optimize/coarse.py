r"""The proofs of ``concavity.py`` and ``second_order.py`` from bounds that hold for all points together, which cost
next to nothing.

What differs is how rounding is bounded (``objectives/coarse_terms.py``), that the multipliers are those at hand (any in
[-1, 1] make F >= J), that delta is its bound at theta, and that a kink of the noise is at least |a . theta|/(|a|
|root|) away. Each is larger than what the other files take: what is proved here is proved, and what is not is asked
again there.

Conventions
-----------
z (m,)   theta + root z
"""

from __future__ import annotations

import math

import numpy as np

from nce_ref._checks import Float
from nce_ref._compensated import UNIT
from nce_ref.objectives.base import Expansion
from nce_ref.objectives.coarse_terms import CoarseTerms
from nce_ref.objectives.point_terms import relative_change
from nce_ref.optimize.concavity import Proof, meeting_distance, whitening
from nce_ref.optimize.local_sums import distance_bound
from nce_ref.optimize.multipliers import MergedRidges
from nce_ref.optimize.second_order import Slope, within_frame

# Slopes whose sum is beyond these have lost digits to underflow, or their products will.
_SLOPES = (1e-100, 1e100)


def by_concavity_coarsely(
    here: Expansion, multipliers: Float, theta: Float, merge: MergedRidges
) -> Proof | None:
    """Return the proof for an objective that is concave as far as the next kink of the noise; None where these bounds
    prove nothing."""
    coarse = here.coarse() if here.coarse is not None else None
    if coarse is None or coarse.turned is None or not _SLOPES[0] < coarse.total < _SLOPES[1]:
        return None
    kinks = here.kinks
    a, off = kinks.directions, distance_bound(kinks.directions, theta)
    slack = kinks.weights * np.maximum(1.0 - np.abs(multipliers), 0.0)
    gain, positive = coarse.turned(multipliers)
    gram = gain - here.hessian + (a.T * slack) @ a
    if not np.isfinite(gram).all():
        return None
    root = whitening(gram)
    n, size = len(root), np.abs(root)
    white = root.T @ gram @ root
    # d_i d_j bounds every entry's sum of sizes, and so |root|^T d that of the product with root on both sides.
    diagonal = np.maximum(-np.diag(here.hessian), 0.0) + positive + slack @ (a * a)
    spread = 1.01 * float(np.sum((np.sqrt(diagonal) @ size) ** 2))
    relative, roundings = _errors(coarse, off, n)
    longest = 1.01 * float(np.linalg.norm(coarse.largest @ size))
    # 1 - h has lost what lies below an ulp of 1.
    gram_error = (2.0 * relative + 4.0 * roundings) * spread + (
        8.0 * UNIT * coarse.total * longest**2
    )
    m = 1.0 - 1.01 * float(np.linalg.norm(white - np.eye(n))) - gram_error
    if not m > 0.25:
        return None
    slope, lengths = _slope(here, coarse, multipliers, off, root)
    decrement = float(np.linalg.norm(slope.gradient))
    # Where a ridge is not met, (a.(theta + d))^2 is (a.d)^2 less 2 |a.theta||a.d| at most.
    rounding = slope.error + 2.02 * float(slack @ (off * lengths))
    s = (decrement + rounding) * (1.0 + 4.0 * n * UNIT)
    delta = 2.02 * float(kinks.weights @ off)
    met = _met(coarse, kinks.clearance, root, off, merge)
    if met is not None:
        # F has fallen by s and half its curvature at most, which is below 2 here and grows by e at most.
        delta = min(delta, s * met + 3.0 * met**2)
    radius = 3.0 * s / m + math.sqrt(1.01 * math.e * delta / m)
    reach = max(longest, float(lengths.max(initial=0.0))) * radius + float(off.max(initial=0.0))
    # From 1e-10 of their size on, arguments have their first five digits right.
    valley = 0.999 * kinks.clearance / float(np.linalg.norm(root))
    metric = math.sqrt(m)
    return Proof(
        reach < 1.0 and valley > radius,
        radius * metric,
        decrement / metric,
        rounding / metric,
        reach,
        valley * metric,
    )


def by_frame_coarsely(
    here: Expansion, multipliers: Float, theta: Float, merge: MergedRidges
) -> Proof | None:
    """Return the proof for a likelihood; None where these bounds prove nothing."""
    coarse = here.coarse() if here.coarse is not None else None
    if coarse is None or here.frame is None:
        return None
    frame, kinks = here.frame(), here.kinks
    off = distance_bound(kinks.directions, theta)
    slack = kinks.weights * np.maximum(1.0 - np.abs(multipliers), 0.0)
    slope, lengths = _slope(here, coarse, multipliers, off, frame.root)
    met = _met(coarse, math.inf, frame.root, off, merge)
    delta = 0.0
    if met is None or met >= 1e-6:
        met, delta = 0.0, 3.03 * float(kinks.weights @ off)
    return within_frame(here, slack, slope, lengths, delta, met, merge)


def _met(
    coarse: CoarseTerms, clearance: float, root: Float, off: Float, merge: MergedRidges
) -> float | None:
    """How far in z all active ridges meet, at most, where no other kink lies on the way; None where that is not
    known."""
    met = meeting_distance(merge, root, off) if len(off) else 0.0
    if not met:
        return met
    room = 0.999 * min(clearance, coarse.data_clearance())
    return met if room > 1.02 * met * float(np.linalg.norm(root)) else None


def _errors(coarse: CoarseTerms, off: Float, n: int) -> tuple[float, float]:
    """Relative errors of slopes, ridges that are not met included, and the roundings of a sum over points and ridges
    times a root."""
    moved = relative_change(np.array(2.0 * coarse.kink_slope * off.sum()))
    relative = 1.01 * (coarse.relative + float(moved))
    return relative, 1.01 * (coarse.n_points + len(off) + 4 * n + 60) * UNIT


def _slope(
    here: Expansion, coarse: CoarseTerms, multipliers: Float, off: Float, root: Float
) -> tuple[Slope, Float]:
    """The gradient of F in z, the active |a . theta| being mu a . theta, its error, and bounds on |root^T a_k|."""
    kinks, size = here.kinks, np.abs(root)
    a = np.abs(kinks.directions)
    gradient = root.T @ (coarse.gradient - kinks.directions.T @ (kinks.weights * multipliers))
    relative, roundings = _errors(coarse, off, len(root))
    sizes = coarse.total * coarse.largest + kinks.weights @ a
    error = 1.01 * (relative + roundings) * float(np.linalg.norm(sizes @ size))
    return Slope(gradient, error), 1.01 * np.linalg.norm(a @ size, axis=1)
