"""special.py against 40-digit values: 4 ulp over all magnitudes, the edges, and the textbook forms that must fail."""

from __future__ import annotations

import decimal
import functools
import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest

from nce_ref import special
from tests import reference

# Where 4 comes from: exp and log1p are right to 1 ulp, each addition, division or rounded constant adds half an
# ulp, and a relative error of one ulp may count double after a step down to the next power of two.
ULP = 4.0

CASES = {
    "log_sigmoid": (special.log_sigmoid, reference.decimal_log_sigmoid),
    "softplus": (special.softplus, reference.decimal_softplus),
    "sigmoid": (special.sigmoid, reference.decimal_sigmoid),
    "log_sigmoid_and_slope[0]": (
        lambda t: special.log_sigmoid_and_slope(t)[0],
        reference.decimal_log_sigmoid,
    ),
    "log_sigmoid_and_slope[1]": (
        lambda t: special.log_sigmoid_and_slope(t)[1],
        lambda t: reference.decimal_sigmoid(-t),
    ),
    "laplace_log_density": (special.laplace_log_density, reference.decimal_laplace_log_density),
    "gaussian_log_density": (special.gaussian_log_density, reference.decimal_gaussian_log_density),
}
POINTS = reference.float64_points()


def worst(function: Callable, reference_function: Callable) -> tuple[float, float]:
    """The one check of this file; the plants below go through it as well."""
    return reference.worst_ulp_error(function(POINTS), POINTS, _cached(reference_function))


@functools.cache
def _cached(reference_function: Callable) -> Callable:
    return functools.cache(reference_function)


@pytest.mark.parametrize("name", CASES)
def test_within_four_ulp_of_forty_digits(name):
    error, where = worst(*CASES[name])
    assert error <= ULP, f"{name} is {error:.3g} ulp off at {where!r}"


@pytest.mark.parametrize("name", CASES)
def test_scalars_and_strided_arrays_take_the_same_value(name):
    """NumPy runs other machine code for a scalar, a contiguous and a strided array; none may be worse than the rest."""
    function, reference_function = CASES[name]
    subset = POINTS[::7]
    exact = _cached(reference_function)
    for got in (
        [function(float(t)) for t in subset],
        function(np.repeat(subset, 3)[::3]),
        function(subset[::-1])[::-1],
    ):
        error, where = reference.worst_ulp_error(got, subset, exact)
        assert error <= ULP, f"{name} is {error:.3g} ulp off at {where!r}"


EDGES = {  # at -inf, +inf
    "log_sigmoid": (-math.inf, 0.0),
    "softplus": (0.0, math.inf),
    "sigmoid": (0.0, 1.0),
    "log_sigmoid_and_slope[0]": (-math.inf, 0.0),
    "log_sigmoid_and_slope[1]": (1.0, 0.0),
    "laplace_log_density": (-math.inf, -math.inf),
    "gaussian_log_density": (-math.inf, -math.inf),
}


@pytest.mark.parametrize("name", CASES)
def test_infinities_give_the_limits_and_nan_gives_nan(name):
    function = CASES[name][0]
    np.testing.assert_array_equal(
        function([-math.inf, math.inf, math.nan]), [*EDGES[name], math.nan]
    )
    assert math.isnan(function(math.nan))


@pytest.mark.parametrize("name", CASES)
def test_no_floating_point_complaint_even_where_the_caller_asks_for_them(name):
    with np.errstate(all="raise"):
        CASES[name][0](np.concatenate([POINTS, [math.inf, -math.inf, math.nan, 1.7e308, -1.7e308]]))


@pytest.mark.parametrize("name", CASES)
def test_shape_is_kept_the_input_is_not_touched_and_other_real_kinds_are_taken(name):
    function = CASES[name][0]
    t = np.linspace(-3.0, 3.0, 24).reshape(2, 3, 4)
    kept = t.copy()
    assert function(t).shape == (2, 3, 4) and function(t).dtype == np.float64
    np.testing.assert_array_equal(t, kept)
    assert function(np.empty((0, 3))).shape == (0, 3)
    assert np.ndim(function(1.5)) == 0 and function(1.5).dtype == np.float64
    assert (
        function(2)
        == function(2.0)
        == function(np.array(2, dtype=np.int8))
        == function(np.float32(2.0))
        == function([2])[0]
    )


@pytest.mark.parametrize("name", CASES)
def test_complex_and_text_are_refused_by_name(name):
    argument = {"laplace_log_density": "s", "gaussian_log_density": "z"}.get(name, "t")
    for bad in (1j, np.array([1.0, 2j]), "one"):
        with pytest.raises(ValueError, match=rf"^{argument}: got dtype .*expected real numbers"):
            CASES[name][0](bad)


# --- the check can fail: textbook forms, each seen in published code (the mistake list's ids) ------------------------


