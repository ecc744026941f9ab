"""benchmarks/coverage.py: what it counts, what it tells, and that it goes on where it stopped."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nce_ref as nr
from benchmarks import coverage


@pytest.mark.parametrize("name", coverage.PROBLEMS)
def test_the_truth_is_the_data_s_and_the_noise_s_problem_a_right_one(name):
    """The truth normalises, and the gradient of NCE vanishes there but for the sampling error: 4.5 deviations in any
    entry
    come once in 1e5 draws; an entry of the truth that is off by a tenth is 10 deviations or more away."""
    model, noise, truth, draw = coverage.PROBLEMS[name]()
    rng = np.random.default_rng(0)
    x, y = draw(20_000, rng), noise.sample(20_000 * coverage.NU, rng)
    fit = nr.fit_nce(model, noise, x, y, start=truth)
    assert fit.converged and fit.warnings == ()
    error = nr.estimate_covariance(fit).standard_errors
    assert (np.abs(fit.theta - truth) < 4.5 * error).all()
    assert 10.0 * error.max() < 1.0


def test_a_repetition_is_its_own_generator_s_and_holds_most_entries():
    found = [coverage.held("student", 500, k) for k in range(12)]
    assert found[3] == coverage.held("student", 500, 3)
    hits = np.array([one for one in found if one])
    assert hits.shape[1:] == (2, 4) and set(hits.ravel()) <= {0, 1}
    # 95 % of 96 entries: below 75 of them by chance less than once in 1e6, were they independent; half of them held
    # would be 48.
    assert hits.sum() > 75


def test_an_interval_that_misses_is_counted_as_such(monkeypatch):
    monkeypatch.setattr(coverage, "QUANTILE", 1e-9)
    assert not np.any(coverage.held("student", 500, 0))


def test_a_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    asked = []

    def held(name, n_data, repetition):
        asked.append(repetition)
        return [[1, 0], [1, 1]]

    monkeypatch.setattr(coverage, "held", held)
    monkeypatch.setattr(coverage, "PIECE", 2)
    path = tmp_path / "results.json"
    coverage.run("student", 100, 3, path)
    coverage.run("student", 100, 5, path)
    assert asked == [0, 1, 2, 3, 4]
    assert len(json.loads(path.read_text())["student 100"]) == 5


def test_the_table_says_the_mean_its_error_and_the_fits_without_an_interval(tmp_path):
    path = tmp_path / "results.json"
    # Four fits of two entries: shares 1, 1/2, 1 and, without a fit, 0: mean 62.5 %, deviation 0.4787, error 23.94 %.
    found = [[[1, 1], [1, 1]], [[1, 0], [1, 1]], [[1, 1], [1, 1]], []]
    path.write_text(json.dumps({"student 2000": found}))
    right, robust = coverage.table(path).splitlines()[2:]
    assert right == "| student | 2000 | right model | 4 | 1 | 62.50% | 23.94% | 50.00% | 75.00% |"
    assert robust == "| student | 2000 | robust | 4 | 1 | 75.00% | 25.00% | 75.00% | 75.00% |"
