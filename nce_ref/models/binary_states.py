"""All vectors of two values, counted off in blocks: what models of binary data are enumerated with.

Conventions
-----------
values   (lower, upper), lower < upper
states   (k, n): state number s has the upper value at i where bit i of s is set
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float, as_vector

LARGEST_ENUMERATED = 20
# States a block: some MB of features.
BLOCK = 1 << 13


def as_values(values: ArrayLike) -> tuple[float, float]:
    """Return (lower, upper). Raises ValueError unless lower < upper."""
    lower, upper = as_vector("values", values, 2).tolist()
    if not lower < upper:
        raise ValueError(f"values: got {(lower, upper)}; expected (lower, upper), lower < upper")
    return lower, upper


def spins(numbers: NDArray[np.intp], n: int, values: tuple[float, float]) -> Float:
    """The states of these numbers: (len(numbers), n)."""
    bits = (numbers[:, None] >> np.arange(n)) & 1
    return np.where(bits == 1, values[1], values[0])


def blocks_of_states(n: int, values: tuple[float, float]) -> Iterator[Float]:
    """All 2^n states, (k, n) a block, in the order of their numbers."""
    for start in range(0, 1 << n, BLOCK):
        yield spins(np.arange(start, min(start + BLOCK, 1 << n)), n, values)


def draw_states(
    log_weights: Float, n: int, values: tuple[float, float], n_points: int, rng: np.random.Generator
) -> Float:
    """Draw states with probabilities in proportion to exp(log_weights), (2^n,), by the inverse distribution function:
    (n_points, n)."""
    edges = np.cumsum(np.exp(log_weights - log_weights.max()))
    drawn = np.searchsorted(edges, edges[-1] * rng.random(n_points), side="right")
    return spins(np.minimum(drawn, len(edges) - 1), n, values)
