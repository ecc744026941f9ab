"""noise_choice.py: the errors foretold from a pilot are those of the asymptotic theory, and their uncertainty is that
of the data."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import nce_ref as nr

MODEL = nr.Gaussian(2)
COV = np.array([[1.0, 0.4], [0.4, 0.7]])
TRUTH = MODEL.normalize(MODEL.pack(np.linalg.inv(COV), 0.0))
NOISES = {"same": nr.GaussianNoise([0.0, 0.0], COV), "wide": nr.GaussianNoise([0.0, 0.0], 3 * COV)}


def pilot(n_data, seed):
    rng = np.random.default_rng(seed)
    x, noise = MODEL.sample(TRUTH, n_data, rng), NOISES["wide"]
    return nr.fit_nce(MODEL, noise, x, noise.sample(2 * n_data, rng), start=TRUTH)


def test_the_errors_are_those_of_the_asymptotic_covariance():
    """Within 5 of their own standard errors, six times: a right one fails less than once in 1e5; a factor of 1.4 is
    seen."""
    fit = pilot(20_000, 1)
    found = nr.compare_noises(fit, NOISES, [0.3, 1.0, 20.0])
    assert [(c.noise, c.nu) for c in found.choices[:4]] == [
        ("same", 0.3),
        ("same", 1.0),
        ("same", 20.0),
        ("wide", 0.3),
    ]
    for choice in found.choices:
        want = nr.asymptotic_covariance(MODEL, TRUTH, NOISES[choice.noise], choice.nu).covariance
        assert abs(choice.error - np.trace(want[:-1, :-1])) < 5 * choice.standard_error
        assert choice.standard_error < 0.04 * choice.error
        assert choice.variance_of_c == pytest.approx(want[-1, -1], rel=0.1)
        assert choice.per_point == (1 + choice.nu) * choice.error
    assert found.best.nu == 20.0 and found.best_per_point.nu != 20.0
    assert "Smallest for these 20000 data" in str(found) and "wide" in str(found)


def test_the_standard_error_is_the_spread_over_data_with_theta_fixed():
    """Ratio of two standard deviations, one of 200 draws: +- 5 %, so 25 % off by chance less than once in 1e6."""
    one = pilot(1000, 2)
    rng, errors, stated = np.random.default_rng(3), [], []
    for _ in range(200):
        x = MODEL.sample(TRUTH, 1000, rng)
        problem = nr.NCEObjective(MODEL, NOISES["wide"], x, x)
        again = replace(one, theta=TRUTH, problem=problem)
        (choice,) = nr.compare_noises(again, [NOISES["wide"]], [1.0]).choices
        errors.append(choice.error)
        stated.append(choice.standard_error)
    assert np.mean(stated) == pytest.approx(np.std(errors), rel=0.25)


def test_units_change_nothing_but_the_scale():
    fit = pilot(500, 4)
    before = nr.compare_noises(fit, NOISES, [1.0])
    unit = 1e-6
    x = unit * fit.problem.x
    theta = np.append(fit.theta[:-1] / unit**2, fit.theta[-1] - 2 * math.log(unit))
    noises = {name: nr.GaussianNoise([0.0, 0.0], unit**2 * n.cov) for name, n in NOISES.items()}
    problem = nr.NCEObjective(MODEL, noises["wide"], x, x)
    after = nr.compare_noises(replace(fit, theta=theta, problem=problem), noises, [1.0])
    for a, b in zip(before.choices, after.choices):
        assert b.error * unit**4 == pytest.approx(a.error, rel=1e-9)
        assert b.variance_of_c == pytest.approx(a.variance_of_c, rel=1e-9)


def test_what_cannot_be_foretold_is_refused():
    fit = pilot(200, 5)
    with pytest.raises(ValueError, match="fit: not converged"):
        nr.compare_noises(replace(fit, converged=False), NOISES, [1.0])
    with pytest.raises(ValueError, match=r"nus: got 0\.0"):
        nr.compare_noises(fit, NOISES, [0.0])
    with pytest.raises(ValueError, match="noises: got none"):
        nr.compare_noises(fit, [], [1.0])
    with pytest.raises(ValueError, match=r"UniformNoise.log_density\(x\): entry .* is -inf"):
        nr.compare_noises(fit, [nr.UniformNoise([0.0, 0.0], [1.0, 1.0])], [1.0])
    with pytest.raises(ValueError, match="fit: of LikelihoodObjective; expected a fit by fit_nce"):
        nr.compare_noises(nr.fit_mle(MODEL, fit.problem.x, start=TRUTH), NOISES, [1.0])
    twice = nr.compare_noises(fit, [NOISES["wide"], NOISES["same"]], [1.0])
    assert [c.noise for c in twice.choices] == ["GaussianNoise 1", "GaussianNoise 2"]
