"""The certificate of an estimate: every maximum known, and the proof that the first is one and the best.

Conventions
-----------
certificate  maxima       every local maximum known, the best first: value, the estimate to 15 digits, from which Newton's method
                          goes on, active_kinks [(row of B, row of x), ...] and how many of ``starts`` random starts
                          ended there
             value        J at the estimate, 40 digits; multipliers, gradient_norm, curvature, radius, kink distances:
                          the proof
             covariance, standard_errors   per data point, of the estimate, by ``method`` (``exact_estimates``)
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from typing import Any

from nce_ref.oracle.families.base import Certificate, Outputs
from nce_ref.oracle.numbers.spelling import each, spell

Climb = Callable[[Mapping[str, Any]], dict[str, Any]]

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


def estimate(
    outputs: tuple[str, ...], climb: Climb, method: str, certificate: Certificate
) -> tuple[Outputs, Certificate]:
    """Every maximum climbed anew; the first is the estimate, and no other may lie higher."""
    made = [climb(maximum) for maximum in certificate["maxima"]]
    best = made[0]
    if (highest := max(one["value"] for one in made)) > best["value"]:
        raise ValueError(
            f"maxima: the first has J = {best['value']:.12f}, another {highest:.12f}; expected the best first"
        )
    maxima = [
        {
            **{name: _spelled(one[name], 15) for name in ("value", *outputs)},
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
        "method": method,
        **proof,
        **starts,
        "maxima": maxima,
    }
    return {name: best[name] for name in outputs}, whole


def _spelled(numbers: Any, digits: int) -> Any:
    return each(lambda number: spell(_rounded(number, digits)), numbers)


def _rounded(number: Decimal, digits: int) -> Decimal:
    return Context(prec=digits).plus(number)
