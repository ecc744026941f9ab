"""Names for numbers: 0.9189385 is ln(2 pi)/2.

Conventions
-----------
sigma    the largest error of the number; a name is given only where it is off by no more
"""

from __future__ import annotations

import math

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


def name_number(value: float, sigma: float) -> str:
    """``0.5``, ``1/3``, ``sqrt(2)``, or six digits where it is none of these."""
    off = slack(value, sigma)
    for denominator in (1, 2, 3, 4, 5, 6, 8, 10):
        numerator = round(value * denominator)
        if abs(value - numerator / denominator) <= off and abs(numerator) <= 1000:
            whole = denominator in (1, 2, 4, 5, 10, 8)
            return f"{numerator / denominator:g}" if whole else f"{numerator}/{denominator}"
    for name, number in _NUMBERS.items():
        if abs(abs(value) - number) <= off:
            return f"{'-' if value < 0 else ''}{name}"
    return f"{value:.6g}"


def name_log(value: float, sigma: float) -> str:
    """A constant in a log-density: ``0.918939 = ln(2 pi)/2``."""
    off = slack(value, sigma)
    plain = name_number(value, sigma)
    if "." not in plain or len(plain) < 6:
        return plain
    for name, number in _LOGS.items():
        for multiple in _MULTIPLES:
            if abs(abs(value) - multiple * number) <= off:
                sign = "-" if value < 0 else ""
                times = {0.5: f"{name}/2", 1.0: name}.get(multiple, f"{multiple:g} {name}")
                return f"{value:.6g} = {sign}{times}"
    return plain


def slack(value: float, sigma: float) -> float:
    """What a number may be off by and still be called by a name."""
    return max(sigma, 1e-12 * max(1.0, abs(value)))
