"""The kernels: log-sigmoid, sigmoid, softplus and two standard log-densities, right over all of float64.

Conventions
-----------
t, s, z   real numbers of any shape (a scalar, a list, an array), taken as float64; complex input is refused
returns   float64 of the same shape; a scalar in gives a scalar out, as NumPy's ufuncs have it
accuracy  4 ulp elementwise in the float argument, from 1e-320 to 1e308 on both sides, results below the smallest
          normal number included (there an ulp is 2**-1074); the tests compare with 40-digit values
edges     +inf and -inf give the limits, NaN gives NaN; no warning is raised, whatever ``np.errstate`` says

Everything about the logistic function is built on one number, ``e = exp(-|t|)``, which lies in [0, 1] and so neither
overflows nor loses digits. The textbook forms fail where classification is easy, hence where real fits go:
ln(1/(1 + exp(-t))) is -inf from t = -709.8 downwards, and ln(1 - sigmoid(t)) is -inf from t = 36.8 upwards.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float

LOG_2 = math.log(2.0)
LOG_2PI = math.log(2.0 * math.pi)
SQRT_2 = math.sqrt(2.0)
_SIGN_BIT = np.int64(np.iinfo(np.int64).min)
_MANY = 4096  # numbers from which on products of eight are faster


def log_sigmoid(t: ArrayLike) -> Float:
    """Return ln sigma(t) = -ln(1 + exp(-t)).

    ln sigma(t) = min(t, 0) - ln(1 + e): both terms are <= 0, so nothing cancels, and ``log1p`` keeps the
    tail exp(-t) of large positive t, down to 5e-324. For ln(1 - sigma(t)) call ``log_sigmoid(-t)``.
    """
    t = _as_float("t", t)
    with np.errstate(all="ignore"):
        tail = _exp_minus_abs(t)
        np.log1p(tail, out=tail)
        np.subtract(np.minimum(t, 0.0), tail, out=tail)
    return tail[()]


def softplus(t: ArrayLike) -> Float:
    """Return ln(1 + exp(t)) = -ln sigma(-t) = max(t, 0) + ln(1 + e), both terms >= 0."""
    t = _as_float("t", t)
    with np.errstate(all="ignore"):
        tail = _exp_minus_abs(t)
        np.log1p(tail, out=tail)
        np.add(np.maximum(t, 0.0), tail, out=tail)
    return tail[()]


def sigmoid(t: ArrayLike) -> Float:
    """Return sigma(t) = 1 / (1 + exp(-t)).

    1 / (1 + e) for t >= 0 and e / (1 + e) below: the second keeps the relative accuracy of the lower tail, where
    1 / (1 + exp(-t)) overflows on the way. For 1 - sigma(t) call ``sigmoid(-t)``, which subtracts nothing.
    """
    t = _as_float("t", t)
    with np.errstate(all="ignore"):
        e = _exp_minus_abs(t)
        # e <= 1, so this is "1 where t >= 0, else e", NaN kept; five times as fast as np.where on mixed signs.
        top = np.maximum(e, t >= 0.0)
        e += 1.0
        top /= e
    return top[()]


def log_sigmoid_and_slope(t: ArrayLike) -> tuple[Float, Float]:
    """Return (ln sigma(t), its derivative sigma(-t)), one exponential for both."""
    t = _as_float("t", t)
    with np.errstate(all="ignore"):
        e = _exp_minus_abs(t)
        value = np.minimum(t, 0.0) - np.log1p(e)
        slope = np.maximum(e, t <= 0.0)
        e += 1.0
        slope /= e
    return value[()], slope[()]


def softplus_sum_and_slope(z: Float) -> tuple[float, Float]:
    """Return (sum_k ln(1 + e^z_k), its derivative sigma(z)) of a float64 vector; for loops, under an np.errstate that
    ignores overflow.

    The sum within 5 eps of itself (THEORY.md, 2.4) and the rounding of a pairwise sum, the slope within 4 ulp: e^z /
    (1 + e^z) loses nothing on either side as long as e^z is finite, so that |z|, min and max, which the elementwise
    forms above need, are spared.
    """
    e = np.exp(z)
    one_and_e = 1.0 + e
    total = _sum_of_logs(one_and_e) if len(z) >= _MANY else 0.0
    # 1 + e^z keeps of a small e^z what eps leaves: off by less than 2 eps a term, which is lost in the sum unless most
    # terms are small.
    if not 0.25 * len(z) <= total < math.inf:
        total = float(np.log1p(e).sum())
    if not math.isfinite(total):  # some e^z left float64, or is NaN
        return float(softplus(z).sum()), sigmoid(z)
    e /= one_and_e
    return total, e


def _sum_of_logs(factors: Float) -> float:
    """sum_k ln factors_k by the logarithms of products of eight, in a third of the time: a logarithm costs as much as
    five products.

    inf where a product leaves float64: e^88 for each factor.
    """
    width = len(factors) // 8
    products = np.multiply.reduce(factors[: 8 * width].reshape(8, width), axis=0)
    return float(np.log(products, products).sum()) + float(np.log(factors[8 * width :]).sum())


def laplace_log_density(s: ArrayLike) -> Float:
    """Return ln p(s) = -sqrt(2)|s| - ln(2)/2, the Laplace density of mean 0 and variance 1.

    A Laplace density of scale b is exp(-|s|/b) / (2b), of variance 2 b^2; so b = 1/sqrt(2) and 1/(2b) = 1/sqrt(2).
    Beyond |s| = 1.27e308 the value itself exceeds float64 and -inf is returned.
    """
    s = _as_float("s", s)
    with np.errstate(all="ignore"):
        value = np.abs(s)
        value *= -SQRT_2
        value -= 0.5 * LOG_2
    return value[()]


def gaussian_log_density(z: ArrayLike) -> Float:
    """Return ln p(z) = -z^2/2 - ln(2 pi)/2, the Gaussian density of mean 0 and variance 1.

    Beyond |z| = 1.89e154 the value itself exceeds float64 and -inf is returned.
    """
    z = _as_float("z", z)
    with np.errstate(all="ignore"):
        # Halving first is exact and keeps the product finite up to the last z whose value is.
        value = np.multiply(z, -0.5)
        value = np.multiply(value, z)
        value -= 0.5 * LOG_2PI
    return value[()]


def times_sign(weights: Float, v: Float, out: Float) -> Float:
    """Return weights sign(v) in ``out``, shapes as for a product, for v without 0 and NaN: there np.sign is not the
    sign bit.

    The sign bit of v flips the weight's, in 2/5 of the time of np.sign and a product: NumPy has no vector code for
    sign, nor for copysign, which would also lose the weight's own sign.
    """
    bits = out.view(np.int64)
    np.bitwise_and(v.view(np.int64), _SIGN_BIT, bits)
    np.bitwise_xor(bits, weights.view(np.int64), bits)
    return out


def _exp_minus_abs(t: Float) -> Float:
    """A new array exp(-|t|), never a scalar, so that the caller may overwrite it."""
    e = np.empty_like(t)
    np.abs(t, e)
    np.negative(e, e)
    return np.exp(e, e)


def _as_float(name: str, value: ArrayLike) -> Float:
    """float64 of any shape; inf and NaN pass, since here they have a meaning (``_checks.as_array`` refuses them)."""
    raw = np.asarray(value)
    if raw.dtype.kind not in "buif":
        raise ValueError(f"{name}: got dtype {raw.dtype}; expected real numbers")
    return np.asarray(raw, dtype=np.float64)
