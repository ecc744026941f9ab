r"""Products of float64 matrices as if in twice the precision: what is lost to rounding is carried along, and added at
the end.

a b = p + e exactly, p the float64 product, e from halves of 26 bits (Veltkamp, Dekker); a + b = s + t exactly (Knuth).
A sum of n products made so is right to u of itself and 2 (n + 3)^2 u^2 of the sum of sizes (Ogita, Rump and Oishi,
*Accurate sum and dot product*, 2005). Numbers beyond 1e300 give NaN; the rest of a product below 1e-290 is lost, which
is below what any caller can notice.

Conventions
-----------
left (n, m), right (n, n_points); the product is left^T right, (m, n_points)
"""

from __future__ import annotations

import numpy as np

from nce_ref._checks import Float

UNIT = 2.0**-53
_SPLITTER = 2.0**27 + 1.0


def product_rest(a: Float | float, b: Float, product: Float) -> Float:
    """a b - product, exactly, where ``product`` is the float64 product of a and b."""
    a_high, b_high = _high(a), _high(b)
    a_low, b_low = a - a_high, b - b_high
    return np.asarray(
        ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    )


def compensated_product(left: Float, right: Float, rest: Float | None = None) -> Float:
    """left^T (right + rest), right to u of itself and ``compensated_error`` of the sizes; ``rest`` is below u of
    ``right``."""
    n, m = left.shape
    total = np.zeros((m, right.shape[1]))
    low = np.zeros_like(total)
    if rest is not None:
        low += left.T @ rest
    for i in range(n):
        for j in np.flatnonzero(left[i]):
            product = left[i, j] * right[i]
            low[j] += product_rest(float(left[i, j]), right[i], product)
            added = total[j] + product
            back = added - total[j]
            low[j] += (total[j] - (added - back)) + (product - back)
            total[j] = added
    return total + low


def compensated_error(n: int) -> float:
    """Of a sum of n products, per unit of the sum of their sizes; and u of the sum itself."""
    return 2.0 * (n + 3) ** 2 * UNIT**2


def _high(a: Float | float) -> Float | float:
    c = _SPLITTER * a
    return c - (c - a)
