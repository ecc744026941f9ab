"""Certificates do not hang on units, axes, the order of points, or the order and signs of B's rows; and what they prove
is true.

Each problem is solved once, in plain units. Its maximum is moved, as exactly as float64 allows, and certified there.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from scipy.optimize import linprog

import nce_ref as nr
from nce_ref.objectives.importance_sampling import ImportanceSamplingObjective
from nce_ref.objectives.weighted import WeightedObjective
from nce_ref.optimize import certify, maximize
from nce_ref.optimize.slopes import directional_derivative
from nce_ref.weights import PowerWeight
from tests.optimize.kinked_problems import PAIR, symmetric_likelihood

ESTIMATORS = ["nce", "mle", "weighted", "importance"]
SHAPES = ["plain", "duplicated", "integer", "symmetric", "heavy", "gaussian"]


def build(estimator, model, x, y, mean, cov):
    """The objective of one estimator; ln p_n is that of N(mean, cov)."""
    noise = nr.GaussianNoise(mean, cov)
    if estimator == "mle":
        return nr.LikelihoodObjective(model, x)
    if estimator == "nce":
        return nr.NCEObjective(model, noise, x, y)
    if estimator == "weighted":
        return WeightedObjective(model, noise, x, y, PowerWeight(-0.5))
    return ImportanceSamplingObjective(model, noise, x, y)


@functools.cache
def solved(estimator, shape):
    """(model, x, y, mean, cov, theta with c): theta is where the climb ends."""
    rng = np.random.default_rng([ESTIMATORS.index(estimator), SHAPES.index(shape)])
    n, n_data = 3, 120
    model = nr.Gaussian(n) if shape == "gaussian" else nr.LaplaceICA(n)
    x = rng.laplace(size=(n_data, n)) @ (np.eye(n) + 0.3 * rng.standard_normal((n, n)))
    if shape == "duplicated":
        x = x[rng.integers(0, 60, n_data)]
    elif shape == "integer":
        x = np.round(3.0 * x)
    elif shape == "symmetric":
        x = np.concatenate([x[:60], -x[:60]])
    elif shape == "heavy":
        x[:3] *= 1e3
    mean, cov = x.mean(axis=0), np.cov(x.T)
    y = rng.multivariate_normal(mean, cov, 3 * n_data)
    objective = build(estimator, model, x, y, mean, cov)
    start = (
        model.pack(np.linalg.inv(np.linalg.cholesky(cov)), 0.0)
        if shape != "gaussian"
        else model.pack(np.linalg.inv(cov), 0.0)
    )
    theta = maximize(objective, start[: objective.n_params]).theta
    return model, x, y, mean, cov, np.append(theta, np.zeros(model.n_params - len(theta)))


def moved(estimator, shape, matrix=None, order=None, rows=None):
    """(objective, theta) of the points matrix u in another order, the rows of B permuted and turned in sign."""
    model, x, y, mean, cov, theta = solved(estimator, shape)
    n = len(mean)
    matrix = np.eye(n) if matrix is None else matrix
    P, c = model.unpack(theta)
    inverse = np.linalg.inv(matrix)
    if shape == "gaussian":
        P = inverse.T @ P @ inverse
        P = 0.5 * (P + P.T)
    else:
        P = P @ inverse
        P = P if rows is None else rows[1][:, None] * P[rows[0]]
    c -= np.log(abs(np.linalg.det(matrix)))
    x, y = x @ matrix.T, y @ matrix.T
    if order is not None:
        x, y = x[order.permutation(len(x))], y[order.permutation(len(y))]
    objective = build(estimator, model, x, y, matrix @ mean, matrix @ cov @ matrix.T)
    return objective, model.pack(P, c)[: objective.n_params]


# Importance weights collapse on a few noise points where the data have outliers: there is no such maximum to certify.
ALL = [(e, s) for e in ESTIMATORS for s in SHAPES if (e, s) != ("importance", "heavy")]


@pytest.mark.parametrize("estimator, shape", ALL)
def test_the_climb_ends_are_certified_in_plain_units(estimator, shape):
    proof = certify(*moved(estimator, shape))
    assert proof.is_local_maximum, (proof.status, proof.reason)
    assert 0.0 < proof.radius <= 1e-6


@pytest.mark.parametrize("power", [-12, -9, -5, 4, 9, 12])
@pytest.mark.parametrize("estimator, shape", ALL)
def test_units_do_not_matter(estimator, shape, power):
    there = certify(*moved(estimator, shape, 10.0**power * np.eye(3)))
    assert there.is_local_maximum, (there.status, there.reason)
    # Rounding moves lattice points off their lattice: kinks that met do so to 1e-16 of the data only, whose root is
    # what a radius keeps.
    assert there.radius <= (1e-7 if shape == "integer" else 1e-9)


@pytest.mark.parametrize("estimator", ["nce", "mle"])
@pytest.mark.parametrize("shape", ["plain", "gaussian"])
def test_units_of_single_coordinates_do_not_matter(estimator, shape):
    objective, theta = moved(estimator, shape, np.diag([2.0**-12, 1.0, 2.0**10]))
    assert certify(objective, theta).is_local_maximum


@pytest.mark.parametrize("estimator, shape", ALL)
def test_order_signs_and_axes_do_not_matter(estimator, shape):
    rng = np.random.default_rng(1)
    for _ in range(3):
        proof = certify(*moved(estimator, shape, order=rng))
        assert proof.is_local_maximum, proof.reason
        rows = rng.permutation(3), rng.choice([-1.0, 1.0], 3)
        assert certify(*moved(estimator, shape, rows=rows)).is_local_maximum
        turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        proof = certify(*moved(estimator, shape, turn))
        assert proof.is_local_maximum, (proof.status, proof.reason)


LATTICE = [
    (0.0, 1.0, 2.0),
    (2.0, 0.0, 1.0),
    (1.0, 2.0, 0.0),
    (0.0, 1.0, 1.0),
    (1.0, 0.0, 1.0),
    (1.0, 1.0, 0.0),
    (0.0, 2.0, 1.0),
]


def test_lattice_data_are_certified_in_any_order_and_the_multipliers_follow_the_points():
    """More ridges than directions across: many multipliers are valid, and the chosen ones belong to the points, not to
    their order."""
    objective, B = symmetric_likelihood(LATTICE)
    x, rng = objective.x, np.random.default_rng(0)
    theta = maximize(objective, (B + 0.01 * rng.standard_normal((3, 3))).ravel()).theta
    mu, rank = {}, 0
    for _ in range(5):
        order = rng.permutation(len(x))
        again = nr.LikelihoodObjective(objective.model, x[order])
        proof, kinks = certify(again, theta), again.expand(theta).kinks
        assert proof.is_local_maximum, proof.reason
        rank = np.linalg.matrix_rank(kinks.directions)
        assert len(kinks.weights) > rank == 6
        for a, one in zip(np.round(kinks.directions, 6), proof.multipliers, strict=True):
            np.testing.assert_allclose(mu.setdefault(tuple(a + 0.0), one), one, atol=1e-9)
    assert np.abs(list(mu.values())).max() < 0.999


MEDIANS = np.array([[1.0, 1.0], [1.0, -1.0], [0.0, 1.0]])


@pytest.mark.parametrize("power", [-12, -5, 0, 5, 12])
@pytest.mark.parametrize("status", ["saddle", "plateau", "certified"])
def test_what_a_point_is_called_does_not_depend_on_units_order_or_rows(status, power):
    """A saddle that no kink blocks, medians of an even number of points, and the saddle blocked by kinks."""
    if status == "plateau":
        x, B = MEDIANS, np.diag([3.0, 2.0]) / np.sqrt(8.0)
    else:
        points = PAIR if status == "saddle" else [*PAIR, (0.0, 1.0), (1.0, 0.0)]
        objective, B = symmetric_likelihood(points)
        x = objective.x
    rng, scale = np.random.default_rng(0), 10.0**power
    for _ in range(4):
        rows, signs = rng.permutation(2), rng.choice([-1.0, 1.0], 2)
        again = nr.LikelihoodObjective(nr.LaplaceICA(2), scale * x[rng.permutation(len(x))])
        proof = certify(again, (signs[:, None] * B[rows] / scale).ravel())
        assert proof.status == status, proof.reason


# ---- what is certified is true -------------------------------------------------------------------


def steepest_slope(here):
    """max J'(theta; d) over |d_j| <= 1 in unit coordinates, by a linear programme: d and t_k >= |a_k.d|."""
    a, w = here.kinks.directions, here.kinks.weights
    size = 1.0 / (np.sqrt(np.abs(np.diag(here.hessian))) + np.abs(a).T @ w)
    g, a = here.gradient * size, a * size
    k, n = a.shape
    rows = np.block([[a, -np.eye(k)], [-a, -np.eye(k)]])
    solved_ = linprog(
        np.r_[-g, w], A_ub=rows, b_ub=np.zeros(2 * k), bounds=[(-1.0, 1.0)] * n + [(0.0, None)] * k
    )
    assert solved_.status == 0
    return -solved_.fun


