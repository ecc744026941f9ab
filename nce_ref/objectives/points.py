"""The points an objective runs over, one block at a time: small samples joined once, large ones read where they lie.

Conventions
-----------
samples  each (n_points, n_dim), rows, of any real dtype and order; joined in this order into one run of points
block    (n_block, n_dim), float64, each coordinate contiguous, as B u^T and every elementwise pass want it
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float

# Up to this size the samples are joined and transposed once, which saves the gathering of each block, an eighth of an
# evaluation.
JOINED_BYTES = 2**26


class Points:
    """One run of points over several samples.

    Up to 64 MiB they are copied, coordinate by coordinate. Larger samples (``numpy.memmap`` among them) are never
    copied whole, and must not change while they are in use.
    """

    def __init__(self, *samples: NDArray[Any]) -> None:
        self._samples: tuple[NDArray[Any], ...] = samples
        self._ends = np.cumsum([len(sample) for sample in samples])
        self._joined: Float | None = None
        self._matrix: Float | None = None
        if 8 * len(self) * samples[0].shape[1] <= JOINED_BYTES:
            self._joined, self._samples = self.whole(), ()

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, block: slice) -> Float:
        """A block of points; a view where they are joined. Not to be written to."""
        if self._joined is not None:
            return self._joined[block]
        start, stop, _ = block.indices(len(self))
        by_coordinate = np.empty((self._samples[0].shape[1], max(0, stop - start)))
        end = 0
        for sample in self._samples:
            first, end = end, end + len(sample)
            low, high = max(start, first), min(stop, end)
            if low < high:
                by_coordinate[:, low - start : high - start] = sample[low - first : high - first].T
        if self._matrix is not None:
            by_coordinate = self._matrix @ by_coordinate
        return by_coordinate.T

    def whole(self) -> Float:
        """All points, in as much memory as they need."""
        return self[:]

    def moved(self, matrix: Float) -> Points:
        """The points matrix u: copied where these are joined, else multiplied block by block as they are read."""
        if self._joined is not None:
            return Points(self._joined @ matrix.T)
        other = copy.copy(self)
        other._matrix = matrix if self._matrix is None else matrix @ self._matrix
        return other

    def copy(self, block: slice) -> Float:
        """A copy of these points, in C order."""
        return np.array(self[block], order="C")

    def take(self, rows: NDArray[np.intp]) -> Points:
        """The points with these indices, joined into one sample."""
        if self._joined is not None:
            return Points(self._joined[rows])
        picked = np.empty((len(rows), self._samples[0].shape[1]))
        for sample, end in zip(self._samples, self._ends):
            here = (rows >= end - len(sample)) & (rows < end)
            picked[here] = sample[rows[here] - (end - len(sample))]
        return Points(picked if self._matrix is None else picked @ self._matrix.T)
