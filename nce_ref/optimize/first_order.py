r"""Climb by gradients alone (L-BFGS), for objectives whose Hessian nobody wants to form: n^2 numbers, or 2 n gradients
by differences.

What can be said at the end is less: the gradient, in the metric of L-BFGS's own inverse Hessian H,

    decrement = sqrt(g . H g),

which has the objective's units and not theta's, and is the length of the step that is left: for a likelihood decrement
sqrt(n_data) counts standard errors. That the point is a maximum is not shown. For J = -1/2 d.A d the metric is A's in
the directions walked lately.

Conventions
-----------
theta, g (n,); the objective is maximised
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from nce_ref._checks import Float
from nce_ref.objectives.base import Objective
from nce_ref.optimize.certificate import Certificate
from nce_ref.optimize.nonsmooth import Maximum

STATIONARY_BY_GRADIENT = "stationary"
# A rise of J below decrement^2/2 = 5e-13: rounding of J hides what is far below.
SMALL_DECREMENT = 1e-6
_ROUNDS, _MEMORY, _ITERATIONS = 4, 20, 2000
# In units of J: what one iteration must gain; twice its rounding.
_NO_RISE = 4e-16


def maximize_first_order(
    objective: Objective, start: Float, callback: Callable[[Float], object] | None = None
) -> tuple[Maximum, float]:
    """Climb by L-BFGS from ``start``; return the end and its decrement. Rounds begin afresh until it is small, or
    nothing is gained.

    Where the objective is not finite, or not defined (ValueError), the line search steps back.
    """
    used, lowest = 0, math.inf

    def descent(theta: Float) -> tuple[float, Float]:
        nonlocal used, lowest
        used += 1
        try:
            value, gradient = objective(theta)
        except (
            ValueError
        ):  # ln Z is infinite: the start was within the domain, and a shorter step is
            value, gradient = -math.inf, np.zeros_like(theta)
        if math.isfinite(value) and np.isfinite(gradient).all():
            lowest = min(lowest, -value)
            return -value, -gradient
        # Higher than all that was seen, and finite: the line search interpolates, which it cannot with inf.
        return lowest + 1.0 + abs(lowest), np.zeros_like(theta)

    options = {
        "maxiter": _ITERATIONS,
        "maxfun": 2 * _ITERATIONS,
        "maxcor": _MEMORY,
        "ftol": _NO_RISE,
        "gtol": 1e-14,
    }
    each = None if callback is None else lambda xk: callback(np.array(xk))
    theta, value, decrement = np.array(start), -math.inf, math.inf
    for _ in range(_ROUNDS):
        found = minimize(
            descent, theta, jac=True, method="L-BFGS-B", options=options, callback=each
        )
        g = np.asarray(found.jac)
        if found.nit:
            squared = float(g @ found.hess_inv.dot(g))
        else:
            squared = _along_gradient(descent, np.asarray(found.x), g)
        reached = math.sqrt(squared) if squared >= 0.0 else math.inf
        gained = -float(found.fun) > value
        if gained or reached < decrement:
            theta, value, decrement = np.asarray(found.x), -float(found.fun), reached
        if decrement <= SMALL_DECREMENT or not gained:
            break
    return Maximum(theta, value, used, decrement <= SMALL_DECREMENT), decrement


def _along_gradient(
    descent: Callable[[Float], tuple[float, Float]], theta: Float, g: Float
) -> float:
    """g.g over the curvature along g, by a difference: where no step was taken, as from a maximum, L-BFGS knows no
    metric."""
    size = float(np.linalg.norm(g))
    if size == 0.0:
        return 0.0
    step = 1e-6 * (1.0 + float(np.abs(theta).max())) / size
    curvature = float((descent(theta + step * g)[1] - g) @ g) / (step * size**2)
    return size**2 / curvature if curvature > 0.0 else math.inf


def gradient_certificate(objective: Objective, theta: Float, decrement: float) -> Certificate:
    """What gradients alone say of theta; ``decrement`` is that of the climb. Never a maximum."""
    stationarity = float(np.linalg.norm(objective(theta)[1]))
    if not math.isfinite(stationarity):
        reason = "the objective or its gradient is not finite here; start elsewhere, or scale the data to unit variance"
        return Certificate(math.inf, False, np.empty(0), "diverged", reason)
    told = f"by gradients alone the step that is left has length {decrement:.2g} in L-BFGS's own metric"
    if decrement <= SMALL_DECREMENT:
        reason = f"{told}; no second derivative was looked at, so that it is a maximum is not shown"
        return Certificate(stationarity, False, np.empty(0), STATIONARY_BY_GRADIENT, reason)
    reason = (
        f"{told}, above {SMALL_DECREMENT:g}; go on from here with start=fit.theta, or choose"
        " parameters of like sizes"
    )
    return Certificate(stationarity, False, np.empty(0), "not stationary", reason)
