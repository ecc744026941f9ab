"""NCE from log-ratios alone: every term and slope against 40 digits, mistakes planted in them, extreme and known
values.

Conventions
-----------
G   log-ratio ln p_m - ln p_n;   t = G - ln nu;   h = sigma(t)
J   (1/n_data) [ sum_x ln h + sum_y ln(1 - h) ]
"""

from __future__ import annotations

import decimal
import math
from decimal import Decimal

import numpy as np
import pytest

import nce_ref as nr
from tests import reference

FAR = 1e9  # a log-ratio whose term, ln sigma(1e9) = -e^-1e9, is 0 in float64


# --- against 40 digits ----------------------------------------------------------------------------


def exact_argument(G, nu):
    """G - ln nu as a Decimal of 60 digits."""
    with decimal.localcontext(prec=60):
        return Decimal(float(G)) - Decimal(float(nu)).ln()


def exact_term(G, nu, of_noise):
    """ln sigma(G - ln nu), or ln sigma(ln nu - G), and its argument."""
    t = exact_argument(G, nu)
    t = t.copy_negate() if of_noise else t
    return reference.decimal_log_sigmoid(t), float(t)


def term_points():
    rng = np.random.default_rng(0)
    points = [
        0.0,
        36.7,
        37.0,
        700.0,
        744.0,
        800.0,
        1e-300,
        1e-8,
        1e8,
        1e300,
        *rng.uniform(0, 40, 40),
        *rng.uniform(40, 760, 20),
    ]
    return np.concatenate([points, np.negative(points)])


def worst_term(objective, nu):
    """The largest error of a single term or slope, in units of its bound: one sample's term alone, the other's is 0.

    The bound is 4 + 2|t| ulp. 4: log_sigmoid of a float. 2|t|: t is off by half an ulp of its own and half an ulp of
    ln nu, together at most eps |t| where |t| >= |ln nu|, and |d ln(-ln sigma)/dt| <= 1; one ulp is at least eps/2 of
    the value. Where |t| < |ln nu| the slope of ln sigma is near 1/2 and |ln nu| <= 5 below keeps it inside the 4. The
    slope's division by n_data = 1 is exact.
    """
    worst = 0.0
    for G in term_points():
        for of_noise in (False, True):
            with np.errstate(all="ignore"):
                value, (of_x, of_y) = objective(
                    np.array([FAR if of_noise else G]), np.array([G if of_noise else -FAR]), nu
                )
            term, t = exact_term(G, nu, of_noise)
            h_or_rest = exact_argument(G, nu) if of_noise else exact_argument(G, nu).copy_negate()
            slope = reference.decimal_sigmoid(h_or_rest)
            got = -of_y[0] if of_noise else of_x[0]
            bound = 4.0 + 2.0 * abs(t)
            worst = max(
                worst,
                reference.ulp_error(value, term) / bound,
                reference.ulp_error(got, slope) / bound,
            )
    return worst


@pytest.mark.parametrize("nu", [0.01, 0.3, 1.0, 2.5, 100.0])
def test_every_term_and_slope_within_its_bound(nu):
    assert worst_term(nr.nce_from_log_ratios, nu) <= 1.0


@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_the_whole_value_for_a_ratio_neither_one_nor_integer(scale):
    """4 data, 10 noise points, nu = 2.5: the terms have one sign, so the sum adds at most 14 half-ulps to their
    errors."""
    rng = np.random.default_rng(1)
    gx, gy = scale * rng.standard_normal(4), scale * rng.standard_normal(10)
    terms = [exact_term(G, 2.5, False) for G in gx] + [exact_term(G, 2.5, True) for G in gy]
    with decimal.localcontext(prec=50):
        want = sum(term for term, _ in terms) / 4
    value, (of_x, of_y) = nr.nce_from_log_ratios(gx, gy)
    assert reference.ulp_error(value, want) <= 4.0 + 2.0 * max(abs(t) for _, t in terms) + 14.0
    assert of_x.shape == (4,) and of_y.shape == (10,)
    assert (of_x >= 0).all() and (of_y <= 0).all()


def _form(log_h, log_not_h, slope=None):
    """An objective from elementwise ln h(G, nu) and ln(1-h)(G, nu), with the right slopes unless others are given."""

    def objective(gx, gy, nu):
        _, slopes = nr.nce_from_log_ratios(gx, gy, nu)
        return (log_h(gx, nu).sum() + log_not_h(gy, nu).sum()) / len(gx), slope(
            gx, gy, nu
        ) if slope else slopes

    return objective


def _h(G, nu):
    return 1 / (1 + nu * np.exp(-G))


def _clip(G, nu):
    return np.clip(_h(G, nu), 1e-7, 1 - 1e-7)


def _clip_slope(gx, gy, nu):
    return tuple(
        np.where((_h(g, nu) > 1e-7) & (_h(g, nu) < 1 - 1e-7), s, 0.0)
        for g, s in zip((gx, gy), _slopes(gx, gy, nu))
    )


def _slopes(gx, gy, nu):
    return nr.nce_from_log_ratios(gx, gy, nu)[1]


