r"""Is theta a local maximum? An answer with its reason, from one expansion of the objective.

Stationarity is the norm of the smallest element of Clarke's subdifferential,

    min over |mu_k| <= 1 of | gradient - sum_k mu_k w_k a_k |,    k over the active ridges (|b_i.x_t| <= 1e-10 |b_i||x_t|),

a bounded least-squares problem. It is necessary, not sufficient:

* a zero row b_i is stationary by symmetry, and a point on a valley (a kink of the noise) may be: both are refused, with
  the slope of an ascent direction where one is found;
* for NCE and a model that is affine between kinks, J is concave as far as the next valley, so a stationary point is a
  maximum there: proved if no valley lies within the distance to which the exact maximum is known;
* otherwise (maximum likelihood: ln|det B| is indefinite) the Hessian must be negative definite along the manifold on
  which the strictly active ridges stay active: the second-order sufficient condition.

THEORY.md, *Kinks and certificates*, has the proofs.

Conventions
-----------
theta (n,); stationarity per data sample, in the coordinates of theta; multipliers mu (k,) in [-1, 1]
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import lsq_linear

from nce_ref._checks import Float
from nce_ref.objectives.base import Expansion, LocalKinks, Objective

STATIONARY = 1e-8
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
)
# A multiplier this near +-1 may belong to a ridge that is only touched; it is not counted on for the second-order test.
_STRICT = 1e-9


@dataclass(frozen=True)
class Certificate:
    """``is_local_maximum`` is proved, never guessed; ``status`` is one of ``STATUSES``, ``reason`` says why and what to do."""

    stationarity: float
    is_local_maximum: bool
    multipliers: Float
    status: str
    reason: str


def certify(objective: Objective, theta: Float) -> Certificate:
    """Examine a finite theta. A point that is no maximum is an answer, not an error; NaN in theta is the caller's."""
    here = objective.expand(theta)
    if not (
        math.isfinite(here.value)
        and np.isfinite(here.gradient).all()
        and np.isfinite(here.hessian).all()
    ):
        reason = "the objective or a derivative is not finite here; start elsewhere, or scale the data to unit variance"
        return Certificate(math.inf, False, np.empty(0), "diverged", reason)
    stationarity, multipliers = smallest_subgradient(here)

    def answer(proved: bool, status: str, reason: str) -> Certificate:
        return Certificate(stationarity, proved, multipliers, status, reason)

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
    if not stationarity <= STATIONARY:
        above = f"the smallest subgradient has norm {stationarity:.3g}, above {STATIONARY:g}"
        reason = f"{above}; try other starts, and data scaled to unit variance"
        return answer(False, "not stationary", reason)
    return answer(
        *(
            _by_concavity(here, stationarity)
            if here.concave
            else _by_second_order(here, multipliers)
        )
    )


def smallest_subgradient(here: Expansion) -> tuple[float, Float]:
    """Return the norm of the smallest element of Clarke's subdifferential, and the multipliers that give it."""
    pull = here.kinks.directions.T * here.kinks.weights
    if pull.shape[1] == 0:
        return float(np.linalg.norm(here.gradient)), np.empty(0)
    # BVLS starts from the unbounded solution, which is the answer to rounding wherever theta is a maximum.
    # It leaves its box by an ulp at times.
    multipliers = np.clip(
        lsq_linear(pull, here.gradient, bounds=(-1.0, 1.0), method="bvls", tol=1e-15).x, -1.0, 1.0
    )
    return float(np.linalg.norm(here.gradient - pull @ multipliers)), multipliers


def directional_derivative(here: Expansion, direction: Float) -> float:
    """Return J'(theta; d) = gradient.d - sum_ridges w |a.d| + sum_valleys w |a.d|, exact for active kinks."""
    kinks = here.kinks
    ridges = float(kinks.weights @ np.abs(kinks.directions @ direction))
    return (
        float(here.gradient @ direction)
        - ridges
        + float(kinks.valley_weights @ np.abs(kinks.valleys @ direction))
    )


