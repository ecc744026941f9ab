"""watched.py through the fits: a budget and Ctrl-C leave the best so far, whatever evaluation they fall on; nothing
else is changed by them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr
from tests.optimize.kinked_problems import ica_problem


class Stops:
    """A model that raises KeyboardInterrupt at its k-th evaluation, and at every one after it if ``always``."""

    def __init__(self, model, k, always=False):
        self._model, self._left, self._always = model, [k], always

    def __getattr__(self, name):
        return getattr(self._model, name)

    def _count(self):
        self._left[0] -= 1
        if self._left[0] == 0 or (self._always and self._left[0] < 0):
            raise KeyboardInterrupt

    def evaluate(self, theta, u):
        self._count()
        return self._model.evaluate(theta, u)

    def score_matching(self, theta, u, slope):
        self._count()
        return self._model.score_matching(theta, u, slope)

    def smoothed(self, epsilon):
        other = self._model.smoothed(epsilon)
        if other is self._model:
            return self
        stops = Stops(other, 0, self._always)
        stops._left = self._left
        return stops


class Quartic:
    """Two functions, as a stranger writes them."""

    n_dim, n_params = 1, 3

    def __init__(self, k=0):
        self.left = k

    def log_density(self, theta, u):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return theta[0] * u[:, 0] ** 2 - theta[1] ** 2 * u[:, 0] ** 4 + theta[2]

    def jacobian(self, theta, u):
        return np.column_stack([u[:, 0] ** 2, -2 * theta[1] * u[:, 0] ** 4, np.ones(len(u))])


OBJECTIVE, START, _ = ica_problem(2, 120, 2, 0)
STARTS = np.stack([START, START + 0.3])
X, Y = OBJECTIVE.x, OBJECTIVE.y
NOISE = nr.GaussianNoise([0.0, 0.0], [[2.0, 0.3], [0.3, 1.0]])
WEIGHT = nr.PowerWeight(-0.5)

FITS = {
    "nce": lambda model, **o: nr.fit_nce(model, NOISE, X, Y, start=STARTS, checks=False, **o),
    "mle": lambda model, **o: nr.fit_mle(model, X, start=STARTS, **o),
    "score matching": lambda model, **o: nr.fit_score_matching(model, X, start=STARTS, **o),
    "weighted": lambda model, **o: nr.fit_weighted(model, NOISE, X, Y, WEIGHT, start=STARTS, **o),
    "ranking": lambda model, **o: nr.fit_ranking_nce(
        model, NOISE, X, Y.reshape(len(X), -1, 2), start=STARTS, **o
    ),
    "importance": lambda model, **o: nr.fit_importance_sampling(
        model, NOISE, X, Y, start=STARTS, **o
    ),
}


@pytest.fixture(scope="module", params=FITS)
def case(request):
    run = FITS[request.param]
    return run, run(nr.LaplaceICA(2))


def value(fit, theta):
    return fit.problem(theta[: fit.problem.n_params])[0]


@pytest.mark.parametrize("always", [False, True], ids=["once", "again and again"])
def test_ctrl_c_at_any_evaluation_leaves_the_best_so_far(case, always):
    run, whole = case
    if always and run is FITS["importance"]:
        pytest.skip("its c and its weights are computed at the end: a second Ctrl-C there ends it")
    if always:
        with pytest.raises(KeyboardInterrupt):  # before the first value there is nothing to lose
            run(Stops(nr.LaplaceICA(2), 1, always))
    first, found = value(whole, STARTS[0]), []
    for k in [*([] if always else [1, 2]), 3, 4, 5, *range(8, 600, 13)]:
        fit = run(Stops(nr.LaplaceICA(2), k, always))
        if fit.status != "interrupted":
            assert np.array_equal(fit.theta, whole.theta)
            break
        assert np.isfinite(fit.theta).all() and fit.n_evaluations <= whole.n_evaluations
        assert value(whole, fit.theta) == pytest.approx(fit.objective, rel=1e-12)
        assert fit.objective >= first - 1e-12 and "stopped by hand after" in fit.message
        best = max(fit.starts, key=lambda s: s.objective)
        assert fit.is_local_maximum == best.is_local_maximum == fit.converged
        found.append(fit.objective)
    assert len(found) > 5 and max(found) > first + 0.5 * (whole.objective - first)


def test_a_budget_is_kept_and_enough_of_it_changes_nothing(case):
    run, whole = case
    n = whole.n_evaluations
    same = run(nr.LaplaceICA(2), max_evaluations=n)
    assert np.array_equal(same.theta, whole.theta) and same.status == whole.status
    last = -math.inf
    for limit in (1, 2, n // 4, whole.starts[0].n_evaluations, n - 1):
        fit = run(nr.LaplaceICA(2), max_evaluations=limit)
        assert fit.status == "budget spent" and fit.n_evaluations <= limit
        assert f"max_evaluations = {limit}" in fit.message
        assert fit.objective >= last - 1e-12  # the longer the better, along one way
        last = fit.objective
    assert len(run(nr.LaplaceICA(2), max_evaluations=n - 1).starts) == 2


def test_the_count_is_the_climbers_own(case):
    """One evaluation less than the climb makes stops it: the watch counts what the climber counts."""
    run, whole = case
    first = whole.starts[0].n_evaluations
    fit = run(nr.LaplaceICA(2), max_evaluations=first)
    assert len(fit.starts) == 1 and fit.starts[0].status == whole.starts[0].status
    fit = run(nr.LaplaceICA(2), max_evaluations=first - 1)
    assert fit.starts[0].status == "budget spent"


def test_a_start_that_was_finished_keeps_its_verdict():
    whole = FITS["nce"](nr.LaplaceICA(2))
    limit = whole.starts[0].n_evaluations + 3
    fit = FITS["nce"](nr.LaplaceICA(2), max_evaluations=limit)
    assert [s.status for s in fit.starts] == ["certified", "budget spent"]
    assert fit.status == "budget spent" and fit.is_local_maximum and fit.converged
    assert "2 of 2 starts; the best so far: certified" in fit.message
    assert fit.evidence.startswith("a proof from an exact Hessian")
    nr.estimate_covariance(fit)


def test_two_functions_can_be_interrupted_in_the_fit_and_in_its_checks():
    rng = np.random.default_rng(0)
    noise = nr.GaussianNoise([0.0], [[1.5]])
    x, y = rng.standard_normal((300, 1)), noise.sample(900, rng)
    start = [-0.5, 0.1, -0.9]
    words, first = set(), nr.NCEObjective(Quartic(), noise, x, y)(start)[0]
    for k in range(1, 200):
        fit = nr.fit_nce(Quartic(k), noise, x, y, start=start)
        words.add((fit.status, fit.warnings))
        assert fit.objective >= first
        if k == 1:  # in the checks before the climb: its start is as far as it came
            assert np.array_equal(fit.theta, start) and fit.n_evaluations == 0
        if fit.status != "interrupted" and not fit.warnings:
            break
    assert words == {
        ("passed", ("the checks of the inputs were stopped by hand",)),
        ("interrupted", ()),
        ("passed", ()),
    }


def test_a_callback_may_stop_it_as_well():
    kept = []

    def watch(theta):
        kept.append(theta)
        if len(kept) == 4:
            raise KeyboardInterrupt

    fit = nr.fit_nce(nr.Gaussian(2), NOISE, X, Y, start=[1.0, 0.0, 1.0, 0.0], callback=watch)
    assert fit.status == "interrupted" and len(kept) == 4
    np.testing.assert_array_equal(fit.theta, kept[-1])
    again = nr.fit_nce(nr.Gaussian(2), NOISE, X, Y, start=fit.theta)
    assert again.status == "certified" and again.objective > fit.objective


def test_contrastive_divergence_keeps_its_average():
    whole = nr.fit_contrastive_divergence(
        nr.Gaussian(1), X[:, :1], rng=np.random.default_rng(1), start=[1.0, 0.0], max_steps=12
    )

    class Interrupted(nr.Gaussian):
        left = 60

        def score(self, theta, u):
            Interrupted.left -= 1
            if Interrupted.left == 0:
                raise KeyboardInterrupt
            return super().score(theta, u)

    fit = nr.fit_contrastive_divergence(
        Interrupted(1), X[:, :1], rng=np.random.default_rng(1), start=[1.0, 0.0], max_steps=12
    )
    assert fit.status == "interrupted" and 0 < fit.n_steps < whole.n_steps == 12
    assert np.isfinite(fit.theta).all() and not fit.converged
    Interrupted.left = 1
    with pytest.raises(KeyboardInterrupt):
        nr.fit_contrastive_divergence(
            Interrupted(1), X[:, :1], rng=np.random.default_rng(1), start=[1.0, 0.0]
        )


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "ten"])
def test_a_budget_is_a_count(limit):
    with pytest.raises(ValueError, match="max_evaluations"):
        FITS["nce"](nr.LaplaceICA(2), max_evaluations=limit)