@pytest.mark.parametrize("estimator, shape", ALL)
def test_no_direction_rises_from_a_certified_point(estimator, shape):
    """To first order, by a programme that knows no multipliers; and to second, by values at 500 points around."""
    objective, theta = moved(estimator, shape)
    here = objective.expand(theta)
    # Slopes are sums of terms of size 1 here; the programme is right to 1e-7 of them.
    assert steepest_slope(here) <= 1e-6
    rng = np.random.default_rng(0)
    metric = np.abs(np.diag(here.hessian)) + 1e-12
    value = objective(theta)[0]
    along = np.linalg.svd(here.kinks.directions)[2][len(here.kinks.directions) :]
    for k in range(500):
        d = rng.standard_normal(len(theta)) / np.sqrt(metric)
        if k % 2 and len(along):
            d = along.T @ rng.standard_normal(len(along))
        d *= min(10.0 ** rng.uniform(-6, -3), 0.5 * here.kinks.clearance) / np.linalg.norm(d)
        assert objective(theta + d)[0] <= value + 1e-13 * (1.0 + abs(value))


@pytest.mark.parametrize("estimator", ["nce", "mle"])
def test_a_point_that_is_no_maximum_is_refused_in_every_unit(estimator):
    """theta off by 1e-6 of itself: J rises from there by some 1e-12, which the programme sees as a slope."""
    for power in (-12, 0, 12):
        objective, theta = moved(estimator, "plain", 10.0**power * np.eye(3))
        theta = theta * (1.0 + 1e-5 * np.random.default_rng(0).standard_normal(len(theta)))
        proof = certify(objective, theta)
        assert not proof.is_local_maximum and proof.status == "not stationary"
        here = objective.expand(theta)
        assert steepest_slope(here) > 1e-7
        assert directional_derivative(here, here.gradient) > 0.0


