"""The kernels in plain NumPy, cut into steps that a mistake can replace.

Conventions
-----------
inputs     the objective's arguments: arrays all in one dtype, which is kept throughout; c and nu Python floats
slope      the derivative of an elementwise step, an array of the same shape, or one number for all
pullback   weights dJ/d(output) -> dJ/d(input);  for a log-density (n_points,) -> (dJ/dparameter, dJ/dc)
is_data    which sample a step is asked about: both are treated alike, except where the step's formula differs
"""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import Array, Outputs, Steps


class LogSigmoidSteps(Steps):
    """The right steps of ln sigma."""

    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        """ln sigma(t) = min(t, 0) - ln(1 + e^-|t|), and sigma(-t): nothing overflows, nothing cancels."""
        e = np.exp(-np.abs(t))
        return np.minimum(t, 0.0) - np.log1p(e), np.maximum(e, t <= 0.0) / (1.0 + e)


class SigmoidSteps(Steps):
    """The right steps of sigma."""

    def sigmoid(self, t: Array) -> tuple[Array, Array]:
        """sigma(t), and sigma(t) sigma(-t) = e/(1 + e)^2."""
        e = np.exp(-np.abs(t))
        return np.maximum(e, t >= 0.0) / (1.0 + e), e / (1.0 + e) ** 2


def log_sigmoid(steps: LogSigmoidSteps, t: Array) -> Outputs:
    """ln sigma(t) and its derivative."""
    value, grad = steps.log_sigmoid(t)
    return {"value": value, "grad": grad}


def sigmoid(steps: SigmoidSteps, t: Array) -> Outputs:
    """sigma(t) and its derivative."""
    value, grad = steps.sigmoid(t)
    return {"value": value, "grad": grad}
