"""Ranking and conditional objectives: against the kernel and naive loops, derivatives by differences, kinks as ridges
and valleys."""

from __future__ import annotations

import re

import numpy as np
import pytest

import nce_ref as nr

MIX = np.array([[1.0, 0.6], [-0.4, 0.9]])
NOISE = nr.GaussianNoise([0.1, -0.2], MIX @ MIX.T)


class Drift:
    """Conditional noise that is not symmetric, its density written out here."""

    n_dim = 2

    def sample(self, x, kappa, rng):
        return 0.7 * x[:, None, :] + 0.3 + 0.8 * rng.standard_normal((len(x), kappa, 2))

    def log_density(self, y, x):
        z = (y - 0.7 * x[:, None, :] - 0.3) / 0.8
        return -0.5 * (z**2).sum(axis=2) - np.log(2.0 * np.pi * 0.64)


def objectives(n=60, k=3, seed=3):
    rng = np.random.default_rng(seed)
    model = nr.LaplaceICA(2)
    x = model.sample(model.normalize(model.pack(np.linalg.inv(MIX), 0.0)), n, rng)
    y = NOISE.sample(n * k, rng).reshape(n, k, 2)
    steps, drift = nr.GaussianSteps(np.diag([0.5, 1.5])), Drift()
    return {
        "ranking": nr.RankingObjective(model, NOISE, x, y),
        "shared": nr.SharedRankingObjective(model, NOISE, x, y[0]),
        "conditional": nr.ConditionalObjective(model, steps, x, steps.sample(x, k, rng)),
        "drift": nr.ConditionalObjective(model, drift, x, drift.sample(x, k, rng)),
    }


NAMES = list(objectives())


def naive(name, objective, alpha):
    """The definition, one pair at a time, with ln p_m written out."""
    B = alpha.reshape(2, 2)
    x, y = objective.x, objective.y
    total = 0.0
    for i in range(len(x)):
        own = y if name == "shared" else y[i]
        log_x = -np.sqrt(2.0) * np.abs(B @ x[i]).sum()
        log_y = [-np.sqrt(2.0) * np.abs(B @ one).sum() for one in own]
        if name in ("ranking", "shared"):
            s = np.array([log_x, *log_y]) - NOISE.log_density(np.vstack([x[i], own]))
            total += s[0] - np.log(np.exp(s).sum())
        else:
            for one, log in zip(own, log_y, strict=True):
                G = log_x - log
                if name == "drift":
                    G += Drift().log_density(one[None, None], x[i][None])[0, 0]
                    G -= Drift().log_density(x[i][None, None], one[None])[0, 0]
                total += -2.0 / len(own) * np.log1p(np.exp(-G))
    return total / len(x)


@pytest.mark.parametrize("name", NAMES)
def test_value_and_gradient(name):
    objective = objectives()[name]
    alpha = np.linalg.inv(MIX).ravel() + 0.1
    assert objective(alpha)[0] == pytest.approx(naive(name, objective, alpha), rel=1e-13)
    report = nr.check_gradient(objective, alpha)
    assert report.ok, str(report)


