"""Slips of the hand: the value is right and its gradient is not. A finite-difference check sees every one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Objective
from nce_ref.oracle.mistakes.making import (
    IMPORTANCE,
    LOG_SIGMOID,
    MLE,
    NCE,
    OF_MODELS,
    SCORE_MATCHING,
    made_by,
)
from nce_ref.oracle.textbook import Array, Outputs, Pullback, Steps


class _Factor(Steps):
    """The derivatives multiplied by a function of (n_data, n_noise)."""

    def __init__(self, factor: Callable[[int, int], float]) -> None:
        self.factor = factor

    def finish(self, objective: Objective, inputs: Mapping[str, Any], outputs: Outputs) -> Outputs:
        factor = self.factor(*objective.sample_sizes(inputs))
        derivatives = {output.name for output in objective.outputs if output.derivative_of}
        return {
            name: factor * value if name in derivatives else value
            for name, value in outputs.items()
        }


class Finish(Steps):
    """One output replaced: ``change(output, inputs)``."""

    def __init__(self, output: str, change: Callable[[Array, Mapping[str, Any]], Any]) -> None:
        self.output, self.change = output, change

    def finish(self, objective: Objective, inputs: Mapping[str, Any], outputs: Outputs) -> Outputs:
        return {**outputs, self.output: self.change(outputs[self.output], inputs)}


class _CSubtracted(Steps):
    def laplace(self, B: Array, c: float, u: Array, is_data: bool = True) -> tuple[Array, Pullback]:
        return super().laplace(B, -c, u, is_data)

    def gaussian(
        self, precision: Array, c: float, u: Array, is_data: bool = True
    ) -> tuple[Array, Pullback]:
        return super().gaussian(precision, -c, u, is_data)


class _NoiseSlope(Steps):
    """The slope of J on the noise, multiplied by a factor; right: 1."""

    def __init__(self, on_noise: float) -> None:
        self.on_noise = on_noise

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        value, of_data, of_noise = super().nce(ratio_data, ratio_noise, nu)
        return value, of_data, self.on_noise * of_noise


class _NoiseSlopeAveraged(Steps):
    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        value, of_data, of_noise = super().nce(ratio_data, ratio_noise, nu)
        return value, of_data, of_noise * (len(ratio_data) / len(ratio_noise))


class _DataSlope(Steps):
    """The slope of J on the data, multiplied by a factor; right: 1."""

    def __init__(self, on_data: float) -> None:
        self.on_data = on_data

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        value, of_data, of_noise = super().nce(ratio_data, ratio_noise, nu)
        return value, self.on_data * of_data, of_noise


class _DataSlopeOfH(Steps):
    def log_h(self, t: Array) -> tuple[Array, Array]:
        return super().log_h(t)[0], self.sigmoid(t)[0]


class _SlopeWithoutNu(Steps):
    def term(self, log_ratio: Array, nu: float, is_data: bool) -> tuple[Array, Array]:
        return super().term(log_ratio, nu, is_data)[0], super().term(log_ratio, 1.0, is_data)[1]


class _SigmoidOfT(Steps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        return super().log_sigmoid(t)[0], self.sigmoid(t)[0]


class _NoInnerSlope(Steps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        return super().log_sigmoid(t)[0], 1.0 / self.sigmoid(t)[0]


class _NoOuterSlope(Steps):
    def log_sigmoid(self, t: Array) -> tuple[Array, Array]:
        return super().log_sigmoid(t)[0], self.sigmoid(t)[1]


CLIMBS = "The optimiser does not climb J: it stalls or ends elsewhere. A finite-difference check sees it."
SCALES = "None where only the gradient's zero counts; a line search, which compares value and slope, fails or crawls."
_DJ = "dJ/dG = (1 - h)/n_data on the data, -h/n_data on the noise"
_OF_J = (*NCE, *MLE, *IMPORTANCE, *SCORE_MATCHING)

GRADIENTS = (
    made_by(
        Finish("grad_c", lambda grad, inputs: -grad),
        "c-sign",
        OF_MODELS,
        "the derivative by c has the sign of the other convention (c = ln Z), the value has not",
        effect="c runs away from its optimum. c used as ln Z throughout is a convention; half of it is a slip.",
        fix="ln p_m = ln p_m0 + c, dJ/dc = + sum_t dJ/dG_t; with c = ln Z both signs turn",
        seen="both conventions exist in the wild",
    ),
    made_by(
        _CSubtracted(),
        "c-sign-value",
        OF_MODELS,
        "c is subtracted (c = ln Z), the derivative is that of an added c",
        effect="c runs away from its optimum. c used as ln Z throughout is a convention; half of it is a slip.",
        fix="ln p_m = ln p_m0 - c, dJ/dc = - sum_t dJ/dG_t; with c = -ln Z both signs turn",
        seen="both conventions exist in the wild",
    ),
    made_by(
        _Factor(lambda n_data, n_noise: -1.0),
        "gradient-negated",
        _OF_J,
        "the value is J, the gradient that of the loss -J",
        effect="Descent where ascent is meant: the optimiser walks away from the maximum, or stops at once.",
        fix=f'{_DJ}; value and gradient both of J, or both of -J (sense="minimise")',
    ),
    made_by(
        _Factor(lambda n_data, n_noise: float(n_data)),
        "gradient-summed",
        _OF_J,
        "the value is a mean, the gradient a sum",
        effect=SCALES,
        fix=f"{_DJ}; the slip: without 1/n_data",
    ),
    made_by(
        _Factor(lambda n_data, n_noise: n_data / n_noise),
        "gradient-per-noise",
        NCE,
        "the value is divided by n_data, the gradient by n_noise",
        effect=SCALES,
        fix=f"{_DJ}; the slip: n_noise for n_data",
    ),
    made_by(
        _Factor(lambda n_data, n_noise: 0.5),
        "gradient-half",
        _OF_J,
        "the gradient is that of J/2, the value is not",
        effect=SCALES,
        fix=f"{_DJ}; the half of P10's J_T belongs to both or to neither",
    ),
    made_by(
        _NoiseSlope(0.0),
        "gradient-data-only",
        NCE,
        "the gradient of the data term alone: the noise term is detached or forgotten",
        effect="Nothing holds c back: it goes to infinity.",
        fix=f"{_DJ}; the slip: 0 on the noise",
    ),
    made_by(
        _NoiseSlopeAveraged(),
        "gradient-noise-averaged",
        NCE,
        "the slope of the noise term is divided by n_noise, its value by n_data",
        effect="The gradient's zero has c off by ln nu, the value's maximum has not. " + CLIMBS,
        fix=f"{_DJ}; the slip: -h/n_noise on the noise",
    ),
    made_by(
        _NoiseSlope(-1.0),
        "gradient-noise-sign",
        NCE,
        "the slope of the noise term has the wrong sign",
        effect="Data and noise both pull c upwards: it goes to infinity.",
        fix=f"{_DJ}; the slip: +h/n_data on the noise",
    ),
    made_by(
        _DataSlope(2.0),
        "gradient-data-doubled",
        NCE,
        "the slope of the data term counts twice: backward() on the data term, and again on J, without clearing what was accumulated",
        effect="The gradient's zero has c off by ln 2, the value's maximum has not. " + CLIMBS,
        fix=f"{_DJ}; the slip: 2 (1 - h)/n_data on the data",
    ),
    made_by(
        _DataSlope(0.0),
        "gradient-noise-only",
        NCE,
        "the gradient of the noise term alone: the data term is detached or forgotten",
        effect="Nothing holds c up: it goes to minus infinity.",
        fix=f"{_DJ}; the slip: 0 on the data",
    ),
    made_by(
        _DataSlopeOfH(),
        "gradient-data-h",
        NCE,
        "the slope on the data is h instead of 1 - h, that on the noise is right",
        effect="Data points pull hardest where they are classified best. " + CLIMBS,
        fix=f"{_DJ}; the slip: h/n_data on the data",
    ),
    made_by(
        Finish("grad_c", lambda grad, inputs: np.zeros_like(grad)),
        "c-detached",
        OF_MODELS,
        "the derivative by c is 0: c is read as a plain number (.item(), detach) where it should be differentiated",
        effect="c never moves from its start, and B has to make up for the normalisation.",
        fix="dJ/dc = sum_t dJ/dG_t; the slip: 0",
    ),
    made_by(
        _SlopeWithoutNu(),
        "gradient-no-log-nu",
        NCE,
        "ln nu is missing in the gradient's h, not in the value",
        effect="The gradient's zero has c off by -ln nu, the value's maximum has not. " + CLIMBS,
        fix=f"{_DJ}, h = sigma(G - ln nu) here too; the slip: h = sigma(G)",
    ),
    made_by(
        _SigmoidOfT(),
        "log-sigmoid-grad",
        LOG_SIGMOID,
        "the derivative of ln sigma(t) is taken as sigma(t) instead of sigma(-t)",
        effect="Points pull hardest where they are classified best: c and B run off.",
        fix="(ln sigma(t))' = 1 - sigma(t) = sigma(-t); the slip: sigma(t)",
    ),
    made_by(
        _NoInnerSlope(),
        "gradient-no-sigmoid-slope",
        LOG_SIGMOID,
        "(ln sigma)' = 1/sigma: the chain rule stops at the sigmoid",
        effect="Slopes never fall below 1 and grow like e^-t: no stationary point where the optimum is. "
        + CLIMBS,
        fix="(ln sigma(t))' = sigma'(t)/sigma(t) = sigma(-t); the slip: 1/sigma(t)",
    ),
    made_by(
        _NoOuterSlope(),
        "gradient-no-reciprocal",
        LOG_SIGMOID,
        "(ln sigma)' = sigma': the logarithm's own derivative 1/sigma is forgotten",
        effect="Points far on the wrong side, which should pull hardest, do not pull at all. "
        + CLIMBS,
        fix="(ln sigma(t))' = sigma'(t)/sigma(t) = sigma(-t); the slip: sigma(t) sigma(-t)",
    ),
    made_by(
        Finish("grad", lambda grad, inputs: grad / len(inputs["t"])),
        "gradient-of-mean",
        ("log_sigmoid", "sigmoid"),
        "the derivative is divided by the number of points: that of the mean of all values",
        effect="Slopes that shrink with the batch: " + SCALES[0].lower() + SCALES[1:],
        fix="each entry's own derivative, by the sum of all values; the slip: backward() from value.mean()",
    ),
    made_by(
        Finish("grad", lambda grad, inputs: Steps().sigmoid(inputs["t"])[0]),
        "sigmoid-grad",
        ("sigmoid",),
        "the derivative of sigma is taken as sigma",
        effect="Wherever this kernel's derivative is used, a point is weighted by h instead of h(1 - h).",
        fix="sigma'(t) = sigma(t) sigma(-t); the slip: sigma(t)",
    ),
    made_by(
        Finish("grad", lambda grad, inputs: inputs["t"] * (1.0 - inputs["t"])),
        "sigmoid-grad-of-output",
        ("sigmoid",),
        "the derivative is t(1 - t): the rule for the output applied to the input",
        effect="Slopes are wrong everywhere and grow without bound.",
        fix="sigma'(t) = s(1 - s) with s = sigma(t); the slip: t(1 - t)",
    ),
)