def distance(estimator, shape, objective, theta, maximum):
    """From theta to the maximum, in the metric that ``Certificate.radius`` is told in."""
    d = theta - maximum
    if estimator != "mle":
        return float(np.sqrt(max(0.0, -d @ objective.expand(maximum).hessian @ d)))
    if shape == "gaussian":
        unpack = nr.Gaussian(3).unpack
        factor = np.linalg.cholesky(unpack(np.append(maximum, 0.0))[0])
        half = np.linalg.solve(factor, unpack(np.append(d, 0.0))[0])
        return float(np.linalg.norm(np.linalg.solve(factor, half.T)))
    B, D = maximum.reshape(3, 3), d.reshape(3, 3)
    return float(np.linalg.norm(np.linalg.solve(B.T, D.T)))


def radii_hold(judge):
    """Points up to 1e-3 off the maximum, and off its kinks: whichever is certified has it within its radius."""
    certified = near = 0
    for estimator in ("nce", "mle", "weighted"):
        for shape in ("plain", "integer", "gaussian"):
            rng = np.random.default_rng(2)
            objective, maximum = moved(estimator, shape)
            inner = certify(objective, maximum).radius
            for size in 10.0 ** rng.uniform(-16, -3, 60):
                theta = maximum * (1.0 + size * rng.standard_normal(len(maximum)))
                proof = judge(objective, theta)
                if proof.is_local_maximum:
                    certified += 1
                    near += distance(estimator, shape, objective, theta, maximum) > 1e-12
                    # Twice: either radius may be counted from either point, in metrics that agree to their size.
                    assert distance(estimator, shape, objective, theta, maximum) <= 1.01 * (
                        proof.radius + inner
                    )
    assert certified >= 150 and near >= 50, (
        "some must be certified away from the maximum, or nothing is tried"
    )


def test_the_radius_holds():
    radii_hold(certify)


def test_a_radius_that_is_too_small_is_seen():
    def boastful(objective, theta):
        proof = certify(objective, theta)
        return dataclasses.replace(proof, radius=0.05 * proof.radius)

    with pytest.raises(AssertionError):
        radii_hold(boastful)
