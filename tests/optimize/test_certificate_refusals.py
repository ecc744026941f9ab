"""certificate.py refuses what is no maximum: L-BFGS's and smoothing's ends, valleys, zero rows, saddles.

Each refusal is a function of the certifier, so that a certifier with a planted hole is seen to fail it (last section).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.optimize import certificate, certify, maximize, maximize_lbfgs, slopes
from nce_ref.optimize.certificate import STATIONARY
from nce_ref.optimize.slopes import directional_derivative, steepest_found
from nce_ref.optimize.smoothing import ascend, follow_smoothing
from tests.optimize.kinked_problems import (
    PAIR,
    TRIPLE,
    Stub,
    certified_ends,
    expansion,
    ica_problem,
    on_a_valley,
    rounding,
    symmetric_likelihood,
)

# n_data and the norm that L-BFGS leaves, as measured when this library was planned (issue 2, n = 4, nu = 1).
LBFGS_LEAVES = {300: 3.5e-3, 1000: 2.1e-3, 10000: 2.6e-4}


def lbfgs_ends(n_data, repeats=5):
    for seed in range(repeats):
        objective, start, _ = ica_problem(4, n_data, 1, seed, identity=True)
        yield objective, maximize_lbfgs(objective, start).theta


def smoothed_ends(n_data=300, repeats=4):
    """Ends of smoothing at epsilon = 1e-6, climbed until the smoothed gradient is below 1e-9."""
    for seed in range(repeats):
        objective, start, _ = ica_problem(4, n_data, 1, seed, identity=True)
        theta, _, _ = follow_smoothing(objective, start, 0.003)
        for epsilon in (1e-3, 1e-4, 1e-5, 1e-6):
            theta, _ = ascend(objective.smoothed(epsilon), theta, 1e-3 * epsilon)
        assert np.linalg.norm(objective.smoothed(1e-6)(theta)[1]) <= 1e-9
        yield objective, theta


# ---- what must be refused ------------------------------------------------------------------------


def refuses_lbfgs(judge):
    for n_data, expected in LBFGS_LEAVES.items():
        norms = []
        for objective, theta in lbfgs_ends(n_data):
            proof = judge(objective, theta)
            assert not proof.is_local_maximum and proof.status == "not stationary"
            norms.append(proof.stationarity)
        # Another generator, other starts: within a factor of 5 of the figure, and a thousand times the tolerance.
        assert expected / 5 <= np.median(norms) <= 5 * expected and min(norms) >= 1e3 * STATIONARY


def refuses_smoothed(judge):
    for objective, theta in smoothed_ends():
        proof = judge(objective, theta)
        assert (
            not proof.is_local_maximum
            and proof.status == "not stationary"
            and proof.stationarity >= 1e3 * STATIONARY
        )


def refuses_lbfgs_on_a_likelihood(judge):
    for seed in range(3):
        source, start, _ = ica_problem(4, 1000, 1, seed, identity=True)
        objective = nr.LikelihoodObjective(source.model, source.x)
        proof = judge(objective, maximize_lbfgs(objective, start[:-1]).theta)
        assert not proof.is_local_maximum and proof.status == "not stationary"


def refuses_valleys(judge):
    for objective, theta in certified_ends(repeats=1):
        proof = judge(objective, on_a_valley(objective, theta))
        assert not proof.is_local_maximum and proof.status == "on a valley"


def refuses_stationary_valleys(judge):
    """|a.d| with a below the ridges' weights: 0 is in Clarke's subdifferential, and J rises along it both ways."""
    proof = judge(Stub(expansion(valley=np.array([0.0, 1.0]))), np.zeros(2))
    assert proof.stationarity == 0.0 and not proof.is_local_maximum


def refuses_saddles(judge):
    for points in (PAIR, TRIPLE, [*TRIPLE, (0.0, 0.9, 0.0)]):
        objective, B = symmetric_likelihood(points)
        proof = judge(objective, B.ravel())
        assert (
            proof.stationarity <= STATIONARY
            and not proof.is_local_maximum
            and proof.status == "saddle"
        )


REFUSALS = [
    refuses_lbfgs,
    refuses_lbfgs_on_a_likelihood,
    refuses_smoothed,
    refuses_valleys,
    refuses_stationary_valleys,
    refuses_saddles,
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_it_refuses(refusal):
    refusal(certify)


@pytest.mark.parametrize("n, n_data", [(2, 200), (3, 200), (4, 500)])
def test_zero_rows_are_refused_with_a_slope_along_which_the_objective_rises(n, n_data, monkeypatch):
    objective, _, truth = ica_problem(n, n_data, 1, 0)
    fit = maximize(objective, truth).theta
    origin = np.zeros(n * n + 1)
    for _ in range(60):  # the best c for B = 0
        _, gradient = objective(origin)
        origin[-1] += gradient[-1]
    for theta in (origin, np.append(np.zeros(n), fit[n:])):
        proof = certify(objective, theta)
        assert (
            proof.status == "zero row"
            and not proof.is_local_maximum
            and "row 0 of B is 0" in proof.reason
        )
        assert_rises(objective, theta, monkeypatch)
    assert certify(objective, origin).stationarity <= 1e-8, (
        "B = 0 is stationary: only the zero row gives it away"
    )


def test_on_a_valley_the_slope_told_is_one_along_which_the_objective_rises(monkeypatch):
    for objective, theta in certified_ends(repeats=1):
        point = on_a_valley(objective, theta)
        assert "rises from here" in certify(objective, point).reason
        assert_rises(objective, point, monkeypatch)


def assert_rises(objective, theta, monkeypatch):
    """The steepest of the directions tried is real: J rises along it by its slope, to first order."""
    tried = []

    def watched(here, direction):
        tried.append((directional_derivative(here, direction), direction))
        return tried[-1][0]

    with monkeypatch.context() as patch:
        patch.setattr(slopes, "directional_derivative", watched)
        slope = steepest_found(objective.expand(theta))
    best, direction = max(tried, key=lambda pair: pair[0])
    assert slope == best > 0.0
    t = 1e-7
    # Off by the curvature times t (below 1e3 t/2) and by kinks within t of theta: a tenth of the slope is room for
    # both.
    rise = (objective(theta + t * direction)[0] - objective(theta)[0]) / t
    assert abs(rise - slope) <= 0.1 * slope + 1e-4 + rounding(objective, theta) / t


def test_the_likelihoods_saddle_really_is_one_and_kinks_that_block_it_make_it_a_maximum():
    objective, B = symmetric_likelihood(PAIR)
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]]) * B[0, 0]
    # ln det rises by t^2 along the rotation B + t turn, the rest is linear: no other kink within t = 1e-3.
    for t in (1e-3, -1e-3):
        assert objective((B + t * turn).ravel())[0] - objective(B.ravel())[0] >= 0.5 * t**2
    blocked, B = symmetric_likelihood([*PAIR, (0.0, 1.0), (1.0, 0.0)])
    proof = certify(blocked, B.ravel())
    assert proof.is_local_maximum, proof.reason
    rng = np.random.default_rng(0)
    for _ in range(300):
        d = rng.standard_normal(4) * 10.0 ** rng.uniform(-7, -2)
        assert blocked(B.ravel() + d)[0] <= blocked(B.ravel())[0] + 1e-15
    # In three dimensions the points on one axis block two of the six turns, and the likelihood rises along the others.
    few, B = symmetric_likelihood([*TRIPLE, (0.0, 0.9, 0.0)])
    assert len(few.expand(B.ravel()).kinks.directions) > 0
    turn = np.zeros((3, 3))
    turn[0, 2], turn[2, 0] = B[0, 0], -B[2, 2]
    assert few((B + 1e-3 * turn).ravel())[0] > few(B.ravel())[0] + 5e-7


# ---- planted holes -------------------------------------------------------------------------------


def blind_to_valleys(objective, theta):
    here = objective.expand(theta)
    kinks = dataclasses.replace(
        here.kinks,
        valleys=here.kinks.valleys[:0],
        valley_weights=here.kinks.valley_weights[:0],
        clearance=np.inf,
    )
    return certify(Stub(dataclasses.replace(here, kinks=kinks)), theta)


def blind_to_curvature(objective, theta):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            certificate,
            "_from_frame",
            lambda here, multipliers, proof: (True, "certified", "stationary, so a maximum", 0.0),
        )
        return certify(objective, theta)


def lenient(objective, theta):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificate, "STATIONARY", 1e-2)
        return certify(objective, theta)


def gradient_of_the_smoothed(objective, theta):
    """Stationarity of a neighbour of the objective: what a smoothing code would report."""
    norm = float(np.linalg.norm(objective.smoothed(1e-6)(theta)[1]))
    return dataclasses.replace(
        certify(objective, theta), is_local_maximum=norm < STATIONARY, stationarity=norm
    )


@pytest.mark.parametrize(
    "plant, refusal",
    [
        (blind_to_valleys, refuses_stationary_valleys),
        (blind_to_valleys, refuses_valleys),
        (blind_to_curvature, refuses_saddles),
        (lenient, refuses_lbfgs),
        (lenient, refuses_lbfgs_on_a_likelihood),
        (lenient, refuses_smoothed),
        (gradient_of_the_smoothed, refuses_smoothed),
    ],
)
def test_a_certificate_with_a_hole_is_caught(plant, refusal):
    with pytest.raises(AssertionError):
        refusal(plant)