def _naive_sigmoid(t):
    return 1.0 / (1.0 + np.exp(-t))


def _eps(t):
    return np.log(_naive_sigmoid(t) + 1e-8)


def _clipped(t):
    return np.log(np.clip(_naive_sigmoid(t), 1e-7, 1.0 - 1e-7))


def _flushed(t):
    """A sigmoid right everywhere but below the smallest normal number, as with flush-to-zero arithmetic."""
    s = special.sigmoid(t)
    return np.where(s < 2.3e-308, 0.0, s)


PLANTS = {
    "naive-log-sigmoid": (lambda t: np.log(_naive_sigmoid(t)), reference.decimal_log_sigmoid),
    "log of 1/(1+e)": (lambda t: -np.log(1.0 + np.exp(-t)), reference.decimal_log_sigmoid),
    "softplus as -ln(1-sigmoid)": (
        lambda t: -np.log(1.0 - _naive_sigmoid(t)),
        reference.decimal_softplus,
    ),
    "stable, but log in place of log1p": (
        lambda t: np.minimum(t, 0) - np.log(1.0 + np.exp(-np.abs(t))),
        reference.decimal_log_sigmoid,
    ),
    "eps-in-log": (_eps, reference.decimal_log_sigmoid),
    "clip-prob": (_clipped, reference.decimal_log_sigmoid),
    "naive sigmoid": (_naive_sigmoid, reference.decimal_sigmoid),
    "slope as 1 - sigmoid": (
        lambda t: 1.0 - special.sigmoid(t),
        lambda t: reference.decimal_sigmoid(-t),
    ),
    "flush to zero": (_flushed, reference.decimal_sigmoid),
    "float32": (lambda t: special.sigmoid(t).astype(np.float32), reference.decimal_sigmoid),
    "laplace-scale": (lambda s: -np.abs(s) - math.log(2.0), reference.decimal_laplace_log_density),
    "gauss-no-2pi": (lambda z: -(z**2) / 2, reference.decimal_gaussian_log_density),
    "square before halving": (
        lambda z: -(z**2) / 2 - special.LOG_2PI / 2,
        reference.decimal_gaussian_log_density,
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_mistake_is_caught_by_the_same_check(name):
    with np.errstate(all="ignore"):
        error, _ = worst(*PLANTS[name])
    assert error > ULP


# --- sums -----------------------------------------------------------------------------------------


def _summed_terms(n, scale, shift):
    """n terms in random order, a thousand different ones: a decimal takes a tenth of a millisecond, and each is made
    once."""
    rng = np.random.default_rng(int(n))
    return rng.choice(rng.normal(shift, scale, min(n, 1_000)), n)


SUMS = {
    "around 0": _summed_terms(9_001, 1.0, 0.0),
    "all alike": np.full(8_192, -0.3),
    "at the threshold": np.full(8_192, math.log(math.expm1(0.25)) + 1e-12),
    "below the threshold": np.full(8_192, math.log(math.expm1(0.25)) - 1e-12),
    "all small": _summed_terms(8_192, 1.0, -40.0),
    "all below eps": np.full(4_099, -41.0),
    "few": _summed_terms(100, 3.0, 0.0),
    "products beyond float64": _summed_terms(8_192, 5.0, 300.0),
    "one beyond float64": np.append(_summed_terms(8_000, 1.0, 0.0), 800.0),
    "tails": np.concatenate([_summed_terms(5_000, 200.0, 0.0), [-744.0, -708.0, 709.0, 710.0]]),
}


def _sum_error(function, z):
    """Of the sum in eps of itself, and of the slope in ulp, beside 40-digit decimals."""
    with np.errstate(all="ignore"):
        total, slope = function(z)
    with decimal.localcontext(prec=60):
        want = sum(reference.decimal_softplus(t) for t in z)
        off = (
            abs(Decimal(total) / want - 1) / Decimal(np.finfo(float).eps)
            if math.isfinite(total)
            else math.inf
        )
        return float(off), max(
            reference.ulp_error(s, reference.decimal_sigmoid(t))
            for s, t in zip(slope[::97], z[::97])
        )


@pytest.mark.parametrize("name", SUMS)
def test_a_sum_of_softplus_and_its_slopes(name):
    """4 eps by the products, 4 ulp by the elementwise terms, 3 for a pairwise sum of at most 9001 terms."""
    of_sum, of_slope = _sum_error(special.softplus_sum_and_slope, SUMS[name])
    assert of_sum <= 4.0 + 3.0 and of_slope <= ULP


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        (
            "all small",
            lambda z: (special._sum_of_logs(1.0 + np.exp(z)), special.sigmoid(z)),
        ),  # products wherever they are finite
        ("all below eps", lambda z: (special._sum_of_logs(1.0 + np.exp(z)), special.sigmoid(z))),
        (
            "products beyond float64",
            lambda z: (special._sum_of_logs(1.0 + np.exp(z)), special.sigmoid(z)),
        ),
        ("one beyond float64", lambda z: (float(np.log1p(np.exp(z)).sum()), special.sigmoid(z))),
        (
            "around 0",
            lambda z: (special._sum_of_logs((1.0 + np.exp(z))[:9_000]), special.sigmoid(z)),
        ),  # the rest of the eights forgotten
        ("tails", lambda z: (float(special.softplus(z).sum()), 1.0 - special.sigmoid(-z))),
    ],
)
def test_a_planted_slip_in_the_sum_is_caught(name, planted):
    of_sum, of_slope = _sum_error(planted, SUMS[name])
    assert of_sum > 7.0 or of_slope > ULP


