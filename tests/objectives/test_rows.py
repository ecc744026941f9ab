"""The row kernel against 60-digit decimals, and against what cancels."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.objectives.rows import row_losses


def exact_row(data, noise):
    """(loss, 1 - w_0, w_1 ... w_k) in decimals, by the definition."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -(10**9), 10**9
        top = max(Decimal(v) for v in [data, *noise])
        e = [(Decimal(v) - top).exp() for v in [data, *noise]]
        total = sum(e)
        rest = sum(e[1:])
        # ln(1 + rest/e_0): by its series where rest/e_0 is below 1e-25, since 60 digits would not show it.
        share = rest / e[0]
        loss = share - share * share / 2 if share < Decimal("1e-25") else (1 + share).ln()
        return loss, rest / total, [v / total for v in e[1:]]


ROWS = {
    "alike": (0.3, [0.1, -0.2, 0.3]),
    "right by 40": (40.0, [-0.5, 0.25, 0.0]),
    "right by 700": (0.0, [-700.0, -701.5, -703.0]),
    "wrong by 40": (-20.0, [20.0, 19.0, -3.0]),
    "plus and minus 1000": (1000.0, [999.75, -1000.0, 1000.0]),
    "minus 1000": (-1000.0, [-1000.5, -1700.0, -1000.25]),
    "wrong by 2000": (-1000.0, [1000.0, 999.0, -1000.0]),
    "large and common": (1e6 + 0.5, [1e6, 1e6 - 3.0, 1e6 + 0.25]),
    "one": (2.5, [3.125]),
    "identical": (-3.0, [-3.0] * 50),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_all_its_digits(name):
    data, noise = ROWS[name]
    value, (of_data, of_noise) = nr.ranking_from_log_ratios([data], [noise])
    loss, rest, shares = exact_row(data, noise)
    # k + 16 roundings, and one of the exponents z and s_j - s_0, which are differences of numbers in float64, rounded
    # once or twice.
    spread = max(abs(v - data) for v in noise)
    allowed = (len(noise) + 16 + 3 * spread) * 2.0**-53
    for got, truth in [(-value, loss), (of_data[0], rest), *zip(-of_noise[0], shares, strict=True)]:
        if truth > Decimal("1e-290"):
            assert abs(Decimal(float(got)) / truth - 1) <= Decimal(allowed)
        else:
            assert 0.0 <= got <= 1e-290
    assert value < 0.0 and of_data[0] > 0.0


def test_the_obvious_forms_lose_what_is_tested_here():
    """A plant: the textbook's lse - s_0 and 1 - w_0 are 0 on a row that is right by 40."""
    data, noise = ROWS["right by 40"]
    row = np.array([data, *noise])
    lse = row.max() + np.log(np.exp(row - row.max()).sum())
    assert lse - data == 0.0 and 1.0 - np.exp(data - lse) == 0.0
    assert exact_row(data, noise)[0] > Decimal("1e-18")


def test_many_rows_are_the_mean_of_single_ones_and_slopes_cancel_in_each():
    rng = np.random.default_rng(1)
    data, noise = 3.0 * rng.standard_normal(50), 3.0 * rng.standard_normal((50, 7))
    value, (of_data, of_noise) = nr.ranking_from_log_ratios(data, noise)
    ones = [nr.ranking_from_log_ratios(data[i : i + 1], noise[i : i + 1]) for i in range(50)]
    assert value == pytest.approx(np.mean([one[0] for one in ones]), rel=1e-14)
    np.testing.assert_allclose(of_data * 50, [one[1][0][0] for one in ones], rtol=1e-14)
    np.testing.assert_allclose(of_data + of_noise.sum(axis=1), 0.0, atol=1e-17)
    # Slopes against central differences: h^2/6 times a third derivative of at most 1/8 (n = 50), and rounding eps/h.
    h = 1e-5
    for i, j in ((0, 0), (7, 3), (49, 6)):
        step = np.zeros_like(noise)
        step[i, j] = h
        up, down = (nr.ranking_from_log_ratios(data, noise + s * step)[0] for s in (1, -1))
        assert (up - down) / (2 * h) == pytest.approx(of_noise[i, j], abs=1e-10)
    # A constant a row is in all its log-ratios and changes nothing.
    moved = nr.ranking_from_log_ratios(data + 2.0, noise + 2.0)
    assert moved[0] == pytest.approx(value, rel=1e-14)


def test_one_noise_point_is_the_logistic_function():
    rng = np.random.default_rng(2)
    data, noise = 5.0 * rng.standard_normal(40), 5.0 * rng.standard_normal((40, 1))
    value, _ = nr.ranking_from_log_ratios(data, noise)
    t = data - noise[:, 0]
    assert value == pytest.approx(-np.logaddexp(0.0, -t).mean(), rel=1e-14)


def test_chance_is_minus_ln_of_the_rows_length():
    for k in (1, 4, 31):
        assert nr.ranking_from_log_ratios([2.0, 2.0], np.full((2, k), 2.0))[0] == pytest.approx(
            -np.log(k + 1.0), rel=1e-15
        )


def test_a_masked_point_is_left_out_and_a_row_masked_whole_costs_nothing():
    losses, weights = row_losses(np.array([[0.5, -np.inf, 0.25], [-np.inf, -np.inf, -np.inf]]))
    alone = row_losses(np.array([[0.5, 0.25]]))
    assert losses[0] == pytest.approx(alone[0][0], rel=1e-15) and losses[1] == 0.0
    np.testing.assert_allclose(weights[0, [0, 2]], alone[1][0], rtol=1e-15)
    assert (weights[1] == 0.0).all() and weights[0, 1] == 0.0


@pytest.mark.parametrize(
    ("data", "noise", "words"),
    [
        ([0.0], [0.0], "log_ratio_noise: "),
        ([0.0], [[]], "log_ratio_noise: "),
        ([0.0, 1.0], [[0.0]], "log_ratio_noise: got shape (1, 1)"),
        ([], np.zeros((0, 2)), "log_ratio_data: "),
        ([np.nan], [[0.0]], "log_ratio_data: "),
        ([0.0], [[-np.inf]], "log_ratio_noise: "),
        ([1.5e308], [[-1.5e308]], "log_ratio_noise: a difference"),
    ],
)
def test_bad_input_is_named(data, noise, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        nr.ranking_from_log_ratios(data, noise)
