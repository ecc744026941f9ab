"""Fits in any units: points permuted, data times 10^k, turned, rows of B permuted and signed. What is good at 1 is
certified, at the same theta."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.estimators.units import units_for
from nce_ref.objectives.importance_sampling import ImportanceSamplingObjective
from nce_ref.objectives.points import Points
from nce_ref.objectives.score_matching import ScoreMatchingObjective
from nce_ref.objectives.weighted import WeightedObjective
from nce_ref.optimize import certify
from tests.optimize.adversarial.problems import problem as adversarial

POWERS = [k for k in range(-12, 13, 2) if k]
MODELS = [nr.LaplaceICA(2), nr.LaplaceICA(3), nr.Gaussian(2)]


def problem(model, seed, n_data=400):
    """(x, noise, y, start): sources mixed by a matrix of condition below 5, noise like the data, a start that all units
    share."""
    rng = np.random.default_rng([11, seed])
    n = model.n_dim
    mixing = np.eye(n) + 0.3 * rng.standard_normal((n, n))
    x = rng.laplace(scale=np.sqrt(0.5), size=(n_data, n)) @ mixing.T
    noise = nr.GaussianNoise.from_data(x)
    B = np.eye(n) + 0.1 * rng.standard_normal((n, n))
    start = model.pack(B if isinstance(model, nr.LaplaceICA) else B @ B.T, -1.0)
    return x, noise, noise.sample(2 * n_data, rng), start


def moved_noise(noise, matrix):
    return nr.GaussianNoise(matrix @ noise.mean, matrix @ noise.cov @ matrix.T)


def fits(model, x, noise, y, start):
    return {
        "nce": nr.fit_nce(model, noise, x, y, start=start),
        "mle": nr.fit_mle(model, x, start=start),
        "weighted": nr.fit_weighted(model, noise, x, y, nr.LogisticWeight(2.0), start=start),
        "importance": nr.fit_importance_sampling(model, noise, x, y, start=start),
    }


def distance(model, theta, other, scale):
    """How far theta is from ``other`` moved into the units of z, u = scale z, as a share of the larger in each entry's
    own size."""
    moved = model.rescaled(theta, scale)
    return float((np.abs(moved - other) / np.maximum(1.0, np.abs(other))).max())


@pytest.mark.parametrize("model", MODELS)
def test_data_times_a_power_of_ten_are_certified_at_the_rescaled_theta(model):
    """theta in the units of 1 is known to 1e-9: curvatures are of size 1, and each fit ends at rounding."""
    x, noise, y, start = problem(model, 0)
    n = model.n_dim
    plain = fits(model, x, noise, y, start)
    assert all(fit.converged for fit in plain.values())
    for k in POWERS:
        scale = 10.0**k * np.eye(n)
        there = model.rescaled(start, np.linalg.inv(scale))
        found = fits(model, x @ scale, moved_noise(noise, scale), y @ scale, there)
        for name, fit in found.items():
            assert fit.converged and fit.status == "certified", (name, k, fit.status, fit.message)
            assert distance(model, fit.theta, plain[name].theta, scale) < 1e-9, (name, k)
            assert fit.n_evaluations < 1.5 * plain[name].n_evaluations + 10, (name, k)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("turned", [False, True])
def test_coordinates_in_units_far_apart_are_certified(model, turned):
    """Deviations of 300 and 0.1, 1e6 and 1e-6, along the axes and along axes turned by 0.6: certified, as soon; for the
    Gaussian the same theta.

    Turned, data of condition c lose c of 1/eps, twice where they are squared: 3000 leaves 1e-9.
    """
    x, noise, y, start = problem(model, 1)
    n = model.n_dim
    plain = fits(model, x, noise, y, start)
    turn = np.eye(n)
    if turned:
        turn[:2, :2] = [[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]]
    for sizes in ([300.0, 0.1], [1e-2, 30.0]) + (() if turned else ([1e6, 1e-6],)):
        scale = turn @ np.diag([*sizes, 1.0][:n])
        there = model.rescaled(start, np.linalg.inv(scale))
        found = fits(model, x @ scale.T, moved_noise(noise, scale), y @ scale.T, there)
        for name, fit in found.items():
            assert fit.converged, (name, sizes, fit.status, fit.message)
            if isinstance(model, nr.Gaussian):
                assert distance(model, fit.theta, plain[name].theta, scale) < 1e-7, (name, sizes)
            else:  # another way may lead to a neighbouring maximum, some 1e-3 higher or lower
                of_scale = 0.0 if name in ("nce", "weighted") else np.linalg.slogdet(scale)[1]
                assert abs(fit.objective + of_scale - plain[name].objective) < 0.01
            assert fit.n_evaluations < 1.5 * plain[name].n_evaluations + 15, (name, sizes)


def test_a_concave_problem_takes_a_dozen_evaluations_in_any_units():
    """The random start is one in the data's own units."""
    model = nr.Gaussian(2)
    for seed in range(5):
        for sizes in ([300.0, 0.1], [1e9, 1e9], [1e-9, 1e-9]):
            rng = np.random.default_rng([5, seed])
            x = rng.standard_normal((2000, 2)) * sizes
            noise = nr.GaussianNoise.from_data(x / sizes)
            y = noise.sample(4000, rng) * sizes
            noise = moved_noise(noise, np.diag(sizes))
            fit = nr.fit_nce(model, noise, x, y, n_starts=1, rng=rng)
            assert fit.converged and fit.n_evaluations <= 20, (sizes, fit.n_evaluations)