@pytest.mark.parametrize("name", NAMES)
def test_hessian_by_differences_of_the_gradient(name):
    smooth = objectives()[name].smoothed(0.3)
    alpha, h = np.linalg.inv(MIX).ravel() + 0.1, 1e-5
    value, gradient, hessian = smooth.second_order(alpha)
    assert value == pytest.approx(smooth(alpha)[0], rel=1e-13)
    np.testing.assert_allclose(gradient, smooth(alpha)[1], rtol=1e-12)
    differences = [
        (smooth(alpha + h * e)[1] - smooth(alpha - h * e)[1]) / (2.0 * h) for e in np.eye(4)
    ]
    # Truncation h^2/6 times a fourth derivative of some 100, rounding 1e-16/h.
    np.testing.assert_allclose(hessian, differences, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_the_expansion_is_the_objective_where_no_kink_is_near(name):
    objective = objectives()[name]
    alpha = np.linalg.inv(MIX).ravel() + 0.1
    here = objective.expand(alpha)
    value, gradient = objective(alpha)
    assert here.value == pytest.approx(value, rel=1e-13) and not len(here.kinks.weights)
    np.testing.assert_allclose(here.gradient, gradient, rtol=1e-10, atol=1e-14)
    _, _, hessian = objective.second_order(alpha)
    np.testing.assert_allclose(here.hessian, hessian, rtol=1e-10, atol=1e-13)
    assert np.linalg.eigvalsh(here.hessian)[-1] < 0.0


@pytest.mark.parametrize("name", NAMES)
def test_kinks_of_the_data_bend_down_and_kinks_of_the_noise_up(name):
    objective = objectives()[name]
    alpha = np.linalg.inv(MIX).ravel() + 0.1
    for points, sign in ((objective.x, -1.0), (objective.y.reshape(-1, 2), 1.0)):
        u = points[1]
        on = alpha.copy()
        on[:2] -= (on[:2] @ u) / (u @ u) * u
        here = objective.expand(on)
        kinks = here.kinks
        a = np.append(u, np.zeros(2))
        found, weights = (
            (kinks.directions, kinks.weights) if sign < 0 else (kinks.valleys, kinks.valley_weights)
        )
        assert len(weights) == 1
        np.testing.assert_allclose(found[0], a)
        # J(on + t a) and J(on - t a) against the slope +-w |a|^2 t, which their mean leaves.
        t = 1e-6
        bend = objective(on + t * a)[0] + objective(on - t * a)[0] - 2.0 * objective(on)[0]
        assert bend == pytest.approx(sign * 2.0 * weights[0] * (u @ u) * t, rel=1e-3)


def test_asymmetric_steps_of_an_autoregression_are_taken_with_both_densities():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((30, 1))
    steps = nr.GaussianSteps([[0.36]], shrink=0.8)
    assert not steps.symmetric and nr.GaussianSteps([[0.36]]).symmetric
    y = steps.sample(x, 2, rng)
    objective = nr.ConditionalObjective(nr.Gaussian(1), steps, x, y)
    # N(0, 1) is this process's own law: in detailed balance nothing tells x from y, and G = 0.
    assert objective([1.0])[0] == pytest.approx(-2.0 * np.log(2.0), rel=1e-12)


def test_row_gradients_add_up_to_the_gradient():
    for name, objective in objectives().items():
        if name != "shared":
            alpha = np.linalg.inv(MIX).ravel() + 0.1
            rows = np.concatenate(list(objective.row_gradients(alpha)))
            assert rows.shape == (60, 4)
            np.testing.assert_allclose(rows.mean(axis=0), objective(alpha)[1], atol=1e-14)


@pytest.mark.parametrize("name", ["ranking", "conditional", "drift"])
def test_blocks_leave_no_trace(name, monkeypatch):
    alpha = np.linalg.inv(MIX).ravel() + 0.1
    whole = objectives()[name].second_order(alpha), objectives()[name].expand(alpha).hessian
    monkeypatch.setattr("nce_ref.objectives.pairs._BLOCK", 17)
    parts = objectives()[name].second_order(alpha), objectives()[name].expand(alpha).hessian
    for one, other in zip([*whole[0], whole[1]], [*parts[0], parts[1]], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_thinned_samples_are_evenly_spaced_rows(name):
    objective = objectives(n=400, k=100 if name == "shared" else 3)[name]
    few = objective.thinned(50)
    step = 2 if name == "shared" else 8
    np.testing.assert_array_equal(few.x, objective.x[::step])
    np.testing.assert_array_equal(few.y, objective.y[::step])
    assert nr.check_gradient(few, np.linalg.inv(MIX).ravel()).ok
    assert objective.thinned(300) is objective


@pytest.mark.parametrize("name", NAMES)
def test_units_change_nothing_but_the_coordinates(name):
    objective = objectives()[name]
    scale = np.array([[100.0, 3.0], [0.0, 0.01]])
    moved = objective.in_units(scale, np.linalg.inv(scale))
    alpha = np.linalg.inv(MIX).ravel() + 0.1
    theta = objective.model.rescaled(np.append(alpha, 0.0), scale)
    assert moved(theta[:-1])[0] == pytest.approx(objective(alpha)[0], rel=1e-12)


class NoC:
    """Normalised: its last parameter is a mean."""

    n_dim, n_params = 1, 1

    def log_density(self, theta, u):
        return -0.5 * (u[:, 0] - theta[0]) ** 2

    def jacobian(self, theta, u):
        return u - theta[0]


def test_bad_input_is_named():
    x, y = np.zeros((4, 2)), np.ones((4, 3, 2))
    model = nr.LaplaceICA(2)
    cases = [
        (
            lambda: nr.RankingObjective(model, NOISE, x, y[0]),
            "y: got shape (3, 2); expected (n_data, k",
        ),
        (lambda: nr.RankingObjective(model, NOISE, x, y[:2]), "y: got shape (2, 3, 2)"),
        (lambda: nr.RankingObjective(model, NOISE, x, y[:, :0]), "y: "),
        (lambda: nr.RankingObjective(model, NOISE, x * np.nan, y), "x: "),
        (
            lambda: nr.RankingObjective(model, nr.GaussianNoise([0.0], [[1.0]]), x, y),
            "noise: got dimension 1",
        ),
        (lambda: nr.SharedRankingObjective(model, NOISE, x, y), "y: "),
        (
            lambda: nr.ConditionalObjective(model, NOISE.mean, x, y),
            "conditional_noise: got ndarray",
        ),
        (
            lambda: nr.ConditionalObjective(model, nr.GaussianSteps([[1.0]]), x, y),
            "conditional_noise: got dimension 1",
        ),
        (
            lambda: nr.RankingObjective(
                NoC(), nr.GaussianNoise([0.0], [[1.0]]), x[:, :1] + 3.0, y[:, :, :1]
            ),
            "model: ln p_m of",
        ),
        (lambda: nr.GaussianSteps([[1.0]], shrink=np.nan), "shrink: "),
        (lambda: nr.GaussianSteps([[-1.0]]), "cov: "),
    ]
    for call, words in cases:
        with pytest.raises(ValueError, match=re.escape(words)):
            call()


def test_a_step_that_cannot_be_taken_back_is_refused():
    class Forward:
        def sample(self, x, kappa, rng):
            return x[:, None, :] + rng.exponential(size=(len(x), kappa, 1))

        def log_density(self, y, x):
            step = (y - x[:, None, :])[:, :, 0]
            return np.where(step >= 0.0, -step, -np.inf)

    rng = np.random.default_rng(6)
    x = rng.standard_normal((5, 1))
    with pytest.raises(ValueError, match=r"conditional_noise\.log_density"):
        nr.ConditionalObjective(nr.Gaussian(1), Forward(), x, Forward().sample(x, 2, rng))
