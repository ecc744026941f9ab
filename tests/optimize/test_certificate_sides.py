"""Maxima where kinks of the noise are met, and maxima that are not strict: what is certified there, and what it is
called."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.optimize import certificate, certify, maximize
from tests.optimize.kinked_problems import EPS, SQRT2


def around(objective, theta, count=2000, seed=0):
    """The largest rise of J over random points around, no farther than half the way to the next kink of the noise."""
    rng, value, rises = np.random.default_rng(seed), objective(theta)[0], []
    reach = min(1e-3, 0.5 * objective.expand(theta).kinks.clearance)
    for _ in range(count):
        d = rng.standard_normal(len(theta))
        d *= reach * 10.0 ** rng.uniform(-4, 0) / np.linalg.norm(d)
        rises.append(objective(theta + d)[0] - value)
    return max(rises)


def one_dimension(x, y):
    noise = nr.GaussianNoise([0.0], [[1.0]])
    return nr.NCEObjective(nr.LaplaceICA(1), noise, np.array(x)[:, None], np.array(y)[:, None])


def at_zero(objective):
    """b = 0 and the best c for it: (1.3) says sum of h over all points = n_data, so G = 0 on average."""
    theta = np.zeros(2)
    for _ in range(100):
        _, gradient = objective(theta)
        hessian = objective.second_order(theta)[2]
        theta[1] -= gradient[1] / hessian[1, 1]
    return theta


def test_a_row_of_zeros_is_a_maximum_in_one_dimension_where_the_data_lie_outside_of_the_noise():
    objective = one_dimension([5.0, 6.0, 5.5], [0.1, -0.2, 0.1])
    theta = at_zero(objective)
    proof = certify(objective, theta)
    assert proof.is_local_maximum and 0.0 < proof.radius < 1e-6, proof.reason
    assert around(objective, theta) <= 10 * EPS
    inside = one_dimension([0.1, -0.2, 0.1], [5.0, 6.0, 5.5])
    proof = certify(inside, at_zero(inside))
    assert proof.status == "zero row" and "rises from here" in proof.reason
    assert around(inside, at_zero(inside)) > 1e-5


def test_a_row_of_zeros_is_never_certified_beside_another_row():
    """((1 - e) b, e b) has the same density for all e in [0, 1]."""
    rng = np.random.default_rng(0)
    x, y = 3.0 + rng.standard_normal((40, 2)), rng.standard_normal((40, 2))
    objective = nr.NCEObjective(nr.LaplaceICA(2), nr.GaussianNoise(np.zeros(2), np.eye(2)), x, y)
    theta = maximize(objective, np.array([0.0, 0.0, 0.5, 0.5, -1.0])).theta
    theta[:2] = 0.0
    assert certify(objective, theta).status == "zero row"


def shared(n_data, n_shared, seed):
    """Data of which the first occur again among the noise, scaled: their kinks are the same hyperplanes."""
    rng = np.random.default_rng(seed)
    x = np.round(3.0 * rng.laplace(size=(n_data, 2)))
    y = np.concatenate([0.5 * x[:n_shared], 2.0 * rng.standard_normal((2 * n_data, 2))])
    noise = nr.GaussianNoise(np.zeros(2), 9.0 * np.eye(2))
    return nr.NCEObjective(nr.LaplaceICA(2), noise, x, y)


def ends_on_valleys():
    for seed in range(40):
        objective = shared(25, 8, seed)
        theta = maximize(objective, np.array([0.4, 0.1, -0.1, 0.4, -3.0])).theta
        if len(objective.expand(theta).kinks.valleys):
            yield objective, theta


def certified_are_maxima(judge):
    certified = 0
    for objective, theta in ends_on_valleys():
        proof = judge(objective, theta)
        if proof.is_local_maximum:
            certified += 1
            assert around(objective, theta) <= 100 * EPS
    assert certified >= 3, "a valley on a ridge is where integers meet"


def test_a_ridge_may_win_over_a_valley_on_the_same_hyperplane():
    certified_are_maxima(certify)


def test_certifying_valleys_that_win_is_seen(monkeypatch):
    """The plant: no side of the valleys is looked at."""
    monkeypatch.setattr(certificate, "_on_every_side", lambda here, theta: 0.0)
    objective = shared(25, 8, 0)
    theta = np.array([1.0, 0.0, 0.0, 1.0, -3.0])
    y = objective.y[-1]
    theta[:2] = [-y[1], y[0]]
    proof = certify(objective, theta)
    assert proof.is_local_maximum and around(objective, theta) > 1e-6


# ---- not strict ----------------------------------------------------------------------------------


def test_medians_of_an_even_number_of_points_are_a_plateau():
    """Row 2 may turn: |1 + s| + |-1 + s| = 2 for all |s| <= 1; the point on the axis holds row 1."""
    x = np.array([[1.0, 1.0], [1.0, -1.0], [0.0, 1.0]])
    objective = nr.LikelihoodObjective(nr.LaplaceICA(2), x)
    B = np.diag([1.0 / (SQRT2 * 2.0 / 3.0), 1.0 / SQRT2])
    proof = certify(objective, B.ravel())
    assert proof.status == "plateau" and not proof.is_local_maximum and "not strict" in proof.reason
    for s in (-0.9, -0.1, 0.4, 0.9):
        turned = B.copy()
        turned[1] += s * np.array([B[1, 1], 0.0])
        assert abs(objective(turned.ravel())[0] - objective(B.ravel())[0]) <= 10 * EPS
    # One more point on the other axis, and the median is one.
    held = nr.LikelihoodObjective(nr.LaplaceICA(2), np.concatenate([x, [[1.0, 0.0]]]))
    B = np.diag([1.0 / (SQRT2 * 3.0 / 4.0), 1.0 / (SQRT2 * 3.0 / 4.0)])
    assert certify(held, B.ravel()).is_local_maximum
    # Without the first, both rows turn, and L rises along one turn or the other.
    free = nr.LikelihoodObjective(nr.LaplaceICA(2), x[:2])
    assert certify(free, np.eye(2).ravel() / SQRT2).status == "saddle"


@pytest.mark.parametrize("model", [nr.LaplaceICA(2), nr.Gaussian(2)])
def test_parameters_that_no_point_feels_make_a_plateau_not_a_maximum_at_infinity(model):
    """All points on an axis: J does not see what acts on the other coordinate."""
    rng = np.random.default_rng(1)
    x, y = rng.laplace(size=(80, 1)), 1.5 * rng.standard_normal((80, 1))
    zero = np.zeros((80, 1))
    noise = nr.GaussianNoise(np.zeros(2), 2.0 * np.eye(2))
    objective = nr.NCEObjective(model, noise, np.hstack([x, zero]), np.hstack([y, zero]))
    start = model.pack(np.eye(2), -1.0)
    theta = maximize(objective, start).theta
    if isinstance(
        model, nr.LaplaceICA
    ):  # two rows share one coordinate; a zero row would be its own status
        theta[[0, 2]] = 0.5 * (abs(theta[0]) + abs(theta[2]))
    proof = certify(objective, theta)
    assert proof.status == "plateau" and not proof.is_local_maximum, (proof.status, proof.reason)
