"""boxes.py: volumes are kept, poles are found, and what was not reached is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref.models.boxes import Boxes, grid, refine


def volume(boxes):
    return boxes.width.prod(axis=1).sum()


def product_rule(f, nodes):
    """Boxes -> their integrals of f(x, y) by two product rules."""

    def one(boxes, m):
        node, weight = np.polynomial.legendre.leggauss(m)
        r = boxes.low[:, :, None] + boxes.width[:, :, None] * (0.5 + 0.5 * node)
        values = f(r[:, 0, :, None], r[:, 1, None, :])
        return np.einsum(
            "bij,i,j,b->b", values, 0.5 * weight, 0.5 * weight, boxes.width.prod(axis=1)
        )[:, None]

    return lambda boxes: tuple(one(boxes, m) for m in nodes)


def peak(x, y, delta=1e-2):
    # Poles at a distance of delta from the real axis, along two lines that cross.
    return 1.0 / (((x - 0.3) ** 2 + delta**2) * ((y - 0.6) ** 2 + delta**2))


def exact_peak(delta=1e-2):
    return math.prod(
        (math.atan((1 - a) / delta) + math.atan(a / delta)) / delta for a in (0.3, 0.6)
    )


UNIT_SQUARE = Boxes(np.zeros(1, dtype=np.intp), np.zeros((1, 2)), np.ones((1, 2)))


def test_grid_fills_its_domains():
    low, high = (
        np.array([[0.0, 1.0], [0.0, 5.0], [0.0, 0.0]]),
        np.array([[2.5, 2.0], [1.0, 5.0], [1.0, 1.0]]),
    )
    boxes = grid(low, high, np.array([1.0, 0.5]), 8)
    assert np.bincount(boxes.domain, minlength=3).tolist() == [6, 0, 2]  # the second is empty
    assert volume(boxes) == pytest.approx(3.5)
    assert (boxes.width <= [1.0, 0.5]).all()
    assert grid(low, high, np.array([1.0, 0.5]), 7) is None
    assert grid(low, high, np.full(2, 1e-300), 10**6) is None
    assert len(grid(high, low, np.ones(2), 5)) == 0


def test_halving_keeps_the_domain_and_the_volume():
    boxes = Boxes(
        np.array([3, 1]),
        np.array([[0.0, 1.0, 2.0], [5.0, 5.0, 5.0]]),
        np.array([[1.0, 2.0, 4.0], [1.0, 1.0, 1.0]]),
    )
    half = boxes.halved()
    assert len(half) == 16 and volume(half) == pytest.approx(volume(boxes))
    for domain, low, width in zip(boxes.domain, boxes.low, boxes.width):
        mine = half.domain == domain
        assert len(np.unique(half.low[mine], axis=0)) == 8
        np.testing.assert_allclose(half.low[mine].min(axis=0), low)
        np.testing.assert_allclose((half.low[mine] + half.width[mine]).max(axis=0), low + width)


@pytest.mark.parametrize("target", [1e-3, 1e-7, 1e-12])
def test_poles_near_the_square_are_resolved(target):
    found = refine(
        product_rule(peak, (12, 10)), UNIT_SQUARE, np.ones(1, dtype=np.intp), target, 10**5
    )
    true = abs(found.fine[0, 0] / exact_peak() - 1.0)
    stated = found.disagreement[0, 0] / found.fine[0, 0]
    assert true <= stated + 1e-14 and stated <= target
    assert abs(found.coarse[0, 0] - found.fine[0, 0]) <= found.disagreement[0, 0] * (1 + 1e-12)
    # Boxes as fine as needed at the poles, everywhere, are about 1/delta^2: ten thousand.
    assert found.n_boxes < 2000


def test_a_domain_that_counts_twice_is_worth_it():
    # Two squares, the second in use for three: the share of each in the whole is by its count.
    two = Boxes(np.arange(2), np.zeros((2, 2)), np.ones((2, 2)))
    found = refine(product_rule(lambda x, y: x + y, (3, 2)), two, np.array([1, 3]), 1e-10, 100)
    np.testing.assert_allclose(found.fine, [[1.0], [1.0]], rtol=1e-14)
    assert found.n_boxes == 2


def test_what_was_not_reached_is_told():
    found = refine(product_rule(peak, (6, 4)), UNIT_SQUARE, np.ones(1, dtype=np.intp), 1e-12, 30)
    assert found.n_boxes <= 30
    true, stated = abs(found.fine[0, 0] - exact_peak()), found.disagreement[0, 0]
    assert stated > 1e-6 * found.fine[0, 0] and true <= stated
    # No box at all left out: the sum over what is there is over the whole square.
    ones = refine(
        product_rule(lambda x, y: 1.0 + 0.0 * peak(x, y), (6, 4)),
        UNIT_SQUARE,
        np.ones(1, dtype=np.intp),
        1e-12,
        30,
    )
    assert ones.fine[0, 0] == pytest.approx(1.0)
