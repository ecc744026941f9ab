"""The kernels: ln sigma and sigma."""

from __future__ import annotations

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Family, Inputs, Objective, Output, Relative
from nce_ref.oracle.families.kernels import (
    exact,
    many,
    mistakes,
    mistakes_arithmetic,
    mistakes_gradients,
    scales,
    textbook,
)

EXACT = "decimal arithmetic, its precision doubled until all digits agree"


def _t(inputs: Inputs) -> tuple[Float, ...]:
    return (np.asarray(inputs["t"]),)


_OUTPUTS = (Output("value", ("n_points",)), Output("grad", ("n_points",), "t"))

LOG_SIGMOID = Objective(
    "log_sigmoid",
    {"t": ("n_points",)},
    _OUTPUTS,
    "ln sigma(t) = -ln(1 + e^-t); derivative sigma(-t)",
    "the terms of J12's objective",
    exact=exact.log_sigmoid,
    many=many.log_sigmoid,
    has_halves=True,
    method=f"nce_ref/oracle/families/kernels/exact.py: {EXACT}",
    scales=scales.log_sigmoid,
    right=textbook.LogSigmoidSteps(),
    answer=textbook.log_sigmoid,
    log_sigmoids=_t,
    falls_for_ever=True,
)
SIGMOID = Objective(
    "sigmoid",
    {"t": ("n_points",)},
    _OUTPUTS,
    "sigma(t) = 1/(1 + e^-t); derivative sigma(t) sigma(-t)",
    "P10 eq. 5, J12",
    exact=exact.sigmoid,
    many=many.sigmoid,
    has_halves=True,
    method=f"nce_ref/oracle/families/kernels/exact.py: {EXACT}",
    scales=scales.sigmoid,
    right=textbook.SigmoidSteps(),
    answer=textbook.sigmoid,
    log_sigmoids=_t,
)

FAMILY = Family(
    "kernels",
    (LOG_SIGMOID, SIGMOID),
    relatives=(
        Relative(
            LOG_SIGMOID.name,
            "sigmoid-given",
            "sigma(t) is returned, not its logarithm",
            SIGMOID.name,
            lambda inputs: SIGMOID.evaluate(SIGMOID.right, inputs),
        ),
        Relative(
            SIGMOID.name,
            "log-sigmoid-given",
            "ln sigma(t) is returned, not sigma(t)",
            LOG_SIGMOID.name,
            lambda inputs: LOG_SIGMOID.evaluate(LOG_SIGMOID.right, inputs),
        ),
    ),
    mistakes=(
        ("The kernels", mistakes.MISTAKES),
        ("Arithmetic of the kernels", mistakes_arithmetic.MISTAKES),
        ("Derivatives of the kernels written by hand", mistakes_gradients.MISTAKES),
    ),
)
