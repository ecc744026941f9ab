"""What the certificates grant to rounding: kinks whose sign it leaves known, and sums that are off by ridges not quite
met."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import nce_ref as nr
from nce_ref._compensated import UNIT
from nce_ref.optimize.certificate import _any_beyond
from nce_ref.optimize.local_sums import local_sums


def at(directions, valleys):
    kinks = SimpleNamespace(
        directions=np.reshape(directions, (-1, 2)), valleys=np.reshape(valleys, (-1, 2))
    )
    return SimpleNamespace(kinks=kinks)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_kink_beyond_the_width_is_one_whose_sign_is_known(scale):
    """|a . theta| above width |a| . |theta|, of ridges and valleys alike; a width within a dot product's own rounding
    tells nothing."""
    theta = scale * np.array([1.0, -1.0 + 1e-6])  # a . theta = 1e-6 of 2 for a = (1, 1)
    for here in (at([[1.0, 1.0]], []), at([], [[1.0, 1.0]]), at([[1.0, 1.0]], [[5.0, 5.0]])):
        assert _any_beyond(1e-7, here, theta)
        assert not _any_beyond(1e-6, here, theta)
        assert not _any_beyond(11.0 * UNIT, here, theta) and _any_beyond(13.0 * UNIT, here, theta)
    assert not _any_beyond(1e-7, at([[1.0, 1.0]], []), scale * np.array([1.0, -1.0]))
    assert not _any_beyond(1e-7, at([], []), theta)


def test_ridges_that_are_not_quite_met_widen_the_bounds():
    """The slopes there are off by as much as ``off`` says: the stated errors grow with it, the curvature that is proved
    falls."""
    rng = np.random.default_rng(0)
    x, y = rng.laplace(size=(8, 2)), rng.standard_normal((12, 2))
    b = np.array([-x[0, 1], x[0, 0]])
    model = nr.LaplaceICA(2)
    objective = nr.NCEObjective(model, nr.GaussianNoise(np.zeros(2), 2.0 * np.eye(2)), x, y)
    here = objective.expand(model.pack(np.vstack([b, [0.3, 1.0]]), -1.0))
    assert len(here.kinks.directions) == 1
    found = [
        local_sums(here.terms(False), np.array([0.2]), np.array([off]), np.eye(5))
        for off in (0.0, 1e-6, 1e-3, 1e-1)
    ]
    errors = [sums.gradient_error for sums in found]
    # A slope h(1 - h)/n_data at most, times 2 sqrt(2) off, times |g| >= 1 of that one point; and no more than all
    # points could add.
    for sums, off in zip(found[1:], (1e-6, 1e-3, 1e-1)):
        slope = abs(here.terms(False).slopes[0])
        assert sums.gradient_error >= errors[0] + slope * 2.0 * np.sqrt(2.0) * off * 0.99
        np.testing.assert_array_equal(sums.gradient, found[0].gradient)
    assert errors == sorted(errors)
    traces = [float(np.trace(sums.gram)) for sums in found]
    assert traces == sorted(traces, reverse=True) and traces[-1] < traces[0]
