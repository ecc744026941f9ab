"""fit.py through the public face: starts, the best of them kept, the fields of Fit, determinism."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.estimators.fit import fit_from
from nce_ref.optimize import certify
from nce_ref.optimize.certificate import STATIONARY, STATUSES
from tests.optimize.kinked_problems import ica_problem


def fit_problem(n=3, n_data=100, nu=1, seed=0, **how):
    objective, start, _ = ica_problem(n, n_data, nu, seed)
    how = how or {"start": start}
    return nr.fit_nce(objective.model, objective.noise, objective.x, objective.y, **how)


def test_every_field_follows_from_the_starts():
    fit = fit_problem(n_starts=6, rng=np.random.default_rng(1))
    assert len(fit.starts) == 6
    best = max(fit.starts, key=lambda s: s.objective)
    for name in ("objective", "stationarity", "is_local_maximum", "status", "message"):
        assert getattr(fit, name) == getattr(best, name)
    np.testing.assert_array_equal(fit.theta, best.theta)
    assert fit.theta.shape == (10,) and fit.theta.dtype == np.float64
    assert fit.n_evaluations == sum(s.n_evaluations for s in fit.starts)
    assert all(type(getattr(fit, name)) is bool for name in ("converged", "is_local_maximum"))
    assert (
        type(fit.objective) is float
        and type(fit.stationarity) is float
        and type(fit.n_evaluations) is int
    )
    assert fit.status in STATUSES and fit.message
    assert "problem" not in repr(fit) and "starts" not in repr(fit)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.theta = None


def test_the_fields_are_those_of_the_problem_at_theta():
    fit = fit_problem()
    assert fit.objective == fit.problem(fit.theta)[0]
    proof = certify(fit.problem, fit.theta)
    assert (fit.stationarity, fit.is_local_maximum) == (proof.stationarity, proof.is_local_maximum)
    assert fit.converged and fit.stationarity <= STATIONARY


def test_converged_is_the_certificates_verdict_for_every_end():
    for seed in range(8):
        fit = fit_problem(2, 12, 1, seed, n_starts=4, rng=np.random.default_rng(seed))
        for start in fit.starts:
            assert not start.is_local_maximum or start.stationarity <= STATIONARY
            assert start.is_local_maximum == (start.status == "certified")
        assert fit.converged == fit.is_local_maximum


def test_starts_end_in_several_maxima_and_the_spread_shows_it():
    fit = fit_problem(4, 100, 1, 0, n_starts=8, rng=np.random.default_rng(0))
    values = [s.objective for s in fit.starts]
    assert max(values) - min(values) > 1e-4 and fit.objective == max(values)
    assert all(s.is_local_maximum for s in fit.starts)


def test_the_same_generator_gives_the_same_fit_and_another_another():
    one, two = (fit_problem(n_starts=3, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal([s.theta for s in one.starts], [s.theta for s in two.starts])
    other = fit_problem(n_starts=3, rng=np.random.default_rng(6))
    assert not np.array_equal(one.starts[0].theta, other.starts[0].theta)


def test_random_starts_are_the_models_own():
    objective, _, _ = ica_problem(3, 100, 1, 0)
    rng = np.random.default_rng(9)
    starts = np.stack([objective.model.random_start(rng) for _ in range(3)])
    given = fit_problem(start=starts)
    drawn = fit_problem(n_starts=3, rng=np.random.default_rng(9))
    assert [s.objective for s in given.starts] == [s.objective for s in drawn.starts]


def test_the_global_random_state_is_left_alone():
    # That the legacy state is not touched is the point.
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    fit_problem(n_starts=2, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_start_may_be_a_list_and_is_not_changed():
    start = [0.1, 0.0, 0.02, 0.2, -0.5]
    kept = list(start)
    assert fit_problem(2, 100, 1, 0, start=start).converged and start == kept


@pytest.mark.parametrize(
    "how, what",
    [
        ({}, "exactly one"),
        ({"start": np.ones(10), "n_starts": 2}, "exactly one"),
        ({"n_starts": 2}, "rng"),
        ({"n_starts": 2, "rng": 0}, "rng"),
        ({"n_starts": 2, "rng": np.random.RandomState(0)}, "rng"),
        ({"n_starts": 0, "rng": np.random.default_rng(0)}, "n_starts"),
        ({"n_starts": 2.0, "rng": np.random.default_rng(0)}, "n_starts"),
        ({"start": np.ones(9)}, "start"),
        ({"start": np.ones((2, 9))}, "start"),
        ({"start": np.ones((1, 2, 10))}, "start"),
        ({"start": np.ones((0, 10))}, "start"),
        ({"start": np.full(10, np.nan)}, "start"),
        ({"start": "here"}, "start"),
    ],
)
def test_bad_starts_are_refused_by_name(how, what):
    objective, _, _ = ica_problem(3, 100, 1, 0)
    with pytest.raises(ValueError, match=what):
        nr.fit_nce(objective.model, objective.noise, objective.x, objective.y, **how)
    with pytest.raises(ValueError, match=what):
        nr.fit_mle(objective.model, objective.x, **how)


def test_a_start_out_of_all_proportion_is_refused_without_a_warning():
    objective, _, _ = ica_problem(3, 100, 1, 0)
    model, noise, x, y = objective.model, objective.noise, objective.x, objective.y
    huge = np.append(np.eye(3).ravel(), 0.0)
    for size in (1e101, 1e160, 1e308):
        with pytest.raises(
            ValueError, match=r"^start: row 1 reaches 1e\+\d+; expected at most 1e\+100"
        ):
            nr.fit_nce(model, noise, x, y, start=[model.pack(np.eye(3), 0.0), size * huge])
        with pytest.raises(ValueError, match=r"^start: row 0 reaches"):
            nr.fit_mle(model, x, start=size * huge)
        with pytest.raises(ValueError, match=r"^start: row 0 reaches"):
            nr.fit_importance_sampling(model, noise, x, y, start=size * huge)
    # Below, it may not arrive, but it says so, and warns of nothing.
    for fit in (
        nr.fit_nce(model, noise, x, y, start=1e99 * huge),
        nr.fit_mle(model, x, start=1e99 * huge),
    ):
        assert math.isfinite(fit.objective)
        assert not fit.converged or fit.stationarity < 1e-8


def test_a_start_where_the_objective_is_not_finite_is_refused():
    for value in (-math.inf, math.nan):
        nowhere = (value, np.zeros(2))
        with pytest.raises(
            ValueError,
            match=rf"^start: row 0 has the objective {value}; expected a start where it is finite",
        ):
            fit_from(
                lambda theta, nowhere=nowhere: nowhere, [np.ones(2)], complete=lambda theta: theta
            )
