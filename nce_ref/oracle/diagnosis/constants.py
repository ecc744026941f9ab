"""Names for numbers and for members of the one-formula family: 0.9189385 is ln(2 pi)/2, w0 = 0.4 at nu = 2.5 is 1/nu.

Conventions
-----------
sigma    the largest error of the number; a name is given only where it is off by no more
"""

from __future__ import annotations

import math
from dataclasses import replace

from nce_ref.oracle.diagnosis.family import Family

_LOGS = {
    "ln(2 pi)": math.log(2.0 * math.pi),
    "ln 2": math.log(2.0),
    "ln pi": math.log(math.pi),
    "ln 3": math.log(3.0),
    "ln 10": math.log(10.0),
}
_MULTIPLES = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
_NUMBERS = {
    "sqrt(2)": math.sqrt(2.0),
    "1/sqrt(2)": math.sqrt(0.5),
    "ln 2": math.log(2.0),
    "1/ln 2": 1.0 / math.log(2.0),
    "pi": math.pi,
}
_COMMON = {
    (1.0, "1"): ("maximise", "per_data"),
    (0.5, "1"): ("maximise", "half"),
    (1.0, "n_data"): ("maximise", "sum"),
    (1.0, "1/(1 + nu)"): ("maximise", "mean"),
}


def name_number(value: float, sigma: float) -> str:
    """``0.5``, ``1/3``, ``sqrt(2)``, or six digits where it is none of these."""
    slack = _slack(value, sigma)
    for denominator in (1, 2, 3, 4, 5, 6, 8, 10):
        numerator = round(value * denominator)
        if abs(value - numerator / denominator) <= slack and abs(numerator) <= 1000:
            whole = denominator in (1, 2, 4, 5, 10, 8)
            return f"{numerator / denominator:g}" if whole else f"{numerator}/{denominator}"
    for name, number in _NUMBERS.items():
        if abs(abs(value) - number) <= slack:
            return f"{'-' if value < 0 else ''}{name}"
    return f"{value:.6g}"


def name_log(value: float, sigma: float) -> str:
    """A constant in a log-density: ``0.918939 = ln(2 pi)/2``."""
    slack = _slack(value, sigma)
    plain = name_number(value, sigma)
    if "." not in plain or len(plain) < 6:
        return plain
    for name, number in _LOGS.items():
        for multiple in _MULTIPLES:
            if abs(abs(value) - multiple * number) <= slack:
                sign = "-" if value < 0 else ""
                times = {0.5: f"{name}/2", 1.0: name}.get(multiple, f"{multiple:g} {name}")
                return f"{value:.6g} = {sign}{times}"
    return plain


def common_factor(family: Family) -> tuple[str, str] | None:
    """The sense and reduction under which the data weight, or else the noise weight, is exactly what it should be."""
    for constant, feature, sigma in (
        (family.a1, family.f1, family.sigma[0]),
        (family.a0, family.f0, family.sigma[1]),
    ):
        for (size, name), (_, reduction) in _COMMON.items():
            if feature == name and abs(abs(constant) - size) <= _slack(constant, sigma):
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
            if feature != "1" or abs(constant - 1.0) > _slack(1.0, sigma):
                parts.append(f"{side} weight {symbol} = {_product(constant, feature, sigma)}")
    if family.power != 1.0 or _has_delta(family):
        parts.append(f"ln K = {_log_K(family)} in h = sigma(G - ln K), not ln nu")
    title = ", ".join(parts) or "w1 = w0 = 1 and K = nu, with c of the other sign"
    return title + (f", under {', '.join(choices)}" if choices else ""), _consequence(family)


def _without_choices(family: Family) -> tuple[Family, list[str]]:
    """The weights under the sense and reduction that make one of them right, and which these are where they are not ours."""
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
    if abs(ratio - 1.0) > _slack(1.0, sigma):
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
    return f"c comes out as c* + ln(w1 K/(w0 nu)), a shift of {shift}; the other parameters stay right, so a test of them sees nothing"


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
    return abs(family.delta) > _slack(0.0, family.sigma[2])


def _same_factor(family: Family) -> bool:
    odd = family.f1 != "1" or abs(family.a1 - 1.0) > _slack(1.0, family.sigma[0])
    return (
        odd
        and family.f1 == family.f0
        and abs(family.a1 - family.a0) <= _slack(family.a1, family.sigma[0] + family.sigma[1])
    )


def _product(constant: float, feature: str, sigma: float) -> str:
    number = name_number(constant, sigma)
    if feature == "1":
        return number
    return {"1": feature, "-1": f"-{feature}"}.get(number, f"{number} x {feature}")


def _slack(value: float, sigma: float) -> float:
    return max(sigma, 1e-12 * max(1.0, abs(value)))
