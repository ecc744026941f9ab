"""check_model: right models pass, each planted fault is found and told."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

import nce_ref as nr

SPREAD = np.array([[2.0, 0.6], [0.6, 0.5]])


class Quartic:
    """ln p_m = -a u^4/4 - b u^2/2 + d u + c: two functions, as a stranger writes them."""

    n_dim, n_params = 1, 4

    def log_density(self, theta, u):
        v = u[:, 0]
        return -theta[0] * v**4 / 4 - theta[1] * v**2 / 2 + theta[2] * v + theta[3]

    def jacobian(self, theta, u):
        v = u[:, 0]
        return np.column_stack([-(v**4) / 4, -(v**2) / 2, v, np.ones(len(v))])


THETA = np.array([1.3, -0.7, 0.4, 0.2])
U = np.random.default_rng(1).standard_normal((200, 1))


def planted(**members):
    """Quartic with members replaced, each handed the right model first."""
    right = Quartic()
    made = {"n_dim": 1, "n_params": 4, "log_density": right.log_density, "jacobian": right.jacobian}
    return SimpleNamespace(**made | members)


def test_a_strangers_two_functions_pass():
    report = nr.check_model(Quartic(), THETA, U)
    assert report.ok and {f.status for f in report.findings} == {"passed"}, str(report)
    assert "4 of 4 directions" in report["gradient"].message


@pytest.mark.parametrize(
    "model",
    [
        nr.LaplaceICA(1),
        nr.LaplaceICA(3),
        nr.Gaussian(2),
        nr.MLP([2, 6, 1], activation="relu"),
        nr.MLP([2, 30, 1], activation="tanh", base=nr.GaussianNoise([0.0, 0.0], np.eye(2))),
    ],
    ids=lambda m: f"{type(m).__name__}{m.n_params}",
)
def test_the_houses_models_pass(model):
    rng = np.random.default_rng(2)
    theta = model.random_start(rng)
    if isinstance(model, nr.Gaussian):
        theta = model.pack(SPREAD, 0.3)
    report = nr.check_model(model, theta, rng.standard_normal((300, model.n_dim)), rng=rng)
    assert report.ok, str(report)
    expected = {"passed"} if model.n_dim < 3 else {"passed", "not checked"}
    assert {f.status for f in report.findings} == expected, str(report)
    assert not isinstance(model, nr.Gaussian) or len(report.findings) == 12


def of(member, change):
    """A member of Quartic after a change of what it returns."""
    return {member: lambda *arguments: change(getattr(Quartic(), member)(*arguments))}


def smaller_in_place(theta, u):
    u *= 0.5
    return Quartic().log_density(theta, 2 * u)


TWICE = {"pullback": lambda theta, u, w: 2.0 * Quartic().jacobian(theta, u).T @ w}
PLANTS = {  # members, the finding that must fail, what it must say
    "factor": (
        of("jacobian", lambda g: g / 200),
        "gradient",
        "times the numerical one in every entry",
    ),
    "sign": (of("jacobian", np.negative), "gradient", "opposite sign"),
    "one entry": (
        of("jacobian", lambda g: g * [1.0, 2.0, 1.0, 1.0]),
        "gradient",
        "theta[1]: DISAGREES",
    ),
    "two ways": (TWICE | of("jacobian", lambda g: g), "gradient", "DISAGREES"),
    "the other way": (
        {"pullback": lambda theta, u, w: Quartic().jacobian(theta, u).T @ w}
        | of("jacobian", lambda g: g[::-1]),
        "gradient",
        "jacobian differs from pullback",
    ),
    "a density": (of("log_density", np.exp), "c", "returns the density"),
    "batch mean": (
        of("log_density", lambda q: q - q.mean()),
        "one point and many",
        "its own point",
    ),
    "a column": (of("log_density", lambda q: q[:, None]), "shapes", "shape (200, 1)"),
    "transposed": (of("jacobian", np.transpose), "shapes", "expected (200, 4)"),
    "whole numbers": (of("log_density", lambda q: q.astype(int)), "shapes", "dtype int64"),
    "NaN": (of("log_density", lambda q: np.where(q > 0, np.nan, q)), "shapes", "NaN or inf in"),
    "raises": ({"log_density": lambda theta, u: 1 / 0}, "shapes", "ZeroDivisionError"),
    "in place": ({"log_density": smaller_in_place}, "shapes", "changes the arrays"),
    "no derivative": ({"jacobian": None}, "shapes", "no derivative by theta"),
    "no log-density": ({"log_density": None}, "shapes", "no method log_density"),
    "no size": ({"n_dim": None}, "shapes", "n_dim is None"),
    "score": ({"score": lambda theta, u: np.ones_like(u)}, "score", "u[0]: DISAGREES"),
    "score's shape": ({"score": lambda theta, u: np.ones(len(u))}, "score", "one row a point"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_fault_is_found_and_told(plant):
    members, finding, words = PLANTS[plant]
    report = nr.check_model(planted(**members), THETA, U)
    assert not report.ok
    assert report[finding].status == "failed" and words in report[finding].message, str(report)


def test_a_normalised_model_is_told_that_it_has_no_c():
    unit = planted(
        n_params=1,
        log_density=lambda theta, u: -0.5 * (u[:, 0] - theta[0]) ** 2 - 0.5 * math.log(2 * math.pi),
        jacobian=lambda theta, u: u - theta[0],
    )
    report = nr.check_model(unit, [0.3], U)
    assert report.ok and report["c"].status == "warning"
    assert "right for a normalised model" in report["c"].message


class Spoilt(nr.Gaussian):
    """A Gaussian with one member spoilt."""

    def __init__(self, **members):
        super().__init__(2)
        for name, member in members.items():
            object.__setattr__(self, name, member)


GAUSSIAN = nr.Gaussian(2)
OF_GAUSSIAN = {
    "ln Z": (
        {"log_normalizer": lambda theta: GAUSSIAN.log_normalizer(theta) + 0.1},
        "normalising constant",
    ),
    "gradient of ln Z": (
        {"log_normalizer_gradient": lambda theta: 2 * GAUSSIAN.log_normalizer_gradient(theta)},
        "gradient of ln Z",
    ),
    "Hessian of ln Z": (
        {"log_normalizer_hessian": lambda theta: -GAUSSIAN.log_normalizer_hessian(theta)},
        "Hessian of ln Z",
    ),
    "sampler": ({"sample": lambda theta, n, rng: 1.3 * GAUSSIAN.sample(theta, n, rng)}, "same law"),
    "randomness": (
        {"sample": lambda theta, n, rng: GAUSSIAN.sample(theta, n, np.random.default_rng(0))},
        "randomness",
    ),
}


@pytest.mark.parametrize("plant", OF_GAUSSIAN)
def test_constant_and_sampler_are_held_against_the_density(plant):
    members, finding = OF_GAUSSIAN[plant]
    theta, rng = GAUSSIAN.pack(SPREAD, 0.3), np.random.default_rng(3)
    report = nr.check_model(Spoilt(**members), theta, rng.standard_normal((100, 2)), rng=rng)
    assert not report.ok and report[finding].status == "failed", str(report)


def test_second_derivatives_are_held_against_differences():
    class Bent(nr.Gaussian):
        def evaluate(self, theta, u):
            once, factor = super().evaluate(theta, u), self.factor

            class Pass:
                log_density, pullback, kinks = once.log_density, once.pullback, once.kinks

                def curvature(self, weights, gram_weights):
                    return (
                        once.curvature(weights, gram_weights)
                        + factor[0] * np.eye(4)
                        + factor[1]
                        * np.outer(once.pullback(gram_weights), once.pullback(gram_weights))
                    )

            return Pass()

    theta, u = GAUSSIAN.pack(SPREAD, 0.3), np.random.default_rng(4).standard_normal((50, 2))
    for factor, words in (((1.0, 0.0), "DISAGREES"), ((0.0, 1.0), "gram_weights")):
        model = Bent(2)
        object.__setattr__(model, "factor", factor)
        report = nr.check_model(model, theta, u)
        assert report["curvature"].status == "failed" and words in report["curvature"].message


def test_a_kink_that_is_not_told_is_a_warning_and_not_a_fault():
    absolute = planted(
        n_params=2,
        log_density=lambda theta, u: -np.abs(theta[0] * u[:, 0]) + theta[1],
        jacobian=lambda theta, u: np.column_stack(
            [-np.sign(theta[0] * u[:, 0]) * u[:, 0], np.ones(len(u))]
        ),
    )
    assert nr.check_model(absolute, [0.5, 0.1], U).ok
    report = nr.check_model(absolute, [0.0, 0.1], U)
    assert report["gradient"].status == "warning" and "kink" in report["gradient"].message


def test_without_rng_nothing_is_drawn_and_that_is_said():
    theta = GAUSSIAN.pack(SPREAD, 0.3)
    report = nr.check_model(GAUSSIAN, theta, np.random.default_rng(5).standard_normal((50, 2)))
    assert report["same law"].status == "not checked" and report.ok
    with pytest.raises(ValueError, match="theta: got shape"):
        nr.check_model(GAUSSIAN, theta[1:], np.zeros((3, 2)))
    with pytest.raises(ValueError, match="rng: got int"):
        nr.check_model(GAUSSIAN, theta, np.zeros((3, 2)), rng=1)


def test_many_parameters_are_seen_along_mixtures():
    model = nr.MLP([2, 30, 1], activation="tanh", base=nr.GaussianNoise([0.0, 0.0], np.eye(2)))
    theta, u = (
        model.random_start(np.random.default_rng(6)),
        np.random.default_rng(7).standard_normal((60, 2)),
    )

    def one_entry_wrong(theta, u, weights):
        gradient = model.pullback(theta, u, weights)
        gradient[77] += 0.01 * np.abs(gradient).max()
        return gradient

    wrong = SimpleNamespace(
        n_dim=2, n_params=model.n_params, log_density=model.log_density, pullback=one_entry_wrong
    )
    assert not nr.check_model(wrong, theta, u).ok
