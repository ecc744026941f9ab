"""parameter_units.py: features in any units are fitted as in good ones; good ones are left alone, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.estimators.parameter_units import parameter_units_for
from nce_ref.estimators.units import Units

RNG = np.random.default_rng(0)
NOISE = nr.GaussianNoise([0.0, 0.0], 2.0 * np.eye(2))
X, Y = RNG.standard_normal((500, 2)), NOISE.sample(1500, RNG)


def features(u):
    return np.column_stack([u, u**2, u[:, 0] * u[:, 1]])


def model_in(units):
    return nr.FeatureModel(lambda u: features(u) * units, 2)


ALL = {f"all by 1e{k}": np.full(5, 10.0**k) for k in (6, -6, 12, -12, 100)}
ONE = {f"one by 1e{k}": np.array([1.0, 1.0, 10.0**k, 1.0, 1.0]) for k in (6, -12, 100)}
MIXED = {"each its own": np.array([1e-9, 1e3, 1e40, 1e-40, 7.0])}

FITS = {
    "nce": lambda model, **how: nr.fit_nce(model, NOISE, X, Y, **how),
    "weighted": lambda model, **how: nr.fit_weighted(
        model, NOISE, X, Y, nr.PowerWeight(-0.5), **how
    ),
    "importance": lambda model, **how: nr.fit_importance_sampling(model, NOISE, X, Y, **how),
    "ranking": lambda model, **how: nr.fit_ranking_nce(
        model, NOISE, X, Y.reshape(500, 3, 2), **how
    ),
}


@pytest.fixture(scope="module", params=FITS)
def case(request):
    fit = FITS[request.param]
    return fit, fit(model_in(np.ones(5)), n_starts=2, rng=np.random.default_rng(1))


@pytest.mark.parametrize("name", [*ALL, *ONE, *MIXED])
def test_features_in_any_units_are_fitted_as_in_good_ones(case, name):
    run, plain = case
    units = {**ALL, **ONE, **MIXED}[name]
    fit = run(model_in(units), n_starts=2, rng=np.random.default_rng(1))
    assert fit.status == plain.status == "certified", fit.message
    theta = fit.theta * np.append(units, 1.0)
    np.testing.assert_allclose(theta, plain.theta, rtol=1e-9, atol=1e-10)
    assert fit.n_evaluations <= plain.n_evaluations + 10
    assert [s.status for s in fit.starts] == [s.status for s in plain.starts]


@pytest.mark.parametrize("name", [*ALL, *ONE])
def test_a_start_is_given_in_the_features_own_units(name):
    units = {**ALL, **ONE}[name]
    start = np.array([0.0, 0.0, -0.4, -0.4, 0.0, -1.5])
    plain = FITS["nce"](model_in(np.ones(5)), start=start)
    fit = FITS["nce"](model_in(units), start=start / np.append(units, 1.0))
    np.testing.assert_allclose(fit.theta * np.append(units, 1.0), plain.theta, rtol=1e-9)
    errors = nr.estimate_covariance(fit).standard_errors * np.append(units, 1.0)
    np.testing.assert_allclose(errors, nr.estimate_covariance(plain).standard_errors, rtol=1e-7)


def test_good_units_are_the_identity():
    units = parameter_units_for(model_in(np.array([1.0, 30.0, 0.1, 1.0, 1.0])), X, Y)
    assert type(units) is Units and units.scale is None
    machine = nr.BoltzmannMachine(3)
    bits = nr.BernoulliNoise([0.5, 0.4, 0.3], machine.values).sample(50, RNG)
    assert type(parameter_units_for(machine, bits, bits)) is Units
    assert type(parameter_units_for(nr.Gaussian(2), X, Y)) is Units


def test_nothing_is_rounded_on_the_way():
    given = model_in(MIXED["each its own"])
    units = parameter_units_for(given, X, Y)
    theta = RNG.standard_normal(6)
    assert np.array_equal(units.back(units.into(theta)), theta)
    assert np.array_equal(units.into(theta[:-1]), units.into(theta)[:-1])
    objective = nr.NCEObjective(given, NOISE, X, Y)
    moved = units.objective(objective)
    point = theta / np.append(MIXED["each its own"], 1.0)
    value, gradient = objective(point)
    there, other = moved(units.into(point))
    # Bit for bit but for the order in which a product of matrices adds.
    assert there == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(units.into(other), gradient, rtol=1e-12)
    frac = np.frexp(units.sizes)[0]
    assert (frac == 0.5).all(), "powers of two"


def test_spins_of_odd_values():
    odd, even = nr.BoltzmannMachine(3, (0.0, 1e5)), nr.BoltzmannMachine(3, (0.0, 1.0))
    truth = even.normalize(0.5 * np.ones(even.n_params))
    x = even.sample(truth, 1000, RNG)
    p = np.array([0.6, 0.7, 0.5])
    y = nr.BernoulliNoise(p, even.values).sample(2000, RNG)
    one = nr.fit_nce(even, nr.BernoulliNoise(p, even.values), x, y)
    two = nr.fit_nce(odd, nr.BernoulliNoise(p, odd.values), 1e5 * x, 1e5 * y)
    scale = np.r_[np.full(3, 1e5), np.full(3, 1e10), 1.0]
    assert one.status == two.status == "certified"
    np.testing.assert_allclose(two.theta * scale, one.theta, rtol=1e-9)
