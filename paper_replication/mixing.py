"""The law of the mixing matrices in P10 section 3.1, as far as it can be known.

The paper says "condition number < 10" and no more. Entries iid N(0, 1), redrawn until that holds (about 48 % are
accepted at n = 4), give back the published curves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_CONDITION = 10.0


def random_mixing(n_sources: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return one matrix A, shape (n_sources, n_sources), with condition number below ``MAX_CONDITION``."""
    while True:
        mixing = rng.standard_normal((n_sources, n_sources))
        if np.linalg.cond(mixing) < MAX_CONDITION:
            return mixing


def random_mixings(n_sources: int, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return ``count`` such matrices at once, shape (count, n_sources, n_sources); another stream than ``count`` single
    draws."""
    kept = np.empty((0, n_sources, n_sources))
    while len(kept) < count:
        drawn = rng.standard_normal((int(2.2 * count) + 8, n_sources, n_sources))
        kept = np.concatenate([kept, drawn[np.linalg.cond(drawn) < MAX_CONDITION]])
    return kept[:count]
