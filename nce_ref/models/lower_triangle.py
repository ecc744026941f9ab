"""The lower triangle of a symmetric matrix, row by row: the order in which precisions stand in theta.

A fit asks for the same few indices some sixty times, and making them costs as much as the rest of a pass over a
thousand points.

Conventions
-----------
i, j       (n (n + 1)/2,)   row and column of each entry, j <= i; not to be written to
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float

_KEPT = 32


@lru_cache(maxsize=_KEPT)
def lower_triangle(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (i, j), as ``np.tril_indices(n)`` does."""
    i, j = np.tril_indices(n)
    for array in (i, j):
        array.flags.writeable = False
    return i, j


@lru_cache(maxsize=_KEPT)
def halves(n: int) -> Float:
    """Return d(-1/2 u^T Lambda u)/d Lambda_ij over u_i u_j: -1/2 on the diagonal, -1 below, where the entry stands
    twice."""
    i, j = lower_triangle(n)
    factors = np.where(i == j, -0.5, -1.0)
    factors.flags.writeable = False
    return factors
