"""Two guards that only rounding reaches: a step to where J is level is no step off a valley, and a long ridge not
quite met widens the proof."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from nce_ref.optimize import maximize
from nce_ref.optimize.concavity import _within
from nce_ref.optimize.local_sums import ActiveRidges, LocalSums
from nce_ref.optimize.nonsmooth import Maximum, off_valleys
from tests.optimize.kinked_problems import EPS, ica_problem, on_a_valley


@pytest.mark.parametrize("gain, left", [(0.0, False), (4.0, False), (1e4, True)])
def test_a_valley_is_left_for_what_is_higher_by_more_than_rounding(gain, left):
    """J beside the end is ``gain`` eps above it wherever one goes; the pulls say that it rises."""
    objective, start, _ = ica_problem(2, 60, 1, 0)
    theta = on_a_valley(objective, maximize(objective, start).theta)
    value = objective(theta)[0]

    class Level:
        expand = staticmethod(objective.expand)

        def __call__(self, there):
            return value + gain * EPS * max(1.0, abs(value)), np.zeros_like(there)

    away, used = off_valleys(Level(), Maximum(theta, value, 0, True), 0.01)
    assert used > 1 and (away is not None) == left


@pytest.mark.parametrize("length", [0.02, 50.0])
def test_a_ridge_that_is_not_quite_met_widens_the_proof_by_its_length(length):
    """(a.(theta + d))^2 is (a.d)^2 less 2 |a.theta||a.d|: a slope is off by 2 w (1 - |mu|) |a.theta| |a'|, whatever
    rounding did to sums."""
    omega, off, root = np.array([1e-4]), np.array([1e-9]), np.eye(2)
    terms = SimpleNamespace(loose=False, rate=1.0, nearest=lambda root, within: (np.inf, np.inf))
    kinks = SimpleNamespace(directions=np.array([[length, 0.0]]), weights=np.array([2e-4]))
    here = SimpleNamespace(kinks=kinks)
    sums = LocalSums(np.zeros(2), 0.0, np.eye(2), 0.0, 1.0)
    lengths = np.array([length])
    ridges = ActiveRidges(kinks.directions, lengths, np.zeros(1), off, omega)
    gram = np.linalg.eigvalsh(sums.gram + omega * kinks.directions.T @ kinks.directions)
    theta = np.array([0.0, 1.0])
    proof = _within(here, terms, root, sums, ridges, omega, theta, gram[0], gram[-1], 1.0)
    assert proof.rounding == pytest.approx(2.0 * omega[0] * off[0] * length, rel=1e-12)
    assert proof.proved and proof.decrement == 0.0 and proof.radius >= 3.0 * proof.rounding
