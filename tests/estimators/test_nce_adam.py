"""nce_adam.py: it learns a density, minibatches average to J, noise is fixed or redrawn as told, and nothing fails in
silence."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import nce_ref as nr
from nce_ref.estimators.nce_adam import _part
from nce_ref.optimize import AdamState, maximize_lbfgs
from nce_ref.optimize.adam import minibatches

NOISE = nr.GaussianNoise([0.0, 0.0], np.eye(2))
MODEL = nr.MLP([2, 4, 1], base=NOISE)


def samples(seed, n_data=30, n_noise=75):
    rng = np.random.default_rng([41, seed])
    return rng.laplace(size=(n_data, 2)), NOISE.sample(n_noise, rng), rng


class Counting(nr.GaussianNoise):
    """Noise that keeps what it drew."""

    def __init__(self):
        super().__init__([0.0, 0.0], np.eye(2))
        self.drawn = []

    def sample(self, n_points, rng):
        self.drawn.append(super().sample(n_points, rng))
        return self.drawn[-1]


def test_it_learns_a_gaussian_of_another_mean_and_width():
    """p_d = N(0.8, 0.6^2), base and noise N(0, 1), 49 parameters, n_data = 2000, nu = 5.

    Theory (5.2): theta-hat errs by d ~ N(0, Sigma/n_data), Sigma <= I_nu^{-1}, I_nu = E[P_nu g g^T], so E_pd[P_nu
    (d.g)^2] is at most chi2 with 49 degrees of freedom over n_data: below 0.054 but for 1e-6. Twice that leaves room
    for what tanh units cannot represent and for the mean over 4000 points. At the start f is within some 0.1 of the
    base: far outside.
    """
    rng = np.random.default_rng(42)
    truth, noise = nr.GaussianNoise([0.8], [[0.36]]), nr.GaussianNoise([0.0], [[1.0]])
    model = nr.MLP([1, 16, 1], "tanh", base=noise)
    x, fresh = truth.sample(2000, rng), truth.sample(4000, rng)
    start = model.random_start(rng)
    fit = nr.fit_nce_adam(
        model,
        noise,
        x,
        n_noise=10_000,
        n_epochs=100,
        n_batches=4,
        learning_rate=0.01,
        start=start,
        rng=rng,
    )
    log_pd = truth.log_density(fresh)
    P = 5.0 / (5.0 + np.exp(log_pd - noise.log_density(fresh)))

    def error(theta):
        return float(np.mean(P * (model.log_density(theta, fresh) - log_pd) ** 2))

    bound = 2.0 * stats.chi2.ppf(1 - 1e-6, 49) / 2000
    assert error(fit.theta) < bound < error(start), (error(fit.theta), bound, error(start))
    # It is normalised by itself: the same error in c, weighed with P < 1, and the importance sample's own.
    mass = nr.integral_by_importance(model, fit.theta, noise, noise.sample(20_000, rng))
    assert abs(mass.log_integral) < np.sqrt(bound) + 5.0 * mass.standard_error


def test_it_goes_where_lbfgs_goes_on_a_concave_problem():
    """Without hidden layers J is concave: one maximum, which L-BFGS finds to its gradient of 1e-5."""
    x, y, rng = samples(0, 200, 500)
    model = nr.MLP([2, 1], "identity", base=NOISE)
    best = maximize_lbfgs(nr.NCEObjective(model, NOISE, x, y), np.zeros(3))
    fit = nr.fit_nce_adam(
        model, NOISE, x, y, n_epochs=600, learning_rate=0.01, start=np.zeros(3), rng=rng
    )
    # Adam's last steps are far below its rate here; J's least curvature is some 0.1, so J is within its square of the
    # top.
    assert 0.0 <= best.value - fit.objective + 1e-12 < 1e-6
    assert fit.stationarity < 1e-3


def test_the_result_is_a_fit_that_proves_nothing():
    x, y, rng = samples(1)
    fit = nr.fit_nce_adam(MODEL, NOISE, x, y, n_epochs=3, rng=rng)
    assert (
        isinstance(fit, nr.Fit)
        and not fit.converged
        and not fit.is_local_maximum
        and fit.status == "epochs done"
    )
    value, gradient = nr.nce_objective(MODEL, fit.theta, NOISE, x, y)
    assert fit.objective == value and fit.stationarity == np.linalg.norm(gradient)
    assert (
        fit.n_evaluations == 3
        and len(fit.starts) == 1
        and fit.starts[0].theta is fit.theta is fit.state.theta
    )
    assert (
        fit.best_epoch == -1 and fit.best_theta is fit.theta and fit.held_out_history.shape == (0,)
    )
    with pytest.raises(ValueError, match=r"not converged .epochs done"):
        nr.estimate_covariance(fit)


def test_history_and_held_out_say_when():
    x, y, rng = samples(2)
    held_out = samples(3)[:2]
    start = MODEL.random_start(rng)
    fit = nr.fit_nce_adam(MODEL, NOISE, x, y, n_epochs=5, start=start, held_out=held_out, rng=rng)
    assert fit.history[0] == nr.nce_objective(MODEL, start, NOISE, x, y)[0]  # before the step
    assert (
        fit.held_out_history[-1] == nr.nce_objective(MODEL, fit.theta, NOISE, *held_out)[0]
    )  # after it
    assert fit.held_out_history[fit.best_epoch] == fit.held_out_history.max()
    assert (
        nr.nce_objective(MODEL, fit.best_theta, NOISE, *held_out)[0] == fit.held_out_history.max()
    )


def test_fixed_noise_draws_nothing_and_redrawn_noise_draws_once_an_epoch():
    x, y, rng = samples(4)
    before = rng.bit_generator.state
    noise = Counting()
    nr.fit_nce_adam(MODEL, noise, x, y, n_epochs=4, start=np.zeros(17), rng=rng)
    assert noise.drawn == [] and rng.bit_generator.state == before
    fit = nr.fit_nce_adam(MODEL, noise, x, n_noise=75, n_epochs=4, start=np.zeros(17), rng=rng)
    assert len(noise.drawn) == 4 and len({draw.tobytes() for draw in noise.drawn}) == 4
    np.testing.assert_array_equal(fit.problem.y, noise.drawn[-1])
    assert fit.problem.nu == 2.5
    np.testing.assert_array_equal(fit.problem.x, x)
    # The history is that of the noise of its own epoch.
    assert fit.history[0] == nr.nce_objective(MODEL, np.zeros(17), noise, x, noise.drawn[0])[0]


@pytest.mark.parametrize("n_batches", [2, 7, 30])
def test_minibatches_average_to_the_objective(n_batches):
    """Exactly, but for rounding, though 30 and 75 points do not divide by 7; a mean of unscaled parts would not."""
    x, y, rng = samples(5)
    whole = nr.NCEObjective(MODEL, NOISE, x, y)
    theta = MODEL.random_start(rng)
    value, gradient = whole(theta)
    pairs = minibatches(30, 75, n_batches, rng)
    got = [_part(whole, *pair, n_batches)(theta) for pair in pairs]
    assert np.mean([v for v, _ in got]) == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(
        np.mean([g for _, g in got], axis=0),
        gradient,
        rtol=0,
        atol=1e-13 * np.abs(gradient).max() * n_batches,
    )
    part = whole.subset(*pairs[0])
    apart = nr.NCEObjective(MODEL, NOISE, x[pairs[0][0]], y[pairs[0][1]], nu=2.5)
    assert part(theta)[0] == pytest.approx(apart(theta)[0], rel=1e-14) and part.nu == 2.5
    np.testing.assert_array_equal(part.x, apart.x)
    if n_batches == 7:
        unscaled = np.mean([whole.subset(*pair)(theta)[0] for pair in pairs])
        assert abs(unscaled - value) > 1e-6


@pytest.mark.parametrize("noise_given", ["fixed", "redrawn"])
def test_a_run_goes_on_from_its_state_as_if_it_had_been_longer(noise_given):
    x, y, _ = samples(6)
    how = {"y": y} if noise_given == "fixed" else {"n_noise": 75}

    def run(n_epochs, rng, **begin):
        return nr.fit_nce_adam(
            MODEL, NOISE, x, **how, n_epochs=n_epochs, n_batches=3, rng=rng, **begin
        )

    whole, rng = run(9, np.random.default_rng(7)), np.random.default_rng(7)
    first = run(4, rng)
    second = run(5, rng, state=first.state)
    np.testing.assert_array_equal(second.theta, whole.theta)
    np.testing.assert_array_equal(np.append(first.history, second.history), whole.history)
    assert second.state.n_steps == 27


def test_any_model_with_gradients_will_do():
    x, y, rng = samples(8, 200, 500)
    model = nr.LaplaceICA(2)
    best = nr.fit_nce(model, NOISE, x, y, n_starts=3, rng=rng)
    fit = nr.fit_nce_adam(
        model, NOISE, x, y, n_epochs=300, learning_rate=0.01, start=best.theta + 0.1, rng=rng
    )
    assert fit.history[0] < fit.objective <= best.objective + 1e-12


def test_divergence_is_a_result_that_says_so():
    """ReLU with three layers of weights: at this rate f overflows in a step or two."""
    x, y, rng = samples(9)
    model = nr.MLP([2, 4, 4, 1], "relu")
    fit = nr.fit_nce_adam(model, NOISE, x, y, n_epochs=50, learning_rate=1e120, rng=rng)
    assert (
        fit.status == "diverged" and not fit.converged and "lower the learning rate" in fit.message
    )
    assert (
        np.isfinite(fit.theta).all()
        and np.isfinite(fit.objective)
        and np.isfinite(fit.stationarity)
    )
    with pytest.raises(ValueError, match=r"start: epoch 0.*expected a start where they are finite"):
        nr.fit_nce_adam(
            model, NOISE, x, y, n_epochs=5, start=np.full(model.n_params, 1e200), rng=rng
        )


@pytest.mark.parametrize("rate", [1e100, 1e120, 1e200, 1e308])
@pytest.mark.parametrize("held_out", [False, True])
def test_divergence_in_the_very_last_step_is_no_silent_infinity(rate, held_out):
    """No batch sees where the last step leads: J is -inf there, or its gradient's norm (1e100), or theta itself
    (1e308)."""
    x, y, rng = samples(9)
    model = nr.MLP([2, 4, 4, 1], "relu")
    start = model.random_start(rng)
    fit = nr.fit_nce_adam(
        model,
        NOISE,
        x,
        y,
        n_epochs=1,
        learning_rate=rate,
        start=start,
        held_out=(x, y) if held_out else None,
        rng=rng,
    )
    assert fit.status == "diverged" and "lower the learning rate" in fit.message
    np.testing.assert_array_equal(fit.theta, start)
    assert fit.theta is fit.state.theta and fit.state.n_steps == 0
    value, gradient = nr.nce_objective(model, start, NOISE, x, y)
    assert fit.objective == value and fit.stationarity == np.linalg.norm(gradient)
    assert not np.isnan(fit.held_out_history).any() and np.isfinite(fit.best_theta).all()
    assert held_out or (fit.best_theta is fit.theta and fit.best_epoch == -1)


def test_ctrl_c_gives_the_fit_so_far():
    x, _, rng = samples(10)

    class Interrupted(Counting):
        def sample(self, n_points, rng):
            if len(self.drawn) == 3:
                raise KeyboardInterrupt
            return super().sample(n_points, rng)

    fit = nr.fit_nce_adam(MODEL, Interrupted(), x, n_noise=40, n_epochs=10, rng=rng)
    assert (
        fit.status == "interrupted"
        and fit.history.shape == (3,)
        and fit.state.n_steps == 3
        and np.isfinite(fit.objective)
    )


def test_bad_input_is_refused_by_name():
    x, y, rng = samples(11)

    def fit(*arguments, **options):
        return nr.fit_nce_adam(MODEL, NOISE, *arguments, **({"n_epochs": 2, "rng": rng} | options))

    for message, arguments, options in (
        ("y, n_noise: expected exactly one", (x,), {}),
        ("y, n_noise: expected exactly one", (x, y), {"n_noise": 10}),
        ("n_noise: got 0", (x,), {"n_noise": 0}),
        ("learning_rate: got 0.0; expected a finite number above 0", (x, y), {"learning_rate": 0}),
        ("n_epochs: got 0", (x, y), {"n_epochs": 0}),
        (
            "n_batches: got 31; expected at most the 30 data and 75 noise points",
            (x, y),
            {"n_batches": 31},
        ),
        ("rng: got int", (x, y), {"rng": 0}),
        (
            "start, state: got both",
            (x, y),
            {"start": np.zeros(17), "state": AdamState.at(np.zeros(17))},
        ),
        (r"start: got shape \(3,\); expected shape \(17,\)", (x, y), {"start": np.zeros(3)}),
        (
            "state: got ndarray; expected the state of an earlier fit",
            (x, y),
            {"state": np.zeros(17)},
        ),
        (r"state.theta: got shape \(3,\)", (x, y), {"state": AdamState.at(np.zeros(3))}),
        ("x: got shape", (x[:, :1], y), {}),
        ("y: got shape", (x, y[:, :1]), {}),
        ("x: entry .* is nan", (np.where(x > 0, x, np.nan), y), {}),
        ("held_out: got 1", (x, y), {"held_out": (x,)}),
        ("held_out: got int", (x, y), {"held_out": 5}),
        ("x: got shape", (x, y), {"held_out": (x[0], y)}),
    ):
        with pytest.raises(ValueError, match=message):
            fit(*arguments, **options)
