"""adam.py: the update against a trace made by hand, the loop's bookkeeping, and every way in which a run can go
wrong."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from nce_ref.optimize import Adam, AdamState, maximize_adam
from nce_ref.optimize.adam import minibatches

GRADIENTS = (1.0, 2.0, -1.0)
# beta1 = 0.9, beta2 = 0.999, learning rate 0.1, gradients 1, 2, -1 from theta = 0, upwards. By hand:
#   m    0.1   0.29                 0.161                  v    0.001   0.004999             0.005994001
#   m^   1     0.29/0.19            0.161/0.271            v^   1       0.004999/0.001999    0.005994001/0.002997001
# and theta_t = theta_{t-1} + 0.1 m^/(sqrt(v^) + epsilon), summed with 40 digits:
TRACES = {
    1e-8: (0.099999999000000010, 0.19651820097183436, 0.23852713103181383),
    0.5: (0.066666666666666667, 0.13999871790863153, 0.17103475219708442),
}


def trace(rule, step=Adam.step):
    state, thetas = AdamState.at(np.zeros(1)), []
    for g in GRADIENTS:
        state = step(rule, state, np.array([g]))
        thetas.append(state.theta[0])
    return thetas


@pytest.mark.parametrize("epsilon", TRACES)
def test_three_steps_are_those_by_hand(epsilon):
    # Some ten roundings a step, none cancelling: 1 - 0.999^t loses 1/(1 - 0.999) = 1000 eps.
    np.testing.assert_allclose(trace(Adam(0.1, epsilon=epsilon)), TRACES[epsilon], rtol=1e-12)


def test_the_trace_by_hand_is_right_in_exact_fractions():
    """A second witness: algorithm 1 in rational numbers, the square root alone in floats."""
    b1, b2 = Fraction(9, 10), Fraction(999, 1000)
    for epsilon, wanted in TRACES.items():
        m, v, theta = Fraction(0), Fraction(0), 0.0
        for t, (g, want) in enumerate(zip(GRADIENTS, wanted), start=1):
            m, v = b1 * m + (1 - b1) * int(g), b2 * v + (1 - b2) * int(g) ** 2
            theta += 0.1 * float(m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + epsilon)
            assert theta == pytest.approx(want, rel=1e-14, abs=0)


def planted(minimise=False, corrected=True, epsilon_inside=False, moments_swapped=False, late=0):
    def step(rule, state, g):
        t = state.n_steps + 1
        b1, b2 = (rule.beta2, rule.beta1) if moments_swapped else (rule.beta1, rule.beta2)
        m, v = b1 * state.first_moment + (1 - b1) * g, b2 * state.second_moment + (1 - b2) * g**2
        m_hat, v_hat = (
            (m / (1 - b1 ** (t + late)), v / (1 - b2 ** (t + late))) if corrected else (m, v)
        )
        size = np.sqrt(v_hat + rule.epsilon) if epsilon_inside else np.sqrt(v_hat) + rule.epsilon
        return AdamState(
            state.theta + (-1 if minimise else 1) * rule.learning_rate * m_hat / size, m, v, t
        )

    return step


PLANTS = {
    "minimises": {"minimise": True},
    "no bias correction": {"corrected": False},
    "epsilon inside the root": {"epsilon_inside": True},
    "betas exchanged": {"moments_swapped": True},
    "t counted from 2": {"late": 1},
}


@pytest.mark.parametrize("plant", [None, *PLANTS])
def test_a_planted_mistake_in_the_update_is_seen_by_the_trace(plant):
    got = trace(Adam(0.1, epsilon=0.5), planted(**PLANTS.get(plant, {})))
    assert np.allclose(got, TRACES[0.5], rtol=1e-12, atol=0) == (plant is None)


def test_the_first_step_is_the_learning_rate_whatever_the_scale():
    state = Adam(0.01).step(AdamState.at(np.zeros(3)), np.array([1e-3, -5.0, 1e6]))
    np.testing.assert_allclose(
        state.theta, [0.01, -0.01, 0.01], rtol=2e-5
    )  # epsilon over the smallest gradient: 1e-5


# --- the loop -------------------------------------------------------------------------------------


def bowl(theta):
    return -0.5 * float(theta @ theta), -theta


def full():
    return [bowl]


START = AdamState.at(np.array([1.0, -2.0]))


def test_it_climbs_and_keeps_its_books():
    watched = maximize_adam(
        lambda: [bowl, bowl, bowl], START, Adam(0.05), 100, watch=lambda theta: bowl(theta)[0]
    )
    assert watched.status == "epochs done" and watched.n_evaluations == 300 == watched.state.n_steps
    assert watched.history.shape == watched.watched.shape == (100,)
    # A step is never longer than about the learning rate a coordinate; near the top it keeps within a few of them.
    assert watched.history[-1] > -0.01 > watched.history[0]
    # The value before each step: the first entry has the start in it, and the watched one is after the epoch.
    one = maximize_adam(full, START, Adam(0.05), 2, watch=lambda theta: bowl(theta)[0])
    assert one.history[0] == bowl(START.theta)[0] and one.history[1] == one.watched[0]
    assert (
        watched.best_epoch == int(np.argmax(watched.watched))
        and bowl(watched.best_theta)[0] == watched.watched.max()
    )
    plain = maximize_adam(full, START, Adam(0.05), 2)
    assert (
        plain.best_epoch == -1
        and plain.best_theta is plain.state.theta
        and plain.watched.shape == (0,)
    )


def test_a_run_in_two_parts_is_the_run_in_one():
    whole = maximize_adam(full, START, Adam(0.05), 20)
    first = maximize_adam(full, START, Adam(0.05), 8)
    second = maximize_adam(full, first.state, Adam(0.05), 12)
    np.testing.assert_array_equal(second.state.theta, whole.state.theta)
    np.testing.assert_array_equal(np.append(first.history, second.history), whole.history)
    forgetful = maximize_adam(full, AdamState.at(first.state.theta), Adam(0.05), 12)
    assert not np.array_equal(forgetful.state.theta, whole.state.theta)  # the moments and t matter
    np.testing.assert_array_equal(START.theta, [1.0, -2.0])  # nothing is changed in place


@pytest.mark.parametrize(
    "value, gradient",
    [(np.nan, 0.0), (0.0, np.nan), (0.0, np.inf), (-np.inf, 0.0), (0.0, 1e200)],
    ids=["J nan", "g nan", "g inf", "J inf", "g^2 inf"],
)
def test_leaving_the_finite_numbers_is_told_and_the_last_good_theta_kept(value, gradient):
    seen = []

    def batch(theta):
        seen.append(theta)
        return bowl(theta) if len(seen) < 6 else (value, np.full(2, gradient))

    run = maximize_adam(lambda: [batch], START, Adam(0.05), 20)
    assert (
        run.status == "diverged"
        and "epoch 5" in run.message
        and "lower the learning rate" in run.message
    )
    assert run.history.shape == (5,) and run.state.theta is seen[4]
    with pytest.raises(ValueError, match=r"start: epoch 0.*expected a start where they are finite"):
        maximize_adam(lambda: [lambda theta: (value, np.full(2, gradient))], START, Adam(0.05), 20)


def test_a_learning_rate_that_leaves_float64_is_told():
    run = maximize_adam(lambda: [lambda theta: (0.0, np.ones(2))], START, Adam(1.5e308), 5)
    assert (
        run.status == "diverged"
        and "leaves float64" in run.message
        and np.isfinite(run.state.theta).all()
    )
    far = AdamState.at(np.array([1e308, 0.0]))
    first = maximize_adam(
        lambda: [lambda theta: (0.0, np.ones(2))], far, Adam(1e308), 5
    )  # the rate's fault, not the start's
    assert (
        first.status == "diverged"
        and "epoch 0: step 1 of size 1e+308 leaves float64" in first.message
    )
    assert first.state is first.before is far and first.history.shape == (0,)


def test_the_state_before_the_last_step_is_kept():
    run, shorter = (maximize_adam(full, START, Adam(0.05), n) for n in (5, 4))
    np.testing.assert_array_equal(run.before.theta, shorter.state.theta)
    assert run.before.n_steps == 4 and run.state.n_steps == 5


def test_a_falling_objective_is_told():
    run = maximize_adam(full, AdamState.at(np.zeros(2) + 1e-3), Adam(100.0), 2)
    assert (
        run.status == "epochs done"
        and "fell from" in run.message
        and "lower the learning rate" in run.message
    )


def test_ctrl_c_loses_nothing():
    calls = []

    def batch(theta):
        calls.append(theta)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return bowl(theta)

    run = maximize_adam(lambda: [batch, batch], START, Adam(0.05), 20)
    assert run.status == "interrupted" and "after 3 of 20 epochs" in run.message
    assert run.state.n_steps == 7 and run.history.shape == (3,)
    rest = maximize_adam(full, run.state, Adam(0.05), 3)
    np.testing.assert_array_equal(
        rest.state.theta, maximize_adam(full, START, Adam(0.05), 10).state.theta
    )


def test_minibatches_are_a_partition_in_equal_shares():
    pairs = minibatches(103, 251, 10, np.random.default_rng(0))
    for which, n in ((0, 103), (1, 251)):
        sizes = [len(pair[which]) for pair in pairs]
        assert max(sizes) - min(sizes) <= 1
        np.testing.assert_array_equal(
            np.sort(np.concatenate([pair[which] for pair in pairs])), np.arange(n)
        )
    assert not np.array_equal(
        pairs[0][0], np.arange(11)
    )  # shuffled: 11 of 103 in order by chance is 1e-22


@pytest.mark.parametrize("rate", [0, 0.0, -0.1, np.nan, np.inf, "fast"])
def test_a_learning_rate_not_above_zero_is_refused(rate):
    with pytest.raises(ValueError, match=r"learning_rate: got .*expected a finite number above 0"):
        Adam(rate)


def test_other_bad_input_is_refused_by_name():
    for bad in ({"beta1": 1.0}, {"beta2": -0.1}, {"beta2": np.nan}):
        with pytest.raises(
            ValueError, match=rf"{next(iter(bad))}: got .*expected a number in \[0, 1\)"
        ):
            Adam(0.1, **bad)
    with pytest.raises(ValueError, match=r"epsilon: got 0.0"):
        Adam(0.1, epsilon=0)
    with pytest.raises(ValueError, match=r"gradient: entry .0,. is nan"):
        Adam(0.1).step(START, np.array([np.nan, 0.0]))
    with pytest.raises(ValueError, match="gradient: got shape"):
        Adam(0.1).step(START, np.zeros(3))
    with pytest.raises(ValueError, match="n_epochs: got 0"):
        maximize_adam(full, START, Adam(0.1), 0)
