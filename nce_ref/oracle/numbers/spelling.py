"""How a stored number is spelled: one spelling each, so that a change of one number is a change of one line.

Conventions
-----------
decimal   d.dddE+x: sign only where negative, one digit before the point, trailing zeros and an idle point removed, the
          exponent always with its sign: "2.5E-1", "-1E+0", "7.1245764067412855E-218". 0 is "0", never "-0"
hex       float(decimal).hex(), rounded to nearest even; what underflows is "0x0.0p+0", without a sign
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def spell(value: Decimal) -> str:
    """The one spelling of a decimal. Raises ValueError for NaN and inf."""
    if not value.is_finite():
        raise ValueError(f"decimal: got {value}; expected a finite number")
    sign, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    if not text:
        return "0"
    power = int(exponent) + len(text) - 1
    text = text.rstrip("0")
    point = "." if text[1:] else ""
    return f"{'-' if sign else ''}{text[0]}{point}{text[1:]}E{power:+d}"


def spell_hex(value: Decimal) -> str:
    """The nearest float64 as C's %a writes it."""
    nearest = float(value)
    return (nearest if nearest else 0.0).hex()


def each(function: Any, nested: Any) -> Any:
    """``function`` of every leaf of nested lists."""
    return (
        [each(function, entry) for entry in nested]
        if isinstance(nested, list)
        else function(nested)
    )
