"""shifts.py: data far from 0 are fitted as those about 0 are, and what is returned is what is certified."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.estimators.shifts import shift_for

SPREADS = {n: np.eye(n) + 0.4 * np.tri(n, k=-1) for n in (1, 2, 3)}
DIRECTION = np.array([1.0, -0.75, 0.5])


def problem(n, k, n_noise=1200):
    """Data and noise k deviations from 0, the same but for that to the last bit: they end at 2^-20."""
    rng, root, away = np.random.default_rng(n), SPREADS[n], k * DIRECTION[:n]
    x = np.round(rng.standard_normal((600, n)) @ root.T * 2.0**20) / 2.0**20
    y = np.round(rng.standard_normal((n_noise, n)) @ (1.3 * root).T * 2.0**20) / 2.0**20
    return x + away, y + away, nr.GaussianNoise(away, 1.69 * root @ root.T)


def shared(n, k):
    x, y, noise = problem(n, k)
    return nr.fit_ranking_nce(
        nr.GaussianWithMean(n), noise, x, y.reshape(600, 2, n), start=start(n, k)
    )


def start(n, k):
    return nr.GaussianWithMean(n).from_moments(k * DIRECTION[:n], 1.2 * np.eye(n))


FITS = {
    "nce": lambda n, k: nr.fit_nce(
        nr.GaussianWithMean(n), problem(n, k)[2], *problem(n, k)[:2], start=start(n, k)
    ),
    "mle": lambda n, k: nr.fit_mle(nr.GaussianWithMean(n), problem(n, k)[0], start=start(n, k)),
    "score matching": lambda n, k: nr.fit_score_matching(
        nr.GaussianWithMean(n), problem(n, k)[0], start=start(n, k)
    ),
    "weighted": lambda n, k: nr.fit_weighted(
        nr.GaussianWithMean(n),
        problem(n, k)[2],
        *problem(n, k)[:2],
        weight=nr.PowerWeight(-0.5),
        start=start(n, k),
    ),
    "ranking": shared,
}
# How far at most: c, of size k^2, is an unknown of NCE's, and float64 cannot hold it farther out.
FARTHEST = {"nce": 2**13, "weighted": 2**13}


@pytest.fixture(scope="module")
def about_0():
    return {(what, n): fit(n, 0) for what, fit in FITS.items() for n in SPREADS}


@pytest.mark.parametrize(
    ("what", "k"),
    [
        (what, k)
        for what in FITS
        for k in (2**7, 2**10, 2**13, 2**20, 2**26)
        if k <= FARTHEST.get(what, k)
    ],
)
@pytest.mark.parametrize("n", SPREADS)
def test_moved_data_have_the_moved_maximum(n, what, k, about_0):
    here, there = about_0[what, n], FITS[what](n, k)
    assert here.converged and there.converged, there.message
    assert there.status == here.status
    assert there.n_evaluations <= here.n_evaluations + 15
    model = nr.GaussianWithMean(n)
    (mean, cov), (moved, spread) = model.moments(here.theta), model.moments(there.theta)
    # theta holds the mean to k 2^-53 of each of its terms, and what is certified is within 1e-6 of a maximum.
    np.testing.assert_allclose(moved - k * DIRECTION[:n], mean, atol=1e-6 + 1e-14 * k)
    np.testing.assert_allclose(spread, cov, rtol=1e-6)


@pytest.mark.parametrize("k", [2**7, 2**13])
@pytest.mark.parametrize("n", SPREADS)
def test_what_is_returned_is_the_maximum_of_points_moved_by_hand(n, k):
    x, y, noise = problem(n, k)
    model, away = nr.GaussianWithMean(n), k * DIRECTION[:n]
    fit = nr.fit_nce(model, noise, x, y, start=start(n, k))
    by_hand = nr.NCEObjective(model, nr.GaussianNoise(away - away, noise.cov), x - away, y - away)
    _, gradient, hessian = by_hand.second_order(model.shifted(fit.theta, away))
    step = np.linalg.solve(hessian, gradient)
    assert np.sqrt(gradient @ -step) < 1e-6  # in the metric of the certificate
    assert fit.objective == pytest.approx(by_hand(model.shifted(fit.theta, away))[0], abs=1e-12)


@pytest.mark.parametrize("k", [2**20, 2**24])
def test_where_float64_cannot_hold_theta_that_is_said(k):
    fit = FITS["nce"](2, k)
    assert not fit.converged and fit.status == "not proved"
    assert "subtract a round number" in fit.message


def test_heavy_tails_beside_far_data():
    """Some of the noise's points lie where u - shift is rounded."""
    rng = np.random.default_rng(1)
    noise = nr.StudentTNoise([500.0], [[1.0]], 1.0)
    x, y = 500.0 + rng.standard_normal((500, 1)), noise.sample(5000, rng)
    assert np.abs(y - 500.0).max() > 500.0
    model = nr.GaussianWithMean(1)
    fit = nr.fit_nce(model, noise, x, y, start=model.from_moments([500.0], [[2.0]]))
    assert fit.status == "certified" and abs(model.moments(fit.theta)[0][0] - 500.0) < 0.2


