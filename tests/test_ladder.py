"""_ladder.py: the error estimate covers the true error, and right gradients, however awkward, are not flagged."""

from __future__ import annotations

import numpy as np

from nce_ref._ladder import EPS, SAFETY, _on_kink, _rungs, ladder_derivative
from nce_ref.gradcheck import DISAGREES, UNRESOLVED, check_gradient
from tests.textbook_nce import real_only

SHAPES = {
    "sin": (np.sin, np.cos),
    "tanh": (np.tanh, lambda t: 1.0 / np.cosh(t) ** 2),
    "softplus": (lambda t: np.logaddexp(0.0, t), lambda t: 0.5 * (1.0 + np.tanh(t / 2.0))),
    "bump": (lambda t: np.exp(-t * t), lambda t: -2.0 * t * np.exp(-t * t)),
    "exp": (np.exp, np.exp),
    "cubic": (lambda t: t**3 - 2.0 * t, lambda t: 3.0 * t * t - 2.0),
}


def random_smooth(rng):
    """A sum of eight ridges of one shape, coordinates of sizes 1e-6 ... 1e6, value of size 1e-6 ... 1e6, with and
    without an offset."""
    f, slope = list(SHAPES.values())[rng.integers(len(SHAPES))]
    n = int(rng.integers(1, 6))
    size, height = 10.0 ** rng.uniform(-6, 6, n), 10.0 ** rng.uniform(-6, 6)
    W, b, a, offset = (
        rng.standard_normal((8, n)),
        rng.standard_normal(8),
        rng.standard_normal(8),
        rng.choice([0.0, 1.0, 100.0]),
    )

    def fun(theta):
        t = W @ (theta / size) + b
        return height * (a @ f(t) + offset), height * (W.T @ (a * slope(t))) / size

    return fun, size * rng.standard_normal(n)


def test_no_false_alarm_on_badly_scaled_smooth_functions():
    # 300 functions, about 900 coordinates, both paths; 6000 more functions were run once without an alarm.
    rng = np.random.default_rng(10)
    for _ in range(300):
        fun, theta = random_smooth(rng)
        for report in (check_gradient(fun, theta), check_gradient(real_only(fun), theta)):
            assert report.ok, str(report)


def test_the_same_functions_with_one_entry_off_by_1e_5_are_all_caught():
    rng = np.random.default_rng(11)
    for _ in range(150):
        fun, theta = random_smooth(rng)
        i = int(rng.integers(len(theta)))

        def wrong(point, fun=fun, i=i):
            value, grad = real_only(fun)(point)
            grad[i] *= 1.0 + 1e-5
            return value, grad

        assert check_gradient(wrong, theta).indices(DISAGREES) == (i,)


def test_the_estimated_error_covers_the_true_one():
    # Derivatives known in closed form: the true error may not exceed SAFETY estimated ones, and its median is below a
    # single one.
    rng, shares = np.random.default_rng(12), []
    for _ in range(200):
        f, slope = list(SHAPES.values())[rng.integers(len(SHAPES))]
        x, size = rng.standard_normal(), 10.0 ** rng.uniform(-3, 3)

        def scaled(t, f=f, size=size):
            return float(f(t[0] / size))

        found = ladder_derivative(scaled, np.array([x * size]), 0, float(f(x)), size)
        shares.append(abs(found.value - slope(x) / size) / found.error)
        assert shares[-1] <= SAFETY and found.error <= 1e-9 * max(1.0, abs(slope(x))) / size
    assert np.median(shares) <= 1.0


def test_rungs_are_the_five_point_formula_and_of_order_four():
    def f(t):
        return np.exp(np.sin(t))

    x, d = 0.4, 0.5 ** np.arange(1, 6)
    D4, _, h, _ = _rungs([(2.0 * w, float(f(x + w)), float(f(x - w))) for w in d], float(f(x)), x)
    five_point = (f(x - 2 * h) - 8.0 * f(x - h) + 8.0 * f(x + h) - f(x + 2 * h)) / (12.0 * h)
    np.testing.assert_allclose(D4, five_point, rtol=100 * EPS / h.min())
    truncation = D4 - np.cos(x) * f(x)
    assert np.all(np.abs(np.log2(truncation[:-1] / truncation[1:]) - 4.0)[1:] <= 0.2), (
        "the error does not fall as h^4"
    )


