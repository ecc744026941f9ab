"""The types of numbers that an implementation is checked in, and how those of 16 bits, which NumPy has by half, are
handed over.

    float64    eps 2^-52    float16     2^-10, the largest number 65504: NumPy's own type
    float32    eps 2^-23    bfloat16    2^-7, float32's range: NumPy gets float32 arrays of bfloat16 numbers

Conventions
-----------
eps, tiny    one ulp of a number in [1, 2); the smallest normal number
grid         the numbers that a type has; infinity where it has nothing as large
declared     the type that is being checked, for adapters: a float32 array does not tell that bfloat16 is meant
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float

HALVES = ("bfloat16", "float16")
TYPES = ("float32", "float64", *HALVES)
DECLARED: contextvars.ContextVar[str] = contextvars.ContextVar("DECLARED", default="")


@dataclass(frozen=True)
class Format:
    """``bits`` of the significand, the exponents of the smallest normal number and of the largest (2^e up to twice
    that)."""

    bits: int
    smallest: int
    largest_exponent: int
    storage: str

    @property
    def eps(self) -> float:
        """One ulp of 1."""
        return 2.0 ** (1 - self.bits)

    @property
    def tiny(self) -> float:
        """The smallest normal number."""
        return 2.0**self.smallest

    @property
    def largest(self) -> float:
        """The largest number."""
        return (2.0 - self.eps) * 2.0**self.largest_exponent


FORMATS = {
    "float32": Format(24, -126, 127, "float32"),
    "float64": Format(53, -1022, 1023, "float64"),
    "bfloat16": Format(8, -126, 127, "float32"),
    "float16": Format(11, -14, 15, "float16"),
}


def rounded(numbers: ArrayLike, dtype: str) -> Float:
    """The nearest numbers of a type, ties to even, as float64; infinity beyond its range."""
    exact, form = np.asarray(numbers, dtype=np.float64), FORMATS[dtype]
    if dtype == "float64":
        return exact
    with np.errstate(over="ignore", invalid="ignore"):
        exponent = np.frexp(exact)[1]
        quantum = np.ldexp(1.0, np.maximum(exponent, form.smallest + 1) - form.bits)
        nearest = np.where(np.isfinite(exact), np.round(exact / quantum) * quantum, exact)
        beyond = np.abs(nearest) > form.largest
        return np.asarray(np.where(beyond, np.copysign(np.inf, exact), nearest))


def is_on_grid(numbers: ArrayLike, dtype: str) -> NDArray[np.bool_]:
    """Entry by entry, whether a number is one of the type; NaN and infinity are."""
    given = np.asarray(numbers, dtype=np.float64)
    return np.asarray((rounded(given, dtype) == given) | ~np.isfinite(given))


def ulp(size: float, dtype: str) -> float:
    """The distance of the type's numbers about ``size``, at least that at ``tiny``."""
    form = FORMATS[dtype]
    return float(2.0 ** (np.frexp(max(abs(size), form.tiny))[1] - form.bits))


@contextlib.contextmanager
def declared(dtype: str) -> Iterator[None]:
    """While an implementation is called: the type that it is checked in."""
    token = DECLARED.set(dtype)
    try:
        yield
    finally:
        DECLARED.reset(token)