@pytest.mark.parametrize("model", [nr.LaplaceICA(2), nr.Gaussian(2)])
def test_score_matching_and_contrastive_divergence_in_other_units(model):
    """One factor for all coordinates: score matching weighs them anew under others. CD-1 draws the same numbers in all
    units."""
    x, _, _, start = problem(model, 2)
    plain = nr.fit_score_matching(model, x, start=start)
    chains = nr.fit_contrastive_divergence(model, x, start=start, rng=np.random.default_rng(0))
    assert plain.converged and chains.converged
    for k in (-12, -9, -5, 5, 9, 12):
        size = 10.0**k
        scale = size * np.eye(2)
        there = model.rescaled(start, np.eye(2) / size)
        fit = nr.fit_score_matching(model, x * size, start=there)
        assert fit.converged, (k, fit.status, fit.message)
        assert distance(model, fit.theta, plain.theta, scale) < 1e-9
        assert fit.objective * size**2 == pytest.approx(plain.objective, rel=1e-9)
        again = nr.fit_contrastive_divergence(
            model, x * size, start=there, rng=np.random.default_rng(0)
        )
        assert again.converged, (k, again.status, again.message)
        assert distance(model, again.theta, chains.theta, scale) < 0.1
        assert again.objective == pytest.approx(
            model.log_density(again.theta, x * size).mean(), rel=1e-12
        )


@pytest.mark.parametrize("model", MODELS)
def test_the_order_of_points_and_the_names_of_rows_do_not_matter(model):
    x, noise, y, start = problem(model, 3)
    rng = np.random.default_rng(0)
    plain = fits(model, x, noise, y, start)
    turned = start
    if isinstance(model, nr.LaplaceICA):
        B, c = model.unpack(start)
        turned = model.pack(B[::-1] * -1.0, c)
    shuffled = fits(model, rng.permutation(x), noise, rng.permutation(y), turned)
    for name, fit in shuffled.items():
        assert fit.converged, (name, fit.message)
        theta = fit.theta
        if isinstance(model, nr.LaplaceICA):
            B, c = model.unpack(theta)
            theta = model.pack(B[::-1] * -1.0, c)
        np.testing.assert_allclose(theta, plain[name].theta, rtol=0, atol=1e-9)


def test_data_of_ordinary_size_are_left_as_they_are():
    rng = np.random.default_rng(0)
    for sizes in ([1.0, 1.0], [0.1, 25.0], [1 / 28.0, 1 / 28.0]):
        x = rng.standard_normal((300, 2)) * sizes
        for y in (None, 1.5 * x):
            assert units_for(nr.LaplaceICA(2), x, y).scale is None
    for sizes in ([1.0, 40.0], [1 / 40.0, 1.0], [1e5, 1e5]):
        found = units_for(nr.LaplaceICA(2), rng.standard_normal((300, 2)) * sizes)
        assert found.scale is not None
        powers = np.log10(np.diag(found.scale))
        np.testing.assert_array_equal(powers, np.round(powers))
        np.testing.assert_allclose(found.scale @ found.inverse, np.eye(2), rtol=0, atol=1e-15)


def test_one_outlier_does_not_set_the_units_against_noise():
    x = np.random.default_rng(0).standard_normal((50, 2))
    x[7] = [1e6, -1e6]
    y = 1.2 * np.random.default_rng(1).standard_normal((50, 2))
    for one, two in ((x, y), (y, x)):
        assert units_for(nr.Gaussian(2), one, two).scale is None
    assert units_for(nr.Gaussian(2), x).scale is not None
    assert units_for(nr.Gaussian(2), x, x).scale is None


