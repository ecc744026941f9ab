"""The network's 40 digits: against the package in float64, against differences in decimals, and where digits get
lost."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.oracle.families.networks import exact as exact_network
from nce_ref.oracle.mistakes import mistakes_at
from nce_ref.oracle.numbers import balls
from nce_ref.oracle.objectives import OBJECTIVES
from tests.oracle.float64_bounds import U, agrees

ACTIVATIONS = ("tanh", "softplus", "relu")
SIZES = ([1, 1], [3, 1], [2, 3, 1], [3, 3, 1], [4, 5, 3, 1])


def exact(name, *arguments, **rest):
    return getattr(exact_network, f"mlp_{name}_log_density")(*arguments, **rest)


def problem(name, sizes, n_points=12):
    rng = np.random.default_rng([len(sizes), sum(sizes), ACTIVATIONS.index(name)])
    model = nr.MLP(sizes, activation=name)
    theta, u = rng.standard_normal(model.n_params), rng.standard_normal((n_points, sizes[0]))
    theta[-1] = -2.5  # f < 0 somewhere, so that a ReLU on the last layer shows
    return model, theta, u


def bound(name, sizes, theta, u):
    """(m + 9) U times the running sums of absolute summands: a sum of m products is off by (m + 1) U of them, an
    activation or its slope by 4 ulp = 8 U of itself, and what was off before is passed on by absolute weights and
    slopes, which the sums contain."""
    m = max(*sizes, len(u))
    sums = OBJECTIVES[f"mlp_{name}_log_density"].scales(np.array(sizes), theta, u, None)
    return {output: (m + 9) * U * size for output, size in sums.items()}


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_package_agrees_and_planted_mistakes_do_not(name, sizes):
    model, theta, u = problem(name, sizes)
    want, allowed = exact(name, sizes, theta, u), bound(name, sizes, theta, u)
    got = {
        "value": model.log_density(theta, u),
        "grad_theta": model.pullback(theta, u, np.ones(len(u))),
        "grad_u": model.score(theta, u),
    }
    assert agrees(got, want, allowed)
    objective = f"mlp_{name}_log_density"
    for mistake in mistakes_at(objective):
        if not (mistake.choice or mistake.arithmetic) and len(sizes) > 2 and sizes[1] > 1:
            wrong = mistake.evaluate(
                objective, {"layer_sizes": np.array(sizes), "theta": theta, "u": u}
            )
            assert not agrees(wrong, want, allowed), mistake.id


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_are_the_derivatives_of_the_value_by_differences(name):
    """h = 1e-12 in fractions and 60 digits: a central difference is off by h^2/6 of a third derivative, here below
    10^4; hence 1e-20.

    ReLU is affine in one weight until a unit changes its side, so that only the 60 digits round.
    """
    sizes, h, allowed = (
        [2, 3, 2, 1],
        Fraction(1, 10**12),
        Decimal("1e-20" if name != "relu" else "1e-45"),
    )
    _, theta, u = problem(name, sizes, 2)
    theta, u = (
        [Fraction(float(t)) for t in theta],
        [[Fraction(float(v)) for v in point] for point in u],
    )
    got = exact(name, sizes, theta, u, digits=60)

    def total(theta, u):
        return sum(exact(name, sizes, theta, u, digits=60)["value"])

    def moved(values, k, by):
        return [value + by if k == j else value for j, value in enumerate(values)]

    with localcontext(prec=70):
        for k, slope in enumerate(got["grad_theta"]):
            quotient = (total(moved(theta, k, h), u) - total(moved(theta, k, -h), u)) / (
                2 * Decimal(h.numerator) / Decimal(h.denominator)
            )
            assert abs(quotient - slope) < allowed
            assert abs(quotient - slope - Decimal("1e-15")) > allowed
        for t, point in enumerate(u):
            for j, slope in enumerate(got["grad_u"][t]):
                ends = [
                    sum(exact(name, sizes, theta, [moved(point, j, by)], digits=60)["value"])
                    for by in (h, -h)
                ]
                assert abs((ends[0] - ends[1]) / Decimal("2e-12") - slope) < allowed


def unit(name, z, digits=40):
    """(phi(z), phi'(z)) read off a network of one unit."""
    found = exact(name, [1, 1, 1], [1, 0, 1, 0], [[z]], digits=digits)
    return found["value"][0], found["grad_u"][0][0]


@pytest.mark.parametrize("z", ["0.001", "0.7", "3", "40", "800"])
def test_activations_fulfil_their_identities(z):
    """To a few units of the 40th digit: addition theorem, 1 - tanh^2, softplus(z) - softplus(-z) = z, slopes that add
    up to 1."""
    z = Decimal(z)
    with localcontext(prec=60):
        value, slope = unit("tanh", z)
        assert abs(unit("tanh", 2 * z)[0] - 2 * value / (1 + value**2)) < Decimal("1e-38")
        assert abs(slope - (1 - value**2)) < Decimal("1e-38")
        assert unit("tanh", -z) == (-value, slope)
        (above, slope_above), (below, slope_below) = unit("softplus", z), unit("softplus", -z)
        assert abs(above - below - z) < Decimal("1e-38") * (1 + z)
        assert abs(slope_above + slope_below - 1) < Decimal("1e-38")
        # The tails keep all their digits.
        assert abs(slope_below / below - 1) < Decimal(-z).exp() + Decimal("1e-38")
        assert abs(
            slope / (4 * Decimal(-2 * z).exp() / (1 + Decimal(-2 * z).exp()) ** 2) - 1
        ) < Decimal("1e-38")


def test_at_zero_all_is_exact():
    assert unit("tanh", 0) == (0, 1)
    assert unit("softplus", 0)[1] == Decimal("0.5")
    assert unit("relu", 0) == (0, 0)  # the documented choice
    found = exact("tanh", [2, 2, 1], [0, 0, 0, 0, 0, 0, 1, 2, 3], [[1, -1]])
    assert found["value"] == [3] and found["grad_u"] == [[0, 0]]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_more_digits_are_the_same_number(name):
    sizes = [2, 3, 1]
    _, theta, u = problem(name, sizes)
    few, many = exact(name, sizes, 16 * theta, u), exact(name, sizes, 16 * theta, u, digits=90)
    with localcontext(prec=40):
        for output, numbers in few.items():
            assert np.ravel(np.array(numbers, dtype=object)).tolist() == [
                +d for d in np.ravel(np.array(many[output], dtype=object))
            ]


TWINS = ([1, 2, 1], [1, 1, 0, 0, 1, -1, 0], [[1]])  # phi(u) - phi(u)


def test_a_difference_of_neighbours_has_all_its_digits_and_an_unproved_0_is_refused(monkeypatch):
    """tanh(1) - tanh(1 + 2^-90) is 2^-90 tanh'(1) to 27 digits; the first 27 digits of the two are the same."""
    near = exact("tanh", [1, 2, 1], [1, 1 + Fraction(1, 2**90), 0, 0, 1, -1, 0], [[1]])["value"][0]
    with localcontext(prec=60):
        assert abs(near * 2**90 / unit("tanh", 1)[1] + 1) < Decimal("1e-26")
    monkeypatch.setattr(
        balls, "MAX_PRECISION", 1000
    )  # 20000 digits take ten seconds to say the same
    with pytest.raises(ArithmeticError, match="0 unproved"):
        exact("tanh", *TWINS)
    assert exact("relu", *TWINS)["value"] == [0]


def test_without_the_radii_the_unproved_0_would_pass(monkeypatch):
    """The plant: roundings are not counted, and the cancellation is believed."""
    monkeypatch.setattr(balls, "rounded", lambda operation, radius: balls.Ball(operation()))
    monkeypatch.setattr(
        exact_network, "_absolute", lambda value, size, moved: exact_network.Ball(value)
    )
    monkeypatch.setattr(exact_network, "_relative", lambda slope, moved: exact_network.Ball(slope))
    assert exact("tanh", *TWINS)["value"] == [0]


@pytest.mark.parametrize(
    ("sizes", "theta", "u", "said"),
    [
        ([2], [], [[1, 2]], "layer_sizes"),
        ([2, 3], [0] * 9, [[1, 2]], "layer_sizes"),
        ([2, 1.5, 1], [0] * 9, [[1, 2]], "layer_sizes"),
        ([2, 0, 1], [0], [[1, 2]], "layer_sizes"),
        ([2, 1], [0] * 4, [[1, 2]], "theta"),
        ([2, 1], [0, 0, float("nan")], [[1, 2]], "theta"),
        ([2, 1], [0] * 3, [[1, 2, 3]], "u"),
    ],
)
def test_bad_input(sizes, theta, u, said):
    with pytest.raises(ValueError, match=said):
        exact("relu", sizes, theta, u)
