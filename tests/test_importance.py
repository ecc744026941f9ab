"""importance.py: masses that are known, the standard error's coverage, and the masses that no sample can show."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import nce_ref as nr

WIDE = nr.GaussianNoise([0.2, -0.1], [[2.0, 0.3], [0.3, 1.5]])
MODEL = nr.Gaussian(2)
THETA = MODEL.normalize(MODEL.pack([[1.3, -0.4], [-0.4, 1.0]], 0.0))


def test_it_is_the_mean_of_the_weights():
    y = WIDE.sample(500, np.random.default_rng(1))
    got = nr.integral_by_importance(MODEL, THETA, WIDE, y)
    w = np.exp(MODEL.log_density(THETA, y) - WIDE.log_density(y))
    assert got.log_integral == pytest.approx(math.log(w.mean()), abs=1e-13) and got.n_points == 500
    assert got.standard_error == pytest.approx(w.std(ddof=1) / w.mean() / math.sqrt(500), rel=1e-12)
    assert got.effective_sample_size == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-12)
    assert got.largest_share == pytest.approx(w.max() / w.sum(), rel=1e-12)


def test_its_errors_have_the_size_that_it_states():
    """300 samples of 1000 points, ln M = 0: sum of squared z is chi2 with 300 degrees of freedom, two-sided 1e-6.

    The bias of ln, -se^2/2 of 1e-3, is a fortieth of se. A variance wrong by 2 is seen.
    """
    rng = np.random.default_rng(2)
    z = []
    for _ in range(300):
        got = nr.integral_by_importance(MODEL, THETA, WIDE, WIDE.sample(1000, rng))
        z.append(got.log_integral / got.standard_error)
    low, high = stats.chi2.ppf([5e-7, 1 - 5e-7], 300)
    assert low < np.square(z).sum() < high
    assert not low < 2.0 * np.square(z).sum() < high and not low < np.square(z).sum() / 2.0 < high


@pytest.mark.parametrize("c", [0.0, 800.0, -800.0])
def test_a_constant_goes_straight_through_and_nothing_overflows(c):
    """p_m = e^c p_n: every weight is e^c."""
    model = nr.MLP([2, 3, 1], base=WIDE)
    theta = model.pack([(np.zeros((3, 2)), np.zeros(3)), (np.zeros((1, 3)), [c])])
    got = nr.integral_by_importance(model, theta, WIDE, WIDE.sample(100, np.random.default_rng(3)))
    assert got.log_integral == pytest.approx(c, abs=1e-12) and got.standard_error <= 1e-12
    assert got.effective_sample_size == pytest.approx(100.0) and got.largest_share == pytest.approx(0.01)


def test_one_point_that_carries_all_is_seen():
    narrow = nr.GaussianNoise([0.0, 0.0], 0.01 * np.eye(2))
    got = nr.integral_by_importance(MODEL, THETA, narrow, narrow.sample(2000, np.random.default_rng(4)))
    assert got.effective_sample_size < 20.0 and got.largest_share > 0.1


def test_infinite_mass_is_refused_where_the_model_knows():
    y = WIDE.sample(10, np.random.default_rng(5))
    for model in (nr.MLP([2, 3, 1], "tanh"), nr.MLP([2, 3, 1], "identity")):
        with pytest.raises(ValueError, match=r"model: exp.ln p_m. of MLP.* has infinite mass for every theta; expected one with a base"):
            nr.integral_by_importance(model, np.zeros(model.n_params), WIDE, y)


def test_bad_input_is_refused_by_name():
    y = WIDE.sample(10, np.random.default_rng(6))
    for message, arguments in (
        ("y: got 1 point", (THETA, WIDE, y[:1])),
        ("y: got shape", (THETA, WIDE, y[:, :1])),
        ("theta: got shape", (THETA[:-1], WIDE, y)),
        ("noise: got dimension 1", (THETA, nr.GaussianNoise([0.0], [[1.0]]), y)),
    ):
        with pytest.raises(ValueError, match=message):
            nr.integral_by_importance(MODEL, *arguments)
