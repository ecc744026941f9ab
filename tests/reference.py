"""The second witness: 40-digit values made with ``decimal`` alone, and a distance to them in ulp.

Conventions
-----------
t         a Python float (or anything ``Decimal`` takes exactly); the reference is the function *of that float*
returns   Decimal, right to ``digits`` significant digits however small the value
ulp       the gap between neighbouring floats at the exact value: 2**(exponent - 52), and 2**-1074 below the
          smallest normal number, so that the tail is measured like the rest and no absolute tolerance hides it

Every value comes from the textbook formula at a working precision that is doubled until two runs agree to ``digits``
significant digits. Two runs that agree on zero do not count: that is how a well-known table of "100-digit" values
came to hold 0 for ln sigma(500), which is -7.1246e-218.
"""

from __future__ import annotations

import decimal
import functools
import math
import sys
from collections.abc import Callable, Iterable
from decimal import Decimal

import numpy as np

# Beyond this |t|, exp(-|t|) < 1e-868 is less than 1e-500 of the smallest float: ln(1 + e) = e and 1 + e = 1 to
# any number of digits asked for here, and the working precision need not grow with |t|.
_FAR = 2000


def decimal_log_sigmoid(t: float, digits: int = 40) -> Decimal:
    """ln sigma(t) = -ln(1 + exp(-t))."""
    return decimal_softplus(
        -t, digits
    ).copy_negate()  # a minus sign would round to the context's 28 digits


@functools.lru_cache(maxsize=100_000)
def decimal_softplus(t: float, digits: int = 40) -> Decimal:
    """ln(1 + exp(t))."""
    x = Decimal(t)
    if x > _FAR:
        return x
    if x < -_FAR:
        return _until_stable(lambda: x.exp(), digits)
    # Below -t/2.3 digits 1 + exp(t) is 1 and the run is wasted.
    return _until_stable(
        lambda: (1 + x.exp()).ln(), digits, start=digits + 10 + max(0, int(-x / Decimal("2.3")))
    )


def decimal_sigmoid(t: float, digits: int = 40) -> Decimal:
    """sigma(t) = 1 / (1 + exp(-t))."""
    x = Decimal(t)
    if x > _FAR:
        return Decimal(1)
    if x < -_FAR:
        return _until_stable(lambda: x.exp(), digits)
    return _until_stable(lambda: 1 / (1 + (-x).exp()), digits)


def decimal_laplace_log_density(s: float, digits: int = 40) -> Decimal:
    """-sqrt(2)|s| - ln(2)/2."""
    x = Decimal(s)
    return _until_stable(lambda: -(Decimal(2).sqrt() * abs(x)) - Decimal(2).ln() / 2, digits)


def decimal_gaussian_log_density(z: float, digits: int = 40) -> Decimal:
    """-z^2/2 - ln(2 pi)/2."""
    x = Decimal(z)
    return _until_stable(lambda: -(x * x) / 2 - (2 * _pi()).ln() / 2, digits)


def ulp_error(got: float, want: Decimal) -> float:
    """|got - want| in ulp of ``want``; inf where ``got`` is NaN, or infinite while ``want`` is in range."""
    got = float(got)
    nearest = float(want)
    if math.isnan(got):
        return math.inf
    if math.isinf(got) or math.isinf(nearest):
        return 0.0 if got == nearest else math.inf
    # The binade is that of the exact value: rounding up to a power of two must not double the ulp.
    below = (
        nearest if Decimal(nearest).copy_abs() <= want.copy_abs() else math.nextafter(nearest, 0.0)
    )
    with decimal.localcontext(_context(60)):
        return float(abs(Decimal(got) - want) / Decimal(math.ulp(below)))


def worst_ulp_error(
    got: Iterable[float], points: Iterable[float], reference: Callable[[float], Decimal]
) -> tuple[float, float]:
    """(largest ulp error, the point where it occurs)."""
    errors = [
        (ulp_error(g, reference(float(t))), float(t)) for g, t in zip(got, points, strict=True)
    ]
    return max(errors)


def float64_points(seed: int = 0) -> np.ndarray:
    """Arguments of both signs over all magnitudes 1e-320 ... 1e308, thicker where exp(-|t|) matters, with the cliffs.

    The cliffs: -ln of the smallest normal and subnormal numbers (708.4, 744.4, 745.13), ln of the largest (709.78),
    where 1 + exp(-t) rounds to 1 (36.7), and where exp(-t) is one ulp of t.
    """
    rng = np.random.default_rng(seed)
    exponents = np.arange(-320, 308)
    magnitudes = np.array(
        [float(f"{m:.17g}e{k}") for m, k in zip(rng.uniform(1.0, 9.99, exponents.size), exponents)]
    )
    extremes = [5e-324, 1e-320, sys.float_info.min, sys.float_info.epsilon, 1e308, 0.0]
    cliffs = [16.7, 33.3, 36.04, 36.7, 36.8, 37.0, 88.7, 103.9, 708.3, 708.4, 709.0, 709.78, 709.79]
    cliffs += [744.4, 744.5, 745.1, 745.13, 745.14, 746.0, 1074.0]
    dense = np.concatenate([rng.uniform(0.0, 40.0, 200), rng.uniform(40.0, 760.0, 150)])
    points = np.concatenate([magnitudes, extremes, cliffs, dense])
    return np.concatenate([points, -points])


def _until_stable(compute: Callable[[], Decimal], digits: int, start: int | None = None) -> Decimal:
    precision, previous = start or digits + 10, Decimal(0)
    while precision < 100_000:
        with decimal.localcontext(_context(precision)):
            value = compute()
        with decimal.localcontext(_context(digits + 10)):
            if value != 0 and abs(value - previous) <= abs(value) * Decimal(10) ** -digits:
                return value
        if value == 0 and _underflowed(compute):
            return value
        precision, previous = 2 * precision, value
    raise ArithmeticError(f"no {digits} digits agreed below a working precision of 100000")


def _underflowed(compute: Callable[[], Decimal]) -> bool:
    """True where the zero is exp() leaving decimal's own range (below 1e-999999999999999999), not lost digits."""
    with decimal.localcontext(_context(50)) as context:
        context.clear_flags()
        compute()
        return bool(context.flags[decimal.Underflow])


def _context(precision: int) -> decimal.Context:
    traps = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
    return decimal.Context(
        prec=precision,
        rounding=decimal.ROUND_HALF_EVEN,
        Emin=decimal.MIN_EMIN,
        Emax=decimal.MAX_EMAX,
        traps=traps,
    )


def _pi() -> Decimal:
    """pi at the current precision by Machin's formula, 16 atan(1/5) - 4 atan(1/239)."""
    context = decimal.getcontext()
    context.prec += 10

    def arctan_inverse(n: int) -> Decimal:
        power, total, k = Decimal(1) / n, Decimal(0), 0
        while total + power / (2 * k + 1) != total:
            total += (-1) ** k * power / (2 * k + 1)
            power, k = power / (n * n), k + 1
        return total

    value = 16 * arctan_inverse(5) - 4 * arctan_inverse(239)
    context.prec -= 10
    return +value
