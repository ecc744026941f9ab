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
    assert got.effective_sample_size == pytest.approx(100.0) and got.largest_share == pytest.approx(
        0.01
    )


def test_one_point_that_carries_all_is_seen():
    narrow = nr.GaussianNoise([0.0, 0.0], 0.01 * np.eye(2))
    got = nr.integral_by_importance(
        MODEL, THETA, narrow, narrow.sample(2000, np.random.default_rng(4))
    )
    assert got.effective_sample_size < 20.0 and got.largest_share > 0.1


def test_infinite_mass_is_refused_where_the_model_knows():
    y = WIDE.sample(10, np.random.default_rng(5))
    for model in (nr.MLP([2, 3, 1], "tanh"), nr.MLP([2, 3, 1], "identity")):
        with pytest.raises(
            ValueError,
            match=r"model: exp.ln p_m. of MLP.* has infinite mass for every theta; expected one with a base",
        ):
            nr.integral_by_importance(model, np.zeros(model.n_params), WIDE, y)


def test_a_mass_that_depends_on_theta_is_estimated():
    """ReLU without a base: ln p_m = -2 |u| here, mass 1; ``is_integrable`` is None, which is no refusal."""
    model = nr.MLP([1, 2, 1], "relu")
    assert model.is_integrable is None
    theta = model.pack([([[1.0], [-1.0]], [0.0, 0.0]), ([[-2.0, -2.0]], [0.0])])
    noise = nr.LaplaceICANoise([[1.0]])
    got = nr.integral_by_importance(
        model, theta, noise, noise.sample(4000, np.random.default_rng(7))
    )
    assert abs(got.log_integral) < 6.0 * got.standard_error < 0.1


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


def test_the_diagnosis_is_that_of_the_textbook_formulas():
    log_w = np.random.default_rng(11).standard_normal(400)
    w, got = np.exp(log_w), nr.diagnose_weights(log_w)
    assert got.log_mean == pytest.approx(math.log(w.mean()), abs=1e-13) and got.n_points == 400
    assert got.relative_standard_error == pytest.approx(w.std(ddof=1) / w.mean() / 20.0, rel=1e-12)
    assert got.effective_sample_size == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-12)
    assert got.largest_share == pytest.approx(w.max() / w.sum(), rel=1e-12)
    shifted = nr.diagnose_weights(log_w + 5000.0)
    assert shifted.log_mean == pytest.approx(got.log_mean + 5000.0, rel=1e-13)
    assert shifted.pareto_k == pytest.approx(
        got.pareto_k, abs=1e-9
    ) and shifted.largest_share == pytest.approx(got.largest_share)


@pytest.mark.parametrize("k", [0.2, 0.5, 0.8, 1.2])
def test_the_tail_index_of_a_pareto_law_is_found(k):
    """100 samples of 4000, tails of 190 points: k-hat has standard deviation (1 + k)/sqrt(190), the mean's a tenth of
    that.

    Six of them, two-sided 2e-9, and the prior's pull towards 1/2, 5 % of the distance. A k off by 0.2 is seen; so is a
    threshold that is not subtracted: Hill's estimator is right for this law, so the law is shifted by 1 as a
    generalised Pareto's is.
    """
    rng = np.random.default_rng(12)
    found = [
        nr.diagnose_weights(np.log((rng.random(4000) ** -k - 1.0) / k)).pareto_k for _ in range(100)
    ]
    assert (
        abs(np.mean(found) - (k + 0.05 * (0.5 - k)))
        <= 6.0 * (1.0 + k) / math.sqrt(190.0) / 10.0 + 0.01
    )


def test_the_tail_index_is_that_of_a_likelihood_maximised_by_scipy():
    """The generalised Pareto fit by maximum likelihood to the same excesses; posterior mean and mode differ by less
    than a standard error, (1 + k)/sqrt(190) = 0.1."""
    rng = np.random.default_rng(13)
    w = rng.random(4000) ** -0.7
    tail = np.sort(w)[-191:]
    shape = stats.genpareto.fit(tail[1:] - tail[0], floc=0.0)[0]
    assert (190 * shape + 5) / 200 == pytest.approx(
        nr.diagnose_weights(np.log(w)).pareto_k, abs=0.05
    )


def textbook_tail_index(w, prior=True, constant=3.0, tail=3.0, rank=None):
    """Zhang & Stephens, step by step, as Vehtari et al. have it; a part may be exchanged."""
    w = sorted(w / w.max())
    m = math.ceil(min(0.2 * len(w), tail * math.sqrt(len(w))))
    excess = [v - w[-m - 1] for v in w[-m:]]
    n_grid = 30 + int(math.sqrt(m))
    quarter = excess[(rank or int(m / 4.0 + 0.5)) - 1]
    b = [
        1.0 / excess[-1] + (1.0 - math.sqrt(n_grid / (j - 0.5))) / (constant * quarter)
        for j in range(1, n_grid + 1)
    ]
    k_of = lambda one: sum(math.log1p(-one * v) for v in excess) / m  # noqa: E731
    likelihood = [m * (math.log(-one / k_of(one)) - k_of(one) - 1.0) for one in b]
    shares = [1.0 / sum(math.exp(other - own) for other in likelihood) for own in likelihood]
    k = k_of(sum(share * one for share, one in zip(shares, b)))
    return (m * k + 5.0) / (m + 10.0) if prior else k


def test_the_tail_index_is_the_published_estimator():
    """Sums of 190 terms, to rounding; each planted part moves it by more than a thousand times that."""
    w = np.random.default_rng(14).random(4000) ** -0.9
    got = nr.diagnose_weights(np.log(w)).pareto_k
    assert got == pytest.approx(textbook_tail_index(w), abs=1e-9)
    for plant in ({"prior": False}, {"constant": 1.5}, {"tail": 2.0}):
        assert abs(textbook_tail_index(w, **plant) - got) > 1e-6, plant


@pytest.mark.parametrize("m", range(5, 21))
def test_the_quartile_of_a_tail_of_any_length(m):
    """Zhang & Stephens take the excess of rank [m/4 + 1/2], so that every remainder of m by 4 is asked for; n = 5 m, m
    < 45.

    The rank as it is said in words: the whole number nearest to m/4, the upper one of two.
    """
    w = np.random.default_rng(m).random(5 * m) ** -0.9
    got = nr.diagnose_weights(np.log(w)).pareto_k
    assert got == pytest.approx(textbook_tail_index(w), abs=1e-9)
    rank = min(range(1, m + 1), key=lambda rank: (abs(4 * rank - m), -rank))
    assert got == pytest.approx(textbook_tail_index(w, rank=rank), abs=1e-9)
    for other in (rank - 1, rank + 1):
        if other:
            assert abs(textbook_tail_index(w, rank=other) - got) > 1e-6


def test_tails_that_tell_nothing_are_named_as_such():
    assert nr.diagnose_weights(np.zeros(100)).pareto_k == -math.inf  # all alike
    assert nr.diagnose_weights(np.zeros(3)).pareto_k == math.inf  # too few
    one = nr.diagnose_weights([-3.0])
    assert one.log_mean == -3.0 and one.relative_standard_error == 0.0 and one.largest_share == 1.0
    for spread in (1e3, 1e308):  # one weight beside which all others vanish
        got = nr.diagnose_weights(np.append(-spread * np.linspace(0.5, 1.0, 99), 0.0))
        assert got.largest_share == pytest.approx(1.0) and not math.isnan(got.pareto_k)
    for bad in ([np.nan, 0.0], [np.inf, 0.0], []):
        with pytest.raises(ValueError, match="log_weights: "):
            nr.diagnose_weights(bad)
