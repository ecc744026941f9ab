"""Slips of one device among several: whose keys are whose, and what is gathered."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake
from nce_ref.oracle.families.views.textbook import ShardSteps

_R = "anchor k of device r is key r m + k, m anchors a device"
_G = "the derivative of the device's loss by all keys"


class _First(ShardSteps):
    """Where the device's anchors begin, by a function of (rank, m, n)."""

    def __init__(self, first: Callable[[int, int, int], int]) -> None:
        self.first = first

    def first_place(self, rank: float, m: int, n: int) -> int:
        return self.first(int(rank), m, n)


NO_OFFSET = Mistake(
    "shard-no-offset",
    "labels begin at 0 on every device: the offset rank m is missing",
    _First(lambda rank, m, n: 0),
    effect="On all devices but the first, anchors are pulled to the first device's keys. Nothing to see with one device.",
    fix=f"{_R}; the slip: key k",
)

NEXT_RANK = Mistake(
    "shard-next-rank",
    "the offset is that of the next device, (rank + 1) m: ranks are taken to count from 1, or keys arrived rotated",
    _First(lambda rank, m, n: ((rank + 1) * m) % n),
    effect="Every anchor is pulled to another device's key. Nothing to see with one device.",
    fix=f"{_R}; the slip: key (r + 1) m + k",
)

REVERSED_RANKS = Mistake(
    "shard-ranks-reversed",
    "the devices' keys are in reverse order",
    _First(lambda rank, m, n: n - (rank + 1) * m),
    effect="Right for the device in the middle alone.",
    fix=f"{_R}; the slip: counted from the end",
)


class _Gathered(ShardSteps):
    def __init__(self, change: Callable[[Array, int, int], Array]) -> None:
        self.change = change

    def gathered(self, gradient: Array, m: int, n: int) -> Array:
        return self.change(gradient, m, n)


GATHERED_DETACHED = Mistake(
    "shard-keys-detached",
    "no gradient reaches the gathered keys: all_gather without autograd",
    _Gathered(lambda g, m, n: np.zeros_like(g)),
    effect="Each vector learns as an anchor and never as a key: half of the gradient of the whole, in another direction.",
    fix=f"{_G}; the slip: 0",
    gradient=True,
)

GATHERED_TIMES = Mistake(
    "shard-gradient-times-devices",
    "the gathered keys' gradient is multiplied by the number of devices",
    _Gathered(lambda g, m, n: g * g.dtype.type(n // m)),
    effect="The keys' part of the gradient outweighs the anchors': another direction. Nothing to see with one device.",
    fix=f"{_G}; the slip: n/m times",
    gradient=True,
)

GATHERED_MEAN = Mistake(
    "shard-gradient-averaged",
    "the gathered keys' gradient is divided by the number of devices",
    _Gathered(lambda g, m, n: g / g.dtype.type(n // m)),
    effect="As shard-gradient-times-devices, the other way. Right where what all devices give is averaged, not added: then the anchors' too.",
    fix=f"{_G}; the slip: m/n times",
    gradient=True,
)


def _own_alone(g: Array, m: int, n: int) -> Array:
    """Zero but for one block of m rows: the first."""
    kept = np.zeros_like(g)
    kept[:m] = g[:m]
    return kept


FIRST_BLOCK = Mistake(
    "shard-gradient-first-block",
    "the gradient of the gathered keys is kept for the first device's alone",
    _Gathered(_own_alone),
    effect="The other devices' keys are never pushed. Nothing to see with one device.",
    fix=f"{_G}; the slip: the first m rows",
    gradient=True,
)

MISTAKES = (
    NO_OFFSET,
    NEXT_RANK,
    REVERSED_RANKS,
    GATHERED_DETACHED,
    GATHERED_TIMES,
    GATHERED_MEAN,
    FIRST_BLOCK,
)
