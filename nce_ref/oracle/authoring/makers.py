"""Where every expected number of the vectors comes from: for each objective the exact function, its digits and its source.

Conventions
-----------
maker        (inputs, certificate) -> (outputs, certificate), outputs nested lists of Decimals by name
certificate  what a vector carries beside inputs and outputs; {} but for estimates, where it is
             maxima       every local maximum known, the best first: value, the estimate to 15 digits, from which Newton's method
                          goes on, active_kinks [(row of B, row of x), ...] and how many of ``starts`` random starts ended there
             value        J at the estimate, 40 digits; multipliers, gradient_norm, curvature, radius, kink distances: the proof
             covariance, standard_errors   per data point, of the estimate, by ``method`` (``exact_estimates``)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from typing import Any

from nce_ref.oracle import (
    exact,
    exact_covariance,
    exact_dynamics,
    exact_estimates,
    exact_network,
    exact_rivals,
)
from nce_ref.oracle.authoring.layout import each, spell
from nce_ref.oracle.objectives import OBJECTIVES

Inputs = Mapping[str, Any]
Certificate = dict[str, Any]
Made = tuple[dict[str, Any], Certificate]
Maker = Callable[[Inputs, Certificate], Made]

DIGITS = 40
COVARIANCE_DIGITS = 9
_READ = {
    "covariance": 15,
    "standard_errors": 15,
    "multipliers": 15,
}  # what nobody is judged by is shorter
_PROOF = {
    "gradient_norm": 3,
    "curvature": 3,
    "radius": 3,
    "kink_distance_data": 3,
    "kink_distance_noise": 3,
}


_HOMES = {
    "function": exact,
    "network": exact_network,
    "rival": exact_rivals,
    "dynamics": exact_dynamics,
}


def _home(name: str) -> str:
    """Which of ``_HOMES`` computes a function."""
    return next(key for key, home in _HOMES.items() if hasattr(home, name))


def _function(name: str) -> Maker:
    home = _HOMES[_home(name)]
    return lambda inputs, certificate: (getattr(home, name)(**inputs, digits=DIGITS), {})


def _covariance(inputs: Inputs, certificate: Certificate) -> Made:
    made = exact_covariance.asymptotic_covariance(**inputs, digits=COVARIANCE_DIGITS)
    return {
        "covariance": each(
            lambda number: _rounded(Decimal(number), COVARIANCE_DIGITS), made["covariance"]
        )
    }, {}


def _laplace_ica_nce_estimate(inputs: Inputs, certificate: Certificate) -> Made:
    def climb(maximum: Mapping[str, Any]) -> dict[str, Any]:
        kinks = [(row, point) for row, point in maximum["active_kinks"]]
        return exact_estimates.laplace_ica_nce_estimate(
            maximum["B"], maximum["c"], kinks, **inputs, digits=DIGITS
        )

    return _estimate("B", climb, certificate)


def _gaussian_nce_estimate(inputs: Inputs, certificate: Certificate) -> Made:
    def climb(maximum: Mapping[str, Any]) -> dict[str, Any]:
        return exact_estimates.gaussian_nce_estimate(
            maximum["precision"], maximum["c"], **inputs, digits=DIGITS
        )

    return _estimate("precision", climb, certificate)


def _estimate(
    matrix: str, climb: Callable[[Mapping[str, Any]], dict[str, Any]], certificate: Certificate
) -> Made:
    """Every maximum climbed anew; the first is the estimate, and no other may lie higher."""
    made = [climb(maximum) for maximum in certificate["maxima"]]
    best = made[0]
    if (highest := max(one["value"] for one in made)) > best["value"]:
        raise ValueError(
            f"maxima: the first has J = {best['value']:.12f}, another {highest:.12f}; expected the best first"
        )
    maxima = [
        {
            **{name: _spelled(one[name], 15) for name in ("value", matrix, "c")},
            **{key: maximum[key] for key in ("active_kinks", "starts") if key in maximum},
        }
        for one, maximum in zip(made, certificate["maxima"], strict=True)
    ]
    proof = {
        name: _spelled(best[name], digits)
        for name, digits in (_READ | _PROOF).items()
        if name in best
    }
    starts = {"starts": certificate["starts"]} if "starts" in certificate else {}
    whole = {
        "value": spell(best["value"]),
        "method": exact_estimates.METHOD,
        **proof,
        **starts,
        "maxima": maxima,
    }
    return {matrix: best[matrix], "c": best["c"]}, whole


def _spelled(numbers: Any, digits: int) -> Any:
    return each(lambda number: spell(_rounded(number, digits)), numbers)


def _rounded(number: Decimal, digits: int) -> Decimal:
    return Context(prec=digits).plus(number)


MAKERS: dict[str, Maker] = {
    name: _function(name) for name, objective in OBJECTIVES.items() if objective.kind == "function"
} | {
    "laplace_ica_nce_estimate": _laplace_ica_nce_estimate,
    "gaussian_nce_estimate": _gaussian_nce_estimate,
    "asymptotic_covariance": _covariance,
}
_METHODS = {
    "function": (
        "exact.py: decimal arithmetic, its precision doubled until all digits agree",
        DIGITS,
    ),
    "network": (
        "exact_network.py: fractions, or decimals with error bounds, their precision doubled until all digits are sure",
        DIGITS,
    ),
    "rival": (
        "exact_rivals.py: decimal arithmetic, its precision doubled until all digits agree",
        DIGITS,
    ),
    "dynamics": (
        "exact_dynamics.py: exact numbers r + s sqrt(2), exp in decimals, rounded at the end",
        DIGITS,
    ),
    "estimate": (
        "exact_estimates.py: Newton's method in decimals on the manifold of the active kinks, proved a maximum",
        DIGITS,
    ),
    "covariance": (
        "exact_covariance.py: quadrature in source coordinates, nodes added until the digits agree",
        COVARIANCE_DIGITS,
    ),
}
_METHOD_OF = {
    name: _METHODS[_home(name) if objective.kind == "function" else objective.kind]
    for name, objective in OBJECTIVES.items()
}
SOURCES: dict[str, dict[str, Any]] = {
    name: {
        "method": f"nce_ref/oracle/{_METHOD_OF[name][0]}",
        "digits": _METHOD_OF[name][1],
        "formula": objective.formula,
        "equation": objective.source,
    }
    for name, objective in OBJECTIVES.items()
}
