"""quasi_newton.py: SciPy's L-BFGS-B, its sign, its count, and that it is what it claims: no certified optimiser."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

import nce_ref as nr
from nce_ref.optimize import certify, maximize_lbfgs
from tests.optimize.kinked_problems import Counting, ica_problem


def gaussian_problem():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((400, 2))
    noise = nr.GaussianNoise.from_data(x)
    return nr.NCEObjective(nr.Gaussian(2), noise, x, noise.sample(1000, rng))


def test_a_smooth_objective_is_maximised():
    objective = gaussian_problem()
    end = maximize_lbfgs(objective, np.array([0.5, 0.1, 2.0, 0.0]))
    assert end.finished and end.value == objective(end.theta)[0]
    # L-BFGS-B's default pgtol.
    assert np.abs(objective(end.theta)[1]).max() <= 1e-5


def test_it_is_scipys_run_on_the_kinks_as_they_are():
    objective, start, _ = ica_problem(3, 300, 1, 0)
    counting = Counting(objective)
    end = maximize_lbfgs(counting, start)
    plain = minimize(
        lambda t: tuple(-np.asarray(v) for v in objective(t)), start, jac=True, method="L-BFGS-B"
    )
    assert end.n_evaluations == plain.nfev == len(counting.values)
    np.testing.assert_array_equal(end.theta, plain.x)
    assert end.value == -plain.fun


def test_the_iteration_limit_is_kept_and_told():
    objective, start, _ = ica_problem(4, 300, 1, 0)
    end = maximize_lbfgs(objective, start, max_iterations=2)
    assert not end.finished
    assert end.value >= objective(start)[0]


def test_its_end_on_kinks_is_no_maximum_by_the_certificate():
    objective, start, _ = ica_problem(4, 300, 1, 0)
    assert certify(objective, maximize_lbfgs(objective, start).theta).status == "not stationary"
