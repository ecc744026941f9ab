"""evidence.py: "certified" is said where there is a proof, "passed" where a test was passed, "stationary" where
gradients are all there is."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.estimators.evidence import MOST_DIFFERENCED, by_gradients_alone, differenced

NOISE = nr.GaussianNoise([0.0], [[2.0]])
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((400, 1)), NOISE.sample(2000, RNG)


class TwoFunctions:
    """The zero-mean normal distribution, as a stranger writes it."""

    n_dim, n_params = 1, 2

    def log_density(self, theta, u):
        return -0.5 * theta[0] * u[:, 0] ** 2 + theta[1]

    def jacobian(self, theta, u):
        return np.column_stack([-0.5 * u[:, 0] ** 2, np.ones(len(u))])


class WithCurvature(TwoFunctions):
    def curvature(self, theta, u, weights):
        return np.zeros((2, 2))


class WithNormalizer(WithCurvature):
    def log_normalizer(self, theta):
        return 0.5 * np.log(2 * np.pi / theta[0]) if theta[0] > 0 else np.inf

    def log_normalizer_gradient(self, theta):
        return np.array([-0.5 / theta[0], 0.0])


class WithAll(WithNormalizer):
    def log_normalizer_hessian(self, theta):
        return np.diag([0.5 / theta[0] ** 2, 0.0])


def nce(model):
    return nr.fit_nce(model, NOISE, X, Y, start=[1.0, -1.0])


@pytest.mark.parametrize(
    "fit, status, words",
    [
        (nce(nr.Gaussian(1)), "certified", "a proof from an exact Hessian"),
        (nce(TwoFunctions()), "passed", "test by a Hessian by differences"),
        (nce(WithCurvature()), "passed", "test by an exact Hessian"),
        (nr.fit_mle(WithNormalizer(), X, start=[1.0, 0.0]), "passed", "test by a Hessian by diff"),
        (nr.fit_mle(WithAll(), X, start=[1.0, 0.0]), "passed", "test by an exact Hessian"),
        (
            nr.fit_weighted(nr.Gaussian(1), NOISE, X, Y, nr.PowerWeight(0.2), start=[1.0, -0.9]),
            "passed",
            "test by an exact Hessian",
        ),
    ],
    ids=lambda value: "" if not isinstance(value, str) else value[:30],
)
def test_the_status_and_what_it_rests_on(fit, status, words):
    assert fit.status == status and words in fit.evidence
    assert fit.is_local_maximum and fit.converged
    text = fit.summary()
    if status == "certified":
        assert "Proved: a local maximum" in text
    else:
        assert "Proved: nothing. Passed: the second-order test" in text
        assert "certified" not in text and "Proved: a local" not in text
    assert all(start.status == status for start in fit.starts)


def test_what_is_refused_rests_on_nothing():
    fit = nr.fit_nce(nr.Gaussian(1), NOISE, [[0.1], [0.2]], [[5.0], [6.0]], start=[1.0, -1.0])
    assert not fit.converged and fit.evidence == "nothing" and "Proved: nothing." in fit.summary()


class Sines:
    """A non-linear model of many parameters: ln p_m = sum_k tanh(a_k) sin(k u) - b u^2/2 + c."""

    n_dim = 1

    def __init__(self, n_params):
        self.n_params = n_params
        self.k = np.arange(1.0, n_params - 1)

    def log_density(self, theta, u):
        return np.sin(u * self.k) @ np.tanh(theta[:-2]) - 0.5 * theta[-2] * u[:, 0] ** 2 + theta[-1]

    def jacobian(self, theta, u):
        slope = 1.0 - np.tanh(theta[:-2]) ** 2
        return np.column_stack([np.sin(u * self.k) * slope, -0.5 * u[:, 0] ** 2, np.ones(len(u))])


def problem(n_data=1000):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n_data, 1))
    return x, NOISE.sample(4 * n_data, rng)


def test_many_parameters_are_climbed_by_gradients_alone_and_nothing_more_is_claimed(monkeypatch):
    n = MOST_DIFFERENCED + 5
    model, (x, y) = Sines(n), problem()
    start = np.append(np.zeros(n - 2), [1.0, -1.0])

    from nce_ref.models.from_functions import FunctionPass

    asked = []
    own = FunctionPass.curvature
    monkeypatch.setattr(
        FunctionPass, "curvature", lambda self, *a: asked.append(1) or own(self, *a)
    )
    fit = nr.fit_nce(model, NOISE, x, y, start=start)
    assert not asked, "no Hessian is formed"
    assert fit.status == "stationary" and fit.evidence == "gradients alone"
    assert not fit.is_local_maximum and not fit.converged
    assert "gradients alone" in fit.message and "By gradients alone" in fit.summary()
    again = nr.fit_nce(model, NOISE, x, y, start=fit.theta)
    assert again.status == "stationary" and again.objective >= fit.objective - 1e-14
    # The witness: Newton's method, on the same objective with its Hessian by differences.
    _, gradient, hessian = fit.problem.second_order(fit.theta)
    left = np.linalg.solve(-hessian, gradient)
    assert np.sqrt(gradient @ left) < 1e-5
    assert np.linalg.eigvalsh(hessian)[-1] < 0.0
    errors = nr.estimate_covariance(fit)
    assert "gradients alone" in errors.method
    covariance = np.linalg.inv(-hessian)
    covariance[-1, -1] -= 1.0 + 1.0 / fit.problem.nu
    np.testing.assert_allclose(
        errors.standard_errors[-2:], np.sqrt(np.diag(covariance)[-2:] / len(x)), rtol=0.02
    )


def test_few_parameters_are_not(monkeypatch):
    n = 12
    x, y = problem(1000)
    fit = nr.fit_nce(Sines(n), NOISE, x, y, start=np.append(np.zeros(n - 2), [1.0, -1.0]))
    assert fit.status == "passed" and differenced(fit.problem)
    assert not by_gradients_alone(fit.problem)


def test_a_sample_that_many_parameters_separate_has_no_maximum():
    n = MOST_DIFFERENCED + 20
    x = np.linspace(-1.0, 1.0, 6)[:, None]
    y = np.linspace(2.0, 4.0, 7)[:, None]
    fit = nr.fit_nce(Sines(n), NOISE, x, y, start=np.append(np.zeros(n - 2), [1.0, -1.0]))
    assert fit.status in ("unbounded", "not stationary") and not fit.converged


class ManyPrecisions:
    """Independent zero-mean normal coordinates; ln Z is infinite where a precision is not above 0."""

    n_dim = MOST_DIFFERENCED + 2
    n_params = n_dim + 1

    def log_density(self, theta, u):
        return -0.5 * u**2 @ theta[:-1] + theta[-1]

    def jacobian(self, theta, u):
        return np.column_stack([-0.5 * u**2, np.ones(len(u))])

    def log_normalizer(self, theta):
        inside = (theta[:-1] > 0).all()
        return 0.5 * np.log(2 * np.pi / theta[:-1]).sum() if inside else np.inf

    def log_normalizer_gradient(self, theta):
        return np.append(-0.5 / theta[:-1], 0.0)


def test_likelihood_by_gradients_steps_back_from_where_it_is_not_defined():
    """The maximum is 1/mean(u^2); from precisions of 0.01 a first step leads below 0."""
    model, rng = ManyPrecisions(), np.random.default_rng(5)
    x = rng.standard_normal((500, model.n_dim)) * np.linspace(0.5, 3.0, model.n_dim)
    left = []
    own = model.log_normalizer
    model.log_normalizer = lambda theta: left.append(own(theta) == np.inf) or own(theta)
    fit = nr.fit_mle(model, x, start=np.append(np.full(model.n_dim, 0.05), 0.0))
    assert fit.status == "stationary" and any(left)
    np.testing.assert_allclose(fit.theta[:-1], 1.0 / (x**2).mean(axis=0), rtol=1e-4)
    assert fit.theta[-1] == pytest.approx(-own(fit.theta))


def test_budget_and_ctrl_c_hold_for_gradients_too():
    n = MOST_DIFFERENCED + 5
    x, y = problem(1000)
    start = np.append(np.zeros(n - 2), [1.0, -1.0])
    whole = nr.fit_nce(Sines(n), NOISE, x, y, start=start)
    fit = nr.fit_nce(Sines(n), NOISE, x, y, start=start, max_evaluations=9)
    assert fit.status == "budget spent" and fit.n_evaluations == 9
    assert whole.problem(start)[0] < fit.objective < whole.objective

    def stop(theta):
        raise KeyboardInterrupt

    fit = nr.fit_nce(Sines(n), NOISE, x, y, start=start, callback=stop)
    assert fit.status == "interrupted" and fit.objective > whole.problem(start)[0]
