"""Reference losses, the naive logarithm and the mass of exp f, each against a second way of having it, each with a
plant."""

import numpy as np
import pytest
from scipy.integrate import quad

from nce_ref import GaussianNoise
from nce_ref.special import log_sigmoid
from paper_replication.walkthrough import naive
from paper_replication.walkthrough.mass import log_mass_growth
from paper_replication.walkthrough.naive import (
    BREAKS_AT,
    breaking_log_ratio,
    naive_log_complement,
    naive_slope,
)
from paper_replication.walkthrough.problem import (
    MODEL,
    Sample,
    against_truth,
    held_out,
    standard_noise,
    truth_of,
)
from paper_replication.walkthrough.references import (
    chance_loss,
    constant_loss,
    optimal_loss,
    relative_error_limit,
    reused_noise_flattery,
)

# ---- losses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("nu", [1.0, 10.0])
def test_the_optimum_of_one_source_is_that_of_adaptive_quadrature(nu):
    def integrand(s):
        data, noise = (
            -np.sqrt(2.0) * s - 0.5 * np.log(2.0),
            -0.5 * s * s - 0.5 * np.log(2.0 * np.pi),
        )
        t = data - noise - np.log(nu)
        return -2.0 * (np.exp(data) * log_sigmoid(t) + nu * np.exp(noise) * log_sigmoid(-t))

    # The rule leaves out |s| > 16: less than 1e-9 of the mass.
    assert optimal_loss(nu, 1, 60) == pytest.approx(
        quad(integrand, 0.0, 40.0, epsabs=1e-12, limit=200)[0], abs=1e-7
    )


def test_the_optimum_is_that_of_a_large_sample_and_does_not_depend_on_the_mixing():
    # 400 000 points: the standard error is 0.0009; five of them: false alarm below 1e-6. Planted: noise of twice the
    # variance.
    rng = np.random.default_rng(1)
    mixing = rng.standard_normal((4, 4)) + 2.0 * np.eye(4)
    truth, noise = truth_of(mixing), GaussianNoise(np.zeros(4), mixing @ mixing.T)
    sampled = held_out(truth, noise, 400_000, rng).loss(MODEL, truth)
    assert sampled == pytest.approx(optimal_loss(1.0), abs=0.0045)
    wrong = GaussianNoise(np.zeros(4), 2.0 * mixing @ mixing.T)
    assert held_out(truth, wrong, 400_000, rng).loss(MODEL, truth) != pytest.approx(
        optimal_loss(1.0), abs=0.045
    )


def test_chance_is_the_loss_of_the_noise_density_itself():
    rng = np.random.default_rng(2)
    noise, truth = standard_noise(), truth_of(np.eye(4))
    for nu in (1, 10):
        sample = held_out(truth, noise, 50, rng, nu)
        loss = sample.loss_of(noise.log_density(sample.x), noise.log_density(sample.y))
        assert loss == pytest.approx(chance_loss(nu), abs=1e-12) and optimal_loss(nu) < chance_loss(
            nu
        )


def test_more_noise_makes_no_other_loss():
    rng = np.random.default_rng(3)
    noise, truth = standard_noise(), truth_of(np.eye(4))
    x, y = MODEL.sample(truth, 40, rng), noise.sample(80, rng)
    once = Sample(noise, x, y, 2.0).loss(MODEL, truth)
    assert Sample(noise, x, np.tile(y, (3, 1)), 2.0).loss(MODEL, truth) == pytest.approx(
        once, abs=1e-12
    )
    with pytest.raises(ValueError, match="y: got 80 points; expected a multiple of nu"):
        Sample(noise, x, y, 3.0).loss(MODEL, truth)


def test_the_best_constant_is_no_worse_than_any_other():
    rng = np.random.default_rng(4)
    noise, truth = standard_noise(), truth_of(2.0 * np.eye(4))
    training = held_out(truth, noise, 500, rng)
    best = constant_loss(training, training)
    for c in np.linspace(-25.0, 0.0, 60):
        assert best <= training.loss_of(np.full(500, c), np.full(500, c)) + 1e-9


