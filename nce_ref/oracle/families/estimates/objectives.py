"""Estimates: the argmax of J, which passes where it is the stored maximum or a certified one as good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nce_ref.oracle.families.base import (
    DIGITS,
    Argmax,
    Certificate,
    Family,
    Inputs,
    Objective,
    Output,
    Outputs,
    Tools,
)
from nce_ref.oracle.families.densities import facts
from nce_ref.oracle.families.densities.objectives import NOISE, SQUARE, X, Y
from nce_ref.oracle.families.estimates import exact as exact_estimates
from nce_ref.oracle.families.estimates.certificates import Climb, estimate
from nce_ref.oracle.families.nce.objectives import GAUSSIAN_NCE, LAPLACE_ICA_NCE

METHOD = (
    "nce_ref/oracle/families/estimates/exact.py: Newton's method in decimals on the manifold of the"
    " active kinks, proved a maximum"
)


def _tools_of_laplace_ica() -> Tools:
    from nce_ref.oracle.families.estimates.problems import LAPLACE_ICA

    return LAPLACE_ICA


def _tools_of_gaussian() -> Tools:
    from nce_ref.oracle.families.estimates.problems import GAUSSIAN

    return GAUSSIAN


def _climb_laplace_ica(inputs: Inputs) -> Climb:
    def climb(maximum: Mapping[str, Any]) -> dict[str, Any]:
        kinks = [(row, point) for row, point in maximum["active_kinks"]]
        return exact_estimates.laplace_ica_nce_estimate(
            maximum["B"], maximum["c"], kinks, **inputs, digits=DIGITS
        )

    return climb


def _climb_gaussian(inputs: Inputs) -> Climb:
    def climb(maximum: Mapping[str, Any]) -> dict[str, Any]:
        return exact_estimates.gaussian_nce_estimate(
            maximum["precision"], maximum["c"], **inputs, digits=DIGITS
        )

    return climb


def _made(
    matrix: str, climb: Callable[[Inputs], Climb]
) -> Callable[[Inputs, Certificate], tuple[Outputs, Certificate]]:
    return lambda inputs, certificate: estimate(
        (matrix, "c"), climb(inputs), exact_estimates.METHOD, certificate
    )


LAPLACE_ICA_NCE_ESTIMATE = Objective(
    "laplace_ica_nce_estimate",
    {"x": X, "y": Y, **NOISE},
    (Output("B", SQUARE), Output("c", ())),
    "the argmax of laplace_ica_nce over B and c, up to the order and signs of B's rows",
    "J12; P10 section 3.1",
    kind="estimate",
    constant="c",
    make=_made("B", _climb_laplace_ica),
    method=METHOD,
    facts=facts.NOISE,
    symmetric=("noise_cov",),
    argmax=Argmax(LAPLACE_ICA_NCE, "B", _tools_of_laplace_ica),
)
GAUSSIAN_NCE_ESTIMATE = Objective(
    "gaussian_nce_estimate",
    {"x": X, "y": Y, **NOISE},
    (Output("precision", SQUARE), Output("c", ())),
    "the argmax of gaussian_nce over precision and c",
    "J12's toy example, any dimension",
    kind="estimate",
    constant="c",
    make=_made("precision", _climb_gaussian),
    method=METHOD,
    facts=facts.NOISE,
    symmetric=("noise_cov",),
    argmax=Argmax(GAUSSIAN_NCE, "precision", _tools_of_gaussian),
)

FAMILY = Family("estimates", (LAPLACE_ICA_NCE_ESTIMATE, GAUSSIAN_NCE_ESTIMATE))
