"""models/base.py: which kinks are near, how far the nearest is, and a smooth model's empty answer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref.models import LaplaceICA
from nce_ref.models.base import Kinks, no_kinks


def kinks(arguments, term_lengths, point_lengths):
    return Kinks(
        np.array(arguments, dtype=float),
        np.array(term_lengths),
        np.array(point_lengths),
        -1.0,
        lambda terms, points: None,
    )


def test_within_is_relative_to_both_lengths_and_includes_the_border():
    # |argument| / (|b||u|) is 0.5, 0.25 in the first row and 0.05, 0.025 in the second, exactly representable products.
    found = kinks([[1.0, -1.0], [-1.0, 1.0]], [1.0, 10.0], [2.0, 4.0])
    np.testing.assert_array_equal(found.within(0.25), [[False, True], [True, True]])
    np.testing.assert_array_equal(found.within(0.0), np.zeros((2, 2), dtype=bool))
    assert found.within(1.0).all()  # Cauchy-Schwarz: nothing is farther


def test_a_zero_row_lies_on_all_of_its_kinks_and_a_point_at_the_origin_on_none():
    found = kinks([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0]], [0.0, 1.0], [5.0, 0.0, 2.0])
    np.testing.assert_array_equal(found.within(1e-10), [[True, False, True], [False, False, True]])


def test_clearance_is_the_smallest_distance_over_the_marked_ones():
    found = kinks([[6.0, -1.0], [8.0, 3.0]], [1.0, 1.0], [2.0, 4.0])
    assert found.clearance(np.ones((2, 2), dtype=bool)) == 0.25
    assert found.clearance(np.array([[True, False], [True, True]])) == 0.75
    assert found.clearance(np.zeros((2, 2), dtype=bool)) == math.inf


def test_clearance_skips_points_at_the_origin():
    assert kinks([[0.0, 3.0]], [1.0], [0.0, 2.0]).clearance(np.ones((1, 2), dtype=bool)) == 1.5
    assert kinks([[0.0]], [1.0], [0.0]).clearance(np.ones((1, 1), dtype=bool)) == math.inf


@pytest.fixture
def ica():
    rng = np.random.default_rng(1)
    model = LaplaceICA(3)
    return model, model.pack(rng.standard_normal((3, 3)), 0.3), rng.standard_normal((20, 3)), rng


def test_no_shorter_step_meets_a_marked_kink_and_one_of_that_length_does(ica):
    """The meaning of clearance: a ball in theta in which no marked argument changes sign, and that touches one."""
    model, theta, u, rng = ica
    here = model.kinks(theta, u)
    marked = rng.random(here.arguments.shape) < 0.5
    reach = here.clearance(marked)
    for _ in range(200):
        step = rng.standard_normal(theta.size)
        there = model.kinks(theta + 0.999 * reach * step / np.linalg.norm(step), u)
        np.testing.assert_array_equal(
            np.sign(there.arguments)[marked], np.sign(here.arguments)[marked]
        )
    lengths = np.where(marked, np.abs(here.arguments) / here.point_lengths, np.inf)
    term, point = np.unravel_index(np.argmin(lengths), lengths.shape)
    direction = here.directions(np.array([term]), np.array([point]))[0]
    toward = -np.sign(here.arguments[term, point]) * reach * direction / np.linalg.norm(direction)
    # Two roundings of numbers of size |b||u|.
    assert abs(model.kinks(theta + toward, u).arguments[term, point]) <= 1e-14 * np.linalg.norm(
        theta
    ) * np.linalg.norm(u[point])


def test_no_kinks_has_the_shapes_of_kinks_and_says_none():
    none = no_kinks(7, 4)
    assert none.within(1.0).shape == (0, 7)
    assert none.clearance(none.within(1.0)) == math.inf
    nothing = np.empty(0, dtype=np.intp)
    assert none.directions(nothing, nothing).shape == (0, 4)
