"""first_order.py: L-BFGS ends where the gradient vanishes, says how far that is in its own metric, and claims no
maximum."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref.optimize.certificate import STATUSES
from nce_ref.optimize.first_order import (
    SMALL_DECREMENT,
    gradient_certificate,
    maximize_first_order,
)


class Quadratic:
    """J = -1/2 (theta - middle).A (theta - middle), A diagonal."""

    def __init__(self, curvatures, middle=0.0):
        self.curvatures, self.middle = np.array(curvatures), middle
        self.n_data, self.n_params = 1, len(self.curvatures)

    def __call__(self, theta):
        d = theta - self.middle
        return -0.5 * float(d @ (self.curvatures * d)), -self.curvatures * d


def distance(objective, theta):
    """The true decrement."""
    d = theta - objective.middle
    return math.sqrt(float(d @ (objective.curvatures * d)))


@pytest.mark.parametrize("spread", [1.0, 1e2, 1e4])
def test_it_ends_at_the_maximum_and_its_decrement_is_the_true_one_or_small(spread):
    objective = Quadratic(np.geomspace(1.0, spread, 50), middle=1.0)
    end, decrement = maximize_first_order(objective, np.zeros(50))
    assert end.finished and decrement <= SMALL_DECREMENT
    assert distance(objective, end.theta) < 1e-5
    proof = gradient_certificate(objective, end.theta, decrement)
    assert proof.status == "stationary" and proof.status in STATUSES
    assert not proof.is_local_maximum and proof.radius == math.inf


@pytest.mark.parametrize("off", [0.0, 1e-16])
def test_a_start_at_the_maximum_is_stationary(off):
    """No step is taken there: the metric is the curvature along the gradient."""
    objective = Quadratic(np.full(5, 4.0))
    end, decrement = maximize_first_order(objective, np.full(5, off))
    assert end.finished and decrement == pytest.approx(distance(objective, end.theta), abs=1e-20)


def test_a_gradient_without_curvature_is_not_small_for_being_tiny():
    """J = 1e-15 theta: the step that is left has no length that is known."""

    class Slope(Quadratic):
        def __call__(self, theta):
            return 1e-15 * float(theta[0]), np.array([1e-15])

    end, decrement = maximize_first_order(Slope([1.0]), np.zeros(1))
    proof = gradient_certificate(Slope([1.0]), end.theta, decrement)
    assert decrement == math.inf and proof.status == "not stationary"


def test_a_value_that_is_not_finite_is_stepped_back_from():
    class Half(Quadratic):
        """ln theta - theta, for theta > 0; NaN, -inf and ValueError beyond."""

        calls = 0

        def __call__(self, theta):
            if theta[0] <= 0.0:
                Half.calls += 1
                if Half.calls % 3 == 0:
                    raise ValueError("theta: outside")
                return (math.nan, -math.inf)[Half.calls % 2], np.array([math.nan])
            return math.log(theta[0]) - theta[0], np.array([1.0 / theta[0] - 1.0])

    end, decrement = maximize_first_order(Half([1.0]), np.array([20.0]))
    assert Half.calls > 0 and end.finished
    assert end.theta[0] == pytest.approx(1.0, abs=1e-5) and decrement <= SMALL_DECREMENT


def test_a_gradient_that_is_not_finite_is_told():
    class Wild(Quadratic):
        def __call__(self, theta):
            return math.inf, np.array([math.nan])

    assert gradient_certificate(Wild([1.0]), np.zeros(1), 0.0).status == "diverged"
