"""noise_choice/optimum.py: minima that are known, minima that are bracketed, and none on the grid below them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paper_replication.noise_choice import optimum as module
from paper_replication.noise_choice.criterion import PROBLEMS, TARGETS, budget_error, equal_error
from paper_replication.noise_choice.optimum import best_nu, find_optima
from paper_replication.noise_choice.study import compute
from paper_replication.noise_choice.text import is_equal


@pytest.fixture(scope="module")
def optima():
    evidence = compute()
    return evidence.joint, evidence.at_one


def bowl(problem, target, point, step=0.0):
    """A planted criterion with its minima at x = 0.7 and, higher, at x = -0.7; ln nu = -0.3 + x/10."""
    x, log_nu = point
    return 3.0 + (x**2 - 0.49) ** 2 - 0.05 * x + 2.0 * (log_nu + 0.3 - 0.1 * x) ** 2


def test_known_minima_are_found(monkeypatch):
    monkeypatch.setattr(module, "_value", bowl)
    roots = np.sort(np.roots([4.0, 0.0, -4.0 * 0.49, -0.05]).real)
    found = find_optima(PROBLEMS[0], "free")
    assert len(found) == 2 and found[0].error < found[1].error
    for one, x in zip(found, (roots[2], roots[0])):
        assert math.log(one.parameter) == pytest.approx(x, abs=max(one.location_error, 1e-10))
        assert math.log(one.nu) == pytest.approx(-0.3 + 0.1 * x, abs=max(one.location_error, 1e-10))
        assert one.location_error < 1e-7 and one.curvature > 0.0


def test_every_optimum_is_bracketed_to_three_digits(optima):
    """E half a unit of the third digit away, on either side of either coordinate, is larger by more than quadrature's
    1e-12.

    The other coordinate is taken at its best there (nu) or the first-order move is covered by the positive Hessian.
    """
    joint, at_one = optima
    for one in joint + at_one:
        assert one.curvature > 1e-3 and one.location_error < 5e-8
        shift = 5e-4 if one.problem.moves == "mean" else 5e-4 * one.parameter
        for sign in (1.0, -1.0):
            if one in joint:
                beside = best_nu(one.problem, one.target, one.parameter + sign * shift)[1]
                assert budget_error(
                    one.problem, one.target, one.parameter, one.nu * (1.0 + 5e-4 * sign)
                ) > one.error * (1.0 + 1e-11)
            else:
                beside = budget_error(one.problem, one.target, one.parameter + sign * shift, 1.0)
            assert beside > one.error * (1.0 + 1e-11)


def test_no_point_of_a_finer_grid_is_below(optima):
    best = {}
    for one in optima[0]:
        best.setdefault((one.problem, one.target), one.error)
    for (problem, target), error in best.items():
        xs = (
            np.geomspace(0.03, 60.0, 80)
            if problem.moves == "variance"
            else np.linspace(-4.0, 4.0, 80)
        )
        assert (
            min(
                budget_error(problem, target, x, nu)
                for x in xs
                for nu in np.geomspace(0.05, 20.0, 31)
            )
            >= error
        )


def test_noise_equal_to_data_is_the_optimum_in_two_cases_only(optima):
    """The mean model with c free, among shifted noises. Everywhere else something is saved: by how much, from E
    itself."""
    equal = set()
    for problem in PROBLEMS:
        for target in TARGETS:
            one = next(o for o in optima[0] if o.problem == problem and o.target == target)
            if is_equal(one):
                equal.add((problem.name, target))
                assert one.nu == pytest.approx(1.0, abs=1e-9)
                for m in (1e-2, 0.1, -0.5):  # and it is strict
                    assert best_nu(problem, target, m)[1] > one.error * (1.0 + 0.1 * m**2)
            else:
                saved = 1.0 - budget_error(problem, target, one.parameter, one.nu) / equal_error(
                    problem, target
                )
                assert saved == pytest.approx(1.0 - one.relative, abs=1e-12) and saved > 0.1
    assert equal == {
        ("mean model, noise of other mean", "free"),
        ("mean model, noise of other mean", "both"),
    }


def test_an_edge_of_the_range_is_no_minimum():
    values = np.array([[1.0], [2.0], [1.5], [3.0], [0.5]])
    np.testing.assert_array_equal(
        module._below_neighbours(values, False)[:, 0], [False, False, True, False, False]
    )
    np.testing.assert_array_equal(
        module._below_neighbours(values, True)[:, 0], [True, False, True, False, False]
    )