def test_a_model_that_cannot_be_moved_is_fitted_as_it_is():
    """The climb's own rules have no units: J at its maximum for data of 1e-5 to 1e5, though nothing is scaled."""

    class Fixed(nr.LaplaceICA):
        rescaled = None

    model = Fixed(3)
    x, noise, y, start = problem(nr.LaplaceICA(3), 4)
    values = []
    for k in (-5, -3, 0, 3, 5):
        scale = 10.0**k * np.eye(3)
        there = nr.LaplaceICA(3).rescaled(start, np.linalg.inv(scale))
        assert units_for(model, x @ scale).scale is None
        fit = nr.fit_nce(model, moved_noise(noise, scale), x @ scale, y @ scale, start=there)
        values.append(fit.objective)
        assert fit.n_evaluations < 80
    # Values of one maximum; neighbouring ones differ by 1e-5 and more.
    np.testing.assert_allclose(values, values[2], rtol=0, atol=1e-11)


def test_the_callback_gets_theta_in_the_datas_units():
    model = nr.Gaussian(2)
    x, noise, y, start = problem(model, 5)
    scale = 1e6 * np.eye(2)
    seen = []
    fit = nr.fit_nce(
        model,
        moved_noise(noise, scale),
        x @ scale,
        y @ scale,
        start=model.rescaled(start, np.linalg.inv(scale)),
        callback=seen.append,
    )
    np.testing.assert_allclose(seen[-1], fit.theta, rtol=1e-6)


def test_objectives_in_other_units_have_the_same_values():
    """Beside the constant that the change of units brings; gradients by the chain rule come with the values' agreement
    at moved theta."""
    rng = np.random.default_rng(8)
    scale = np.array([[30.0, 0.0], [4.0, 0.02]])
    inverse, log_det = np.linalg.inv(scale), np.linalg.slogdet(scale)[1]
    for model in (nr.LaplaceICA(2), nr.Gaussian(2)):
        x, noise, y, start = problem(model, 6)
        for objective, constant in (
            (nr.NCEObjective(model, noise, x, y), 0.0),
            (WeightedObjective(model, noise, x, y, nr.LogisticWeight(2.0)), 0.0),
            (nr.LikelihoodObjective(model, x), log_det),
            (ImportanceSamplingObjective(model, noise, x, y), log_det),
        ):
            there = objective.in_units(scale, inverse)
            for _ in range(3):
                theta = start * rng.uniform(0.8, 1.2, len(start))
                n = objective.n_params
                moved = model.rescaled(theta, scale)
                want = objective(theta[:n])[0] + constant
                assert there(moved[:n])[0] == pytest.approx(want, rel=1e-12, abs=1e-12)
        matching = ScoreMatchingObjective(model, x)
        there = matching.in_units(8.0 * np.eye(2), np.eye(2) / 8.0)
        moved = model.rescaled(start, 8.0 * np.eye(2))
        assert there(moved[:-1])[0] == pytest.approx(64.0 * matching(start[:-1])[0], rel=1e-12)


def test_large_samples_are_moved_as_they_are_read(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 2)), rng.standard_normal((70, 2))
    one, two = np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([[0.5, 0.0], [1.0, 1.0]])
    joined = Points(x, y).moved(one).moved(two)
    monkeypatch.setattr("nce_ref.objectives.points.JOINED_BYTES", 0)
    read = Points(x, y).moved(one).moved(two)
    assert read._joined is None
    rows = np.array([3, 60, 119])
    np.testing.assert_allclose(read[20:80], joined[20:80], rtol=1e-14)
    monkeypatch.undo()
    np.testing.assert_allclose(read.take(rows).whole(), joined.take(rows).whole(), rtol=1e-14)


def test_what_is_certified_is_the_theta_that_comes_back():
    """In moved units it is a maximum; back in the data's, where x.Lambda x is 1e6 and cancels, rounding may have moved
    it off."""
    p = adversarial("off_centre", 431)
    for scale in (1.0, 1e3):
        noise = nr.GaussianNoise(scale * p.noise[1], scale**2 * p.noise[2])
        start = np.append(p.start[:-1] / scale**2, p.start[-1] - 2.0 * np.log(scale))
        fit = nr.fit_nce(nr.Gaussian(2), noise, scale * p.x, scale * p.y, start=start)
        assert fit.is_local_maximum == certify(fit.problem, fit.theta).is_local_maximum