def test_variance_two_is_a_demixing_matrix_over_the_square_root_of_two():
    mixing = np.diag([1.0, 2.0, 3.0, 4.0])
    one, two = truth_of(mixing), truth_of(mixing, 2.0)
    assert MODEL.unpack(two)[0] == pytest.approx(MODEL.unpack(one)[0] / np.sqrt(2.0))
    assert two[-1] - one[-1] == pytest.approx(-2.0 * np.log(2.0), abs=1e-12)
    s = MODEL.sample(two, 200_000, np.random.default_rng(5)) @ np.linalg.inv(mixing).T
    assert np.var(s) == pytest.approx(
        2.0, abs=0.05
    )  # standard error 0.005 (kurtosis 6): ten of them


def test_the_limit_of_matched_noise_is_that_of_the_replication():
    mixing = np.array([[2.0, 0.3, 0, 0], [0, 1.0, 0.5, 0], [0, 0, 1.5, 0.2], [0.1, 0, 0, 0.7]])
    matched = relative_error_limit(
        truth_of(mixing), GaussianNoise(np.zeros(4), mixing @ mixing.T), mixing
    )
    assert matched == pytest.approx(
        12.0 * 2.78, rel=0.01
    )  # 4K, K = 3 for maximum likelihood and 2.78 times that: facts, Figure 1 (d)


def test_the_flattery_is_below_that_of_both_samples_together():
    # Data and noise re-used: tr(I^-1 (I - (1 + 1/nu) m m^T)) = 17 - 2 E[P] at nu = 1, m = E[P g], I^-1 m = e_c.
    assert 0.0 < reused_noise_flattery(1.0) < 17.0
    assert against_truth(np.ones(3), np.arange(3.0))[0] == 0.0


# ---- the naive logarithm
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_break_is_where_theory_says(dtype):
    t = BREAKS_AT[dtype]
    assert (
        np.isfinite(naive_log_complement(np.array(t - 0.01), dtype))
        and naive_log_complement(np.array(t + 0.01), dtype) == -np.inf
    )
    assert np.isnan(naive_slope(np.array(t + 0.01), dtype))
    assert breaking_log_ratio(np.array([-3.0, 0.5, 2.0]), dtype) == pytest.approx(t, abs=1e-3)


def test_digits_are_lost_long_before():
    t = np.linspace(29.0, 31.0, 200)
    # 1 + e^-t is rounded to half of 2^-52, 1 - sigma to half of 2^-53: together less than 2^-52 beside e^-t, then over
    # |ln|.
    assert (
        1e-5
        < np.max(np.abs(naive_log_complement(t) / log_sigmoid(-t) - 1.0))
        < 2.0**-52 * np.exp(31.0) / 29.0
    )


def test_a_stable_form_planted_for_the_naive_one_does_not_break(monkeypatch):
    monkeypatch.setattr(naive, "naive_log_complement", lambda t, dtype: log_sigmoid(-t))
    assert breaking_log_ratio(np.array([1.0])) == pytest.approx(1000.0)  # the end of the search
    with pytest.raises(ValueError, match=r"log_ratio: the largest is -1; expected one above 0"):
        breaking_log_ratio(np.array([-1.0]))


# ---- mass ----------------------------------------------------------------------------------------


def test_the_mass_of_a_constant_grows_sixteenfold_and_that_of_a_density_not():
    # In 4 dimensions; the sampler is stratified in distance: the error of 8000 points is below 0.001 for radial
    # functions.
    noise = GaussianNoise(np.ones(4), np.diag([1.0, 2.0, 3.0, 4.0]))
    rng = np.random.default_rng(6)
    assert log_mass_growth(lambda u: np.zeros(len(u)), noise, 6.0, rng) == pytest.approx(
        4.0 * np.log(2.0), abs=0.005
    )
    assert log_mass_growth(noise.log_density, noise, 6.0, rng) == pytest.approx(0.0, abs=0.01)
    slope = np.array([0.3, 0.0, 0.0, 0.0])
    assert log_mass_growth(lambda u: u @ slope, noise, 6.0, rng) > 4.0 * np.log(2.0) + 0.3
