r"""Maxima of objectives that are not concave: the likelihood, with a radius; others by the Hessian as computed.
THEORY.md, 7.7.

In the frame of ln Z (``models.base.Frame``: B + E B for the ICA model) a likelihood is, S being the active ridges,

    L(z) <= L(0) + delta + s|z| - 1/2 z.H z + c|z|^3/(3 (1 - |z|)) - sum_S w_k (1 - |mu_k|)|a'_k.z|

Split z = p + q along right singular vectors of diag(w (1 - |mu|)) A_S: p where the singular values are small, q where
they are at least kappa. With m the least eigenvalue of H on the p, h its largest size anywhere, |z| = rho and (3 h + m)
rho/2 <= kappa,

    L <= L(0) + delta + s rho - m rho^2/2 + c rho^3/(3 (1 - rho)),

and if that is below L(0), L has a local maximum within rho. The split may be made anywhere: the first that proves it is
taken.

Conventions
-----------
z (m,)   theta + root z; radius in z, which has no units
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from nce_ref._checks import Float
from nce_ref.objectives.base import Expansion
from nce_ref.optimize.concavity import Proof, grain_of, meeting_point
from nce_ref.optimize.local_sums import UNIT, active_ridges, local_sums, product_error
from nce_ref.optimize.multipliers import MergedRidges, merged

# Curvature below this much of the largest is rounding, where nothing bounds it.
FLAT = 1e-12
# A multiplier this near +-1 may belong to a ridge that is only touched.
_STRICT = 1e-9


@dataclass(frozen=True)
class Slope:
    """A gradient in z, and a bound on the length of its error."""

    gradient: Float
    error: float


def by_frame(here: Expansion, multipliers: Float, theta: Float, accurate: bool = False) -> Proof:
    """Return what the point terms and the frame of ``here``, a likelihood, prove."""
    assert here.terms is not None and here.frame is not None
    terms, root = here.terms(accurate), here.frame().root
    ridges = active_ridges(here.kinks, multipliers, theta, root, accurate)
    sums = local_sums(terms, multipliers, ridges.off, root)
    met = meeting_point(here, root, ridges)
    if met is not None and met < 1e-6 and terms.nearest(root, 1.01 * met)[1] == math.inf:
        # About the point where all active ridges meet, within ``met``.
        delta = 0.0
    else:
        # At theta: F - L is at most sum w (1 + |mu|) off there, and |a.(theta + d)| at least |a.d| - off.
        met, delta = 0.0, 3.03 * float(here.kinks.weights @ ridges.off)
    sizes = np.linalg.norm(np.abs(here.kinks.directions) @ np.abs(root), axis=1)
    slope = Slope(sums.gradient, sums.gradient_error)
    proof = within_frame(here, ridges.slack, slope, sizes, delta, met)
    return replace(proof, grain=grain_of(root, theta))


def within_frame(
    here: Expansion,
    slack: Float,
    slope: Slope,
    sizes: Float,
    delta: float,
    met: float,
    merge: MergedRidges | None = None,
) -> Proof:
    """Return the proof about a point within ``met`` of theta, where F - L is at most ``delta``; ``slope`` that of the
    points' F at theta.

    ``slack`` is w_k (1 - |mu_k|) of the active ridges, ``sizes`` bounds on the lengths of |root|^T |a_k|.
    """
    assert here.frame is not None
    frame = here.frame()
    root = frame.root
    decrement = float(np.linalg.norm(slope.gradient - frame.gradient))
    rounding = slope.error + frame.error + 4.0 * UNIT * float(np.linalg.norm(frame.gradient))
    # |a'_k.z| below is off by so much of |z|.
    across = product_error(root) * float(slack @ sizes)
    size = float(np.abs(np.linalg.eigvalsh(frame.hessian)).max(initial=0.0))
    # On the way to the point the gradient of ln Z has moved by its Hessian, which has hardly.
    s = (decrement + rounding + across) * (1.0 + 4.0 * len(root) * UNIT) + 1.1 * size * met
    merge = merge or merged(here.kinks.directions, slack)
    pulls = (merge.units @ root) * merge.forces_of(slack)[:, None]
    _, kappas, axes = np.linalg.svd(pulls, full_matrices=True)
    rank = int(np.sum(kappas > 1e-14 * kappas.max(initial=0.0)))
    best = math.inf
    for split in range(rank, -1, -1):
        kappa = (1.0 - 1e-12) * float(kappas[split - 1]) if split else math.inf
        kappa -= 8.0 * len(root) * UNIT * float(kappas.max(initial=0.0)) if split else 0.0
        along = axes[split:].T
        m = (
            float(np.linalg.eigvalsh(along.T @ frame.hessian @ along)[0])
            - frame.hessian_error
            - 4.0 * frame.cubic * met
            - 8.0 * len(root) * UNIT * size
            if along.shape[1]
            else size
        )
        if not m > 0.0:
            continue
        radius = 2.0 * (s + math.sqrt(s * s + m * delta)) / m
        best = min(best, radius)
        if radius < 0.5 and (3.0 * size + m) * radius / 2.0 <= kappa:
            rise = s * radius + delta + frame.cubic * radius**3 / (2.9 * (1.0 - radius))
            if rise < 0.499 * m * radius**2:
                proved = frame.hessian_error <= 0.02
                return Proof(proved, radius + met, decrement, rounding, 0.0, math.inf)
    return Proof(False, best, decrement, rounding, math.inf, math.inf)


def curvature_along_ridges(
    here: Expansion, multipliers: Float, root: Float, hessian: Float
) -> tuple[str, float]:
    """Return ("maximum", "saddle", "plateau" or "open", the largest curvature of J along the strictly active ridges).

    ``hessian`` (m, m) is J's in z. Where ridges with |mu| = 1 are met, J falls along d unless mu_k a_k.d = |a_k.d| for
    all of them, the critical cone: a direction of upward or no curvature counts if it or its opposite lies in that
    cone, else the matter is open.
    """
    slack = here.kinks.weights * (1.0 - np.abs(multipliers))
    strict = 1.0 - np.abs(multipliers) > _STRICT
    force, directions = _forces(here, np.where(strict, slack, 0.0), root)
    _, kappas, axes = np.linalg.svd(directions * force[:, None], full_matrices=True)
    along = axes[int(np.sum(kappas > 1e-10 * kappas.max(initial=0.0))) :].T
    if along.shape[1] == 0:
        return "maximum", -math.inf
    values, vectors = np.linalg.eigh(along.T @ hessian @ along)
    scale, top = float(np.abs(np.linalg.eigvalsh(hessian)).max()), float(values[-1])
    if top < -FLAT * scale:
        return "maximum", top
    touched = (multipliers[:, None] * here.kinks.directions)[~strict] @ root
    way = touched @ (along @ vectors[:, -1])
    room = 1e-9 * np.linalg.norm(touched, axis=1)
    if not ((way >= -room).all() or (way <= room).all()):
        return "open", top
    return ("saddle" if top > FLAT * scale else "plateau"), top


def by_hessian(here: Expansion, multipliers: Float, theta: Float) -> tuple[Proof, str, float]:
    """The second-order sufficient condition as computed, for objectives of which no third derivative is bounded: no
    radius is proved.

    Coordinates are scaled by their own curvature: those of very different sizes look flat beside each other.
    """
    size = np.sqrt(np.abs(np.diag(here.hessian)))
    root = np.diag(1.0 / np.where(size > 0.0, size, 1.0))
    hessian = root @ here.hessian @ root
    kind, top = curvature_along_ridges(here, multipliers, root, hessian)
    rest = root @ (here.gradient - (here.kinks.directions.T * here.kinks.weights) @ multipliers)
    # J in place of its third derivatives, and theta where J is small: both in units of J.
    scale = math.sqrt(abs(here.value) + abs(float(theta @ here.hessian @ theta)))
    length = float(np.linalg.norm(rest))
    if kind == "maximum" and not len(
        multipliers
    ):  # Newton's decrement, of which the length is a part
        length = math.sqrt(max(length**2, float(rest @ np.linalg.solve(-hessian, rest))))
    decrement = 0.0 if length == 0.0 else length / scale if scale > 0.0 else math.inf
    step = np.abs(np.linalg.lstsq(hessian, rest, rcond=1e-12)[0])
    way = 3.0 * float(np.linalg.norm(root @ step))
    return Proof(kind == "maximum", way, decrement, 0.0, 0.0, here.kinks.clearance), kind, top


def _forces(here: Expansion, slack: Float, root: Float) -> tuple[Float, Float]:
    """The forces with which the active ridges hold theta, and their directions in z, parallel ones as one."""
    merge = merged(here.kinks.directions, slack)
    return merge.forces, merge.units @ root
