"""Slips of the hand: the value is right and its gradient is not. A finite-difference check sees every one of them."""

from __future__ import annotations

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.by_hand import CLIMBS, SCALES, Finish
from nce_ref.oracle.families.kernels.textbook import LogSigmoidSteps, SigmoidSteps


class _SigmoidOfT(LogSigmoidSteps, SigmoidSteps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        return super().log_sigmoid(t)[0], self.sigmoid(t)[0]


LOG_SIGMOID_GRAD = Mistake(
    "log-sigmoid-grad",
    "the derivative of ln sigma(t) is taken as sigma(t) instead of sigma(-t)",
    _SigmoidOfT(),
    effect="Points pull hardest where they are classified best: c and B run off.",
    fix="(ln sigma(t))' = 1 - sigma(t) = sigma(-t); the slip: sigma(t)",
    gradient=True,
)


class _NoInnerSlope(LogSigmoidSteps, SigmoidSteps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        return super().log_sigmoid(t)[0], 1.0 / self.sigmoid(t)[0]


GRADIENT_NO_SIGMOID_SLOPE = Mistake(
    "gradient-no-sigmoid-slope",
    "(ln sigma)' = 1/sigma: the chain rule stops at the sigmoid",
    _NoInnerSlope(),
    effect="Slopes never fall below 1 and grow like e^-t: no stationary point where the optimum is. "
    + CLIMBS,
    fix="(ln sigma(t))' = sigma'(t)/sigma(t) = sigma(-t); the slip: 1/sigma(t)",
    gradient=True,
)


class _NoOuterSlope(LogSigmoidSteps, SigmoidSteps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        return super().log_sigmoid(t)[0], self.sigmoid(t)[1]


GRADIENT_NO_RECIPROCAL = Mistake(
    "gradient-no-reciprocal",
    "(ln sigma)' = sigma': the logarithm's own derivative 1/sigma is forgotten",
    _NoOuterSlope(),
    effect="Points far on the wrong side, which should pull hardest, do not pull at all. " + CLIMBS,
    fix="(ln sigma(t))' = sigma'(t)/sigma(t) = sigma(-t); the slip: sigma(t) sigma(-t)",
    gradient=True,
)

GRADIENT_OF_MEAN = Mistake(
    "gradient-of-mean",
    "the derivative is divided by the number of points: that of the mean of all values",
    Finish("grad", lambda grad, inputs: grad / len(inputs["t"])),
    effect="Slopes that shrink with the batch: " + SCALES[0].lower() + SCALES[1:],
    fix="each entry's own derivative, by the sum of all values; the slip: backward() from value.mean()",
    gradient=True,
)

SIGMOID_GRAD = Mistake(
    "sigmoid-grad",
    "the derivative of sigma is taken as sigma",
    Finish("grad", lambda grad, inputs: SigmoidSteps().sigmoid(inputs["t"])[0]),
    effect="Wherever this kernel's derivative is used, a point is weighted by h instead of h(1 - h).",
    fix="sigma'(t) = sigma(t) sigma(-t); the slip: sigma(t)",
    gradient=True,
    only=("sigmoid",),
)

SIGMOID_GRAD_OF_OUTPUT = Mistake(
    "sigmoid-grad-of-output",
    "the derivative is t(1 - t): the rule for the output applied to the input",
    Finish("grad", lambda grad, inputs: inputs["t"] * (1.0 - inputs["t"])),
    effect="Slopes are wrong everywhere and grow without bound.",
    fix="sigma'(t) = s(1 - s) with s = sigma(t); the slip: t(1 - t)",
    gradient=True,
    only=("sigmoid",),
)


MISTAKES = (
    LOG_SIGMOID_GRAD,
    GRADIENT_NO_SIGMOID_SLOPE,
    GRADIENT_NO_RECIPROCAL,
    GRADIENT_OF_MEAN,
    SIGMOID_GRAD,
    SIGMOID_GRAD_OF_OUTPUT,
)
