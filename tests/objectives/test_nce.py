"""The NCE objective as a function of theta: the textbook loops and their complex step, differences, planted mistakes.

The terms themselves are held to 40 digits in test_nce_log_ratios.py, what follows at the maxima in
test_nce_identities.py.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.gradcheck import check_jacobian
from tests.models.face import close
from tests.objectives.naive import ScaledNoise, ica_problem, textbook_gradient, textbook_value

FAR = 1e9  # a log-ratio whose term, ln sigma(1e9) = -e^-1e9, is 0 in float64


def right_in_theta(objective, theta, model, noise, x, y):
    """Value and gradient against the textbook loops and their complex step, away from the point where all is easy."""
    for shift in (
        0.0,
        40.0,
        -40.0,
    ):  # in c: every point on the wrong side once; there a clamp or an eps shows
        moved = theta + shift * np.eye(len(theta))[-1]
        with np.errstate(all="ignore"):
            value, gradient = objective(moved, model, noise, x, y)
        want, slope = (
            textbook_value(moved, model, noise, x, y),
            textbook_gradient(moved, model, noise, x, y),
        )
        good = np.isfinite(value) and abs(value - want) <= 1e-12 * abs(want)
        # |gradient - want| within 1e-12 of the largest summand, some 10 per point, over 4 data and 10 noise points.
        if not (
            good
            and np.isfinite(gradient).all()
            and np.abs(gradient - slope).max() <= 1e-12 * (1 + np.abs(slope).max())
        ):
            return False
    return True


@pytest.mark.parametrize("n", [1, 3])
def test_value_and_gradient_are_the_textbooks(n):
    problem = ica_problem(n, n_data=4, n_noise=10)
    assert right_in_theta(lambda t, m, *rest: nr.nce_objective(m, t, *rest), *problem)
    theta, model, noise, x, y = problem
    objective = nr.NCEObjective(model, noise, x, y)
    value, gradient = objective(theta)
    again, same = nr.nce_objective(model, theta, noise, x, y)
    assert (
        value == again
        and objective.nu == 10 / 4
        and (objective.n_data, objective.n_noise) == (4, 10)
    )
    np.testing.assert_array_equal(gradient, same)
    np.testing.assert_array_equal(objective.x, x)
    np.testing.assert_array_equal(objective.y, y)
    second = objective.second_order(theta)
    assert second[0] == value
    close(second[1], gradient)


class Loops:
    """J and its gradient from a model's and a noise's faces, one formula a line, each of which a plant may replace."""

    def __init__(self, **replaced):
        self.replaced = replaced

    def __getattr__(self, name):
        return self.replaced.get(name, getattr(type(self), "_" + name))

    _log_model = staticmethod(lambda model, theta, u: model.log_density(theta, u))
    _log_noise_x = staticmethod(lambda noise, u: noise.log_density(u))
    _log_noise_y = staticmethod(lambda noise, u: noise.log_density(u))
    _jacobian = staticmethod(lambda model, theta, u: model.jacobian(theta, u))
    _ratio = staticmethod(lambda nu: nu)

    def __call__(self, theta, model, noise, x, y):
        gx = self.log_model(model, theta, x) - self.log_noise_x(noise, x)
        gy = self.log_model(model, theta, y) - self.log_noise_y(noise, y)
        value, (of_x, of_y) = nr.nce_from_log_ratios(gx, gy, self.ratio(len(y) / len(x)))
        return value, self.jacobian(model, theta, x).T @ of_x + self.jacobian(
            model, theta, y
        ).T @ of_y


def _flip_c(g):
    return np.concatenate([g[:, :-1], -g[:, -1:]], axis=1)


def _transpose(g):
    n = math.isqrt(g.shape[1])
    return np.concatenate(
        [g[:, :-1].reshape(-1, n, n).transpose(0, 2, 1).reshape(len(g), -1), g[:, -1:]], axis=1
    )


def _textbook_scaled(model, theta, u):
    B, c = model.unpack(theta)
    return -np.abs(u @ B.T).sum(axis=1) + c


def _silent(noise, u):
    return np.zeros(len(u))


THETA_PLANTS = {
    "no-log-nu": Loops(ratio=lambda nu: 1.0),
    "nu-sign": Loops(ratio=lambda nu: 1 / nu),
    "c-sign: c used as ln Z": Loops(
        log_model=lambda m, t, u: m.log_density(t, u) - 2 * t[-1],
        jacobian=lambda m, t, u: _flip_c(m.jacobian(t, u)),
    ),
    "c-sign: gradient alone": Loops(jacobian=lambda m, t, u: _flip_c(m.jacobian(t, u))),
    "no-log-pn-noise": Loops(log_noise_y=_silent),
    "no-log-pn-data": Loops(log_noise_x=_silent),
    "no-log-pn": Loops(log_noise_x=_silent, log_noise_y=_silent),
    "log p_n added": Loops(
        log_noise_x=lambda noise, u: -noise.log_density(u),
        log_noise_y=lambda noise, u: -noise.log_density(u),
    ),
    "laplace-scale": Loops(
        log_model=_textbook_scaled,
        jacobian=lambda m, t, u: m.jacobian(t, u) / [*[math.sqrt(2)] * 9, 1.0],
    ),
    "laplace-scale, value alone": Loops(log_model=_textbook_scaled),
    "gradient of B transposed": Loops(jacobian=lambda m, t, u: _transpose(m.jacobian(t, u))),
    "labels-swapped": lambda theta, model, noise, x, y: nr.nce_objective(model, theta, noise, y, x),
    "reduction: half": lambda theta, model, *rest: tuple(
        v / 2 for v in nr.nce_objective(model, theta, *rest)
    ),
    "reduction: minimised": lambda theta, model, *rest: tuple(
        -v for v in nr.nce_objective(model, theta, *rest)
    ),
    "mean-of-means": lambda theta, model, noise, x, y: _mean_of_means(theta, model, noise, x, y),
    "c-fixed": lambda theta, model, *rest: nr.nce_objective(
        model, np.append(theta[:-1], 0.0), *rest
    ),
    "gauss-no-logdet": lambda theta, model, noise, x, y: nr.nce_objective(
        model, theta, ScaledNoise(noise, 0.5 * np.linalg.slogdet(noise.cov)[1]), x, y
    ),
}


def _mean_of_means(theta, model, noise, x, y):
    gx, gy = (model.log_density(theta, u) - noise.log_density(u) for u in (x, y))
    value, (of_x, of_y) = nr.nce_from_log_ratios(gx, gy, nu=1.0)
    data = nr.nce_from_log_ratios(gx, [-FAR])[0]
    return data + (value - data) * len(x) / len(y), model.jacobian(
        theta, x
    ).T @ of_x + model.jacobian(theta, y).T @ of_y * len(x) / len(y)


@pytest.mark.parametrize("plant", THETA_PLANTS)
def test_a_planted_mistake_in_theta_is_caught(plant):
    assert not right_in_theta(THETA_PLANTS[plant], *ica_problem(3, n_data=4, n_noise=10))


def test_the_loops_without_a_plant_pass():
    assert right_in_theta(Loops(), *ica_problem(3, n_data=4, n_noise=10))


@pytest.mark.parametrize("n", [2, 4])
def test_gradient_and_hessian_by_differences_that_know_the_kinks(n):
    theta, model, noise, x, y = ica_problem(n, n_data=30, n_noise=45)
    objective = nr.NCEObjective(model, noise, x, y)
    assert nr.check_gradient(objective, theta).ok
    report = check_jacobian(lambda t: objective.second_order(t)[1:], theta, kinks=objective.kinks)
    assert report.ok, str(report)
    assert objective.kinks(theta).shape == (n * 75,)


def test_hessian_is_minus_the_sum_of_h_times_not_h_outer_products():
    theta, model, noise, x, y = ica_problem(3, n_data=5, n_noise=8)
    u = np.concatenate([x, y])
    h = 1 / (1 + 8 / 5 * np.exp(noise.log_density(u) - model.log_density(theta, u)))
    g = model.jacobian(theta, u)
    close(
        nr.NCEObjective(model, noise, x, y).second_order(theta)[2],
        -np.einsum("t,ti,tj->ij", h * (1 - h), g, g) / 5,
    )


@pytest.mark.parametrize("n_data", [300, 5000])
def test_large_samples_in_blocks_give_the_same_as_small_ones_added_up(n_data):
    """J is a mean over data: pieces of the sample, weighted by their share, add up to the whole; borders fall
    anywhere."""
    theta, model, noise, x, y = ica_problem(2, n_data=n_data, n_noise=2 * n_data)
    whole = nr.NCEObjective(model, noise, x, y).second_order(theta)
    k = n_data // 3
    parts = [(x[:k], y[: 2 * k]), (x[k:], y[2 * k :])]
    pieces = [nr.NCEObjective(model, noise, a, b).second_order(theta) for a, b in parts]
    for i in range(3):
        close(
            np.asarray(whole[i]),
            sum(len(a) / n_data * np.asarray(piece[i]) for (a, _), piece in zip(parts, pieces)),
        )
    value, gradient = nr.NCEObjective(model, noise, x, y)(theta)
    assert value == pytest.approx(whole[0], rel=1e-13)
    close(gradient, whole[1])
    expansion = nr.NCEObjective(model, noise, x, y).expand(theta)
    close(expansion.hessian, whole[2])
    close(expansion.gradient, whole[1])


def test_smoothed_is_the_objective_of_the_smoothed_model():
    theta, model, noise, x, y = ica_problem(3, n_data=6, n_noise=9)
    smooth = nr.NCEObjective(model, noise, x, y).smoothed(0.2)
    value, gradient = nr.nce_objective(model.smoothed(0.2), theta, noise, x, y)
    assert smooth(theta)[0] == value
    np.testing.assert_array_equal(smooth(theta)[1], gradient)
    assert nr.check_gradient(smooth, theta).ok
    report = check_jacobian(lambda t: smooth.second_order(t)[1:], theta)
    assert report.ok, str(report)
