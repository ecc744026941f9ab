"""noise_choice/criterion.py: against the sandwich form by another quadrature, against nce_ref, and where noise equals
data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

import nce_ref as nr
from paper_replication.noise_choice import criterion
from paper_replication.noise_choice.criterion import PROBLEMS, TARGETS, budget_error, equal_error

SETTINGS = {
    "variance": ((0.3, 0.2), (2.7, 1.0), (6.0, 3.0)),
    "mean": ((0.7, 0.2), (1.5, 1.0), (-2.0, 3.0)),
}


def by_sandwich(problem, target, parameter, nu):
    """(1 + nu) tr of A^-1 {Cov_d(P g) + nu Cov_n((1-P) g)} A^-1: no correction term in it, adaptive quadrature."""
    mean, variance = problem.noise(parameter)

    def p_d(u):
        return math.exp(-0.5 * u * u) / math.sqrt(2.0 * math.pi)

    def p_n(u):
        return math.exp(-0.5 * (u - mean) ** 2 / variance) / math.sqrt(2.0 * math.pi * variance)

    features = [
        (lambda u: -0.5 * u * u) if problem.model == "variance" else (lambda u: u),
        lambda u: 1.0,
    ]
    if target == "tied":
        score = (lambda u: 0.5 - 0.5 * u * u) if problem.model == "variance" else (lambda u: u)
        features = [score]

    def P(u):
        return nu * p_n(u) / (p_d(u) + nu * p_n(u))

    def integral(f):
        return quad(f, -13.0, 13.0, epsabs=0.0, epsrel=1e-11, limit=400, points=[-3.0, 0.0, 3.0])[0]

    n = len(features)
    A, V = np.empty((n, n)), np.empty((n, n))
    means = np.array([integral(lambda u: P(u) * f(u) * p_d(u)) for f in features])  # noqa: B023
    for i, f in enumerate(features):
        for j, g in enumerate(features):
            A[i, j] = integral(lambda u: P(u) * f(u) * g(u) * p_d(u))  # noqa: B023
            one = integral(lambda u: P(u) ** 2 * f(u) * g(u) * p_d(u))  # noqa: B023
            two = integral(lambda u: (1.0 - P(u)) ** 2 * f(u) * g(u) * p_n(u))  # noqa: B023
            V[i, j] = one - means[i] * means[j] + nu * two - means[i] * means[j] / nu
    sigma = np.linalg.solve(A, np.linalg.solve(A, V).T)
    return (1.0 + nu) * (sigma[0, 0] + (sigma[1, 1] if target == "both" else 0.0))


def quiet(f):
    """quad warns where a mean of an odd function is 0, so that no relative error can be met."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return f()


@pytest.fixture(scope="module")
def expected():
    cases = [(p, t, *s) for p in PROBLEMS for t in TARGETS for s in SETTINGS[p.moves][1:]]
    return {case: quiet(lambda: by_sandwich(*case)) for case in cases}  # noqa: B023


def check(expected):
    for case, value in expected.items():
        assert budget_error(*case) == pytest.approx(value, rel=1e-7), (
            case
        )  # quad's 1e-11, times condition numbers up to 1e3


def test_against_the_sandwich(expected):
    check(expected)


def without_budget(original):
    return lambda problem, target, parameter, nu: (
        original(problem, target, parameter, nu) / (1.0 + nu)
    )


def tied_without_correction(original):
    def planted(problem, target, parameter, nu):
        value = original(problem, target, parameter, nu)
        return original(problem, "free", parameter, nu) if target == "tied" else value

    return planted


@pytest.mark.parametrize("plant", [without_budget, tied_without_correction])
def test_planted_mistakes_are_seen(expected, monkeypatch, plant):
    monkeypatch.setitem(globals(), "budget_error", plant(criterion.budget_error))
    with pytest.raises(AssertionError):
        check(expected)


def test_the_variance_model_is_nce_refs_gaussian():
    model = nr.Gaussian(1)
    theta = model.normalize([1.0, 0.0])
    for parameter, nu in SETTINGS["variance"]:
        variances = np.diag(
            nr.asymptotic_covariance(
                model, theta, nr.GaussianNoise([0.0], [[parameter]]), nu
            ).covariance
        )
        assert budget_error(PROBLEMS[0], "free", parameter, nu) == pytest.approx(
            (1.0 + nu) * variances[0], rel=1e-10
        )
        assert budget_error(PROBLEMS[0], "both", parameter, nu) == pytest.approx(
            (1.0 + nu) * variances.sum(), rel=1e-10
        )


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_noise_equal_to_data_and_the_step(problem):
    for target in TARGETS:
        for nu in (0.1, 1.0, 7.0):
            assert budget_error(problem, target, problem.equal, nu) == pytest.approx(
                equal_error(problem, target, nu), rel=1e-12
            )
            assert equal_error(problem, target, nu) >= equal_error(problem, target)
        for parameter, nu in SETTINGS[problem.moves]:
            coarse, fine = (
                budget_error(problem, target, parameter, nu, step) for step in (1 / 16, 1 / 32)
            )
            assert coarse == pytest.approx(fine, rel=1e-12)
            if problem.moves == "mean":
                assert budget_error(problem, target, -parameter, nu) == pytest.approx(
                    fine, rel=1e-12
                )


def test_the_tied_model_is_never_worse_than_the_free_one():
    """Knowing Z is knowing more, but NCE's tied estimator is another estimator: an observation on these settings, not a
    theorem."""
    for problem in PROBLEMS:
        for parameter, nu in SETTINGS[problem.moves]:
            assert budget_error(problem, "tied", parameter, nu) <= budget_error(
                problem, "free", parameter, nu
            ) * (1.0 + 1e-12)


def test_bad_input():
    with pytest.raises(ValueError, match="target: got 'all'"):
        budget_error(PROBLEMS[0], "all", 1.0, 1.0)
    for parameter, nu in ((0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (1.0, math.inf)):
        with pytest.raises(ValueError, match="parameter, nu: got"):
            budget_error(PROBLEMS[0], "free", parameter, nu)
