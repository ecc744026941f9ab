"""Distinct states with the number of times each was seen, in the place of a sample that repeats them.

A sum over the sample is one over the states, each term times its count: 3 million points of a machine with 8 spins are
256 rows.

Conventions
-----------
counts   (n_states,)   whole numbers, 0 or more, float64; their sum is the sample's size
place    an index into the sample that would come of ``np.repeat(states, counts, axis=0)``
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float, as_vector

_MOST = 2.0**53  # beyond, float64 cannot count


def as_counts(name: str, counts: ArrayLike | None, n_states: int) -> Float | None:
    """Return ``counts`` as float64, None as None.

    Raises ValueError where they are not one a state, not whole, negative, or all 0.
    """
    if counts is None:
        return None
    found = as_vector(name, counts, n_states)
    wrong = (found < 0.0) | (found != np.floor(found))
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(
            f"{name}: entry {k} is {found[k]:.6g}; expected whole numbers, 0 or more: how often each state was seen"
        )
    if not 1.0 <= float(found.sum()) <= _MOST:
        raise ValueError(
            f"{name}: sum {found.sum():.6g}; expected at least one point in all, and at most 2^53"
        )
    return found


def seen(states: NDArray[Any], counts: Float | None) -> tuple[NDArray[Any], Float | None]:
    """The states that were seen at all, and their counts."""
    if counts is None or counts.all():
        return states, counts
    kept = counts > 0.0
    return states[kept], counts[kept]


def total(counts: Float | None, n_states: int) -> int:
    """The sample's size."""
    return n_states if counts is None else int(counts.sum())


def joined(counts_x: Float | None, n_x: int, counts_y: Float | None, n_y: int) -> Float | None:
    """One run of counts over two samples, 1 where a sample has none; None where neither has."""
    if counts_x is None and counts_y is None:
        return None
    return np.concatenate(
        [
            np.ones(n) if counts is None else counts
            for counts, n in ((counts_x, n_x), (counts_y, n_y))
        ]
    )


def states_at(counts: Float, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """The state at each place of the repeated sample."""
    return np.searchsorted(np.cumsum(counts), places, side="right")


def every(step: int, counts: Float) -> tuple[NDArray[np.intp], Float]:
    """Every so-manyth point of the repeated sample: its states, and how often they are met."""
    states, found = np.unique(
        states_at(counts, np.arange(0, int(counts.sum()), step)), return_counts=True
    )
    return states, found.astype(np.float64)


def repeated(states: NDArray[Any], counts: Float | None) -> NDArray[Any]:
    """The sample itself."""
    return states if counts is None else np.repeat(states, counts.astype(np.intp), axis=0)


def mean_and_variance(values: Float, counts: Float | None) -> tuple[float, float]:
    """Mean and variance (ddof = 1) of one number a point."""
    if counts is None:
        return float(values.mean()), float(values.var(ddof=1))
    n = float(counts.sum())
    mean = float(counts @ values) / n
    return mean, float(counts @ (values - mean) ** 2) / (n - 1.0)
