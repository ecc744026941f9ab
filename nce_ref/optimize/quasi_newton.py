"""L-BFGS on the kinked objective as it stands: what most code does, kept as the yardstick.

It ignores the kinks, so its line search stalls beside a maximum (smallest subgradient 1e-4 to 1e-2, however long it
runs), and at small samples it stops on the way. Use ``nonsmooth.maximize`` for an answer; use this to reproduce
others'.

Conventions
-----------
theta (n,); value and gradient are of the objective, which is maximised
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from nce_ref._checks import Float
from nce_ref.objectives.base import Objective
from nce_ref.optimize.nonsmooth import Maximum


def maximize_lbfgs(
    objective: Objective,
    start: Float,
    max_iterations: int = 2000,
    callback: Callable[[Float], object] | None = None,
) -> Maximum:
    """Run SciPy's L-BFGS-B with its default tolerances from ``start``; ``callback(theta)`` after each iteration."""

    def descent(theta: Float) -> tuple[float, Float]:
        value, gradient = objective(theta)
        return -value, -gradient

    options = {"maxiter": max_iterations, "maxfun": 10 * max_iterations}
    # SciPy reuses its array, and reads the callback's signature to choose what to hand over: a plain vector, by
    # position.
    each = None if callback is None else lambda xk: callback(np.array(xk))
    found = minimize(descent, start, jac=True, method="L-BFGS-B", options=options, callback=each)
    return Maximum(np.asarray(found.x), -float(found.fun), int(found.nfev), bool(found.success))
