"""linear.py: a stranger's features give a concave NCE problem whose maximum is proved, or refused where there is
none."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr

NOISE = nr.GaussianNoise([0.0, 0.0], 2.0 * np.eye(2))


def second_moments(u):
    """The zero-mean Gaussian's features, by hand."""
    return np.column_stack([-0.5 * u[:, 0] ** 2, -u[:, 0] * u[:, 1], -0.5 * u[:, 1] ** 2])


MODEL = nr.FeatureModel(second_moments, 2)


def samples(n_data, n_noise, seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n_data, 2)) @ [[1.0, 0.3], [0.0, 0.8]], NOISE.sample(n_noise, rng)


def test_every_check_of_a_model_passes():
    rng = np.random.default_rng(1)
    report = nr.check_model(MODEL, rng.standard_normal(4), rng.standard_normal((60, 2)), rng=rng)
    assert report.ok and {f.status for f in report.findings} == {"passed"}, str(report)


def test_it_is_the_gaussian_written_as_features():
    """The same numbers from two models: value, gradient, fit, standard errors; asymptotics by Monte Carlo are the
    Gaussian's alone."""
    x, y = samples(400, 1200, 2)
    theta = np.array([1.3, 0.2, 0.9, -1.5])
    house = nr.Gaussian(2)
    for one, other in zip(
        nr.NCEObjective(MODEL, NOISE, x, y)(theta), nr.NCEObjective(house, NOISE, x, y)(theta)
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    mine = nr.fit_nce(MODEL, NOISE, x, y, start=theta)
    theirs = nr.fit_nce(house, NOISE, x, y, start=theta)
    assert mine.converged and theirs.converged
    np.testing.assert_allclose(mine.theta, theirs.theta, rtol=1e-9)
    np.testing.assert_allclose(
        nr.estimate_covariance(mine).standard_errors,
        nr.estimate_covariance(theirs).standard_errors,
        rtol=1e-8,
    )


def test_the_maximum_does_not_hang_on_the_start():
    x, y = samples(200, 400, 3)
    fit = nr.fit_nce(MODEL, NOISE, x, y, n_starts=4, rng=np.random.default_rng(4))
    assert all(start.is_local_maximum for start in fit.starts)
    for start in fit.starts:
        np.testing.assert_allclose(start.theta, fit.theta, rtol=1e-8)


def test_separable_samples_are_not_certified():
    x, y = samples(50, 50, 5)
    fit = nr.fit_nce(MODEL, NOISE, 0.01 * x, 100.0 + y, start=np.zeros(4))
    assert not fit.converged and fit.status == "unbounded"


def test_dependent_features_are_not_certified():
    twice = nr.FeatureModel(lambda u: np.column_stack([u, u[:, 0] + u[:, 1]]), 2)
    fit = nr.fit_nce(twice, NOISE, *samples(100, 200, 6), start=np.zeros(4))
    assert not fit.converged


def test_a_constant_among_the_features_is_refused():
    x, y = samples(10, 20, 7)
    constant = nr.FeatureModel(lambda u: np.column_stack([u, np.ones(len(u))]), 2)
    with pytest.raises(
        ValueError, match="features: column 2 is 1 at all 30 points; expected features that vary"
    ):
        nr.NCEObjective(constant, NOISE, x, y)
    # One that varies between the samples, if within none of them, is no constant.
    between = nr.FeatureModel(lambda u: np.column_stack([u, u[:, 0] > 50.0]).astype(float), 2)
    nr.NCEObjective(between, NOISE, x, y + 100.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nr.FeatureModel(3, 2), "features: got int"),
        (
            lambda: nr.FeatureModel(lambda u: u[:, 0], 2),
            "features: at the point 0 it raised IndexError",
        ),
        (lambda: nr.FeatureModel(second_moments, 0), "n_dim: got 0"),
        (lambda: nr.FeatureModel(np.log, 1, n_features=0), "n_features: got 0"),
    ],
)
def test_what_is_no_feature_function_is_refused(make, message):
    with pytest.raises(ValueError, match=message), np.errstate(all="ignore"):
        make()


def test_features_of_another_shape_or_not_finite_are_refused_when_they_come():
    logs = nr.FeatureModel(np.log, 1, n_features=1)
    with (
        pytest.raises(ValueError, match=r"features\(u\): entry \(0, 0\) is -inf"),
        np.errstate(all="ignore"),
    ):
        logs.log_density([1.0, 0.0], [[0.0]])
    wide = nr.FeatureModel(lambda u: np.zeros((len(u), 3)), 1, n_features=2)
    with pytest.raises(
        ValueError, match=r"features\(u\): got shape \(1, 3\); expected shape \(1, 2\)"
    ):
        wide.log_density([1.0, 0.0, 0.0], [[0.0]])


def test_what_needs_a_normalising_constant_says_so():
    with pytest.raises(NotImplementedError, match="log_normalizer"):
        MODEL.log_normalizer(np.zeros(4))
    with pytest.raises(NotImplementedError, match="score"):
        MODEL.score(np.zeros(4), np.zeros((1, 2)))


def test_pack_and_unpack():
    theta = MODEL.pack([1.0, 2.0, 3.0], -1.0)
    weights, c = MODEL.unpack(theta)
    assert weights.tolist() == [1.0, 2.0, 3.0] and c == -1.0 and MODEL.n_params == 4