def test_a_nan_stays_a_nan():
    total, slope = special.softplus_sum_and_slope(np.array([0.0, math.nan]))
    assert math.isnan(total) and slope[0] == 0.5 and math.isnan(slope[1])


# --- tests of the test tool -----------------------------------------------------------------------


@pytest.fixture
def sixty_digits():
    with decimal.localcontext(prec=60):
        yield


@pytest.mark.usefixtures("sixty_digits")
def test_reference_values_known_by_heart():
    ln2, ln2pi = (
        Decimal("0.6931471805599453094172321214581765680755"),
        Decimal("1.8378770664093454835606594728112352797228"),
    )
    assert abs(reference.decimal_log_sigmoid(0.0) + ln2) < Decimal("1e-40")
    assert reference.decimal_sigmoid(0.0) == Decimal("0.5")
    assert abs(reference.decimal_softplus(1e-320) - ln2) < Decimal("1e-40")
    assert abs(reference.decimal_gaussian_log_density(0.0) + ln2pi / 2) < Decimal("1e-39")
    assert abs(reference.decimal_laplace_log_density(0.0) + ln2 / 2) < Decimal("1e-40")


@pytest.mark.usefixtures("sixty_digits")
def test_reference_does_not_agree_on_zero_in_the_far_tail():
    """At 50 and at 100 digits 1 + exp(-500) is 1 and the logarithm 0, twice; that is not agreement."""
    want = Decimal("7.124576406741285531549157377122755246927757e-218")
    assert abs(-reference.decimal_log_sigmoid(500.0) / want - 1) < Decimal("1e-40")
    blind_start = reference._until_stable(
        lambda: (1 + Decimal(-500).exp()).ln(), 40
    )  # 50, 100, 200 digits: 0 each time
    assert abs(blind_start / want - 1) < Decimal("1e-40")
    assert reference.decimal_log_sigmoid(1e15) < 0
    assert (
        reference.decimal_log_sigmoid(1e308) == 0
    )  # below decimal's own range, 1e-999999999999999999


@pytest.mark.usefixtures("sixty_digits")
def test_ulp_error_counts_neighbours_everywhere():
    for x in (1.0, -3.7, 1e-300, 5e-324, 1e-310, -1e308):
        assert reference.ulp_error(x, Decimal(x)) == 0.0
        assert reference.ulp_error(math.nextafter(x, math.inf * x), Decimal(x)) == 1.0
    assert reference.ulp_error(0.0, Decimal("1e-400")) < 1e-70
    assert reference.ulp_error(0.0, Decimal("5e-324")) == pytest.approx(1.0, rel=0.02)
    assert reference.ulp_error(0.0, Decimal("1e-300")) > 1e15
    assert (
        reference.ulp_error(1.0, Decimal(1) - Decimal(2) ** -54) == 0.5
    )  # the exact value lies in the binade below 1
    assert (
        reference.ulp_error(math.nan, Decimal(1))
        == math.inf
        == reference.ulp_error(math.inf, Decimal(1))
    )
    assert (
        reference.ulp_error(-math.inf, Decimal("-1e400")) == 0.0
        and reference.ulp_error(math.inf, Decimal("-1e400")) == math.inf
    )


def _right_signs(function):
    rng = np.random.default_rng(3)
    v, weights = rng.standard_normal((3, 50)), rng.standard_normal(50)
    v[0, :4], weights[:3] = [5e-324, -5e-324, np.inf, -np.inf], [0.0, 5e-324, -1e308]
    halves = (
        function(weights[::2], v[:, 1::2], np.empty((3, 50))[:, ::2]),
        np.sign(v[:, 1::2]) * weights[::2],
    )  # not contiguous
    return np.array_equal(function(weights, v, np.abs(v)), np.sign(v) * weights) and np.array_equal(
        *halves
    )


def test_times_sign_is_the_product_with_np_sign():
    assert _right_signs(special.times_sign)
    assert not _right_signs(
        lambda weights, v, out: np.copysign(weights, v)
    )  # loses the weight's own sign
    assert not _right_signs(lambda weights, v, out: -special.times_sign(weights, v, out))
