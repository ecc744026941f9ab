"""The points an objective runs over, one block at a time: small samples joined once, large ones read where they lie.

Conventions
-----------
samples  each (n_points, n_dim), rows, of any real dtype and order; joined in this order into one run of points
block    (n_block, n_dim), float64, each coordinate contiguous, as B u^T and every elementwise pass want it
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float
from nce_ref._copies import sibling
from nce_ref.models.base import Model, Pass

# Up to this size the samples are joined and transposed once, which saves the gathering of each block, an eighth of an
# evaluation.
JOINED_BYTES = 2**26
# Up to so many points a pass may keep what depends on them alone: recomputing it is a good part of a pass there, and
# reading it costs nothing.
_FEW = 8192


class Points:
    """One run of points over several samples.

    Up to 64 MiB they are copied, coordinate by coordinate. Larger samples (``numpy.memmap`` among them) are never
    copied whole, and must not change while they are in use.
    """

    def __init__(self, *samples: NDArray[Any]) -> None:
        self._samples: tuple[NDArray[Any], ...] = samples
        self._ends = np.cumsum([len(sample) for sample in samples])
        self._joined: Float | None = None
        # u - shift, and then the product.
        self._shift: Float | None = None
        self._matrix: Float | None = None
        self._memo: dict[str, Any] = {}
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
        if self._shift is not None:
            by_coordinate -= self._shift[:, None]
        if self._matrix is not None:
            by_coordinate = self._matrix @ by_coordinate
        return by_coordinate.T

    @property
    def copied(self) -> bool:
        """Whether the points are a copy of the samples."""
        return self._joined is not None

    def passed(self, model: Model, theta: Float, block: slice) -> Pass:
        """The model's pass over a block; one over all of few points may keep what does not depend on theta
        (``models.base.Remembering``)."""
        once = model.evaluate(theta, self[block])
        if len(self) <= _FEW and block.indices(len(self)) == (0, len(self), 1):
            remember = getattr(once, "remember", None)
            if remember is not None:
                remember(self._memo)
        return once

    def whole(self) -> Float:
        """All points, in as much memory as they need."""
        return self[:]

    def shifted(self, shift: Float) -> Points:
        """The points u - shift: copied where these are joined, else subtracted block by block as they are read."""
        if self._joined is not None:
            return Points(self._joined - shift)
        other = sibling(self)
        other._memo = {}
        other._shift = shift
        return other

    def moved(self, matrix: Float) -> Points:
        """The points matrix u: copied where these are joined, else multiplied block by block as they are read."""
        if self._joined is not None:
            return Points(self._joined @ matrix.T)
        other = sibling(self)
        other._memo = {}
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
        if self._shift is not None:
            picked -= self._shift
        return Points(picked if self._matrix is None else picked @ self._matrix.T)
