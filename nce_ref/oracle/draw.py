"""Inputs drawn for a search, for any objective: from its arguments' shapes, and what it refuses is drawn again.

Conventions
-----------
sizes     small: what can go wrong goes wrong with few points; n_data is a power of 2, so that n_noise/n_data is exact
          in float32
numbers   exact in float32; those of matrices have ``_BITS`` bits, so that sums of products (b . u at a kink) come out
          exact in float32
kinds     of an array, see ``_KINDS``: noise of several sizes, ties, one number throughout, zeros, one far out; each has
          its tails on both sides. Of a scalar: the same, and whole numbers. Symmetric ones are I + A A'/n, positive
          definite
padding   infinite, or far out, in half of the draws
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Objective

_BITS = 8
_TRIES = 1000
_LARGEST = {"n_data": 3, "n_noise": 8, "n_dim": 3, "n_points": 5}  # of n_data the exponent
_LARGEST_OTHER = 4
_SIZES_OF_VECTORS = (0.25, 1.0, 3.0, 10.0, 30.0, 100.0, 800.0)
_SIZES_OF_MATRICES = (0.25, 1.0, 3.0, 10.0)
_PADDING = (math.inf, -math.inf, 2.0**100, -(2.0**100))
_KINDS = ("noise", "noise", "noise", "ties", "constant", "zeros", "one far out", "unit", "whole")


def draw(target: Objective, rng: np.random.Generator) -> dict[str, Any]:
    """Inputs that the objective's facts do not refuse. Raises ArithmeticError where ``_TRIES`` in a row are refused."""
    for _ in range(_TRIES):
        inputs = _draw(target, rng)
        if not is_refused(target, inputs):
            return inputs
    raise ArithmeticError(f"{target.name}: {_TRIES} draws in a row were refused by its facts")


def is_refused(target: Objective, inputs: Mapping[str, Any]) -> bool:
    """Whether a fact refuses the inputs, or a number is not exact in float32."""
    exact = all(np.all(np.asarray(v).astype(np.float32) == v) for v in inputs.values())
    return not exact or any(True for facts in target.facts for _ in facts.refuses(inputs))


def _draw(target: Objective, rng: np.random.Generator) -> dict[str, Any]:
    axes = dict.fromkeys(axis for shape in target.arguments.values() for axis in shape)
    sizes = {axis: _size(axis, rng) for axis in axes}
    together = target.draws(rng, sizes)
    found: dict[str, Any] = {}
    for name, shape in target.arguments.items():
        if name in target.follows:
            found[name] = target.follows[name](sizes)
        elif name in together:
            array = _rounded(np.asarray(together[name], dtype=np.float64), _BITS)
            found[name] = array if shape else float(array)
        elif name in target.symmetric:
            half = rng.normal(size=[sizes[axis] for axis in shape]) * rng.choice([0.25, 1.0, 3.0])
            whole = _rounded(np.eye(len(half)) + half @ half.T / len(half), _BITS)
            found[name] = np.tril(whole) + np.tril(whole, -1).T
        else:
            is_matrix = len(shape) > 1 and not (target.layout != "flat" and "n_dim" not in shape)
            array = _array(tuple(sizes[axis] for axis in shape), rng, is_matrix)
            found[name] = array if shape else float(array)
    return _padded(target, found, rng)


def _padded(target: Objective, inputs: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """What stands where a mask is 0, half of the time something that is seen at once if it is read."""
    for name, mask in target.masks.items():
        if rng.integers(2):
            padding = float(rng.choice(_PADDING))
            inputs[name] = np.where(inputs[mask] != 0, inputs[name], padding)
    return inputs


def _size(axis: str, rng: np.random.Generator) -> int:
    largest = _LARGEST.get(axis, _LARGEST_OTHER)
    return int(2 ** rng.integers(largest + 1) if axis == "n_data" else rng.integers(1, largest + 1))


def _array(shape: tuple[int, ...], rng: np.random.Generator, is_matrix: bool) -> Float:
    scale = float(rng.choice(_SIZES_OF_MATRICES if is_matrix else _SIZES_OF_VECTORS))
    kind = _KINDS[rng.integers(len(_KINDS))]
    array = np.asarray(scale * rng.normal(size=shape))
    if kind == "ties":
        array = np.asarray(rng.choice(scale * rng.normal(size=2), size=shape))
    elif kind == "constant":
        array = np.full(shape, scale * rng.normal())
    elif kind == "zeros":
        array = np.zeros(shape)
    elif kind == "one far out" and array.size:
        flat = rng.normal(size=array.size)
        flat[rng.integers(array.size)] *= scale
        array = flat.reshape(shape)
    elif kind == "unit":
        array = rng.uniform(size=shape)
    elif kind == "whole":
        array = np.asarray(rng.integers(-4, 5, size=shape), dtype=np.float64)
    bits = _BITS if is_matrix or rng.integers(2) else 24
    return _rounded(np.asarray(array, dtype=np.float64), bits)


def _rounded(array: Float, bits: int) -> Float:
    """To so many significant bits; never -0."""
    fraction, exponent = np.frexp(array)
    return np.asarray(np.ldexp(np.round(fraction * 2.0**bits), exponent - bits) + 0.0)