def test_a_shift_is_for_models_with_a_mean_and_data_far_from_0():
    x, _, _ = problem(2, 0)
    model = nr.GaussianWithMean(2)
    assert shift_for(model, x) is None and shift_for(model, x + 20.0) is None
    assert shift_for(nr.Gaussian(2), x + 100.0) is None
    found = shift_for(model, x + 100.0)
    assert np.abs(found - 100.0).max() <= 1.0 and (found == np.round(found)).all()
    # Far along the narrow axis of an ellipse whose coordinates, each alone, are not.
    narrow = np.column_stack([x[:, 0], x[:, 0] + 0.01 * x[:, 1]]) + [1.0, 2.0]
    assert shift_for(model, narrow) is not None
    assert np.array_equal(shift_for(model, np.full((5, 2), 3.0)), [3.0, 3.0])


@pytest.mark.parametrize("n", [1, 2])
def test_data_in_a_hyperplane_off_the_origin_have_no_likelihood_maximum(n):
    x, _, _ = problem(n, 1)
    x[:, -1] = 3.1
    model = nr.GaussianWithMean(n)
    with pytest.raises(
        ValueError, match=r"about the first of them.*where the data lie in a hyperplane the"
    ):
        nr.fit_mle(model, x, start=start(n, 1))


def test_shifted_is_the_same_density_and_exact():
    rng = np.random.default_rng(2)
    model, u = nr.GaussianWithMean(2), rng.standard_normal((20, 2))
    theta, shift = model.from_moments([3.0, -2.0], [[2.0, 0.5], [0.5, 1.0]]), np.array([7.0, -5.0])
    np.testing.assert_allclose(
        model.log_density(model.shifted(theta, shift), u),
        model.log_density(theta, u + shift),
        atol=1e-12,
    )
    far = np.array([2.0**20, -(2.0**21)])
    dyadic = np.array([1.0, -2.0, 1.0, 0.25, 2.0, -1.5])
    assert np.array_equal(model.shifted(model.shifted(dyadic, far), -far), dyadic)


@pytest.mark.parametrize("robust", [False, True])
@pytest.mark.parametrize("what", ["nce", "mle", "ranking"])
def test_standard_errors_are_those_of_the_data_about_0_carried_there(what, robust, about_0):
    """Each entry of the precision has the same; of eta = Lambda mean, and of c, the moved matrix is asked for by
    hand."""
    n, k = 2, 2**13
    near = nr.estimate_covariance(about_0[what, n], robust=robust).covariance
    far = nr.estimate_covariance(FITS[what](n, k), robust=robust).covariance
    model, away = nr.GaussianWithMean(n), k * DIRECTION[:n]
    there = np.column_stack([model.shifted(one, -away) for one in np.eye(model.n_params)])
    expected = there @ near @ there.T
    size = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        far / np.outer(size, size), expected / np.outer(size, size), atol=1e-5
    )
