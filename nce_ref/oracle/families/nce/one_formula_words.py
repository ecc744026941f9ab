"""Words for members of the one-formula family: w0 = 0.4 at nu = 2.5 is 1/nu.

Conventions
-----------
sigma    the largest error of the number; a name is given only where it is off by no more
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nce_ref.oracle.families.base import Fitted
from nce_ref.oracle.families.nce.one_formula import Family, RatiosOf, fit, predict
from nce_ref.oracle.numbers.names import name_log, name_number, slack

_COMMON = {
    (1.0, "1"): ("maximise", "per_data"),
    (0.5, "1"): ("maximise", "half"),
    (1.0, "n_data"): ("maximise", "sum"),
    (1.0, "1/(1 + nu)"): ("maximise", "mean"),
}


def fitted(ratios_of: RatiosOf) -> Callable[[Any], Fitted | None]:
    """The fit of an objective of these log-ratios, in words."""

    def explain(observed: Any) -> Fitted | None:
        member = fit(observed, ratios_of)
        if member is None:
            return None
        title, effect = describe(member)
        words = common_factor(member)
        odd = words is not None and (words != ("maximise", "per_data") or member.flipped)
        return Fitted(
            predict(observed, member, ratios_of),
            "weights-and-constants",
            title,
            effect,
            f"{member.equations} numbers fitted by w1, w0 and K, to the tolerance",
            "J = (1/n_data)[sum_x ln sigma(G - ln nu) + sum_y ln sigma(ln nu - G)], with nothing else in ln p_n or c",
            (*words, member.flipped) if words is not None and odd else None,
        )

    return explain


def common_factor(family: Family) -> tuple[str, str] | None:
    """The sense and reduction under which the data weight, or else the noise weight, is exactly what it should be."""
    for constant, feature, sigma in (
        (family.a1, family.f1, family.sigma[0]),
        (family.a0, family.f0, family.sigma[1]),
    ):
        for (size, name), (_, reduction) in _COMMON.items():
            if feature == name and abs(abs(constant) - size) <= slack(constant, sigma):
                return ("minimise" if constant < 0 else "maximise"), reduction
    return None


def describe(family: Family) -> tuple[str, str]:
    """What is wrong, beside a choice of sense and reduction, and what it does to c: two sentences."""
    family, choices = _without_choices(family)
    parts = []
    if _same_factor(family):
        parts.append(f"both weights {_product(family.a1, family.f1, family.sigma[0])}")
    else:
        sides = (
            ("data", "w1", family.a1, family.f1, family.sigma[0]),
            ("noise", "w0", family.a0, family.f0, family.sigma[1]),
        )
        for side, symbol, constant, feature, sigma in sides:
            if feature != "1" or abs(constant - 1.0) > slack(1.0, sigma):
                parts.append(f"{side} weight {symbol} = {_product(constant, feature, sigma)}")
    if family.power != 1.0 or _has_delta(family):
        parts.append(f"ln K = {_log_K(family)} in h = sigma(G - ln K), not ln nu")
    title = ", ".join(parts) or "w1 = w0 = 1 and K = nu, with c of the other sign"
    return title + (f", under {', '.join(choices)}" if choices else ""), _consequence(family)


def _without_choices(family: Family) -> tuple[Family, list[str]]:
    """The weights under the sense and reduction that make one of them right, and which these are where they are not
    ours."""
    words = common_factor(family)
    if words is None:
        return family, []
    size, feature = next(key for key, value in _COMMON.items() if value[1] == words[1])
    if feature != "1" and not feature == family.f1 == family.f0:
        return family, []
    size = -size if words[0] == "minimise" else size
    sigma = (family.sigma[0] / abs(size), family.sigma[1] / abs(size), family.sigma[2])
    f1, f0 = (family.f1, family.f0) if feature == "1" else ("1", "1")
    said = [
        f"{name}={word}"
        for name, word, ours in zip(("sense", "reduction"), words, ("maximise", "per_data"))
        if word != ours
    ]
    return replace(
        family, a1=family.a1 / size, f1=f1, a0=family.a0 / size, f0=f0, sigma=sigma
    ), said


def _consequence(family: Family) -> str:
    if (
        family.a1 * family.a0 <= 0
        or abs(family.a0) <= family.sigma[1]
        or abs(family.a1) <= family.sigma[0]
    ):
        return "with weights of different signs, or one of 0, J has no maximum"
    terms = []
    ratio = family.a1 / family.a0
    sigma = family.sigma[0] / abs(family.a1) + family.sigma[1] / abs(family.a0)
    if abs(ratio - 1.0) > slack(1.0, sigma):
        number = name_number(ratio, ratio * sigma)
        terms.append(f"ln {number}" if number.isalnum() else f"ln({number})")
    if family.f1 != family.f0:
        terms += [
            _log_of(feature, sign)
            for feature, sign in ((family.f1, 1), (family.f0, -1))
            if feature != "1"
        ]
    if family.power != 1.0:
        multiple = family.power - 1.0
        terms.append({-1.0: "-ln nu", 1.0: "ln nu"}.get(multiple, f"{multiple:g} ln nu"))
    if _has_delta(family):
        terms.append(_delta(family))
    shift = " + ".join(terms).replace("+ -", "-").replace("- - ", "+ ") or "0"
    return (
        f"c comes out as c* + ln(w1 K/(w0 nu)), a shift of {shift}; the other parameters stay"
        " right, so a test of them sees nothing"
    )


def _log_of(feature: str, sign: int) -> str:
    """ln of a feature, or minus that: -ln(1/nu) is ln nu."""
    if feature.startswith("1/"):
        feature, sign = feature[2:].strip("()"), -sign
    inside = f"({feature})" if "+" in feature else f" {feature}"
    return f"{'-' if sign < 0 else ''}ln{inside}"


def _log_K(family: Family) -> str:
    terms = (
        []
        if family.power == 0.0
        else [{1.0: "ln nu", -1.0: "-ln nu"}.get(family.power, f"{family.power:g} ln nu")]
    )
    if _has_delta(family):
        terms.append(_delta(family))
    return " + ".join(terms).replace("+ -", "- ") or "0"


def _delta(family: Family) -> str:
    if family.feature == "1":
        return name_log(family.delta, family.sigma[2])
    constant = name_log(family.delta, family.sigma[2])
    return family.feature if constant == "1" else f"({constant}) x {family.feature}"


def _has_delta(family: Family) -> bool:
    return abs(family.delta) > slack(0.0, family.sigma[2])


def _same_factor(family: Family) -> bool:
    odd = family.f1 != "1" or abs(family.a1 - 1.0) > slack(1.0, family.sigma[0])
    return (
        odd
        and family.f1 == family.f0
        and abs(family.a1 - family.a0) <= slack(family.a1, family.sigma[0] + family.sigma[1])
    )


def _product(constant: float, feature: str, sigma: float) -> str:
    number = name_number(constant, sigma)
    if feature == "1":
        return number
    return {"1": feature, "-1": f"-{feature}"}.get(number, f"{number} x {feature}")
