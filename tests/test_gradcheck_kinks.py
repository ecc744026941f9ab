"""gradcheck.py beside and on kinks: stencils that cross one are left out, and what cannot be checked is said."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref._ladder import EPS
from nce_ref.gradcheck import (
    AGREES,
    DISAGREES,
    NOT_CHECKED,
    UNRESOLVED,
    check_gradient,
    complex_step,
)
from tests.textbook_nce import SQRT2, Planted, TextbookNCE, real_only


def objective_beside_a_kink(distance):
    """2000 data and 5000 noise points; b_0 is moved so that the kink of one data point lies ``distance`` from B[0,
    0]."""
    objective = TextbookNCE(n=2, n_data=2_000, n_noise=5_000, seed=1)
    b, x = objective.theta[:2], objective.x
    t = np.argmin(np.abs(x @ b))
    objective.theta[:2] -= (x[t] @ b - distance * x[t, 0]) * x[t] / (x[t] @ x[t])
    weight = 1.0 - objective.h(objective.theta, x[t : t + 1])[0]
    return objective, float(2.0 * SQRT2 * weight * abs(x[t, 0]) / len(x))


def test_kink_beside_theta_fools_a_plain_difference_and_not_the_check():
    # At distance 0.3 h the step crosses with 0.7 h: a central difference is off by 0.35 of the slope's jump, here
    # beyond 1e-6, though the gradient is right to rounding (mistakes.md: 4.7e-5 at h = 1e-6 with 1e5 points).
    h = 1e-6
    objective, jump = objective_beside_a_kink(0.3 * h)
    exact = objective.gradient(objective.theta)
    step = np.array([h, 0.0, 0.0, 0.0, 0.0])
    plain = (objective.value(objective.theta + step) - objective.value(objective.theta - step)) / (
        2.0 * h
    )
    rounding = 100.0 * EPS * abs(objective.value(objective.theta)) / h
    assert abs(plain - exact[0]) >= 0.35 * jump - rounding > 1e-6, (
        "a plain check would have raised a false alarm"
    )

    report = check_gradient(real_only(objective), objective.theta, kinks=objective.kinks)
    assert report.ok, str(report)
    assert report.coordinates[0].step < 0.3 * h and "cross a kink" in report.coordinates[0].note
    assert "cross a kink" not in report.coordinates[4].note  # c moves no kink
    assert np.abs(complex_step(objective.value, objective.theta) - exact).max() <= 1e-13

    def spoil(objective, theta):
        return objective.gradient(theta) + [1e-5, 0.0, 0.0, 0.0, 0.0]

    wrong = check_gradient(
        real_only(Planted(objective, spoil)), objective.theta, kinks=objective.kinks
    )
    assert wrong.indices(DISAGREES) == (0,), str(wrong)


def absolute(theta):
    return np.abs(theta).sum() + theta[0] ** 2, np.sign(theta) + np.append(
        2.0 * theta[0], np.zeros(len(theta) - 1)
    )


def test_theta_on_a_kink_is_reported_not_passed():
    theta = np.array([0.7, 0.0])
    report = check_gradient(real_only(absolute), theta, kinks=lambda t: t)
    assert [c.status for c in report.coordinates] == [AGREES, NOT_CHECKED]
    assert (
        not report.ok
        and "kink" in report.coordinates[1].note
        and "theta[1]: NOT CHECKED" in str(report)
    )
    assert check_gradient(real_only(absolute), theta, kinks=lambda t: t, allow_unchecked=True).ok
    assert not check_gradient(
        real_only(absolute), [0.0, 0.0], kinks=lambda t: t, allow_unchecked=True
    ).ok  # nothing was checked at all


@pytest.mark.parametrize("jump", [1.0, 1e-2, 1e-4])
def test_theta_on_a_kink_is_suspected_without_being_told(jump):
    def fun(theta):
        return np.sin(theta[0] + 1.0) + jump * np.abs(theta[0]), np.array(
            [np.cos(theta[0] + 1.0) + jump * np.sign(theta[0])]
        )

    report = check_gradient(real_only(fun), [0.0])
    assert (
        report.coordinates[0].status == NOT_CHECKED
        and "kink suspected" in str(report)
        and not report.ok
    )


@pytest.mark.parametrize("distance", 10.0 ** np.arange(-9.0, 0.0))
def test_kink_at_any_distance_raises_no_false_alarm_without_being_told(distance):
    def fun(theta):
        u = theta[0] - 1.0 + distance
        return np.cos(theta[0]) + np.abs(u), np.array([-np.sin(theta[0]) + np.sign(u)])

    # Three rungs must fit beside the kink: h <= distance / 16, and 11 * 1.5 EPS * 2.5 / h <= 1e-5 * |slope| with slope
    # 0.16.
    status = check_gradient(real_only(fun), [1.0]).coordinates[0].status
    assert status == AGREES if distance > 2e-7 else status in (AGREES, UNRESOLVED)
    assert (
        check_gradient(real_only(fun), [1.0], kinks=lambda t: t - 1.0 + distance).indices(DISAGREES)
        == ()
    )
