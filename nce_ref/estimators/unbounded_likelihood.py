r"""Ends of a likelihood's climb that are no maxima because the likelihood rises for ever: status "unbounded".

ln p = alpha . g(u) - ln Z(alpha) has a maximum if and only if the mean of g over the data lies in the relative interior
of the convex hull of g over all states (Barndorff-Nielsen 1978). Else all data lie on a face of it: there is a d with

    d . g(x) = max_u d . g(u)  for every datum x,  and less for some state u,

and the likelihood rises along d for ever, from any alpha, as the states off the face lose what mass they have. A spin
that never varies is such a case, or two spins that are never both up. Three ways to know it:

* *the model says so* (``likelihood_unbounded(x)``): faces that are known by name;
* *few states* (``all_states(most)``): a linear programme over d, confirmed by numbers (``optimize/separation.py``);
* *other models*: at the end there is a direction along which the likelihood does not fall by 1e-9 as far as sixteen
  times the length of theta, and falls by 1e-3 within one length the other way. That is evidence, and the message says
  so.

Only ends that are not certified are asked, "passed" ones among them: far out all curvatures round to those of a
maximum.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from nce_ref._checks import Float
from nce_ref.estimators.evidence import by_gradients_alone
from nce_ref.estimators.runaway import UNBOUNDED
from nce_ref.objectives.base import Objective
from nce_ref.objectives.likelihood import LikelihoodObjective
from nce_ref.optimize import Certificate, certify
from nce_ref.optimize.separation import separating_direction

# For a programme.
_MOST_STATES = 4096
_FLAT = (1e-2, 1e-4, 1e-6)
_FALLS, _STAYS = 1e-3, 1e-9
_LENGTHS = (0.25, 1.0, 4.0, 16.0)

_ON_A_FACE = (
    "all data lie on a face of the convex hull that the features of all states have: the likelihood rises for ever as"
    " the states off that face lose their mass, and has no maximum; draw more data, or leave features out"
)
_SEEMS = (
    "the likelihood does not fall along a ray from here, and falls the other way: it seems to rise for ever, as it does"
    " where a feature is at its largest in all of the data; draw more data, or take features that all vary"
)


class LikelihoodJudge:
    """``certify``, and for ends that it does not certify whether the likelihood has a maximum at all; one for all
    starts."""

    def __init__(self) -> None:
        self._known: tuple[str | None, bool] | None = None

    def __call__(self, objective: Objective, theta: Float) -> Certificate:
        return self.refused(objective, theta, certify(objective, theta))

    def refused(self, objective: Objective, theta: Float, proof: Certificate) -> Certificate:
        """The same, given the certificate."""
        if proof.status == "certified" or not isinstance(objective, LikelihoodObjective):
            return proof
        if self._known is None:
            self._known = _by_data(objective)
        reason, decided = self._known
        if not decided:
            with np.errstate(all="ignore"):
                reason = _SEEMS if _seems_unbounded(objective, theta) else None
        if reason is None:
            return proof
        return dataclasses.replace(proof, is_local_maximum=False, status=UNBOUNDED, reason=reason)


def _by_data(objective: LikelihoodObjective) -> tuple[str | None, bool]:
    """The reason, if there is one, and whether that is known; the same for every theta."""
    model = objective.model
    said = getattr(model, "likelihood_unbounded", None)
    reason = said(objective.x) if callable(said) else None
    if reason is not None:
        return f"{reason}; draw more data", True
    every = getattr(model, "all_states", None)
    states = every(_MOST_STATES) if callable(every) else None
    if states is None:
        return None, False
    of_states, of_data = (
        model.jacobian(np.zeros(model.n_params), u)[:, :-1]
        for u in (states, np.unique(objective.x, axis=0))
    )
    same = of_data[1:] - of_data[0]
    direction = separating_direction(of_data[0] - of_states, np.concatenate([same, -same]))
    return (None if direction is None else _ON_A_FACE), True


def _seems_unbounded(objective: LikelihoodObjective, alpha: Float) -> bool:
    if by_gradients_alone(objective):  # a Hessian by differences would cost more than the climb
        return False
    value, _, hessian = objective.second_order(alpha)
    length = float(np.linalg.norm(alpha))
    if not (math.isfinite(value) and np.isfinite(hessian).all() and length > 1.0):
        return False
    curvatures, axes = np.linalg.eigh(-hessian)
    least = _STAYS * max(1.0, abs(value))
    for share in _FLAT:
        flat = axes[:, curvatures <= share * float(curvatures[-1])]
        # What the climb has run away with lies there, far inside the cone of such directions.
        along = flat @ (flat.T @ alpha)
        size = float(np.linalg.norm(along))
        if size < 0.1 * length:
            continue
        along *= length / size
        back = _value(objective, alpha - along)
        ahead = [_value(objective, alpha + times * along) for times in _LENGTHS]
        if back < value - _FALLS and min(ahead) >= value - least:
            return True
    return False


def _value(objective: LikelihoodObjective, alpha: Float) -> float:
    """-inf where the model has no normalising constant, or says so by a ValueError."""
    try:
        value = objective(alpha)[0]
    except ValueError:
        return -math.inf
    return value if math.isfinite(value) else -math.inf
