"""Slips of the hand in the gradient by the model's parameter; the value is right. A finite-difference check sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Objective
from nce_ref.oracle.mistakes.gradients import CLIMBS, SCALES, Finish
from nce_ref.oracle.mistakes.making import LAPLACE_GRADIENT, MLE, SCORE_MATCHING, made_by
from nce_ref.oracle.textbook import Array, Outputs, Pullback, Steps


class _ModelSlope(Steps):
    """The Laplace model with its value right and ``slope(s)`` for sqrt(2) sign(s)."""

    def __init__(self, slope: Callable[[Array], Array]) -> None:
        self.slope = slope

    def laplace(self, B: Array, c: float, u: Array, is_data: bool = True) -> tuple[Array, Pullback]:
        value, pullback = super().laplace(B, c, u, is_data)
        s, back = self.sources(B, u)
        return value, lambda w: (back(-w[:, None] * self.slope(s)), pullback(w)[1])


class _NoLogDetSlope(Steps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        value, slope = super().log_normaliser(B, n_data)
        return value, np.zeros_like(slope)


class _InverseNotTransposed(Steps):
    def log_normaliser(self, B: Array, n_data: int) -> tuple[Any, Array]:
        value, slope = super().log_normaliser(B, n_data)
        return value, slope.T


class _GradientCentred(Steps):
    """The Gaussian model with its value right, and u - noise_mean for u in the gradient by the precision."""

    def finish(self, objective: Objective, inputs: Mapping[str, Any], outputs: Outputs) -> Outputs:
        mean, cov, nu = (
            inputs["noise_mean"],
            inputs["noise_cov"],
            len(inputs["y"]) / len(inputs["x"]),
        )
        model = [
            self.gaussian(inputs["precision"], inputs["c"], inputs[name])[0] for name in ("x", "y")
        ]
        noise = [self.gaussian_log_density(inputs[name], mean, cov) for name in ("x", "y")]
        slopes = self.binary(model[0], model[1], noise[0], noise[1], nu)[1:]
        backs = [
            self.gaussian(inputs["precision"], inputs["c"], inputs[name] - mean)[1]
            for name in ("x", "y")
        ]
        return {**outputs, "grad_precision": backs[0](slopes[0])[0] + backs[1](slopes[1])[0]}


def _off_diagonal_doubled(grad: Array, inputs: Mapping[str, Any]) -> Array:
    return 2.0 * grad - np.diag(np.diag(grad))


_DB = "dJ/dB = -sqrt(2) sum_t (dJ/dG_t) sign(B u_t) u_t'"
_DS = "dJ/dprecision = -1/2 sum_t (dJ/dG_t) u_t u_t', symmetric, all n^2 entries independent"
_DL = "dL/dB = -sqrt(2) mean_x sign(B x) x' + B^-T"

MODEL_GRADIENTS = (
    made_by(
        Finish("grad_B", lambda grad, inputs: grad.T),
        "gradient-transposed",
        (*LAPLACE_GRADIENT, *SCORE_MATCHING),
        "the gradient by B is transposed",
        effect=CLIMBS + " Nothing to see at n = 1.",
        fix=f"{_DB}: entry (i, j) from source i and coordinate j; the slip: u_t sign(B u_t)'",
    ),
    made_by(
        _ModelSlope(np.sign),
        "gradient-no-sqrt2",
        LAPLACE_GRADIENT,
        "sqrt(2) is in the value and not in the gradient by B",
        effect="With NCE a factor on the gradient by B alone; the likelihood's gradient is 0 where B is sqrt(2) too large. "
        + CLIMBS,
        fix=f"{_DB}; the slip: without sqrt(2)",
    ),
    made_by(
        _ModelSlope(lambda s: np.full_like(s, Steps.sqrt2)),
        "gradient-no-sign",
        LAPLACE_GRADIENT,
        "the sign of b_i . u is missing in the gradient by B",
        effect=CLIMBS + " All rows of the gradient are equal.",
        fix=f"{_DB}; the slip: without sign(B u_t)",
    ),
    made_by(
        _ModelSlope(lambda s: Steps.sqrt2 * np.tanh(10.0 * s)),
        "gradient-tanh",
        LAPLACE_GRADIENT,
        "the gradient has tanh(10 s) for sign(s), the value has |s|",
        effect="The gradient's zero is that of another density. " + CLIMBS,
        fix=f"{_DB}; smooth both or neither. The slip: tanh(10 B u_t) for the sign",
        seen="the smoothing of P10's score matching, there in the score alone",
    ),
    made_by(
        _NoLogDetSlope(),
        "gradient-no-logdet-B",
        MLE,
        "B^-T is missing in the gradient of the likelihood, ln|det B| stands in the value",
        effect="The gradient always shrinks B. " + CLIMBS,
        fix=f"{_DL}; the slip: without B^-T",
    ),
    made_by(
        _InverseNotTransposed(),
        "inverse-not-transposed",
        MLE,
        "B^-1 instead of B^-T in the gradient of the likelihood",
        effect=CLIMBS + " A test with a symmetric B sees nothing.",
        fix=f"{_DL}; the slip: B^-1",
    ),
    made_by(
        Finish("grad_B", lambda grad, inputs: grad @ inputs["B"].T @ inputs["B"]),
        "natural-gradient",
        MLE,
        "the natural gradient, grad B' B, is returned as the gradient",
        effect="None as a direction of ascent, and its zeros are right; but a line search or quasi-Newton method that takes it for the "
        "gradient is misled.",
        fix=f"{_DL}; the natural gradient is that times B' B",
        seen="a method of its own, used for P10's maximum likelihood",
    ),
    made_by(
        Finish("grad_precision", lambda grad, inputs: 2.0 * grad),
        "gradient-no-half",
        ("gaussian_nce",),
        "1/2 is in the value and not in the gradient by the precision",
        effect=SCALES,
        fix=f"{_DS}; the slip: without 1/2",
    ),
    made_by(
        _GradientCentred(),
        "gradient-centred",
        ("gaussian_nce",),
        "the gradient by the precision has u - noise_mean for u, the value has u",
        effect="The gradient's zero is that of a model around the noise's mean. "
        + CLIMBS
        + " Nothing to see where the noise is centred.",
        fix=f"{_DS}; the slip: (u_t - mean)(u_t - mean)'",
    ),
    made_by(
        Finish("grad_precision", _off_diagonal_doubled),
        "gradient-doubled-off-diagonal",
        ("gaussian_nce",),
        "the entries off the diagonal are doubled: the derivative by the lower triangle, laid out as a full matrix",
        effect="Right for a parametrisation by the lower triangle, wrong by a factor of 2 where all n^2 entries are meant. Nothing to see "
        "at n = 1.",
        fix=f"{_DS}; in a triangle's parametrisation 2 S_ij off the diagonal",
    ),
    made_by(
        Finish("grad_precision", lambda grad, inputs: np.tril(_off_diagonal_doubled(grad, inputs))),
        "gradient-lower-triangle",
        ("gaussian_nce",),
        "the derivative by the lower triangle, with zeros above the diagonal",
        effect="Right for a parametrisation by the lower triangle, not the symmetric matrix asked for. Nothing to see at n = 1.",
        fix=f"{_DS}; from the triangle's G: S = (G + G')/2",
    ),
    made_by(
        Finish("grad_precision", lambda grad, inputs: np.triu(_off_diagonal_doubled(grad, inputs))),
        "gradient-upper-triangle",
        ("gaussian_nce",),
        "the derivative by the upper triangle, with zeros below the diagonal",
        effect="Right for a parametrisation by the upper triangle, not the symmetric matrix asked for. Nothing to see at n = 1.",
        fix=f"{_DS}; from the upper triangle's G: S = (G + G')/2",
    ),
)
