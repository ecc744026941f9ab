r"""Cubature in a few dimensions: boxes on which two rules disagree are halved along all axes until the disagreements
are small.

For integrands analytic inside of their domains but with poles close by, along a surface: far from it a box may be
large. A product rule of Gauss and Legendre with m nodes an axis errs on a box like rho^(-2m), rho the sum of the
half-axes of the largest ellipse about the box's side (of half-axis 1) that is free of poles: at a distance of half a
side rho = 2.4, and rho^-24 = 7e-10. The second rule, with fewer nodes, errs by a power of rho more: it bounds the error
of the first without another halving.

Conventions
-----------
domain       (n_boxes,)               which domain of integration a box belongs to: 0, .., n_domains - 1
low, width   (n_boxes, n)             a box is low_k <= r_k <= low_k + width_k
integrate    Boxes -> (fine, coarse)  each (n_boxes, n_integrals): the integrals over the boxes by the two rules
count        (n_domains,)             how often a domain counts in the whole
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Boxes:
    """Boxes as rows."""

    domain: Index
    low: Float
    width: Float

    def __len__(self) -> int:
        return len(self.domain)

    def __getitem__(self, chosen: slice | NDArray[np.bool_]) -> Boxes:
        return Boxes(self.domain[chosen], self.low[chosen], self.width[chosen])

    def halved(self) -> Boxes:
        """Each as 2^n boxes."""
        n = self.low.shape[1]
        width = np.repeat(0.5 * self.width, 2**n, axis=0)
        corner = np.array(list(itertools.product((0.0, 1.0), repeat=n)))
        low = np.repeat(self.low, 2**n, axis=0) + width * np.tile(corner, (len(self), 1))
        return Boxes(np.repeat(self.domain, 2**n), low, width)


@dataclass(frozen=True)
class Integrals:
    """(n_domains, n_integrals) each: by the fine rule, by the coarse one, and sums of |fine - coarse| over the boxes;
    their number."""

    fine: Float
    coarse: Float
    disagreement: Float
    n_boxes: int


def grid(low: Float, high: Float, widest: Float, at_most: int) -> Boxes | None:
    """Cut each domain, low <= r <= high, (n_domains, n), into equal boxes no wider than ``widest``, (n,); None if they
    are too many.

    A domain with high_k <= low_k is empty.
    """
    pieces: list[Boxes] = []
    for domain, (start, end) in enumerate(zip(low, high)):
        if not (end > start).all():
            continue
        with np.errstate(over="ignore"):
            count = np.ceil((end - start) / widest)
        if not math.prod(count.tolist()) <= at_most - sum(map(len, pieces)):
            return None
        place = np.array(list(itertools.product(*(range(int(c)) for c in count))), dtype=np.float64)
        width = (end - start) / count
        pieces.append(
            Boxes(
                np.full(len(place), domain),
                start + place * width,
                np.broadcast_to(width, place.shape),
            )
        )
    return (
        _joined(pieces)
        if pieces
        else Boxes(np.empty(0, dtype=np.intp), *np.empty((2, 0, low.shape[1])))
    )


def refine(
    integrate: Callable[[Boxes], tuple[Float, Float]],
    boxes: Boxes,
    count: Index,
    target: float,
    at_most: int,
) -> Integrals:
    """Halve boxes until the disagreements, of all domains and relative to each integral, sum to ``target``.

    A box is halved where it has more than its share, ``target`` over the number of boxes. Ends earlier where
    ``at_most`` boxes have been integrated, the worst ones having been halved first: then ``disagreement`` tells what
    was reached. The integrals must be positive; one that is 0 makes every disagreement about it 0.
    """
    fine, coarse, disagreement = (np.zeros((len(count), 0)) for _ in range(3))
    n_boxes, spent, kept_error = 0, 0, 0.0
    while len(boxes):
        spent += len(boxes)
        new, other = integrate(boxes)
        apart = np.abs(new - other)
        if not fine.shape[1]:
            fine, coarse, disagreement = (np.zeros((len(count), new.shape[1])) for _ in range(3))
        whole = count @ fine + count[boxes.domain] @ new
        whole[whole == 0.0] = np.inf
        error = count[boxes.domain] * (apart / whole).max(axis=1)
        halve = error > target / (n_boxes + len(boxes))
        if kept_error + float(error.sum()) <= target:
            halve[:] = False
        affordable = max(0, (at_most - spent) // 2 ** boxes.low.shape[1])
        if halve.sum() > affordable:
            halve[np.argsort(error)[: len(error) - affordable]] = False
        keep = ~halve
        for total, of_boxes in ((fine, new), (coarse, other), (disagreement, apart)):
            np.add.at(total, boxes.domain[keep], of_boxes[keep])
        kept_error += float(error[keep].sum())
        n_boxes += int(keep.sum())
        boxes = boxes[halve].halved()
    return Integrals(fine, coarse, disagreement, n_boxes)


def _joined(pieces: Sequence[Boxes]) -> Boxes:
    return Boxes(
        *(
            np.concatenate([getattr(piece, name) for piece in pieces])
            for name in ("domain", "low", "width")
        )
    )