def _stable(t):
    return np.minimum(t, 0) - np.log1p(np.exp(-np.abs(t)))


TERM_PLANTS = {
    "no-log-nu": _form(lambda G, nu: _stable(G), lambda G, nu: _stable(-G)),
    "nu-sign": _form(
        lambda G, nu: _stable(G + math.log(nu)), lambda G, nu: _stable(-math.log(nu) - G)
    ),
    "noise-averaged": _form(
        lambda G, nu: _stable(G - math.log(nu)), lambda G, nu: _stable(math.log(nu) - G) / nu
    ),
    "noise-sign": _form(
        lambda G, nu: _stable(G - math.log(nu)), lambda G, nu: _stable(G - math.log(nu))
    ),
    "labels-swapped": _form(
        lambda G, nu: _stable(math.log(nu) - G), lambda G, nu: _stable(G - math.log(nu))
    ),
    "naive-log-sigmoid": _form(
        lambda G, nu: np.log(_h(G, nu)), lambda G, nu: np.log(1 - _h(G, nu))
    ),
    "eps-in-log": _form(
        lambda G, nu: np.log(_h(G, nu) + 1e-8), lambda G, nu: np.log(1 - _h(G, nu) + 1e-8)
    ),
    "clip-prob": _form(
        lambda G, nu: np.log(_clip(G, nu)), lambda G, nu: np.log(1 - _clip(G, nu)), _clip_slope
    ),
    "clipped slopes alone": lambda gx, gy, nu: (
        nr.nce_from_log_ratios(gx, gy, nu)[0],
        _clip_slope(gx, gy, nu),
    ),
    "slope of noise without its sign": lambda gx, gy, nu: (
        nr.nce_from_log_ratios(gx, gy, nu)[0],
        (_slopes(gx, gy, nu)[0], -_slopes(gx, gy, nu)[1]),
    ),
    "float32": lambda gx, gy, nu: (
        np.float32(nr.nce_from_log_ratios(gx, gy, nu)[0]),
        _slopes(gx, gy, nu),
    ),
}


@pytest.mark.parametrize("plant", TERM_PLANTS)
def test_a_planted_mistake_in_a_term_is_caught(plant):
    assert worst_term(TERM_PLANTS[plant], 2.5) > 1.0


def test_the_harness_of_the_plants_passes_the_right_forms():
    assert (
        worst_term(
            _form(lambda G, nu: _stable(G - math.log(nu)), lambda G, nu: _stable(math.log(nu) - G)),
            2.5,
        )
        <= 1.0
    )


@pytest.mark.parametrize("size", [800.0, 1e300])
def test_extreme_log_ratios_have_exact_values_and_gradients(size):
    """On the wrong side a term is -size and its slope 1/n_data; on the right side both are 0: no rounding at all at
    nu = 1."""
    with np.errstate(all="raise", under="ignore"):
        value, (of_x, of_y) = nr.nce_from_log_ratios([-size, size], [size, -size])
    assert value == -size
    np.testing.assert_array_equal(of_x, [0.5, 0.0])
    np.testing.assert_array_equal(of_y, [-0.5, 0.0])


def test_a_mean_within_float64_is_returned_where_the_sum_is_not():
    value, _ = nr.nce_from_log_ratios([-1e308] * 4, [0.0], nu=1.0)
    assert value == pytest.approx(-1e308, rel=1e-15)


# --- known values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n_noise", [1, 4, 10])
def test_chance_value(n_noise):
    nu = n_noise / 4
    value, _ = nr.nce_from_log_ratios(np.zeros(4), np.zeros(n_noise))
    assert value == pytest.approx(-(math.log(1 + nu) + nu * math.log(1 + 1 / nu)), rel=1e-14)


def test_twice_the_2010_papers_objective_at_equal_sample_sizes():
    rng = np.random.default_rng(2)
    gx, gy = rng.standard_normal((2, 6))
    J_T = (
        sum(
            math.log(1 / (1 + math.exp(-a))) + math.log(1 - 1 / (1 + math.exp(-b)))
            for a, b in zip(gx, gy)
        )
        / 12
    )
    assert nr.nce_from_log_ratios(gx, gy)[0] == pytest.approx(2 * J_T, rel=1e-14)


def test_nu_from_the_sizes_and_given():
    rng = np.random.default_rng(3)
    gx, gy = rng.standard_normal(4), rng.standard_normal(10)
    assert nr.nce_from_log_ratios(gx, gy)[0] == nr.nce_from_log_ratios(gx, gy, nu=2.5)[0]
    # A given nu replaces ln nu alone; the noise is summed over n_data, never averaged.
    want = (np.log(_h(gx, 7.0)).sum() + np.log(1 - _h(gy, 7.0)).sum()) / 4
    assert nr.nce_from_log_ratios(gx, gy, nu=7.0)[0] == pytest.approx(want, rel=1e-13)


def test_slopes_in_the_log_ratios_by_the_gradient_checker():
    start = np.random.default_rng(4).standard_normal(7) * 3

    def fun(G):
        value, slopes = nr.nce_from_log_ratios(G[:2], G[2:])
        return value, np.concatenate(slopes)

    assert nr.check_gradient(fun, start).ok
