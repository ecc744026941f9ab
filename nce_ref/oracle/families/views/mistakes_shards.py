"""Slips of one device among several: whose keys are whose."""

from __future__ import annotations

from collections.abc import Callable

from nce_ref.oracle.families.base import Mistake
from nce_ref.oracle.families.views.textbook import ShardSteps

_R = "anchor k of device r is key r m + k, m anchors a device"


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
    effect=(
        "On all devices but the first, anchors are pulled to the first device's keys. Nothing to"
        " see with one device."
    ),
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


MISTAKES = (
    NO_OFFSET,
    NEXT_RANK,
    REVERSED_RANKS,
)
