r"""Is theta a local maximum? An answer with its reason, from one expansion of the objective.

Stationarity is the norm of the smallest element of Clarke's subdifferential,

    min over |mu_k| <= 1 of | gradient - sum_k mu_k w_k a_k |,
    k over the active ridges (|b_i.x_t| <= 1e-10 |b_i||x_t|),

which is told in the coordinates of theta and decides nothing: it has units. The verdict rests on its length in a metric
without units (the Hessian's; for a likelihood that of B + E B), on the rounding of all that enters, and on a proof:

* a zero row b_i is stationary by symmetry, and a point on a valley (a kink of the noise) may be: both are refused, with
  the slope of an ascent direction where one is found;
* for NCE and a model that is affine between kinks, J is concave as far as the next valley, and a maximum lies within a
  radius that follows from gradient and curvature (``concavity.py``);
* for a likelihood whose model offers a frame, curvature along the strictly active ridges, their strength across, and a
  bound on third derivatives give a radius (``second_order.by_frame``);
* for any other objective the second-order sufficient condition is tested as computed, in coordinates scaled by their
  own curvature: no third derivative is bounded, so there is no radius, and the status is "passed" in the place of
  "certified".

THEORY.md, *Kinks and certificates*, has the proofs.

Conventions
-----------
theta (n,); stationarity per data sample, in the coordinates of theta; multipliers mu (k,) in [-1, 1]
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass

import numpy as np

from nce_ref._checks import Float
from nce_ref._compensated import UNIT
from nce_ref.objectives.base import Expansion, Objective
from nce_ref.optimize.coarse import by_concavity_coarsely, by_frame_coarsely
from nce_ref.optimize.concavity import Proof, by_concavity, whitening
from nce_ref.optimize.local_sums import Valleys, distance_bound
from nce_ref.optimize.multipliers import merged, multipliers_in
from nce_ref.optimize.multipliers import smallest_subgradient as smallest
from nce_ref.optimize.second_order import by_frame, by_hessian, curvature_along_ridges
from nce_ref.optimize.slopes import steepest_found

# Of the smallest subgradient's length in the metric without units; where its rounding is more than that, of its
# rounding.
STATIONARY = 1e-8
# A maximum known to be within less than this, in the same metric, is called theta's own: the first where more than
# rounding separates them.
_NEAR, _NEAR_ENOUGH = 1e-6, 1e-5
# Rounding above this is worth products in twice the precision.
_ROUNDED = 1e-9
# A step that lands on a kink leaves |b.x| within some 1e-15 of |b||x|; the last is what rounding alone does.
_MET = (1e-13, 4e-15)
# Two to the power of this many sides are looked at.
_MOST_VALLEYS = 6
_CONCAVE = "stationary where the objective is concave: a local maximum"
_ALONG_RIDGES = "stationary, with negative curvature along the active ridges: a local maximum"
# Stored runs of the replication keep a status by its place: new ones go to the end.
STATUSES = (
    "certified",
    "not stationary",
    "saddle",
    "flat",
    "zero row",
    "on a valley",
    "near a valley",
    "diverged",
    "unbounded",
    "plateau",
    "not proved",
    "passed",
    "stationary",
    "interrupted",
    "budget spent",
)


@dataclass(frozen=True)
class Certificate:
    """``status`` is one of ``STATUSES``, ``reason`` says why and what to do.

    ``is_local_maximum``  where ``radius`` is finite: proved, rounding included, that the objective has a local maximum
                          within ``radius`` of theta, of at most 1e-5; ln p_n is taken as the noise returned it:
                          "certified". Where it is inf (objectives that bound no third derivative): the second-order
                          sufficient condition holds as computed, and that is all: "passed"
    ``radius``            in the metric of minus the Hessian, whose square has the objective's units; for likelihoods
                          |E| in B + E B
    ``multipliers``       of the active ridges, in the relative interior of all valid ones
    """

    stationarity: float
    is_local_maximum: bool
    multipliers: Float
    status: str
    reason: str
    radius: float = math.inf


def certify(objective: Objective, theta: Float) -> Certificate:
    """Examine a finite theta. A point that is no maximum is an answer, not an error; NaN in theta is the caller's.

    Kinks within 1e-10 are taken as met. Where that proves nothing and some of them lie beyond rounding, the question is
    asked again with those within 1e-13 and 4e-15: in axes in which B is badly conditioned many lie that near by chance,
    near-duplicates anywhere. Where rounding is what stands in the way, each is asked once more with products in twice
    the precision.
    """
    here = objective.expand(theta)
    # What leaves float64 on the way ends as inf or NaN, of which no proof comes: every comparison below asks for what
    # is wanted.
    with np.errstate(all="ignore"):
        found, rounding = _certificate(here, theta, swift=True)
        asked = [(here, rounding)]
        for width in _MET:
            if not found.is_local_maximum and _any_beyond(width, asked[-1][0], theta):
                nearer = objective.expand(theta, width)
                again, rounding = _certificate(nearer, theta)
                asked.append((nearer, rounding))
                found = again if again.is_local_maximum else found
        for expansion, rounding in asked:
            if not found.is_local_maximum and not rounding <= _ROUNDED:
                again, _ = _certificate(expansion, theta, accurate=True)
                found = again if again.is_local_maximum else found
    return found


def _certificate(
    here: Expansion, theta: Float, accurate: bool = False, swift: bool = False
) -> tuple[Certificate, float]:
    """The certificate, and the rounding that entered it, in the metric; ``swift``: bounds that cost little come
    first."""
    if not (
        math.isfinite(here.value)
        and np.isfinite(here.gradient).all()
        and np.isfinite(here.hessian).all()
    ):
        reason = "the objective or a derivative is not finite here; start elsewhere, or scale the data to unit variance"
        return Certificate(math.inf, False, np.empty(0), "diverged", reason), 0.0
    merge = merged(here.kinks.directions, here.kinks.weights)
    stationarity, multipliers = smallest(
        here.gradient, here.kinks.directions, here.kinks.weights, merge
    )

    def answer(
        proved: bool, status: str, reason: str, radius: float = math.inf, rounding: float = 0.0
    ) -> tuple[Certificate, float]:
        found = Certificate(stationarity, proved, multipliers, status, reason, radius)
        return found, rounding

    if here.kinks.zero_terms or len(here.kinks.valleys):
        radius = _on_every_side(here, theta)
        if radius <= _NEAR_ENOUGH:
            words = "stationary and concave on every side of the kinks of the noise that are met: a local maximum"
            return answer(True, "certified", words, radius)
    if here.kinks.zero_terms:
        row = here.kinks.zero_terms[0]
        return answer(
            False,
            "zero row",
            f"row {row} of B is 0, where the objective is stationary by symmetry; {_ascent_text(here)}",
        )
    if len(here.kinks.valleys):
        count = len(here.kinks.valleys)
        return answer(
            False,
            "on a valley",
            f"{count} kinks of the noise are met, where the objective bends upwards; {_ascent_text(here)}",
        )
    coarsely = by_concavity_coarsely if here.concave else by_frame_coarsely
    first = coarsely(here, multipliers, theta, merge) if swift else None
    if (
        first is not None
        and first.proved
        and first.decrement <= STATIONARY
        and first.radius <= _NEAR
    ):
        words = _CONCAVE if here.concave else _ALONG_RIDGES
        return answer(True, "certified", words, first.radius, first.rounding)
    if here.concave:
        multipliers = _multipliers(here, _metric(here))
        proof = by_concavity(here, multipliers, theta, accurate=accurate)
        return answer(*_from_concavity(proof), proof.rounding)
    if here.frame is not None and here.terms is not None:
        root = here.frame().root
        multipliers = _multipliers(here, root)
        proof = by_frame(here, multipliers, theta, accurate)
        return answer(*_from_frame(here, multipliers, proof), proof.rounding)
    return answer(*_from_hessian(here, multipliers, theta))


def _on_every_side(here: Expansion, theta: Float) -> float:
    """The radius within which a maximum is proved where valleys are met; inf where it is not.

    J is the largest of J_s, |a_m . theta| replaced by s_m a_m . theta, over the sides s = +-1 of the hyperplanes that
    the active valleys lie on, and each J_s is concave: theta is a maximum if it is one of every J_s (THEORY.md, 7.3). A
    row of zeros lies on all of its hyperplanes; they are one where the points have one dimension.
    """
    kinks = here.kinks
    valleys = merged(kinks.valleys, kinks.valley_weights)
    if (
        not here.concave
        or here.terms is None
        or len(valleys.units) > _MOST_VALLEYS
        or not valleys.exact
    ):
        return math.inf
    off, widest = distance_bound(kinks.valleys, theta), 0.0
    for sides in itertools.product((-1.0, 1.0), repeat=len(valleys.units)):
        slopes = valleys.spread(np.array(sides))
        pull = kinks.valleys.T @ (slopes * kinks.valley_weights)
        side = dataclasses.replace(here, gradient=here.gradient + pull)
        proof = by_concavity(side, _multipliers(side, _metric(side)), theta, Valleys(slopes, off))
        if not proof.proved or _stationary(proof) is not None:
            return math.inf
        widest = max(widest, proof.radius)
    return widest


def _any_beyond(width: float, here: Expansion, theta: Float) -> bool:
    """Whether some kink taken as met lies beyond ``width``, and that is enough to know its sign: a dot product's
    rounding is n u."""
    kinks = here.kinks
    a = np.concatenate([kinks.directions, kinks.valleys])
    terms = int(np.count_nonzero(a, axis=1).max(initial=0))
    beyond = np.abs(a @ theta) > width * (np.abs(a) @ np.abs(theta))
    return width >= 4.0 * (terms + 1) * UNIT and bool(beyond.any())


_Answer = tuple[bool, str, str, float]


def _stationary(proof: Proof) -> _Answer | None:
    """The answer "not stationary", where that is what the proof found."""
    # No float64 theta need be nearer than its own last bits allow.
    if proof.decrement <= max(STATIONARY, proof.rounding, min(proof.grain, 0.3 * _NEAR)):
        return None
    above = f"the smallest subgradient has length {proof.decrement:.3g} in the Hessian's metric, above {STATIONARY:g}"
    return (
        False,
        "not stationary",
        f"{above}; try other starts, and data scaled to unit variance",
        math.inf,
    )


def _too_wide(proof: Proof) -> _Answer | None:
    if proof.radius <= (_NEAR if proof.decrement > STATIONARY else _NEAR_ENOUGH):
        return None
    reason = (
        f"rounding leaves a maximum known to within {proof.radius:.3g} only; choose units and axes"
        " in which the data are less extreme"
    )
    return False, "not proved", reason, math.inf


def _from_concavity(proof: Proof) -> _Answer:
    refused = _stationary(proof)
    if refused is not None:
        return refused
    if proof.undetermined and proof.reach < 1.0:
        reason = (
            f"{proof.undetermined} directions change no term of the objective: a maximum that is"
            " not strict; draw more data or noise"
        )
        return False, "plateau", reason, math.inf
    if not proof.reach < 1.0:
        reason = "the curvature here does not bound the maximum: it may be at infinity; draw more noise or data"
        return False, "flat", reason, math.inf
    if not proof.clearance > proof.radius:
        reason = (
            f"a kink of the noise lies {proof.clearance:.3g} away, within the {proof.radius:.3g} to"
            " which the maximum is known"
        )
        return False, "near a valley", reason, math.inf
    if not proof.proved:
        return (
            False,
            "not proved",
            "rounding leaves the curvature unknown here; scale the data",
            math.inf,
        )
    return _too_wide(proof) or (
        True,
        "certified",
        _CONCAVE,
        proof.radius,
    )


def _from_frame(here: Expansion, multipliers: Float, proof: Proof) -> _Answer:
    assert here.frame is not None
    frame = here.frame()
    refused = _stationary(proof)
    if refused is not None:
        return refused
    if proof.proved:
        return _too_wide(proof) or (True, "certified", _ALONG_RIDGES, proof.radius)
    kind, top = curvature_along_ridges(here, multipliers, frame.root, -frame.hessian)
    if kind == "maximum":
        reason = (
            "the active ridges and the curvature are too weak beside rounding; choose units and"
            " axes in which the data are less extreme"
        )
        return False, "not proved", reason, math.inf
    return _no_maximum(kind, top)


def _from_hessian(here: Expansion, multipliers: Float, theta: Float) -> _Answer:
    proof, kind, top = by_hessian(here, multipliers, theta)
    refused = _stationary(proof)
    if refused is not None:
        return refused
    if kind != "maximum":
        return _no_maximum("flat" if kind == "plateau" and not len(multipliers) else kind, top)
    if proof.clearance <= proof.radius < math.inf:
        reason = (
            f"a kink of the noise lies {proof.clearance:.3g} away, within three steps of Newton's"
        )
        return False, "near a valley", reason, math.inf
    words = "stationary, with negative curvature along the active ridges as computed: a local maximum to second order"
    return True, "passed", words, math.inf


def _no_maximum(kind: str, top: float) -> _Answer:
    reason = {
        "saddle": (
            f"along the active ridges the curvature reaches {top:.3g}: a saddle; try other starts"
        ),
        "flat": (
            "along some direction there is no curvature; the data may not determine every parameter"
        ),
        "plateau": (
            "along the active ridges there is a direction without slope or curvature: a maximum"
            " that is not strict, as far as rounding can tell, like the medians of an even number"
            " of points; perturb tied data, or take any point of it"
        ),
        "open": (
            "some active ridges are touched only, and the second-order test is open along them;"
            " perturb tied data"
        ),
    }[kind]
    return False, "not proved" if kind == "open" else kind, reason, math.inf


def _metric(here: Expansion) -> Float:
    """Coordinates without units for the multipliers: minus the Hessian and the pull of all active ridges, made 1."""
    kinks = here.kinks
    gram = -here.hessian + (kinks.directions.T * kinks.weights) @ kinks.directions
    return whitening(gram) if np.isfinite(gram).all() else np.eye(len(gram))


def _multipliers(here: Expansion, root: Float) -> Float:
    return multipliers_in(root, here.gradient, here.kinks.directions, here.kinks.weights)


def smallest_subgradient(here: Expansion) -> tuple[float, Float]:
    """Return the norm of the smallest element of Clarke's subdifferential, and multipliers that give it
    (``multipliers.py``)."""
    return smallest(here.gradient, here.kinks.directions, here.kinks.weights)


def _ascent_text(here: Expansion) -> str:
    slope = steepest_found(here)
    if slope <= STATIONARY:
        return "nothing is proved here; start elsewhere"
    return f"it rises from here with slope {slope:.3g}; start elsewhere"
