r"""Ends of an NCE climb that are no maxima because J rises for ever: status "unbounded".

J is below its supremum of 0 everywhere, and a sample that the model separates comes as near to it as one likes: there
is no maximum to certify (THEORY.md, 7.6). Three ways to know it of an end theta:

* *ln p_m linear in theta* (affine, no kinks): if and only if the rows g(x), -g(y) are separable
  (``optimize/separation.py``);
* *ln p_m affine between kinks*: the same rows at theta, with a direction d such that theta + t d, t > 0, crosses no
  kink of the data. To cross kinks of the noise only adds to J (7.5), so J rises along that ray for ever;
* *other models*, and where the second finds no such d: every point is on its right side, G > ln nu on the data and < on
  the noise, J is within 1e-6 of its supremum, and it rises from theta to 2 theta, 4 theta ... 1024 theta. That is
  evidence, and the message says so.

Only ends that are not certified are asked. The converse of the second is not claimed: a direction may exist beyond the
kinks.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from nce_ref._checks import Float
from nce_ref.objectives.base import Objective
from nce_ref.objectives.nce import NCEObjective
from nce_ref.optimize import Certificate, certify
from nce_ref.optimize.separation import separating_direction

UNBOUNDED = "unbounded"
_NEAR_SUPREMUM = 1e-6
_DOUBLINGS = 10
# More numbers than these are not gathered for a programme.
_LARGEST = 2**26

_PROVED = (
    "the model can separate data and noise: J rises for ever along a ray from here, towards its"
    " supremum, and has no maximum there; draw more data, or noise that overlaps with them"
)


class SeparationJudge:
    """``certify``, and for ends that it refuses whether the sample is separable from there; one for all starts of a
    fit."""

    def __init__(self) -> None:
        self._linear: tuple[bool, ...] = ()

    def __call__(self, objective: Objective, theta: Float) -> Certificate:
        return self.refused(objective, theta, certify(objective, theta))

    def refused(self, objective: Objective, theta: Float, proof: Certificate) -> Certificate:
        """The same, given the certificate."""
        if proof.is_local_maximum or not isinstance(objective, NCEObjective):
            return proof
        with np.errstate(over="ignore", invalid="ignore"):
            reason = self._reason(objective, theta)
        if reason is None:
            return proof
        return dataclasses.replace(proof, status=UNBOUNDED, reason=reason)

    def _reason(self, objective: NCEObjective, theta: Float) -> str | None:
        if self._linear:
            return _PROVED if self._linear[0] else None
        decided, separable = _separable(objective, theta)
        if decided:
            self._linear = (separable,)
        if separable:
            return _PROVED
        return None if decided else _rises_along_a_ray(objective, theta)


def _separable(objective: NCEObjective, theta: Float) -> tuple[bool, bool]:
    """Whether the answer holds for every theta (ln p_m is linear in it), and the answer: separable from this theta, or
    not found to be."""
    model = objective.model
    many = (objective.n_data + objective.n_noise) * objective.n_params > _LARGEST
    if many or not model.affine_between_kinks or not callable(getattr(model, "jacobian", None)):
        return False, False
    x = objective.x
    kinks = model.evaluate(theta, x).kinks()
    linear = kinks.arguments.size == 0
    if kinks.arguments.size * objective.n_params > _LARGEST:
        return False, False
    gains = model.jacobian(theta, np.concatenate([x, objective.y]))
    gains[len(x) :] *= -1.0
    terms, points = np.nonzero(np.broadcast_to(kinks.point_lengths > 0.0, kinks.arguments.shape))
    signs = np.sign(kinks.arguments[terms, points])
    fences = kinks.directions(terms, points)
    met = fences[signs == 0.0]  # neither side is theta's: stay on it
    fences = np.concatenate([fences * signs[:, None], met, -met])
    return linear, separating_direction(gains, fences) is not None


def _rises_along_a_ray(objective: NCEObjective, theta: Float) -> str | None:
    value = objective(theta)[0]
    if not value > -_NEAR_SUPREMUM:
        return None
    values = [value]
    for k in range(1, _DOUBLINGS + 1):
        try:
            values.append(objective(2.0**k * theta)[0])
        except ValueError:  # out of the model's numbers
            return None
        if not (math.isfinite(values[-1]) and (values[-1] > values[-2] or values[-1] == 0.0)):
            return None
    return (
        f"every point is on its right side and J, {value:.3g}, rises from theta to {2**_DOUBLINGS}"
        " theta towards its supremum of 0: the model seems to separate data and noise; draw more"
        " data, or noise that overlaps with them"
    )