def test_every_rung_knows_its_truncation():
    # An odd function has no fourth difference at 0: only the spread between rungs can see what truncation leaves.
    d = 0.5 ** np.arange(1, 14)
    for f, slope in ((np.sin, 1.0), (np.sinh, 1.0), (lambda t: t**5 + t, 1.0), (np.arctan, 1.0)):
        D4, error, _, _ = _rungs([(2.0 * w, float(f(w)), float(f(-w))) for w in d], 0.0, 0.0)
        assert np.all(np.abs(D4 - slope) <= SAFETY * error)


def test_a_jump_below_the_roundings_is_no_kink():
    """|t| times half the jump at 0: 200 eps of the values, or of the argument's share |theta f'|, over the step hides
    it."""
    d = 0.0927 * 0.5 ** np.arange(13)

    def suspected(jump, slope=0.0, level=0.0):
        return _on_kink(
            [(2 * w, level + jump * w / 2, level + jump * w / 2) for w in d], level, slope
        )

    hidden = 200.0 * EPS / d[-2]  # where it shows at the last step but one, if at all
    assert suspected(1e-3) and suspected(hidden / 1e3) and suspected(2.0 * hidden, slope=1.0)
    for slope in (1.0, -1.0):
        assert not suspected(d[-1] * hidden, slope=slope)
        assert suspected(-1e-3, slope=slope)
    assert not suspected(0.0) and not suspected(0.0, slope=1.0)


def test_noisy_functions_are_not_blamed():
    # A right gradient with a value that carries noise: it may be unresolved, it may not be flagged. Values rounded to
    # float32 are the hardest, since grains halve with the step: without the confirming steps off the grid 2.5 % of
    # these were flagged.
    rng = np.random.default_rng(13)

    def rounded_to_float32(theta):
        return float(np.float32(np.sin(theta).sum())), np.cos(theta)

    def cancelling(theta):
        return float((np.sin(theta).sum() + 1e6) - 1e6), np.cos(theta)

    def wobbling(theta):
        return float((np.sin(theta) + 1e-8 * np.sin(1e15 * theta)).sum()), np.cos(theta)

    for _ in range(40):
        theta = rng.uniform(0.3, 1.2, size=2)
        for fun in (rounded_to_float32, cancelling, wobbling):
            assert check_gradient(real_only(fun), theta).indices(DISAGREES) == ()
        report = check_gradient(real_only(rounded_to_float32), theta)
        assert {c.status for c in report.coordinates} == {UNRESOLVED}, (
            "noise of 6e-8 hides 1e-5 of a derivative"
        )
        assert not report.ok and "less noisy" in str(report)


def test_periods_that_the_coarse_steps_cannot_see():
    # The period is a whole multiple of the first eight steps: every coarse rung says slope 0 with no spread at all.
    for power in range(8):
        period = 0.0927 / 2.0**power

        def fun(theta, period=period):
            return float(np.sin(2.0 * np.pi * theta[0] / period)), 2.0 * np.pi / period * np.cos(
                2.0 * np.pi * theta / period
            )

        report = check_gradient(fun, [0.0], scale=[1.0])
        assert report.ok, str(report)


def test_zero_derivatives_and_stationary_points_pass():
    assert check_gradient(lambda t: (np.cos(t).sum(), -np.sin(t)), np.zeros(3)).ok
    assert check_gradient(lambda t: (3.0, np.zeros(2)), np.ones(2)).ok
    assert check_gradient(lambda t: (0.0, np.zeros(2)), np.zeros(2)).ok
    report = check_gradient(lambda t: (np.cos(t).sum(), -np.sin(t) + [0.0, 1e-6, 0.0]), np.zeros(3))
    assert report.indices(DISAGREES) == (1,)


def test_scale_is_what_a_zero_coordinate_needs():
    def fun(theta):
        return np.cos(1e9 * (theta[0] - 3e-10)), -1e9 * np.sin(1e9 * (theta - 3e-10))

    assert check_gradient(real_only(fun), [0.0], scale=[1e-9]).ok
    assert check_gradient(real_only(fun), [0.0]).ok  # |value / grad| gives the scale away
