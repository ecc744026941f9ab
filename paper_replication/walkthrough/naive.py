r"""ln(1 - sigma(t)) as one would write it down, and the log-ratio at which it breaks.

    sigma(t) = 1/(1 + e^-t) is 1 as soon as e^-t is half of the last digit of 1 or less: t >= 53 ln 2 = 36.74 in
    float64, t >= 24 ln 2 = 16.64 in float32.

There 1 - sigma is 0, its logarithm -inf, and the gradient by the chain rule -sigma(1 - sigma)/(1 - sigma) = 0/0. Long
before, digits are lost: 1 - sigma is a multiple of the last digit of 1, so at t = 30 in float64 its relative error is
up to 1e-3. ln sigma(-t) is the same function and exact (``nce_ref.special.log_sigmoid``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .problem import Float

BREAKS_AT = {"float64": 53.0 * float(np.log(2.0)), "float32": 24.0 * float(np.log(2.0))}


def naive_log_complement(t: Float, dtype: str = "float64") -> NDArray[np.floating]:
    """Return ln(1 - 1/(1 + exp(-t))), computed in that order."""
    with np.errstate(divide="ignore", over="ignore"):
        one = np.ones((), dtype)
        return np.log(one - one / (one + np.exp(-np.asarray(t, dtype))))


def naive_slope(t: Float, dtype: str = "float64") -> NDArray[np.floating]:
    """Return its derivative as automatic differentiation has it, -sigma(1 - sigma)/(1 - sigma); exact is -sigma."""
    with np.errstate(invalid="ignore", over="ignore"):
        one = np.ones((), dtype)
        sigma = one / (one + np.exp(-np.asarray(t, dtype)))
        return -sigma * (one - sigma) / (one - sigma)


def breaking_log_ratio(log_ratio: Float, dtype: str = "float64") -> float:
    """Return the largest t among the points at the smallest factor k for which the naive noise loss of t = k *
    log_ratio is inf.

    Raises ValueError where no point has a positive log-ratio: then no factor breaks it.
    """
    top = float(np.max(log_ratio))
    if not top > 0.0:
        raise ValueError(f"log_ratio: the largest is {top:.3g}; expected one above 0")
    low, high = 0.0, 1000.0 / top
    for _ in range(80):
        middle = 0.5 * (low + high)
        if np.isfinite(naive_log_complement(middle * log_ratio, dtype).mean()):
            low = middle
        else:
            high = middle
    return high * top
