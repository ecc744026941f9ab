"""objectives/points.py: what is read is what lies there, whichever way it lies; small samples are copied, large ones
never."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref._checks import as_points_in_place
from nce_ref.objectives import base
from nce_ref.objectives import points as module
from nce_ref.objectives.base import blocks
from nce_ref.objectives.points import Points


def samples():
    rng = np.random.default_rng(0)
    return rng.standard_normal((7, 3)), rng.standard_normal((5, 3))


@pytest.fixture(params=["joined", "in place"])
def limit(request, monkeypatch):
    """Every check on both ways, whatever the size."""
    monkeypatch.setattr(module, "JOINED_BYTES", 2**26 if request.param == "joined" else 0)
    return request.param


def right(points, x, y):
    u = np.concatenate([x, y]).astype(float)
    for start in range(len(u)):
        for stop in range(start + 1, len(u) + 1):
            got = points[start:stop]
            if got.dtype != np.float64 or not np.array_equal(got, u[start:stop]):
                return False
    return len(points) == len(u) and np.array_equal(points.whole(), u)


LAYOUTS = {
    "C order": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "float32": lambda a: a.astype(np.float32),
    "integers": lambda a: (10 * a).astype(np.int16),
    "every second row": lambda a: np.repeat(a, 2, axis=0)[::2],
    "backwards": lambda a: a[::-1],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_block_of_every_layout(limit, layout):
    x, y = (LAYOUTS[layout](a) for a in samples())
    points = Points(x, y)
    assert right(points, x, y)
    assert points[2:9].T.flags.c_contiguous or limit == "joined"
    for block, want in ((slice(0, 7), x), (slice(7, None), y)):
        assert points.copy(block).flags.c_contiguous and np.array_equal(points.copy(block), want)
    rows = np.array([11, 0, 7, 6, 6])
    assert np.array_equal(points.take(rows).whole(), np.concatenate([x, y])[rows])


class OffByOne(Points):
    """A plant: the second sample begins one row late."""

    def __getitem__(self, block):
        got = np.array(super().__getitem__(block))
        start, stop, _ = block.indices(len(self))
        if start < 7 < stop:
            got[7 - start :] = np.roll(got[7 - start :], 1, axis=0)
        return got


def test_a_planted_border_is_caught(limit):
    x, y = samples()
    assert right(Points(x, y), x, y) and not right(OffByOne(x, y), x, y)


def test_small_samples_are_copied_and_large_ones_are_not(limit):
    x, y = samples()
    points, before = Points(x, y), x[0, 0]
    x[0, 0] = 99.0
    assert points[0:1][0, 0] == (before if limit == "joined" else 99.0)


def test_the_door_hands_on_the_array_itself(tmp_path):
    stored = np.memmap(tmp_path / "x", dtype=np.float32, mode="w+", shape=(9, 2))
    stored[:] = 1.0
    got = as_points_in_place("x", stored, 2)
    assert np.shares_memory(got, stored) and got.dtype == np.float32
    frozen = np.asfortranarray(np.ones((9, 2)))
    assert np.shares_memory(as_points_in_place("x", frozen, 2), frozen)


def test_the_door_names_the_row_of_a_piece_far_down():
    x = np.zeros((200_000, 2))
    x[150_000, 1] = np.nan
    with pytest.raises(ValueError, match=r"x: entry \(150000, 1\) is nan; expected finite numbers"):
        as_points_in_place("x", x, 2)


@pytest.mark.parametrize("n_points", [1, base._BLOCK, base._BLOCK + 1, 60_000, 100_003])
def test_blocks_are_even(n_points):
    sizes = [block.stop - block.start for block in blocks(n_points)]
    assert sum(sizes) == n_points and max(sizes) - min(sizes) <= 1 and max(sizes) <= base._BLOCK
