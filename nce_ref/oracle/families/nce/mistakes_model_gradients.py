"""Slips of the hand: the value is right and its gradient is not. A finite-difference check sees every one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
    Objective,
    Outputs,
    Pullback,
)
from nce_ref.oracle.families.by_hand import CLIMBS, SCALES, Finish
from nce_ref.oracle.families.densities.textbook import (
    GaussianModelSteps,
    LaplaceSteps,
)
from nce_ref.oracle.families.nce.textbook import GaussianNceSteps

C_SIGN = Mistake(
    "c-sign",
    "the derivative by c has the sign of the other convention (c = ln Z), the value has not",
    Finish("grad_c", lambda grad, inputs: -grad),
    effect="c runs away from its optimum. c used as ln Z throughout is a convention; half of it is a slip.",
    fix="ln p_m = ln p_m0 + c, dJ/dc = + sum_t dJ/dG_t; with c = ln Z both signs turn",
    seen="both conventions exist in the wild",
    gradient=True,
)


class _CSubtracted(LaplaceSteps, GaussianModelSteps):
    def laplace(self, B: Array, c: float, u: Array, is_data: bool = True) -> tuple[Array, Pullback]:
        return super().laplace(B, -c, u, is_data)

    def gaussian(
        self, precision: Array, c: float, u: Array, is_data: bool = True
    ) -> tuple[Array, Pullback]:
        return super().gaussian(precision, -c, u, is_data)


C_SIGN_VALUE = Mistake(
    "c-sign-value",
    "c is subtracted (c = ln Z), the derivative is that of an added c",
    _CSubtracted(),
    effect="c runs away from its optimum. c used as ln Z throughout is a convention; half of it is a slip.",
    fix="ln p_m = ln p_m0 - c, dJ/dc = - sum_t dJ/dG_t; with c = -ln Z both signs turn",
    seen="both conventions exist in the wild",
    gradient=True,
    only=("laplace_ica_nce", "gaussian_nce"),
)

C_DETACHED = Mistake(
    "c-detached",
    "the derivative by c is 0: c is read as a plain number (.item(), detach) where it should be differentiated",
    Finish("grad_c", lambda grad, inputs: np.zeros_like(grad)),
    effect="c never moves from its start, and B has to make up for the normalisation.",
    fix="dJ/dc = sum_t dJ/dG_t; the slip: 0",
    gradient=True,
)

_DS = "dJ/dprecision = -1/2 sum_t (dJ/dG_t) u_t u_t', symmetric, all n^2 entries independent"

GRADIENT_NO_HALF = Mistake(
    "gradient-no-half",
    "1/2 is in the value and not in the gradient by the precision",
    Finish("grad_precision", lambda grad, inputs: 2.0 * grad),
    effect=SCALES,
    fix=f"{_DS}; the slip: without 1/2",
    gradient=True,
)


class _GradientCentred(GaussianNceSteps):
    """The Gaussian model with its value right, and u - noise_mean for u in the gradient by the precision."""

    def finish(self, objective: Objective, inputs: Mapping[str, Any], outputs: Outputs) -> Outputs:
        mean, cov, x = inputs["noise_mean"], inputs["noise_cov"], inputs["x"]
        points = x, np.reshape(inputs["y"], (-1, x.shape[1]))
        model = [self.gaussian(inputs["precision"], inputs["c"], u)[0] for u in points]
        noise = [self.gaussian_log_density(u, mean, cov) for u in points]
        nu = len(points[1]) / len(x)
        slopes = self.binary(model[0], model[1], noise[0], noise[1], nu)[1:]
        backs = [self.gaussian(inputs["precision"], inputs["c"], u - mean)[1] for u in points]
        return {**outputs, "grad_precision": backs[0](slopes[0])[0] + backs[1](slopes[1])[0]}


GRADIENT_CENTRED = Mistake(
    "gradient-centred",
    "the gradient by the precision has u - noise_mean for u, the value has u",
    _GradientCentred(),
    effect="The gradient's zero is that of a model around the noise's mean. "
    + CLIMBS
    + " Nothing to see where the noise is centred.",
    fix=f"{_DS}; the slip: (u_t - mean)(u_t - mean)'",
    gradient=True,
    only=("gaussian_nce",),
)


def _off_diagonal_doubled(grad: Array, inputs: Mapping[str, Any]) -> Array:
    return 2.0 * grad - np.diag(np.diag(grad))


GRADIENT_DOUBLED_OFF_DIAGONAL = Mistake(
    "gradient-doubled-off-diagonal",
    "the entries off the diagonal are doubled: the derivative by the lower triangle, laid out as a"
    " full matrix",
    Finish("grad_precision", _off_diagonal_doubled),
    effect=(
        "Right for a parametrisation by the lower triangle, wrong by a factor of 2 where all n^2"
        " entries are meant. Nothing to see at n = 1."
    ),
    fix=f"{_DS}; in a triangle's parametrisation 2 S_ij off the diagonal",
    gradient=True,
)

GRADIENT_LOWER_TRIANGLE = Mistake(
    "gradient-lower-triangle",
    "the derivative by the lower triangle, with zeros above the diagonal",
    Finish("grad_precision", lambda grad, inputs: np.tril(_off_diagonal_doubled(grad, inputs))),
    effect=(
        "Right for a parametrisation by the lower triangle, not the symmetric matrix asked for."
        " Nothing to see at n = 1."
    ),
    fix=f"{_DS}; from the triangle's G: S = (G + G')/2",
    gradient=True,
)

GRADIENT_UPPER_TRIANGLE = Mistake(
    "gradient-upper-triangle",
    "the derivative by the upper triangle, with zeros below the diagonal",
    Finish("grad_precision", lambda grad, inputs: np.triu(_off_diagonal_doubled(grad, inputs))),
    effect=(
        "Right for a parametrisation by the upper triangle, not the symmetric matrix asked for."
        " Nothing to see at n = 1."
    ),
    fix=f"{_DS}; from the upper triangle's G: S = (G + G')/2",
    gradient=True,
)


MISTAKES = (
    C_SIGN,
    C_SIGN_VALUE,
    C_DETACHED,
    GRADIENT_NO_HALF,
    GRADIENT_CENTRED,
    GRADIENT_DOUBLED_OFF_DIAGONAL,
    GRADIENT_LOWER_TRIANGLE,
    GRADIENT_UPPER_TRIANGLE,
)
