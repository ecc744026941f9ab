"""objectives/weighted.py: NCE's objective as an instance, value and derivatives against the textbook sums, and leaving
float64."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.objectives import base
from nce_ref.objectives import weighted as module
from tests.optimize.kinked_problems import ica_problem

WEIGHTS = [nr.PowerWeight(a) for a in (0.0, -1.0, 1.0, -2.0, -0.5)] + [nr.LogisticWeight(0.7)]


def problem(weight, n=2, n_data=60, seed=0):
    objective, _, truth = ica_problem(n, n_data, 1, seed)
    x, noise = objective.x, nr.GaussianNoise.from_data(objective.x)
    y = noise.sample(90, np.random.default_rng(seed))
    return (
        nr.WeightedObjective(objective.model, noise, x, y, weight),
        truth + 0.05,
        (objective.model, noise, x, y),
    )


@pytest.mark.parametrize("weight", WEIGHTS, ids=str)
def test_value_and_gradient_are_the_textbook_sums(weight):
    objective, theta, (model, noise, x, y) = problem(weight)
    q_x, q_y = (np.exp(model.log_density(theta, u) - noise.log_density(u)) for u in (x, y))
    w_x, w_y = (np.exp(weight.log_weight(np.log(q))) for q in (q_x, q_y))
    value, gradient = objective(theta)
    g1, g2 = weight.potentials(np.log(q_x))[0], weight.potentials(np.log(q_y))[1]
    assert value == pytest.approx(g1.mean() - g2.mean(), rel=1e-12, abs=1e-13)
    expected = model.jacobian(theta, x).T @ w_x / len(x) - model.jacobian(theta, y).T @ (
        q_y * w_y
    ) / len(y)
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)
    assert nr.check_gradient(objective, theta).ok


def hessian_of(objective, theta):
    """Differences of the gradient on a smoothed model, fourth order: step 1e-3 of quantities of size 1."""
    h, columns = 1e-3, []
    for i in range(len(theta)):
        e = np.zeros(len(theta))
        e[i] = h
        once = objective(theta + e)[1] - objective(theta - e)[1]
        columns.append(
            (8.0 * once - (objective(theta + 2 * e)[1] - objective(theta - 2 * e)[1])) / (12.0 * h)
        )
    return np.array(columns)


def check_hessian(weight):
    objective, theta, _ = problem(weight)
    smooth = objective.smoothed(0.5)
    value, gradient, hessian = smooth.second_order(theta)
    np.testing.assert_allclose(
        (value, *gradient), (smooth(theta)[0], *smooth(theta)[1]), rtol=1e-12, atol=1e-13
    )
    # Truncation h^4/30 times a sixth derivative: 1e-14 times 1e5 at most, the sizes of q and of |g| to the sixth.
    np.testing.assert_allclose(
        hessian, hessian_of(smooth, theta), rtol=0.0, atol=1e-8 * np.abs(hessian).max()
    )


@pytest.mark.parametrize("weight", WEIGHTS, ids=str)
def test_hessian(weight):
    check_hessian(weight)


def test_a_planted_bend_is_seen(monkeypatch):
    original = module.WeightedObjective._evaluate

    def slip(self, theta, block=slice(None)):
        once, value, derivative, bend = original(self, theta, block)
        return (
            once,
            value,
            derivative,
            np.where(derivative < 0.0, bend - derivative, bend),
        )  # e instead of 1 + e on the noise

    monkeypatch.setattr(module.WeightedObjective, "_evaluate", slip)
    with pytest.raises(AssertionError):
        check_hessian(nr.PowerWeight(-0.5))


def test_nce_is_an_instance():
    objective, theta, (model, noise, x, y) = problem(nr.LogisticWeight(1.5))
    reference = nr.NCEObjective(model, noise, x, y)
    assert objective(theta)[0] == pytest.approx(reference(theta)[0], rel=1e-13)
    np.testing.assert_allclose(objective(theta)[1], reference(theta)[1], rtol=1e-11, atol=1e-14)
    one, two = objective.expand(theta, 0.1), reference.expand(theta, 0.1)
    np.testing.assert_allclose(one.hessian, two.hessian, rtol=1e-10, atol=1e-13)
    for name in ("directions", "arguments", "weights", "valleys", "valley_weights"):
        np.testing.assert_allclose(getattr(one.kinks, name), getattr(two.kinks, name), rtol=1e-10)
    assert one.concave and two.concave and one.kinks.clearance == two.kinks.clearance
    assert not nr.WeightedObjective(model, noise, x, y, nr.PowerWeight(1.0)).expand(theta).concave


def test_many_points_are_summed_block_by_block(monkeypatch):
    monkeypatch.setattr(base, "_BLOCK", 1000)  # one block holds points of both samples
    model, rng = nr.Gaussian(1), np.random.default_rng(0)
    noise = nr.GaussianNoise([0.0], [[1.5]])
    x, y = rng.standard_normal((5000, 1)), noise.sample(4500, rng)
    objective = nr.WeightedObjective(model, noise, x, y, nr.PowerWeight(-0.5))
    theta = np.array([0.8, -1.0])
    here, again = objective.expand(theta), objective.second_order(theta)
    assert here.value == pytest.approx(again[0], rel=1e-12)
    np.testing.assert_allclose(here.gradient, again[1], rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(here.hessian, again[2], rtol=1e-10)


def test_leaving_float64_is_minus_infinity_not_nan():
    for weight in WEIGHTS:
        objective, theta, _ = problem(weight)
        for c in (1e4, -1e4):
            wild = np.append(theta[:-1], c)
            for value, *derivatives in (objective(wild), objective.second_order(wild)):
                assert not math.isnan(value) and all(np.isfinite(d).all() for d in derivatives)
            assert not math.isnan(objective.expand(wild).value)


@pytest.mark.parametrize("weight", WEIGHTS, ids=str)
@pytest.mark.parametrize("c", [-1e4, -400.0, -150.0, 150.0, 400.0, 1e4])
def test_outside_the_domain_is_the_lowest_of_values(weight, c):
    """J falls without bound as q leaves float64: minus infinity there, plus infinity would be taken for the maximum.

    The terms are q^a on the data and q^(a + 1) on the noise, q within a factor e^20 of e^c: beyond 1e150 = e^345 or
    not.
    """
    objective, theta, _ = problem(weight)
    wild = np.append(theta[:-1], c)
    exponents = () if isinstance(weight, nr.LogisticWeight) else (0.0, 1.0)
    size = max([0.0, *((weight.exponent + e) * c for e in exponents)])
    assert not 325.0 < size < 365.0
    here = objective.expand(wild)
    found = (
        objective(wild),
        objective.second_order(wild),
        (here.value, here.gradient, here.hessian, here.curvature),
    )
    for value, *derivatives in found:
        if size > 345.0:
            assert value == -math.inf and not any(d.any() for d in derivatives)
        else:
            assert -1e150 < value < 0.0 and all((np.abs(d) < 1e150).all() for d in derivatives)
            assert derivatives[0].any() or abs(c) > 700.0  # q^a of e^-1e4 is 0


def test_bad_input():
    _, _, (model, noise, x, y) = problem(WEIGHTS[0])
    with pytest.raises(ValueError, match="x: "):
        nr.WeightedObjective(model, noise, x[:, :1], y, WEIGHTS[0])
    for bad in ("nce", 1.0, None):
        with pytest.raises(ValueError, match=r"weight: got .*expected a member of the family"):
            nr.WeightedObjective(model, noise, x, y, bad)
    with pytest.raises(ValueError, match="noise: got dimension 1"):
        nr.WeightedObjective(model, nr.GaussianNoise([0.0], [[1.0]]), x, y, WEIGHTS[0])
