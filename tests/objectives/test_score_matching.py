"""objectives/score_matching.py: the loss's mean turned round, block by block, and its door."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.gradcheck import check_jacobian
from nce_ref.objectives import base
from tests.models.test_laplace_ica_score import textbook

MODEL = nr.LaplaceICA(2)
ALPHA = np.array([1.2, 0.3, -0.4, 0.9])
X = np.random.default_rng(4).laplace(size=(30, 2))


def test_the_value_is_minus_the_textbook_mean():
    objective = nr.ScoreMatchingObjective(MODEL, X, slope=3.0)
    assert objective(ALPHA)[0] == pytest.approx(
        -textbook(ALPHA.reshape(2, 2), X, 3.0) / 30, rel=1e-12
    )
    assert nr.ScoreMatchingObjective(MODEL, X).slope == 10.0
    report = nr.check_gradient(objective, ALPHA)
    assert report.ok, str(report)
    assert check_jacobian(lambda a: objective.second_order(a)[1:], ALPHA).ok


def test_many_blocks_are_one_mean_and_all_ways_agree(monkeypatch):
    """10 000 points in blocks of 3333; sums of as many terms agree to 1e-11 of their size."""
    monkeypatch.setattr(base, "_BLOCK", 4096)
    x = np.random.default_rng(5).laplace(size=(10_000, 2))
    objective = nr.ScoreMatchingObjective(MODEL, x)
    whole = MODEL.score_matching(np.append(ALPHA, 0.0), x, 10.0)
    value, gradient, hessian = objective.second_order(ALPHA)
    assert value == pytest.approx(-whole.total / 10_000, rel=1e-11) == objective(ALPHA)[0]
    np.testing.assert_allclose(gradient, -whole.gradient()[:-1] / 10_000, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(hessian, -whole.hessian()[:-1, :-1] / 10_000, rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(gradient, objective(ALPHA)[1])
    here = objective.expand(ALPHA)
    assert (
        here.value == value and not len(here.kinks.directions) and here.kinks.clearance == math.inf
    )
    np.testing.assert_array_equal(here.hessian, hessian)
    np.testing.assert_array_equal(here.curvature, -hessian)
    np.testing.assert_array_equal(objective.x, x)


def test_smoothing_adds_its_epsilon_to_the_width():
    objective = nr.ScoreMatchingObjective(MODEL, X, slope=10.0)
    assert (
        objective.smoothed(0.3).slope == pytest.approx(1.0 / (0.1 + 0.3))
        and objective.slope == 10.0
    )
    assert objective.smoothed(0.0)(ALPHA)[0] == objective(ALPHA)[0]


def test_bad_input_is_refused_by_name():
    for slope in (0.0, -10.0, math.nan, math.inf, 1e300):
        with pytest.raises(ValueError, match="slope: "):
            nr.ScoreMatchingObjective(MODEL, X, slope)
    for bad in (np.ones((3, 3)), np.ones((0, 2)), np.array([[1.0, np.nan]])):
        with pytest.raises(ValueError, match="x: "):
            nr.ScoreMatchingObjective(MODEL, bad)
    with pytest.raises(ValueError, match="alpha: "):
        nr.ScoreMatchingObjective(MODEL, X)(np.ones(5))
    with pytest.raises(NotImplementedError, match="first derivatives only"):
        nr.ScoreMatchingObjective(nr.MLP([2, 3, 1]), X)(np.ones(12))
    with pytest.raises(ValueError, match=r"object without .*score \(or score_matching\)"):
        nr.ScoreMatchingObjective(object(), X)


def test_out_of_range_is_minus_infinity_not_nan():
    with np.errstate(all="raise", under="ignore"):
        assert nr.ScoreMatchingObjective(MODEL, X).second_order(1e200 * ALPHA)[0] == -math.inf
