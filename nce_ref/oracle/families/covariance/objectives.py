"""The asymptotic covariance of noise-contrastive estimation."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

from nce_ref.oracle.families.base import Family, Objective, Output
from nce_ref.oracle.families.covariance import (
    exact,
    mistakes_algebra,
    mistakes_integrals,
    scales,
    textbook,
)
from nce_ref.oracle.families.densities import facts
from nce_ref.oracle.families.densities.objectives import NOISE, SQUARE
from nce_ref.oracle.numbers.spelling import each


def _exact(digits: int, **inputs: Any) -> dict[str, Any]:
    made = exact.asymptotic_covariance(**inputs, digits=digits)
    rounded = Context(prec=digits).plus
    return {"covariance": each(lambda number: rounded(Decimal(number)), made["covariance"])}


ASYMPTOTIC_COVARIANCE = Objective(
    "asymptotic_covariance",
    {"B": SQUARE, **NOISE, "nu": ()},
    (Output("covariance", ("n_params", "n_params"), tolerance="covariance"),),
    "Sigma = I^-1 - (1 + 1/nu) I^-1 m m' I^-1, I = E_d[P g g'], m = E_d[P g], P = nu p_n/(p_d + nu"
    " p_n), g = d ln p_m/d(B, c), of laplace_ica_nce at the truth B, c normalising; per data point",
    "P10 Theorem 3, J12",
    kind="covariance",
    exact=_exact,
    method=(
        "nce_ref/oracle/families/covariance/exact.py: quadrature in source coordinates, nodes added"
        " until the digits agree"
    ),
    digits=9,
    scales=scales.asymptotic_covariance,
    right=textbook.CovarianceSteps(),
    answer=lambda steps, **inputs: textbook.evaluate_covariance(
        steps, "asymptotic_covariance", inputs
    ),
    facts=facts.DEMIXING + facts.NOISE,
    symmetric=("noise_cov",),
    derived=lambda sizes: {"n_params": sizes["n_dim"] ** 2 + 1},
    dimensions={"n_params": "n_dim^2 + 1: B row by row, then c"},
)

FAMILY = Family(
    "covariance",
    (ASYMPTOTIC_COVARIANCE,),
    mistakes=(
        (
            "The asymptotic covariance",
            (
                *mistakes_integrals.MISTAKES,
                *mistakes_algebra.MISTAKES,
            ),
        ),
    ),
)