def steepest_found(here: Expansion) -> float:
    """Return the largest slope of J over a family of unit directions, both ways: a positive one proves that J rises.

    Coordinates; eigenvectors of the valleys' pull less the ridges'; each valley's direction freed of the active ridges,
    along which J'(d) + J'(-d) > 0 by construction.
    """
    kinks, n = here.kinks, len(here.gradient)
    candidates = [
        np.eye(n),
        np.linalg.eigh(
            _spread(kinks.valleys, kinks.valley_weights) - _spread(kinks.directions, kinks.weights)
        )[1].T,
    ]
    if 0 < len(kinks.valleys) <= 100 and len(kinks.directions) < n:
        candidates.append(kinks.valleys @ _off(kinks))
    slopes = [0.0]
    for d in np.concatenate(candidates):
        length = float(np.linalg.norm(d))
        if length > 1e-12:
            slopes += [
                directional_derivative(here, d / length),
                directional_derivative(here, -d / length),
            ]
    return max(slopes)


def _by_concavity(here: Expansion, stationarity: float) -> tuple[bool, str, str]:
    """A maximum lies within radius = 3 stationarity / m if that is short of the next valley and of steepness * radius = 1.

    m is the least curvature at theta; it may fall like exp(-steepness * distance), which the second condition bounds.
    Samples that the model can separate have their supremum at infinity, and violate it wherever one stops (THEORY.md, 4.6).
    """
    modulus = float(np.linalg.eigvalsh(-here.hessian)[0])
    radius = 3.0 * stationarity / modulus if modulus > 0.0 else math.inf
    if not radius * here.steepness < 1.0:
        reason = f"the least curvature, {modulus:.3g}, does not bound the maximum: it may be at infinity; draw more noise or data"
        return False, "flat", reason
    if radius >= here.kinks.clearance:
        reason = f"a kink of the noise lies {here.kinks.clearance:.3g} away, within the {radius:.3g} to which the maximum is known"
        return False, "near a valley", reason
    return True, "certified", "stationary where the objective is concave: a local maximum"


def _by_second_order(here: Expansion, multipliers: Float) -> tuple[bool, str, str]:
    strict = here.kinks.directions[np.abs(multipliers) <= 1.0 - _STRICT]
    basis = _null_space(strict, len(here.gradient))
    if basis.shape[1] == 0:
        return True, "certified", "strictly active ridges block every direction: a local maximum"
    hessian = here.hessian
    if len(strict) == 0:
        # Coordinates of very different sizes (a Gaussian whose covariance has condition 1e4) look flat beside each other.
        # Scaling each by its own curvature keeps the signs of the eigenvalues, and rounding small beside all of them.
        size = np.sqrt(np.abs(np.diag(hessian)))
        hessian = hessian / np.outer(size, size) if size.min() > 0.0 else hessian
    curvature = np.linalg.eigvalsh(basis.T @ hessian @ basis)
    scale = float(np.abs(np.linalg.eigvalsh(hessian)).max())
    if curvature[-1] >= -1e-9 * scale:
        return (
            False,
            "saddle",
            f"along the active ridges the curvature reaches {curvature[-1]:.3g}: a saddle or a flat; try other starts",
        )
    return (
        True,
        "certified",
        "stationary, with negative curvature along the active ridges: a local maximum",
    )


def _ascent_text(here: Expansion) -> str:
    slope = steepest_found(here)
    if slope <= STATIONARY:
        return "nothing is proved here; start elsewhere"
    return f"it rises from here with slope {slope:.3g}; start elsewhere"


def _spread(directions: Float, weights: Float) -> Float:
    lengths = np.maximum(np.linalg.norm(directions, axis=1), 1e-300)
    return (directions.T * (weights / lengths)) @ directions


def _null_space(rows: Float, n: int) -> Float:
    # From n rows on the thin V is square already; the full U would be as large as the square of the active kinks (lattice data).
    _, size, V = np.linalg.svd(rows.reshape(-1, n), full_matrices=len(rows) < n)
    return V[int(np.sum(size > 1e-12 * size.max(initial=0.0))) :].T


def _off(kinks: LocalKinks) -> Float:
    basis = _null_space(kinks.directions, kinks.valleys.shape[1])
    return basis @ basis.T
