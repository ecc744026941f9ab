"""The smallest inputs that still fail: fewer points and dimensions first, then plainer numbers.

Conventions
-----------
smaller   one index less of one axis, of all arguments that have it (arguments that follow from the sizes follow); then,
          entry by entry, 0, 1, -1, the whole number, one and two significant bits. Each is tried where it is plainer
          than what stands there
greedy    the first that still fails is kept, until nothing does or ``n_tries`` are used up; the order is fixed, so is
          the result
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Objective

Inputs = Mapping[str, Any]


def shrink(
    target: Objective, inputs: Inputs, fails: Callable[[Inputs], bool], n_tries: int
) -> tuple[dict[str, Any], int]:
    """The inputs where no step of ``smaller`` fails any more, and how many were tried; ``fails`` says False for what is
    refused."""
    current, tried, moved = dict(inputs), 0, True
    while moved:
        moved = False
        for candidate in smaller(target, current):
            if tried >= n_tries:
                return current, tried
            tried += 1
            if fails(candidate):
                current, moved = candidate, True
                break
    return current, tried


def smaller(target: Objective, inputs: Inputs) -> Iterator[dict[str, Any]]:
    """Every step, the largest first."""
    sizes = target.sizes(inputs)
    for axis, size in sizes.items():
        for n in sorted({1, size // 2, size - 1} - {0, size}):
            for first in (0, size - n):
                yield _cut(target, inputs, axis, slice(first, first + n))
    for name, value in inputs.items():
        if name in target.follows:
            continue
        for plain in _plainer_throughout(np.asarray(value)):
            yield _with(target, inputs, name, plain)
    for name, value in inputs.items():
        if name in target.follows:
            continue
        array = np.asarray(value)
        for index in np.ndindex(array.shape):
            for number in _plainer(float(array[index])):
                changed = array.copy()
                changed[index] = number
                if name in target.symmetric:
                    changed[index[::-1]] = number
                yield _with(target, inputs, name, changed)


def _cut(target: Objective, inputs: Inputs, axis: str, kept: slice) -> dict[str, Any]:
    found = {
        name: inputs[name][tuple(kept if own == axis else slice(None) for own in shape)]
        if shape
        else inputs[name]
        for name, shape in target.arguments.items()
    }
    sizes = target.sizes(found)
    return found | {name: follows(sizes) for name, follows in target.follows.items()}


def _with(target: Objective, inputs: Inputs, name: str, value: Any) -> dict[str, Any]:
    array = np.asarray(value, dtype=np.float64)
    return {**inputs, name: array if target.arguments[name] else float(array)}


def _plainer_throughout(array: Any) -> Iterator[Any]:
    if array.any():
        yield np.zeros_like(array)
        if (
            array.ndim == 2
            and array.shape[0] == array.shape[1]
            and (array != np.eye(len(array))).any()
        ):
            yield np.eye(len(array))
        if (rounded := np.round(array) + 0.0).any() and (rounded != array).any():
            yield rounded


def _plainer(number: float) -> Iterator[float]:
    if not np.isfinite(number):
        yield 0.0
        return
    rank = _rank(number)
    fraction, exponent = np.frexp(number)
    bits = (float(np.ldexp(np.round(fraction * 2.0**k), exponent - k)) for k in (1, 2, 3))
    for other in (0.0, 1.0, -1.0, float(np.round(number)) + 0.0, *bits):
        if _rank(other) < rank:
            yield other


def _rank(number: float) -> tuple[int, int, float, bool]:
    """How plain a number is: 0, 1, -1; then by its bits, whole ones first; then by its size."""
    if number in (0.0, 1.0, -1.0):
        return (0, [0.0, 1.0, -1.0].index(number), 0.0, False)
    numerator = abs(number.as_integer_ratio()[0])
    odd = numerator // (numerator & -numerator)
    return (1, odd.bit_length() + 8 * (number != int(number)), abs(number), number < 0)
